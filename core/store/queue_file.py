"""``runs/queue.json``: read by anybody at any time, changed under a lock, always whole."""

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from core.domain.queue import Queue
from core.store.codec import read_json, write_json
from core.store.files import translated_errors

QUEUE = "queue.json"


def read_queue(project: Path) -> Queue:
    """The queue of a project; empty while nothing was ever queued."""
    path = project / "runs" / QUEUE
    return read_json(path, Queue) if path.exists() else Queue()


def write_queue(project: Path, queue: Queue) -> None:
    """To be called with ``queue_lock`` held."""
    write_json(project / "runs" / QUEUE, queue)


def change_queue(project: Path, change: Callable[[Queue], Queue]) -> Queue:
    """Replace the queue by what ``change`` makes of it, with nobody in between; what ``change`` raises is passed on.

    Raises:
        LensmithError: no room, or not allowed to write; the queue is as it was.
    """
    with translated_errors(project / "runs"), queue_lock(project):
        before = read_queue(project)
        after = change(before)
        if after != before:
            write_queue(project, after)
        return after


def queue_lock(project: Path) -> FileLock:
    """Held by whoever changes the queue or what looks after it; the system frees it when its process dies."""
    runs = project / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    return FileLock(runs / "queue.lock", fallback_to_soft=False)
