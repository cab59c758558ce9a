"""``kill -9`` of the window at random moments while a run goes on: the run ends as if nothing had happened."""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.domain.event import Finished, Outcome, Started
from core.runs import supervisor
from core.runs.event_log import EVENTS, read_events
from core.runs.status import is_alive, worker_of
from core.store.project_store import ProjectStore
from tests.simulated_runs import assert_grammar, make_run, project_without_leaks

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")]
KILLS = 50
# The window as it is, on no screen: it starts the run and follows it.
WINDOW = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from app.main_window import MainWindow
from core.store.run_store import RunStore
application = QApplication([])
run = Path(sys.argv[1])
window = MainWindow()
window.show()
window.open_project(run.parent.parent)
print("ready", flush=True)
window.session.show_run(RunStore(run.parent.parent).get(run.name), start="launch")
application.exec()
"""


def launch_and_kill(run: Path, after: float) -> None:
    command = [sys.executable, "-c", WINDOW, str(run)]
    launcher = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    )
    assert launcher.stdout is not None
    assert launcher.stdout.readline().strip() == b"ready"
    time.sleep(after)
    os.kill(launcher.pid, signal.SIGKILL)
    launcher.wait()
    launcher.stdout.close()


def test_that_a_run_outlives_its_launcher_killed_at_any_moment_and_can_be_followed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = random.Random(0)
    with project_without_leaks(tmp_path, monkeypatch) as project:
        ProjectStore.create(project).close()
        runs = [make_run(project, "simulated?epoch_seconds=0.05", epochs=3) for _ in range(KILLS)]

        def one_run(job: tuple[Path, float]) -> str:
            run, after = job
            launch_and_kill(run, after)
            if after == 0 or not (run / "worker.log").exists():
                time.sleep(1)  # a worker that was just born has to write its name first
            if worker_of(run) is None:
                assert read_events(run / EVENTS) == []  # killed before it came to launch anything
                supervisor.launch(run)
                list(supervisor.follow(run))
                return "never launched"
            events = list(supervisor.follow(run))  # by a process that did not launch it
            assert_grammar(read_events(run / EVENTS))
            assert sum(isinstance(event, Started) for event in events) == 1
            last = events[-1]
            assert isinstance(last, Finished)
            assert last.outcome is Outcome.COMPLETED
            assert not supervisor.settle(run)
            while is_alive(run):
                time.sleep(0.01)
            return "outlived"

        jobs = [(run, moments.uniform(0, 1.2)) for run in runs]
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(one_run, jobs))
        assert results.count("outlived") >= KILLS * 0.9
        with ProjectStore.open(project) as store:  # whole, which opening checks, and free again
            assert not store.read_only
