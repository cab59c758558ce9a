"""Long work off the window's thread, with progress and cancel."""

import threading
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal

from core.domain.errors import Cancelled, LensmithError
from core.domain.progress import Progress


class Job(QThread):
    """One piece of work. ``work`` gets a ``Progress`` and must not touch widgets."""

    progressed = Signal(int, int, str)
    done = Signal(object)  # what work returned
    failed = Signal(object)  # LensmithError
    cancelled = Signal()

    def __init__(self, work: Callable[[Progress], Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._cancel = threading.Event()
        self._told = 0.0

    def cancel(self) -> None:
        """Ask to end; ``cancelled`` follows once the work has undone what it began."""
        self._cancel.set()

    def run(self) -> None:
        """Thread body; Qt calls it."""
        try:
            result = self._work(self._progress)
        except Cancelled:
            self.cancelled.emit()
        except LensmithError as error:
            self.failed.emit(error)
        except Exception as error:  # the window must live, and the user must know
            self.failed.emit(
                LensmithError(
                    f"Something unexpected happened: {type(error).__name__}: {error}.",
                    "Try again; if it happens again, report it with the log.",
                )
            )
        else:
            self.done.emit(result)

    def _progress(self, done: int, total: int, what: str) -> None:
        if self._cancel.is_set():
            raise Cancelled
        now = time.monotonic()
        if now - self._told > 0.05 or done == total:
            self._told = now
            self.progressed.emit(done, total, what)
