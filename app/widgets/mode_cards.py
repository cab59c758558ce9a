"""Scratch, transfer, fine-tune in plain words; one is chosen."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app import theme
from app.widgets.parts import Card, label

MODE_CARD_HEIGHT = 136  # pixels: three lines of text in the narrowest window


class ModeCard(Card):
    """One mode; a click, Space or Enter chooses it."""

    chosen = Signal(str)

    def __init__(self, mode: str, title: str, text: str, needs: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.mode = mode
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(title)
        self.body.addWidget(label(text, "muted", wrap=True))
        self.body.addStretch()
        self.setMinimumHeight(MODE_CARD_HEIGHT)
        self.body.addWidget(label(needs, "caption", wrap=True))

    def set_chosen(self, chosen: bool) -> None:
        self.setProperty("chosen", chosen)
        self.style().polish(self)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self.chosen.emit(self.mode)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(self.mode)
        else:
            super().keyPressEvent(event)


class ModeCards(QWidget):
    """The three modes in a row of one height."""

    changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.MEDIUM)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.cards = {card.mode: card for card in self._make()}
        for card in self.cards.values():
            card.chosen.connect(self.choose)
            row.addWidget(card, 1)
        self.mode = "transfer"
        self.choose(self.mode)

    def choose(self, mode: str) -> None:
        self.mode = mode
        for name, card in self.cards.items():
            card.set_chosen(name == mode)
        self.changed.emit(mode)

    def _make(self) -> list[ModeCard]:
        return [
            ModeCard(
                "scratch",
                self.tr("From scratch"),
                self.tr("Learn everything from your pictures alone. For pictures unlike any photo: X-ray, spectra."),
                self.tr("Needs thousands of pictures"),
            ),
            ModeCard(
                "transfer",
                self.tr("Transfer"),
                self.tr("Keep a trained backbone as it is, learn only the last layers. Fast, good with few pictures."),
                self.tr("Needs tens of pictures a class"),
            ),
            ModeCard(
                "finetune",
                self.tr("Fine-tune"),
                self.tr("Start from a trained model and adapt all of it gently. Usually the best result."),
                self.tr("Needs tens to hundreds of pictures a class"),
            ),
        ]
