"""The probe of the form: one at a time, its results kept as long as data and choices are the same."""

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from app import run_edits
from app.jobs import Job
from app.state import Session
from app.widgets.training.estimates import Estimate
from app.widgets.training.time_row import TimeRow
from core.actions.probing import ProbeResult
from core.training.plan import Choices

Key = tuple[str, Choices]  # model, and all that is chosen but the seed


class Probing(QObject):
    """``changed``: a probe began or ended."""

    changed = Signal()

    def __init__(self, session: Session, row: TimeRow, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._row = session, row
        self._results: dict[Key, ProbeResult] = {}
        self._epochs: dict[Key, int] = {}
        self._job: Job | None = None
        self._row.cancel_wanted.connect(self.cancel)

    @property
    def is_going(self) -> bool:
        return self._job is not None

    def result(self, model: str, choices: Choices) -> ProbeResult | None:
        """What was measured for these choices."""
        return self._results.get(_key(model, choices))

    def estimate(self, mode: str, model: str, epochs: int) -> Estimate | None:
        """Of a run with other epochs, from the newest probe of this mode and model."""
        for (probed, choices), result in reversed(self._results.items()):
            whole = (result.total_seconds, result.total_low, result.total_high, result.seconds_per_epoch)
            if (choices.mode, probed) == (mode, model) and None not in whole:
                more = (epochs - self._epochs[probed, choices]) * (result.seconds_per_epoch or 0.0)
                return Estimate(*(max(0.0, (seconds or 0.0) + more) for seconds in whole[:3]))
        return None

    def begin(self, model: str, choices: Choices, weights: str | None, epochs: int) -> None:
        """``epochs``: what the choices come to."""
        if self._job is not None:
            return
        key = _key(model, choices)

        def keep(result: ProbeResult) -> None:
            self._results.pop(key, None)
            self._results[key], self._epochs[key] = result, epochs

        self._job = run_edits.try_steps(self._session, model, choices, weights, done=keep, ended=self._end)
        self._row.follow(self._job)
        self.changed.emit()

    def cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._row.cancel_button.setEnabled(False)

    def forget(self) -> None:
        """The data are others now."""
        self._results.clear()

    def _end(self) -> None:
        self._job = None
        self._row.stop()
        self.changed.emit()


def _key(model: str, choices: Choices) -> Key:
    return model, replace(choices, seed=0)
