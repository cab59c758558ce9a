"""The names of a plot's curves, above it, so that no curve runs behind its own name."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QEvent, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import theme
from app.widgets.plots.plot_looks import SAMPLE_PX, Look, font, paint_sample

MOST_ROWS = 2
LONGEST_NAME_PX = 200


@dataclass(frozen=True)
class Entry:
    look: Look
    name: str
    marked: bool = False


class PlotLegend(QWidget):
    """At most two rows; long names are elided, names without room counted. The tooltip tells them all in full."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._entries: tuple[Entry, ...] = ()

    def show_entries(self, entries: Sequence[Entry]) -> None:
        if tuple(entries) != self._entries:
            self._entries = tuple(entries)
            self.setAccessibleName(", ".join(entry.name for entry in entries))
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        rows = max((place.y() for place, _, _ in self._places()), default=0.0) / self._row_height + 1
        return QSize(LONGEST_NAME_PX, round(rows * self._row_height))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(SAMPLE_PX, self.sizeHint().height())

    def resizeEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        self.updateGeometry()

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            names = "<br>".join(escape(entry.name) for entry in self._entries)
            QToolTip.showText(event.globalPos(), f"<qt>{names}</qt>", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font())
        metrics = QFontMetricsF(font())
        for place, entry, text in self._places():
            left = place.x()
            if entry is not None:
                paint_sample(painter, left, place.y() + self._row_height / 2, entry.look, marked=entry.marked)
                left += SAMPLE_PX + theme.TIGHT + 2
            painter.setPen(QColor(theme.current().text if entry else theme.current().muted))
            baseline = place.y() + (self._row_height + metrics.ascent() - metrics.descent()) / 2
            painter.drawText(QPointF(left, baseline), text)

    @property
    def _row_height(self) -> float:
        return QFontMetricsF(font()).height() + theme.TIGHT

    def _places(self) -> list[tuple[QPointF, Entry | None, str]]:
        """Left top of each entry with its text as shown; the last may be the count of those without room."""
        metrics, width = QFontMetricsF(font()), max(self.width(), SAMPLE_PX)
        beside = min(len(self._entries), 2)  # two long names stand in one row
        longest = min(LONGEST_NAME_PX, width / max(beside, 1) - SAMPLE_PX - theme.WIDE)
        more_px = metrics.horizontalAdvance("+ 999")
        placed: list[tuple[QPointF, Entry | None, str]] = []
        x = y = 0.0
        for number, entry in enumerate(self._entries):
            text = metrics.elidedText(entry.name, Qt.TextElideMode.ElideMiddle, longest)
            needed = SAMPLE_PX + theme.TIGHT + 2 + metrics.horizontalAdvance(text)
            in_last_row = y >= (MOST_ROWS - 1) * self._row_height
            is_last = number == len(self._entries) - 1
            if x and x + needed > width - (0 if is_last or not in_last_row else more_px + theme.LARGE):
                if in_last_row:
                    placed.append((QPointF(x, y), None, f"+ {len(self._entries) - number}"))
                    break
                x, y = 0.0, y + self._row_height
            placed.append((QPointF(x, y), entry, text))
            x += needed + theme.LARGE
        return placed
