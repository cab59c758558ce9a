"""Help with the drawing: what a machine can do first, and what waits for a person."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from app.widgets.parts import Card, button


class HelpCard(Card):
    """One button for each kind of help; ``wanted`` names it."""

    wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Help me"), parent)
        self.buttons: dict[str, QPushButton] = {}
        self.review = button("")
        self.review.setProperty("quiet", True)
        self.review.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.review.clicked.connect(lambda checked=False: self.wanted.emit("review"))
        self.body.addWidget(self.review)
        self.add("history", self.tr("History of this picture…"), self.tr("Look at any earlier state, and restore it."))
        self.add("keys", self.tr("Keys…"), self.tr("All keys of this page; each can be changed."))

    def add(self, name: str, text: str, tip: str) -> QPushButton:
        """One more kind of help, above those that are there."""
        made = self.buttons[name] = button(text)
        made.setToolTip(tip)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.clicked.connect(lambda checked=False: self.wanted.emit(name))
        self.body.insertWidget(self.body.count() - 1, made)
        return made

    def show_waiting(self, proposals: int) -> None:
        """How many pictures have proposals that nobody looked at."""
        self.review.setText(self.tr("Review %n picture(s) with proposals", "", proposals))
        self.review.setVisible(proposals > 0)
