"""The further processes of a run that computes on several devices: one each, beside the worker, which leads.

They learn who they are from the variables that torchrun sets. torchrun's own launcher is not used: a run's process
is ours to start, to follow and to end, and its events come from one process.

``python -m core.runs.companions RUN_DIR [--resume]`` is such a process. It trains like the leader on its share of
every batch, tells nothing and writes nothing that stays.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from core.domain.errors import LensmithError
from core.domain.event import RunEvent
from core.domain.run import RunSpec
from core.runs.environment import prepare_ultralytics, shield, worker_environment
from core.runs.process import kill_tree
from core.runs.status import CHECKPOINT

_VARIABLES = ("MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "RANK", "LOCAL_RANK")
_LAST_STEPS = 10.0  # seconds in which they may end by themselves


@contextmanager
def companions(run_dir: Path, spec: RunSpec, *, resume: bool) -> Iterator[None]:
    """Start one for each device but the first; in here this process leads them. They are gone afterwards.

    Raises ``LensmithError`` in place of an error that came of one of them dying.
    """
    size = len(spec.devices)
    if size == 1:
        yield
        return
    port = _free_port()
    os.environ.update(_place(0, size, port))
    command = [sys.executable, "-P", "-m", "core.runs.companions", str(run_dir), *(["--resume"] * resume)]
    others = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, env={**worker_environment(), **_place(rank, size, port)})
        for rank in range(1, size)
    ]
    try:
        yield
    except Exception as error:
        if died := _dead(others):
            raise LensmithError(
                f"The process of device {spec.devices[died]} of this run ended by itself.",
                "The run's log may tell why. Resume it, or start it again on one device.",
            ) from error
        raise
    finally:
        _end(others)
        for name in _VARIABLES:
            os.environ.pop(name, None)


def _place(rank: int, size: int, port: int) -> dict[str, str]:
    names = zip(_VARIABLES, ("127.0.0.1", port, size, rank, rank), strict=True)
    return {name: str(value) for name, value in names}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _dead(others: Sequence["subprocess.Popen[bytes]"]) -> int:
    """The place of the first that failed, 0 if none did."""
    until = time.monotonic() + 1.0  # whose connection broke first may still be on its way out
    while time.monotonic() < until:
        for place, other in enumerate(others, start=1):
            if other.poll():
                return place
        time.sleep(0.05)
    return 0


def _end(others: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Those that have not come to their end with the leader have nobody to train with any more."""
    until = time.monotonic() + (_LAST_STEPS if sys.exc_info()[0] is None else 0.0)
    for other in others:
        with suppress(subprocess.TimeoutExpired):
            other.wait(max(0.0, until - time.monotonic()))
            continue
        kill_tree(other.pid)
        other.wait()


class _Silent:
    """A reporter for those who have nothing to tell."""

    def emit(self, event: RunEvent) -> None:
        pass

    def check_stop(self) -> None:
        pass


def _accompany(run_dir: Path, resume: bool) -> None:
    import msgspec

    from core.backends.loading import load
    from core.runs.attempt import prepare

    with tempfile.TemporaryDirectory(prefix="lensmith-") as name:
        for file in run_dir.glob(f"{CHECKPOINT}*"):
            shutil.copy2(file, name)
        job = prepare(run_dir, resume, _Silent())
        prepare_ultralytics()
        load(job.spec.engine).fit(msgspec.structs.replace(job, run_dir=Path(name)), _Silent())


def _leave_with(parent: int) -> None:
    """End at once when the leader is gone: what waits for it on a card would wait for hours."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m core.runs.companions", description=__doc__)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    shield()
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    _accompany(options.run_dir, options.resume)


if __name__ == "__main__":
    main()
