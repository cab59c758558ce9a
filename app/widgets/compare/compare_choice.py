"""What leads from the run table to a comparison: the runs that are ticked, or those of an experiment."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from app import theme
from app.widgets.parts import Glyph, button, label
from core.domain.experiment import Experiment

MOST_RUNS = 60  # of one comparison
MOST_EXPERIMENTS = 20  # in the menu, the newest


class CompareChoice(QWidget):
    """``compare_wanted`` tells run ids. ``hint`` is placed by whoever made this; it says what is missing."""

    compare_wanted = Signal(object)  # tuple[str, ...]
    train_wanted = Signal()
    lineage_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ticked: tuple[str, ...] = ()
        self._finished: frozenset[str] = frozenset()
        self._experiments: tuple[Experiment, ...] = ()
        self.compare_button = button("", "chart-bar")
        self.experiment_button = button("", "flask")
        self.experiment_button.setToolTip(self.tr("Compare all runs that were queued together"))
        self.experiment_button.setAccessibleName(self.tr("Comparisons"))
        self.lineage_button = button(self.tr("Lineage…"))
        self.lineage_button.setToolTip(self.tr("Which run came from which, what changed, and what that did"))
        self.menu = QMenu(self)
        self.experiment_button.setMenu(self.menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        row.addWidget(self.lineage_button)
        row.addWidget(self.experiment_button)
        row.addWidget(self.compare_button)
        self.hint = self._make_hint()
        self.compare_button.clicked.connect(lambda: self.compare_wanted.emit(self._ticked))
        self.lineage_button.clicked.connect(self.lineage_wanted)
        self._show()

    def show_runs(self, ticked: Sequence[str], finished: Sequence[str]) -> None:
        self._ticked, self._finished = tuple(ticked), frozenset(finished)
        self._show()

    def show_experiments(self, experiments: Sequence[Experiment]) -> None:
        """Oldest first."""
        self._experiments = tuple(experiments)
        self._show()

    def _show(self) -> None:
        count = len(self._ticked)
        self.compare_button.setText(self.tr("Compare %n run(s)", "", count) if count else self.tr("Compare"))
        self.compare_button.setEnabled(2 <= count <= MOST_RUNS)
        self.compare_button.setToolTip(self._why_not(count))
        self.hint.setVisible(len(self._finished) == 1)
        self.lineage_button.setVisible(len(self._finished) > 1)
        self.menu.clear()
        for experiment in reversed(self._experiments[-MOST_EXPERIMENTS:]):
            runs = tuple(run for run in experiment.runs if run in self._finished)
            words = self.tr("Comparison {0}: {1} ({2} of {3} runs finished)").format(
                experiment.number, experiment.title, len(runs), len(experiment.runs)
            )
            action = self.menu.addAction(words)
            action.setEnabled(len(runs) > 1)
            action.triggered.connect(lambda checked=False, runs=runs: self.compare_wanted.emit(runs))
        self.experiment_button.setVisible(bool(self._experiments))

    def _why_not(self, count: int) -> str:
        if len(self._finished) < 2:
            return self.tr("Two runs must have finished before they can be compared.")
        if count < 2:
            return self.tr("Tick two or more runs in the table: click their boxes, or press Space.")
        if count > MOST_RUNS:
            return self.tr("At most {0} runs are compared at once: untick some.").format(MOST_RUNS)
        return self.tr("Table, chart and advice for the ticked runs")

    def _make_hint(self) -> QWidget:
        made = QWidget()
        words = label(
            self.tr("To compare, at least one more run must finish: the three modes, for example."), wrap=True
        )
        self.train_button = button(self.tr("Compare modes…"), "graduation-cap")
        self.train_button.setProperty("quiet", True)
        self.train_button.setIconSize(QSize(16, 16))
        self.train_button.clicked.connect(self.train_wanted)
        row = QHBoxLayout(made)
        row.setContentsMargins(0, theme.TIGHT, 0, 0)
        row.setSpacing(theme.SMALL)
        row.addWidget(Glyph("info", "muted", 16))
        row.addWidget(words, 1)
        row.addWidget(self.train_button)
        return made
