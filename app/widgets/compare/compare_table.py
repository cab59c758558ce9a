"""What each run reached and took: a line a run, the intervals drawn on one scale, seeds folded into one line."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionViewItem, QWidget

from app import theme
from app.widgets.compare.lines import Line, best_of, decimals, scale_of, time_unit, title_of, written
from app.widgets.metric_words import UNDEFINED, figure, metric_meaning, metric_name
from app.widgets.plots.plot_looks import Look, paint_symbol
from app.widgets.run.run_words import mode_title, model_title, state_look
from app.widgets.sorted_table import Column, PlainDelegate, SortedTable
from core.domain.comparison import Measured
from core.domain.run import number_of

Value = Callable[[Line], float | None]
_Index = QModelIndex | QPersistentModelIndex
CARET_PX, SYMBOL_PX, DRAWN_PX = 16, 8, 104


@dataclass(frozen=True)
class _Cost:
    """A column of what runs took. ``factor``: from the value to the title's unit; ``estimate``: how one is told."""

    value: Value
    factor: float
    digits: int
    about: str
    estimate: str = "{0}"

    def shown(self, line: Line) -> float | None:
        number = self.value(line)
        return None if number is None else round(number * self.factor, self.digits)

    def text(self, line: Line) -> str:
        number = self.shown(line)
        words = written(number, self.digits)
        return self.estimate.format(words) if line.is_estimate and number is not None else words


