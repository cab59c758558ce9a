"""The run that the window follows: its history so far, and what can be asked of it."""

from array import array

from PySide6.QtCore import QObject, Signal

from app.run_thread import Moved, RunThread
from core.domain.errors import LensmithError
from core.domain.history import RunHistory, RunState
from core.runs import supervisor
from core.store.run_store import RunFolder

KEPT_LOG_LINES = 2000


class LiveRun(QObject):
    """Follows ``run`` until it ends or ``leave`` is called; a run already over is told from its file.

    Batch values grow as flat arrays of doubles, so that 100,000 of them cost nothing to keep or to hand on.
    """

    moved = Signal(object)  # Moved; ten times a second at most
    over = Signal()  # nothing more will come: it ended, or it cannot be followed
    failed = Signal(object)  # LensmithError

    def __init__(self, run: RunFolder, *, start: str = "", parent: QObject | None = None) -> None:
        """``start``: "launch", "resume", or empty."""
        super().__init__(parent)
        self.run, self.spec = run, run.spec()
        self.history = RunHistory()
        self.batch_at, self.batch_loss, self.batch_rate = array("d"), array("d"), array("d")
        self.log: list[str] = []
        self._thread = RunThread(run.path, start=start, parent=self)
        self._thread.moved.connect(self._take)
        self._thread.failed.connect(self.failed)
        self._thread.finished.connect(self.over)
        self._thread.start()

    @property
    def is_going(self) -> bool:
        """Whether a worker is believed to be at it."""
        return self.history.state is RunState.RUNNING or (
            self.history.state is RunState.WAITING and self._thread.isRunning()
        )

    @property
    def number(self) -> int:
        return self.run.number

    def ask_to_stop(self) -> None:
        """The worker stops at its next batch, keeps the best weights and still exports them."""
        try:
            supervisor.request_stop(self.run.path)
        except (LensmithError, OSError) as error:
            self.failed.emit(
                error
                if isinstance(error, LensmithError)
                else LensmithError(
                    self.tr("The wish to stop could not be written ({}).").format(error.strerror or str(error)),
                    self.tr("Kill the run instead; it can be resumed."),
                )
            )

    def leave(self) -> None:
        """Follow no longer; the run goes on."""
        self._thread.leave()

    def _take(self, news: Moved) -> None:
        self.history = news.history
        for point in news.batches:
            self.batch_at.append(point.at)
            self.batch_loss.append(point.loss)
            self.batch_rate.append(float("nan") if point.learning_rate is None else point.learning_rate)
        self.log = (self.log + news.log)[-KEPT_LOG_LINES:]
        self.moved.emit(news)
