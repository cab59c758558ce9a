"""One run's report in a column: the figures that matter, who was taken for whom, precision over recall."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.translations import said
from app.widgets.metric_words import UNDEFINED, figure, metric_meaning, metric_name, span
from app.widgets.parts import Card, Glyph, label
from app.widgets.plots.confusion_matrix import ConfusionMatrix
from core.domain.report import MAIN_METRIC, Parity, PrCurve, Report, SplitReport
from core.domain.run import number_of
from core.domain.task import Split, Task

if TYPE_CHECKING:
    from app.widgets.plots.pr_plot import PrPlot  # pyqtgraph, which only boxes need

QWIDGETSIZE_MAX = 16_777_215  # Qt's word for no limit
TALL = 900  # pixels of height from which matrix and curves stand one below the other


def part_of(report: Report, split: Split) -> SplitReport | None:
    """What the report says about a split; ``None`` where there was not a picture of it."""
    part = report.test if split is Split.TEST else report.val
    return part if part is not None and part.images else None


class Tile(QWidget):
    """One figure: its name above, what it stands on below, what it means in its tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._value, self._remark = label("", "caption"), label(UNDEFINED, "figure"), label("", "caption")
        self._name.setWordWrap(True)
        self._remark.setWordWrap(True)
        self._value.setProperty("data", True)
        self._icon = Glyph("check-circle")
        figures = QHBoxLayout()
        figures.setSpacing(theme.SMALL)
        figures.addWidget(self._icon)
        figures.addWidget(self._value, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._name)
        column.addLayout(figures)
        column.addWidget(self._remark)
        column.addStretch()

    def say(self, name: str, value: str, remark: str, meaning: str, icon: tuple[str, str] | None = None) -> None:
        """``icon``: name and role, as in ``theme.icon``."""
        self._name.setText(name)
        self._value.setText(value)
        self._remark.setText(remark)
        self._icon.setVisible(icon is not None)
        if icon is not None:
            self._icon.become(*icon)
        self.setToolTip(meaning)
        self.setAccessibleName(f"{name}: {value}. {remark}")

    @property
    def value(self) -> str:
        return self._value.text()

    @property
    def remark(self) -> str:
        return self._remark.text()


