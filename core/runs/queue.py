"""The queue of a project: changing it, where its runs stand, and who works through it.

Order of locks: the queue's first, then that of one run.
"""

import os
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from msgspec import Struct
from msgspec.structs import replace

from core.domain import queue as rules
from core.domain.errors import LensmithError
from core.domain.history import RunHistory, RunState
from core.domain.queue import Queue, QueueEntry, Standing
from core.runs import supervisor
from core.runs.event_log import EVENTS, read_milestones
from core.runs.process import ProcessId, exit_status, start_apart
from core.runs.reporting import STOP
from core.runs.status import attempts_in, is_alive, worker_of
from core.store.codec import read_json, write_json
from core.store.files import translated_errors
from core.store.queue_file import change_queue, queue_lock, read_queue
from core.store.run_store import RunFolder, RunStore

RUNNER = "queue_runner.json"
_OUTPUT = "queue_runner.log"
_OUTPUT_LIMIT = 1 << 20  # bytes
_FOREIGN_PATIENCE = 60.0  # seconds without a sign until a runner on another machine counts as dead


class RunnerRecord(Struct, frozen=True, kw_only=True):
    """The process that works through the queue; it touches the file now and then."""

    schema_version: int = 1
    process: ProcessId


def enqueue(project: Path, ids: Sequence[str], experiment: int = 0) -> Queue:
    """Put runs at the end; one that was stopped, failed or died before is resumed when its turn comes.

    Raises ``LensmithError`` if one is under way or completed; none is queued then.
    """
    runs = RunStore(project)
    known = {run.id: run for run in runs.list()}
    entries = [_entry(known.get(run) or runs.get(run), experiment) for run in ids]
    return change_queue(project, lambda queue: rules.with_entries(queue, entries))


def move(project: Path, run: str, to: int) -> Queue:
    """Give a run another turn: 0 is the first."""
    return change_queue(project, lambda queue: rules.moved(queue, run, to))


def remove(project: Path, ids: Collection[str]) -> Queue:
    """Take runs out; they stay as they are and can be queued again.

    Raises ``LensmithError`` if one is under way; none is taken out then.
    """

    def change(queue: Queue) -> Queue:
        for run in ids:
            if queue.find(run) is None:
                raise rules.not_queued(run)
            if is_alive(folder_of(project, run)):
                raise LensmithError(f"Run {run} is under way.", "Stop it instead; it then leaves the queue by itself.")
        return rules.without(queue, ids)

    return change_queue(project, change)


def withdraw(project: Path, ids: Collection[str]) -> Queue:
    """Take runs out whatever they do: one that is under way is asked to stop, which leaves its best, and then leaves.

    Those that are not in the queue are passed over.
    """

    def change(queue: Queue) -> Queue:
        going = {run for run in ids if queue.find(run) and is_alive(folder_of(project, run))}
        for run in going:
            supervisor.request_stop(folder_of(project, run))
        return rules.without(queue, set(ids) - going)

    return change_queue(project, change)


def set_paused(project: Path, paused: bool) -> Queue:
    """While paused nothing is launched; what is under way goes on."""
    return change_queue(project, lambda queue: replace(queue, paused=paused))


def folder_of(project: Path, run: str) -> Path:
    return project / "runs" / run


def standings(project: Path, queue: Queue) -> dict[str, Standing]:
    """Where every queued run stands; the ending of a worker that died is written here."""
    return {entry.run: standing_of(folder_of(project, entry.run)) for entry in queue.entries}


def standing_of(run: Path) -> Standing:
    """Where the run in this folder stands."""
    try:
        if not (run / "spec.json").exists():
            return Standing(obstacle="Its folder is gone.")
        if worker_of(run) is None:
            return Standing()
        if is_alive(run):
            return Standing(state=RunState.RUNNING, is_alive=True)
        supervisor.settle(run)
    except LensmithError as error:
        return Standing(obstacle=str(error))
    events = list(read_milestones(run / EVENTS))
    history = RunHistory().extend(events)
    return Standing(
        state=history.state,
        attempts=attempts_in(events),
        asked_to_end=(run / STOP).exists(),
        reason=f"{history.finished.reason} {history.finished.remedy}".strip() if history.finished else "",
    )


def ensure_runner(project: Path) -> int | None:
    """Start the process that works through the queue, unless one does or there is nothing to do.

    Returns its process id if it was started here. To be called whenever a window opens a project and after every
    change of the queue: this is what goes on after a crash or a reboot.
    """
    project = project.resolve()
    if not read_queue(project).entries:  # where nothing was ever queued, nothing is written
        return None
    with translated_errors(project / "runs"), queue_lock(project):
        queue = read_queue(project)
        waits = not queue.paused or any(entry.given for entry in queue.entries)
        if not queue.entries or not waits or runner_is_alive(project):
            return None
        pid = _start(project)
        with suppress(psutil.NoSuchProcess):  # already over
            _record(project, pid)
        return pid


def runner_is_alive(project: Path) -> bool:
    """Whether a process works through the queue now."""
    record = _runner(project)
    if record is None:
        return False
    if record.process.is_here:
        alive = record.process.is_alive()
        if not alive:
            exit_status(record.process.pid, patience=0)
        return alive
    try:
        return abs(time.time() - (project / "runs" / RUNNER).stat().st_mtime) < _FOREIGN_PATIENCE
    except FileNotFoundError:
        return False


def claim(project: Path) -> bool:
    """Called by a runner first of all: whether it is the one. With ``queue_lock`` held."""
    record = _runner(project)
    # Python's launcher on Windows is a process of its own, the parent of the one that works.
    if runner_is_alive(project) and record and record.process.pid not in (os.getpid(), os.getppid()):
        return False
    _record(project, os.getpid())
    return True


def give_sign(project: Path) -> None:
    """Tell other machines, which cannot see our processes, that the runner lives."""
    with suppress(OSError):
        (project / "runs" / RUNNER).touch()


def resign(project: Path) -> None:
    """The runner ends, since there is nothing to do. With ``queue_lock`` held, so that no change goes unseen."""
    (project / "runs" / RUNNER).unlink(missing_ok=True)


def _entry(run: RunFolder, experiment: int) -> QueueEntry:
    standing = standing_of(run.path)
    if standing.obstacle:
        raise LensmithError(f"Run {run.id} cannot be queued: {standing.obstacle}")
    if standing.is_alive:
        raise LensmithError(f"Run {run.id} is already under way.", "Wait until it ends, or stop it.")
    if standing.state is RunState.COMPLETED:
        raise LensmithError(f"Run {run.id} is already completed.", "Queue a copy of it.")
    return QueueEntry(run=run.id, device=run.spec().device, experiment=experiment, attempts=standing.attempts)


def _start(project: Path) -> int:
    log = project / "runs" / _OUTPUT
    fresh = not log.exists() or log.stat().st_size > _OUTPUT_LIMIT
    with log.open("wb" if fresh else "ab") as output:
        return start_apart("core.runs.queue_runner", [str(project)], log.parent, output)


def _runner(project: Path) -> RunnerRecord | None:
    path = project / "runs" / RUNNER
    return read_json(path, RunnerRecord) if path.exists() else None


def _record(project: Path, pid: int) -> None:
    write_json(project / "runs" / RUNNER, RunnerRecord(process=ProcessId.of(pid)))
