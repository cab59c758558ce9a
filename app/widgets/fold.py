"""A card that shows its title alone until it is opened."""

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.widgets.elided import ElidedLabel
from app.widgets.parts import Card, button


class Fold(Card):
    """Add to ``inside``; ``summary`` says in a few words what the user would find there."""

    opened = Signal(bool)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.head_button = button(title, "caret-right")
        self.head_button.setProperty("quiet", True)
        self.head_button.setCheckable(True)
        self.head_button.setIconSize(QSize(16, 16))
        theme.make_semibold(self.head_button)
        self.summary = ElidedLabel(role="muted")
        self.head.addWidget(self.head_button)
        self.head.addWidget(self.summary, 1)
        holder = QWidget()
        self.inside = QVBoxLayout(holder)
        self.inside.setSpacing(theme.SMALL)
        self.body.setContentsMargins(theme.TIGHT, theme.SMALL, theme.LARGE, theme.SMALL)
        self.inside.setContentsMargins(theme.MEDIUM, 0, 0, theme.SMALL)
        self.body.addLayout(self.head)
        self.body.addWidget(holder)
        holder.hide()
        self._holder = holder
        self.head_button.toggled.connect(self._show)

    def _show(self, shown: bool) -> None:
        self._holder.setVisible(shown)
        self.head_button.setIcon(theme.icon("caret-down" if shown else "caret-right", "text"))
        self.opened.emit(shown)
