"""The curves of a run: loss, learning rate, and what it reaches on validation. Only what is new is handed on."""

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app import theme
from app.live_run import LiveRun
from app.widgets.metric_words import metric_name
from app.widgets.parts import Card, label
from app.widgets.plots.curve_plot import CurvePlot
from app.widgets.tabs import Tabs
from core.domain.event import EpochFinished
from core.domain.run import FineTune
from core.domain.task import Task

LEAST_HEIGHT = 132  # pixels, of a plot with its legend


class RunCurves(QWidget):
    """``follow`` reads a ``LiveRun``; the plots paint themselves on their timers."""

    def __init__(self, task: Task, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._train, self._validation = self.tr("train"), self.tr("validation")
        self._batch, self._rate = self.tr("each batch"), self.tr("learning rate")
        self.loss_plot = CurvePlot(self.tr("loss"), faded=(self._batch,))
        self.rate_plot = CurvePlot(self._rate)
        score = self.tr("mAP") if task is Task.DETECTION else self.tr("score")
        self.metric_plot = CurvePlot(score, from_zero_to_one=True)
        self.tabs = Tabs([(self.tr("Loss"), self.loss_plot), (self.tr("Learning rate"), self.rate_plot)])
        left, right, title = Card(), Card(), label(self.tr("On validation pictures"), "section")
        title.setFixedHeight(self.tabs.sizeHint().height())  # so that the plots of both cards begin at one height
        left.body.addWidget(self.tabs)
        left.body.addWidget(self.tabs.stack, 1)
        right.body.addWidget(title)
        right.body.addWidget(self.metric_plot, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.MEDIUM)
        for card, plot in ((left, self.tabs.stack), (right, self.metric_plot)):
            card.body.setSpacing(theme.TIGHT)
            plot.setMinimumHeight(LEAST_HEIGHT)
            row.addWidget(card, 1)
        self.clear()

    def clear(self) -> None:
        """Ready for another run. Plots are slow to make, so that one set serves all runs."""
        self._batches, self._seq, self._planned = 0, -1, 0
        self.loss_plot.set_curves({self._train: ((), ()), self._batch: ((), ())})
        self.rate_plot.set_curves({})
        self.metric_plot.set_curves({})
        for plot in self.plots:
            plot.set_marker(None)
            plot.set_note(0, "")
            plot.show_all()

    @property
    def plots(self) -> tuple[CurvePlot, CurvePlot, CurvePlot]:
        return self.loss_plot, self.rate_plot, self.metric_plot

    def follow(self, live: LiveRun) -> None:
        """Take over what ``live`` gained since the last time."""
        if live.history.planned_epochs != self._planned:
            self._planned = live.history.planned_epochs
            for plot in self.plots:
                plot.set_x_end(self._planned)
        if isinstance(live.spec.start, FineTune):
            for plot in (self.loss_plot, self.metric_plot):
                plot.set_note(0, self.tr("the trained head that fine-tuning starts from"))
        at, loss, rate = (values[self._batches :] for values in (live.batch_at, live.batch_loss, live.batch_rate))
        self._batches = len(live.batch_at)
        self.loss_plot.extend(self._batch, at, loss)
        self.rate_plot.extend(self._rate, at, rate)
        for epoch in live.history.epochs:
            if epoch.seq > self._seq:
                self._seq = epoch.seq
                self._add(epoch)
        self._mark_best(live)

    def _add(self, epoch: EpochFinished) -> None:
        self.loss_plot.append(self._train, epoch.epoch, epoch.train_loss)
        if epoch.val_loss is not None:
            self.loss_plot.append(self._validation, epoch.epoch, epoch.val_loss)
        for metric, value in epoch.metrics.items():
            self.metric_plot.append(metric_name(metric), epoch.epoch, value)

    def _mark_best(self, live: LiveRun) -> None:
        best = live.history.best
        for plot in (self.loss_plot, self.metric_plot):
            plot.set_marker(None if best is None else best.epoch, self.tr("best"))
