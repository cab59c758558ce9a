"""What a run and its process said, line by line."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app import theme
from app.live_run import KEPT_LOG_LINES
from app.widgets.parts import button


class RunLog(QWidget):
    """Follows its own end, unless the user has scrolled away from it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setUndoRedoEnabled(False)
        self.text.setMaximumBlockCount(KEPT_LOG_LINES)
        self.text.setAccessibleName(self.tr("Log"))
        self.text.setPlaceholderText(self.tr("Nothing has been said yet."))
        theme.make_tabular(self.text)
        self.copy_button = button(self.tr("Copy"), "copy")
        self.copy_button.setProperty("quiet", True)
        self.copy_button.setToolTip(self.tr("Copy the whole log"))
        self.copy_button.clicked.connect(self._copy)
        self._count = 0
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        row.addWidget(self.text, 1)
        side = QVBoxLayout()
        side.addWidget(self.copy_button, alignment=Qt.AlignmentFlag.AlignTop)
        row.addLayout(side)

    def show_lines(self, lines: Sequence[str], count: int) -> None:
        """``lines``: the last ones of ``count`` told in all; those shown before are not set again."""
        fresh = min(count - self._count, len(lines))
        self._count = count
        if fresh > 0:
            self.text.appendPlainText("\n".join(lines[-fresh:]))

    def clear(self) -> None:
        self._count = 0
        self.text.clear()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
