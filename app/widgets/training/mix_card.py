"""A run that starts from an earlier one: on which pictures, and what keeps it from forgetting what that one knew."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QSpinBox, QWidget

from app import theme
from app.run_edits import Acquaintance
from app.translations import said
from app.widgets.parts import Card, Glyph, label
from app.widgets.segments import Segments
from core.domain.data_choice import NO_MIX, DataChoice, Mix, PerClass, Share

USUAL_SHARE, USUAL_COUNT = 25, 20  # %, images a class
MOST_COUNT = 10_000


class MixCard(Card):
    """``changed``: the user chose other pictures; ``choice`` is what was chosen."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._known: Acquaintance | None = None
        self.scopes = Segments({"all": self.tr("All pictures"), "new": self.tr("Only new ones")})
        self.mixes = Segments(
            {
                "all": self.tr("All old"),
                "share": self.tr("A share"),
                "per_class": self.tr("Some a class"),
                "none": self.tr("None"),
            }
        )
        self._hint, self._mix_hint = label("", "muted", wrap=True), label("", "muted", wrap=True)
        self.note = QFrame()
        self._warning = label("", wrap=True)
        self.share = self._number(self.tr("Share of the old pictures"), " %", 1, 100, USUAL_SHARE)
        self.count = self._number(self.tr("Old pictures of each class"), "", 1, MOST_COUNT, USUAL_COUNT)
        self._place()
        for segments in (self.scopes, self.mixes):
            segments.chosen.connect(self._tell)
        self._show()

    @property
    def choice(self) -> DataChoice | None:
        """``None``: all pictures."""
        if self.scopes.value != "new":
            return None
        return DataChoice(new_only=True, mix=self._mix())

    def show_acquaintance(self, known: Acquaintance | None, number: int) -> None:
        """``number``: of the earlier run; ``None`` while the pictures are being looked at."""
        self._known = known
        if known is None:
            self._hint.setText(self.tr("Looking at what run {} learned from…").format(number))
        elif known.new:
            new = self.tr("%n new picture(s)", "", known.new)
            self._hint.setText(self.tr("{0}; run {1} learned from the other {2}.").format(new, number, known.old))
        else:
            self._hint.setText(self.tr("Run {} learned from all of them: none is new.").format(number))
        self.scopes.buttons["new"].setEnabled(known is None or known.new > 0)
        if known is not None and not known.new and self.scopes.value == "new":
            self.scopes.choose("all")
        self._show()

    def _show(self) -> None:
        only_new = self.scopes.value == "new"
        known = self._known
        risk = None if known is None else known.risk if not only_new or known.risk else known.risk_of_new
        mends = only_new and self._mix() != NO_MIX and known is not None and known.risk is None
        self._warning.setText(f"{said(risk.cause)} {said(risk.remedy)}" if risk is not None else "")
        self.note.setVisible(risk is not None and not mends)
        for part in self._mix_parts:
            part.setVisible(only_new)
        self.share.setVisible(only_new and self.mixes.value == "share")
        self.count.setVisible(only_new and self.mixes.value == "per_class")
        self._mix_hint.setText(self._mix_words())

    def _mix(self) -> Mix:
        if self.mixes.value == "all":
            return Share(1.0)
        if self.mixes.value == "share":
            return Share(self.share.value() / 100)
        return PerClass(self.count.value()) if self.mixes.value == "per_class" else NO_MIX

    def _mix_words(self) -> str:
        if self.mixes.value == "all":
            return self.tr("Keeps what it knew best, and takes the longest.")
        if self.mixes.value == "share":
            return self.tr("Of each class alike.")
        if self.mixes.value == "per_class":
            return self.tr("Those that differ most from each other.")
        return self.tr("The quickest, and what it knew may be lost.")

    def _tell(self, value: object = None) -> None:
        self._show()
        self.changed.emit()

    def _place(self) -> None:
        self.note.setObjectName("note")
        self.note.setProperty("kind", "caution")
        row = QHBoxLayout(self.note)
        row.setContentsMargins(theme.MEDIUM, theme.SMALL, theme.MEDIUM, theme.SMALL)
        row.setSpacing(theme.SMALL)
        row.addWidget(Glyph("warning", "caution", 16))
        row.addWidget(self._warning, 1)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.LARGE)
        grid.setVerticalSpacing(theme.SMALL)
        grid.setColumnStretch(2, 1)
        remark = QWidget()
        inner = QHBoxLayout(remark)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme.SMALL)
        for number in (self.share, self.count):
            inner.addWidget(number)
        inner.addWidget(self._mix_hint, 1)
        self._mix_parts = (label(self.tr("Mix in")), self.mixes, remark)
        grid.addWidget(label(self.tr("Learn from")), 0, 0)
        grid.addWidget(self.scopes, 0, 1)
        grid.addWidget(self._hint, 0, 2)
        for column, part in enumerate(self._mix_parts):
            grid.addWidget(part, 1, column)
        self.body.addLayout(grid)
        self.body.addWidget(self.note)

    def _number(self, name: str, unit: str, least: int, most: int, usual: int) -> QSpinBox:
        made = QSpinBox()
        made.setRange(least, most)
        made.setValue(usual)
        made.setSuffix(unit)
        made.setAccessibleName(name)
        made.setToolTip(name)
        made.lineEdit().setTextMargins(theme.SMALL, 0, 0, 0)
        made.setFixedWidth(88)
        made.valueChanged.connect(self._tell)
        return made
