"""Label: the picture is the page; draw, check and correct, saved as it happens."""

from collections.abc import Callable, Iterable
from functools import partial

from msgspec.structs import replace
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QCursor, QKeyEvent
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from app import edits
from app.keys import keys_of
from app.label_desk import LabelDesk
from app.state import Change, Session
from app.widgets.gallery.overlay import Overlay, looks, overlay_of
from app.widgets.label import label_rules
from app.widgets.label.changed_banner import ChangedBanner
from app.widgets.label.class_chooser import ClassChooser
from app.widgets.label.class_edits import ClassEdits
from app.widgets.label.film_strip import state_title
from app.widgets.label.helpers import Helpers
from app.widgets.label.history_dialog import HistoryDialog
from app.widgets.label.key_actions import REPEATED, action_of, canvas_actions, class_of
from app.widgets.label.key_sheet import KeySheet
from app.widgets.label.label_face import LabelFace
from app.widgets.label.label_index import LabelIndex, Walk
from app.widgets.label.label_rules import Act
from app.widgets.label.steps import Steps
from app.widgets.label.text_fields import is_typing
from core.domain.dataset import Image
from core.domain.labels import ImageLabels, LabelState
from core.domain.progress import Progress
from core.domain.task import Task
from core.store.journal import Edited

AHEAD = 2  # neighbours on either side whose pictures are decoded before anybody asks
READ_AHEAD = 12  # and whose labels are read
SAVING_MS = 300  # what is saved sooner is not worth a word


