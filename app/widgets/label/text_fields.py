"""Whether keys belong to a field that somebody types into."""

from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

_FIELDS = (QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTextEdit)


def is_typing(page: QWidget) -> bool:
    """Single letters must not act on a picture while a name is written beside it."""
    return isinstance(page.window().focusWidget(), _FIELDS)
