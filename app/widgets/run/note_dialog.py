"""What people say about one run: a note and tags."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from app import theme
from app.widgets.parts import button, label
from core.actions.reporting import RunSummary
from core.domain.run import number_of
from core.domain.run_notes import RunNotes, as_tags

_SIZE = (440, 120)  # pixels: width of the fields, height of the note


class NoteDialog(QDialog):
    """To be shown with ``open()``; ``saved`` tells the ``RunNotes`` that the user wants. Ctrl+Return saves."""

    saved = Signal(object)

    def __init__(self, run: RunSummary, known_tags: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Note on run {}").format(number_of(run.run)))
        self._run = run
        self.note, self.tags = QPlainTextEdit(run.note), QLineEdit(", ".join(run.tags))
        self.note.setTabChangesFocus(True)
        self.note.setFixedSize(*_SIZE)
        self.note.setPlaceholderText(self.tr("What was tried, what to remember"))
        self.note.setAccessibleName(self.tr("Note"))
        self.tags.setPlaceholderText(self.tr("night shift, line 3"))
        self.tags.setAccessibleName(self.tr("Tags, with commas between them"))
        self.save_button, self.cancel_button = button(self.tr("Save"), primary=True), button(self.tr("Cancel"))
        self.save_button.setDefault(True)
        self.save_button.clicked.connect(self.accept)
        self.cancel_button.clicked.connect(self.reject)
        self.accepted.connect(self._tell)
        self._lay_out(known_tags)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.accept()
        else:
            super().keyPressEvent(event)

    def _tell(self) -> None:
        tags = as_tags([self.tags.text()])
        run = self._run
        self.saved.emit(RunNotes(note=self.note.toPlainText(), tags=tags, star=run.star, archived=run.archived))

    def _lay_out(self, known_tags: tuple[str, ...]) -> None:
        column, row = QVBoxLayout(self), QHBoxLayout()
        column.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.LARGE)
        column.setSpacing(theme.TIGHT)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)
        column.addWidget(label(self.windowTitle(), "section"))
        column.addSpacing(theme.SMALL)
        column.addWidget(label(self.tr("Note"), "muted"))
        column.addWidget(self.note)
        column.addSpacing(theme.SMALL)
        column.addWidget(label(self.tr("Tags, with commas between them"), "muted"))
        column.addWidget(self.tags)
        if known_tags:
            used = label(self.tr("Used so far: {}").format(", ".join(known_tags)), "caption", wrap=True)
            used.setFixedWidth(_SIZE[0])
            column.addWidget(used)
        column.addSpacing(theme.LARGE)
        row.setSpacing(theme.SMALL)
        row.addStretch()
        row.addWidget(self.cancel_button)
        row.addWidget(self.save_button)
        column.addLayout(row)
