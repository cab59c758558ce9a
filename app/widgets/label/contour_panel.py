"""Boxes from contours: settings beside the picture on which they act at once; for this picture or for all to do."""

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from PySide6.QtCore import QSize, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.jobs import Job
from app.label_desk import LabelDesk
from app.latest_first import LatestFirst
from app.state import Session
from app.widgets.elided import ElidedLabel
from app.widgets.gallery.class_mark import class_mark
from app.widgets.gallery.levels import Levels
from app.widgets.gallery.overlay import ClassLook, Overlay, OverlayBox, look_of, looks
from app.widgets.gallery.picture_view import Notice, PictureView
from app.widgets.label.contour_form import ContourForm
from app.widgets.parts import Card, button, label, set_badge
from app.widgets.training.advanced_form import Choice
from core.actions import contouring
from core.domain.annotation import Box
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.labels import ImageLabels
from core.domain.progress import Progress
from core.labelling import proposals
from core.labelling.contours import ContourSettings, Corners, find_boxes, is_dark, to_grey
from core.store.journal import Edited

REMEMBERED = "contours"  # in the user's settings
FORM_WIDTH = 384


class Wish(Struct, frozen=True):
    """What the preview should show. ``number``: of two, the higher one is newer."""

    number: int
    settings: ContourSettings
    before: ImageLabels


class Seen(Struct, frozen=True):
    """What was found. ``new``: the boxes that the picture does not have yet; none where there are too many.

    ``dark``: objects are darker than the ground.
    """

    number: int
    corners: list[Corners]
    new: tuple[Box, ...]
    dark: bool

    @property
    def is_crowded(self) -> bool:
        return len(self.corners) > contouring.MOST_BOXES


