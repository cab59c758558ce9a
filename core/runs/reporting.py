"""The reporter that a back-end gets in a real run."""

import math
import time
from pathlib import Path

import msgspec

from core.domain.errors import LensmithError
from core.domain.event import EpochFinished, Finished, Phase, Progress, Resumed, RunEvent, Started
from core.runs.event_log import EventLog
from core.training.contract import StopRequested

STOP = "stop"
_PROGRESS_INTERVAL = 0.1  # seconds


class RunReporter:
    """Writes a back-end's events into the log and hands on the user's wish to stop.

    Fewer ``Progress`` events are written than emitted: ten a second, and always the last of an epoch or phase.
    ``heard_at`` (monotonic seconds) tells a watchdog when the back-end was last heard.
    """

    def __init__(self, run_dir: Path, log: EventLog) -> None:
        self._stop = run_dir / STOP
        self._log = log
        self._progress_at = -math.inf
        self._phase: Phase | None = None
        self.heard_at = time.monotonic()
        self.may_stop = True

    def emit(self, event: RunEvent) -> None:
        self.heard_at = time.monotonic()
        match event:
            case Progress():
                _refuse_non_finite(event.loss, f"in batch {event.done} of epoch {event.epoch}")
                if self._is_wanted(event):
                    self._log.append(event)
            case EpochFinished():
                self._log.append(_finite(event))
            case Started() | Resumed() | Finished():
                raise TypeError(f"{type(event).__name__} is written by the worker, not by a back-end")
            case _:
                self._log.append(event)

    def check_stop(self) -> None:
        if self.may_stop and self._stop.exists():
            raise StopRequested

    def _is_wanted(self, event: Progress) -> bool:
        now = time.monotonic()
        if event.done < event.total and event.phase is self._phase and now - self._progress_at < _PROGRESS_INTERVAL:
            return False
        self._phase, self._progress_at = event.phase, now
        return True


def _finite(event: EpochFinished) -> EpochFinished:
    _refuse_non_finite(event.train_loss, f"in epoch {event.epoch}")
    return msgspec.structs.replace(
        event,
        val_loss=event.val_loss if event.val_loss is not None and math.isfinite(event.val_loss) else None,
        metrics={name: value for name, value in event.metrics.items() if math.isfinite(value)},
    )


def _refuse_non_finite(loss: float | None, where: str) -> None:
    if loss is not None and not math.isfinite(loss):
        raise LensmithError(
            f"The training loss was no longer a finite number {where}.",
            "Try a tenth of the learning rate, gradient clipping at 1, or precision fp32.",
        )
