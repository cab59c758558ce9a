"""The run that the window follows: its history so far, and what can be asked of it."""

import time
from array import array
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.run_samples import Samples
from app.run_thread import Clock, Moved, RunThread
from core.domain.errors import LensmithError
from core.domain.history import RunHistory
from core.runs import supervisor
from core.runs.reporting import STOP
from core.store.run_store import RunFolder

if TYPE_CHECKING:
    from core.training.diagnosis import Remark

KEPT_LOG_LINES = 2000
KEPT_OUTPUT_LINES = 200


class LiveRun(QObject):
    """Follows ``run`` until it ends or ``leave`` is called; a run already over is told from its file.

    Batch values grow as flat arrays of doubles, so that 100,000 of them cost nothing to keep or to hand on.
    """

    moved = Signal(object)  # Moved; ten times a second at most, more often only while an old run is told again
    over = Signal()  # nothing more will come: it ended, or it cannot be followed
    failed = Signal(object)  # LensmithError

    def __init__(self, run: RunFolder, *, start: str = "", parent: QObject | None = None) -> None:
        """``start``: "launch", "resume", or empty."""
        super().__init__(parent)
        self.run, self.spec = run, run.spec()
        self.history, self.clock = RunHistory(), Clock()
        self.batch_at, self.batch_loss, self.batch_rate = array("d"), array("d"), array("d")
        self.log: list[str] = []
        self.output: list[str] = []  # the last lines that the process itself printed
        self.log_count = 0  # lines ever told, those dropped from ``log`` included
        self.samples: Samples | None = None
        self.remarks: tuple[Remark, ...] = ()  # what its curves say
        self.silent = 0.0  # seconds without progress, once they are too many
        self.is_caught_up = False  # all that the run's file held at the beginning has been told
        self.error: LensmithError | None = None  # why it could not be started or followed
        # A wish to stop outlives the window that it was made in; a new attempt takes it back.
        asked = not start and (run.path / STOP).exists()
        self.stop_asked_at: float | None = time.monotonic() if asked else None
        self._is_over = False  # once its last news is here, which may be later than the end of the thread
        self._thread = RunThread(run.path, start=start, parent=self)
        self._thread.moved.connect(self._take)
        self._thread.failed.connect(self._take_error)
        self._thread.finished.connect(self._end)
        self._thread.start()

    @property
    def is_going(self) -> bool:
        """Whether a worker is believed to be at it, or the file of a run long over is still being told."""
        return not self._is_over

    @property
    def number(self) -> int:
        return self.run.number

    def ask_to_stop(self) -> None:
        """The worker stops at its next batch, keeps the best weights and still exports them."""
        try:
            supervisor.request_stop(self.run.path)
            self.stop_asked_at = time.monotonic()
        except (LensmithError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            self.failed.emit(
                LensmithError(
                    self.tr("The wish to stop could not be written ({}).").format(reason),
                    self.tr("Kill the run instead; it can be resumed."),
                )
            )

    def leave(self) -> None:
        """Follow no longer; the run goes on."""
        self._thread.finished.disconnect(self._end)
        self._thread.leave()

    def _take(self, news: Moved) -> None:
        self.history, self.clock = news.history, news.clock
        self.batch_at.extend(news.batches.at)
        self.batch_loss.extend(news.batches.loss)
        self.batch_rate.extend(news.batches.rate)
        self.log = (self.log + news.log)[-KEPT_LOG_LINES:]
        self.log_count += len(news.log)
        self.output = (self.output + news.output)[-KEPT_OUTPUT_LINES:]
        self.samples = news.samples or self.samples
        self.remarks, self.silent = news.remarks, news.silent
        self.is_caught_up = news.caught_up
        self.moved.emit(news)

    def _end(self) -> None:
        self._is_over = True
        self.over.emit()

    def _take_error(self, error: LensmithError) -> None:
        self.error = error
        self.failed.emit(error)
