"""Rows of lists as delegates paint them: what is chosen or pointed at, and lines of text."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionViewItem

from app import theme


def paint_back(painter: QPainter, option: QStyleOptionViewItem, place: QRect) -> None:
    """The ground of a row that is chosen or pointed at, and the ring of the one with the focus; edges are smooth."""
    colours, radius = theme.current(), theme.CONTROL_RADIUS
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    chosen = bool(option.state & QStyle.StateFlag.State_Selected)
    if chosen or option.state & QStyle.StateFlag.State_MouseOver:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.accent_soft if chosen else colours.background))
        painter.drawRoundedRect(place, radius, radius)
    if option.state & QStyle.StateFlag.State_HasFocus:
        painter.setPen(QPen(QColor(colours.accent), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(place.adjusted(1, 1, -1, -1), radius, radius)


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
    """One line, elided, digits of one width; returns the width that it took, in pixels."""
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
