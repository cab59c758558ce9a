"""A few words in the middle of an empty place: icon, title, text."""

from msgspec import Struct
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QApplication

from app import theme

_ICON = 40


class Notice(Struct, frozen=True):
    """What stands in the place of a picture that cannot be shown."""

    title: str
    text: str = ""


def paint_notice(painter: QPainter, room: QRect, icon: str, title: str, text: str = "", role: str = "muted") -> None:
    """Wrapped, centred in both directions; ``icon`` and ``role`` as in ``theme.icon``."""
    room = room.adjusted(theme.WIDE, theme.WIDE, -theme.WIDE, -theme.WIDE)
    flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop) | int(Qt.TextFlag.TextWordWrap)
    lines = [(title, _font(theme.SECTION_PX, 600), theme.current().text)]
    if text:
        lines.append((text, _font(theme.BODY_PX, 400), theme.current().muted))
    heights = [QFontMetrics(font).boundingRect(room, flags, words).height() for words, font, _ in lines]
    y = room.center().y() - (_ICON + theme.SMALL + sum(heights) + theme.TIGHT * len(lines)) // 2
    y = max(room.top(), y)
    theme.icon(icon, role).paint(painter, QRect(room.center().x() - _ICON // 2, y, _ICON, _ICON))
    y += _ICON + theme.SMALL
    for (words, font, colour), height in zip(lines, heights, strict=True):
        painter.setFont(font)
        painter.setPen(QColor(colour))
        painter.drawText(QRect(room.left(), y, room.width(), height), flags, words)
        y += height + theme.TIGHT


def _font(pixels: int, weight: int) -> QFont:
    font = QFont(QApplication.font())
    font.setPixelSize(pixels)
    font.setVariableAxis(QFont.Tag("wght"), weight)
    return font
