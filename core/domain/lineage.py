"""Runs as a family: what each started from, what changed on the way, and what that did; pure."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from core.domain.annotation import Boxes
from core.domain.comparison import Measured, Setting
from core.domain.dataset import ImageClass, Snapshot
from core.domain.report import Interval
from core.domain.run import RunSpec, RunWeights, number_of, weights_of

GENERATIONS = 3  # from so many on, the drift against the last full training is looked at


class DataChange(Struct, frozen=True, kw_only=True):
    """From the parent's frozen data to the run's: labelled images of all splits. Classes by their names now."""

    images_added: int = 0
    images_removed: int = 0
    relabelled: int = 0
    boxes_added: int = 0
    boxes_removed: int = 0
    classes_added: tuple[str, ...] = ()
    classes_removed: tuple[str, ...] = ()


class Effect(Struct, frozen=True, kw_only=True):
    """The run's main metric on the test split minus its parent's; only where both had the same test split.

    ``interval``: 95 %, paired over images; ``None`` where none is due.
    """

    metric: str
    difference: float
    interval: Interval | None = None


class Step(Struct, frozen=True, kw_only=True):
    """One run. Without a parent (scratch, published or imported weights) there is nothing that changed.

    ``generation``: how many runs back training did not start from a run; such a one has 0. ``depth`` is the same,
    but counts only parents that are still there.
    """

    run: str
    parent: str | None
    depth: int
    generation: int
    mode: str
    model: str
    metric: Measured | None = None  # on the test split
    test_hash: str = ""
    data: DataChange | None = None
    settings: tuple[Setting, ...] = ()  # that differ: the parent's value, then its own
    effect: Effect | None = None


class DriftPoint(Struct, frozen=True, kw_only=True):
    """``metric``: on the test images and classes of the full training, so that all points can be compared.

    ``drop``: of the full training's metric minus this one's, with its paired interval.
    """

    run: str
    generation: int
    metric: Measured
    drop: float = 0.0
    interval: Interval | None = None


class Drift(Struct, frozen=True, kw_only=True):
    """A line of descent from the last full training to its newest run; ``images``: those that all were judged on."""

    images: int
    points: tuple[DriftPoint, ...]
    suggests_full_training: bool
    advice: str


class Lineage(Struct, frozen=True, kw_only=True):
    """``steps``: parents before children, a family together, older families first."""

    steps: tuple[Step, ...]
    drift: tuple[Drift, ...] = ()


def parent_of(spec: RunSpec) -> str | None:
    weights = weights_of(spec.start)
    return weights.run if isinstance(weights, RunWeights) else None


def in_order(parents: Mapping[str, str | None]) -> list[tuple[str, int]]:
    """Runs with their depth, parents before children; siblings and families by number."""
    children: dict[str | None, list[str]] = {}
    for run, parent in parents.items():
        children.setdefault(parent if parent in parents and parent != run else None, []).append(run)
    ordered: list[tuple[str, int]] = []
    waiting = [(run, 0) for run in sorted(children.get(None, []), key=number_of, reverse=True)]
    while waiting:
        run, depth = waiting.pop()
        ordered.append((run, depth))
        waiting += [(child, depth + 1) for child in sorted(children.get(run, []), key=number_of, reverse=True)]
    return ordered


def line_of(run: str, parents: Mapping[str, str | None]) -> list[str]:
    """From the full training that a run descends from to the run itself; begins later where a parent is gone."""
    line = {run: None}  # in order; a parent that is met again would be a circle
    while (parent := parents.get(run)) is not None and parent in parents and parent not in line:
        line[parent], run = None, parent
    return [*line][::-1]


def data_change(before: Snapshot, after: Snapshot) -> DataChange:
    then = {image.hash: image.annotation for image in before.images}
    now = {image.hash: image.annotation for image in after.images}
    both = then.keys() & now.keys()
    lost, won = _boxes(then), _boxes(now)
    return DataChange(
        images_added=len(now.keys() - then.keys()),
        images_removed=len(then.keys() - now.keys()),
        relabelled=sum(then[hash_] != now[hash_] for hash_ in both),
        boxes_added=len(won - lost),
        boxes_removed=len(lost - won),
        classes_added=_names(after.classes, before.classes),
        classes_removed=_names(before.classes, after.classes),
    )


def advise(points: tuple[DriftPoint, ...]) -> tuple[bool, str]:
    """Whether to train in full again, and why, by these rules:

    1. The interval of the newest run's drop lies above 0: suggest it.
    2. The interval holds 0: nothing is suggested, since the test images cannot show a drop.
    3. There is no interval (fewer than ten images, or all agree): a drop is named, nothing is suggested.
    """
    last = points[-1]
    name, images = last.metric.name, f"{last.generation} generations after the last full training, run {points[0].run}"
    if last.interval is None:
        moved = f"{name} is {last.drop:.3f} lower" if last.drop > 0 else f"{name} has not fallen"
        return False, f"{images}, {moved}, but no interval can be given: the images are too few, or all agree."
    around = f"95 % interval {last.interval.low:+.3f} to {last.interval.high:+.3f}"
    if last.interval.low > 0:
        return True, (
            f"{images}, {name} has fallen by {last.drop:.3f} on what that run was tested on ({around}). "
            "Train once more in full: on all images, from published weights or from scratch."
        )
    return False, f"{images}, a drop of {last.drop:+.3f} in {name} ({around}) is none that the test images can show."


def _boxes(annotations: Mapping[str, object]) -> set[tuple[str, object]]:
    return {(hash_, box) for hash_, one in annotations.items() if isinstance(one, Boxes) for box in one.boxes}


def _names(these: Iterable[ImageClass], others: Iterable[ImageClass]) -> tuple[str, ...]:
    known = {one.id for one in others}
    return tuple(one.name for one in these if one.id not in known)
