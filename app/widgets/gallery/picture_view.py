"""One picture, large: fitted or zoomed, with what is known about it drawn over it."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec
from PySide6.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets.gallery.notice import paint_notice
from app.widgets.gallery.overlay import Overlay, paint_overlay

STEP = 1.25  # of one notch of the wheel
LARGEST = 32.0  # pixels of the screen a pixel of the picture
_PIXELS_SEEN = 3.0  # from this scale on, pixels are drawn as squares


class Notice(msgspec.Struct, frozen=True):
    """What stands in the place of a picture that cannot be shown."""

    title: str
    text: str = ""


class PictureView(QWidget):
    """Wheel: zoom at the pointer; drag: move; double click: fit, or one to one."""

    zoomed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._size = QSizeF()  # of the image, in its own pixels
        self._levels: Sequence[QImage] = ()
        self._notice: Notice | None = None
        self._overlay = Overlay()
        self._overlay_shown = True
        self._scale = 0.0  # pixels of the window a pixel of the image; 0: fitted
        self._centre = QPointF()  # the point of the image in the middle of the view
        self._grabbed: QPoint | None = None
        self.setMinimumSize(240, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    # What is shown

    def expect(self, size: QSizeF, overlay: Overlay, preview: QImage | None) -> None:
        """A picture of ``size`` (its own pixels) will come; until then ``preview``, enlarged."""
        self._size, self._overlay = size, overlay
        self._levels = () if preview is None else (preview,)
        self._notice = None
        self.fit()

    def show_levels(self, levels: Sequence[QImage]) -> None:
        """The picture and its halved copies, largest first."""
        self._levels, self._notice = levels, None
        self.update()

    def show_notice(self, notice: Notice) -> None:
        self._levels, self._notice = (), notice
        self.update()

    def show_overlay(self, shown: bool) -> None:
        self._overlay_shown = shown
        self.update()

    # Zoom

    @property
    def scale(self) -> float:
        """Pixels of the screen a pixel of the picture; 1.0 is 100 %."""
        return self._shown_scale() * self.devicePixelRatioF()

    @property
    def fitted(self) -> bool:
        return self._scale == 0

    def fit(self) -> None:
        """All of the picture, small ones enlarged."""
        self._scale = 0.0
        self._centre = QPointF(self._size.width() / 2, self._size.height() / 2)
        self._changed()

    def set_scale(self, scale: float, at: QPointF | None = None) -> None:
        """Zoom to ``scale`` (1.0 is 100 %) with the point of the picture below ``at`` staying where it is."""
        if self._size.isEmpty():
            return
        at = QPointF(self.rect().center()) if at is None else at
        held = self.image_point(at)
        ratio = self.devicePixelRatioF()
        smallest = min(self._fit_scale() * ratio, 1.0)
        self._scale = max(smallest, min(LARGEST, scale)) / ratio
        self._centre = held - (at - QPointF(self.width() / 2, self.height() / 2)) / self._scale
        self._keep_inside()
        self._changed()

    def zoom(self, steps: float, at: QPointF | None = None) -> None:
        self.set_scale(self.scale * STEP**steps, at)

    def image_point(self, at: QPointF) -> QPointF:
        """The point of the picture, in its own pixels, at a point of the view."""
        place, scale = self._place(), self._shown_scale()
        return (at - place.topLeft()) / scale if scale else QPointF()

    def _changed(self) -> None:
        self.update()
        self.zoomed.emit()

    def _fit_scale(self) -> float:
        if self._size.isEmpty():
            return 1.0
        return min(self.width() / self._size.width(), self.height() / self._size.height())

    def _shown_scale(self) -> float:
        return self._scale or self._fit_scale()

    def _place(self) -> QRectF:
        """Where the whole picture is, in pixels of the view."""
        scale = self._shown_scale()
        corner = QPointF(self.width() / 2, self.height() / 2) - self._centre * scale
        return QRectF(corner, self._size * scale)

    def _keep_inside(self) -> None:
        """No more empty room than there must be."""
        for size, seen, get, put in (
            (self._size.width(), self.width() / self._scale, self._centre.x, self._centre.setX),
            (self._size.height(), self.height() / self._scale, self._centre.y, self._centre.setY),
        ):
            put(size / 2 if seen >= size else max(seen / 2, min(size - seen / 2, get())))

    # Events

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        self.zoom(event.angleDelta().y() / 120, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() == Qt.MouseButton.LeftButton and not self.fitted:
            self._grabbed = event.position().toPoint()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if self._grabbed is not None and self._scale:
            point = event.position().toPoint()
            self._centre -= QPointF(point - self._grabbed) / self._scale
            self._grabbed = point
            self._keep_inside()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self._grabbed = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if self.fitted:
            self.set_scale(1.0, event.position())
        else:
            self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        if not self.fitted:
            self._keep_inside()
        self._changed()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.current().background))
        if self._notice is not None:
            paint_notice(painter, self.rect(), "image-broken", self._notice.title, self._notice.text, "caution")
        elif not self._size.isEmpty():
            place = self._place()
            self._paint_picture(painter, place)
            if self._overlay_shown:
                paint_overlay(painter, place, self._size, self._overlay, names=True, view=QRectF(self.rect()))
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.current().accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _paint_picture(self, painter: QPainter, place: QRectF) -> None:
        """The part in sight, from the smallest copy that still has every pixel of it."""
        seen = place & QRectF(self.rect())
        if not self._levels:
            painter.fillRect(place, QColor(theme.current().line))
            return
        needed = place.width() * self.devicePixelRatioF()
        level = next((larger for larger, smaller in pairwise(self._levels) if smaller.width() < needed), None)
        level = self._levels[-1] if level is None else level
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, needed / level.width() < _PIXELS_SEEN)
        across, down = level.width() / place.width(), level.height() / place.height()
        corner = seen.topLeft() - place.topLeft()
        part = QRectF(corner.x() * across, corner.y() * down, seen.width() * across, seen.height() * down)
        painter.drawImage(seen, level, part)
