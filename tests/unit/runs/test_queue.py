"""The queue of a project: real runners and workers in real processes, with the simulated engine."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil
import pytest

from core.domain.errors import LensmithError
from core.domain.event import EpochFinished, Finished, LogLine, Outcome, Resumed, Started
from core.domain.experiment import Experiment, ExperimentPlan
from core.runs import queue_runner, supervisor
from core.runs.event_log import EVENTS, EventLog, read_events
from core.runs.queue import (
    RUNNER,
    RunnerRecord,
    claim,
    enqueue,
    ensure_runner,
    move,
    remove,
    runner_is_alive,
    set_paused,
    withdraw,
)
from core.runs.queue_runner import machine_devices, step, worked_seconds
from core.runs.status import is_alive, record_worker, worker_of
from core.store.codec import read_json
from core.store.experiments import add_experiment
from core.store.queue_file import queue_lock, read_queue
from tests.benchmarks.kill_queue import check, kill_at_random
from tests.simulated_runs import make_run

QUICK = "simulated?epoch_seconds=0.01&batches=2"
ENDLESS = "simulated?epoch_seconds=60&batches=1000"
CPU = ("cpu",)
posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


def make_runs(project: Path, count: int, architecture: str = QUICK) -> list[Path]:
    return [make_run(project, architecture, epochs=2) for _ in range(count)]


def names(runs: list[Path]) -> list[str]:
    return [run.name for run in runs]


def queued(project: Path) -> list[str]:
    return [entry.run for entry in read_queue(project).entries]


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited a minute for {what}"
        time.sleep(0.01)


def steps_until(project: Path, condition: Callable[[], object], what: str) -> None:
    """Do a runner's work in this process."""
    wait_for(lambda: step(project, CPU) is None or condition(), what)


def outcomes(run: Path) -> list[Outcome]:
    return [event.outcome for event in read_events(run / EVENTS) if isinstance(event, Finished)]


def test_that_a_project_where_nothing_was_queued_has_an_empty_queue_and_gets_no_file(project: Path) -> None:
    assert queued(project) == []
    assert ensure_runner(project) is None
    assert list(project.iterdir()) == []


def test_that_a_runner_does_all_runs_one_after_another_and_then_ends(project: Path) -> None:
    runs = make_runs(project, 2)
    enqueue(project, names(runs))
    assert ensure_runner(project) is not None
    assert ensure_runner(project) is None, "there is one already"
    wait_for(lambda: not runner_is_alive(project), "the runner to end")
    check(runs)
    first, second = (read_events(run / EVENTS) for run in runs)
    assert first[-1].time <= second[0].time
    assert queued(project) == []
    assert not (project / "runs" / RUNNER).exists()


def test_that_a_runner_killed_again_and_again_does_each_run_exactly_once(project: Path) -> None:
    told = kill_at_random(project, runs=3, kills=8, workers=1, epochs=8)
    assert told.kills > 2
    assert told.most == 1


def test_that_of_two_runners_one_gives_way(project: Path) -> None:
    enqueue(project, names(make_runs(project, 1)))
    set_paused(project, True)
    with queue_lock(project):
        assert claim(project)
        assert claim(project), "it is the same one"
    before = (project / "runs" / RUNNER).read_bytes()
    arguments = [str(project)]
    pid = os.getpid()
    try:
        os.getpid = lambda: pid + 1  # type: ignore[method-assign]
        assert queue_runner.main(arguments) == 0
    finally:
        os.getpid = lambda: pid  # type: ignore[method-assign]
    assert (project / "runs" / RUNNER).read_bytes() == before


def test_that_a_run_started_by_hand_keeps_queued_ones_waiting(project: Path) -> None:
    by_hand, waiting = make_run(project, ENDLESS), make_run(project, QUICK)
    supervisor.launch(by_hand)
    try:
        enqueue(project, [waiting.name])
        for _ in range(3):
            assert step(project, CPU)
        assert worker_of(waiting) is None
    finally:
        supervisor.kill(by_hand)
    steps_until(project, lambda: not queued(project), "the run to be done")
    check([waiting])


@posix
def test_that_a_run_whose_worker_is_killed_by_the_system_is_resumed_and_completed(project: Path) -> None:
    run = make_run(project, "simulated?kill_at=3")
    enqueue(project, [run.name])
    steps_until(project, lambda: not queued(project), "the run to be done")
    assert outcomes(run) == [Outcome.INTERRUPTED, Outcome.COMPLETED]
    assert [event.epoch for event in read_events(run / EVENTS) if isinstance(event, Resumed)] == [2]


