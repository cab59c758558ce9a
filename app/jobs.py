"""Long work off the window's thread, with progress, time left and cancel, all in one place."""

import errno
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, QThread, Signal

from core.domain.errors import Cancelled, LensmithError
from core.domain.progress import Progress

TELL_EVERY = 0.05  # seconds between two reports of progress
SURE_AFTER = 1.0  # seconds of work before a time left is worth saying
DISK_TROUBLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO}


class Job(QThread):
    """One piece of work. ``work`` gets a ``Progress`` and must not touch widgets.

    Exactly one of ``done``, ``failed`` and ``cancelled`` is emitted, then Qt's ``finished``.
    """

    progressed = Signal(int, int, str)  # done, total (0: not known yet), what the step is
    done = Signal(object)  # what work returned
    failed = Signal(object)  # LensmithError
    cancelled = Signal()

    def __init__(
        self,
        work: Callable[[Progress], Any],
        parent: QObject | None = None,
        *,
        title: str = "",
        lane: str = "project",
        quiet: bool = False,
    ) -> None:
        super().__init__(parent)
        self.title, self.lane, self.quiet = title, lane, quiet
        self.has_begun = False  # Qt's isRunning is false again between the end of the work and the news of it
        self.began = 0.0  # monotonic seconds
        self._work = work
        self._cancel = threading.Event()
        self._told = self._step_began = 0.0
        self._step = ""
        self._share = 0.0

    def call_back(
        self,
        done: Callable[[Any], object] | None,
        failed: Callable[[LensmithError], object],
        over: Callable[[], object],
    ) -> None:
        """Call these in the window's thread."""
        # Through bound methods of an object of that thread: Qt queues those, and not plain functions.
        self._on_done, self._on_failed, self._on_over = done, failed, over
        self.done.connect(self._call_done)
        self.failed.connect(self._call_failed)
        self.finished.connect(self._call_over)

    def cancel(self) -> None:
        """Ask to end; ``cancelled`` follows once the work has undone what it began."""
        self._cancel.set()

    @property
    def is_cancelling(self) -> bool:
        return self._cancel.is_set()

    @property
    def seconds_left(self) -> float | None:
        """Of the step under way, judged by its pace so far; ``None`` while that would be a guess."""
        spent = time.monotonic() - self._step_began
        if not self._share or spent < SURE_AFTER:
            return None
        return spent / self._share * (1 - self._share)

    def run(self) -> None:
        """Thread body; Qt calls it."""
        self.began = self._step_began = time.monotonic()
        try:
            self._progress(0, 0, "")
            result = self._work(self._progress)
        except Cancelled:
            self.cancelled.emit()
        except LensmithError as error:
            self.failed.emit(error)
        except Exception as error:  # the window must live, and the user must know
            self.failed.emit(unexpected(error))
        else:
            self.done.emit(result)

    def _call_done(self, result: Any) -> None:
        if self._on_done is not None:
            self._on_done(result)

    def _call_failed(self, error: LensmithError) -> None:
        self._on_failed(error)

    def _call_over(self) -> None:
        self._on_over()

    def _progress(self, done: int, total: int, what: str) -> None:
        if self._cancel.is_set():
            raise Cancelled
        now = time.monotonic()
        if what != self._step:
            self._step, self._step_began = what, now
        self._share = done / total if total else 0.0
        if now - self._told > TELL_EVERY or done == total:
            self._told = now
            self.progressed.emit(done, total, what)


def unexpected(error: Exception) -> LensmithError:
    """What nobody foresaw, in two sentences; the whole story is chained to it."""
    told = LensmithError(
        QCoreApplication.translate("Job", "Something unexpected happened: {}.").format(
            f"{type(error).__name__}: {error}"
        ),
        QCoreApplication.translate("Job", "Try again; if it happens again, report it with the details."),
    )
    told.__cause__ = error
    return told


def is_refused_by_disk(error: BaseException | None) -> bool:
    """Whether the same edit may succeed later: the disk was full, failing or not writable, or the file in use."""
    while error is not None:
        if isinstance(error, sqlite3.OperationalError) or (isinstance(error, OSError) and error.errno in DISK_TROUBLE):
            return True
        error = error.__cause__
    return False


@dataclass(frozen=True, eq=False)
class Unsaved:
    """An edit that the disk refused."""

    title: str
    error: LensmithError
    repeat: Callable[[], object]


class Jobs(QObject):
    """All long work of one project. Jobs of one lane run one after another, lanes side by side."""

    started = Signal(object)  # Job, from now on in ``running`` or waiting for its lane
    ended = Signal(object)  # Job
    failed = Signal(object)  # LensmithError of a job that nobody else listens to
    unsaved_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs: list[Job] = []  # oldest first; those that run and those that wait
        self.unsaved: list[Unsaved] = []  # oldest first; kept until they succeed or are discarded
        self._closing = False

    def run(
        self,
        title: str,
        work: Callable[[Progress], Any],
        *,
        done: Callable[[Any], object] | None = None,
        failed: Callable[[LensmithError], object] | None = None,
        ended: Callable[[], object] | None = None,
        lane: str = "project",
        quiet: bool = False,
    ) -> Job:
        """Start ``work`` as soon as its lane is free; the callbacks run in the window's thread.

        Without ``failed``, the window shows the error. ``quiet``: too short or too small to be listed. Work of the
        lane "project" that the disk refused is kept in ``unsaved``. Nothing is begun any more once all is closing.
        """
        again = partial(self.run, title, work, done=done, failed=failed, ended=ended, lane=lane, quiet=quiet)

        def fail(error: LensmithError) -> None:
            if lane == "project" and is_refused_by_disk(error):
                self.unsaved.append(Unsaved(title, error, again))
                self.unsaved_changed.emit()
            (failed or self.failed.emit)(error)

        job = Job(work, self, title=title, lane=lane, quiet=quiet)
        job.call_back(done, fail, partial(self._over, job, ended))
        if self._closing:
            job.deleteLater()
            return job
        self.jobs.append(job)
        self.started.emit(job)
        self._start_next()
        return job

    def repeat(self, unsaved: Unsaved) -> None:
        """Do the edit now that the disk may take it; if it fails again it is kept again."""
        self.discard(unsaved)
        unsaved.repeat()

    def discard(self, unsaved: Unsaved) -> None:
        if unsaved in self.unsaved:
            self.unsaved.remove(unsaved)
            self.unsaved_changed.emit()

    def loud(self) -> list[Job]:
        """Those worth showing."""
        return [job for job in self.jobs if not job.quiet]

    def cancel_all(self) -> None:
        """Ask everything to end and begin nothing more; ``ended`` tells of each, and then ``jobs`` is empty."""
        self._closing = True
        for job in list(self.jobs):
            job.cancel()
            if not job.has_begun:
                self._over(job, None)

    def close(self) -> None:
        """Cancel everything and wait until it is undone."""
        self.cancel_all()
        for job in self.jobs:
            job.wait()
        self.jobs.clear()

    def _start_next(self) -> None:
        if self._closing:
            return
        busy: set[str] = set()
        for job in self.jobs:
            if job.lane not in busy and not job.has_begun:
                job.has_begun = True
                job.start()
            busy.add(job.lane)

    def _over(self, job: Job, then: Callable[[], object] | None) -> None:
        if job not in self.jobs:
            return  # closed in the meantime
        self.jobs.remove(job)
        self.ended.emit(job)
        job.deleteLater()
        self._start_next()
        if then is not None:
            then()
