"""Launches workers, follows them, and writes the ending of those that died without one.

Nothing here needs the process that launched a run: window and command line can end, start again and go on.
"""

import atexit
import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from core.domain.errors import LensmithError
from core.domain.event import Event, Finished, Outcome
from core.runs.environment import worker_environment
from core.runs.event_log import EVENTS, EventLog, EventTail, read_events
from core.runs.process import ending_of, kill_tree
from core.runs.reporting import STOP
from core.runs.status import OUTPUT, WorkerRecord, attempts_in, is_alive, locked, opening, record_worker, worker_of

_ATTEMPT_MARK = "=== attempt "  # begins a line of worker.log
_POLL = 0.1  # seconds
_children: dict[int, subprocess.Popen[bytes]] = {}  # our own workers: only a parent learns how a process ended


def launch(run_dir: Path, resume: bool = False) -> int:
    """Start a worker that outlives this process; returns its process id.

    Raises ``LensmithError`` if a worker is at this run already, or if the run's state does not allow it.
    """
    with locked(run_dir):
        if is_alive(run_dir):
            raise LensmithError(f"Run {run_dir.name} is already running.", "Wait until it ends, or stop it.")
        _settle(run_dir)
        events = read_events(run_dir / EVENTS)
        _check_state(run_dir, events, resume)
        (run_dir / STOP).unlink(missing_ok=True)
        attempt = attempts_in(events) + 1
        child = _start(run_dir, attempt, resume)
        _children[child.pid] = child
        with contextlib.suppress(psutil.NoSuchProcess):  # already over; then it has left its own record
            record_worker(run_dir, child.pid, attempt)
        return child.pid


def resume(run_dir: Path) -> int:
    """Go on from the last checkpoint of a run that was interrupted, stopped or failed; returns the process id."""
    return launch(run_dir, resume=True)


def request_stop(run_dir: Path) -> None:
    """Ask the worker to stop at its next batch and export the best weights so far. May be repeated."""
    (run_dir / STOP).touch()


def kill(run_dir: Path) -> None:
    """End the worker and all its processes at once. The run can be resumed."""
    with locked(run_dir):
        record = worker_of(run_dir)
        if record and record.process.is_here and is_alive(run_dir):
            kill_tree(record.process.pid)
        _settle(run_dir, "The run was killed on request.")


def settle(run_dir: Path) -> Finished | None:
    """Write the missing ``Finished`` of a worker that died, and return it; ``None`` if there was nothing to do."""
    with locked(run_dir):
        return _settle(run_dir)


def follow(
    run_dir: Path, given_up: Callable[[], bool] = lambda: False, pause: Callable[[float], object] = time.sleep
) -> Iterator[Event]:
    """Every event of a run from its first, then live, until the attempt under way has its ``Finished``.

    Ends at once for a run that was never launched, and at the next poll once ``given_up`` says so; the run goes on
    then. Settles the run when its worker dies. ``pause`` waits some seconds; one that returns early gives up sooner.
    """
    tail = EventTail(run_dir / EVENTS)
    attempts, ended = 0, False
    while not given_up():
        alive = is_alive(run_dir)  # asked before the poll, so that the poll sees a dead worker's last words
        for event in tail.stream():
            attempts += attempts_in([event])
            ended = isinstance(event, Finished)
            yield event
        record = worker_of(run_dir)
        if record is None or (ended and attempts >= record.attempt):
            break
        if not alive:
            settle(run_dir)
            if not is_alive(run_dir):  # it is when somebody resumed the run in the meantime
                yield from tail.poll()
                break
        pause(_POLL)
    else:
        return
    _reap(record)


def _start(run_dir: Path, attempt: int, resume: bool) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-P", "-m", "core.runs.worker", str(run_dir.resolve()), *(["--resume"] * resume)]
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    with (run_dir / OUTPUT).open("ab") as output:
        output.write(f"{_ATTEMPT_MARK}{attempt}\n".encode())
        output.flush()
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=run_dir,  # an engine that writes to a relative path does so here
            env=worker_environment(),
            **apart,
        )


def _check_state(run_dir: Path, events: list[Event], resume: bool) -> None:
    if not events:
        return
    last = events[-1]
    if isinstance(last, Finished) and last.outcome is Outcome.COMPLETED:
        raise LensmithError(f"Run {run_dir.name} is already completed.", "Start a new run from its weights.")
    if not resume:
        raise LensmithError(f"Run {run_dir.name} has already begun.", "Resume it, or start a new run.")


def _settle(run_dir: Path, reason: str = "") -> Finished | None:
    record = worker_of(run_dir)
    if record is None or is_alive(run_dir):
        return None
    events = read_events(run_dir / EVENTS)
    began = attempts_in(events) >= record.attempt
    if began and isinstance(events[-1], Finished):
        _reap(record)
        return None
    finished = _ending(run_dir, record, began, reason)
    with EventLog(run_dir / EVENTS) as log:
        if not began:
            log.append(opening(run_dir, record.process.pid))
        log.append(finished)
    return finished


def _ending(run_dir: Path, record: WorkerRecord, began: bool, reason: str) -> Finished:
    status = _reap(record)
    if reason:
        return Finished(
            outcome=Outcome.INTERRUPTED, reason=reason, remedy="Resume it to go on from its last checkpoint."
        )
    if status and status > 0 and not began:
        return Finished(
            outcome=Outcome.FAILED,
            reason=f"The training process could not start: {_last_words(run_dir)}",
            remedy=f"Run `lensmith doctor`; {run_dir / OUTPUT} tells more.",
        )
    return Finished(
        outcome=Outcome.INTERRUPTED,
        reason=f"The training process {ending_of(status)}.",
        remedy=f"Resume the run to go on from its last checkpoint; {run_dir / OUTPUT} may tell more.",
    )


def _last_words(run_dir: Path) -> str:
    """The last line that this attempt printed: of a traceback, the one that names the error."""
    text = (run_dir / OUTPUT).read_text(errors="replace").rpartition(_ATTEMPT_MARK)[2]
    lines = [line.strip() for line in text.splitlines()[1:] if line.strip()]
    return lines[-1][:500] if lines else "it printed nothing"


def _reap(record: WorkerRecord | None) -> int | None:
    """The exit status of our own child, which is over or about to be; ``None`` for somebody else's."""
    child = _children.get(record.process.pid) if record else None
    if child is None:
        return None
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=10)
        _children.pop(child.pid, None)
    return child.returncode


@atexit.register
def _let_go() -> None:
    """Workers outlive us on purpose; ``subprocess`` would warn of each whose end it has not seen."""
    for child in _children.values():
        if child.poll() is None:
            child.returncode = 0
