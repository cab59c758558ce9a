"""The queue as it stands now: read in the background when its file has changed, and never in the window's thread."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer, Signal

from app.jobs import Job
from app.state import Session
from core.domain.errors import LensmithError
from core.domain.experiment import Experiment
from core.domain.progress import Progress
from core.domain.queue import Queue
from core.domain.run import RunSpec, mode_of
from core.store.codec import read_json
from core.store.experiments import FOLDER as EXPERIMENTS
from core.store.experiments import list_experiments
from core.store.queue_file import QUEUE, read_queue

LOOK_EVERY = 1000  # milliseconds
_BEGAN = "worker.json"  # written when a run is launched


class QueuedRun(Struct, frozen=True, kw_only=True):
    """A run that waits, or one that has its turn: ``began`` tells when, in Unix seconds.

    ``spec`` is ``None`` where its file cannot be read; the run's name still tells mode and model.
    """

    run: str
    mode: str
    model: str
    experiment: int = 0
    spec: RunSpec | None = None
    began: float | None = None

    @property
    def is_going(self) -> bool:
        return self.began is not None


class QueueReading(Struct, frozen=True, kw_only=True):
    """``runs``: those under way first, the others in the order of their turns. ``experiments``: oldest first."""

    runs: tuple[QueuedRun, ...] = ()
    paused: bool = False
    experiments: tuple[Experiment, ...] = ()  # those that still have a run here, and the newest one

    @property
    def waiting(self) -> tuple[QueuedRun, ...]:
        return tuple(run for run in self.runs if not run.is_going)

    def find(self, run: str) -> QueuedRun | None:
        return next((one for one in self.runs if one.run == run), None)

    def moved(self, run: str, before: str) -> "QueueReading":
        """With a waiting run before another one, or at the end."""
        one = self.find(run)
        others = [other for other in self.runs if other.run != run]
        place = next((place for place, other in enumerate(others) if other.run == before), len(others))
        return self if one is None else replace(self, runs=(*others[:place], one, *others[place:]))

    def without(self, run: str) -> "QueueReading":
        return replace(self, runs=tuple(one for one in self.runs if one.run != run))


class QueueWatch(QObject):
    """``reading`` is what was seen last; ``changed`` tells that it is another one."""

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._specs: dict[str, RunSpec | None] = {}  # a run's spec never changes
        self._stamp: tuple[int, ...] | None = None
        self._looks = False
        self._changes = 0  # under way: what is read meanwhile may be from before
        self.reading = QueueReading()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_EVERY)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        """Look now and again and again, while somebody looks."""
        self.look()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def look(self) -> None:
        """One look, unless one is under way."""
        if not self._looks:
            self._looks = True
            self._session.jobs.run(
                "", self._read, done=self._take, failed=self._ignore, ended=self._end, lane="queue", quiet=True
            )

    def change(
        self,
        title: str,
        work: Callable[[Progress], Any],
        *,
        shown: QueueReading | None = None,
        done: Callable[[Any], object] | None = None,
        quiet: bool = True,
    ) -> Job:
        """Change the queue by ``work`` and look again; ``shown`` is what it will come to, shown at once."""

        def end() -> None:
            self._changes -= 1
            self._stamp = None
            self.look()

        self._changes += 1
        if shown is not None:
            self._show(shown)
        return self._session.jobs.run(title, work, done=done, ended=end, lane="queue", quiet=quiet)

    def _read(self, progress: Progress) -> QueueReading | None:
        """``None`` while nothing has changed."""
        stamp = _stamp(self._session.path)
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        queue = read_queue(self._session.path)
        known = {entry.run for entry in queue.entries}
        self._specs = {run: spec for run, spec in self._specs.items() if run in known}
        return self._resolved(queue)

    def _resolved(self, queue: Queue) -> QueueReading:
        found = []
        for entry in queue.entries:
            folder = self._session.path / "runs" / entry.run
            if entry.run not in self._specs:
                self._specs[entry.run] = _spec(folder)
            spec = self._specs[entry.run]
            _, mode, model = (*entry.run.split("-", 2), "", "")[:3]
            found.append(
                QueuedRun(
                    run=entry.run,
                    mode=mode_of(spec.start) if spec else mode,
                    model=spec.architecture if spec else model,
                    experiment=entry.experiment,
                    spec=spec,
                    began=_began(folder) if entry.given else None,
                )
            )
        found.sort(key=lambda run: not run.is_going)
        return QueueReading(runs=tuple(found), paused=queue.paused, experiments=self._experiments(found))

    def _experiments(self, queued: Sequence[QueuedRun]) -> tuple[Experiment, ...]:
        everything = list_experiments(self._session.path)
        wanted = {run.experiment for run in queued} | {one.number for one in everything[-1:]}
        return tuple(one for one in everything if one.number in wanted)

    def _take(self, reading: QueueReading | None) -> None:
        if reading is not None and not self._changes:
            self._show(reading)

    def _show(self, reading: QueueReading) -> None:
        if reading != self.reading:
            self.reading = reading
            self.changed.emit()

    def _ignore(self, error: LensmithError) -> None:
        """It is looked at again soon; whoever changes the queue is told what is wrong."""

    def _end(self) -> None:
        self._looks = False


def _stamp(project: Path) -> tuple[int, ...]:
    """What tells one state of the files from the next."""
    stamp: list[int] = []
    for path in (project / "runs" / QUEUE, project / EXPERIMENTS):
        try:
            facts = path.stat()
            stamp += [facts.st_mtime_ns, facts.st_ino]
        except OSError:
            stamp += [0, 0]
    return tuple(stamp)


def _spec(folder: Path) -> RunSpec | None:
    try:
        return read_json(folder / "spec.json", RunSpec)
    except (LensmithError, OSError):
        return None


def _began(folder: Path) -> float:
    try:
        return (folder / _BEGAN).stat().st_mtime
    except OSError:
        return time.time()
