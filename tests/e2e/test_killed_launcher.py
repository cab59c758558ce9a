"""``kill -9`` of the window at random moments while a run goes on: the run ends as if nothing had happened, and the
window opened next shows its curve whole."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.domain.event import EpochFinished, Finished, Outcome, Started
from core.runs import supervisor
from core.runs.event_log import EVENTS, read_events
from core.runs.status import is_alive, worker_of
from core.store.project_store import ProjectStore
from tests.simulated_runs import assert_grammar, make_run, project_without_leaks

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")]
KILLS, EPOCHS = 50, 3
AT_ONCE = 4  # windows; most of their time they wait
# The window as it is, on no screen: it starts the run and follows it, or is opened on a run that goes on already and
# tells the epochs that its curves are drawn from once it is over. Each is a fork of a process that has imported
# all but shown nothing, since a hundred imports would take longer than the hundred windows.
WINDOWS = """
import faulthandler, json, os, sys
faulthandler.enable()
from pathlib import Path
from PySide6.QtWidgets import QApplication
from app import opening, state, workspace
from app.main_window import MainWindow
from app.pages import data_page, train_page
from app.widgets.run import run_view
from core.store.run_store import RunStore

def show(start, run):
    application = QApplication([])
    window = MainWindow()
    window.show()
    window.open_project(run.parent.parent)
    if start:
        print(os.getpid(), flush=True)
    live = window.session.show_run(RunStore(run.parent.parent).get(run.name), start=start)

    def tell():
        view = window.workspace.page("train").run_view
        view.refresh()
        print(json.dumps([view.loss_plot.points(name) for name in ("train", "validation")]), flush=True)
        os._exit(0)

    if not start:
        live.over.connect(tell)
    application.exec()

for line in sys.stdin.buffer:
    start, run = line.rstrip().split(b" ", 1)
    child = os.fork()
    if child == 0:
        show(start.decode().strip("-"), Path(os.fsdecode(run)))
    print("gone", os.waitpid(child, 0)[1], flush=True)
"""


class Windows:
    """Opens windows, one at a time."""

    def __init__(self) -> None:
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        command = [sys.executable, "-c", WINDOWS]
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def open_and_kill(self, run: Path, after: float) -> None:
        """Kill the window ``after`` seconds from the moment when it goes on to start the run."""
        window = int(self._open("launch", run))
        time.sleep(after)
        os.kill(window, signal.SIGKILL)
        self._wait(signal.SIGKILL)

    def shown(self, run: Path) -> list[list[list[float]]]:
        """x and y of both curves of the loss, in a window that is opened now and looks on to the end."""
        curves: list[list[list[float]]] = json.loads(self._open("-", run))
        self._wait()
        return curves

    def _open(self, start: str, run: Path) -> bytes:
        """The first line that the window prints."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(start.encode() + b" " + os.fsencode(run) + b"\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def _wait(self, ended_by: int = 0) -> None:
        assert self.process.stdout is not None
        told = self.process.stdout.readline()
        assert told == b"gone %d\n" % ended_by, told

    def __enter__(self) -> "Windows":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()


def test_that_a_run_outlives_its_launcher_killed_at_any_moment_and_can_be_followed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = random.Random(0)
    with project_without_leaks(tmp_path, monkeypatch) as project:
        ProjectStore.create(project).close()
        runs = [make_run(project, "simulated?epoch_seconds=0.05", epochs=EPOCHS) for _ in range(KILLS)]

        def one_run(windows: Windows, run: Path, after: float) -> str:
            windows.open_and_kill(run, after)
            if after == 0 or not (run / "worker.log").exists():
                time.sleep(1)  # a worker that was just born has to write its name first
            if worker_of(run) is None:
                assert read_events(run / EVENTS) == []  # killed before it came to launch anything
                supervisor.launch(run)
                list(supervisor.follow(run))
                return "never launched"
            curves = windows.shown(run)  # while the run goes on, unless it was killed late
            events = list(supervisor.follow(run))  # by a process that did not launch it
            assert_grammar(read_events(run / EVENTS))
            assert sum(isinstance(event, Started) for event in events) == 1
            last = events[-1]
            assert isinstance(last, Finished)
            assert last.outcome is Outcome.COMPLETED
            epochs = [event for event in events if isinstance(event, EpochFinished)]
            assert [epoch.epoch for epoch in epochs] == list(range(1, EPOCHS + 1))
            for (x, y), loss in zip(curves, ("train_loss", "val_loss"), strict=True):
                assert x == [epoch.epoch for epoch in epochs]
                assert y == [getattr(epoch, loss) for epoch in epochs]
            assert not supervisor.settle(run)
            while is_alive(run):
                time.sleep(0.01)
            return "outlived"

        def some_runs(jobs: list[tuple[Path, float]]) -> list[str]:
            with Windows() as windows:
                return [one_run(windows, run, after) for run, after in jobs]

        jobs = [(run, moments.uniform(0, 1.2)) for run in runs]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            results = [
                result for some in pool.map(some_runs, (jobs[n::AT_ONCE] for n in range(AT_ONCE))) for result in some
            ]
        assert results.count("outlived") >= KILLS * 0.9
        with ProjectStore.open(project) as store:  # whole, which opening checks, and free again
            assert not store.read_only
