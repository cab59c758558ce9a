"""A ``lensmith`` command measured from outside: wall time and the peak of its memory."""

import json
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, NamedTuple

import psutil

LOOK_EVERY = 0.02  # seconds


class Measured(NamedTuple):
    """``seconds``: from start to end of the process; ``peak``: bytes resident, its children included."""

    seconds: float
    peak: int
    result: Any


def measure(*arguments: object) -> Measured:
    """Run one command with ``--json`` among its arguments to a good end."""
    return measure_python("-m", "core.cli", *arguments)


def measure_python(*arguments: object) -> Measured:
    """Run the interpreter with these arguments; what it prints on stdout must be one JSON document."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        began = time.perf_counter()
        child = subprocess.Popen([sys.executable, *map(str, arguments)], stdout=output)
        watch = _PeakWatch(child.pid)
        code = child.wait()
        seconds = time.perf_counter() - began
        peak = watch.end()
        assert code == 0, f"exit code {code}"
        output.seek(0)
        return Measured(seconds, peak, json.load(output))


class _PeakWatch:
    def __init__(self, pid: int) -> None:
        self._peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, args=(pid,))
        self._thread.start()

    def end(self) -> int:
        self._over.set()
        self._thread.join()
        return self._peak

    def _look(self, pid: int) -> None:
        try:
            root = psutil.Process(pid)
            while not self._over.wait(LOOK_EVERY):
                family = [root, *root.children(recursive=True)]
                self._peak = max(self._peak, sum(process.memory_info().rss for process in family))
        except psutil.NoSuchProcess:
            return