class LabelPage(LabelFace):
    """``walk`` says which images the strip shows and which one is on the canvas; ``desk`` has their labels."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        self.keys = keys_of(session.settings)
        super().__init__(self.keys, session.thumbnails, parent)
        self.session = session
        self.desk = LabelDesk(session)
        self.walk: Walk | None = None  # until the project is read
        self.looks = looks(())
        self._touched: set[str] = set()  # hashes whose state may be another one
        self._saving = QTimer(self, singleShot=True, interval=SAVING_MS)
        self._saving.timeout.connect(self._show_standing)
        self.steps = Steps(session, self.desk, self)
        self.helpers = Helpers(session, self.desk, self)
        self.changed = ChangedBanner(session, self.stage)
        self.class_edits = ClassEdits(session, self.desk, self.keys, self)
        self._connect()
        self._actions = self._make_actions()
        self._show_steps()

    # What changed

    def refresh(self, change: Change) -> None:
        """Show what changed."""
        if change & Change.DATA and self.session.loaded:
            self._take_classes()
            self._index_images()
        if change & Change.LABELS:
            self._update_index(())
        if change & Change.FINDINGS and self.session.report is not None and self.walk is not None:
            self._update_index(self.walk.index.take_findings(self.session.report.findings))
        if change & Change.RUNS:
            self.helpers.find_training_size(self.canvas)
        if change & Change.ACCESS:
            self._show_access()

    def _take_classes(self) -> None:
        self.looks = looks(self.session.data.classes)
        self.classes.set_classes(self.session.data.classes, writable=self.is_writable)
        if self.canvas.current_class not in self.looks:
            self.canvas.current_class = next(iter(self.looks), None)

    def _index_images(self) -> None:
        images = self.session.data.images
        problems = set() if self.walk is None else self.walk.index.problems

        def work(progress: Progress) -> LabelIndex:
            return LabelIndex(images, problems)

        self.session.jobs.run("", work, done=self._take_index, lane="label index", quiet=True)

    def _take_index(self, index: LabelIndex) -> None:
        if not isValid(self) or index.images is not self.session.data.images:
            return  # closed, or read anew meanwhile
        shown, state = self.image, None if self.walk is None else self.walk.filter
        index.update([place for one in self._touched if (place := self.session.place_of(one)) is not None])
        self.walk = Walk(index)
        self.strip.set_looks(self._state_of, self._overlay_of)
        place = None if shown is None else self.session.place_of(shown.hash)
        self.walk.place = -1 if place is None else place
        self._choose_filter(state)
        self._update_index(())
        self._show_task()
        if place is None and index.images:
            self.go_to(index.first_open())
        elif self.labels is not None:  # else the desk tells when it has read them anew
            self._show_labels()

    def _update_index(self, hashes: Iterable[str]) -> None:
        """States and counts of these, and of what was edited since; the strip shows them."""
        if self.walk is None or self.walk.index.images is not self.session.data.images:
            return  # a new index is on its way
        index = self.walk.index
        places = [place for one in self._touched.union(hashes) if (place := self.session.place_of(one)) is not None]
        self._touched.clear()
        index.update(places)
        for place in places:
            position = self.walk.position_of(place)
            if position >= 0:
                self.strip.put(position, index.images[place])
        if self.is_grid and places:
            self._choose_filter(self.walk.filter)
        self._show_standing()

    def _labels_changed(self, hashes: frozenset[str]) -> None:
        """The desk knows these anew; some may still be on their way to the disk."""
        self._touched |= hashes
        if self.image is not None and self.image.hash in hashes:
            self._show_labels()

    # Facts

    @property
    def image(self) -> Image | None:
        """The one on the canvas."""
        return self.stage.image

    @property
    def labels(self) -> ImageLabels | None:
        """Those of the image on the canvas; ``None`` while they are being read."""
        return None if self.image is None else self.desk.get(self.image.hash)

    @property
    def is_writable(self) -> bool:
        return not self.session.reading_only

    @property
    def draws_boxes(self) -> bool:
        return self.session.data.info.task is not Task.CLASSIFICATION

    def _state_of(self, image: Image) -> LabelState:
        place = self.session.place_of(image.hash)
        states = [] if self.walk is None else self.walk.index.states
        return states[place] if place is not None and place < len(states) else LabelState.TO_DO

    def _overlay_of(self, image: Image) -> Overlay:
        return overlay_of(image, self.looks)

    # Where to

    def go_to(self, place: int) -> None:
        """Put an image on the canvas; what was drawn on the one before is saved already."""
        walk = self.walk
        assert walk is not None
        if walk.position_of(place) < 0:
            self._choose_filter(None)
        walk.place = place
        images, soon = walk.index.images, walk.soon(AHEAD)
        self.stage.show_image(images[place], [images[one] for one in soon])
        read = walk.order[max(0, walk.position - AHEAD) : walk.position + READ_AHEAD]
        self.desk.prepare([images[one].hash for one in (place, *soon, *read)])
        self.strip.set_current(walk.position)
        self._show_labels()
        self._show_standing()

    def go_by(self, step: int) -> None:
        """Along the strip; forward, a picture that was drawn on is done."""
        if step > 0:
            self._do(label_rules.finished)
        self._go_on(None if self.walk is None else self.walk.beside(step))

    def go_to_end(self, position: int) -> None:
        """0: the first of the strip, -1: the last."""
        if self.walk is not None and self.walk.order:
            self.go_to(self.walk.order[position])

    def next_to_do(self) -> None:
        """Accept what is proposed here; if nothing is, go to the next picture that nobody finished."""
        labels = self.labels
        if labels is not None and labels.proposals and self.is_writable:
            self.canvas.accept_all() if self.draws_boxes else self._do(label_rules.accepted)
        else:
            self._do(label_rules.finished)
            self._go_on(None if self.walk is None else self.walk.next_to_do())

    def _go_on(self, place: int | None) -> None:
        if place is not None:
            self.go_to(place)

    def _choose_filter(self, state: LabelState | None) -> None:
        assert self.walk is not None
        self.walk.choose(state)
        self.states.choose(state)
        empty = self.tr("No picture is in this state.") if state is not None else ""
        self.strip.set_images(self.walk.images, self.walk.position, empty)
        if self.is_grid:
            self.grid.show_images(self.strip.images, self._overlay_of, draws_boxes=self.draws_boxes)
        self._show_standing()

    def choose_filter(self, state: LabelState | None) -> None:
        """Only pictures of this state, and one of them on the canvas; ``None``: all."""
        if self.walk is not None:
            self._choose_filter(state)
            if self.walk.order and self.walk.position < 0:
                self.go_to(self.walk.order[0])

    def review_proposals(self) -> None:
        """The least certain first."""
        self.choose_filter(LabelState.PROPOSED)
        self.go_to_end(0)

    def toggle_grid(self) -> None:
        """Many pictures, or one."""
        self.grid_button.setChecked(not self.is_grid)
        self._show_grid()

    def _show_grid(self) -> None:
        self._show_panels()
        self.show_cards(boxes=self.draws_boxes)
        if self.is_grid and self.walk is not None:
            self._choose_filter(self.walk.filter)
            self.grid.grid.set_current(self.walk.position)
        (self.grid.grid if self.is_grid else self.canvas).setFocus()

    # What is edited

    def change(self, act: Act | None) -> None:
        """Give the image on the canvas other labels; whoever confirmed the old ones did not see the new."""
        old = self.labels
        if act is not None and self.image is not None and self.is_writable:
            verb, detail, new = act
            if old is None or new.annotation != old.annotation:
                new = replace(new, confirmed=False)
            self.desk.change(verb, detail, {self.image.hash: new})
            self._saving.start()

    def _do(self, rule: Callable[[ImageLabels], Act | None]) -> None:
        labels = self.labels
        if labels is not None:
            self.change(rule(labels))

    def _change_chosen(self, verb: str, detail: tuple[str, ...], labels: ImageLabels) -> None:
        """All pictures that are chosen in the grid."""
        chosen = self.grid.chosen()
        if chosen and self.is_writable:
            self.desk.change(verb, detail, {image.hash: labels for image in chosen})

    def give_class(self, class_id: int) -> None:
        """To the boxes selected and the next one; or to the picture, or to all that are chosen in the grid."""
        if class_id not in self.looks:
            return  # it was removed this moment
        act = label_rules.labelled(class_id, self.looks[class_id].name)
        if self.draws_boxes:
            if self.canvas.selection or self.canvas.proposal_selection:
                self.canvas.set_class_of_selected(class_id)
            self.canvas.current_class = class_id
            self._show_labels()
        elif self.is_grid:
            self._change_chosen(*act)
        elif self.is_writable:
            self.change(act)
            self._go_on(None if self.walk is None else self.walk.next_to_do())

    def nothing_here(self) -> None:
        """Background; in the grid, of the pictures chosen that have no boxes."""
        if not self.draws_boxes:
            return
        if self.is_grid:
            bare = [image for image in self.grid.chosen() if not overlay_of(image, self.looks).boxes]
            if bare and self.is_writable:
                self.desk.change("background", (), {image.hash: ImageLabels(boxes=()) for image in bare})
        else:
            self._do(label_rules.nothing_here)

    def delete(self) -> None:
        """Boxes selected; or refuse proposals, or take the class of the picture away."""
        if self.draws_boxes:
            self.canvas.delete_selected()
        elif self.is_grid:
            self._change_chosen("unlabel", (), ImageLabels())
        else:
            self._do(label_rules.taken_away)

    def paste_previous(self) -> None:
        """The boxes of the picture before this one in the strip."""
        before = None if self.walk is None else self.walk.beside(-1)
        if self.walk is not None and before is not None and self.draws_boxes:
            labels = self.desk.get(self.walk.index.images[before].hash)
            if labels is not None and labels.boxes:
                self.canvas.paste_boxes(labels.boxes, "paste_previous")

    def track(self) -> None:
        """Carry the boxes on to the next picture as proposals, which says that this one is done."""
        self._do(label_rules.finished)
        self.helpers.track(self.image)

    # Undo and history

    def _follow(self, edited: Edited | None) -> None:
        """To the picture that was undone or redone."""
        if edited is None or self.walk is None or self.image is None or self.image.hash in edited.labels:
            return
        places = [place for one in edited.labels if (place := self.session.place_of(one)) is not None]
        if places and not self.is_grid:
            self.go_to(min(places))

    def show_history(self) -> HistoryDialog | None:
        """Every state that this picture had."""
        if self.image is None:
            return None
        dialog = HistoryDialog(self.image, self.looks, self.stage.levels, writable=self.is_writable, parent=self)
        dialog.restore_wanted.connect(lambda time, labels: self.change(("restore", (time,), labels)))
        dialog.open()
        self.steps.fill(dialog, self.image.hash)
        return dialog

    def show_keys(self) -> KeySheet:
        """All keys of this page."""
        sheet = KeySheet(self.keys, self)
        sheet.open()
        return sheet

    # What is shown

    def _show_task(self) -> None:
        """The pictures, or what has to come before them."""
        data = self.session.data
        self.show_cards(boxes=self.draws_boxes)
        if not data.images:
            self.show_part(self.no_pictures)
        elif data.info.task is None and self.is_writable:
            self.show_part(self.task_choice)
        else:
            self.show_part(None)
            if not is_typing(self):
                (self.grid.grid if self.is_grid else self.canvas).setFocus()

    def _show_labels(self) -> None:
        labels, boxes = self.labels, self.draws_boxes
        failed = self.image is not None and self.image.hash in self.stage.pictures.failures
        self.canvas.set_labels(labels if boxes else None, self.looks)
        self.canvas.set_writable(boxes and labels is not None and self.is_writable and not failed)
        self.boxes.show_labels(labels if boxes else None, self.looks)
        self.label_card.show_labels(labels, self.looks)
        own = None if labels is None else labels.label
        self.classes.model.set_current(self.canvas.current_class if boxes else own)
        self.stage.show_facts()
        self.boxes.select_as(self.canvas)

    def _show_standing(self) -> None:
        """Which picture this is, whether it is saved, and how far the whole is."""
        if self.walk is None:
            self.header.subtitle.setText(self.tr("Reading the project…"))
            return
        self.show_counts(self.walk.index)
        proposed = self.walk.index.counts[LabelState.PROPOSED]
        self.help.show_state(proposed, boxes=self.draws_boxes, writable=self.is_writable)
        self.header.subtitle.setText("  ·  ".join(self._standing(self.walk)))

    def _standing(self, walk: Walk) -> list[str]:
        if not walk.index.states:
            return [self.tr("No pictures yet.")]
        words = []
        if walk.position >= 0:
            words.append(self.tr("Picture {0} of {1}").format(f"{walk.position + 1:,}", f"{len(walk.order):,}"))
        if walk.filter is not None:
            words.append(state_title(walk.filter))
        if not self.is_writable:
            words.append(self.session.reading_only)
        elif self.desk.is_saving and not self._saving.isActive():
            words.append(self.tr("Saving…"))
        else:
            words.append(self.tr("saved as you draw") if self.draws_boxes else self.tr("saved as you label"))
        return words

    def _show_steps(self) -> None:
        """What Undo and Redo would do."""
        before, after = self.steps.words()
        self.show_step(self.undo_button, "undo", before, enabled=self.is_writable)
        self.show_step(self.redo_button, "redo", after, enabled=self.is_writable)
        self._show_standing()

    def _show_access(self) -> None:
        self.classes.set_classes(self.session.data.classes, writable=self.is_writable)
        if self.walk is not None:
            self._show_task()
            self._show_labels()
        self._show_steps()

    def _picture_read(self, image_hash: str, readable: bool) -> None:
        """A picture that cannot be shown is a problem, until it can; the list goes on."""
        if self.walk is not None and readable == (image_hash in self.walk.index.problems):
            self.walk.index.problems ^= {image_hash}
            self._update_index([image_hash])
            self._show_labels()

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if is_typing(self) or self.walk is None or not self._handle_key(event):
            super().keyPressEvent(event)

    def _handle_key(self, event: QKeyEvent) -> bool:
        selected = bool(self.canvas.selection or self.canvas.proposal_selection)
        name = action_of(self.keys, event, selected=selected, in_grid=self.is_grid)
        if name in self._actions:
            if not event.isAutoRepeat() or name in REPEATED:
                self._actions[name]()
            return True
        one = class_of(event, name, self.session.data.classes)
        if one is not None and not event.isAutoRepeat():
            self.give_class(one.id)
        return one is not None

    def _make_actions(self) -> dict[str, Callable[[], object]]:
        return canvas_actions(self.stage) | {
            "next": partial(self.go_by, 1),
            "previous": partial(self.go_by, -1),
            "next_to_do": self.next_to_do,
            "nothing_here": self.nothing_here,
            "toggle_done": partial(self._do, label_rules.done_or_not),
            "track": self.track,
            "review": self.review_proposals,
            "keys": self.show_keys,
            "first": partial(self.go_to_end, 0),
            "last": partial(self.go_to_end, -1),
            "grid": self.toggle_grid,
            "history": self.show_history,
            "undo": self.steps.undo,
            "redo": self.steps.redo,
            "delete": self.delete,
            "paste_previous": self.paste_previous,
            "change_class": lambda: self._choose_class_at(QCursor.pos()),
            "panels": self.toggle_panels,
        }

    def _choose_class_at(self, place: QPoint) -> None:
        if self.is_writable:
            chooser = ClassChooser(self.session.data.classes, self.canvas.current_class, self.keys, self)
            chooser.chosen.connect(self.give_class)
            chooser.show_at(place)

    def _tap_space(self) -> None:
        """The canvas keeps Space for moving the picture; let go without that, it is a key like others."""
        name = self.keys.holder("Space")
        if name in self._actions:
            self._actions[name]()

    # Building

    def _connect(self) -> None:
        self.desk.changed.connect(self._labels_changed)
        self.desk.steps_changed.connect(self._show_steps)
        self.steps.replayed.connect(self._follow)
        self.keys.changed.connect(self._show_steps)
        self.canvas.edited.connect(lambda verb, detail, labels: self.change((verb, detail, labels)))
        self.canvas.selection_changed.connect(partial(self.boxes.select_as, self.canvas))
        self.canvas.class_wanted.connect(self._choose_class_at)
        self.stage.read.connect(self._picture_read)
        self.stage.space_tapped.connect(self._tap_space)
        self.strip.chosen.connect(self.go_to_end)
        self.states.chosen.connect(self.choose_filter)
        self.grid_button.clicked.connect(lambda checked: self._show_grid())
        self.grid.opened.connect(self.go_to_end)
        self.grid.opened.connect(lambda position: self.toggle_grid())
        self.boxes.selected.connect(self.canvas.select)
        self.boxes.class_wanted.connect(self._choose_class_at)
        for made, name in ((self.undo_button, "undo"), (self.redo_button, "redo"), (self.next_button, "next_to_do")):
            made.clicked.connect(lambda checked=False, name=name: self._actions[name]())
        self.no_pictures.button.clicked.connect(lambda checked=False: self.session.page_wanted.emit("data"))
        self.task_choice.chosen.connect(partial(edits.set_task, self.session))
        self.helpers.review_wanted.connect(self.review_proposals)
        self.helpers.picture_wanted.connect(self._show_picture)
        self.help.wanted.connect(self._help)
        self.help.add_export(self.helpers.exports)
        self.classes.chosen.connect(self.give_class)
        self.classes.field.left.connect(self.canvas.setFocus)
        self.class_edits.follow(self.classes)

    def _help(self, name: str) -> None:
        if name in self._actions:
            self._actions[name]()
        elif (walk := self.walk) is not None:
            self.helpers.help_with(name, self.image, self.canvas.current_class, walk.images if walk.filter else [])

    def _show_picture(self, image_hash: str) -> None:
        if self.walk is not None:
            self._go_on(self.session.place_of(image_hash))
