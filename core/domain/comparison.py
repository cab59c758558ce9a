"""Runs beside each other: what each reached and took, how far they are apart, and what follows from it.

``lensmith compare --json`` prints a ``Comparison``; the Results page draws one.
"""

from collections.abc import Sequence

from msgspec import Struct

from core.domain.usage import EnergySource


class Measured(Struct, frozen=True, kw_only=True):
    """A metric on the test split, with its 95 % interval over images; no interval where none is due."""

    name: str  # ``accuracy``, ``mAP50-95`` …
    value: float
    low: float | None = None
    high: float | None = None


class Row(Struct, frozen=True, kw_only=True):
    """One run. ``None``: not finished, or not measured on this machine."""

    run: str
    mode: str
    model: str
    seed: int
    metric: Measured | None = None
    seconds: float | None = None
    kwh: float | None = None
    cost: float | None = None  # in ``Comparison.currency``
    peak_memory_mb: float | None = None  # of the card where one computed, else of the machine
    latency_ms: float | None = None  # median of one picture through the ONNX file, this machine, one thread a core
    size_mb: float | None = None  # of the ONNX file, 10**6 bytes
    energy_source: EnergySource | None = None
    state: str = ""
    on_front: bool = False  # of the runs on its test images none is at least as good and takes less time
    test_set: str = ""  # names the test images; figures of two rows may be ranked only where it is equal


class Group(Struct, frozen=True, kw_only=True):
    """Runs that differ in nothing but their seed. ``spread``: standard deviation over seeds, from two on."""

    runs: tuple[str, ...]
    mode: str
    model: str
    metric: Measured | None = None  # mean over seeds; interval over images, the seeds' mean resampled together
    spread: float | None = None
    seconds: float | None = None  # mean
    test_set: str = ""


class Difference(Struct, frozen=True, kw_only=True):
    """Metric of ``b`` minus metric of ``a``, run ids or, for groups, their first run; paired over the same images."""

    a: str
    b: str
    value: float
    low: float
    high: float

    @property
    def is_certain(self) -> bool:
        """Whether the 95 % interval leaves out zero."""
        return self.low > 0 or self.high < 0


class Setting(Struct, frozen=True):
    """A setting in which runs differ: a field of ``RunSpec`` or of its start, and its value for each run, as text."""

    name: str
    values: tuple[str, ...]  # in the order of the runs; empty where a run has no such setting


class Comparison(Struct, frozen=True, kw_only=True):
    """``advice``: one paragraph that claims no more than the intervals carry.

    ``warnings`` say what is not comparable: other test images, an unfinished run, an estimated energy.
    """

    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    advice: str
    groups: tuple[Group, ...] = ()
    warnings: tuple[str, ...] = ()
    currency: str = ""
    test_images: int = 0  # that all rows with a metric were judged on; 0: not the same ones
    metric: str = ""  # the name of every metric here
    split: str = "test"  # "val" where no run has a test split, which a warning says
    settings: tuple[Setting, ...] = ()  # in which the rows differ, values in their order


def pareto_front(points: Sequence[tuple[float | None, float | None]]) -> tuple[bool, ...]:
    """Which of ``(what it takes, how good it is)`` no other point beats: none is better for the same or the same for
    less. A point with a ``None`` neither is on the front nor beats another."""
    known = sorted({(taken, -good) for taken, good in points if taken is not None and good is not None})
    front, best = set(), float("-inf")
    for taken, negated in known:
        if -negated > best:
            best = -negated
            front.add((taken, best))
    return tuple(point in front for point in points)
