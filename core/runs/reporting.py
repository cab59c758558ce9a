"""The reporter that a back-end gets in a real run."""

import math
import threading
import time
from pathlib import Path

import msgspec

from core.domain.errors import LensmithError
from core.domain.event import DeviceChosen, EpochFinished, Finished, Phase, Progress, Resumed, RunEvent, Started
from core.runs.event_log import EventLog
from core.runs.metering import Meter
from core.training.contract import StopRequested

STOP = "stop"
PULSE = 1.0  # seconds between two looks at the clock
_PROGRESS_INTERVAL = 0.1  # seconds
_STOOD_STILL = 3.0  # seconds late: then the machine slept, or somebody had stopped the process
_AT_WORK = 0.1  # of that time on a processor: then it was only busy in a library that lets no other thread run


class RunReporter:
    """Writes a back-end's events into the log and hands on the user's wish to stop.

    Fewer ``Progress`` events are written than emitted: ten a second, and always the last of an epoch or phase.
    ``heard_at`` (monotonic seconds) tells a watchdog when the back-end was last heard. Time in which the whole process
    stood still is taken off: it is neither silence nor part of an epoch.
    """

    def __init__(self, run_dir: Path, log: EventLog) -> None:
        self._stop = run_dir / STOP
        self._log = log
        self._progress_at = -math.inf
        self._phase: Phase | None = None
        self._lock = threading.Lock()
        self._pulse_at, self._worked = time.monotonic(), time.process_time()
        self._slept = 0.0  # seconds since the last epoch
        self.heard_at = self._pulse_at
        self.may_stop = True
        self.meter = Meter()

    def emit(self, event: RunEvent) -> None:
        self.pulse()
        self.heard_at = time.monotonic()
        match event:
            case DeviceChosen():
                self.meter.use_cards(event.device)
                self._log.append(event)
            case Progress():
                _refuse_non_finite(event.loss, f"in batch {event.done} of epoch {event.epoch}")
                if self._is_wanted(event):
                    self._log.append(event)
            case EpochFinished():
                self._log.append(_finite(event, self._slept))
                self._slept = 0.0
            case Started() | Resumed() | Finished():
                raise TypeError(f"{type(event).__name__} is written by the worker, not by a back-end")
            case _:
                self._log.append(event)

    def pulse(self) -> None:
        """To be called about every ``PULSE`` seconds, from any thread: what comes late finds out that all stood still.

        A machine that sleeps stops the monotonic clock on Linux and macOS, so that this is seen elsewhere only, and
        where a process was stopped by a signal or by the freezer of its control group.
        """
        with self._lock:
            now, worked = time.monotonic(), time.process_time()
            late, at_work = now - self._pulse_at - PULSE, worked - self._worked
            self._pulse_at, self._worked = now, worked
            if late > _STOOD_STILL and at_work < _AT_WORK * late:
                self.heard_at = min(now, self.heard_at + late)
                self._slept += late
                self.meter.sleep(late)

    def check_stop(self) -> None:
        self.heard_at = time.monotonic()
        if self.may_stop and self._stop.exists():
            raise StopRequested

    def _is_wanted(self, event: Progress) -> bool:
        now = time.monotonic()
        if event.done < event.total and event.phase is self._phase and now - self._progress_at < _PROGRESS_INTERVAL:
            return False
        self._phase, self._progress_at = event.phase, now
        return True


def _finite(event: EpochFinished, slept: float) -> EpochFinished:
    _refuse_non_finite(event.train_loss, f"in epoch {event.epoch}")
    return msgspec.structs.replace(
        event,
        seconds=max(0.0, event.seconds - slept),
        val_loss=event.val_loss if event.val_loss is not None and math.isfinite(event.val_loss) else None,
        metrics={name: value for name, value in event.metrics.items() if math.isfinite(value)},
    )


def _refuse_non_finite(loss: float | None, where: str) -> None:
    if loss is not None and not math.isfinite(loss):
        raise LensmithError(
            f"The training loss was no longer a finite number {where}.",
            "Try a tenth of the learning rate, gradient clipping at 1, or precision fp32.",
        )
