"""A picture with what one model says about it; several of them show the same part of it, whichever is moved."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QRectF, QSizeF, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.widgets.canvas.picture_tiles import PictureTiles
from app.widgets.canvas.view import Point, View
from app.widgets.compare.answer_painting import paint_answer
from app.widgets.compare.answers import ModelAnswer
from app.widgets.gallery.notice import Notice
from app.widgets.gallery.overlay import OverlayBox
from app.widgets.gallery.picture_view import PictureView


class LinkedPicture(PictureView):
    """``tiles``: shared with others that always show the same picture at the same size, which is scaled only once then.

    ``moved``: somebody zoomed or moved it; ``resized``: it shows as much as before, in other room."""

    moved = Signal()
    resized = Signal()
    pressed = Signal()

    def __init__(
        self, parent: QWidget | None = None, *, small: bool = False, tiles: PictureTiles | None = None
    ) -> None:
        super().__init__(parent)
        if tiles is not None:
            self._tiles = tiles
        self._answer: ModelAnswer | None = None
        self._truth: Sequence[OverlayBox] = ()
        self._truth_shown, self._small = True, small
        self._is_led = False
        if small:
            self.setMinimumSize(96, 64)

    @property
    def answer(self) -> ModelAnswer | None:
        return self._answer

    def show_answer(self, answer: ModelAnswer | None, truth: Sequence[OverlayBox]) -> None:
        """Over the same picture; zoom and place stay."""
        self._answer, self._truth = answer, truth
        self.update()

    def show_truth(self, shown: bool) -> None:
        self._truth_shown = shown
        self.update()

    def show_notice(self, notice: Notice) -> None:
        """Where it is small, only the sign."""
        super().show_notice(Notice("") if self._small else notice)

    @property
    def view(self) -> View:
        """What it shows now."""
        return self._view

    def follow(self, view: View) -> None:
        """Show the part that another shows, and tell nobody."""
        self._is_led = True
        self._set_view(self._view.like(view))
        self._is_led = False

    def look_at(self, start: Point, end: Point) -> None:
        """The part of the picture between two corners, in the middle."""
        self._set_view(self._view.onto(start, end))

    def paint_over(self, painter: QPainter, place: QRectF) -> None:
        if self._answer is not None:
            self.paint_answer(painter, place, self._answer, QRectF(self.rect()))

    def paint_answer(self, painter: QPainter, place: QRectF, answer: ModelAnswer, view: QRectF) -> None:
        """Only inside ``view``."""
        truth = self._truth if self._truth_shown else None
        paint_answer(painter, place, QSizeF(*self._view.image), answer, truth, view, names=not self._small)

    def _set_view(self, view: View) -> None:
        super()._set_view(view)
        if not self._is_led:
            self.moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        self._is_led = True
        super().resizeEvent(event)
        self._is_led = False
        self.resized.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        super().mousePressEvent(event)
        self.pressed.emit()


def link(views: Sequence[LinkedPicture]) -> None:
    """From now on what one of them shows, the others show; after a change of size they follow the first."""

    def lead(leader: LinkedPicture) -> None:
        for view in views:
            if view is not leader:
                view.follow(leader.view)

    for view in views:
        view.moved.connect(partial(lead, view))
        view.resized.connect(partial(lead, views[0]))
