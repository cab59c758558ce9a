"""A sentence across the page that stays until its cause is gone, with what can be done about it."""

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from app import theme
from app.widgets.parts import Glyph, button, label


class Banner(QFrame):
    """``kind``: caution, bad or accent. Hidden until it has something to say."""

    def __init__(self, icon: str, kind: str = "caution", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setProperty("kind", kind)
        self._text = label("", wrap=True)
        self.buttons: list[QPushButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(theme.WIDE, theme.SMALL, theme.WIDE, theme.SMALL)
        self._row.setSpacing(theme.SMALL)
        self._row.addWidget(Glyph(icon, kind))
        self._row.addWidget(self._text, 1)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def add_action(self, text: str, then: Callable[[], object]) -> QPushButton:
        made = button(text)
        made.clicked.connect(lambda checked=False: then())
        self._row.addWidget(made)
        self.buttons.append(made)
        return made

    def say(self, text: str) -> None:
        """Show ``text``, or nothing at all."""
        self._text.setText(text)
        self.setVisible(bool(text))
