"""Waits for one key to be pressed, whichever it is."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.keys import key_of
from app.widgets.parts import button, label

_WIDTH = 320


class KeyDialog(QDialog):
    """``pressed`` until somebody accepts it; Escape closes."""

    pressed = Signal(str)  # as ``app.keys`` writes keys
    none_wanted = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._title, self._ask = label(title, "section", wrap=True), label(self.tr("Press a key…"), "muted")
        self.refusal = label("", wrap=True)
        self.refusal.setProperty("problem", True)
        self.none_button, self.cancel_button = button(self.tr("No key")), button(self.tr("Cancel"))
        self.none_button.clicked.connect(self.none_wanted)
        self.cancel_button.clicked.connect(self.reject)
        for one in (self.none_button, self.cancel_button):
            one.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # every key is an answer
            one.setAutoDefault(False)
        row = QHBoxLayout()
        row.addWidget(self.none_button)
        row.addStretch()
        row.addWidget(self.cancel_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.LARGE)
        column.setSpacing(theme.MEDIUM)
        for words in (self._title, self._ask, self.refusal):
            words.setFixedWidth(_WIDTH)
            column.addWidget(words)
        column.addLayout(row)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)
        self.refusal.hide()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def refuse(self, why: str) -> None:
        """Say why that key will not do, and wait for another."""
        self.refusal.setText(why)
        self.refusal.show()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride:
            event.accept()  # before a menu takes it
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() == Qt.Key.Key_Escape:
            self.reject()
            return
        key = key_of(event)
        if key:
            self.pressed.emit(key)
