"""When the turn of each queued run will come; pure, no Qt."""

import heapq
from collections.abc import Sequence

from msgspec import Struct

from app.queue_watch import QueuedRun, QueueReading
from app.widgets.training.estimates import Estimate, estimate
from core.actions.reporting import RunSummary


class Turn(Struct, frozen=True, kw_only=True):
    """A queued run with what can be foreseen of it: how long it takes, and in how many seconds it will start.

    ``None``: nobody can tell, because no run of its kind, or of one before it, was ever done here.
    """

    run: QueuedRun
    takes: Estimate | None = None
    starts_in: float | None = None

    @property
    def ends_in(self) -> float | None:
        """Seconds from now."""
        return None if self.takes is None or self.starts_in is None else self.starts_in + self.takes.seconds


def turns(reading: QueueReading, runs: Sequence[RunSummary], now: float, lanes: int = 1) -> tuple[Turn, ...]:
    """``lanes``: how many runs go on side by side; ``now`` in Unix seconds. One without a device of its own takes
    the lane that is free first."""
    known: dict[tuple[str, str, int], Estimate | None] = {}
    free: list[float] = []  # of each lane, in how many seconds
    found, lost = [], False
    for run in reading.runs:
        kind = (run.mode, run.model, run.spec.epochs if run.spec else 0)
        if kind not in known:
            known[kind] = estimate(runs, *kind) if kind[2] else None
        takes = known[kind]
        if run.began is not None:
            starts_in: float | None = run.began - now
            left = None if takes is None else max(0.0, takes.seconds - (now - run.began))
        elif lost:
            starts_in = left = None
        else:
            starts_in = heapq.heappop(free) if len(free) >= lanes else 0.0
            left = None if takes is None else starts_in + takes.seconds
        lost = lost or left is None
        if left is not None:
            heapq.heappush(free, left)
        found.append(Turn(run=run, takes=takes, starts_in=starts_in))
    return tuple(found)
