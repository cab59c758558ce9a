"""All runs of a project and what they came to; the chosen row is what the rest of the page is about."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.widgets.metric_words import figure, metric_meaning, span
from app.widgets.parts import duration
from app.widgets.results.ticked_table import TickedTable
from app.widgets.run.run_words import mode_title, model_title, state_look
from app.widgets.sorted_table import Column
from core.actions.reporting import RunSummary
from core.domain.run import number_of

MOST_ROWS = 5  # seen at once; the others by scrolling


def main_metric(runs: Sequence[RunSummary]) -> str:
    """What the figures of the table are; a project has one task, so all its runs agree."""
    return next((run.metric for run in reversed(runs) if run.metric), "")


def judging_test_set(runs: Sequence[RunSummary]) -> str:
    """The ``test_hash`` that figures are compared on: that of the newest run which has one."""
    return next((run.test_hash for run in reversed(runs) if run.test_hash), "")


def judged_elsewhere(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Runs whose test figures cannot be compared with those of the others."""
    judge = judging_test_set(runs)
    return [run for run in runs if run.test_hash not in ("", judge)]


class RunTable(QWidget):
    """As high as its rows, up to ``MOST_ROWS``. ``chosen`` tells the id of the run that the user went to; finished
    ones can be ticked to be compared."""

    chosen = Signal(str)
    ticks_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table: TickedTable[RunSummary] = TickedTable(
            lambda run: run.run, lambda run: run.seconds is not None, muted=lambda run: run.seconds is None
        )
        self.table.ticks_changed.connect(self.ticks_changed)
        self.table.setAccessibleName(self.tr("Runs"))
        self.table.chosen.connect(self._tell)
        self.setFocusProxy(self.table)
        self._elsewhere: set[str] = set()
        self._chosen = ""
        self._most_rows = MOST_ROWS
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    def show_runs(self, runs: Sequence[RunSummary]) -> None:
        """``runs``: oldest first; the newest stands on top until a header is clicked."""
        self._elsewhere = {run.run for run in judged_elsewhere(runs)}
        metric = main_metric(runs)
        self.table.show_rows(list(reversed(runs)), self._columns(metric))
        self.table.set_ticked({run.run for run in self.table.ticked})
        self.set_most_rows(self._most_rows)

    @property
    def ticked(self) -> tuple[str, ...]:
        """Runs to be compared, oldest first."""
        return tuple(sorted((run.run for run in self.table.ticked), key=number_of))

    def choose(self, run_id: str) -> None:
        """Go to a run and tell nobody."""
        self._chosen = run_id
        self.table.choose(run_id)

    def set_most_rows(self, rows: int) -> None:
        """How many may be seen at once."""
        self._most_rows = rows
        self.table.setFixedHeight(self.table.height_for(max(min(len(self.table.rows), rows), 1)))

    def _tell(self, run: RunSummary | None) -> None:
        if run is None:
            self.table.choose(self._chosen)  # there is always one
        elif run.run != self._chosen:
            self._chosen = run.run
            self.chosen.emit(run.run)

    def _columns(self, metric: str) -> list[Column[RunSummary]]:
        about = metric_meaning(metric) if metric else ""
        return [
            self.table.tick_column(self.tr("Tick runs to compare them")),
            Column(self.tr("Run"), lambda run: str(number_of(run.run)), lambda run: number_of(run.run)),
            Column(self.tr("Mode"), lambda run: mode_title(run.mode), lambda run: run.mode),
            Column(self.tr("Model"), _model, _model, wide=True),
            Column(self.tr("State"), _state, _state, tip=lambda run: run.reason),
            Column(
                self.tr("Test"),
                self._test,
                lambda run: run.test,
                about=f"{about} {self.tr('The test set judges: no run ever saw its pictures.')}",
                tip=self._test_tip,
                icon=self._test_icon,
                number=True,
            ),
            Column(
                self.tr("95 % interval"),
                lambda run: span(run.test_interval),
                lambda run: run.test_interval.low if run.test_interval else None,
                about=metric_meaning("interval"),
                number=True,
            ),
            Column(
                self.tr("Validation"),
                lambda run: "" if run.seconds is None else figure(run.val),
                lambda run: run.val,
                about=self.tr("On the validation pictures, by which the run chose its best epoch: a little too good."),
                number=True,
            ),
            Column(
                self.tr("Time"),
                lambda run: "" if run.seconds is None else duration(run.seconds),
                lambda run: run.seconds,
                about=self.tr("From the start of the run to its tested ONNX file."),
                number=True,
            ),
        ]

    def _test(self, run: RunSummary) -> str:
        if run.seconds is None:
            return ""
        return self.tr("no test set") if run.test is None else figure(run.test)

    def _test_tip(self, run: RunSummary) -> str:
        if run.run in self._elsewhere:
            return self.tr("Judged on another test set: this figure cannot be compared with the others.")
        if run.test is None:
            return "" if run.seconds is None else self.tr("This run had no test pictures: only validation tells.")
        return self.tr("On %n test picture(s)", "", run.test_images)

    def _test_icon(self, run: RunSummary) -> QIcon | None:
        return theme.icon("warning", "caution") if run.run in self._elsewhere else None


def _model(run: RunSummary) -> str:
    return model_title(run.model)


def _state(run: RunSummary) -> str:
    return state_look(run.state).word
