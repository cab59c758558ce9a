"""One sentence on what was done, and a button that goes with it."""

from PySide6.QtWidgets import QFrame, QHBoxLayout

from app import theme
from app.widgets.parts import button, label


class ActionNote(QFrame):
    """Hidden until it has something to say."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.setObjectName("note")
        self._text = label("", wrap=True)
        self.button = button(action)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.LARGE, theme.SMALL, theme.SMALL, theme.SMALL)
        row.setSpacing(theme.SMALL)
        row.addWidget(self._text, 1)
        row.addWidget(self.button)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def say(self, text: str) -> None:
        """Show ``text``, or nothing at all."""
        self._text.setText(text)
        self.setVisible(bool(text))
