"""Where a run stands: one line with a bar over the whole run, and four figures."""

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from app import theme
from app.live_run import LiveRun
from app.translations import said
from app.widgets.elided import ElidedLabel
from app.widgets.metric_words import figure, metric_meaning, metric_name
from app.widgets.parts import Card, Figure, duration, label
from app.widgets.run.run_words import StateBadge, phase_words, seconds_left, share_done, told_state
from core.domain.event import EpochFinished, Phase
from core.domain.history import RunHistory, RunState
from core.domain.report import MAIN_METRIC
from core.domain.task import Task

_STEPS = 1000  # of the bar


class RunStanding(Card):
    """``Epoch 37 of 60``, what goes on in detail, the state, and how much of the whole run is done."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.where, self.detail = label("", "section"), ElidedLabel("", "muted")
        theme.make_tabular(self.where)
        theme.make_tabular(self.detail)
        self.badge = StateBadge()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, _STEPS)
        self.bar.setAccessibleName(self.tr("Share of the whole run that is done"))
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        row.addWidget(self.where)
        row.addWidget(self.detail, 1)
        row.addWidget(self.badge)
        self.body.addLayout(row)
        self.body.addWidget(self.bar)
        self.clear()

    def clear(self) -> None:
        """Ready for another run."""
        self._attempt = 0.0
        self.where.setText(self.tr("Reading the run…"))
        self.detail.set_whole("")
        self.badge.clear()
        self.bar.setValue(0)

    def follow(self, live: LiveRun) -> None:
        history, state = live.history, told_state(live)
        if live.clock.attempt_began != self._attempt:
            self._attempt = live.clock.attempt_began
            self.bar.setValue(0)
        self.badge.show_state(state)
        progress = history.progress if state != RunState.WAITING else None
        if live.is_going:
            where, detail = phase_words(progress, history.planned_epochs)
        else:
            where, detail = self._ended(history, state)
        self.where.setText(where)
        self.detail.set_whole(detail)
        share = 1.0 if state == RunState.COMPLETED else share_done(progress or history.progress, history.planned_epochs)
        self.bar.setValue(max(self.bar.value(), round(share * _STEPS)))  # phases may come back, the bar does not

    def _ended(self, history: RunHistory, state: str) -> tuple[str, str]:
        last = history.epochs[-1].epoch if history.epochs else 0
        if history.last_seq < 0:
            return self.tr("Not started yet"), self.tr("Everything is prepared; no training process has begun.")
        epochs = self.tr("{0} of {1} epochs").format(last, history.planned_epochs)
        if state == RunState.COMPLETED and last < history.planned_epochs:
            words = self.tr("It stopped early: more epochs brought nothing better.")
            return self.tr("Completed after {} epochs").format(last), words
        if state == RunState.COMPLETED:
            return self.tr("Completed"), epochs
        if state == RunState.STOPPED:
            return self.tr("Stopped after {}").format(epochs), said(history.finished.reason if history.finished else "")
        return self.tr("Ended after {}").format(epochs), ""


class RunFigures(QWidget):
    """The main metric on validation, the loss, the time, the device."""

    def __init__(self, task: Task, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._metric = MAIN_METRIC[task]
        name = self.tr("{}, validation").format(metric_name(self._metric))
        self.main, self.loss = Figure(name), Figure(self.tr("Loss, training"))
        self.main.setToolTip(metric_meaning(self._metric))
        self.time, self.device = Figure(self.tr("Time left")), Figure(self.tr("Device"))
        self.device.setProperty("data_tip", True)  # the engine's own words
        self.figures = (self.main, self.loss, self.time, self.device)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.MEDIUM)
        for each in self.figures:
            row.addWidget(each, 1)

    def clear(self) -> None:
        """Ready for another run."""
        for each in self.figures:
            each.show_value("–")
        self.device.setToolTip("")

    def follow(self, live: LiveRun) -> None:
        history = live.history
        if history.epochs:
            last = history.epochs[-1]
            self._show_main(history, last)
            val = "" if last.val_loss is None else self.tr("validation {}").format(figure(last.val_loss))
            self.loss.show_value(figure(last.train_loss), val)
        self._show_time(live)
        if history.device is not None:
            chosen = history.device
            batch = self.tr("batch {}").format(chosen.batch_size)
            self.device.show_value(_device_name(chosen.device), f"{chosen.precision} · {batch}")
            self.device.setToolTip(chosen.why)

    def _show_main(self, history: RunHistory, last: EpochFinished) -> None:
        """While it goes on the newest value, in the end that of the weights that are kept."""
        kept, words = history.best, self._best_words(history)
        if history.finished is not None and kept is not None:
            words = self.tr("kept from epoch {}").format(kept.epoch) if kept.epoch else words
            last = kept
        self.main.show_value(figure(last.metrics.get(self._metric)), words)

    def _best_words(self, history: RunHistory) -> str:
        best = history.best
        if best is None or self._metric not in best.metrics:
            return ""
        value = figure(best.metrics[self._metric])
        if best.epoch == 0:
            return self.tr("best {} with the trained head").format(value)
        return self.tr("best {0} at epoch {1}").format(value, best.epoch)

    def _show_time(self, live: LiveRun) -> None:
        history = live.history
        pace = sorted(epoch.seconds for epoch in history.epochs[-5:])
        an_epoch = ""
        if pace:
            middle = pace[len(pace) // 2]
            each = f"{middle * 1000:.0f} ms" if middle < 0.1 else f"{middle:.1f} s" if middle < 10 else duration(middle)
            an_epoch = self.tr("{} an epoch").format(each)
        if not live.is_going:
            taken = duration(live.clock.spent) if history.finished else "–"
            self.time.show_value(taken, an_epoch, self.tr("Time taken"))
            return
        left = seconds_left(history)
        after = history.progress is not None and history.progress.phase in (Phase.EXPORTING, Phase.VERIFYING)
        if after:
            self.time.show_value("–", self.tr("training is done"), self.tr("Time left"))
        else:
            self.time.show_value("–" if left is None else duration(left), an_epoch, self.tr("Time left"))


def _device_name(device: str) -> str:
    kind, _, index = device.partition(":")
    return {"cuda": f"GPU {index or 0}", "cpu": "CPU"}.get(kind, device)
