"""How long a run will take, judged by runs that this project has seen; pure, no Qt."""

from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from core.actions.reporting import RunSummary

RECENT = 3  # runs of a kind that are looked at: older ones had other data
ALIKE, OTHER_MODEL = 1.3, 3.0  # how far off a guess may be, as a factor either way


class Estimate(Struct, frozen=True):
    """Seconds of a whole run, and between what they may lie."""

    seconds: float
    low: float
    high: float


def estimate(runs: Sequence[RunSummary], mode: str, model: str, epochs: int) -> Estimate | None:
    """From the last runs of this mode with this model, else with any; ``None`` before the first one.

    Time is taken to grow with the epochs: what begins and ends a run counts as part of each.
    """
    of_mode = [run for run in reversed(runs) if run.mode == mode and run.seconds is not None and run.epochs]
    alike = [run for run in of_mode if run.model == model]
    if not of_mode:
        return None
    off = ALIKE if alike else OTHER_MODEL
    seconds = median((run.seconds or 0.0) / run.epochs for run in (alike or of_mode)[:RECENT]) * epochs
    return Estimate(seconds, seconds / off, seconds * off)


def total(parts: Sequence[Estimate]) -> Estimate:
    """Of runs one after another."""
    return Estimate(sum(p.seconds for p in parts), sum(p.low for p in parts), sum(p.high for p in parts))
