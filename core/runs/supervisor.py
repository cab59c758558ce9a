"""Launches workers, follows them, and writes the ending of those that died without one.

Nothing here needs the process that launched a run: window and command line can end, start again and go on.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil

from core.domain.errors import LensmithError
from core.domain.event import Event, Finished, Outcome
from core.runs.event_log import EVENTS, EventLog, EventTail, read_events
from core.runs.process import OUT_OF_MEMORY, ending_of, exit_status, kill_tree, start_apart
from core.runs.reporting import STOP
from core.runs.status import OUTPUT, WorkerRecord, attempts_in, is_alive, locked, opening, record_worker, worker_of

_ATTEMPT_MARK = "=== attempt "  # begins a line of worker.log
_POLL = 0.1  # seconds


def launch(run_dir: Path, resume: bool = False, variables: Mapping[str, str] | None = None) -> int:
    """Start a worker that outlives this process; returns its process id.

    ``variables`` are added to its environment.

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
        pid = _start(run_dir, attempt, resume, variables or {})
        with contextlib.suppress(psutil.NoSuchProcess):  # already over; then it has left its own record
            record_worker(run_dir, pid, attempt)
        return pid


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
            request_stop(run_dir)  # whoever finds it dead knows that this was wanted, also if we die here
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


def _start(run_dir: Path, attempt: int, resume: bool, variables: Mapping[str, str]) -> int:
    arguments = [str(run_dir.resolve()), *(["--resume"] * resume)]
    with (run_dir / OUTPUT).open("ab") as output:
        output.write(f"{_ATTEMPT_MARK}{attempt}\n".encode())
        output.flush()
        # In the run's folder: an engine that writes to a relative path does so there.
        return start_apart("core.runs.worker", arguments, run_dir, output, variables)


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
    ending = ending_of(status, out_of_memory=record.saw_oom_kill())
    if ending == OUT_OF_MEMORY:
        return Finished(
            outcome=Outcome.INTERRUPTED,
            reason=f"The training process {ending}.",
            remedy="Close other programs and resume the run, or start it anew with a smaller batch or image size.",
            out_of_memory=True,
        )
    return Finished(
        outcome=Outcome.INTERRUPTED,
        reason=f"The training process {ending}.",
        remedy=f"Resume the run to go on from its last checkpoint; {run_dir / OUTPUT} may tell more.",
    )


def _last_words(run_dir: Path) -> str:
    """The last line that this attempt printed: of a traceback, the one that names the error."""
    text = (run_dir / OUTPUT).read_text(errors="replace").rpartition(_ATTEMPT_MARK)[2]
    lines = [line.strip() for line in text.splitlines()[1:] if line.strip()]
    return lines[-1][:500] if lines else "it printed nothing"


def _reap(record: WorkerRecord | None) -> int | None:
    """The exit status of our own child, which is over or about to be; ``None`` for somebody else's."""
    return exit_status(record.process.pid) if record else None
