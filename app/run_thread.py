"""The background worker thread: starts a run's worker process and brings its events to the window."""

from pathlib import Path

from PySide6.QtCore import QObject, QThread, Signal

from core.domain.errors import LensmithError
from core.runs import supervisor


class RunThread(QThread):
    """Follows one run directory until its attempt ends.

    Closing the window ends this thread and never the run: the worker is a process of its own, and the next
    ``RunThread`` on the same directory shows the curve whole again.
    """

    event_seen = Signal(object)  # core.domain.event.Event, queued to the window's thread
    failed = Signal(object)  # LensmithError: the worker could not be started or followed

    def __init__(self, run_dir: Path, *, start_worker: bool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run_dir = run_dir
        self._start_worker = start_worker

    def run(self) -> None:
        """Thread body; Qt calls it."""
        try:
            if self._start_worker:
                supervisor.launch(self._run_dir)
            for event in supervisor.follow(self._run_dir, given_up=self.isInterruptionRequested):
                self.event_seen.emit(event)
        except LensmithError as error:
            self.failed.emit(error)

    def leave(self) -> None:
        """Stop following, within a tick; the run goes on."""
        self.requestInterruption()
        self.wait()
