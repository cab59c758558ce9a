"""Where a comparison stands: how many of its runs are done, what is left, and the way to what came of it."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from app import theme
from app.widgets.parts import Card, button, duration, label
from app.widgets.queue.turns import Turn
from app.widgets.run.run_words import mode_title, model_title
from core.actions.reporting import RunSummary
from core.domain.experiment import Experiment


class ExperimentCard(Card):
    """``show_experiment`` follows one; what the user wants is told with it."""

    results_wanted = Signal(object)  # Experiment
    cancel_wanted = Signal(object)

    def __init__(self, experiment: Experiment, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.experiment = experiment
        plan = experiment.plan
        what = [", ".join(map(mode_title, plan.modes)), ", ".join(map(model_title, plan.models))]
        title = label(self.tr("Comparison {}").format(experiment.number), "section")
        self.standing = label("", "muted", wrap=True)
        about = label(" · ".join(what), "caption", wrap=True)
        about.setProperty("data", True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, len(experiment.runs))
        self.bar.setAccessibleName(self.tr("Comparison {}").format(experiment.number))
        self.cancel_button = button(self.tr("Cancel the rest…"))
        self.results_button = button(self.tr("Show comparison"), "chart-bar")
        self.cancel_button.clicked.connect(lambda: self.cancel_wanted.emit(self.experiment))
        self.results_button.clicked.connect(lambda: self.results_wanted.emit(self.experiment))
        words = QVBoxLayout()
        words.setSpacing(2)
        for part in (title, self.standing, about):
            words.addWidget(part)
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        row.addLayout(words, 1)
        row.addWidget(self.cancel_button)
        row.addWidget(self.results_button)
        self.body.addLayout(row)
        self.body.addWidget(self.bar)

    def show_standing(self, runs: Sequence[RunSummary], turns: Sequence[Turn]) -> None:
        """``runs``: of the project; ``turns``: of all that is queued."""
        own = set(self.experiment.runs)
        done = sum(run.run in own and run.seconds is not None for run in runs)
        queued = [turn for turn in turns if turn.run.run in own]
        lost = max(0, len(own) - done - len(queued))
        parts = [self.tr("{0} of {1} done").format(done, len(own))]
        if lost:
            parts.append(self.tr("%n left out or failed", "", lost))
        ends = [turn.ends_in for turn in queued]
        if ends and all(end is not None for end in ends):
            left = max(end for end in ends if end is not None)
            parts.append(self.tr("about {} left").format(duration(left)))
        self.standing.setText(" · ".join(parts))
        self.bar.setValue(done)
        self.bar.setVisible(bool(queued))
        self.cancel_button.setVisible(bool(queued))
        self.results_button.setEnabled(done > 0)
        self.results_button.setToolTip("" if done else self.tr("Nothing is done yet."))
