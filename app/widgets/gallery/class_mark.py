"""The mark of a class, colour and shape, as an icon: the same that its boxes carry in pictures."""

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap

from app.widgets.gallery.overlay import paint_marker


class _Mark(QIconEngine):
    def __init__(self, look: int) -> None:
        super().__init__()
        self._look = look

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = rect.width() / 11  # the mark and its rim, in the units of pictures
        painter.translate(QPointF(rect.center()) + QPointF(0.5, 0.5))
        painter.scale(scale, scale)
        paint_marker(painter, QPointF(0, 0), self._look)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        drawn = QPixmap(size)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return drawn

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:  # noqa: N802
        return self.pixmap(size, mode, state)

    def clone(self) -> QIconEngine:
        return _Mark(self._look)


def class_mark(look: int) -> QIcon:
    """``look``: index of the colour and the marker (``look_of``); the icon follows the palette."""
    return QIcon(_Mark(look))
