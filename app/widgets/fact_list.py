"""Names at the left, what there is to say about them at the right."""

from collections.abc import Sequence

from msgspec import Struct
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from app import theme
from app.widgets.parts import label


class Fact(Struct, frozen=True):
    """``tip`` teaches the term in a sentence. ``data``: the value is a name or a number, no translated text."""

    name: str
    value: str
    tip: str = ""
    data: bool = False


class FactList(QWidget):
    """Two columns; the second one wraps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts: Sequence[Fact] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.LARGE)
        self._grid.setVerticalSpacing(theme.TIGHT)
        self._grid.setColumnStretch(1, 1)

    @property
    def facts(self) -> Sequence[Fact]:
        return self._facts

    def set_facts(self, facts: Sequence[Fact]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._facts = facts
        for row, fact in enumerate(facts):
            name, value = label(fact.name, "muted"), label(fact.value, wrap=True)
            value.setProperty("data", fact.data)
            for one in (name, value):
                one.setToolTip(fact.tip)
            self._grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(value, row, 1)
