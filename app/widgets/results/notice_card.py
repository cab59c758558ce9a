"""What stands in an empty place."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QWidget

from app import theme
from app.widgets.parts import Card, Glyph, button, label


class NoticeCard(Card):
    """What stands in an empty place: icon, one sentence, what to do, and perhaps a button that does it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._icon = Glyph("chart-bar", side=40)
        self.title, self.text = label("", "section", wrap=True), label("", "muted", wrap=True)
        self.action = button(self.tr("Go to Train"), "graduation-cap")
        self._do: Callable[[], object] | None = None
        self.action.clicked.connect(self._act)
        middle = Qt.AlignmentFlag.AlignHCenter
        self.body.addStretch()
        self.body.addWidget(self._icon, alignment=middle)
        for part in (self.title, self.text):
            part.setAlignment(middle)
            self.body.addWidget(part)
        self.body.addSpacing(theme.SMALL)
        self.body.addWidget(self.action, alignment=middle)
        self.body.addStretch()

    def say(
        self,
        icon: str,
        title: str,
        text: str = "",
        action: Callable[[], object] | None = None,
        role: str = "muted",
        *,
        words: str = "",
    ) -> None:
        """``action``: called by the button, which is there only with it; ``words`` stand on it, *Go to Train* else."""
        self._icon.become(icon, role)
        self.title.setText(title)
        self.text.setText(text)
        self.text.setVisible(bool(text))
        self.action.setText(words or self.tr("Go to Train"))
        self.action.setIcon(QIcon() if words else theme.icon("graduation-cap", "text"))
        self.action.setVisible(action is not None)
        self._do = action

    def _act(self) -> None:
        if self._do is not None:
            self._do()