class ReportView(QWidget):
    """``split_wanted`` asks for the report on the other part; ``cell_chosen`` tells (truth, predicted)."""

    split_wanted = Signal(object)  # Split
    cell_chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tiles = [Tile() for _ in range(4)]
        self.matrix = ConfusionMatrix()
        self.matrix.chosen.connect(self.cell_chosen)
        self.curves: PrPlot | None = None
        self.split_buttons, self.chart_buttons = self._switches()
        self._title, self._note = label("", "section"), label("", "caption", wrap=True)
        self._title.setProperty("data", True)
        self.forgetting = label("", "caption", wrap=True)
        self.forgetting.setProperty("data", True)
        self.forgetting.hide()
        self._curves: tuple[PrCurve, ...] = ()
        self._plotted = False  # whether ``curves`` shows them: it is not made before it is looked at
        self._in_front: str | None = None
        self._charts = Card()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.MEDIUM)
        column.addWidget(self._figures_card())
        column.addWidget(self._charts_card(), 1)

    def show_report(self, report: Report, split: Split) -> None:
        """The report on ``split``, which it must have."""
        part = part_of(report, split)
        assert part is not None
        self._title.setText(self.tr("Run {}").format(number_of(report.run)))
        for each, button in self.split_buttons.items():
            button.setChecked(each is split)
            button.setEnabled(part_of(report, each) is not None)
        self._say_who_judges(report, split)
        self._show_tiles(report, part)
        boxes = report.task is Task.DETECTION
        self.matrix.set_matrix(part.confusion, report.classes, self.tr("background") if boxes else "")
        self._curves = part.curves if boxes else ()
        self._plotted, self._in_front = False, None
        self._arrange()

    def show_forgetting(self, words: str) -> None:
        """What the run lost of what its ancestor knew; empty where it has none."""
        self.forgetting.setText(said(words))
        self.forgetting.setVisible(bool(words))

    def show_class(self, name: str | None) -> None:
        """Bring a class's curve to the front; ``None`` gives that up."""
        self._in_front = name
        if self._curves and name is not None:
            self.chart_buttons["curves"].setChecked(True)
        if self.curves is not None:
            self.curves.highlight(name)
        self._arrange()

    def clear_cell(self) -> None:
        """No cell is chosen any more."""
        self.matrix.select(None)

    def _say_who_judges(self, report: Report, split: Split) -> None:
        self.split_buttons[Split.TEST].setToolTip(
            self.tr("The test set judges: no run ever saw its pictures.")
            if part_of(report, Split.TEST)
            else self.tr("This run had no test pictures.")
        )
        if split is Split.TEST:
            self._note.setText(self.tr("The test set judges: no run ever saw its pictures."))
        elif part_of(report, Split.TEST):
            self._note.setText(self.tr("Validation chose the best epoch, so its figures are a little too good."))
        else:
            self._note.setText(
                self.tr("No test set: these pictures chose the best epoch, so the figures are a little too good.")
            )

    # Tiles

    def _show_tiles(self, report: Report, part: SplitReport) -> None:
        boxes = report.task is Task.DETECTION
        second = "mAP50" if boxes else "macro_f1"
        for tile, metric in zip(self.tiles, (MAIN_METRIC[report.task], second), strict=False):
            interval = span(part.intervals.get(metric))
            images = self.tr("%n image(s)", "", part.images)
            known = self.tr("95 %: {}").format(interval) if interval else self.tr("too few for an interval")
            remark = f"{known} · {images}" if tile is self.tiles[0] else known
            meaning = f"{metric_meaning(metric)} {metric_meaning('interval')}"
            tile.say(metric_name(metric), figure(part.metrics.get(metric)), remark, meaning)
        if boxes:
            self._show_precision(part)
        else:
            self._show_weakest(part)
        self._show_parity(report.parity)

    def _show_precision(self, part: SplitReport) -> None:
        values = [part.metrics.get(name) for name in ("precision", "recall")]
        text = " / ".join(UNDEFINED if value is None else f"{value:.2f}" for value in values)
        threshold = UNDEFINED if part.threshold is None else f"{part.threshold:.2f}"
        remark = self.tr("boxes surer than {}").format(threshold)
        meaning = f"{metric_meaning('precision')} {metric_meaning('recall')}"
        self.tiles[2].say(self.tr("Precision / recall"), text, remark, meaning)

    def _show_weakest(self, part: SplitReport) -> None:
        known = [scores for scores in part.classes if scores.recall is not None]
        weakest = min(known, key=lambda scores: scores.recall or 0.0, default=None)
        self.tiles[2].say(
            self.tr("Lowest recall"),
            figure(weakest.recall if weakest else None),
            self.tr("class “{}”").format(weakest.name) if weakest else "",
            f"{metric_meaning('recall')} {self.tr('This is the class that was found least.')}",
        )

    def _show_parity(self, parity: Parity | None) -> None:
        name = self.tr("Parity")
        meaning = self.tr("Parity: the ONNX file must answer as the trained network does, within a small tolerance.")
        if parity is None:
            self.tiles[3].say(name, UNDEFINED, self.tr("not measured"), meaning)
            return
        words = self.tr("Passed") if parity.passed else self.tr("Failed")
        icon = ("check-circle", "good") if parity.passed else ("x-circle", "bad")
        remark = self.tr("differs by {0} at most, allowed {1}").format(
            f"{parity.max_abs_diff:.1e}", f"{parity.tolerance:.0e}"
        )
        self.tiles[3].say(name, words, remark, meaning, icon)

    # Building

    def _switches(self) -> tuple[dict[Split, QPushButton], dict[str, QPushButton]]:
        splits = {Split.TEST: self.tr("Test"), Split.VAL: self.tr("Validation")}
        charts = {"confusion": self.tr("Confusion"), "curves": self.tr("Precision over recall")}
        split_buttons = {split: _segment(text, place) for place, (split, text) in enumerate(splits.items())}
        chart_buttons = {name: _segment(text, place) for place, (name, text) in enumerate(charts.items())}
        self._groups = QButtonGroup(self), QButtonGroup(self)
        for button in split_buttons.values():
            self._groups[0].addButton(button)
        for button in chart_buttons.values():
            self._groups[1].addButton(button)
        split_buttons[Split.VAL].setToolTip(self.tr("The pictures by which the run chose its best epoch."))
        chart_buttons["confusion"].setChecked(True)
        chart_buttons["confusion"].setToolTip(self.tr("Which class was taken for which; a click shows the pictures."))
        chart_buttons["curves"].setToolTip(
            self.tr("What precision costs in recall: a curve that stays high and far to the right is good.")
        )
        self._groups[0].buttonClicked.connect(self._ask_for_split)
        self._groups[1].buttonClicked.connect(self._arrange)
        return split_buttons, chart_buttons

    def _figures_card(self) -> Card:
        card = Card()
        head = QHBoxLayout()
        head.setSpacing(0)
        head.addWidget(self._title, 1)
        for button in self.split_buttons.values():
            head.addWidget(button)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.LARGE)
        grid.setVerticalSpacing(theme.SMALL)
        for place, tile in enumerate(self.tiles):
            grid.addWidget(tile, place // 2, place % 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        card.body.addLayout(head)
        card.body.addWidget(self._note)
        card.body.addLayout(grid)
        card.body.addWidget(self.forgetting)
        return card

    def _charts_card(self) -> Card:
        head = QHBoxLayout()
        head.setSpacing(0)
        self._matrix_title = label(self.tr("Confusion"), "section")
        self._hint = label(self.tr("click a cell"), "muted")
        head.addWidget(self._matrix_title)
        for button in self.chart_buttons.values():
            head.addWidget(button)
        head.addStretch()
        head.addWidget(self._hint)
        self._charts.body.addLayout(head)
        self._charts.body.addWidget(self.matrix, 1)
        self._curves_title = label(self.tr("Precision over recall"), "section")
        self._charts.body.addWidget(self._curves_title)
        return self._charts

    def _plot(self) -> "PrPlot":
        if self.curves is None:
            from app.widgets.plots.pr_plot import PrPlot

            self.curves = PrPlot()
            self.curves.setMinimumHeight(200)
            self._charts.body.addWidget(self.curves, 1)
        return self.curves

    def _ask_for_split(self, button: QPushButton) -> None:
        self.split_wanted.emit(next(split for split, each in self.split_buttons.items() if each is button))

    def _arrange(self) -> None:
        """Both charts where there is room for both, else the one that was asked for."""
        both = bool(self._curves) and self.height() >= TALL
        switch = bool(self._curves) and not both
        curves = both or (switch and self.chart_buttons["curves"].isChecked())
        matrix = both or not curves
        for button in self.chart_buttons.values():
            button.setVisible(switch)
        self._matrix_title.setVisible(not switch)
        self._hint.setVisible(not switch)
        self.matrix.setVisible(matrix)
        self.matrix.setMaximumHeight(self.matrix.sizeHint().height() if both else QWIDGETSIZE_MAX)
        self._curves_title.setVisible(both)
        if curves and not self._plotted:
            self._plotted = True
            self._plot().set_curves(self._curves)
            self._plot().highlight(self._in_front)
        if self.curves is not None:
            self.curves.setVisible(curves)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._arrange()


def _segment(text: str, place: int) -> QPushButton:
    made = QPushButton(text)
    made.setCheckable(True)
    made.setProperty("segment", ("first", "last")[place])
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    return made
