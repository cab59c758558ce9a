"""All keys on one sheet, read from the actions themselves, so that it is never out of date."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.widgets.parts import Card, button, label


class ShortcutSheet(QDialog):
    """``groups``: a title, and its actions; those without a key are left out."""

    def __init__(self, groups: Iterable[tuple[str, list[QAction]]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.LARGE)
        outer.setSpacing(theme.MEDIUM)
        cards = QHBoxLayout()
        cards.setSpacing(theme.MEDIUM)
        columns = [QVBoxLayout(), QVBoxLayout()]
        for number, (title, actions) in enumerate(groups):
            with_keys = [action for action in actions if not action.shortcut().isEmpty()]
            if with_keys:
                columns[number % 2].addWidget(_card(title, with_keys))
        for column in columns:
            column.setSpacing(theme.MEDIUM)
            column.addStretch()
            cards.addLayout(column, 1)
        outer.addLayout(cards)
        self.close_button = button(self.tr("Close"), primary=True)
        self.close_button.setDefault(True)
        self.close_button.clicked.connect(self.accept)
        outer.addWidget(self.close_button, alignment=Qt.AlignmentFlag.AlignRight)


def _card(title: str, actions: list[QAction]) -> Card:
    card, grid = Card(title), QGridLayout()
    grid.setHorizontalSpacing(theme.WIDE)
    grid.setVerticalSpacing(theme.SMALL)
    grid.setColumnStretch(0, 1)
    for row, action in enumerate(actions):
        grid.addWidget(label(action.text().replace("&", "").rstrip("…")), row, 0)
        grid.addWidget(_keys(action), row, 1, alignment=Qt.AlignmentFlag.AlignRight)
    card.body.addLayout(grid)
    return card


def _keys(action: QAction) -> QLabel:
    written = [keys.toString(QKeySequence.SequenceFormat.NativeText) for keys in action.shortcuts()]
    made = label("   ".join(written), "muted")
    made.setProperty("data", True)
    return made
