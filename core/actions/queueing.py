"""The queue of a project, as a user changes it: each change wakes the process that works through it."""

from collections.abc import Collection, Sequence
from pathlib import Path

from core.domain.queue import Queue
from core.runs import queue
from core.store.queue_file import read_queue

__all__ = ["enqueue", "go_on", "move", "read_queue", "remove", "set_paused", "withdraw"]


def enqueue(project: Path, ids: Sequence[str], experiment: int = 0) -> Queue:
    """Put runs at the end of the queue; see ``core.runs.queue.enqueue``."""
    return _awake(project, queue.enqueue(project, ids, experiment))


def move(project: Path, run: str, to: int) -> Queue:
    """Give a queued run another turn: 0 is the first."""
    return _awake(project, queue.move(project, run, to))


def remove(project: Path, ids: Collection[str]) -> Queue:
    """Take waiting runs out of the queue; raises ``LensmithError`` for one that is under way."""
    return _awake(project, queue.remove(project, ids))


def withdraw(project: Path, ids: Collection[str]) -> Queue:
    """Take runs out of the queue; one that is under way is asked to stop, and keeps its best."""
    return _awake(project, queue.withdraw(project, ids))


def set_paused(project: Path, paused: bool) -> Queue:
    """While paused nothing is launched; what is under way goes on."""
    return _awake(project, queue.set_paused(project, paused))


def go_on(project: Path) -> Queue:
    """To be called when a window opens a project: what a crash or a reboot ended goes on."""
    return _awake(project, read_queue(project))


def _awake(project: Path, changed: Queue) -> Queue:
    queue.ensure_runner(project)
    return changed
