"""A few words in a row, of which one is chosen and shows its part of a card."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QStackedWidget, QWidget

from app import theme


class Tabs(QWidget):
    """The buttons; ``stack`` holds what they show and is placed by whoever made them. Arrow keys walk."""

    def __init__(self, parts: Iterable[tuple[str, QWidget]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.stack = QStackedWidget()
        self.buttons: list[QPushButton] = []
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.LARGE)
        for index, (title, part) in enumerate(parts):
            button = QPushButton(title)
            button.setProperty("tab", True)
            button.setCheckable(True)
            theme.make_semibold(button)
            button.clicked.connect(lambda checked=False, index=index: self.stack.setCurrentIndex(index))
            self._group.addButton(button, index)
            row.addWidget(button)
            self.buttons.append(button)
            self.stack.addWidget(part)
        row.addStretch()
        self.buttons[0].setChecked(True)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

    def show_part(self, index: int) -> None:
        self.buttons[index].setChecked(True)
        self.stack.setCurrentIndex(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        step = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(Qt.Key(event.key()), 0)
        index = self.stack.currentIndex() + step
        if step and 0 <= index < len(self.buttons):
            self.show_part(index)
            self.buttons[index].setFocus()
        else:
            super().keyPressEvent(event)
