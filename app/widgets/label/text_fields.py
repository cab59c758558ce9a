"""Whether keys belong to a field that somebody types into."""

from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit

_FIELDS = (QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTextEdit)


def is_typing() -> bool:
    """Single letters must not act on a picture while a name is written."""
    return isinstance(QApplication.focusWidget(), _FIELDS)
