"""A question with a few answers, and a wait with a way out; both leave the event loop running."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.widgets.parts import Glyph, button, label

WIDTH = 460  # pixels


class Question(QDialog):
    """``answers``: name and text of each; the first is the default, the last (or ``escape``) what Escape means.

    ``busy``: with a bar that shows that something goes on.
    """

    answered = Signal(str)

    def __init__(
        self,
        title: str,
        text: str,
        answers: Sequence[tuple[str, str]],
        *,
        icon: str = "question",
        busy: bool = False,
        escape: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Lensmith")
        self.title, self.text = label(title, "section", wrap=True), label(text, "muted", wrap=True)
        self.buttons: dict[str, QPushButton] = {}
        self._escape = escape or answers[-1][0]
        self._answer = ""
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)
        self.bar.setVisible(busy)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.LARGE)
        column.setSpacing(theme.LARGE)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)
        column.addLayout(self._words(icon))
        column.addWidget(self.bar)
        column.addLayout(self._row(answers))
        self.finished.connect(self._tell)

    def _words(self, icon: str) -> QHBoxLayout:
        row, words = QHBoxLayout(), QVBoxLayout()
        row.setSpacing(theme.LARGE)
        words.setSpacing(theme.TIGHT)
        row.addWidget(Glyph(icon, "accent", 32), alignment=Qt.AlignmentFlag.AlignTop)
        for text in (self.title, self.text):
            text.setFixedWidth(WIDTH - 2 * theme.WIDE - 32 - theme.LARGE)
            words.addWidget(text)
        row.addLayout(words, 1)
        return row

    def _row(self, answers: Sequence[tuple[str, str]]) -> QHBoxLayout:
        """The default at the right, the way out at the left."""
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        if len(answers) == 1:
            row.addStretch()
        for place, (name, text) in enumerate(reversed(answers)):
            last = place == len(answers) - 1
            made = self.buttons[name] = button(text, primary=last)
            made.clicked.connect(lambda checked=False, name=name: self.choose(name))
            row.addWidget(made)
            if place == 0 and not last:
                row.addStretch()
            if last:
                made.setDefault(True)
                made.setFocus()
        return row

    def choose(self, name: str) -> None:
        """As if the user had."""
        self._answer = name
        self.accept()

    def _tell(self) -> None:
        self.answered.emit(self._answer or self._escape)
        self.deleteLater()
