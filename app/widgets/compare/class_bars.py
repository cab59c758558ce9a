"""The likeliest classes of one answer, each with its share as a bar; the right one has a tick."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets.compare.answers import Chance
from app.widgets.gallery.overlay import MARKER, paint_marker
from app.widgets.painted_rows import write

_ROW, _BAR, _TICK, _SHARE = 24, 8, 16, 44  # pixels: heights of a row, of a bar; sides of a tick, of the figures
_MOST = 3


class ClassBars(QWidget):
    """Room for three rows, whatever there is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chances: Sequence[Chance] = ()
        self._truth_shown = True
        self.setFixedHeight(_MOST * _ROW)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_chances(self, chances: Sequence[Chance]) -> None:
        self._chances = chances[:_MOST]
        self.setAccessibleName(", ".join(f"{one.look.name} {_share(one)}" for one in self._chances))
        self.update()

    def show_truth(self, shown: bool) -> None:
        self._truth_shown = shown
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(200, _MOST * _ROW)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        colours, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = self.width()
        names = min(160, width * 2 // 5)
        for number, one in enumerate(self._chances):
            row = QRect(0, number * _ROW, width, _ROW)
            middle = QRectF(row).center().y()
            paint_marker(painter, QRectF(row).topLeft() + QRectF(0, 0, MARKER + 4, _ROW).center(), one.look.index)
            left = round(MARKER) + theme.SMALL
            taken = write(
                painter,
                QRect(left, row.top(), names - left - _TICK - theme.TIGHT, _ROW),
                one.look.name,
                colours.text,
                strong=number == 0,
            )
            if one.true and self._truth_shown:
                tick = QRect(left + taken + theme.TIGHT, round(middle - _TICK / 2), _TICK, _TICK)
                theme.icon("check-circle", "good").paint(painter, tick)
            room = QRectF(names, middle - _BAR / 2, width - names - _SHARE, _BAR)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.line))
            painter.drawRoundedRect(room, _BAR / 2, _BAR / 2)
            filled = QRectF(room.left(), room.top(), room.width() * min(1.0, one.probability), _BAR)
            painter.setBrush(QColor(colours.classes[one.look.index % len(colours.classes)]))
            if filled.width() >= _BAR:
                painter.drawRoundedRect(filled, _BAR / 2, _BAR / 2)
            place = QRect(width - _SHARE, row.top(), _SHARE, _ROW)
            write(painter, place, _share(one), colours.muted, align=Qt.AlignmentFlag.AlignRight)


def _share(one: Chance) -> str:
    return f"{100 * one.probability:.0f} %"
