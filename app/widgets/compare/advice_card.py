"""What follows from a comparison, what it rests on, and what must be known before ranking."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.translations import said
from app.widgets.fold import Fold
from app.widgets.parts import Card, Glyph, badge, label, set_badge
from app.widgets.sorted_table import Column, SortedTable
from app.widgets.trouble import breakable
from core.domain.comparison import Comparison, Difference

MOST_DIFFERENCES = 8  # seen at once; the others by scrolling


class AdviceCard(Card):
    """One paragraph, on which images it stands, and the warnings."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Advice"), parent)
        self.text = label("", wrap=True)
        self.text.setProperty("data", True)  # a sentence of core
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.judge = badge("", "good")
        self._warnings = QWidget()
        self._rows = QVBoxLayout(self._warnings)
        self._rows.setContentsMargins(0, theme.TIGHT, 0, 0)
        self._rows.setSpacing(theme.SMALL)
        self.body.addWidget(self.text)
        self.body.addWidget(self.judge, alignment=Qt.AlignmentFlag.AlignLeft)
        self.body.addWidget(self._warnings)

    @property
    def warnings(self) -> list[str]:
        items = (self._rows.itemAt(place) for place in range(self._rows.count()))
        return [row.accessibleName() for item in items if item is not None and (row := item.widget()) is not None]

    def show_comparison(self, comparison: Comparison) -> None:
        self.text.setText(said(comparison.advice) or self.tr("There is nothing to advise."))
        on_test = comparison.split == "test"
        if comparison.test_images and on_test:
            words = self.tr("same locked test set, %n image(s)", "", comparison.test_images)
        elif comparison.test_images:
            words = self.tr("validation images only, %n image(s)", "", comparison.test_images)
        else:
            words = self.tr("not judged on the same images")
        set_badge(self.judge, words, "good" if comparison.test_images and on_test else "caution")
        while (item := self._rows.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        for warning in comparison.warnings:
            self._rows.addWidget(_warning(said(warning)))
        self._warnings.setVisible(bool(comparison.warnings))


class DifferencesFold(Fold):
    """Every two runs: the second minus the first, its interval, and whether that leaves out zero."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Differences"), parent)
        self.table: SortedTable[Difference] = SortedTable(lambda one: (one.a, one.b))
        self.table.setAccessibleName(self.tr("Differences"))
        self.inside.addWidget(self.table)
        self.inside.addWidget(
            label(
                self.tr(
                    "Above zero: the first is better. Paired on the same images; a tick: certain, for the 95 % "
                    "interval leaves out zero."
                ),
                "caption",
                wrap=True,
            )
        )

    def show_differences(self, differences: Sequence[Difference], names: Mapping[str, str]) -> None:
        """``names``: short name of each run id; a group goes by its first run."""

        def name(one: Difference) -> str:
            return f"{names.get(one.b, one.b)} − {names.get(one.a, one.a)}"

        columns: list[Column[Difference]] = [
            Column("", lambda one: "", lambda one: one.is_certain, tip=self._certainty, icon=_certainty_icon),
            Column(self.tr("Difference of"), name, name, wide=True),
            Column(self.tr("Value"), lambda one: f"{one.value:+.3f}", lambda one: one.value, number=True),
            Column(
                self.tr("95 % interval"),
                lambda one: f"{one.low:+.2f} … {one.high:+.2f}",
                lambda one: one.low,
                number=True,
            ),
        ]
        self.table.show_rows(differences, columns)
        self.table.setFixedHeight(self.table.height_for(max(min(len(differences), MOST_DIFFERENCES), 1)))
        certain = sum(one.is_certain for one in differences)
        self.summary.set_whole(self.tr("{0} of {1} certain").format(certain, len(differences)))
        self.setVisible(bool(differences))

    def _certainty(self, difference: Difference) -> str:
        if difference.is_certain:
            return self.tr("Certain: the interval leaves out zero.")
        return self.tr("Not certain: zero lies within the interval.")


def _certainty_icon(difference: Difference) -> QIcon:
    return theme.icon("check-circle", "good") if difference.is_certain else theme.icon("question", "muted")


def _warning(text: str) -> QWidget:
    made = QWidget()
    made.setAccessibleName(text)
    words = label(breakable(text), "muted", wrap=True)
    words.setProperty("data", True)  # a sentence of core, with names of runs in it
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(theme.SMALL)
    row.addWidget(Glyph("warning", "caution", 16), alignment=Qt.AlignmentFlag.AlignTop)
    row.addWidget(words, 1)
    return made
