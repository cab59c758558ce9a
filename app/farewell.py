"""What happens before a project is left: questions that must be asked, and waits for what must end first."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from app.jobs import Job
from app.live_run import LiveRun
from app.state import Session
from app.widgets.question import Question
from core.domain.history import RunState

LEFT_WITHOUT_ASKING = 2.0  # seconds that a job may have worked for nothing


class Farewell(QObject):
    """``begin`` leads, at once or by way of questions, to ``left`` or to ``stayed``."""

    left = Signal()
    stayed = Signal()

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._window = session, window
        self._steps: list[Callable[[], bool]] = [self._ask_about_run, self._ask_about_unsaved, self._ask_about_jobs]
        self.question: Question | None = None
        self._awaited: Job | None = None

    def begin(self) -> None:
        """Go through what is left to ask; a step that asks goes on here once it has its answer."""
        while self._steps:
            if self._steps.pop(0)():
                return
        self.left.emit()

    def _ask_about_run(self) -> bool:
        live = self._session.live
        if live is None or live.history.state is not RunState.RUNNING or self._session.reading_only:
            return False
        answers = (
            ("leave", self.tr("Leave it running")),
            ("stop", self.tr("Stop and keep the best")),
            ("stay", self.tr("Stay")),
        )
        self._ask(
            self.tr("Run {} is still training").format(live.number),
            self.tr(
                "It goes on without this window, and the next one shows it whole. Stopping exports the best so far."
            ),
            answers,
            lambda answer: self._end_run(live) if answer == "stop" else self._go_on(answer != "stay"),
        )
        return True

    def _end_run(self, live: LiveRun) -> None:
        """Wait until the worker has exported its best weights; the user may think otherwise meanwhile."""
        answers = (("leave", self.tr("Close now, it finishes by itself")), ("stay", self.tr("Stay")))
        question = self._ask(
            self.tr("Run {} stops").format(live.number),
            self.tr("The best weights are exported and verified, then the window closes."),
            answers,
            lambda answer: self._go_on(answer != "stay"),
            busy=True,
        )
        live.over.connect(self._run_over)
        live.ask_to_stop()
        if not live.is_going:  # it ended while the user thought about it
            question.choose("leave")

    def _run_over(self) -> None:
        if self.question is not None:
            self.question.choose("leave")

    def _ask_about_unsaved(self) -> bool:
        unsaved = self._session.jobs.unsaved
        if not unsaved:
            return False
        self._ask(
            self.tr("%n change(s) could not be saved", "", len(unsaved)),
            "\n".join(dict.fromkeys(one.error.cause for one in unsaved)),
            (("stay", self.tr("Stay")), ("discard", self.tr("Close and lose them"))),
            lambda answer: self._go_on(answer == "discard"),
            escape="stay",
        )
        return True

    def _ask_about_jobs(self) -> bool:
        now = time.monotonic()
        begun = [job for job in self._session.jobs.loud() if job.lane == "project" and job.has_begun and job.began]
        long = [job for job in begun if now - job.began > LEFT_WITHOUT_ASKING]
        if not long:
            return False
        self._ask(
            self.tr("Not finished: {}").format(long[0].title),
            self.tr("Closing cancels it, and the project is as it was before."),
            (("stay", self.tr("Stay")), ("cancel", self.tr("Cancel it and close"))),
            lambda answer: self._go_on(answer == "cancel"),
            escape="stay",
        )
        self._awaited = long[0]
        self._session.jobs.ended.connect(self._job_over)
        return True

    def _job_over(self, job: Job) -> None:
        if job is self._awaited and self.question is not None:
            self.question.choose("cancel")

    def _ask(
        self,
        title: str,
        text: str,
        answers: tuple[tuple[str, str], ...],
        then: Callable[[str], None],
        *,
        busy: bool = False,
        escape: str = "",
    ) -> Question:
        self.question = Question(title, text, answers, busy=busy, escape=escape, parent=self._window)
        self.question.answered.connect(then)
        self.question.open()
        return self.question

    def _go_on(self, leave: bool) -> None:
        self.question = None
        if leave:
            QTimer.singleShot(0, self, self.begin)  # from the event loop: the dialog is closed by then
        else:
            self.stayed.emit()
