"""The process that does one attempt of a run: ``python -m core.runs.worker RUN_DIR [--resume]``.

Whatever happens in here ends in exactly one ``Finished``; where the process itself dies, the supervisor writes it.
Little is imported above ``work``, so that a broken library is told as an event and not lost as a start that failed.
"""

import argparse
import contextlib
import faulthandler
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain.errors import LensmithError, OutOfMemory
from core.domain.event import Finished, Outcome, Used
from core.runs.environment import shield
from core.runs.event_log import EVENTS, EventLog
from core.runs.status import OUTPUT, beat, claim, opening

if TYPE_CHECKING:
    from core.runs.reporting import RunReporter

_BEAT = 1.0  # seconds, as ``core.runs.reporting.PULSE``
_USED_EVERY = 10.0  # seconds
_NO_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "insufficient memory",
    "failed to allocate memory",
    "alloc_failed",
)
_LOG_LIMIT = 32 << 20  # bytes of worker.log; an engine that prints without end must not fill the disk


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m core.runs.worker", description=__doc__)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--resume", action="store_true", help="continue from the last checkpoint")
    options = parser.parse_args(arguments)
    shield()
    faulthandler.enable()
    return work(options.run_dir.resolve(), options.resume)


def work(run_dir: Path, resume: bool) -> int:
    """One attempt; returns the exit status: 1 when it failed, else 0."""
    claim(run_dir)
    reporter = None
    with EventLog(run_dir / EVENTS) as log:
        try:
            log.append(opening(run_dir, os.getpid()))
            from core.runs.attempt import carry_out
            from core.runs.reporting import RunReporter
            from core.runs.trackers import tracked

            reporter = RunReporter(run_dir, log)
            with _heartbeat(run_dir, reporter, log), tracked(run_dir, reporter.emit):
                finished = carry_out(run_dir, resume, reporter)
        except LensmithError as error:
            traceback.print_exc()
            short = isinstance(error, OutOfMemory)
            finished = Finished(outcome=Outcome.FAILED, reason=error.cause, remedy=error.remedy, out_of_memory=short)
        except BaseException as error:
            traceback.print_exc()
            finished = _unexpected(error, run_dir)
        if reporter is not None:
            _tell_usage(reporter, log)
        log.append(finished)
    return int(finished.outcome is Outcome.FAILED)


def _unexpected(error: BaseException, run_dir: Path) -> Finished:
    """An ending for what nobody foresaw: one sentence, and where the whole story is."""
    text = next(iter(str(error).splitlines()), "")[:300]
    reason = f"An unexpected error ended the run ({type(error).__name__}: {text})."
    remedy = f"Resume the run; if it happens again, {run_dir / OUTPUT} tells more."
    if isinstance(error, ImportError):
        reason = f"The training engine could not be loaded: {text}."
        remedy = "Install Lensmith again: `lensmith doctor` says what is missing."
    elif is_out_of_memory(error):
        of_card = "CUDA" in str(error)
        holder, others = ("graphics card", "programs that use it") if of_card else ("machine", "programs")
        reason = f"The {holder} has no memory left for this run."
        remedy = f"Choose a smaller batch or image size or a smaller model, or close other {others}."
        return Finished(outcome=Outcome.FAILED, reason=reason, remedy=remedy, out_of_memory=True)
    elif "CUDA error" in str(error) or type(error).__name__ == "AcceleratorError":
        reason = f"The graphics card stopped answering ({text.rstrip('.')})."
        remedy = "Resume the run; if it happens again, restart the machine, or choose the device cpu."
    elif isinstance(error, KeyboardInterrupt):
        return Finished(outcome=Outcome.INTERRUPTED, reason="The run was interrupted from the keyboard.")
    return Finished(outcome=Outcome.FAILED, reason=reason, remedy=remedy)


def is_out_of_memory(error: BaseException) -> bool:
    """By type, or by the words of the libraries that have no type for it (PyTorch, OpenCV, ONNX Runtime)."""
    words = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in words for sign in _NO_MEMORY)


@contextlib.contextmanager
def _heartbeat(run_dir: Path, reporter: "RunReporter", log: EventLog) -> Iterator[None]:
    """Every second: says for how long the back-end has been silent, counts what the run takes, keeps ``worker.log``
    small."""
    over = threading.Event()

    def live() -> None:
        told = time.monotonic()
        while True:
            reporter.pulse()
            with contextlib.suppress(OSError):  # a full disk: the run itself will say so
                beat(run_dir, time.monotonic() - reporter.heard_at)
                _trim_output(run_dir)
            reporter.meter.sample()
            if time.monotonic() - told >= _USED_EVERY:
                told = time.monotonic()
                _tell_usage(reporter, log)
            if over.wait(_BEAT):
                return

    thread = threading.Thread(target=live, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _tell_usage(reporter: "RunReporter", log: EventLog) -> None:
    with contextlib.suppress(LensmithError):  # a full disk
        log.append(Used(usage=reporter.meter.usage()))


def _trim_output(run_dir: Path) -> None:
    """Start ``worker.log`` over when it has grown too long; it is opened for appending, so writers follow."""
    output, log = os.fstat(2), run_dir / OUTPUT
    if output.st_size > _LOG_LIMIT and log.exists() and os.path.samestat(output, log.stat()):
        os.ftruncate(2, 0)
        os.write(2, b"[what was here before had filled the log and was dropped]\n")


if __name__ == "__main__":
    exit_status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_status)  # all is on disk: a library that hangs in its own teardown must not keep the device
