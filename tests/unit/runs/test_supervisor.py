"""Real workers in real processes, with the simulated engine."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from core.domain.errors import LensmithError
from core.domain.event import EpochFinished, Event, Finished, Outcome, Progress, Resumed, Started
from core.domain.history import RunHistory, RunState
from core.runs import supervisor
from core.runs.environment import worker_environment
from core.runs.event_log import EVENTS, EventLog, read_events
from core.runs.status import WorkerRecord, is_alive, silence, worker_of
from core.store.codec import write_json
from tests.simulated_runs import assert_grammar, curve, make_run

SLOW = "simulated?epoch_seconds=0.3&batches=50"
posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


def events_of(run: Path) -> list[Event]:
    return read_events(run / EVENTS)


def to_the_end(run: Path) -> Finished:
    last = list(supervisor.follow(run))[-1]
    assert isinstance(last, Finished)
    assert_grammar(events_of(run))
    return last


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited a minute for {what}"
        time.sleep(0.01)


def wait_for_epoch(run: Path, epoch: int) -> None:
    wait_for(lambda: any(isinstance(e, EpochFinished) and e.epoch >= epoch for e in events_of(run)), f"epoch {epoch}")


def test_that_a_run_goes_from_launch_to_a_completed_report(project: Path) -> None:
    run = make_run(project)
    supervisor.launch(run)
    followed = list(supervisor.follow(run))
    assert followed == events_of(run)
    assert_grammar(followed)
    history = RunHistory().extend(followed)
    assert history.state is RunState.COMPLETED
    assert [epoch.epoch for epoch in history.epochs] == [1, 2, 3, 4]
    assert set(history.artifacts) == {"weights", "onnx", "predictions", "report"}
    assert all((run / path).exists() for path in history.artifacts.values())


def test_that_following_a_run_that_was_never_launched_ends_at_once_and_changes_nothing(project: Path) -> None:
    run = make_run(project)
    before = sorted(path.name for path in run.iterdir())
    assert list(supervisor.follow(run)) == []
    assert sorted(path.name for path in run.iterdir()) == before
    assert supervisor.settle(run) is None
    assert events_of(run) == []


def test_that_stop_keeps_the_best_weights_and_still_exports_and_reports(project: Path) -> None:
    run = make_run(project, SLOW, epochs=100)
    supervisor.launch(run)
    wait_for_epoch(run, 1)
    supervisor.request_stop(run)
    finished = to_the_end(run)
    assert finished.outcome is Outcome.STOPPED
    assert (run / "report.json").exists()
    assert (run / "model.onnx").exists()


def test_that_a_stop_before_the_first_epoch_ends_without_an_export(project: Path) -> None:
    run = make_run(project, "simulated?epoch_seconds=60&batches=1000")
    supervisor.launch(run)
    wait_for(lambda: any(isinstance(e, Progress) and e.loss for e in events_of(run)), "the first batch")
    supervisor.request_stop(run)
    finished = to_the_end(run)
    assert finished.outcome is Outcome.STOPPED
    assert "first epoch" in finished.reason
    assert not (run / "model.onnx").exists()


def test_that_a_stopped_run_can_be_resumed_to_its_end(project: Path) -> None:
    run = make_run(project, SLOW, epochs=3)
    supervisor.launch(run)
    wait_for_epoch(run, 1)
    supervisor.request_stop(run)
    assert to_the_end(run).outcome is Outcome.STOPPED
    supervisor.resume(run)
    assert to_the_end(run).outcome is Outcome.COMPLETED
    assert [epoch.epoch for epoch in RunHistory().extend(events_of(run)).epochs] == [1, 2, 3]


def test_that_kill_ends_a_worker_that_hangs_and_says_so(project: Path) -> None:
    run = make_run(project, "simulated?hang_at=2")
    supervisor.launch(run)
    wait_for_epoch(run, 1)
    wait_for(lambda: silence(run) > 1.5, "the watchdog to notice the silence")
    assert is_alive(run)
    supervisor.kill(run)
    finished = to_the_end(run)
    assert finished.outcome is Outcome.INTERRUPTED
    assert "killed on request" in finished.reason
    assert not is_alive(run)


@posix
@pytest.mark.parametrize(
    ("fault", "words"), [("kill_at", "memory"), ("segfault_at", "segmentation fault"), ("exit_at", "exit status 3")]
)
def test_that_a_worker_that_dies_is_settled_with_its_cause_and_resumes(project: Path, fault: str, words: str) -> None:
    undisturbed = make_run(project)
    supervisor.launch(undisturbed)
    to_the_end(undisturbed)
    run = make_run(project, f"simulated?{fault}=3")
    supervisor.launch(run)
    finished = to_the_end(run)
    assert finished.outcome is Outcome.INTERRUPTED
    assert words in finished.reason
    supervisor.resume(run)
    assert to_the_end(run).outcome is Outcome.COMPLETED
    expected = RunHistory().extend(events_of(undisturbed)).epochs
    assert curve(RunHistory().extend(events_of(run)).epochs) == curve(expected)


@posix
def test_that_a_segfault_leaves_its_stack_in_the_log_of_the_worker(project: Path) -> None:
    run = make_run(project, "simulated?segfault_at=1")
    supervisor.launch(run)
    to_the_end(run)
    assert "_strike" in (run / "worker.log").read_text()


@pytest.mark.parametrize(
    ("architecture", "reason", "remedy"),
    [
        ("simulated?nan_at=2", "no longer a finite number in batch", "learning rate"),
        ("simulated?raise_at=2", "RuntimeError: epoch 2 went wrong on purpose", "worker.log"),
        ("simulated?library=libmissing.so.7", "libmissing.so.7", "worker.log"),
        ("simulated?nonsense=1", "nonsense", ""),
    ],
)
def test_that_a_failure_inside_the_engine_is_told_as_cause_and_remedy(
    project: Path, architecture: str, reason: str, remedy: str
) -> None:
    run = make_run(project, architecture)
    supervisor.launch(run)
    finished = to_the_end(run)
    assert finished.outcome is Outcome.FAILED
    assert reason in finished.reason
    assert remedy in finished.remedy


def test_that_an_engine_that_does_not_exist_fails_by_name(project: Path) -> None:
    run = make_run(project, engine="abacus")
    supervisor.launch(run)
    assert "abacus" in to_the_end(run).reason


@pytest.mark.parametrize("broken", ["numpy", "msgspec"])
def test_that_a_worker_whose_libraries_are_broken_says_which(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """numpy is missed inside the worker, which tells it; without msgspec it cannot tell, so the supervisor does."""
    (tmp_path / "shadow" / broken).mkdir(parents=True)
    (tmp_path / "shadow" / broken / "__init__.py").write_text(
        "raise ImportError('libgone.so.12: cannot open shared object file')"
    )
    run = make_run(project)
    # The folder of core goes first on the path, then this one; both come before the installed libraries.
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "shadow"))
    supervisor.launch(run)
    finished = to_the_end(run)
    assert finished.outcome is Outcome.FAILED
    assert "libgone.so.12: cannot open shared object file" in finished.reason
    assert "lensmith doctor" in finished.remedy
    assert isinstance(events_of(run)[0], Started)


def test_that_a_run_written_by_a_newer_lensmith_is_refused_with_words(project: Path) -> None:
    run = make_run(project)
    spec = (run / "spec.json").read_text()
    (run / "spec.json").write_text(spec.replace('"schema_version":1', '"schema_version":99'))
    supervisor.launch(run)
    finished = to_the_end(run)
    assert finished.outcome is Outcome.FAILED
    assert "newer Lensmith" in finished.reason


def test_that_missing_pictures_are_named_before_training_starts(project: Path) -> None:
    run = make_run(project)
    (project / "pictures" / "train 0.png").unlink()
    (project / "pictures" / "test 1.png").unlink()
    supervisor.launch(run)
    finished = to_the_end(run)
    assert finished.outcome is Outcome.FAILED
    assert "and 1 more of 18 pictures cannot be found" in finished.reason
    assert any(name in finished.reason for name in ("train 0.png", "test 1.png"))


def test_that_a_second_worker_for_a_run_is_refused(project: Path) -> None:
    run = make_run(project, SLOW, epochs=100)
    supervisor.launch(run)
    with pytest.raises(LensmithError, match="already running"):
        supervisor.launch(run, resume=True)
    wait_for_epoch(run, 1)
    by_hand = subprocess.run(
        [sys.executable, "-m", "core.runs.worker", str(run), "--resume"],
        capture_output=True,
        env=worker_environment(),
        text=True,
    )
    assert by_hand.returncode != 0
    assert "already being worked on" in by_hand.stderr
    assert is_alive(run)
    supervisor.kill(run)
    to_the_end(run)


def test_that_of_workers_started_at_the_same_time_one_works_and_the_others_give_way(project: Path) -> None:
    run = make_run(project, SLOW, epochs=2)
    command = [sys.executable, "-m", "core.runs.worker", str(run)]
    workers = [subprocess.Popen(command, env=worker_environment(), stderr=subprocess.DEVNULL) for _ in range(3)]
    assert sorted(worker.wait() for worker in workers) == [0, 1, 1]
    assert_grammar(events_of(run))
    assert RunHistory().extend(events_of(run)).state is RunState.COMPLETED


def test_that_a_completed_run_is_neither_started_nor_resumed_again(project: Path) -> None:
    run = make_run(project, epochs=1)
    supervisor.launch(run)
    to_the_end(run)
    for resume in (False, True):
        with pytest.raises(LensmithError, match="completed"):
            supervisor.launch(run, resume=resume)


def test_that_an_interrupted_run_is_not_started_from_the_beginning_by_mistake(project: Path) -> None:
    run = make_run(project, "simulated?exit_at=1")
    supervisor.launch(run)
    to_the_end(run)
    with pytest.raises(LensmithError, match="Resume it"):
        supervisor.launch(run)


def test_that_many_supervisors_at_once_write_one_ending(project: Path) -> None:
    run = make_run(project, "simulated?kill_at=2" if os.name != "nt" else "simulated?exit_at=2")
    supervisor.launch(run)
    wait_for(lambda: not is_alive(run), "the worker to die")
    barrier = threading.Barrier(8)

    def settle() -> None:
        barrier.wait()
        supervisor.settle(run)

    threads = [threading.Thread(target=settle) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_grammar(events_of(run))


def test_that_a_half_written_checkpoint_gives_way_to_the_one_before(project: Path) -> None:
    undisturbed = make_run(project, epochs=5)
    supervisor.launch(undisturbed)
    to_the_end(undisturbed)
    run = make_run(project, "simulated?exit_at=4", epochs=5)
    supervisor.launch(run)
    to_the_end(run)
    checkpoint = run / "last.ckpt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    supervisor.resume(run)
    assert to_the_end(run).outcome is Outcome.COMPLETED
    epochs = [event.epoch for event in events_of(run) if isinstance(event, EpochFinished)]
    assert epochs == [1, 2, 3, 3, 4, 5]  # the third is done again
    history = RunHistory().extend(events_of(run))
    assert curve(history.epochs) == curve(RunHistory().extend(events_of(undisturbed)).epochs)


def test_that_a_run_whose_checkpoints_are_all_damaged_starts_over_and_says_so(project: Path) -> None:
    run = make_run(project, SLOW, epochs=3)
    supervisor.launch(run)
    wait_for_epoch(run, 2)
    supervisor.kill(run)
    for path in run.glob("last.ckpt*"):
        path.write_bytes(b"damaged")
    supervisor.resume(run)
    assert to_the_end(run).outcome is Outcome.COMPLETED
    history = RunHistory().extend(events_of(run))
    assert [event.epoch for event in events_of(run) if isinstance(event, Resumed)] == [0]
    assert [epoch.epoch for epoch in history.epochs] == [1, 2, 3]
    assert "damaged" in history.warnings[0].cause


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits another process's files, as Linux allows")
def test_that_a_full_disk_during_a_checkpoint_keeps_the_one_before_and_the_run_resumes(project: Path) -> None:
    run = make_run(project, "simulated?epoch_seconds=0.5&checkpoint_bytes=4000000", epochs=4)
    pid = supervisor.launch(run)
    wait_for_epoch(run, 2)
    psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    finished = to_the_end(run)
    assert finished.outcome is Outcome.FAILED
    assert "disk is full" in finished.reason
    assert "last.ckpt" in finished.reason
    supervisor.resume(run)
    assert to_the_end(run).outcome is Outcome.COMPLETED
    told = [event.epoch for event in events_of(run) if isinstance(event, EpochFinished)]
    assert told in ([1, 2, 2, 3, 4], [1, 2, 3, 3, 4])  # at most one epoch is done again


def test_that_a_worker_of_another_machine_is_left_alone_while_its_heart_beats(project: Path) -> None:
    run = make_run(project, "simulated?exit_at=2")
    supervisor.launch(run)
    wait_for(lambda: not is_alive(run), "the worker to die")
    record = worker_of(run)
    assert record is not None
    foreign = WorkerRecord(
        process=type(record.process)(pid=record.process.pid, born=record.process.born, host="elsewhere"), attempt=1
    )
    write_json(run / "worker.json", foreign)
    (run / "heartbeat").touch()
    assert supervisor.settle(run) is None
    os.utime(run / "heartbeat", (time.time() - 3600,) * 2)
    assert supervisor.settle(run) is not None
    assert_grammar(events_of(run))


@posix
def test_that_a_worker_survives_the_end_of_its_launchers_session_without_a_warning(project: Path) -> None:
    run = make_run(project, SLOW, epochs=3)
    program = f"from pathlib import Path; from core.runs.supervisor import launch; launch(Path({str(run)!r}))"
    command = [sys.executable, "-W", "always", "-c", program]
    launcher = subprocess.run(command, start_new_session=True, capture_output=True, text=True)
    assert (launcher.returncode, launcher.stderr) == (0, "")
    record = worker_of(run)
    assert record is not None
    assert os.getsid(record.process.pid) == record.process.pid
    assert to_the_end(run).outcome is Outcome.COMPLETED


@posix
def test_that_a_worker_that_ended_unfollowed_leaves_no_zombie_once_its_run_is_looked_at(project: Path) -> None:
    run = make_run(project, epochs=1)
    pid = supervisor.launch(run)
    wait_for(lambda: not is_alive(run), "the worker to end")
    assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert supervisor.settle(run) is None
    assert not psutil.pid_exists(pid)


@posix
def test_that_a_torn_event_is_healed_when_the_run_is_settled(project: Path) -> None:
    run = make_run(project, SLOW)
    pid = supervisor.launch(run)
    wait_for_epoch(run, 1)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not is_alive(run), "the worker to die")
    with (run / EVENTS).open("ab") as file:
        file.write(b'{"type":"progress","seq":9')
    assert to_the_end(run).outcome is Outcome.INTERRUPTED


def test_that_events_of_a_run_are_ordered_by_number_when_the_clock_jumped(project: Path) -> None:
    run = make_run(project, "simulated?exit_at=3")
    supervisor.launch(run)
    to_the_end(run)
    lines = (run / EVENTS).read_bytes()
    (run / EVENTS).write_bytes(lines.replace(b'"time":1', b'"time":9'))  # the first attempt was in the far future
    supervisor.resume(run)
    assert to_the_end(run).outcome is Outcome.COMPLETED
    events = events_of(run)
    assert events[-1].time < events[0].time
    assert [epoch.epoch for epoch in RunHistory().extend(events).epochs] == [1, 2, 3, 4]


def test_that_a_log_begun_by_hand_goes_on_without_a_gap_in_its_numbers(project: Path) -> None:
    run = make_run(project)
    with EventLog(run / EVENTS) as log:
        log.append(Started(run=run.name, pid=1, epochs=4))
        log.append(Finished(outcome=Outcome.INTERRUPTED, reason="made up"))
    supervisor.resume(run)
    assert to_the_end(run).outcome is Outcome.COMPLETED