class ContourPanel(QDialog):
    """To be shown with ``open()``; it deletes itself once it is closed and its work is over.

    Whatever it does goes through ``desk`` and can be undone in one step each.
    """

    applied = Signal(str)  # what came of it, in sentences
    _read = Signal(object)  # Levels
    _found = Signal(object)  # Seen or LensmithError

    def __init__(
        self,
        session: Session,
        desk: LabelDesk,
        image: Image,
        class_id: int | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """``class_id``: the one to begin with."""
        super().__init__(parent)
        self._session, self._desk, self.image = session, desk, image
        self._looks = looks(session.data.classes)
        self._memory: Levels | None = None  # QImage does not keep the pixels that it shows alive
        self._pixels: Any = None  # of the thread
        self.seen: Seen | None = None  # what the view shows
        self._asked = 0  # number of the newest wish
        self._unreadable = False
        self._job: Job | None = None  # that looks for contours on all pictures
        self._saving = 0
        self._looker: LatestFirst[Wish] = LatestFirst("contours", self._look)
        looker = self._looker
        self.destroyed.connect(lambda: looker.close(0))  # the page went, and took this along
        self.setObjectName("page")
        self.setWindowTitle(self.tr("Boxes from contours"))
        self.view = PictureView()
        self.form = ContourForm()
        self.classes = self._class_choice(class_id)
        self.as_proposals = QRadioButton(self.tr("Proposals, until you accept them"))
        self.as_boxes = QRadioButton(self.tr("Boxes at once, still in progress"))
        self._name, self._count = ElidedLabel(Path(image.path).name, "section", data=True, middle=True), label("")
        self._words, self._outcome = label("", wrap=True), ""
        self.bar = QProgressBar()
        self._lay_out()
        self._connect()
        self.form.set_settings(self._remembered())
        self.resize(QSize(1120, 720) if parent is None else parent.window().size() * 0.9)
        self.view.expect(QSizeF(image.width, image.height), Overlay(), self._preview())
        self.view.setAccessibleName(Path(image.path).name)
        self._ask()
        self.form.choices["tone"].setFocus()

    @property
    def to_do(self) -> list[Image]:
        """Pictures on which nobody has said anything yet."""
        return proposals.to_do(self._session.data.images)

    @property
    def is_busy(self) -> bool:
        return self._job is not None or self._saving > 0

    def done(self, result: int) -> None:
        """Qt calls it however the dialog is closed. What it began goes on, and can be cancelled in the list of jobs."""
        self._session.settings.set_text(REMEMBERED, msgspec.json.encode(self.form.settings()).decode())
        self._looker.close()
        super().done(result)
        if not self.is_busy:
            self.deleteLater()

    # Preview

    def _ask(self) -> None:
        self._asked += 1
        self._outcome = ""
        before = self._desk.get(self.image.hash) or ImageLabels()  # where it is being read, ``changed`` will tell
        self._looker.ask(self, [Wish(self._asked, self.form.settings(), before)])
        self._show_words()

    def _ask_if_it_changed(self, hashes: frozenset[str]) -> None:
        if self.image.hash in hashes and not self._looker.closed:
            self._ask()

    def _look(self, wish: Wish) -> None:
        """In a thread."""
        from core.actions.thumbnails import picture_levels

        seen: Seen | LensmithError
        try:
            if self._pixels is None:
                levels = Levels(picture_levels(self.image.path))
                self._pixels = levels.pixels[0]
                self._tell(self._read, levels)
            seen = _seen(wish, self._pixels)
        except LensmithError as error:
            seen = error
        except Exception as error:  # a picture or a setting that nobody thought of, or memory is out
            seen = LensmithError(f"{self.image.path} cannot be looked at ({type(error).__name__}: {error}).")
        self._tell(self._found, seen)

    def _tell(self, signal: Any, value: object) -> None:
        if not self._looker.closed:
            signal.emit(value)

    @Slot(object)
    def _take_picture(self, levels: Levels) -> None:
        self._memory = levels
        self.view.show_levels(levels.images)

    @Slot(object)
    def _take_seen(self, seen: Seen | LensmithError) -> None:
        if isinstance(seen, LensmithError):
            self._unreadable = True
            self.view.show_notice(Notice(seen.cause, seen.remedy))
        elif seen.number == self._asked:
            self.seen = seen
        self._show_boxes()
        self._show_words()

    def _show_boxes(self) -> None:
        """The new ones dashed in the colour of their class, those that are there solid."""
        before = self._desk.get(self.image.hash) or ImageLabels()
        shown = [
            _shown(one.box, self._looks[one.box.class_id])
            for one in before.boxes or ()
            if one.box.class_id in self._looks
        ]
        look = self._looks.get(self.classes.currentData(), ClassLook(0, ""))
        if self.seen is not None:
            shown += [_shown(box, look, dashed=True) for box in self.seen.new]
        self.view.set_overlay(Overlay(boxes=tuple(shown)))

    # Words

    def _show_words(self) -> None:
        """What was found, and what can be done now."""
        count = len(self.to_do)
        can = not self._session.reading_only and self.classes.count() > 0 and not self.is_busy
        seen = self.seen if self.seen is not None and self.seen.number == self._asked else None
        self.apply_all.setText(self.tr("Apply to all %n to do", "", count))
        self.apply_all.setEnabled(can and count > 0)
        self.apply_one.setEnabled(can and seen is not None and bool(seen.new))
        if self._unreadable:
            set_badge(self._count, self.tr("This picture cannot be read"), "bad")
        elif seen is None:
            set_badge(self._count, self.tr("Looking…"), "accent")
        elif seen.is_crowded:
            set_badge(self._count, self.tr("More than {} boxes").format(f"{contouring.MOST_BOXES:,}"), "caution")
        else:
            new = len(seen.new)
            set_badge(self._count, self.tr("%n new box(es)", "", new), "good" if new else "caution")
        self._words.setText("" if self.is_busy else self._advice(seen))

    def _advice(self, seen: Seen | None) -> str:
        if self._session.reading_only:
            return self._session.reading_only
        if not self.classes.count():
            return self.tr("Add a class first: each box needs one.")
        if self._outcome or seen is None:
            return self._outcome
        if seen.new:
            return self.tr("Dark objects on light ground.") if seen.dark else self.tr("Light objects on dark ground.")
        if seen.is_crowded:
            return self.tr("That is texture or noise. Raise the smallest object or the opening radius.")
        if seen.corners:
            return self.tr("Everything that stands out has a box already.")
        return self.tr("Nothing stands out. Try the other tone, a smaller object, or the adaptive threshold.")

    # Doing it

    def _apply_one(self) -> None:
        if self.seen is None or not self.seen.new:
            return
        self._add(contouring.Found(boxes={self.image.hash: self.seen.corners}), finished_too=True)
        self.applied.emit(self.tr("%n new box(es) from contours.", "", len(self.seen.new)))
        self.accept()

    def _apply_all(self) -> None:
        images, settings = self.to_do, self.form.settings()

        def work(progress: Progress) -> contouring.Found:
            return contouring.find(images, settings, progress)

        # In a lane of its own: what somebody draws meanwhile is saved at once.
        self._job = self._session.jobs.run(
            self.tr("Boxes from contours"), work, done=self._take_found, ended=self._end, lane="contours"
        )
        self._job.progressed.connect(self._show_progress)
        self._show_busy()

    def _take_found(self, found: contouring.Found) -> None:
        results = self._add(found)

        def tell(nothing: object) -> None:
            if results:
                self._outcome = self._sentences(results[0], found)
                self.applied.emit(self._outcome)

        # Jobs of a lane run in order: by then the boxes are saved, or somebody has been told why not.
        self._saving += 1
        self._session.jobs.run("", lambda progress: None, done=tell, ended=self._end_saving, quiet=True)

    def _add(self, found: contouring.Found, *, finished_too: bool = False) -> list[contouring.Contoured]:
        """Save what was found; the list has the outcome once that is done."""
        class_id, as_boxes, store = self.classes.currentData(), self.as_boxes.isChecked(), self._session.store
        results: list[contouring.Contoured] = []

        def work(progress: Progress) -> Edited | None:
            results.append(contouring.add(store, found, class_id, as_boxes=as_boxes, finished_too=finished_too))
            return results[-1].edited

        self._desk.carry_out(self.tr("Saving boxes from contours"), work)
        return results

    def _sentences(self, outcome: contouring.Contoured, found: contouring.Found) -> str:
        boxes, images = self.tr("%n new box(es)", "", outcome.boxes), self.tr("%n picture(s)", "", outcome.images)
        said = [self.tr("{0} on {1}.").format(boxes, images)]
        if found.unread:
            said.append(self.tr("%n picture(s) could not be read.", "", len(found.unread)))
        if found.crowded:
            most = f"{contouring.MOST_BOXES:,}"
            said.append(
                self.tr("%n picture(s) left alone, with more than {} boxes each.", "", found.crowded).format(most)
            )
        if outcome.finished:
            said.append(self.tr("%n picture(s) left alone, finished meanwhile.", "", outcome.finished))
        return " ".join(said)

    @Slot(int, int, str)
    def _show_progress(self, done: int, total: int, what: str) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)

    def _show_busy(self) -> None:
        self.bar.setVisible(self.is_busy)
        self.cancel_button.setVisible(self._job is not None)
        self._show_words()

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _end(self) -> None:
        self._job = None
        self._end_if_idle()

    def _end_saving(self) -> None:
        self._saving -= 1
        self._end_if_idle()

    def _end_if_idle(self) -> None:
        if self.is_busy:
            return
        self.bar.reset()
        self._show_busy()
        if self._looker.closed:  # the user has gone on long ago
            self.deleteLater()

    # Building

    def _remembered(self) -> ContourSettings:
        try:
            return msgspec.json.decode(self._session.settings.text(REMEMBERED), type=ContourSettings)
        except msgspec.MsgspecError:
            return ContourSettings()

    def _preview(self) -> QImage | None:
        return self._session.thumbnails.find(self.image, QSize())[0]

    def _connect(self) -> None:
        self._read.connect(self._take_picture)
        self._found.connect(self._take_seen)
        self.form.changed.connect(self._ask)
        self.classes.currentIndexChanged.connect(self._show_boxes)
        self._desk.changed.connect(self._ask_if_it_changed)
        self.reset_button.clicked.connect(lambda: self.form.set_settings(ContourSettings()))
        self.cancel_button.clicked.connect(self._cancel)
        self.close_button.clicked.connect(self.reject)
        self.apply_all.clicked.connect(self._apply_all)
        self.apply_one.clicked.connect(self._apply_one)

    def _class_choice(self, class_id: int | None) -> QComboBox:
        made = Choice()
        made.setProperty("data", True)
        made.setAccessibleName(self.tr("Class of the boxes"))
        made.setIconSize(QSize(12, 12))
        made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for one in self._session.data.classes:
            made.addItem(class_mark(look_of(one)), one.name, one.id)
        made.setCurrentIndex(max(0, made.findData(class_id)) if made.count() else -1)
        return made

    def _lay_out(self) -> None:
        self.reset_button = button(self.tr("Reset settings"))
        self.reset_button.setProperty("quiet", True)
        self.cancel_button, self.close_button = button(self.tr("Cancel")), button(self.tr("Close"))
        self.apply_all, self.apply_one = button(""), button(self.tr("Apply to this picture"), primary=True)
        for one in (self.reset_button, self.cancel_button, self.close_button, self.apply_all, self.apply_one):
            one.setAutoDefault(False)  # Enter in a field is the end of typing, nothing more
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(160)
        self.bar.setAccessibleName(self.tr("Pictures looked at"))
        head = QHBoxLayout()
        head.addWidget(self._name, 1)
        head.addWidget(self._count)
        left = QVBoxLayout()
        left.setSpacing(theme.SMALL)
        left.addLayout(head)
        left.addWidget(self.view, 1)
        middle = QHBoxLayout()
        middle.setSpacing(theme.LARGE)
        middle.addLayout(left, 1)
        middle.addLayout(self._side())
        foot = QHBoxLayout()
        foot.setSpacing(theme.SMALL)
        foot.addWidget(self.bar)
        foot.addWidget(self.cancel_button)
        foot.addWidget(self._words, 1)
        for one in (self.close_button, self.apply_all, self.apply_one):
            foot.addWidget(one)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.LARGE, theme.LARGE, theme.LARGE, theme.LARGE)
        column.setSpacing(theme.MEDIUM)
        column.addLayout(middle, 1)
        column.addLayout(foot)
        self.bar.hide()
        self.cancel_button.hide()

    def _side(self) -> QVBoxLayout:
        """The settings scroll where the window is low; what becomes of the boxes is always in sight."""
        inner = QWidget()
        inside = QVBoxLayout(inner)
        inside.setContentsMargins(0, 0, theme.SMALL, 0)
        inside.setSpacing(theme.SMALL)
        inside.addWidget(self.form)
        inside.addWidget(self.reset_button, alignment=Qt.AlignmentFlag.AlignLeft)
        inside.addStretch()
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidgetResizable(True)
        area.setFixedWidth(FORM_WIDTH)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        side = QVBoxLayout()
        side.setSpacing(theme.MEDIUM)
        side.addWidget(area, 1)
        side.addWidget(self._boxes_card())
        return side

    def _boxes_card(self) -> Card:
        card = Card(self.tr("The boxes"))
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        row.addWidget(label(self.tr("Class")))
        row.addWidget(self.classes, 1)
        card.body.addLayout(row)
        self.as_proposals.setChecked(True)
        self.as_proposals.setToolTip(self.tr("A proposal never trains; accept or refuse it on the Label page."))
        self.as_boxes.setToolTip(self.tr("For pictures on which contours are always right; look once, then go on."))
        for choice in (self.as_proposals, self.as_boxes):
            card.body.addWidget(choice)
        card.setFixedWidth(FORM_WIDTH - theme.SMALL)
        return card


def _seen(wish: Wish, pixels: Any) -> Seen:
    corners = find_boxes(pixels, wish.settings)
    tone = wish.settings.tone
    dark = is_dark(to_grey(pixels)) if tone == "auto" else tone == "dark"
    if len(corners) > contouring.MOST_BOXES:
        return Seen(wish.number, corners, (), dark)
    after = contouring.with_contours(wish.before, corners, 0)
    new = tuple(one.box for one in after.proposals if one.source == contouring.SOURCE)
    return Seen(wish.number, corners, new, dark)


def _shown(box: Box, look: ClassLook, *, dashed: bool = False) -> OverlayBox:
    return OverlayBox(box.x_min, box.y_min, box.x_max, box.y_max, look.index, dashed, "" if dashed else look.name)
