"""A run as it goes or as it went: where it stands, four figures, curves, pictures, machine and log."""

import time
from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app import theme
from app.live_run import LiveRun
from app.readings import Readings
from app.widgets.parts import Card, PageHeader, button, label, page_column
from app.widgets.plots.curve_plot import REPAINT_MS, CurvePlot
from app.widgets.question import Question
from app.widgets.run.run_curves import RunCurves
from app.widgets.run.run_log import RunLog
from app.widgets.run.run_notes import RunNotes
from app.widgets.run.run_standing import RunFigures, RunStanding
from app.widgets.run.run_words import DISK_FULL, STOPPING, mode_title, model_title, started, told_state
from app.widgets.run.sample_pictures import SamplePictures
from app.widgets.shell.machine_panel import MachineCard
from app.widgets.tabs import Tabs
from core.domain.history import RunHistory, RunState
from core.domain.run import mode_of

KILL_AFTER = 10.0  # seconds for which a run may take its time to stop
PANEL_HEIGHT = 144  # pixels of pictures, machine or log
RESUMABLE = (RunState.INTERRUPTED, RunState.STOPPED, RunState.FAILED, DISK_FULL)


class RunView(QWidget):
    """Everything shown is derived from one ``LiveRun``; ``refresh`` shows it as it is now.

    What the user wants of the run is told by signals: this widget knows no project.
    """

    resume_wanted = Signal()
    kill_wanted = Signal()
    results_wanted = Signal()
    new_wanted = Signal()
    menu_wanted = Signal(object)  # QPoint of the screen, for the menu of what else can be done with this run

    def __init__(self, live: LiveRun, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stale = False
        self.standing, self.figures = RunStanding(), RunFigures(live.spec.task)
        self.notes, self.curves = RunNotes(), RunCurves(live.spec.task)
        self.pictures, self.machine, self.log = SamplePictures(), MachineCard(), RunLog()
        self.readings = Readings(self)
        self.readings.changed.connect(self._show_machine)
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(REPAINT_MS)
        self._timer.timeout.connect(self._tick)
        self.live = live
        self._attach()

    def show_run(self, live: LiveRun) -> None:
        """Another run of the same task in place of the one shown."""
        self.live.moved.disconnect(self._mark)
        self.live.over.disconnect(self._end)
        for part in (self.standing, self.figures, self.notes, self.curves, self.pictures, self.log):
            part.clear()
        for made in self._actions:
            made.hide()
        self._remark.hide()
        self.live = live
        self._attach()
        self._watch()

    def _attach(self) -> None:
        spec = self.live.spec
        run = self.tr("run {}").format(self.live.number)
        self.header.title.setText(f"{mode_title(mode_of(spec.start))} · {model_title(spec.architecture)} · {run}")
        self.header.subtitle.setText("")
        self.live.moved.connect(self._mark)
        self.live.over.connect(self._end)

    @property
    def history(self) -> RunHistory:
        return self.live.history

    @property
    def loss_plot(self) -> CurvePlot:
        return self.curves.loss_plot

    def refresh(self) -> None:
        """Show the run as it is now."""
        self._stale = False
        live = self.live
        self.curves.follow(live)
        if live.is_going and not live.is_caught_up:
            return  # where a run stands is not known before its whole file is told
        self.standing.follow(live)
        self.figures.follow(live)
        self.notes.follow(live)
        if live.samples is not None:
            self.pictures.show_samples(live.samples)
        self._show_header()
        self._show_panel()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self.refresh()
        self._watch()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        super().hideEvent(event)
        self._timer.stop()
        self.readings.stop()

    def _mark(self) -> None:
        self._stale = True

    def _tick(self) -> None:
        if self._stale:
            self.refresh()
        elif self.live.stop_asked_at is not None:
            self._show_actions()

    def _end(self) -> None:
        self.refresh()
        self._watch()

    def _watch(self) -> None:
        """Timers run only while somebody looks and something goes on."""
        going = self.isVisible() and self.live.is_going
        if going:
            self._timer.start()
        else:
            self._timer.stop()
        if going and self.panel.stack.currentWidget() is self.machine:
            self.readings.worker = self.live.clock.pid or None
            self.readings.start()
        else:
            self.readings.stop()

    # Header and its actions

    def _show_header(self) -> None:
        live = self.live
        if live.clock.began:
            words = started(live)
            if live.is_going:
                words = f"{words} {self.tr('Closing the window does not stop it.')}"
            self.header.subtitle.setText(words)
        self._show_actions()

    def _show_actions(self) -> None:
        live, state, going = self.live, told_state(self.live), self.live.is_going
        asked = live.stop_asked_at
        self.stop_button.setVisible(going and live.history.state is RunState.RUNNING)
        self.stop_button.setEnabled(state != STOPPING)
        self.stop_button.setText(self.tr("Stopping…") if state == STOPPING else self.tr("Stop, keep best"))
        self.kill_button.setVisible(going and asked is not None and time.monotonic() - asked >= KILL_AFTER)
        began = live.history.last_seq >= 0
        self.resume_button.setVisible(not going and (state in RESUMABLE or not began))
        self.resume_button.setText(self.tr("Resume") if began else self.tr("Start"))
        self.results_button.setVisible(not going and "report" in live.history.artifacts)
        self.new_button.setVisible(not going)

    def _ask_kill(self) -> None:
        checkpoint = self.history.checkpoint
        lost = (
            self.tr("There is no checkpoint yet: resumed, it starts over.")
            if checkpoint is None
            else self.tr("Nothing up to epoch {} is lost: the run can be resumed from there.").format(checkpoint.epoch)
        )
        text = self.tr("Its process is ended at once. {} The best weights are not exported.").format(lost)
        answers = [("wait", self.tr("Keep waiting")), ("kill", self.tr("Kill the run"))]
        title = self.tr("Kill run {}?").format(self.live.number)
        self.question = Question(title, text, answers, icon="warning", escape="wait", parent=self)
        self.question.answered.connect(self._answer_kill)
        self.question.open()

    def _answer_kill(self, answer: str) -> None:
        if answer == "kill":
            self.kill_wanted.emit()

    def _want_menu(self) -> None:
        self.menu_wanted.emit(self.more_button.mapToGlobal(self.more_button.rect().bottomLeft()))

    def _stop(self) -> None:
        self.live.ask_to_stop()
        self.refresh()

    # Pictures, machine, log

    def _show_panel(self) -> None:
        shown = self.panel.stack.currentWidget()
        if shown is self.log:
            self.log.show_lines(self.live.log, self.live.log_count)
        epoch = self.pictures.epoch
        words = self.tr("epoch {} · solid: truth, dashed: the model").format(epoch)
        if shown is self.pictures and self.live.spec.task == "classification":
            words = self.tr("epoch {}").format(epoch)
        self._remark.setText(words)
        self._remark.setVisible(shown is self.pictures and epoch is not None)

    def _change_panel(self) -> None:
        self._show_panel()
        self._watch()

    def _show_machine(self) -> None:
        self.machine.show_readings(list(self.readings.recent))

    # Building

    def _lay_out(self) -> None:
        column = page_column(self)
        column.addLayout(self._make_header())
        content = QWidget()
        rows = QVBoxLayout(content)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(theme.MEDIUM)
        rows.addWidget(self.standing)
        rows.addWidget(self.notes)
        rows.addWidget(self.figures)
        rows.addWidget(self.curves, 1)
        rows.addWidget(self._make_panel())
        self.area = area = QScrollArea()  # for windows lower than any that we promise to fit
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(content)
        column.addWidget(area, 1)

    def _make_header(self) -> PageHeader:
        self.header = PageHeader("")
        self._actions: list[QPushButton] = []
        self.stop_button = self._action(self.tr("Stop, keep best"), "stop", self._stop)
        self.stop_button.setToolTip(self.tr("Stops at the next batch; the best weights so far are exported."))
        self.kill_button = self._action(self.tr("Kill…"), "x-circle", self._ask_kill)
        self.kill_button.setProperty("danger", True)
        self.new_button = self._action(self.tr("New run"), "plus", self.new_wanted.emit)
        self.resume_button = self._action(self.tr("Resume"), "play", self.resume_wanted.emit)
        self.resume_button.setToolTip(self.tr("Goes on from the last checkpoint."))
        self.more_button = button("", "dots-three")
        self.more_button.setAccessibleName(self.tr("More that can be done with this run"))
        self.more_button.setToolTip(self.tr("Star, note and tags, archive, curves as a file, trash"))
        self.more_button.clicked.connect(self._want_menu)
        self.header.add_action(self.more_button)
        self.results_button = self._action(self.tr("See results"), "chart-bar", self.results_wanted.emit, primary=True)
        return self.header

    def _action(self, text: str, icon: str, then: Callable[[], object], *, primary: bool = False) -> QPushButton:
        made = button(text, icon, primary=primary)
        made.clicked.connect(lambda checked=False: then())
        made.hide()
        self._actions.append(made)
        self.header.add_action(made)
        return made

    def _make_panel(self) -> Card:
        self.machine.setObjectName("")  # a card within this one needs no frame of its own
        self.machine.body.setContentsMargins(0, 0, 0, 0)
        self.machine.body.addStretch()
        self.panel = Tabs(
            [
                (self.tr("Validation pictures"), self.pictures),
                (self.tr("Machine"), self.machine),
                (self.tr("Log"), self.log),
            ]
        )
        self.panel.stack.setFixedHeight(PANEL_HEIGHT)
        self.panel.stack.currentChanged.connect(self._change_panel)
        self._remark = label("", "muted")
        card = Card()
        head = QHBoxLayout()
        head.addWidget(self.panel, 1)
        head.addWidget(self._remark)
        card.body.addLayout(head)
        card.body.addWidget(self.panel.stack)
        return card
