"""The background worker thread: starts a run's process and brings its events to the window a few times a second."""

import time
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, QThread, Signal

from core.domain.errors import LensmithError
from core.domain.event import Event, LogLine, Phase, Progress
from core.domain.history import RunHistory
from core.runs import supervisor

TELL_EVERY = 0.1  # seconds; events come at any rate, the window hears of them at this one


class BatchPoint(NamedTuple):
    """One training batch: ``at`` counts epochs, 2.5 being the middle of the third."""

    at: float
    loss: float
    learning_rate: float | None


class Moved(NamedTuple):
    """What happened since the last one."""

    history: RunHistory
    batches: list[BatchPoint]
    log: list[str]


class RunThread(QThread):
    """Follows one run directory until its attempt ends.

    Closing the window ends this thread and never the run: the worker is a process of its own, and the next
    ``RunThread`` on the same directory shows the curve whole again.
    """

    moved = Signal(object)  # Moved, queued to the window's thread
    failed = Signal(object)  # LensmithError: the worker could not be started or followed

    def __init__(self, run_dir: Path, *, start: str = "", parent: QObject | None = None) -> None:
        """``start``: "launch", "resume", or empty to follow what goes on or went on already."""
        super().__init__(parent)
        self._run_dir = run_dir
        self._start = start
        self._history = RunHistory()
        self._batches: list[BatchPoint] = []
        self._log: list[str] = []
        self._told = 0.0
        self._news = False

    def run(self) -> None:
        """Thread body; Qt calls it."""
        try:
            if self._start == "launch":
                supervisor.launch(self._run_dir)
            elif self._start == "resume":
                supervisor.resume(self._run_dir)
            for event in supervisor.follow(self._run_dir, given_up=self._on_poll):
                self._take(event)
        except LensmithError as error:
            self.failed.emit(error)
        self._tell()

    def leave(self) -> None:
        """Stop following, within a tick; the run goes on."""
        self.requestInterruption()
        self.wait()

    def _take(self, event: Event) -> None:
        self._history = self._history.apply(event)
        self._news = True
        match event:
            case Progress(phase=Phase.TRAINING, loss=float() as loss) if event.total:
                at = event.epoch - 1 + event.done / event.total
                self._batches.append(BatchPoint(at, loss, event.learning_rate))
            case LogLine(text=text):
                self._log.append(text)
        if time.monotonic() - self._told > TELL_EVERY:
            self._tell()

    def _on_poll(self) -> bool:
        self._tell()
        return self.isInterruptionRequested()

    def _tell(self) -> None:
        if self._news:
            self._news = False
            self._told = time.monotonic()
            self.moved.emit(Moved(self._history, self._batches, self._log))
            self._batches, self._log = [], []
