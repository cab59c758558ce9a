"""What went wrong, where it went wrong: cause and remedy in words, with an icon."""

import re

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from app import theme
from app.translations import said
from app.widgets.parts import Glyph, label
from core.domain.errors import LensmithError

_JOINTS = re.compile(r"(?<=[/\\_\-.])(?=\w)")


class Trouble(QFrame):
    """Hidden until it has something to say. ``severity``: "bad" or "caution"."""

    def __init__(self, severity: str = "bad", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("finding")
        self.setProperty("severity", severity)
        self._text = label("", wrap=True)
        self._text.setProperty("data", True)  # core's sentences, with names of files in them
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.SMALL, theme.SMALL, theme.SMALL, theme.SMALL)
        row.setSpacing(theme.SMALL)
        row.addWidget(
            Glyph("warning-circle" if severity == "bad" else "warning", severity), alignment=Qt.AlignmentFlag.AlignTop
        )
        row.addWidget(self._text, 1)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text().replace("\u200b", "")

    def say(self, error: LensmithError | None) -> None:
        self.tell(f"{said(error.cause)} {said(error.remedy)}".strip() if error is not None else "")

    def tell(self, words: str) -> None:
        self._text.setText(breakable(words))
        self._text.setAccessibleName(words)
        self.setVisible(bool(words))


def breakable(text: str) -> str:
    """The same to the eye, but a long path may go on in the next line."""
    return _JOINTS.sub("\u200b", text)