@posix
def test_that_a_run_that_dies_again_and_again_leaves_with_its_reason_and_lets_others_have_their_turn(
    project: Path,
) -> None:
    doomed, other = make_run(project, ENDLESS), make_run(project, QUICK)
    enqueue(project, [doomed.name, other.name])
    for attempt in range(3):
        steps_until(project, lambda: is_alive(doomed), "the worker")
        wait_for(lambda number=attempt: len(begun(doomed)) > number, "its first word")
        os.kill(worker_of(doomed).process.pid, signal.SIGKILL)
        wait_for(lambda: not is_alive(doomed), "its death")
    steps_until(project, lambda: not queued(project), "the other run")
    assert outcomes(doomed) == [Outcome.INTERRUPTED] * 3
    assert "died 3 times" in read_queue(project).why_left(doomed.name)
    check([other])


def begun(run: Path) -> list[object]:
    return [event for event in read_events(run / EVENTS) if isinstance(event, Started | Resumed)]


def test_that_a_run_killed_by_the_user_is_not_resumed_even_if_whoever_killed_it_died_on_the_way(project: Path) -> None:
    killed, other = make_runs(project, 2, ENDLESS)
    enqueue(project, [killed.name])
    steps_until(project, lambda: begun(killed), "the worker")
    supervisor.kill(killed)
    step(project, CPU)
    assert queued(project) == []
    assert "killed on request" in read_queue(project).why_left(killed.name)
    enqueue(project, [other.name])
    steps_until(project, lambda: begun(other), "the worker")
    supervisor.request_stop(other)  # what ``kill`` does first of all; then it died
    psutil.Process(worker_of(other).process.pid).kill()
    wait_for(lambda: not is_alive(other), "its death")
    step(project, CPU)
    assert queued(project) == []
    assert len(begun(other)) == 1


def test_that_a_run_that_fails_leaves_the_queue_with_its_reason(project: Path) -> None:
    run = make_run(project, "simulated?nan_at=1")
    enqueue(project, [run.name])
    steps_until(project, lambda: not queued(project), "the failure")
    assert outcomes(run) == [Outcome.FAILED]
    assert "finite number" in read_queue(project).why_left(run.name)


def test_that_a_stopped_run_that_is_queued_again_goes_on(project: Path) -> None:
    run = make_run(project, "simulated?epoch_seconds=0.3&batches=50", epochs=2)
    supervisor.launch(run)
    wait_for(lambda: any(isinstance(event, EpochFinished) for event in read_events(run / EVENTS)), "an epoch")
    supervisor.request_stop(run)
    wait_for(lambda: not is_alive(run), "its end")
    enqueue(project, [run.name])
    steps_until(project, lambda: not queued(project), "the run to be done")
    assert outcomes(run) == [Outcome.STOPPED, Outcome.COMPLETED]


def test_that_runs_under_way_and_completed_ones_are_refused_and_then_none_is_queued(project: Path) -> None:
    completed, under_way, waiting = make_runs(project, 3)
    with EventLog(completed / EVENTS) as log:
        log.append(Started(run=completed.name, pid=1, epochs=2))
        log.append(Finished(outcome=Outcome.COMPLETED))
    record_worker(completed, os.getpid(), 1)
    record_worker(under_way, os.getpid(), 1)
    with pytest.raises(LensmithError, match="already under way"):
        enqueue(project, [waiting.name, under_way.name])
    (completed / "worker.json").write_bytes((completed / "worker.json").read_bytes().replace(b'"born":"', b'"born":"0'))
    with pytest.raises(LensmithError, match="already completed"):
        enqueue(project, [waiting.name, completed.name])
    assert queued(project) == []
    (under_way / "worker.json").unlink()


def test_that_a_run_under_way_cannot_be_taken_out_and_then_none_is(project: Path) -> None:
    runs = make_runs(project, 2)
    enqueue(project, names(runs))
    record_worker(runs[0], os.getpid(), 1)
    with pytest.raises(LensmithError, match="Stop it instead"):
        remove(project, names(runs))
    assert queued(project) == names(runs)
    (runs[0] / "worker.json").unlink()
    assert remove(project, [runs[0].name]).find(runs[0].name) is None
    with pytest.raises(LensmithError, match="not in the queue"):
        remove(project, [runs[0].name])


