"""Two or more words side by side, of which one is chosen."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget


class Switch(QWidget):
    """``choices``: name -> word. ``changed`` tells the name that the user chose."""

    changed = Signal(str)

    def __init__(self, choices: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for place, (name, text) in enumerate(choices.items()):
            made = QPushButton(text)
            made.setCheckable(True)
            made.setProperty("segment", "first" if not place else "last" if place == len(choices) - 1 else "middle")
            made.setCursor(Qt.CursorShape.PointingHandCursor)
            self._group.addButton(made)
            row.addWidget(made)
            self.buttons[name] = made
        next(iter(self.buttons.values())).setChecked(True)
        self._group.buttonClicked.connect(lambda: self.changed.emit(self.chosen))

    @property
    def chosen(self) -> str:
        return next(name for name, button in self.buttons.items() if button.isChecked())

    def choose(self, name: str) -> None:
        """Without telling anybody."""
        self.buttons[name].setChecked(True)
