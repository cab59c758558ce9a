"""The mark of a class, colour and shape, as an icon: the same that its boxes carry in pictures."""

from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QIcon, QPainter

from app import theme
from app.widgets.gallery.overlay import paint_marker


def class_mark(look: int) -> QIcon:
    """``look``: index of the colour and the marker (``look_of``); the icon follows the palette."""

    def paint(painter: QPainter, place: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = place.width() / 11  # the mark and its rim, in the units of pictures
        painter.translate(QPointF(place.center()) + QPointF(0.5, 0.5))
        painter.scale(scale, scale)
        paint_marker(painter, QPointF(0, 0), look)
        painter.restore()

    return QIcon(theme.PaintedIcon(paint))
