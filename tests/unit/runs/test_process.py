import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from core.runs.process import ProcessId, ending_of, kill_tree

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_that_a_running_process_is_alive_and_a_zombie_is_not() -> None:
    child = subprocess.Popen(SLEEPER)
    named = ProcessId.of(child.pid)
    assert named.is_alive()
    os.kill(child.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not named.is_alive()
    child.wait()
    assert not named.is_alive()


def test_that_a_later_process_with_the_same_number_is_another_one() -> None:
    me = ProcessId.of(os.getpid())
    assert not ProcessId(pid=me.pid, born=me.born + "1", host=me.host).is_alive()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the system keeps the time of birth")
def test_that_setting_the_clock_does_not_change_a_process_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux a new clock shows as another boot time, from which psutil computes the time of birth."""
    me = ProcessId.of(os.getpid())
    real = psutil.boot_time()
    for module in (psutil, psutil._pslinux):
        monkeypatch.setattr(module, "boot_time", lambda: real - 86_400.0)
    assert psutil.Process().create_time() < time.time() - 80_000
    assert me.is_alive()


def test_that_kill_tree_ends_grandchildren_too() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess, time; subprocess.Popen({SLEEPER!r}); time.sleep(60)"]
    )
    deadline = time.monotonic() + 10
    while not (children := psutil.Process(parent.pid).children()) and time.monotonic() < deadline:
        time.sleep(0.02)
    kill_tree(parent.pid)
    parent.wait()
    assert children
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)


def test_that_endings_are_told_in_words() -> None:
    assert "memory" in ending_of(-signal.SIGKILL)
    assert "segmentation" in ending_of(-signal.SIGSEGV)
    assert "status 3" in ending_of(3)
    assert "killed" in ending_of(None)
    assert "signal 99" in ending_of(-99)
