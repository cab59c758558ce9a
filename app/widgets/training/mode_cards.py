"""Scratch, transfer, fine-tune in plain words; one is chosen, by a click, an arrow key or Space."""

from collections.abc import Mapping

from msgspec import Struct
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.widgets.parts import Card, Glyph, badge, label

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
_ICON = 16  # pixels


class ModeText(Struct, frozen=True, kw_only=True):
    """What a card says. ``good``: what the mode is good for."""

    title: str
    text: str
    good: str
    needs: str


class Remark(QWidget):
    """A small icon and a line or two in small print."""

    def __init__(self, icon: str, role: str = "muted") -> None:
        super().__init__()
        self._text = label("", "caption", wrap=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        row.addWidget(Glyph(icon, role, side=_ICON), alignment=Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)

    @property
    def text(self) -> str:
        return self._text.text()

    def say(self, text: str) -> None:
        self._text.setText(text)


class ModeCard(Card):
    """One mode. Its frame and a badge tell that it is chosen."""

    chosen = Signal(str)
    stepped = Signal(int)  # an arrow key: to the card before (-1) or after (1)

    def __init__(self, mode: str, words: ModeText, parent: QWidget | None = None) -> None:
        super().__init__(words.title, parent)
        self.mode = mode
        self.setProperty("mode", True)
        self.setAccessibleName(words.title)
        self.setAccessibleDescription(f"{words.text} {words.good} {words.needs}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._tip = f"{words.text} {words.good} {words.needs}"
        self._badge = badge(self.tr("chosen"), "accent")
        room = self._badge.sizePolicy()
        room.setRetainSizeWhenHidden(True)  # or the card would grow when it is chosen
        self._badge.setSizePolicy(room)
        self.head.addWidget(self._badge)
        self._text = label(words.text, "muted", wrap=True)
        self._good, self._needs = Remark("seal-check"), Remark("images")
        self._good.say(words.good)
        self._needs.say(words.needs)
        self.cost, self.advice = Remark("clock"), Remark("lightning", "good")
        self.body.addWidget(self._text)
        remarks = QVBoxLayout()
        remarks.setSpacing(theme.TIGHT)
        for remark in (self._good, self._needs, self.cost, self.advice):
            remarks.addWidget(remark)
        self.body.addLayout(remarks)
        self.body.addStretch()
        self.set_chosen(False)

    @property
    def is_chosen(self) -> bool:
        return bool(self.property("chosen"))

    def set_chosen(self, chosen: bool) -> None:
        self.setProperty("chosen", chosen)
        self._badge.setVisible(chosen)
        # One stop for Tab, as in every group of radio buttons; the ring is for the keyboard.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if chosen else Qt.FocusPolicy.NoFocus)
        self.style().polish(self)

    def set_compact(self, compact: bool) -> None:
        """Only the title and what it costs: for those who know the rest."""
        for part in (self._text, self._good, self._needs):
            part.setVisible(not compact)
        self.setToolTip(self._tip if compact else "")

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, super().minimumSizeHint().height())

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self.chosen.emit(self.mode)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(self.mode)
        elif event.key() in _STEPS:
            self.stepped.emit(_STEPS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)


class ModeCards(QWidget):
    """The three modes in a row, of one height and one width."""

    changed = Signal(str)  # the user chose another mode

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.MEDIUM)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.cards = {mode: ModeCard(mode, words) for mode, words in self._words().items()}
        for card in self.cards.values():
            card.chosen.connect(self._choose_by_hand)
            card.stepped.connect(self._step)
            row.addWidget(card, 1)
        self.mode = ""
        self.choose("transfer")

    def choose(self, mode: str) -> None:
        had_focus = any(card.hasFocus() for card in self.cards.values())
        self.mode = mode
        for name, card in self.cards.items():
            card.set_chosen(name == mode)
        if had_focus:
            self.cards[mode].setFocus(Qt.FocusReason.TabFocusReason)

    def set_compact(self, compact: bool) -> None:
        for card in self.cards.values():
            card.set_compact(compact)

    def show_costs(self, costs: Mapping[str, str]) -> None:
        """Mode -> what an earlier run took; without one, words in place of a number."""
        guesses = {
            "scratch": self.tr("Minutes to hours"),
            "transfer": self.tr("Seconds to minutes"),
            "finetune": self.tr("Minutes to hours"),
        }
        for mode, card in self.cards.items():
            card.cost.say(costs.get(mode) or guesses[mode])

    def advise(self, mode: str, why: str) -> None:
        """Mark one as recommended; the others keep the room, so that nothing jumps."""
        for name, card in self.cards.items():
            card.advice.say(why if name == mode else "")
            card.advice.setVisible(bool(why) and name == mode)

    def _choose_by_hand(self, mode: str) -> None:
        if mode != self.mode:
            self.choose(mode)
            self.changed.emit(mode)

    def _step(self, by: int) -> None:
        modes = list(self.cards)
        self._choose_by_hand(modes[(modes.index(self.mode) + by) % len(modes)])

    def _words(self) -> dict[str, ModeText]:
        return {
            "scratch": ModeText(
                title=self.tr("From scratch"),
                text=self.tr("Learn everything from your pictures alone."),
                good=self.tr("For pictures unlike any photo: X-ray, spectra, microscopes"),
                needs=self.tr("Thousands of pictures"),
            ),
            "transfer": ModeText(
                title=self.tr("Transfer"),
                text=self.tr("Keep a trained model as it is and teach only its last layers."),
                good=self.tr("For few pictures and a quick first answer"),
                needs=self.tr("Tens of pictures a class, and start weights"),
            ),
            "finetune": ModeText(
                title=self.tr("Fine-tune"),
                text=self.tr("Start from a trained model and adapt all of it gently."),
                good=self.tr("For the best result, usually"),
                needs=self.tr("Hundreds of pictures a class, and start weights"),
            ),
        }
