"""Runs of a queue followed on a terminal until all have had their turn."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from core.actions import queueing, reporting
from core.cli import console
from core.cli.live import PHASES
from core.domain.event import Phase
from core.domain.history import RunHistory, RunState
from core.domain.queue import Queue
from core.domain.units import duration
from core.runs import supervisor
from core.runs.event_log import EVENTS, EventTail
from core.runs.status import is_alive
from core.store.run_store import RunStore

_POLL = 0.3  # seconds
_CARE = 5.0  # seconds between looks whether anybody works through the queue


def follow_runs(project: Path, runs: Sequence[str]) -> None:
    """Show one line, which run and how far, until none of ``runs`` waits any more; a line for each that has ended.

    Ctrl+C once: those that wait leave the queue, what is under way stops and keeps its best; twice: it ends at once.
    """
    follower = _Follower(project, runs)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[note]}"))
    with Bar(*columns, console=console.err, transient=True, disable=not console.err.is_terminal) as bar:
        task = bar.add_task("", total=None, note="")
        interrupts = 0
        while True:
            try:
                shown = follower.look()
                if shown is None:
                    return
                description, note, done, total = shown
                bar.update(task, description=description, note=note, completed=done, total=total)
                time.sleep(_POLL)
            except KeyboardInterrupt:
                interrupts += 1
                follower.end(at_once=interrupts > 1)


class _Follower:
    """What was seen of the runs so far."""

    def __init__(self, project: Path, runs: Sequence[str]) -> None:
        self._project = project
        self._runs = list(runs)
        self._left = list(runs)
        self._folders = {run.id: run for run in RunStore(project).list()}
        self._tails = {run: EventTail(self._folders[run].path / EVENTS) for run in runs}
        self._histories = dict.fromkeys(runs, RunHistory())
        self._cared = time.monotonic()

    def look(self) -> tuple[str, str, float, float | None] | None:
        """Description, note, done and total of the line; ``None`` when no run waits any more."""
        if time.monotonic() - self._cared > _CARE:
            self._cared = time.monotonic()
            queueing.go_on(self._project)
        queue = queueing.read_queue(self._project)
        for run in [run for run in self._left if queue.find(run) is None]:
            self._left.remove(run)
            self._tell_end(run, queue)
        if not self._left:
            return None
        place = f"Run {len(self._runs) - len(self._left) + 1} of {len(self._runs)}"
        live = next((run for run in self._left if is_alive(self._folders[run].path)), None)
        if live is None:
            return place, "the queue is paused" if queue.paused else "waits for its turn", 0, None
        self._histories[live] = self._histories[live].extend(self._tails[live].poll())
        return self._line(place, live, self._histories[live])

    def end(self, *, at_once: bool) -> None:
        """Let nothing more start, and end what is under way."""
        console.err.print(
            "Ended at once." if at_once else "Stopping; no further run starts. Ctrl+C again ends it at once."
        )
        queueing.withdraw(self._project, self._left)
        for run in self._left:
            if at_once and is_alive(self._folders[run].path):
                supervisor.kill(self._folders[run].path)

    def _tell_end(self, run: str, queue: Queue) -> None:
        history = reporting.history_of(self._folders[run])
        reason = queue.why_left(run) if history.state is not RunState.COMPLETED else ""
        seconds = sum(epoch.seconds for epoch in history.epochs)
        took = f", {len(history.epochs)} epochs in {duration(seconds)}" if history.epochs else ""
        console.err.print(f"{run}: {history.state}{took}" + (f" · {console.escape(reason)}" if reason else ""))

    @staticmethod
    def _line(place: str, run: str, history: RunHistory) -> tuple[str, str, float, float | None]:
        progress = history.progress
        description = f"{place} · {run}"
        if progress is None:
            return description, "", 0, None
        if progress.phase is not Phase.TRAINING:
            return description, PHASES[progress.phase], progress.done, progress.total
        note = f"epoch {progress.epoch}/{history.planned_epochs}"
        if history.seconds_left is not None:
            note += f" · {duration(history.seconds_left)} left"
        done = progress.epoch - 1 + progress.done / max(progress.total, 1)
        return description, note, done, history.planned_epochs
