"""The family tree of a project's runs, with what each generation changed and what that did to the metric."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from core.actions.comparing import differing_settings
from core.domain.comparison import Measured, Setting
from core.domain.dataset import Image, ImageClass
from core.domain.errors import LensmithError
from core.domain.lineage import (
    GENERATIONS,
    Drift,
    DriftPoint,
    Effect,
    Lineage,
    Step,
    advise,
    data_change,
    in_order,
    line_of,
    parent_of,
)
from core.domain.progress import Progress, silent
from core.domain.report import MAIN_METRIC, Interval, Report
from core.domain.run import RunSpec, mode_of
from core.domain.task import Split
from core.metrics import paired
from core.metrics.memory import ModelAnswers, figures
from core.runs.forgetting import judged_images, stored_answers
from core.store.run_store import RunFolder, RunStore

_TOLD_ELSEWHERE = ("weights", "data")  # as parent, and as change of data
_KEPT = 8  # snapshots held at once: one of 100,000 images takes 100 MB


class _Run(Struct, frozen=True):
    folder: RunFolder
    spec: RunSpec
    report: Report | None


def lineage(runs: RunStore, progress: Progress = silent) -> Lineage:
    """Every run that can be read, its parent before it.

    Reads snapshots and stored predictions and resamples them: seconds for many runs, so never in the window's thread.
    """
    known = {run.folder.id: run for run in map(_read, runs.list()) if run is not None}
    parents = {name: parent_of(run.spec) for name, run in known.items()}
    look = _Look()
    steps: list[Step] = []
    generations: dict[str, int] = {}
    for name, depth in in_order(parents):
        parent = parents[name]
        generations[name] = 0 if parent is None else generations.get(parent, 0) + 1
        steps.append(_step(known[name], known.get(parent or ""), depth, generations[name], look))
        progress(len(steps), len(known), "Comparing runs with what they started from")
    with_children = set(parents.values())
    lines = [line_of(name, parents) for name in parents if name not in with_children]
    found = (_drift([known[name] for name in line], look) for line in lines if len(line) > GENERATIONS)
    return Lineage(steps=tuple(steps), drift=tuple(one for one in found if one is not None))


def _read(folder: RunFolder) -> _Run | None:
    """``None`` for a damaged run: the list of runs says so, and its children stand alone."""
    try:
        return _Run(folder, folder.spec(), folder.report())
    except LensmithError:
        return None


class _Look:
    """Snapshots and answers of runs, the latest few kept."""

    def __init__(self) -> None:
        self.snapshot = lru_cache(_KEPT)(lambda run: run.snapshot())
        self.answers = lru_cache(_KEPT)(lambda run, split: stored_answers(run.path, self.snapshot(run), split))


def _step(run: _Run, parent: _Run | None, depth: int, generation: int, look: _Look) -> Step:
    data, effect = None, None
    try:
        data = data_change(look.snapshot(parent.folder), look.snapshot(run.folder)) if parent else None
        effect = _effect(parent, run, look) if parent else None
    except LensmithError:
        pass  # a file of one of them is gone: the rest can be told all the same
    return Step(
        run=run.folder.id,
        parent=parent_of(run.spec),
        depth=depth,
        generation=generation,
        mode=mode_of(run.spec.start),
        model=run.spec.architecture,
        metric=_tested(run),
        test_hash=run.report.test_hash if run.report and run.report.test else "",
        data=data,
        settings=_changed(parent, run) if parent else (),
        effect=effect,
    )


def _changed(parent: _Run, run: _Run) -> tuple[Setting, ...]:
    return tuple(one for one in differing_settings([parent.spec, run.spec]) if one.name not in _TOLD_ELSEWHERE)


def _tested(run: _Run) -> Measured | None:
    part, name = run.report.test if run.report else None, MAIN_METRIC[run.spec.task]
    if part is None or name not in part.metrics:
        return None
    return _measured(name, part.metrics[name], part.intervals.get(name))


def _measured(name: str, value: float, around: Interval | None) -> Measured:
    return Measured(name=name, value=value, low=around.low if around else None, high=around.high if around else None)


def _effect(parent: _Run, run: _Run, look: _Look) -> Effect | None:
    """Only where both were tested on the same images with the same labels."""
    before, after = _tested(parent), _tested(run)
    if before is None or after is None or parent.report is None or run.report is None:
        return None
    if parent.report.test_hash != run.report.test_hash:
        return None
    snapshot = look.snapshot(run.folder)
    sides = [look.answers(one.folder, Split.TEST) for one in (parent, run)]
    images = _answered(snapshot.part(Split.TEST), sides)
    then, now = _figures(run, images, snapshot.classes, sides, before.name)
    difference = after.value - before.value
    return Effect(metric=before.name, difference=difference, interval=paired.difference(then, now, len(images)))


def _drift(line: Sequence[_Run], look: _Look) -> Drift | None:
    """``None`` unless the line begins with a full training on all images and can still be judged on its images."""
    full, newest = line[0], line[-1]
    if parent_of(full.spec) is not None or full.spec.data_use is not None or newest.report is None:
        return None
    try:
        return _charted(line, look)
    except LensmithError:
        return None


def _charted(line: Sequence[_Run], look: _Look) -> Drift | None:
    full, newest = (look.snapshot(run.folder) for run in (line[0], line[-1]))
    split = Split.TEST if full.part(Split.TEST) else Split.VAL
    ends = [look.answers(run.folder, split) for run in (line[0], line[-1])]
    images = _answered(judged_images(full, split, newest), ends)
    told = [
        (generation, run, answers)
        for generation, run in enumerate(line)
        if run.report is not None
        and len(_answered(images, [answers := look.answers(run.folder, split)])) == len(images)
    ]
    if not images or len(told) < 2:
        return None
    left = newest.index_of()
    classes = [one for one in full.classes if one.id in left]
    name = MAIN_METRIC[full.task]
    each = _figures(line[0], images, classes, [answers for *_, answers in told], name)
    points = tuple(
        DriftPoint(
            run=run.folder.id,
            generation=generation,
            metric=_measured(name, paired.value(figure), paired.interval(figure, len(images))),
            drop=paired.value(each[0]) - paired.value(figure),
            interval=paired.difference(figure, each[0], len(images)) if generation else None,
        )
        for (generation, run, _), figure in zip(told, each, strict=True)
    )
    suggests, advice = advise(points)
    return Drift(images=len(images), points=points, suggests_full_training=suggests, advice=advice)


def _answered(images: Sequence[Image], sides: Sequence[ModelAnswers]) -> list[Image]:
    return [image for image in images if all(image.hash in side.by_hash for side in sides)]


def _figures(
    run: _Run, images: Sequence[Image], classes: Sequence[ImageClass], sides: Sequence[ModelAnswers], name: str
) -> list[paired.Figure]:
    each: list[Mapping[str, paired.Figure]] = [*figures(run.spec.task, images, classes, sides)]
    return [one[name] for one in each]
