"""Memory that runs out, a card that is lost, a machine that sleeps, an engine that floods its log: made for real where
a machine without a card can make them. The simulated engine takes the memory and prints."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.actions.reporting import summary_of
from core.domain.event import EpochFinished, Event, Finished, Outcome, Progress, Used
from core.domain.history import RunHistory
from core.domain.report import Report
from core.runs import process, status, supervisor, worker
from core.runs.event_log import EVENTS, EventLog, read_events
from core.runs.process import ending_of
from core.runs.reporting import RunReporter
from core.runs.status import beat, silence, stalled
from core.store.codec import read_json
from core.store.run_store import RunFolder
from tests.simulated_runs import assert_grammar, make_run

posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits another process, as Linux allows")
MEGABYTE = 2**20
GROUPS = (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup"))  # of version 1 and of version 2


def events_of(run: Path) -> list[Event]:
    return read_events(run / EVENTS)


def to_the_end(run: Path) -> Finished:
    last = list(supervisor.follow(run))[-1]
    assert isinstance(last, Finished)
    assert_grammar(events_of(run))
    return last


def wait_for_epoch(run: Path, epoch: int) -> None:
    until = time.monotonic() + 60
    while not any(isinstance(event, EpochFinished) and event.epoch >= epoch for event in events_of(run)):
        assert time.monotonic() < until, f"waited a minute for epoch {epoch}"
        time.sleep(0.01)


@contextlib.contextmanager
def little_memory(limit: int) -> Iterator[Path]:
    """A control group whose processes the kernel ends when together they hold more than ``limit`` bytes."""
    for root in GROUPS:
        group = root / f"lensmith-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            names = ("memory.max", "memory.limit_in_bytes")
            file = next((group / name for name in names if (group / name).exists()), None)
            if file is None:
                continue
            file.write_text(str(limit))
            with contextlib.suppress(OSError):  # else it would only be moved out; not every kernel counts swap
                (group / "memory.swap.max").write_text("0")
            yield group
            return
        except PermissionError:
            continue
        finally:
            for _ in range(100):  # the kernel lets go of a process that it ended a moment later
                with contextlib.suppress(OSError):
                    group.rmdir()
                    break
                time.sleep(0.05)
    pytest.skip("no control group for memory may be made here")


@linux
def test_that_a_worker_that_the_kernel_ends_for_want_of_memory_is_told_so_and_the_run_resumes(project: Path) -> None:
    run = make_run(project, "simulated?epoch_seconds=0.5&eat_at=2&megabytes=600")
    with little_memory(350 * MEGABYTE) as group:
        pid = supervisor.launch(run)
        (group / "cgroup.procs").write_text(str(pid))
        finished = to_the_end(run)
    assert finished.outcome is Outcome.INTERRUPTED
    assert finished.reason == "The training process was killed by the system (out of memory)."
    assert finished.out_of_memory
    assert "smaller batch" in finished.remedy
    supervisor.resume(run)
    assert to_the_end(run).outcome is Outcome.COMPLETED


@posix
def test_that_a_kill_from_outside_is_called_want_of_memory_only_where_the_kernel_counted_one(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal is real, the kernel's counter is pretended."""
    counters = tmp_path / "vmstat"
    monkeypatch.setattr(process, "_KERNEL_COUNTERS", counters)
    told = []
    for after in (3, 4):
        counters.write_text("nr_free_pages 7\noom_kill 3\n")
        run = make_run(project, "simulated?kill_at=2")
        pid = supervisor.launch(run)
        wait_for_epoch(run, 1)
        status.record_worker(run, pid, 1)  # the worker itself has read the real counter
        counters.write_text(f"nr_free_pages 7\noom_kill {after}\n")
        told.append(to_the_end(run))
    assert [one.out_of_memory for one in told] == [False, True]
    assert "killed from outside" in told[0].reason
    assert "out of memory" in told[1].reason
    assert ending_of(-signal.SIGSEGV, out_of_memory=True) == "crashed (segmentation fault)"
    assert "memory had run out" in ending_of(None, out_of_memory=True)


@linux
def test_that_an_allocation_that_fails_is_told_with_advice_and_the_run_resumes(project: Path) -> None:
    run = make_run(project, "simulated?epoch_seconds=0.5&eat_at=2&megabytes=3000")
    pid = supervisor.launch(run)
    wait_for_epoch(run, 1)
    child = psutil.Process(pid)
    room = child.memory_info().vms + 100 * MEGABYTE
    child.rlimit(psutil.RLIMIT_AS, (room, room))
    finished = to_the_end(run)
    assert finished.outcome is Outcome.FAILED
    assert finished.out_of_memory
    assert "no memory left" in finished.reason
    assert "smaller batch" in finished.remedy
    supervisor.resume(run)
    assert to_the_end(run).outcome is Outcome.COMPLETED