class CompareTable(SortedTable[Line]):
    """``chosen`` tells the ``Line`` gone to. Groups are opened by a click on their caret, Right, Left or Return."""

    opened = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        self._lines: list[Line] = []
        self._open: set[str] = set()
        self.best: dict[str, set[str]] = {}  # title of a column -> keys
        self.scale = (0.0, 1.0)
        self._has_models = True  # else all have the same, which is said above the table
        super().__init__(lambda line: line.key, lambda line: line.metric is None, self._arranged, parent)
        self.setAccessibleName(self.tr("Compared runs"))
        self.setItemDelegate(_LineDelegate(self))
        self.doubleClicked.connect(lambda index: self.toggle(self.rows[index.row()].key))

    def show_lines(self, lines: Sequence[Line], among: Sequence[Line], currency: str, *, ranked: bool = True) -> None:
        """``among``: all lines that share units and scale with these. ``ranked``: they may be sorted, and the best
        values stand out."""
        self._lines = list(lines)
        self.scale = scale_of(among)
        self._has_models = len({line.model for line in among}) > 1
        self._costs = self._make_columns(among, currency)
        self.best = {}
        if ranked:
            self.best = {title: best_of(lines, cost.shown, highest=False) for title, cost in self._costs.items()}
            self.best[self._metric_title()] = best_of(lines, _rounded_metric, highest=True)
        self.horizontalHeader().setSectionsClickable(ranked)
        self._open &= {line.key for line in lines}
        self._show()

    def title_of_column(self, column: int) -> str:
        return self._rows.columns[column].title

    def is_open(self, key: str) -> bool:
        return key in self._open

    def toggle(self, key: str) -> None:
        """Show the runs of a group, or hide them again; other lines have nothing to open."""
        if any(line.key == key and line.is_group for line in self._lines):
            self._open ^= {key}
            self._show()
            self.opened.emit()

    @property
    def drawn(self) -> int:
        """The column in which intervals are drawn."""
        return 4 if self._has_models else 3

    @property
    def ranked_best(self) -> Collection[str]:
        return self.best.get(self._metric_title(), ())

    def _show(self) -> None:
        shown = [line for line in self._lines if not line.group or line.group in self._open]
        self.show_rows(shown, self._columns())

    def _arranged(self, rows: list[Line]) -> list[Line]:
        """The runs of a group follow it, in the order that they were sorted to."""
        members: dict[str, list[Line]] = {}
        for row in rows:
            members.setdefault(row.group, []).append(row)
        return [line for row in members.get("", []) for line in (row, *members.get(row.key, []))]

    def height_for(self, rows: int) -> int:
        """With the bar that scrolls across, where there is one."""
        bar = self.horizontalScrollBar()
        return super().height_for(rows) + (bar.sizeHint().height() if bar.maximum() else 0)

    def _fit_columns(self) -> None:
        """The number of a run never gives way."""
        super()._fit_columns()
        number = max(self._wishes[0])
        self._wishes[0] = (number, number)
        self._share_width()

    # Columns

    def _metric_title(self) -> str:
        name = next((line.metric.name for line in self._lines if line.metric), "")
        return metric_name(name) if name else self.tr("Test")

    def _columns(self) -> list[Column[Line]]:
        metric = next((line.metric.name for line in self._lines if line.metric), "")
        columns = [Column(self.tr("Run"), self._run, lambda line: number_of(line.runs[0]), tip=self._run_tip)]
        columns.append(Column(self.tr("Mode"), _mode, _mode, wide=not self._has_models))
        if self._has_models:
            columns.append(Column(self.tr("Model"), _model, _model, wide=True))
        columns += [
            Column(
                self._metric_title(),
                lambda line: figure(line.metric.value if line.metric else None),
                _metric,
                about=metric_meaning(metric) if metric else "",
                tip=self._metric_tip,
                number=True,
            ),
            Column(
                self.tr("{0:.1f} to {1:.1f}").format(*self.scale),
                lambda line: "",
                lambda line: line.metric.low if line.metric else None,
                about=metric_meaning("interval"),
                tip=lambda line: _span(line.metric),
            ),
            Column(
                self.tr("95 % interval"),
                lambda line: _span(line.metric),
                lambda line: line.metric.low if line.metric else None,
                about=metric_meaning("interval"),
                number=True,
            ),
        ]
        for title, cost in self._costs.items():
            if any(cost.value(line) is not None for line in self._lines):
                columns.append(Column(title, cost.text, cost.value, about=cost.about, number=True))
        return columns

    def _make_columns(self, among: Sequence[Line], currency: str) -> dict[str, "_Cost"]:
        """What a run took, by title with its unit; less is better in all of them."""
        longest = max((line.seconds or 0.0 for line in among), default=0.0)
        unit, seconds = time_unit(longest)
        units = {"s": self.tr("Time (s)"), "min": self.tr("Time (min)"), "h": self.tr("Time (h)")}
        watts = max((line.kwh or 0.0 for line in among), default=0.0) < 0.1
        energy = self.tr("Energy (Wh)") if watts else self.tr("Energy (kWh)")
        specs: list[tuple[str, Value, float, str]] = [
            (
                units[unit],
                lambda line: line.seconds,
                1 / seconds,
                self.tr("From the start of the run to its tested ONNX file."),
            ),
            (
                energy,
                lambda line: line.kwh,
                1000.0 if watts else 1.0,
                self.tr("What the machine used meanwhile. “est.”: not counted, but time × the usual power."),
            ),
            (
                self.tr("Cost ({0})").format(currency),
                lambda line: line.cost,
                1.0,
                self.tr("Energy and machine hours, at the prices of the settings."),
            ),
            (
                self.tr("Memory (MB)"),
                lambda line: line.peak_memory_mb,
                1.0,
                self.tr(
                    "The most that was in use at once: of the graphics card where one computed, else of the machine."
                ),
            ),
            (
                self.tr("ONNX (MB)"),
                lambda line: line.size_mb,
                1.0,
                self.tr("Size of the ONNX file."),
            ),
            (
                self.tr("Latency (ms)"),
                lambda line: line.latency_ms,
                1.0,
                self.tr("For one picture through the ONNX file on the processor of this machine."),
            ),
        ]
        made = {}
        for title, value, factor, about in specs:
            digits = decimals(number * factor for line in among if (number := value(line)) is not None)
            cost = _Cost(value, factor, digits, about)
            made[title] = replace(cost, estimate=self.tr("est. {0}")) if title == energy else cost
        return made

    def _run(self, line: Line) -> str:
        if line.is_group:
            return self.tr("%n seed(s)", "", len(line.runs))
        return (
            self.tr("{0}, seed {1}").format(number_of(line.key), line.seed) if line.group else str(number_of(line.key))
        )

    def _run_tip(self, line: Line) -> str:
        if line.is_group:
            numbers = ", ".join(str(number_of(run)) for run in line.runs)
            return self.tr("Runs {0}: they differ in nothing but their seed.").format(numbers)
        return f"{title_of(line)}: {state_look(line.state).word}" if line.state else title_of(line)

    def _metric_tip(self, line: Line) -> str:
        if line.metric is None:
            return self.tr("Not judged on test pictures.")
        if line.spread is not None:
            return self.tr("Mean over the seeds, which spread by ± {0} (standard deviation).").format(
                figure(line.spread)
            )
        return (
            self.tr("The highest of these runs; whether it is better for certain is said under Advice.")
            if (line.key in self.ranked_best)
            else ""
        )

    # Events

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        line, key = self.chosen_row, Qt.Key(event.key())
        keys = (Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if line is None or key not in keys:
            super().keyPressEvent(event)
        elif line.is_group and (key not in keys[:2] or self.is_open(line.key) is (key is Qt.Key.Key_Left)):
            self.toggle(line.key)
        elif line.group and key is Qt.Key.Key_Left:
            self.choose(line.group)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        index = self.indexAt(event.position().toPoint())
        caret = self.visualRect(index).left() + CARET_PX + theme.TIGHT
        if index.isValid() and index.column() == 0 and event.position().x() < caret:
            line = self.rows[index.row()]
            if line.is_group:
                self.toggle(line.key)
                return
        super().mousePressEvent(event)


class _LineDelegate(PlainDelegate):
    """Caret and marker before the number of a run; the interval on the common scale; best values semibold."""

    def __init__(self, table: CompareTable) -> None:
        super().__init__(table)
        self._table = table

    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:  # noqa: N802 (Qt's name)
        super().initStyleOption(option, index)
        font = QFont(option.font)
        font.setFeature(QFont.Tag("tnum"), 1)
        title = self._table.title_of_column(index.column())
        if self._table.rows[index.row()].key in self._table.best.get(title, ()):
            font.setVariableAxis(QFont.Tag("wght"), 650)
        option.font = font

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802 (Qt's name)
        size = super().sizeHint(option, index)
        if index.column() == 0:
            size.setWidth(size.width() + 2 * CARET_PX + theme.MEDIUM)
        elif index.column() == self._table.drawn:
            size.setWidth(DRAWN_PX)
        return size

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        line = self._table.rows[index.row()]
        if index.column() == 0:
            self._paint_mark(painter, option.rect, line)
            option.rect = option.rect.adjusted(CARET_PX + SYMBOL_PX + theme.SMALL + _indent(line), 0, 0, 0)
            super().paint(painter, option, index)
        elif index.column() == self._table.drawn:
            if line.metric is not None:
                paint_interval(painter, option.rect, line.metric, self._table.scale, Look(line.look).color)
        else:
            super().paint(painter, option, index)

    def _paint_mark(self, painter: QPainter, place: QRect, line: Line) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if line.is_group:
            caret = "caret-down" if self._table.is_open(line.key) else "caret-right"
            top = place.center().y() - CARET_PX // 2 + 1
            theme.icon(caret, "text").paint(painter, QRect(place.left(), top, CARET_PX, CARET_PX))
        left = place.left() + CARET_PX + theme.TIGHT + _indent(line)
        paint_symbol(painter, QPointF(left + SYMBOL_PX / 2, place.center().y() + 0.5), Look(line.look), SYMBOL_PX)
        painter.restore()


def paint_interval(
    painter: QPainter, place: QRect, measured: Measured, scale: tuple[float, float], color: QColor
) -> None:
    """A bar over the interval with whiskers at its ends, and a dot at the value."""
    area = place.adjusted(theme.SMALL, 0, -theme.SMALL, 0)
    low, high = scale
    middle = area.center().y() + 0.5
    soft = QColor(color)
    soft.setAlphaF(0.28)

    def at(value: float) -> float:
        return area.left() + (min(max(value, low), high) - low) / (high - low) * area.width()

    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(theme.current().line), 1))
    painter.drawLine(QPointF(area.left(), middle), QPointF(area.right(), middle))
    if measured.low is not None and measured.high is not None:
        ends = at(measured.low), at(measured.high)
        painter.fillRect(QRectF(ends[0], middle - 4, ends[1] - ends[0], 8), soft)
        painter.setPen(QPen(color, 1.5))
        for end in ends:
            painter.drawLine(QPointF(end, middle - 5), QPointF(end, middle + 5))
    painter.setPen(QPen(QColor(theme.current().surface), 1))
    painter.setBrush(color)
    painter.drawEllipse(QPointF(at(measured.value), middle), 4, 4)
    painter.restore()


def _indent(line: Line) -> int:
    return CARET_PX if line.group else 0


def _mode(line: Line) -> str:
    return mode_title(line.mode)


def _model(line: Line) -> str:
    return model_title(line.model)


def _metric(line: Line) -> float | None:
    return line.metric.value if line.metric else None


def _rounded_metric(line: Line) -> float | None:
    return round(line.metric.value, 3) if line.metric else None


def _span(measured: Measured | None) -> str:
    if measured is None or measured.low is None or measured.high is None:
        return "" if measured is None else UNDEFINED
    return f"{measured.low:.2f}–{measured.high:.2f}"
