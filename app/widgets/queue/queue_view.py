"""What waits for its turn on this machine: its order, when each turn comes, and what can be done about it."""

import time
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from app import run_edits, theme
from app.queue_watch import QueuedRun, QueueWatch
from app.state import Change, Session
from app.widgets.parts import Card, Glyph, PageHeader, button, duration, label, page_column
from app.widgets.question import Question
from app.widgets.queue.action_note import ActionNote
from app.widgets.queue.experiment_card import ExperimentCard
from app.widgets.queue.queue_list import QueueList
from app.widgets.queue.turns import Turn, turns
from core.domain.experiment import Experiment
from core.domain.run import number_of

AFRESH = 10_000  # milliseconds between two looks at the clock
MOST_SEEDS = 5


class QueueView(QWidget):
    """``clone_wanted``: the form is to be filled with this run's values."""

    clone_wanted = Signal(str)
    new_wanted = Signal()

    def __init__(self, session: Session, watch: QueueWatch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self.watch = session, watch
        self.lanes = 1  # runs that go on side by side: one a card
        self._removed: tuple[QueuedRun, str] | None = None  # and the run that it waited before
        self.experiments: dict[int, ExperimentCard] = {}  # by number
        self.question: Question | None = None
        self.list, self.undo = QueueList(), ActionNote(self.tr("Undo"))
        self._build()
        self.watch.changed.connect(self.refresh)
        self.session.changed.connect(self._follow)
        self.list.chosen.connect(self._show_actions)
        self.list.step_wanted.connect(self._step)
        self.list.remove_wanted.connect(self._remove)
        self.list.rows.dropped.connect(self._move)
        self.undo.button.clicked.connect(self._put_back)
        self._clock = QTimer(self)
        self._clock.setInterval(AFRESH)
        self._clock.timeout.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the queue as it is now."""
        reading = self.watch.reading
        found = turns(reading, self.session.runs, time.time(), lanes=self.lanes)
        self.list.rows.is_writable = not self.session.reading_only
        self.list.show_turns(found)
        self._show_experiments(found)
        self._stack.setCurrentIndex(0 if found or self.undo.text else 1)
        self._header.subtitle.setText(self._standing(found, paused=reading.paused))
        self.pause_button.setText(self.tr("Go on") if reading.paused else self.tr("Pause"))
        self.pause_button.setIcon(theme.icon("play" if reading.paused else "pause", "text"))
        self._show_actions()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self.refresh()
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        super().hideEvent(event)
        self._clock.stop()
        self._removed = None
        self.undo.say("")

    def _follow(self, change: Change) -> None:
        if change & (Change.RUNS | Change.ACCESS):
            self.refresh()

    def _show_experiments(self, found: tuple[Turn, ...]) -> None:
        """Comparisons under way and the newest one, the newest on top."""
        wanted = {one.number: one for one in reversed(self.watch.reading.experiments)}
        for number in [number for number in self.experiments if number not in wanted]:
            gone = self.experiments.pop(number)
            gone.hide()
            gone.deleteLater()
        for number, one in wanted.items():
            if number not in self.experiments:
                card = self.experiments[number] = ExperimentCard(one)
                card.results_wanted.connect(self._show_results)
                card.cancel_wanted.connect(self._ask_to_cancel)
                self._above.insertWidget(0, card)
            self.experiments[number].show_standing(self.session.runs, found)

    def _standing(self, found: tuple[Turn, ...], *, paused: bool) -> str:
        waiting = len(self.watch.reading.waiting)
        if paused:
            return self.tr("Paused: nothing new starts, and what is running goes on.")
        if not found:
            return self.tr("Runs wait here for their turn on this machine.")
        ends = [turn.ends_in for turn in found]
        parts = [self.tr("%n run(s) waiting", "", waiting)]
        if waiting and all(end is not None for end in ends):
            parts.append(self.tr("all done in about {}").format(duration(max(end for end in ends if end is not None))))
        return " · ".join([*parts, self.tr("goes on without this window")])

    def _show_actions(self) -> None:
        chosen, writable = self.watch.reading.find(self.list.chosen_run), not self.session.reading_only
        waits = chosen is not None and not chosen.is_going and writable
        row, first = self.list.currentIndex().row(), self.list.rows.first_waiting
        self.up_button.setEnabled(waits and row > first)
        self.down_button.setEnabled(waits and row < len(self.list.rows.turns) - 1)
        self.remove_button.setEnabled(waits)
        for made in (self.clone_button, self.seeds_button):
            made.setEnabled(chosen is not None and chosen.spec is not None and writable)
        self.pause_button.setEnabled(writable)

    # What the user does

    def _pause(self) -> None:
        run_edits.pause_queue(self.session, self.watch, not self.watch.reading.paused)

    def _move(self, run: str, before: str) -> None:
        if run != before and self.watch.reading.find(run) is not None:
            run_edits.move_queued(self.session, self.watch, run, before)

    def _step(self, by: int) -> None:
        row, rows = self.list.currentIndex().row(), self.list.rows
        to = row + by
        if self.up_button.isEnabled() if by < 0 else self.down_button.isEnabled():
            self._move(self.list.chosen_run, rows.before(to if by < 0 else to + 1))

    def _remove(self) -> None:
        run = self.watch.reading.find(self.list.chosen_run)
        if run is None or not self.remove_button.isEnabled():
            return
        before = self.list.rows.before(self.list.currentIndex().row() + 1)
        self._removed = (run, before)
        self.undo.say(self.tr("Run {} waits no longer; it is kept among the runs.").format(number_of(run.run)))
        run_edits.remove_queued(self.session, self.watch, run.run)

    def _put_back(self) -> None:
        if self._removed is not None:
            run_edits.put_back(self.session, self.watch, *self._removed)
        self._removed = None
        self.undo.say("")
        self.list.setFocus()

    def _clone(self) -> None:
        self.clone_wanted.emit(self.list.chosen_run)

    def _repeat(self, more: int) -> None:
        run_edits.repeat_run(self.session, self.watch, self.list.chosen_run, more)

    def _show_results(self, experiment: Experiment) -> None:
        self.session.page_wanted.emit("results")  # which makes the page, should nobody have looked at it yet
        done = {run.run for run in self.session.runs if run.seconds is not None}
        self.session.compare_wanted.emit(tuple(run for run in experiment.runs if run in done))

    def _ask_to_cancel(self, experiment: Experiment) -> None:
        self.question = Question(
            self.tr("Cancel the rest of comparison {}?").format(experiment.number),
            self.tr("Waiting runs leave the queue, and one that goes on stops and keeps its best. What is done stays."),
            (("keep", self.tr("Let them run")), ("cancel", self.tr("Cancel the rest"))),
            escape="keep",
            parent=self.window(),
        )
        self.question.answered.connect(partial(self._cancel, experiment))
        self.question.open()

    def _cancel(self, experiment: Experiment, answer: str) -> None:
        if answer == "cancel":
            run_edits.cancel_experiment(self.session, self.watch, experiment)

    # Building

    def _build(self) -> None:
        column = page_column(self)
        self._header = PageHeader(self.tr("Queue"))
        self.pause_button = button("", "pause")
        self.pause_button.clicked.connect(self._pause)
        self.new_button = button(self.tr("New run"), "plus")
        self.new_button.clicked.connect(self.new_wanted)
        for made in (self.pause_button, self.new_button):
            self._header.add_action(made)
        column.addLayout(self._header)
        self._above = QVBoxLayout()
        self._above.setSpacing(theme.MEDIUM)
        column.addLayout(self._above)
        filled = QWidget()
        rows = QVBoxLayout(filled)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(theme.MEDIUM)
        rows.addWidget(self._card(), 1)
        rows.addWidget(self.undo)
        self._stack = QStackedLayout()
        self._stack.addWidget(filled)
        self._stack.addWidget(self._nothing())
        column.addLayout(self._stack, 1)

    def _card(self) -> Card:
        card = Card(self.tr("Order"))
        self.up_button = self._tool("", "caret-up", partial(self._step, -1))
        self.up_button.setAccessibleName(self.tr("Move up"))
        self.up_button.setToolTip(self.tr("Earlier: Alt+Up, or drag it."))
        self.down_button = self._tool("", "caret-down", partial(self._step, 1))
        self.down_button.setAccessibleName(self.tr("Move down"))
        self.down_button.setToolTip(self.tr("Later: Alt+Down, or drag it."))
        self.clone_button = self._tool(self.tr("Clone…"), "copy", self._clone)
        self.clone_button.setToolTip(self.tr("Opens the form with this run's values, for you to change some."))
        self.seeds_button = self._tool(self.tr("Other seeds"), "plus", lambda: None)
        self.seeds_button.setToolTip(
            self.tr("The same run again with other random numbers: how far do results spread?")
        )
        self.seeds_button.setMenu(self._seeds_menu())
        self.remove_button = self._tool(self.tr("Remove"), "x", self._remove)
        self.remove_button.setToolTip(self.tr("It waits no longer, and is kept among the runs: Delete."))
        for made in (self.up_button, self.down_button, self.clone_button, self.seeds_button, self.remove_button):
            card.head.addWidget(made)
        card.body.addWidget(self.list, 1)
        return card

    def _tool(self, text: str, icon: str, then: object) -> QPushButton:
        made = button(text, icon)
        made.setProperty("quiet", True)
        made.clicked.connect(lambda checked=False: then())  # type: ignore[operator]
        return made

    def _seeds_menu(self) -> QMenu:
        menu = QMenu(self)
        for more in range(1, MOST_SEEDS + 1):
            menu.addAction(self.tr("%n more seed(s)", "", more), partial(self._repeat, more))
        return menu

    def _nothing(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setSpacing(theme.SMALL)
        title = label(self.tr("Nothing waits"), "section")
        text = label(self.tr("A run that is started while another one goes on waits here for its turn."), "muted")
        text.setWordWrap(True)
        column.addStretch(2)
        column.addWidget(Glyph("stack", side=40), alignment=Qt.AlignmentFlag.AlignHCenter)
        for words in (title, text):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(words)
        column.addStretch(3)
        return holder
