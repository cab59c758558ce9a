"""The Label page of a project without pictures: where they come from."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app import theme
from app.widgets.parts import Glyph, button, label


class NoPictures(QFrame):
    """One icon, one sentence, one button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drop")
        self.button = button(self.tr("Import pictures"), "folder-plus", primary=True)
        title = label(self.tr("No pictures to label yet"), "page", wrap=True)
        text = label(self.tr("Import a folder of pictures first; they may be labelled already, or not."), "muted")
        text.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.WIDE)
        column.setSpacing(theme.SMALL)
        column.addStretch()
        column.addWidget(Glyph("images", "muted", 56), alignment=Qt.AlignmentFlag.AlignHCenter)
        for words in (title, text):
            words.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(words)
        column.addSpacing(theme.SMALL)
        column.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
