"""``kill -9`` of the worker at random moments: interrupted, resumable, and the same curve in the end."""

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.domain.event import Finished, Outcome
from core.domain.history import RunHistory
from core.domain.report import Report
from core.runs import supervisor
from core.runs.event_log import EVENTS, read_events
from core.runs.status import is_alive
from core.store.codec import read_json
from core.store.files import newest_whole
from tests.simulated_runs import assert_grammar, curve, make_run, project_without_leaks

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")]
KILLS = 50
AT_ONCE = 4  # runs; most of their time they wait
ARCHITECTURE = "simulated?epoch_seconds=0.06&batches=6&checkpoint_bytes=300000"


def complete(run: Path) -> float:
    """Launch and follow to the end; how long it took in seconds."""
    began = time.monotonic()
    supervisor.launch(run)
    assert isinstance(list(supervisor.follow(run))[-1], Finished)
    return time.monotonic() - began


def torment(run: Path, kills: int, duration: float, seed: int) -> int:
    """Kill the worker again and again while it lives; how often it was hit before it ended by itself."""
    moments = random.Random(seed)
    hits = 0
    while hits < kills:
        pid = supervisor.resume(run)
        time.sleep(moments.uniform(0, duration))
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        while is_alive(run):
            time.sleep(0.005)
        supervisor.settle(run)
        assert time.monotonic() - killed < 5
        events = read_events(run / EVENTS)
        assert_grammar(events)
        last = events[-1]
        assert isinstance(last, Finished)
        if last.outcome is Outcome.COMPLETED:
            break
        assert last.outcome is Outcome.INTERRUPTED
        if (run / "last.ckpt").exists():
            assert newest_whole(run / "last.ckpt") is not None
        hits += 1
    return hits


def test_that_a_worker_killed_at_any_moment_leaves_a_run_that_resumes_to_the_same_curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project_without_leaks(tmp_path, monkeypatch) as project:
        undisturbed = make_run(project, ARCHITECTURE, epochs=6)
        duration = complete(undisturbed)
        expected = curve(RunHistory().extend(read_events(undisturbed / EVENTS)).epochs)
        metrics = read_json(undisturbed / "report.json", Report).test

        def one_run(seed: int) -> int:
            run = make_run(project, ARCHITECTURE, epochs=6)
            hits = torment(run, 8, duration, seed)
            history = RunHistory().extend(read_events(run / EVENTS))
            if history.state.value != "completed":
                supervisor.resume(run)
                list(supervisor.follow(run))
            events = read_events(run / EVENTS)
            assert_grammar(events)
            history = RunHistory().extend(events)
            assert history.state.value == "completed"
            assert curve(history.epochs) == expected
            assert read_json(run / "report.json", Report).test == metrics
            return hits

        hits, seed = 0, 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while hits < KILLS:
                hits += sum(pool.map(one_run, range(seed, seed + AT_ONCE)))
                seed += AT_ONCE
        assert hits >= KILLS
