"""Doubtful labels one after another: the picture, what its label says, what the model says, and keys to decide."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QKeySequence, QPainter, QPainterPath, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.thumbnails import Thumbnails
from app.widgets.elided import ElidedLabel
from app.widgets.flow import FlowLayout
from app.widgets.gallery.notice import Notice
from app.widgets.gallery.overlay import ClassLook, Overlay, OverlayBox, looks
from app.widgets.gallery.picture_rows import PictureRowView
from app.widgets.gallery.picture_view import PictureView
from app.widgets.label.doubt_rows import DoubtModel, certainty_of, name_of, sentence_of
from app.widgets.label.picture_desk import PictureDesk
from app.widgets.parts import Card, button
from core.domain.annotation import Box
from core.domain.dataset import Image, ImageClass
from core.domain.errors import LensmithError
from core.domain.labels import ImageLabels
from core.labelling.doubts import Answer, Doubt, ImageDoubts, confirm, standing, take_answer

LIST_WIDTH = 320
_AHEAD = 3  # pictures that are made ready


class DoubtList(QWidget):
    """Up and Down walk through pictures, Left and Right through the doubts about one; Enter takes the model's answer,
    C keeps the labels of the picture for good, E asks to edit it.

    ``labels_of`` gives what an image has now, ``None`` while it is being read: ``labels_changed`` tells then, and
    whenever labels change, by whomever. A doubt that was answered leaves the list; when that is undone it is back.
    """

    edited = Signal(str, object, object)  # verb, detail: tuple[str, ...], dict of image hash -> ImageLabels
    picture_wanted = Signal(str)  # image hash: somebody wants to edit it
    count_changed = Signal(int)  # pictures left in the list

    def __init__(
        self, thumbnails: Thumbnails, labels_of: Callable[[str], ImageLabels | None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.model = DoubtModel(self)
        self.view = PictureRowView(self.model, thumbnails)
        self.view.setAccessibleName(self.tr("Doubtful labels"))
        self.picture = _DoubtPicture()
        self._thumbnails, self._labels_of = thumbnails, labels_of
        self._desk = PictureDesk(self)
        self._desk.ready.connect(self._show_picture_of)
        self._all: Sequence[ImageDoubts] = ()
        self._left: dict[str, ImageDoubts] = {}
        self._source, self._writable = "", True
        self._place = 0  # of the doubt that is shown, among those about the picture
        self._shown = ""  # hash of the picture on view
        self._lay_out()
        self._add_keys()
        self.view.selectionModel().currentChanged.connect(self._walk_to)
        self.show_doubts([], "")

    # What is shown

    def set_images(self, images: Iterable[Image], classes: Sequence[ImageClass]) -> None:
        """All images of the project, and its classes, as they are now."""
        self.model.images = {image.hash: image for image in images}
        self.model.looks = looks(classes)
        self._fill()

    def show_doubts(self, ranked: Sequence[ImageDoubts], source: str) -> None:
        """Worst first. ``source``: who contradicts, as in ``Origin``."""
        self._all, self._source = ranked, source
        self._left = {one.hash: one for one in ranked}
        self._shown, self._place = "", 0
        self._fill()

    def set_writable(self, writable: bool) -> None:
        """Whether labels can be changed now."""
        self._writable = writable
        self._show_actions()

    def labels_changed(self, hashes: Iterable[str]) -> None:
        """These images have other labels now, or ``labels_of`` knows them at last."""
        concerned = set(hashes)
        before = dict(self._left)
        for one in self._all:
            labels = self._labels_of(one.hash) if one.hash in concerned else None
            if labels is not None:
                left = standing(one, labels)
                self._left.pop(one.hash, None)
                if left is not None:
                    self._left[one.hash] = left
        if self._left != before:
            self._fill()
        elif self._shown in concerned:
            self._show_doubt()

    @property
    def current(self) -> Doubt | None:
        """The doubt on view."""
        one = self._left.get(self._shown)
        return None if one is None else one.doubts[min(self._place, len(one.doubts) - 1)]

    # Answers

    def take(self) -> None:
        """The model is right."""
        doubt, labels = self.current, self._labels_of(self._shown) if self._shown else None
        if doubt is not None and labels is not None:
            names = {class_id: look.name for class_id, look in self.model.looks.items()}
            self._answer(take_answer(doubt, labels, names, self._source))

    def keep(self) -> None:
        """The labels of the picture are right, whatever the model says of them now or later."""
        labels = self._labels_of(self._shown) if self._shown else None
        if labels is not None:
            self._answer(confirm(labels))

    def edit(self) -> None:
        if self._shown:
            self.picture_wanted.emit(self._shown)

    def _answer(self, answer: Answer) -> None:
        if self._writable:
            self.edited.emit(answer.verb, answer.detail, {self._shown: answer.labels})

    # Walking

    def _fill(self) -> None:
        """The rows anew; the picture on view stays, or the next one takes its place."""
        row, shown = max(0, self.view.currentIndex().row()), self._shown
        rows = [self._left[one.hash] for one in self._all if one.hash in self._left and one.hash in self.model.images]
        self.view.selectionModel().blockSignals(True)
        self.model.set_rows(rows)
        self.view.selectionModel().blockSignals(False)
        stays = self.model.row_of(shown)
        self._go_to(stays if stays >= 0 else min(row, len(rows) - 1))
        self.count_changed.emit(len(rows))

    def _walk_to(self, current: QModelIndex, before: QModelIndex) -> None:
        self._go_to(current.row())

    def _go_to(self, row: int) -> None:
        if not 0 <= row < len(self.model.rows):
            self._shown = ""
            self.picture.show_notice(Notice(self.tr("No label is in doubt")))
            self._show_doubt()
            return
        if row != self.view.currentIndex().row():
            self.view.setCurrentIndex(self.model.index(row))
            if self._shown == self.model.rows[row].hash:
                return  # it came back through the selection
        here = self.model.rows[row]
        image = self.model.images[here.hash]
        if here.hash != self._shown:
            self._shown, self._place = here.hash, 0
            preview = self._thumbnails.find(image, QSize())[0]
            self.picture.expect(QSizeF(image.width, image.height), Overlay(), preview)
            self.picture.setAccessibleName(Path(image.path).name)
            ahead = self.model.rows[row + 1 : row + 1 + _AHEAD]
            self._desk.want(image, [self.model.images[one.hash] for one in ahead])
            self._show_picture_of(here.hash)
            for one in ahead:
                self._labels_of(one.hash)  # read before they are needed
        self._show_doubt()

    def _step(self, by: int) -> None:
        """Another doubt about the same picture."""
        one = self._left.get(self._shown)
        if one is not None:
            self._place = (min(self._place, len(one.doubts) - 1) + by) % len(one.doubts)
            self._show_doubt()

    # Painting

    def _show_picture_of(self, image_hash: str) -> None:
        found = self._desk.find(self.model.images[image_hash]) if image_hash in self.model.images else None
        if image_hash != self._shown or found is None:
            return
        if isinstance(found, LensmithError):
            self.picture.show_notice(Notice(found.cause, found.remedy))
        else:
            self.picture.show_levels(found.images)

    def _show_doubt(self) -> None:
        doubt, one = self.current, self._left.get(self._shown)
        self.sentence.set_whole("" if doubt is None else sentence_of(doubt, self.model.looks))
        facts = [] if doubt is None else [self.tr("The model is {}").format(certainty_of(doubt))]
        if one is not None and len(one.doubts) > 1:
            place = min(self._place, len(one.doubts) - 1) + 1
            facts.append(self.tr("doubt {0} of {1} here (Left, Right)").format(place, len(one.doubts)))
        if self._shown:
            facts.append(Path(self.model.images[self._shown].path).name)
        self.facts.set_whole("  ·  ".join(facts))
        labels = self._labels_of(self._shown) if self._shown else None
        self.picture.show_doubt(doubt, labels, self.model.looks)
        self._show_actions()

    def _show_actions(self) -> None:
        doubt = self.current
        words = {
            "wrong_class": self.tr("Make it {} (Enter)"),
            "missing_box": self.tr("Add the box of {} (Enter)"),
            "loose_box": self.tr("Move the box of {} (Enter)"),
            "extra_box": self.tr("Delete the box (Enter)"),
        }
        answer = name_of(None if doubt is None else doubt.answer, self.model.looks)
        self.take_button.setText(words[doubt.kind].format(answer) if doubt else self.tr("Take the answer (Enter)"))
        for made in (self.take_button, self.keep_button):
            made.setEnabled(doubt is not None and self._writable)
        self.edit_button.setEnabled(doubt is not None)

    # Building

    def _lay_out(self) -> None:
        self.sentence, self.facts = ElidedLabel(role="section"), ElidedLabel(role="muted")
        self.take_button = button("", "check", primary=True)
        self.take_button.setToolTip(self.tr("The model is right: change the label"))
        self.keep_button = button(self.tr("Keep the label (C)"), "seal-check")
        self.keep_button.setToolTip(self.tr("The labels of this picture are right; never ask again"))
        self.edit_button = button(self.tr("Edit the picture (E)"), "pencil-simple")
        self.edit_button.setToolTip(self.tr("Show it on the Label page"))
        actions = FlowLayout()
        for made, act in (
            (self.take_button, self.take),
            (self.keep_button, self.keep),
            (self.edit_button, self.edit),
        ):
            made.clicked.connect(act)
            made.setAutoDefault(False)
            actions.addWidget(made)
        side = QVBoxLayout()
        side.setSpacing(theme.SMALL)
        side.addWidget(self.picture, 1)
        side.addWidget(self.sentence)
        side.addWidget(self.facts)
        side.addLayout(actions)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.LARGE)
        card = Card()
        card.setFixedWidth(LIST_WIDTH)
        card.body.setContentsMargins(theme.TIGHT, theme.TIGHT, 1, theme.TIGHT)
        card.body.addWidget(self.view)
        row.addWidget(card)
        row.addLayout(side, 1)
        self.setFocusProxy(self.view)

    def _add_keys(self) -> None:
        key = Qt.Key
        for keys, act in (
            ((key.Key_Return, key.Key_Enter), self._take_by_key),
            ((key.Key_C,), self.keep),
            ((key.Key_E,), self.edit),
            ((key.Key_Left,), lambda: self._step(-1)),
            ((key.Key_Right,), lambda: self._step(1)),
            ((key.Key_Plus, key.Key_Equal), lambda: self.picture.zoom(1)),
            ((key.Key_Minus,), lambda: self.picture.zoom(-1)),
            ((key.Key_0,), self.picture.fit),
        ):
            for one in keys:
                shortcut = QShortcut(QKeySequence(one), self)
                shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                shortcut.activated.connect(act)

    def _take_by_key(self) -> None:
        """Enter presses a button that has the focus, as everywhere."""
        focused = self.focusWidget()
        if isinstance(focused, QPushButton) and focused.hasFocus():
            focused.click()
        else:
            self.take()


class _DoubtPicture(PictureView):
    """A picture with all its boxes, everything but the doubtful place under a veil."""

    _VEIL, _MARGIN = 0.45, 8  # share; pixels of the window

    def __init__(self) -> None:
        super().__init__()
        self._places: list[Box] = []

    def show_doubt(self, doubt: Doubt | None, labels: ImageLabels | None, looks: Mapping[int, ClassLook]) -> None:
        self._places = [] if doubt is None else [box for box in (doubt.box, doubt.found) if box is not None]
        known = [one.box for one in (labels.boxes or () if labels else ())]
        drawn = [_drawn(box, looks, named=doubt is not None and box == doubt.box) for box in known]
        if doubt is not None and doubt.found is not None:
            drawn.append(_drawn(doubt.found, looks, named=True, dashed=True))
        self.set_overlay(Overlay(boxes=tuple(one for one in drawn if one is not None)))

    def paint_over(self, painter: QPainter, place: QRectF) -> None:
        if self._places:
            path = QPainterPath()
            path.addRect(place)
            for box in self._places:
                corners = self.window_rect(box).adjusted(-self._MARGIN, -self._MARGIN, self._MARGIN, self._MARGIN)
                hole = QPainterPath()
                hole.addRoundedRect(corners, self._MARGIN, self._MARGIN)
                path = path.subtracted(hole)
            veil = QColor(theme.current().background)
            veil.setAlphaF(self._VEIL)
            painter.fillPath(path, veil)
        super().paint_over(painter, place)

    def window_rect(self, box: Box) -> QRectF:
        corners = (QPointF(box.x_min, box.y_min), QPointF(box.x_max, box.y_max))
        return QRectF(*(self.window_point(corner) for corner in corners))


def _drawn(box: Box, looks: Mapping[int, ClassLook], *, named: bool, dashed: bool = False) -> OverlayBox | None:
    look = looks.get(box.class_id)
    if look is None:
        return None
    text = look.name if named else ""
    return OverlayBox(box.x_min, box.y_min, box.x_max, box.y_max, look.index, dashed=dashed, text=text)
