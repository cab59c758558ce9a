"""How one cell of the gallery looks. Each is drawn once and then copied: while scrolling, frames are short of time."""

import time
from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPen, QPixmap

from app import theme
from app.thumbnails import Thumbnails
from app.widgets.gallery.grid_layout import CAPTION, MARGIN, CellSize, GridLayout
from app.widgets.gallery.overlay import Overlay, paint_badge, paint_overlay
from core.domain.dataset import Image

_OVERLAYS = 2000  # remembered; far more than are ever in sight
_SCREENS = 2  # of cells kept drawn
_DRAWING = 0.004  # seconds a frame for cells that were never drawn; the rest of them waits for the next frame


class CellState(Struct, frozen=True):
    selected: bool = False
    hovered: bool = False
    focused: bool = False


class Cells:
    """Paints cells by index; told by ``forget`` when an index stands for another picture or looks different."""

    def __init__(self, thumbnails: Thumbnails, unreadable: str) -> None:
        self._thumbnails = thumbnails
        self._unreadable = unreadable
        self._overlay_of: Callable[[Image], Overlay] = lambda image: Overlay()
        self._overlays: dict[int, Overlay] = {}
        self._drawn: OrderedDict[int, tuple[QImage, QPixmap]] = OrderedDict()
        self._frame = QSize()  # room of a picture, in pixels of the window
        self._ratio = 1.0
        self._names = False
        self._kept = 0
        self._metrics = QFontMetrics(QFont())
        self._late = 0.0
        self._has_drawn = False  # a new cell in this frame
        self.unfinished = False  # something in this frame has yet to be drawn in full

    @property
    def room(self) -> QSize:
        """For a picture, in pixels of the screen."""
        return QSize(round(self._frame.width() * self._ratio), round(self._frame.height() * self._ratio))

    def set_overlay(self, overlay_of: Callable[[Image], Overlay]) -> None:
        self._overlay_of = overlay_of
        self.forget()

    def overlay(self, index: int, image: Image) -> Overlay:
        found = self._overlays.get(index)
        if found is None:
            if len(self._overlays) >= _OVERLAYS:
                self._overlays.clear()
            found = self._overlays[index] = self._overlay_of(image)
        return found

    def forget(self) -> None:
        self._overlays.clear()
        self._drawn.clear()

    def begin(self, painter: QPainter, layout: GridLayout, size: CellSize, ratio: float, in_sight: int) -> None:
        """Before the cells of one frame; ``ratio``: pixels of the screen a pixel of the window."""
        frame = QSize(layout.cell_width, layout.picture_height)
        names = size is CellSize.LARGE
        if (frame, names, ratio) != (self._frame, self._names, self._ratio):
            self._drawn.clear()
        self._frame, self._names, self._ratio = frame, names, ratio
        self._kept = _SCREENS * max(8, in_sight)
        font = QFont(painter.font())
        font.setPixelSize(theme.CAPTION_PX)
        painter.setFont(font)
        self._metrics = QFontMetrics(font)
        self._late = time.perf_counter() + _DRAWING
        self.unfinished = self._has_drawn = False

    def paint(self, painter: QPainter, index: int, image: Image, cell: QRect, state: CellState) -> bool:
        """Whether the picture was there in the right size."""
        colours = theme.current()
        frame = QRect(cell.topLeft(), self._frame)
        if state.selected or state.hovered:
            around = QRectF(cell).adjusted(-MARGIN, -MARGIN, MARGIN, 0)
            _paint_rounded(painter, around, fill=colours.accent_soft if state.selected else colours.background)
        picture, exact = self._thumbnails.find(image, self.room)
        if picture is not None:
            self._paint_picture(painter, index, image, picture, frame.topLeft())
        elif self._thumbnails.failure(image) is not None:
            self._paint_failure(painter, frame)
            exact = True
        else:
            painter.fillRect(frame, QColor(colours.background))
            painter.fillRect(self._place(image).translated(frame.topLeft()), QColor(colours.line))
        self._paint_caption(painter, cell, self.overlay(index, image).caption, strong=state.selected or state.hovered)
        if state.selected:
            paint_badge(painter, QPointF(frame.left() + theme.TIGHT, frame.top() + theme.TIGHT), "chosen")
        if state.focused:
            around = QRectF(cell).adjusted(-MARGIN + 1, -MARGIN + 1, MARGIN - 1, -1)
            _paint_rounded(painter, around, line=colours.accent)
        return exact

    def _paint_picture(self, painter: QPainter, index: int, image: Image, picture: QImage, corner: QPoint) -> None:
        found = self._drawn.get(index)
        if found is not None and found[0] is picture:
            self._drawn.move_to_end(index)
            painter.drawPixmap(corner, found[1])
        elif time.perf_counter() < self._late or not self._has_drawn:
            self._has_drawn = True  # at least one a frame: copying the others may take all the time there is
            painter.drawPixmap(corner, self._draw(index, image, picture))
        else:
            self.unfinished = True
            painter.drawImage(self._place(image).translated(corner), picture)

    def _draw(self, index: int, image: Image, picture: QImage) -> QPixmap:
        drawn = QPixmap(self.room)
        drawn.setDevicePixelRatio(self._ratio)
        drawn.fill(QColor(theme.current().background))
        painter = QPainter(drawn)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        place = self._place(image)
        painter.drawImage(place, picture)
        size = QSizeF(image.width, image.height)
        paint_overlay(painter, place, size, self.overlay(index, image), names=self._names)
        painter.end()
        self._drawn[index] = (picture, drawn)
        while len(self._drawn) > self._kept:
            self._drawn.popitem(last=False)
        return drawn

    def _place(self, image: Image) -> QRectF:
        """In the middle of the frame, ratio kept, on whole pixels."""
        room = self._frame
        factor = min(room.width() / image.width, room.height() / image.height)
        width, height = max(1, round(image.width * factor)), max(1, round(image.height * factor))
        return QRectF((room.width() - width) // 2, (room.height() - height) // 2, width, height)

    def _paint_caption(self, painter: QPainter, cell: QRect, caption: str, *, strong: bool) -> None:
        if caption:
            words = QRect(cell.left() + theme.TIGHT, cell.bottom() + 1 - CAPTION, cell.width() - theme.SMALL, CAPTION)
            painter.setPen(QColor(theme.current().text if strong else theme.current().muted))
            elided = self._metrics.elidedText(caption, Qt.TextElideMode.ElideRight, words.width())
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)

    def _paint_failure(self, painter: QPainter, frame: QRect) -> None:
        colours = theme.current()
        painter.fillRect(frame, QColor(colours.caution_soft))
        height = 20 + theme.TIGHT + self._metrics.height()
        top = frame.center().y() - height // 2
        theme.icon("image-broken", "caution").paint(painter, QRect(frame.center().x() - 10, top, 20, 20))
        painter.setPen(QColor(colours.caution))
        words = QRect(frame.left(), top + 20 + theme.TIGHT, frame.width(), self._metrics.height())
        elided = self._metrics.elidedText(self._unreadable, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, elided)


def _paint_rounded(painter: QPainter, around: QRectF, fill: str = "", line: str = "") -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor(fill) if fill else Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(line), 2) if line else Qt.PenStyle.NoPen)
    painter.drawRoundedRect(around, theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)
    painter.restore()