@pytest.mark.parametrize(
    ("words", "short", "cause", "remedy"),
    [
        ("CUDA out of memory. Tried to allocate 2 GiB.", True, "graphics card has no memory left", "smaller batch"),
        ("DefaultCPUAllocator: can't allocate memory: 8 bytes", True, "machine has no memory left", "smaller batch"),
        ("CUDA error: unspecified launch failure", False, "graphics card stopped answering", "device cpu"),
        ("something else", False, "something else", "Resume"),
    ],
)
def test_that_an_engines_last_words_decide_what_is_advised(
    project: Path, words: str, short: bool, cause: str, remedy: str
) -> None:
    """What PyTorch says when a card has no room or is lost (Xid, driver reset), said by an engine without a card."""
    run = make_run(project, f"simulated?raise_at=2&words={words.replace(' ', '+')}", epochs=2)
    supervisor.launch(run)
    finished = to_the_end(run)
    assert finished.outcome is Outcome.FAILED
    assert finished.out_of_memory is short
    assert cause in finished.reason
    assert remedy in finished.remedy
    if "CUDA error" in words:
        supervisor.resume(run)
        assert to_the_end(run).outcome is Outcome.COMPLETED


@posix
def test_that_a_run_that_was_frozen_for_seconds_goes_on_and_its_time_left_recovers(project: Path) -> None:
    run = make_run(project, "simulated?epoch_seconds=0.5&batches=20", epochs=6)
    pid = supervisor.launch(run)
    wait_for_epoch(run, 1)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(5)
    os.kill(pid, signal.SIGCONT)
    wait_for_epoch(run, 2)
    assert silence(run) < 3
    history = RunHistory().extend(events_of(run))
    assert history.seconds_left is None or history.seconds_left < 20
    assert to_the_end(run).outcome is Outcome.COMPLETED
    history = RunHistory().extend(events_of(run))
    assert max(epoch.seconds for epoch in history.epochs) < 4.5
    assert history.usage is not None
    spent = events_of(run)[-1].time - events_of(run)[0].time
    assert history.usage.seconds < spent - 3


def test_that_a_late_pulse_is_sleep_only_if_the_process_did_nothing_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, worked = [1000.0], [5.0]
    monkeypatch.setattr("core.runs.reporting.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("core.runs.reporting.time.process_time", lambda: worked[0])
    with EventLog(tmp_path / EVENTS) as log:
        reporter = RunReporter(tmp_path, log)
        heard_at = reporter.heard_at
        clock[0] += 60  # in a library that lets no other thread run
        worked[0] += 55
        reporter.pulse()
        assert reporter.heard_at == heard_at
        clock[0] += 3600
        reporter.pulse()
        assert clock[0] - reporter.heard_at == pytest.approx(61)


def test_that_silence_goes_on_when_even_the_heartbeat_stops(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that holds the interpreter lets no thread beat. The worker is this process itself."""
    run = make_run(project)
    status.record_worker(run, os.getpid(), 1)
    beat(run, 2.0)
    now = time.monotonic()
    monkeypatch.setattr(status.time, "monotonic", lambda: now + 400)
    assert 401 < silence(run) < 404
    assert stalled(run) is not None
    monkeypatch.setattr(status, "PATIENCE", 1000)
    assert stalled(run) is None
    monkeypatch.undo()
    (run / "worker.json").unlink()
    assert stalled(run) is None  # nobody is at it
    assert silence(run) == 2.0  # nor can anybody say whose clock it was


def test_that_a_worker_that_prints_a_hundred_megabytes_keeps_a_short_log(project: Path) -> None:
    run = make_run(project, "simulated?epoch_seconds=1.2&print_at=1&megabytes=100", epochs=2)
    supervisor.launch(run)
    assert to_the_end(run).outcome is Outcome.COMPLETED
    assert (run / "worker.log").stat().st_size < worker._LOG_LIMIT


def test_that_a_run_tells_what_it_took_right_before_its_end(project: Path) -> None:
    run = make_run(project, epochs=1)
    supervisor.launch(run)
    to_the_end(run)
    events = events_of(run)
    assert isinstance(events[-2], Used)
    usage = events[-2].usage
    assert usage.kwh is not None
    assert usage.kwh > 0
    assert usage.peak_memory_mb is not None
    assert usage.peak_memory_mb > 20
    assert not any(isinstance(event, Progress) for event in events[-2:])


def test_that_the_report_counts_what_all_attempts_took(project: Path) -> None:
    run = make_run(project, "simulated?epoch_seconds=0.3", epochs=3)
    supervisor.launch(run)
    wait_for_epoch(run, 1)
    supervisor.request_stop(run)
    assert to_the_end(run).outcome is Outcome.STOPPED
    first = RunHistory().extend(events_of(run)).usage
    supervisor.resume(run)
    to_the_end(run)
    both, told = RunHistory().extend(events_of(run)).usage, read_json(run / "report.json", Report).usage
    assert first is not None
    assert both is not None
    assert told is not None
    assert first.seconds < told.seconds <= both.seconds
    assert first.kwh < told.kwh <= both.kwh
    summary = summary_of(RunFolder(run.name, run))
    assert (summary.kwh, summary.energy_source, summary.peak_memory_mb) == (
        both.kwh,
        both.energy_source,
        both.peak_memory_mb,
    )
