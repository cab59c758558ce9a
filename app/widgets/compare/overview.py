"""All compared runs at a glance: the table, quality against price, and the advice that follows."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.widgets.compare.advice_card import AdviceCard, DifferencesFold
from app.widgets.compare.compare_table import CompareTable
from app.widgets.compare.lines import Line, apart, lines_of, names_in_differences, short_titles, time_unit, title_of
from app.widgets.elided import ElidedLabel
from app.widgets.metric_words import metric_meaning, metric_name
from app.widgets.parts import Card, Glyph, label
from app.widgets.plots.pareto_plot import ParetoPlot, Point
from app.widgets.plots.plot_looks import Look
from app.widgets.run.run_words import model_title
from app.widgets.segments import Segments
from app.widgets.sorted_table import ROW_PX
from core.domain.comparison import Comparison
from core.domain.run import number_of

SIDE, WIDEST_SIDE = 400, 520  # pixels of the advice's column
FEWEST_ROWS, MOST_ROWS = 3, 16  # seen at once
LEAST_CHART = 256  # pixels of height, of its card


class Overview(QWidget):
    """``run_chosen`` tells the id of the run that was gone to, in the table or in the chart."""

    run_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._comparison = Comparison(rows=(), differences=(), advice="")
        self.lines: list[Line] = []
        self._ranked: list[Line] = []
        self.table, self.apart_table = CompareTable(), CompareTable()
        self.apart_table.setAccessibleName(self.tr("Runs on another test set"))
        self.chart = ParetoPlot()
        self.price = Segments({"time": self.tr("Time"), "cost": self.tr("Cost")})
        self._chart_title = label("", "section")
        self.advice, self.differences = AdviceCard(), DifferencesFold()
        self._judged, self._left_out = label("", "muted"), label("", "caption", wrap=True)
        self._lay_out()
        self.table.chosen.connect(self._choose)
        self.apart_table.chosen.connect(self._choose)
        for table in (self.table, self.apart_table):
            table.opened.connect(self._share_room)
            table.horizontalScrollBar().rangeChanged.connect(self._share_room)
        self.chart.chosen.connect(self._choose_key)
        self.price.chosen.connect(self._draw)

    def show_comparison(self, comparison: Comparison) -> None:
        self._comparison = comparison
        others = apart(comparison)
        self.lines = lines_of(comparison)
        self._ranked = [line for line in self.lines if not others & set(line.runs)]
        elsewhere = [line for line in self.lines if others & set(line.runs)]
        self.table.show_lines(self._ranked, self.lines, comparison.currency)
        self.apart_table.show_lines(elsewhere, self.lines, comparison.currency, ranked=False)
        self._elsewhere.setVisible(bool(elsewhere))
        self._apart_words.set_whole(self._say_apart(comparison, others))
        self._judged.setText(self._say_judged(comparison))
        self._judged.setToolTip(metric_meaning(comparison.metric) if comparison.metric else "")
        self.advice.show_comparison(comparison)
        self.differences.show_differences(comparison.differences, names_in_differences(self.lines))
        has_costs = any(line.cost is not None for line in self._ranked)
        self.price.buttons["cost"].setEnabled(has_costs)
        self.price.buttons["cost"].setToolTip(
            "" if has_costs else self.tr("Set prices for energy and machine hours in the settings first.")
        )
        if not has_costs:
            self.price.choose("time")
        self._draw()
        self._share_room()

    def choose(self, run: str) -> None:
        """Go to a run and tell nobody."""
        line = next((line for line in self.lines if line.key == run), None)
        if line is not None:
            self.table.choose(line.key)
            self.chart.choose(line.group or line.key)

    # Words

    def _say_apart(self, comparison: Comparison, others: set[str]) -> str:
        if len({row.test_set for row in comparison.rows if row.run in others}) > 1:
            return self.tr(
                "%n run(s) on other test sets, never to be ranked with those above nor with each other.",
                "",
                len(others),
            )
        return self.tr("%n run(s) on another test set, never to be ranked with those above.", "", len(others))

    def _say_judged(self, comparison: Comparison) -> str:
        """What the figures are, and the model where all lines have the same."""
        if not comparison.metric:
            return ""
        on_test, on_val = self.tr("{0} on test pictures"), self.tr("{0} on validation pictures")
        words = (on_test if comparison.split == "test" else on_val).format(metric_name(comparison.metric))
        models = {line.model for line in self.lines}
        return f"{model_title(models.pop())} · {words}" if len(models) == 1 else words

    # The chart

    def _draw(self) -> None:
        points = [line for line in self._ranked if not line.group and line.metric is not None]
        by_cost = self.price.value == "cost"
        self._chart_title.setText(
            self.tr("Better and cheaper is up and left") if by_cost else self.tr("Better and quicker is up and left")
        )
        if by_cost:
            prices = {line.key: line.cost for line in points}
            title = self.tr("cost ({0})").format(self._comparison.currency)
        else:
            unit, seconds = time_unit(max((line.seconds or 0.0 for line in points), default=0.0))
            prices = {line.key: line.seconds / seconds for line in points if line.seconds is not None}
            title = {"s": self.tr("time (s)"), "min": self.tr("time (min)"), "h": self.tr("time (h)")}[unit]
        titles = short_titles(self._ranked)
        drawn = [
            self._point(line, price, titles[line.key]) for line in points if (price := prices.get(line.key)) is not None
        ]
        self.chart.set_empty(self.tr("None of these runs has both a figure on test pictures and a price."))
        name = metric_name(self._comparison.metric) if self._comparison.metric else self.tr("Test")
        self.chart.show_points(drawn, title, name)
        missing = sum(not line.group for line in self.lines) - len(drawn)
        self._left_out.setText(
            self.tr("Not drawn: %n line(s) of the table, judged on other pictures or not measured.", "", missing)
        )
        self._left_out.setVisible(bool(missing) and bool(drawn))

    def _point(self, line: Line, price: float, label: str) -> Point:
        assert line.metric is not None
        return Point(
            key=line.key,
            label=label,
            short="" if line.is_group else str(number_of(line.key)),
            told=title_of(line),
            look=Look(line.look),
            x=price,
            y=line.metric.value,
            low=line.metric.low,
            high=line.metric.high,
        )

    # Choosing

    def _choose(self, line: Line | None) -> None:
        if line is not None:
            self.chart.choose(line.group or line.key)
            if not line.is_group:
                self.run_chosen.emit(line.key)

    def _choose_key(self, key: str) -> None:
        self.table.choose(key)
        self._choose(self.table.chosen_row)

    # Building

    def _lay_out(self) -> None:
        self._runs = runs = Card(self.tr("Runs"))
        chart = Card()
        chart.body.addLayout(chart.head)
        chart.head.addWidget(self._chart_title, 1)
        runs.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.differences.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        runs.head.addWidget(self._judged)
        runs.body.addWidget(self.table)
        self._elsewhere = QWidget()
        self._apart_words = ElidedLabel()
        words = QHBoxLayout()
        words.setSpacing(theme.SMALL)
        words.addWidget(Glyph("warning", "caution", 16))
        words.addWidget(self._apart_words, 1)
        below = QVBoxLayout(self._elsewhere)
        below.setContentsMargins(0, theme.SMALL, 0, 0)
        below.setSpacing(theme.TIGHT)
        below.addLayout(words)
        below.addWidget(self.apart_table)
        runs.body.addWidget(self._elsewhere)
        chart.head.addWidget(self.price)
        chart.body.addWidget(self.chart, 1)
        chart.body.addWidget(self._left_out)
        inner = QWidget()
        side = QVBoxLayout(inner)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(theme.MEDIUM)
        side.addWidget(self.advice)
        side.addWidget(self.differences)
        side.addStretch()
        self._side = QScrollArea()
        self._side.setWidgetResizable(True)
        self._side.setFrameShape(QScrollArea.Shape.NoFrame)
        self._side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._side.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._side.setWidget(inner)
        row = QHBoxLayout()
        row.setSpacing(theme.MEDIUM)
        row.addWidget(chart, 1)
        row.addWidget(self._side)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.MEDIUM)
        column.addWidget(runs)
        column.addLayout(row, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._side.setFixedWidth(max(SIDE, min(round(self.width() * 0.3), WIDEST_SIDE)))
        self._share_room()

    def _share_room(self) -> None:
        """The chart keeps a height at which it can be read; table rows without room come by scrolling."""
        aside = min(len(self.apart_table.rows), 3)
        self.apart_table.setFixedHeight(self.apart_table.height_for(max(aside, 1)))
        chrome = 3 * theme.WIDE + (self._elsewhere.sizeHint().height() + theme.SMALL) * (not self._elsewhere.isHidden())
        room = self.height() - LEAST_CHART - theme.MEDIUM - chrome - self.table.height_for(0)
        most = min(max(room // ROW_PX, FEWEST_ROWS), MOST_ROWS)
        self.table.setFixedHeight(self.table.height_for(max(min(len(self.table.rows), most), 1)))
        self._runs.updateGeometry()  # Qt forgets to ask again for what changes while a layout is at work
