"""In place of the form while there is nothing to learn from."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.widgets.parts import Glyph, button, label


class NothingToTrainOn(QWidget):
    """In place of the form: what is missing, and the way to it."""

    def __init__(self) -> None:
        super().__init__()
        self._title, self._text = label("", "section"), label("", "muted", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.button = button(self.tr("Go to Data"))
        column = QVBoxLayout(self)
        column.setSpacing(theme.SMALL)
        column.addStretch(2)
        self._title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(Glyph("images", side=40), alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._title)
        column.addWidget(self._text)
        column.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)

    def say(self, title: str, text: str) -> None:
        self._title.setText(title)
        self._text.setText(text)
        self.button.setVisible(bool(text))
