"""A picture in a window, fitted or zoomed; what lies over it is for those who build on it."""

from collections.abc import Sequence

from msgspec.structs import replace
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets.canvas.picture_tiles import PictureTiles
from app.widgets.canvas.view import STEP, View
from app.widgets.gallery.notice import Notice, paint_notice


class PictureArea(QWidget):
    """Wheel: zoom at the pointer. Everything else that the mouse does is for subclasses."""

    zoomed = Signal()

    def __init__(self, parent: QWidget | None = None, margin: float = 0.0) -> None:
        super().__init__(parent)
        self._view = View(margin=margin)
        self._tiles = PictureTiles()
        self._notice: Notice | None = None
        self.setMinimumSize(240, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def expect_picture(self, size: QSizeF, preview: QImage | None) -> None:
        """A picture of ``size`` (its own pixels) will come; until then ``preview``, enlarged."""
        self._tiles.set_levels(() if preview is None else (preview,))
        self._notice = None
        self._set_view(replace(self._view, image=(size.width(), size.height())).fit())

    def show_levels(self, levels: Sequence[QImage]) -> None:
        """The picture and its halved copies, largest first."""
        self._tiles.set_levels(levels)
        self._notice = None
        self.update()

    def show_notice(self, notice: Notice) -> None:
        """Words in place of a picture."""
        self._tiles.set_levels(())
        self._notice = notice
        self.update()

    @property
    def scale(self) -> float:
        """Pixels of the screen a pixel of the picture; 1.0 is 100 %."""
        return self._view.scale

    @property
    def fitted(self) -> bool:
        return self._view.fitted

    def fit(self) -> None:
        """All of the picture, small ones enlarged."""
        self._set_view(self._view.fit())

    def set_scale(self, scale: float, at: QPointF | None = None) -> None:
        """Zoom to ``scale`` (1.0 is 100 %) with the point of the picture below ``at`` staying where it is."""
        point = QPointF(self.rect().center()) if at is None else at
        self._set_view(self._view.scaled(scale, (point.x(), point.y())))

    def zoom(self, steps: float, at: QPointF | None = None) -> None:
        """Larger by notches of the wheel, or smaller."""
        self.set_scale(self.scale * STEP**steps, at)

    def image_point(self, at: QPointF) -> QPointF:
        """The point of the picture, in its own pixels, at a point of the window."""
        return QPointF() if self._view.is_empty else QPointF(*self._view.to_image((at.x(), at.y())))

    def window_point(self, point: QPointF) -> QPointF:
        """Where a point of the picture is in the window."""
        return QPointF(*self._view.to_window((point.x(), point.y())))

    def paint_over(self, painter: QPainter, place: QRectF) -> None:
        """What lies over the picture, which fills ``place``."""

    def _set_view(self, view: View) -> None:
        self._view = view
        self.update()
        self.zoomed.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        self.zoom(event.angleDelta().y() / 120, event.position())
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        self._set_view(self._view.placed((self.width(), self.height()), self.devicePixelRatioF()))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        ratio = self.devicePixelRatioF()
        if ratio != self._view.ratio:  # the window came to another screen
            self._view = self._view.placed(self._view.window, ratio)
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.current().background))
        if self._notice is not None:
            paint_notice(painter, self.rect(), "image-broken", self._notice.title, self._notice.text, "caution")
        elif not self._view.is_empty:
            place = self._place()
            if self._tiles:
                self._tiles.paint(painter, place, QRectF(self.rect()), ratio, self._view.image[0])
            else:
                painter.fillRect(place, QColor(theme.current().line))
            self.paint_over(painter, place)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.current().accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _place(self) -> QRectF:
        """Where the whole picture is, its corner on a whole pixel of the screen: nothing is drawn between pixels."""
        view = self._view
        x, y = (round(value * view.ratio) / view.ratio for value in view.corner)
        return QRectF(x, y, view.image[0] * view.factor, view.image[1] * view.factor)