def test_that_after_a_reboot_the_queue_goes_on_though_other_processes_have_the_old_numbers(project: Path) -> None:
    interrupted, waiting = make_run(project, "simulated?epoch_seconds=0.2", epochs=4), make_run(project, QUICK)
    enqueue(project, [interrupted.name, waiting.name])
    runner = ensure_runner(project)
    wait_for(lambda: (interrupted / "last.ckpt").exists(), "a checkpoint")
    for pid in (runner, worker_of(interrupted).process.pid):
        psutil.Process(pid).kill()
        wait_for(lambda pid=pid: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie", "its end")
    for record in (project / "runs" / RUNNER, interrupted / "worker.json"):
        told = msgspec.json.decode(record.read_bytes())
        told["process"] |= {"pid": os.getpid(), "born": "an earlier boot+12.34"}
        record.write_bytes(msgspec.json.encode(told))
    assert ensure_runner(project) is not None
    wait_for(lambda: not runner_is_alive(project), "the runner to end")
    check([interrupted, waiting])
    assert outcomes(interrupted) == [Outcome.INTERRUPTED, Outcome.COMPLETED]


def test_that_withdrawn_runs_leave_and_the_one_under_way_stops_and_keeps_its_best(project: Path) -> None:
    runs = [make_run(project, "simulated?epoch_seconds=0.3&batches=50", epochs=100) for _ in range(2)]
    enqueue(project, names(runs))
    steps_until(project, lambda: (runs[0] / "best.safetensors").exists(), "an epoch")
    assert [entry.run for entry in withdraw(project, [*names(runs), "0009-elsewhere"]).entries] == [runs[0].name]
    steps_until(project, lambda: not queued(project), "the stop")
    assert outcomes(runs[0]) == [Outcome.STOPPED]
    assert worker_of(runs[1]) is None


def test_that_a_paused_queue_launches_nothing_and_needs_no_runner(project: Path) -> None:
    runs = make_runs(project, 2)
    enqueue(project, names(runs))
    set_paused(project, True)
    assert ensure_runner(project) is None
    assert not step(project, CPU)
    assert [worker_of(run) for run in runs] == [None, None]
    move(project, runs[1].name, 0)
    assert queued(project) == names(runs[::-1])
    assert read_queue(project).paused
    assert not set_paused(project, False).paused


def test_that_a_run_whose_folder_is_gone_leaves_the_queue(project: Path) -> None:
    runs = make_runs(project, 1)
    enqueue(project, names(runs))
    runs[0].rename(project / "elsewhere")
    step(project, CPU)
    assert queued(project) == []
    assert "folder is gone" in read_queue(project).why_left(runs[0].name)


def test_that_an_experiment_whose_minutes_are_used_up_starts_no_further_run_and_says_so(project: Path) -> None:
    done, waiting, other = make_runs(project, 3)
    plan = ExperimentPlan(modes=("scratch",), models=("simulated",), budget_minutes=2)
    runs = (done.name, waiting.name)
    add_experiment(project, lambda number: Experiment(number=number, title="", plan=plan, runs=runs, snapshot=""))
    told = [Started(run=done.name, pid=1, epochs=2, time=1000), LogLine(text="", seq=1, time=1120)]
    (done / EVENTS).write_bytes(msgspec.json.Encoder().encode_lines(told))
    enqueue(project, [waiting.name], experiment=1)
    enqueue(project, [other.name])
    steps_until(project, lambda: not queued(project), "the other run")
    assert worker_of(waiting) is None
    assert "2 minutes of experiment 1" in read_queue(project).why_left(waiting.name)
    check([other])


def test_that_worked_time_leaves_out_how_long_a_dead_worker_lay_unnoticed() -> None:
    events = [
        Started(run="r", pid=1, epochs=2, time=100),
        LogLine(text="", time=130),
        Finished(outcome=Outcome.INTERRUPTED, time=90_000),
        Resumed(epoch=1, pid=1, time=90_010),
        LogLine(text="", time=90_015),
    ]
    assert worked_seconds(events) == 35


def test_that_cards_that_the_user_hides_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_runner, "nvidia_cards", lambda: 3)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert machine_devices() == ("cuda:0", "cuda:1", "cuda:2", "cpu")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    assert machine_devices() == ("cuda:0", "cpu")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert machine_devices() == ("cpu",)


def test_that_of_several_cards_each_run_sees_the_one_that_it_was_given(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    launched: dict[str, dict[str, str]] = {}
    monkeypatch.setattr(
        supervisor, "launch", lambda run, resume, variables: launched.setdefault(run.name, dict(variables))
    )
    runs = make_runs(project, 2)
    for run in runs:
        (run / "spec.json").write_bytes((run / "spec.json").read_bytes().replace(b'"device":"cpu"', b'"device":"auto"'))
    enqueue(project, names(runs))
    assert step(project, ("cuda:0", "cuda:1", "cpu"))
    assert [launched[run.name]["CUDA_VISIBLE_DEVICES"] for run in runs] == ["5", "7"]
    assert [entry.given for entry in read_queue(project).entries] == [("cuda:0",), ("cuda:1",)]


def test_that_the_record_of_a_runner_names_its_process_beyond_doubt(project: Path) -> None:
    enqueue(project, names(make_runs(project, 1, ENDLESS)))
    pid = ensure_runner(project)
    assert read_json(project / "runs" / RUNNER, RunnerRecord).process.pid == pid
    psutil.Process(pid).kill()
    wait_for(lambda: not runner_is_alive(project), "its death")
    wait_for(lambda: (again := ensure_runner(project)) is not None and again != pid, "another one")
    run = project / "runs" / queued(project)[0]
    wait_for(lambda: is_alive(run), "the worker")
    supervisor.kill(run)
    wait_for(lambda: not runner_is_alive(project), "the runner to end")
