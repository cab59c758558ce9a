"""One line of text as delegates paint it: elided, digits of one width."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QApplication

from app import theme


def write(
    painter: QPainter,
    place: QRect,
    text: str,
    colour: str,
    *,
    strong: bool = False,
    pixels: int = theme.BODY_PX,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> int:
    """Returns the width that it took, in pixels."""
    font = QFont(QApplication.font())
    font.setPixelSize(pixels)
    font.setFeature(QFont.Tag("tnum"), 1)
    if strong:
        font.setVariableAxis(QFont.Tag("wght"), 600)
    painter.setFont(font)
    painter.setPen(QColor(colour))
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, align | Qt.AlignmentFlag.AlignVCenter, shown)
    return painter.fontMetrics().horizontalAdvance(shown)
