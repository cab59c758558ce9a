"""A queue whose runner is killed, over and over: ``python -m tests.benchmarks.kill_queue [RUNS] [KILLS] [SEED]``.

Simulated runs wait in the queue of a project. The process that works through it is killed at random moments and started
again, as a window does when it opens. In the end each run must have been done exactly once, one at a time.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import psutil
from msgspec import Struct

from core.domain.event import Finished, Outcome, Started
from core.runs.event_log import EVENTS, read_events
from core.runs.queue import RUNNER, RunnerRecord, enqueue, ensure_runner, runner_is_alive
from core.runs.status import is_alive, worker_of
from core.store.codec import read_json
from core.store.queue_file import read_queue
from tests.simulated_runs import assert_grammar, make_run

LONGEST_LIFE = 0.9  # seconds after which a runner is killed at the latest; it needs 0.3 to come up
PATIENCE = 120.0  # seconds without a run that ends


class Killed(Struct, frozen=True):
    """``busy``: runners killed while a worker was alive; ``most``: workers alive at the same time; ``seconds``: all."""

    runs: int
    kills: int
    busy: int
    workers: int
    most: int
    seconds: float


def kill_at_random(project: Path, runs: int, kills: int, seed: int = 0, *, workers: int = 0, epochs: int = 3) -> Killed:
    """Let ``runs`` be done while the runner is killed up to ``kills`` times and ``workers`` workers once each."""
    began, random = time.monotonic(), Random(seed)
    folders = [make_run(project, "simulated?epoch_seconds=0.1&batches=5", epochs=epochs) for _ in range(runs)]
    enqueue(project, [folder.name for folder in folders])
    done = busy = most = 0
    until, waiting = time.monotonic() + PATIENCE, runs
    victims: set[Path] = set()
    while waiting:
        ensure_runner(project)
        # Every other runner lives until a run is under way, however slow the machine.
        while done % 2 and runner_is_alive(project) and not any(is_alive(folder) for folder in folders):
            time.sleep(0.01)
        die = time.monotonic() + random.uniform(0, LONGEST_LIFE)
        while time.monotonic() < die and runner_is_alive(project):
            alive = sum(is_alive(folder) for folder in folders)
            most = max(most, alive)
            time.sleep(0.01)
        victim = next((folder for folder in folders if is_alive(folder)), None)
        if victim and victim not in victims and len(victims) < workers:
            _kill(worker_of(victim).process.pid)
            victims.add(victim)
        if done < kills and (pid := _runner(project)):
            busy += any(is_alive(folder) for folder in folders)
            _kill(pid)
            done += 1
        left = len(read_queue(project).entries)
        if left < waiting:
            waiting, until = left, time.monotonic() + PATIENCE
        assert time.monotonic() < until, f"{waiting} runs still wait after {PATIENCE:.0f} s without any that ended"
    check(folders)
    return Killed(runs, done, busy, len(victims), most, time.monotonic() - began)


def check(folders: Sequence[Path]) -> None:
    """Each run was begun once, completed once, and nobody is at it any more."""
    for folder in folders:
        events = read_events(folder / EVENTS)
        assert_grammar(events)
        assert sum(isinstance(event, Started) for event in events) == 1, folder.name
        endings = [event.outcome for event in events if isinstance(event, Finished)]
        assert endings.count(Outcome.COMPLETED) == 1, (folder.name, endings)
        assert endings[-1] is Outcome.COMPLETED, (folder.name, endings)
        assert not is_alive(folder), folder.name
        assert (folder / "report.json").exists(), folder.name


def _runner(project: Path) -> int | None:
    path = project / "runs" / RUNNER
    if not runner_is_alive(project) or not path.exists():
        return None
    return read_json(path, RunnerRecord).process.pid


def _kill(pid: int) -> None:
    try:
        psutil.Process(pid).kill()
    except psutil.NoSuchProcess:
        return


def main(runs: int = 20, kills: int = 100, seed: int = 0) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LENSMITH_HOME"] = str(Path(folder) / "home")
        project = Path(folder) / "project"
        project.mkdir()
        told = kill_at_random(project, runs, kills, seed, workers=runs // 4, epochs=25)
        print(
            f"{told.runs} runs, the runner killed {told.kills} times ({told.busy} with a run under way), "
            f"{told.workers} workers killed too: each run done exactly once, none lost, at most {told.most} at a time, "
            f"{told.seconds:.0f} s"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
