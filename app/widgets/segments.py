"""A few choices side by side, of which one counts."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget


class Segments(QWidget):
    """``chosen`` is told when the user takes one; ``texts``: value -> words, in the order of the buttons."""

    chosen = Signal(object)

    def __init__(self, texts: Mapping[Any, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[Any, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        group = QButtonGroup(self)
        for place, (value, text) in enumerate(texts.items()):
            made = self.buttons[value] = QPushButton(text)
            made.setCheckable(True)
            made.setProperty("segment", "first" if not place else "last" if place == len(texts) - 1 else "middle")
            made.clicked.connect(lambda checked=False, value=value: self.chosen.emit(value))
            group.addButton(made)
            row.addWidget(made, 1)
        self.choose(next(iter(texts)))

    @property
    def value(self) -> Any:
        return next(value for value, made in self.buttons.items() if made.isChecked())

    def choose(self, value: Any) -> None:
        """As if the user had, and tell nobody."""
        self.buttons[value].setChecked(True)
