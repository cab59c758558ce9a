"""Asked once, of pictures without labels: is each one thing, or are there things on it?"""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.widgets.parts import Card, Glyph, button, label
from core.domain.task import Task

_CARD = 300  # pixels


class TaskChoice(QFrame):
    """Two cards."""

    chosen = Signal(object)  # Task

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[Task, QPushButton] = {}
        title = label(self.tr("What should the model tell about a picture?"), "page", wrap=True)
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        cards = QHBoxLayout()
        cards.setSpacing(theme.LARGE)
        cards.addStretch()
        cards.addWidget(
            self._card(
                Task.CLASSIFICATION,
                "tag",
                self.tr("One class per picture"),
                self.tr("Good or bad, ant or bee. One key labels a picture and goes to the next."),
            )
        )
        cards.addWidget(
            self._card(
                Task.DETECTION,
                "corners-out",
                self.tr("Boxes"),
                self.tr("Where things are and what they are, any number of them. You draw a box around each."),
            )
        )
        cards.addStretch()
        column = QVBoxLayout(self)
        column.addStretch()
        column.addWidget(title)
        column.addSpacing(theme.LARGE)
        column.addLayout(cards)
        column.addStretch()

    def _card(self, task: Task, icon: str, title: str, text: str) -> Card:
        card = Card()
        card.setFixedWidth(_CARD)
        made = self.buttons[task] = button(title)
        made.clicked.connect(lambda checked=False: self.chosen.emit(task))
        card.body.addWidget(Glyph(icon, "accent", 32))
        card.body.addWidget(label(title, "section", wrap=True))
        card.body.addWidget(label(text, "muted", wrap=True))
        card.body.addStretch()
        card.body.addWidget(made)
        return card
