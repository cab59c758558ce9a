"""A table in which any number of rows can be ticked, beside the one that is chosen."""

from collections.abc import Callable, Collection, Hashable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from app.widgets.sorted_table import Column, Row, SortedTable


class TickedTable(SortedTable[Row]):
    """A click on the box of the first column ticks a row, as do Space and Ctrl with a click; Shift with a click
    ticks all rows from the last one ticked to there. ``can_tick`` says which rows have a box."""

    ticks_changed = Signal()

    def __init__(
        self,
        identity: Callable[[Row], Hashable],
        can_tick: Callable[[Row], bool],
        muted: Callable[[Row], bool] = lambda row: False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(identity, muted, parent=parent)
        self._can_tick = can_tick
        self._ticked: set[Hashable] = set()
        self._anchor: Hashable | None = None

    @property
    def ticked(self) -> list[Row]:
        """As sorted now."""
        return [row for row in self.rows if self._identity(row) in self._ticked]

    def set_ticked(self, identities: Collection[Hashable]) -> None:
        """In place of all before; rows without a box stay as they are."""
        wanted = {self._identity(row) for row in self.rows if self._can_tick(row)} & set(identities)
        if wanted != self._ticked:
            self._ticked = wanted
            self.viewport().update()
            self.ticks_changed.emit()

    def tick_column(self, about: str) -> Column[Row]:
        """The first of the columns."""
        return Column("", lambda row: "", self._has_tick, about=about, ticked=self._has_tick, number=True)

    def _has_tick(self, row: Row) -> bool | None:
        return self._identity(row) in self._ticked if self._can_tick(row) else None

    def _toggle(self, place: int) -> None:
        row = self.rows[place]
        if self._can_tick(row):
            self._anchor = self._identity(row)
            self.set_ticked(self._ticked ^ {self._anchor})

    def _tick_up_to(self, place: int) -> None:
        chosen = self._anchor if self._anchor is not None else self._chosen_identity()
        start = next((number for number, row in enumerate(self.rows) if self._identity(row) == chosen), place)
        between = self.rows[min(start, place) : max(start, place) + 1]
        self.set_ticked(self._ticked | {self._identity(row) for row in between})

    # Events

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        index, keys = self.indexAt(event.position().toPoint()), event.modifiers()
        if event.button() is not Qt.MouseButton.LeftButton or not index.isValid():
            super().mousePressEvent(event)
        elif keys & Qt.KeyboardModifier.ShiftModifier:
            self._tick_up_to(index.row())
        elif index.column() == 0 or keys & Qt.KeyboardModifier.ControlModifier:
            self._toggle(index.row())
        else:
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self.mousePressEvent(event)  # two clicks on a box are two clicks

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        event.accept()  # a click that slips chooses nothing else

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if Qt.Key(event.key()) is Qt.Key.Key_Space and self.currentIndex().isValid():
            self._toggle(self.currentIndex().row())
        else:
            super().keyPressEvent(event)
