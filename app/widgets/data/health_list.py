"""Findings as cards: how bad, how many, why it matters, what to do about it."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from app import theme
from app.widgets.data.finding_texts import ICONS, ROLES, remedy_of, severity_of, title_of, why_of
from app.widgets.parts import Card, button, label
from core.domain.dataset import Finding

SHOWN = 10  # findings; more behind a fold


class Remedy(Struct, frozen=True):
    """A button of a finding that does what it says."""

    text: str
    act: Callable[[], object]


class FindingCard(QFrame):
    """Closed: icon, title, number. Chosen: why, remedy and buttons as well."""

    clicked = Signal()

    def __init__(
        self, finding: Finding, remedies: Sequence[Remedy], *, open_at_once: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.finding = finding
        self.setObjectName("finding")
        self.setProperty("severity", finding.severity)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        title = title_of(finding.kind)
        self.setAccessibleName(f"{severity_of(finding)}: {title}, {finding.count:,}")
        self._icon, self._title, count = QLabel(), label(title, wrap=True), label(f"{finding.count:,}", "muted")
        theme.make_semibold(self._title)
        count.setProperty("data", True)
        head = QHBoxLayout()
        head.setSpacing(theme.SMALL)
        head.addWidget(self._icon, alignment=Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._title, 1)
        head.addWidget(count, alignment=Qt.AlignmentFlag.AlignTop)
        self._more = QWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SMALL, theme.TIGHT, theme.SMALL, theme.TIGHT)
        column.setSpacing(theme.TIGHT)
        column.addLayout(head)
        column.addWidget(self._more)
        self._fill_more(remedies)
        self._draw_icon()
        self._more.setVisible(open_at_once)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def _fill_more(self, remedies: Sequence[Remedy]) -> None:
        inner = QVBoxLayout(self._more)
        inner.setContentsMargins(16 + theme.SMALL, 0, 0, theme.TIGHT)
        inner.setSpacing(theme.TIGHT)
        inner.addWidget(label(why_of(self.finding), wrap=True))
        inner.addWidget(label(remedy_of(self.finding), "muted", wrap=True))
        self.buttons = []
        for remedy in (*remedies, Remedy(self.tr("Where…"), self._show_places)):
            made = button(remedy.text)
            made.setProperty("quiet", True)
            made.clicked.connect(lambda checked=False, act=remedy.act: act())
            inner.addWidget(made, alignment=Qt.AlignmentFlag.AlignLeft)
            self.buttons.append(made)

    @property
    def is_open(self) -> bool:
        return not self._more.isHidden()

    def set_open(self, is_open: bool) -> None:
        self._more.setVisible(is_open)

    def set_chosen(self, chosen: bool) -> None:
        self.setProperty("chosen", chosen)
        self.style().polish(self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_icon"):
            self._draw_icon()

    def _draw_icon(self) -> None:
        severity = self.finding.severity
        ratio = self.devicePixelRatioF()
        self._icon.setPixmap(theme.picture(ICONS[severity], ROLES[severity], side=16, ratio=ratio))

    def _show_places(self) -> None:
        PlacesDialog(self.finding, self).open()


class HealthCard(Card):
    """``finding_chosen``: kind of the finding whose pictures should be shown, or empty."""

    finding_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.cards: list[FindingCard] = []
        self._state = label("", "muted")
        self.head.addWidget(label(self.tr("Health"), "section"))
        self.head.addStretch()
        self.head.addWidget(self._state)
        self.body.addLayout(self.head)
        self._list = QVBoxLayout()
        self._list.setSpacing(theme.TIGHT)
        self.body.addLayout(self._list)
        self.fold = button("")
        self.fold.setProperty("quiet", True)
        self.fold.setCheckable(True)
        self.fold.toggled.connect(self._show_folded)
        self.body.addWidget(self.fold, alignment=Qt.AlignmentFlag.AlignLeft)
        self._good = label(self.tr("Nothing to complain about."), "muted", wrap=True)
        self.body.addWidget(self._good)
        self.show_checking()

    def show_checking(self) -> None:
        """What was found before stays, until the new result is there."""
        self._state.setText(self.tr("Checking…"))
        self._good.hide()
        self.fold.setVisible(len(self.cards) > SHOWN)

    def show_findings(self, findings: Sequence[Finding], remedies: Mapping[str, Sequence[Remedy]]) -> None:
        opened = {card.finding.kind for card in self.cards if card.is_open}
        for card in self.cards:
            self._list.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = []
        for finding in findings:
            card = FindingCard(finding, remedies.get(finding.kind, ()), open_at_once=finding.kind in opened)
            card.clicked.connect(lambda card=card: self._toggle(card))
            self._list.addWidget(card)
            self.cards.append(card)
        self._state.setText(self.tr("%n finding(s)", "", len(findings)) if findings else "")
        self._good.setVisible(not findings)
        self._show_folded()

    def set_chosen(self, kind: str) -> None:
        for card in self.cards:
            card.set_chosen(card.finding.kind == kind)

    def _toggle(self, card: FindingCard) -> None:
        opening = not card.is_open
        for other in self.cards:
            other.set_open(other is card and opening)
        self.finding_chosen.emit(card.finding.kind if opening else "")

    def _show_folded(self) -> None:
        for place, card in enumerate(self.cards):
            card.setVisible(place < SHOWN or self.fold.isChecked())
        self.fold.setVisible(len(self.cards) > SHOWN)
        more = self.tr("%n more", "", len(self.cards) - SHOWN)
        self.fold.setText(self.tr("Show fewer") if self.fold.isChecked() else more)


class PlacesDialog(QDialog):
    """The files, lines or classes that a finding names; to be copied from."""

    def __init__(self, finding: Finding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title_of(finding.kind))
        self.text = QPlainTextEdit("\n".join(_lines(finding)))
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName(title_of(finding.kind))
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.LARGE, theme.LARGE, theme.LARGE, theme.LARGE)
        column.setSpacing(theme.MEDIUM)
        column.addWidget(label(why_of(finding), wrap=True))
        column.addWidget(self.text, 1)
        left_out = finding.count - len(finding.images)
        if left_out > 0:
            column.addWidget(label(self.tr("… and %n more", "", left_out), "muted"))
        close = button(self.tr("Close"), primary=True)
        close.setDefault(True)
        close.clicked.connect(self.accept)
        column.addWidget(close, alignment=Qt.AlignmentFlag.AlignRight)
        self.resize(640, 420)


def _lines(finding: Finding) -> list[str]:
    details = [*finding.details, *[""] * (len(finding.images) - len(finding.details))]
    return [f"{place}    {detail}".rstrip() for place, detail in zip(finding.images, details, strict=True)]
