"""Processes that outlive their parent: naming one beyond doubt, ending it whole, saying how it died."""

import os
import signal
import socket
import time
from pathlib import Path

import psutil
from msgspec import Struct

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


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
    "SIGKILL": "was ended by the system, probably because memory ran out",
    "SIGSEGV": "crashed (segmentation fault)",
    "SIGABRT": "crashed (a native library gave up)",
    "SIGBUS": "crashed (bus error: often a full disk or a full shared memory)",
    "SIGILL": "crashed (the processor does not know an instruction that a library uses)",
    "SIGFPE": "crashed (arithmetic error in a native library)",
    "SIGTERM": "was asked to end by the system or another program",
    "SIGINT": "was interrupted from the keyboard",
    "SIGHUP": "was ended together with its session",
}


def ending_of(status: int | None) -> str:
    """How a process ended, as the rest of a sentence that begins with its name; ``None``: status unknown."""
    if status is None:
        return "ended without a word: it was killed, or the machine was switched off"
    if status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
        return _SIGNAL_ENDINGS.get(name, f"was ended by {name}")
    if os.name == "nt" and status & 0xFFFFFFFF in _WINDOWS_ENDINGS:
        return _WINDOWS_ENDINGS[status & 0xFFFFFFFF]
    return f"ended with exit status {status} without saying why"
