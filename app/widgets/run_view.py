"""A run as it goes: where it stands, four figures, two curves. Fed with events, live or replayed."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.live_run import LiveRun
from app.widgets.curve_plot import REPAINT_MS, CurvePlot
from app.widgets.parts import Card, Figure, badge, label, set_badge
from core.domain.event import Phase
from core.domain.history import RunHistory, RunState
from core.domain.report import MAIN_METRIC
from core.domain.run import mode_of
from core.domain.task import Task

BADGES = {
    RunState.WAITING: "accent",
    RunState.RUNNING: "accent",
    RunState.COMPLETED: "good",
    RunState.STOPPED: "caution",
    RunState.FAILED: "bad",
    RunState.INTERRUPTED: "caution",
}


class RunView(QWidget):
    """Everything shown is derived from the history of one ``LiveRun``."""

    def __init__(self, live: LiveRun, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.live = live
        task = live.spec.task
        self._metric = MAIN_METRIC[task]
        title = f"{mode_of(live.spec.start)} · {live.spec.architecture} · {live.run.id[:4]}"
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(theme.MEDIUM)
        outer.addLayout(self._header(title))
        outer.addWidget(self._standing())
        outer.addLayout(self._figures())
        outer.addLayout(self._curves(task), 1)
        self._stale = True
        live.moved.connect(self._mark)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(REPAINT_MS)

    @property
    def history(self) -> RunHistory:
        return self.live.history

    def _mark(self) -> None:
        self._stale = True

    def refresh(self) -> None:
        """Show the history as it is now; a timer calls this."""
        if self._stale:
            self._stale = False
            self._show_standing()
            self._show_figures()
            self._show_curves()

    def _header(self, title: str) -> QHBoxLayout:
        row = QHBoxLayout()
        titles = QVBoxLayout()
        titles.setSpacing(2)
        titles.addWidget(label(title, "page"))
        titles.addWidget(label(self.tr("Closing the window does not stop it."), "muted"))
        row.addLayout(titles)
        row.addStretch()
        self.stop_button = QPushButton(self.tr("Stop, keep best"))
        self.stop_button.clicked.connect(self.live.ask_to_stop)
        row.addWidget(self.stop_button)
        return row

    def _standing(self) -> Card:
        card = Card()
        row = QHBoxLayout()
        self._where, self._detail = label(self.tr("Starting"), "section"), label("", "muted")
        self._badge = badge(self.tr("waiting"), "accent")
        row.addWidget(self._where)
        row.addWidget(self._detail)
        row.addStretch()
        row.addWidget(self._badge)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        card.body.addLayout(row)
        card.body.addWidget(self._bar)
        return card

    def _figures(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.MEDIUM)
        names = (
            self.tr("{} validation").format(self._metric),
            self.tr("Loss, train"),
            self.tr("Time left"),
            self.tr("Device"),
        )
        self.figures = [Figure(name) for name in names]
        for figure in self.figures:
            row.addWidget(figure, 1)
        return row

    def _curves(self, task: Task) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.MEDIUM)
        self.loss_plot = CurvePlot(self.tr("loss"))
        self.metric_plot = CurvePlot(
            self.tr("mAP") if task is Task.DETECTION else self.tr("accuracy, macro-F1"), from_zero_to_one=True
        )
        for title, plot in ((self.tr("Loss"), self.loss_plot), (self.tr("Validation"), self.metric_plot)):
            card = Card(title)
            card.body.addWidget(plot)
            row.addWidget(card, 1)
        return row

    def _show_standing(self) -> None:
        history, progress = self.history, self.history.progress
        set_badge(self._badge, self.tr(str(history.state)), BADGES[history.state])
        self.stop_button.setVisible(history.state is RunState.RUNNING)
        if history.finished:
            self._where.setText(self.tr("Ended"))
            self._detail.setText(f"{history.finished.reason} {history.finished.remedy}".strip())
            self._bar.setRange(0, 1)
            self._bar.setValue(1)
        elif progress and progress.phase is Phase.TRAINING:
            self._where.setText(self.tr("Epoch {} of {}").format(progress.epoch, history.planned_epochs))
            self._detail.setText(self.tr("batch {} of {}").format(progress.done, progress.total))
            self._bar.setRange(0, history.planned_epochs * max(progress.total, 1))
            self._bar.setValue((progress.epoch - 1) * progress.total + progress.done)
        elif progress:
            self._where.setText(self.tr(str(progress.phase).capitalize()))
            self._detail.setText(f"{progress.done} / {progress.total}" if progress.total else "")
            self._bar.setRange(0, progress.total)
            self._bar.setValue(progress.done)

    def _show_figures(self) -> None:
        history = self.history
        metric, loss, left, device = self.figures
        if history.epochs:
            last = history.epochs[-1]
            metric.show_value(f"{last.metrics.get(self._metric, 0):.3f}", self._best_remark())
            val = "" if last.val_loss is None else self.tr("validation {:.3f}").format(last.val_loss)
            loss.show_value(f"{last.train_loss:.3f}", val)
            seconds = history.seconds_left
            an_epoch = self.tr("{:.1f} s an epoch").format(last.seconds)
            left.show_value("–" if seconds is None else f"{seconds:.0f} s", an_epoch)
        if history.device:
            device.show_value(
                history.device.device, f"{history.device.precision} · {self.tr('batch')} {history.device.batch_size}"
            )

    def _best_remark(self) -> str:
        best = self.history.best
        if best is None:
            return ""
        return self.tr("best {:.3f} at epoch {}").format(best.metrics.get(self._metric, 0), best.epoch)

    def _show_curves(self) -> None:
        epochs = self.history.epochs
        x = [epoch.epoch for epoch in epochs]
        losses = {self.tr("train"): (x, [epoch.train_loss for epoch in epochs])}
        with_val = [epoch for epoch in epochs if epoch.val_loss is not None]
        if with_val:
            losses[self.tr("validation")] = ([e.epoch for e in with_val], [e.val_loss or 0.0 for e in with_val])
        self.loss_plot.set_curves(losses)
        names = list(epochs[-1].metrics) if epochs else []
        self.metric_plot.set_curves({name: (x, [epoch.metrics.get(name, 0.0) for epoch in epochs]) for name in names})
