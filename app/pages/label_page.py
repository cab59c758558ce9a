"""Label: the picture is the page; draw, check and correct, saved as it happens."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from msgspec.structs import replace
from PySide6.QtCore import QPoint, QTimer, Signal
from PySide6.QtGui import QCursor, QKeyEvent
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from app.edit_words import sentence
from app.keys import key_of, keys_of
from app.label_desk import LabelDesk
from app.state import Change, Session
from app.widgets.gallery.overlay import looks, overlay_of
from app.widgets.label.class_chooser import ClassChooser
from app.widgets.label.class_edits import ClassEdits
from app.widgets.label.film_strip import state_title
from app.widgets.label.label_face import LabelFace
from app.widgets.label.label_index import OPEN, LabelIndex
from app.widgets.label.text_fields import is_typing
from app.widgets.parts import set_badge
from core.domain.dataset import Image
from core.domain.labels import ImageLabels, LabelState, Origin
from core.domain.progress import Progress
from core.domain.task import Task
from core.store import labels as stored
from core.store.journal import Edited

AHEAD = 2  # neighbours on either side whose pictures are decoded before anybody asks
READ_AHEAD = 12  # and whose labels are read
SAVING_MS = 300  # what is saved sooner is not worth a word


class LabelPage(LabelFace):
    """``place`` is a position in ``session.data.images``; the strip shows ``places``."""

    _replayed = Signal(object)  # Edited or None, from the thread that undid or redid

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        self.keys = keys_of(session.settings)
        super().__init__(self.keys, session.thumbnails, parent)
        self.session = session
        self.desk = LabelDesk(session)
        self.index: LabelIndex | None = None
        self.place = -1
        self.places: Sequence[int] = ()
        self.filter: LabelState | None = None
        self.looks = looks(())
        self._positions: dict[int, int] = {}  # place -> position in the strip
        self._shown: dict[str, bool] = {}  # guides, boxes, names
        self._touched: set[str] = set()  # hashes whose state may be another one
        self._saving = QTimer(self)
        self._saving.setSingleShot(True)
        self._saving.setInterval(SAVING_MS)
        self._saving.timeout.connect(self._show_standing)
        self.class_edits = ClassEdits(session, self.desk, self.keys, self)
        self._connect()
        self._actions = self._make_actions()
        self._show_steps()

    # What changed

    def refresh(self, change: Change) -> None:
        """Show what changed."""
        if change & Change.DATA and self.session.loaded:
            self._index_images()
        if change & Change.LABELS:
            self._take_labels_in()
        if change & Change.ACCESS:
            self._show_access()

    def _index_images(self) -> None:
        images = self.session.data.images
        problems = set(self.stage.pictures.failures)

        def work(progress: Progress) -> LabelIndex:
            return LabelIndex(images, problems)

        self.session.jobs.run("", work, done=self._take_index, lane="label index", quiet=True)

    def _take_index(self, index: LabelIndex) -> None:
        if not isValid(self) or index.images is not self.session.data.images:
            return  # closed, or read anew meanwhile
        shown = self.image
        self.index = index
        self.looks = looks(self.session.data.classes)
        self.classes.set_classes(self.session.data.classes, writable=self.is_writable)
        if self.class_id not in self.looks:
            self._choose_class(next(iter(self.looks), None))
        self.strip.set_looks(self._state_of, lambda image: overlay_of(image, self.looks))
        self._update_index(self._touched)
        place = None if shown is None else self.session.place_of(shown.hash)
        self._show_task()
        self._fill_strip(place)
        if index.images and place is None:
            first = next((p for p, state in enumerate(index.states) if state in OPEN), 0)
            self.go_to(first)
        elif place is not None:
            self.place = place
            self._show_labels()

    def _take_labels_in(self) -> None:
        if self.index is not None and self.index.images is self.session.data.images:
            touched, self._touched = self._touched, set()
            self._update_index(touched)

    def _update_index(self, hashes: Iterable[str]) -> None:
        """States and counts of these; the strip shows them."""
        assert self.index is not None
        places = [place for one in hashes if (place := self.session.place_of(one)) is not None]
        self.index.update(places)
        for place in places:
            position = self._positions.get(place)
            if position is not None:
                self.strip.put(position, self.index.images[place])
        self.classes.model.set_counts(self.index.class_counts)
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

    @property
    def class_id(self) -> int | None:
        """That of the next box."""
        return self.canvas.current_class

    def _state_of(self, image: Image) -> LabelState:
        place = self.session.place_of(image.hash)
        if self.index is None or place is None or place >= len(self.index.states):
            return LabelState.TO_DO
        return self.index.states[place]

    # Where to

    def go_to(self, place: int) -> None:
        """Put an image on the canvas; what was drawn on the one before is saved already."""
        assert self.index is not None
        if place not in self._positions:
            self._choose_filter(None)
        self.place = place
        position = self._positions[place]
        images = self.index.images
        near = [position + step for distance in range(1, AHEAD + 1) for step in (distance, -distance)]
        next_to_do = self._next_place()
        wanted = [next_to_do] if next_to_do is not None else []
        wanted += [self.places[one] for one in near if 0 <= one < len(self.places)]
        self.stage.show_image(images[place], [images[one] for one in dict.fromkeys(wanted)])
        read = self.places[max(0, position - 2) : position + READ_AHEAD]
        self.desk.prepare([images[place].hash, *(images[one].hash for one in [*wanted, *read])])
        self.strip.set_current(position)
        self._show_labels()
        self._show_standing()

    def _go_to_end(self, position: int) -> None:
        if self.places:
            self.go_to(self.places[position])

    def walk(self, step: int) -> None:
        """To the next or previous picture of the strip; forward, the one that was drawn on is done."""
        position = self._positions.get(self.place, -1) + step
        if step > 0:
            self._finish()
        if 0 <= position < len(self.places):
            self.go_to(self.places[position])

    def next_to_do(self) -> None:
        """Accept what is proposed here; if nothing is, go to the next picture that nobody finished."""
        labels = self.labels
        if labels is not None and labels.proposals and self.is_writable:
            self._accept_all(labels)
            return
        self._finish()
        place = self._next_place()
        if place is not None:
            self.go_to(place)
        else:
            self._show_standing()

    def _next_place(self) -> int | None:
        """After this one, in the strip's order; with no filter round the end."""
        assert self.index is not None
        if self.filter is None:
            return self.index.next_to_do(self.place)
        open_states = (*OPEN, LabelState.PROPOSED)
        after = self.places[self._positions.get(self.place, -1) + 1 :]
        return next((place for place in after if self.index.states[place] in open_states), None)

    def _finish(self) -> None:
        """Going on says that a picture in progress is done, unless a proposal waits or nothing was drawn."""
        image, labels = self.image, self.labels
        if image is None or labels is None or not self.is_writable:
            return
        if labels.boxes and not labels.done and not labels.proposals:
            self.desk.change("done", (), {image.hash: replace(labels, done=True)})

    def _choose_filter(self, state: LabelState | None) -> None:
        self.filter = state
        self.states.choose(state)
        self._fill_strip(self.place if self.place >= 0 else None)

    def _filter_chosen(self, state: LabelState | None) -> None:
        self._choose_filter(state)
        if self.places and self.place not in self._positions:
            self.go_to(self.places[0])

    def review_proposals(self) -> None:
        """The least certain first."""
        self._choose_filter(LabelState.PROPOSED)
        if self.places:
            self.go_to(self.places[0])

    def _fill_strip(self, place: int | None) -> None:
        assert self.index is not None
        self.places = self.index.places(self.filter)
        self._positions = {place: position for position, place in enumerate(self.places)}
        position = -1 if place is None else self._positions.get(place, -1)
        images = self.index.images
        empty = self.tr("No picture is in this state.") if self.filter is not None else ""
        self.strip.set_images([images[one] for one in self.places], position, empty)
        self._show_standing()

    # What is edited

    def _canvas_edited(self, verb: str, detail: tuple[str, ...], labels: ImageLabels) -> None:
        if self.image is not None:
            self.change(verb, detail, labels)

    def change(self, verb: str, detail: Sequence[str], labels: ImageLabels) -> None:
        """Give the image on the canvas these labels; whoever confirmed the old ones did not see the new."""
        assert self.image is not None
        self.desk.change(verb, detail, {self.image.hash: replace(labels, confirmed=False)})

    def _accept_all(self, labels: ImageLabels) -> None:
        if self.draws_boxes:
            self.canvas.accept_all()
            return
        best = max(labels.proposals, key=lambda one: one.score)
        self.change("accept_all", ("1",), ImageLabels(label=best.box.class_id, origin=Origin("accepted", best.source)))

    def _give_class(self, class_id: int) -> None:
        """To the boxes selected, to the picture, or to the next box."""
        if self.draws_boxes:
            if self.is_writable and (self.canvas.selection or self.canvas.proposal_selection):
                self.canvas.set_class_of_selected(class_id)
            self._choose_class(class_id)
        elif self.is_writable and self.image is not None:
            name = self.looks[class_id].name
            self.change("label", (name,), ImageLabels(label=class_id, origin=Origin("drawn")))
            place = self._next_place()
            if place is not None:
                self.go_to(place)

    def _choose_class(self, class_id: int | None) -> None:
        self.canvas.current_class = class_id
        self._show_labels()

    def nothing_here(self) -> None:
        """Background, and done."""
        labels = self.labels
        if labels is not None and self.is_writable and self.draws_boxes:
            self.change("background", (), ImageLabels(boxes=()))

    def toggle_done(self) -> None:
        """Say that a picture is finished, or not yet."""
        labels = self.labels
        if labels is not None and self.is_writable and labels.boxes is not None:
            verb = "reopen" if labels.done else "done"
            assert self.image is not None
            self.desk.change(verb, (), {self.image.hash: replace(labels, done=not labels.done)})

    def delete(self) -> None:
        """Boxes selected; or refuse proposals, or take the class of the picture away."""
        labels = self.labels
        if labels is None or not self.is_writable:
            return
        if self.draws_boxes:
            self.canvas.delete_selected()
        elif labels.proposals:
            self.change("refuse", (str(len(labels.proposals)),), replace(labels, proposals=()))
        elif labels.label is not None:
            self.change("unlabel", (), ImageLabels())

    def paste_previous(self) -> None:
        """The boxes of the picture before this one in the strip."""
        position = self._positions.get(self.place, -1) - 1
        if self.index is None or position < 0 or not self.draws_boxes:
            return
        labels = self.desk.get(self.index.images[self.places[position]].hash)
        if labels is not None and labels.boxes:
            self.canvas.paste_boxes(labels.boxes, "paste_previous")

    # Undo

    def undo(self) -> None:
        """Take the last edit back and show the picture that it was of."""
        self._replay(stored.undo)

    def redo(self) -> None:
        self._replay(stored.redo)

    def _replay(self, verb: Callable[..., Edited | None]) -> None:
        if not self.is_writable:
            return

        def work(progress: Progress) -> Edited | None:
            edited = verb(self.session.store)
            self._replayed.emit(edited)
            return edited

        self.desk.carry_out("", work)

    def _follow(self, edited: Edited | None) -> None:
        """To the picture that was undone or redone."""
        if edited is None or self.image is None or self.image.hash in edited.labels:
            return
        place = next((found for one in edited.labels if (found := self.session.place_of(one)) is not None), None)
        if place is not None and self.index is not None:
            self.go_to(place)

    def step_words(self) -> tuple[str, str]:
        """What would be undone and redone; empty where there is nothing."""
        steps = (self.desk.undo_step, self.desk.redo_step)
        before, after = ("" if step is None else sentence(step.verb, step.detail) for step in steps)
        return before, after

    # What is shown

    def _show_task(self) -> None:
        """The canvas, or what has to come before it."""
        data = self.session.data
        boxes = self.draws_boxes
        self.boxes.setVisible(boxes)
        self.label_card.setVisible(not boxes)
        if not data.images:
            self.show_part(self.no_pictures)
        elif data.info.task is None and self.is_writable:
            self.show_part(self.task_choice)
        else:
            self.show_part(None)
            self.canvas.setFocus()

    def _show_labels(self) -> None:
        labels = self.labels
        boxes = self.draws_boxes
        self.canvas.set_labels(labels if boxes else None, self.looks)
        self.canvas.set_writable(boxes and labels is not None and self.is_writable)
        self.boxes.show_labels(labels if boxes else None, self.looks)
        self.label_card.show_labels(labels, self.looks)
        self.classes.model.set_current(self.class_id if boxes else None if labels is None else labels.label)
        self.stage.show_facts()
        self._show_selection()

    def _show_selection(self) -> None:
        self.boxes.select(self.canvas.selection, self.canvas.proposal_selection)

    def _show_standing(self) -> None:
        """Which picture this is, whether it is saved, and how far the whole is."""
        if self.index is None:
            self.header.subtitle.setText(self.tr("Reading the project…"))
            return
        counts, total = self.index.counts, len(self.index.states)
        done = counts[LabelState.DONE]
        set_badge(self.badge, self.tr("{} done").format(f"{done:,}"), "good")
        self.states.show_counts(counts, total)
        self.help.show_waiting(counts[LabelState.PROPOSED])
        self.header.subtitle.setText("  ·  ".join(self._standing(total)))

    def _standing(self, total: int) -> list[str]:
        if not total:
            return [self.tr("No pictures yet.")]
        position = self._positions.get(self.place, -1)
        words = []
        if position >= 0:
            words.append(self.tr("Picture {0} of {1}").format(f"{position + 1:,}", f"{len(self.places):,}"))
        if self.filter is not None:
            words.append(state_title(self.filter))
        if not self.is_writable:
            words.append(self.session.reading_only)
        elif self.desk.is_saving and not self._saving.isActive():
            words.append(self.tr("Saving…"))
        else:
            words.append(self.tr("saved as you draw") if self.draws_boxes else self.tr("saved as you label"))
        return words

    def _show_steps(self) -> None:
        """What Undo and Redo would do."""
        for made, step, plain, name in (
            (self.undo_button, self.step_words()[0], self.tr("Undo"), "undo"),
            (self.redo_button, self.step_words()[1], self.tr("Redo"), "redo"),
        ):
            made.setEnabled(bool(step) and self.is_writable)
            key = self.keys.shown(name)
            made.setToolTip(f"{plain}: {step}" + (f"  ({key})" if key else "") if step else plain)
        if self.desk.is_saving and not self._saving.isActive():
            self._saving.start()
        self._show_standing()

    def _show_access(self) -> None:
        self.classes.set_classes(self.session.data.classes, writable=self.is_writable)
        self._show_labels()
        self._show_steps()

    def _picture_failed(self, image_hash: str) -> None:
        """A picture that cannot be shown is a problem from now on; the list goes on."""
        if self.index is not None and image_hash not in self.index.problems:
            self.index.problems.add(image_hash)
            self._update_index([image_hash])
        self.canvas.set_writable(False)

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if is_typing() or self.index is None or not self._handle_key(event):
            super().keyPressEvent(event)

    def _handle_key(self, event: QKeyEvent) -> bool:
        selected = bool(self.canvas.selection or self.canvas.proposal_selection)
        name = self.keys.action_of(event, selected=selected)
        if name in self._actions:
            if not event.isAutoRepeat() or name in _REPEATED:
                self._actions[name]()
            return True
        if name.startswith("class_"):
            place = int(name.removeprefix("class_")) - 1
            classes = self.session.data.classes
            if place < len(classes) and not event.isAutoRepeat():
                self._give_class(classes[place].id)
            return True
        key = key_of(event)
        one = next((one for one in self.session.data.classes if key and one.shortcut == key), None)
        if one is not None and not event.isAutoRepeat():
            self._give_class(one.id)
        return one is not None

    def _make_actions(self) -> dict[str, Callable[[], object]]:
        canvas = self.canvas
        nudges = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
        return {
            "next": partial(self.walk, 1),
            "previous": partial(self.walk, -1),
            "next_to_do": self.next_to_do,
            "nothing_here": self.nothing_here,
            "toggle_done": self.toggle_done,
            "first": partial(self._go_to_end, 0),
            "last": partial(self._go_to_end, -1),
            "undo": self.undo,
            "redo": self.redo,
            "delete": self.delete,
            "duplicate": canvas.duplicate_selected,
            "copy": canvas.copy_selected,
            "paste": canvas.paste,
            "paste_previous": self.paste_previous,
            "select_all": canvas.select_all,
            "select_next": canvas.select_next,
            "change_class": self._choose_class_at_pointer,
            "cancel": canvas.cancel,
            "fit": canvas.fit,
            "actual_size": lambda: canvas.set_scale(1.0),
            "zoom_in": lambda: canvas.zoom(1),
            "zoom_out": lambda: canvas.zoom(-1),
            "zoom_to_box": canvas.zoom_to_selected,
            "guides": partial(self._switch, "guides", canvas.set_guides),
            "boxes": partial(self._switch, "boxes", canvas.set_boxes_shown),
            "names": partial(self._switch, "names", canvas.set_names),
            "panels": self.toggle_panels,
            **{f"nudge_{way}": partial(canvas.nudge, *step) for way, step in nudges.items()},
            **{f"nudge_{way}_far": partial(canvas.nudge, 10 * x, 10 * y) for way, (x, y) in nudges.items()},
        }

    def _switch(self, name: str, show: Callable[[bool], object]) -> None:
        self._shown[name] = not self._shown.get(name, True)
        show(self._shown[name])

    def show_keys(self) -> None:
        """All keys of this page."""

    def _choose_class_at_pointer(self) -> None:
        self._choose_class_at(QCursor.pos())

    def _choose_class_at(self, place: QPoint) -> None:
        if self.is_writable:
            chooser = ClassChooser(self.session.data.classes, self.class_id, self.keys, self)
            chooser.chosen.connect(self._give_class)
            chooser.show_at(place)

    # Building

    def _connect(self) -> None:
        self.desk.changed.connect(self._labels_changed)
        self.desk.steps_changed.connect(self._show_steps)
        self._replayed.connect(self._follow)
        self.keys.changed.connect(self._show_steps)
        self.canvas.edited.connect(self._canvas_edited)
        self.canvas.selection_changed.connect(self._show_selection)
        self.canvas.class_wanted.connect(self._choose_class_at)
        self.stage.failed.connect(self._picture_failed)
        self.stage.space_tapped.connect(self._tap_space)
        self.strip.chosen.connect(lambda position: self.go_to(self.places[position]))
        self.states.chosen.connect(self._filter_chosen)
        self.boxes.selected.connect(self.canvas.select)
        self.boxes.class_wanted.connect(self._choose_class_at)
        self.undo_button.clicked.connect(lambda checked=False: self.undo())
        self.redo_button.clicked.connect(lambda checked=False: self.redo())
        self.next_button.clicked.connect(lambda checked=False: self.next_to_do())
        self.no_pictures.button.clicked.connect(lambda checked=False: self.session.page_wanted.emit("data"))
        self.task_choice.chosen.connect(self._set_task)
        self.help.wanted.connect(self._help)
        panel, edits = self.classes, self.class_edits
        panel.chosen.connect(self._give_class)
        panel.added.connect(edits.add)
        panel.renamed.connect(edits.rename)
        panel.recoloured.connect(edits.recolour)
        panel.key_wanted.connect(edits.ask_key)
        panel.moved.connect(edits.reorder)
        panel.merge_wanted.connect(edits.ask_merge)
        panel.remove_wanted.connect(edits.ask_remove)
        panel.field.left.connect(self.canvas.setFocus)

    def _tap_space(self) -> None:
        name = self.keys.holder("Space")
        if name in self._actions:
            self._actions[name]()

    def _help(self, name: str) -> None:
        if name == "review":
            self.review_proposals()
        elif name == "keys":
            self.show_keys()

    def _set_task(self, task: Task) -> None:
        """What all pictures of the project are labelled for."""

        def work(progress: Progress) -> None:
            self.session.store.set_task(task)

        self.session.jobs.run(self.tr("Saving"), work, done=lambda _: self.session.reload(Change.DATA), quiet=True)


_REPEATED = {"next", "previous", "zoom_in", "zoom_out", "undo", "redo", "select_next"} | {
    f"nudge_{way}{far}" for way in ("left", "right", "up", "down") for far in ("", "_far")
}
