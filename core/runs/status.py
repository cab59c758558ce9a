"""Who works on a run: ``worker.json``, written by the launcher and again by the worker itself."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock
from msgspec import Struct

from core.domain.errors import LensmithError
from core.domain.event import Event, Resumed, Started
from core.domain.history import RunHistory, RunState
from core.domain.run import RunSpec
from core.runs.event_log import EVENTS, read_events
from core.runs.process import ProcessId, oom_kills
from core.store.codec import read_json, write_json
from core.store.files import newest_whole

CHECKPOINT = "last.ckpt"
HEARTBEAT = "heartbeat"
OUTPUT = "worker.log"
_WORKER = "worker.json"
PATIENCE = 300.0  # seconds without progress until a run is said to hang: no batch and no picture takes so long
_FOREIGN_PATIENCE = 60.0  # seconds without a heartbeat until a worker on another machine counts as dead


class WorkerRecord(Struct, frozen=True, kw_only=True):
    """The process that does attempt number ``attempt`` (1, 2 …) of a run."""

    schema_version: int = 1
    process: ProcessId
    attempt: int
    oom_kills: int | None = None  # of the whole machine when it began, see ``core.runs.process``

    def saw_oom_kill(self) -> bool:
        """Whether the kernel has ended some process for want of memory since this one began."""
        now = oom_kills()
        return self.oom_kills is not None and now is not None and now > self.oom_kills and self.process.is_of_this_boot


def attempts_in(events: Iterable[Event]) -> int:
    """How many attempts have told that they began."""
    return sum(isinstance(event, Started | Resumed) for event in events)


def worker_of(run_dir: Path) -> WorkerRecord | None:
    """The newest worker; ``None`` while the run was never launched."""
    path = run_dir / _WORKER
    return read_json(path, WorkerRecord) if path.exists() else None


def record_worker(run_dir: Path, pid: int, attempt: int) -> None:
    write_json(run_dir / _WORKER, WorkerRecord(process=ProcessId.of(pid), attempt=attempt, oom_kills=oom_kills()))


def locked(run_dir: Path) -> FileLock:
    """Held while somebody launches a run, takes it on or writes its ending: never two at the same time."""
    return FileLock(run_dir / "supervisor.lock")


def claim(run_dir: Path) -> None:
    """Called by a worker first of all. Raises ``LensmithError`` if another worker is at it."""
    with locked(run_dir):
        record = worker_of(run_dir)
        # Python's launcher on Windows is a process of its own, the parent of the one that works.
        if is_alive(run_dir) and record and record.process.pid not in (os.getpid(), os.getppid()):
            raise LensmithError(
                f"Run {run_dir.name} is already being worked on by process {record.process.pid}.", "Wait until it ends."
            )
        record_worker(run_dir, os.getpid(), attempts_in(read_events(run_dir / EVENTS)) + 1)


def opening(run_dir: Path, pid: int) -> Started | Resumed:
    """The first event of the attempt that comes next."""
    history = RunHistory().extend(read_events(run_dir / EVENTS))
    if history.state is not RunState.WAITING:
        told = history.epochs[-1].epoch if history.epochs else 0
        return Resumed(epoch=told if newest_whole(run_dir / CHECKPOINT) else 0, pid=pid)
    try:
        epochs = read_json(run_dir / "spec.json", RunSpec).epochs
    except LensmithError:
        epochs = 0  # what is wrong with the file is told at the end of this attempt
    return Started(run=run_dir.name, pid=pid, epochs=epochs)


def is_alive(run_dir: Path) -> bool:
    """Whether a worker is at this run now."""
    record = worker_of(run_dir)
    if record is None:
        return False
    if record.process.is_here:
        return record.process.is_alive()
    heartbeat = run_dir / HEARTBEAT
    return heartbeat.exists() and abs(time.time() - heartbeat.stat().st_mtime) < _FOREIGN_PATIENCE


def beat(run_dir: Path, silent: float) -> None:
    """Called by a worker about every second: for how many seconds its back-end has not been heard."""
    (run_dir / HEARTBEAT).write_text(f"{silent:.1f} {time.monotonic():.1f}")


def silence(run_dir: Path) -> float:
    """Seconds for which a living worker has had nothing to tell, those since its last heartbeat included.

    Heartbeats tell the monotonic clock, which is the same for all processes of a machine and, on Linux and macOS,
    stands still while the machine sleeps: a laptop that wakes up finds no silence.
    """
    try:
        silent, _, at = (run_dir / HEARTBEAT).read_text().partition(" ")
        record = worker_of(run_dir)
        since = time.monotonic() - float(at) if at and record and record.process.is_here else 0.0
        return float(silent or 0) + max(0.0, since)
    except (OSError, ValueError):
        return 0.0


def stalled(run_dir: Path) -> float | None:
    """Seconds for which a living worker has made no progress, if longer than ``PATIENCE``, else ``None``."""
    silent = silence(run_dir)
    return silent if silent > PATIENCE and is_alive(run_dir) else None
