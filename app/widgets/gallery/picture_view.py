"""One picture, large: fitted or zoomed, with what is known about it drawn over it."""

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from app.widgets.canvas.picture_area import PictureArea
from app.widgets.gallery.notice import Notice as Notice
from app.widgets.gallery.overlay import Overlay, paint_overlay


class PictureView(PictureArea):
    """Wheel: zoom at the pointer; drag: move; double click: fit, or one to one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._overlay = Overlay()
        self._overlay_shown = True
        self._grabbed: QPointF | None = None

    def expect(self, size: QSizeF, overlay: Overlay, preview: QImage | None) -> None:
        """A picture of ``size`` (its own pixels) will come; until then ``preview``, enlarged."""
        self._overlay = overlay
        self.expect_picture(size, preview)

    def set_overlay(self, overlay: Overlay) -> None:
        """Other boxes over the same picture; zoom and place stay."""
        self._overlay = overlay
        self.update()

    def show_overlay(self, shown: bool) -> None:
        self._overlay_shown = shown
        self.update()

    def paint_over(self, painter: QPainter, place: QRectF) -> None:
        if self._overlay_shown:
            size = QSizeF(*self._view.image)
            paint_overlay(painter, place, size, self._overlay, names=True, view=QRectF(self.rect()))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() == Qt.MouseButton.LeftButton and not self.fitted:
            self._grabbed = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if self._grabbed is not None:
            way = event.position() - self._grabbed
            self._grabbed = event.position()
            self._set_view(self._view.panned(way.x(), way.y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self._grabbed = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if self.fitted:
            self.set_scale(1.0, event.position())
        else:
            self.fit()
