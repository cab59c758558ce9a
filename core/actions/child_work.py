"""Work of a worker that is no run: in a folder of the project's cache, which is taken away when it is done."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from core.domain.errors import LensmithError
from core.domain.event import Phase
from core.domain.event import Progress as ProgressEvent
from core.domain.history import RunHistory
from core.domain.progress import Progress
from core.runs import supervisor
from core.runs.status import is_alive
from core.store.files import translated_errors


@contextmanager
def alone(folder: Path, busy: str) -> Iterator[None]:
    """Nobody else does this work in this project meanwhile; raises ``LensmithError`` with ``busy`` when somebody does.

    What an earlier one left that was killed is ended and taken away, and so is what this one leaves.
    """
    with translated_errors(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.with_suffix(".lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise LensmithError(busy, "Wait until it ends.") from error
    try:
        clear(folder)
        yield
    finally:
        clear(folder)
        lock.release()


def watch(folder: Path, progress: Progress, steps: Mapping[Phase, str]) -> RunHistory:
    """Start the child and wait for its end; whatever ends the waiting ends the child. ``steps`` are told."""
    told = (0, 0, "Starting")
    history = RunHistory()

    def ask() -> bool:
        progress(*told)
        return False

    try:
        supervisor.launch(folder)
        for event in supervisor.follow(folder, ask):
            history = history.apply(event)
            if isinstance(event, ProgressEvent) and event.phase in steps:
                told = (event.done, event.total, steps[event.phase])
                ask()
    except BaseException:
        clear(folder)
        raise
    return history


def clear(folder: Path) -> None:
    """End what still works there and take the folder away."""
    with suppress(LensmithError):
        if folder.exists() and is_alive(folder):
            supervisor.kill(folder)
    shutil.rmtree(folder, ignore_errors=True)
