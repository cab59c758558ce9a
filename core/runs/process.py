"""Processes that outlive their parent: naming one beyond doubt, ending it whole, saying how it died."""

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import psutil
from msgspec import Struct

from core.runs.environment import worker_environment

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_KERNEL_COUNTERS = Path("/proc/vmstat")
_children: dict[int, subprocess.Popen[bytes]] = {}  # our own: only a parent learns how a process ended


class ProcessId(Struct, frozen=True, kw_only=True):
    """One process of one machine; a later process with the same ``pid`` has another ``born``."""

    pid: int
    born: str
    host: str

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        """Raises ``psutil.NoSuchProcess`` when there is none."""
        return cls(pid=pid, born=_born(psutil.Process(pid)), host=socket.gethostname())

    @property
    def is_here(self) -> bool:
        return self.host == socket.gethostname()

    @property
    def is_of_this_boot(self) -> bool:
        """Whether the machine has been on ever since; only asked where Linux counts (``oom_kills``)."""
        return self.is_here and self.born.startswith(_BOOT_ID.read_text().strip())

    def is_alive(self) -> bool:
        """Whether exactly this process still runs (a zombie does not). Only for a process of this machine."""
        try:
            process = psutil.Process(self.pid)
            return _born(process) == self.born and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


def _born(process: psutil.Process) -> str:
    """When a process began, told so that setting the clock changes nothing.

    On Linux psutil adds the boot time, which moves with the clock, to the kernel's count since boot: take it off.
    """
    created = process.create_time()
    if _BOOT_ID.exists():
        return f"{_BOOT_ID.read_text().strip()}+{created - psutil.boot_time():.2f}"
    return f"{created:.2f}"


def start_apart(
    module: str, arguments: Sequence[str], folder: Path, output: BinaryIO, variables: Mapping[str, str] | None = None
) -> int:
    """Start one of our modules as a process that outlives this one; returns its process id.

    It works in ``folder``, what it prints goes to ``output``, ``variables`` are added to its environment.
    """
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=folder,
        env={**worker_environment(), **(variables or {})},
        **apart,
    )
    _children[child.pid] = child
    return child.pid


def exit_status(pid: int, patience: float = 10.0) -> int | None:
    """Of a child of ours that is over, or will be within some seconds; ``None`` for somebody else's."""
    child = _children.get(pid)
    if child is None:
        return None
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=patience)
        _children.pop(pid, None)
    return child.returncode


@atexit.register
def _let_go() -> None:
    """They outlive us on purpose; ``subprocess`` would warn of each whose end it has not seen."""
    for child in _children.values():
        if child.poll() is None:
            child.returncode = 0


def oom_kills() -> int | None:
    """How many processes the kernel has ended since the machine was switched on because memory ran out, that of a
    container among them; ``None`` where it does not tell (Linux does, from 4.13 on)."""
    with contextlib.suppress(OSError):
        for line in _KERNEL_COUNTERS.read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    return None


def kill_tree(pid: int, timeout: float = 5.0) -> None:
    """End a process and all its descendants at once, and wait until they are gone (seconds)."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    until = time.monotonic() + timeout
    while not all(_is_over(process) for process in family) and time.monotonic() < until:
        time.sleep(0.01)


def _is_over(process: psutil.Process) -> bool:
    """A zombie is over too: its parent, perhaps another command that follows the run, has only not looked yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


_WINDOWS_ENDINGS = {
    0xC0000005: "crashed (access violation)",
    0xC0000017: "was ended by the system, which had no memory left",
    0xC00000FD: "crashed (stack overflow)",
    0xC000013A: "was interrupted from the keyboard",
    0xC0000135: "could not start, because a library is missing",
    0xC0000409: "crashed (the C runtime gave up)",
}

_SIGNAL_ENDINGS = {
    "SIGKILL": "was killed from outside: by somebody, or by the system, which does so when memory runs out",
    "SIGSEGV": "crashed (segmentation fault)",
    "SIGABRT": "crashed (a native library gave up)",
    "SIGBUS": "crashed (bus error: often a full disk or a full shared memory)",
    "SIGILL": "crashed (the processor does not know an instruction that a library uses)",
    "SIGFPE": "crashed (arithmetic error in a native library)",
    "SIGTERM": "was asked to end by the system or another program",
    "SIGINT": "was interrupted from the keyboard",
    "SIGHUP": "was ended together with its session",
}


OUT_OF_MEMORY = "was killed by the system (out of memory)"


def ending_of(status: int | None, *, out_of_memory: bool = False) -> str:
    """How a process ended, as the rest of a sentence that begins with its name; ``None``: status unknown.

    ``out_of_memory``: in its time the kernel ended a process for want of memory.
    """
    if out_of_memory and status == -getattr(signal, "SIGKILL", 9):
        return OUT_OF_MEMORY
    if out_of_memory and status is None:
        return "ended without a word, while the system killed processes because memory had run out"
    if status is None:
        return "ended without a word: it was killed, or the machine was switched off"
    if status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
        return _SIGNAL_ENDINGS.get(name, f"was ended by {name}")
    if os.name == "nt" and status & 0xFFFFFFFF in _WINDOWS_ENDINGS:
        return _WINDOWS_ENDINGS[status & 0xFFFFFFFF]
    return f"ended with exit status {status} without saying why"
