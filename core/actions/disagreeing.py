"""Where finished runs disagree about the same images, from what each one's ONNX file said when it was judged."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from msgspec import Struct

from core.actions.reporting import report_of
from core.domain.annotation import Box, Boxes, ClassLabel
from core.domain.dataset import Image, ImageClass, Snapshot
from core.domain.errors import LensmithError
from core.domain.prediction import BoxPrediction, ClassPrediction, FoundBox, PredictionSet
from core.domain.progress import Progress, silent
from core.domain.task import Split, Task
from core.metrics.disagreement import ImageDisagreement, box_disagreement, class_disagreements
from core.metrics.matching import Floats
from core.store.codec import read_json
from core.store.run_store import RunFolder

FEWEST, MOST = 2, 6  # runs
_PREDICTIONS = "predictions.json"
_TOLD = 200  # images between two words on how far it is
Answer = ClassPrediction | BoxPrediction


class Disagreements(Struct, frozen=True, kw_only=True):
    """``rows``: every image that all runs were judged on, the widest disagreement first.

    The truth is that of the newest run; ``relabelled`` images had other labels in another run. ``left_out`` images of
    the split were judged by some of the runs only.
    """

    task: Task
    split: Split
    runs: tuple[str, ...]  # ids, in the order of all that is said of models
    classes: tuple[ImageClass, ...]  # that any of the runs knows
    thresholds: tuple[float | None, ...]
    images: dict[str, Image]  # by hash, with the truth
    rows: tuple[ImageDisagreement, ...]
    relabelled: int = 0
    left_out: int = 0

    def count(self) -> dict[str, int]:
        """How many images that differ are of each ``kind``; kinds without an image are left out."""
        kinds = [row.kind for row in self.rows if row.differs]
        return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


class _Judged(Struct, frozen=True):
    """What is kept of one run: its answers on one split, boxes only from the threshold up."""

    snapshot: Snapshot
    answers: dict[str, Answer]
    threshold: float | None

    @property
    def class_ids(self) -> list[int]:
        return [one.id for one in self.snapshot.classes]


def disagreements(runs: Sequence[RunFolder], split: Split | None = None, progress: Progress = silent) -> Disagreements:
    """Two to six runs on the images of ``split``; by default the test split if all were judged on one, else val.

    Raises:
        LensmithError: too few or too many runs, of different tasks, not judged yet, or judged on no common image.
        Cancelled: by ``progress``.
    """
    if not FEWEST <= len(runs) <= MOST:
        raise LensmithError(
            f"{len(runs)} runs cannot be compared picture by picture.", f"Choose {FEWEST} to {MOST} runs."
        )
    reports = [report_of(run) for run in runs]
    if split is None:
        split = Split.TEST if all(report.test and report.test.images for report in reports) else Split.VAL
    judged = []
    for number, run in enumerate(runs):
        progress(number, len(runs), "Reading predictions")
        part = reports[number].test if split is Split.TEST else reports[number].val
        judged.append(_read(run, split, part.threshold if part else None))
    if len({one.snapshot.task for one in judged}) > 1:
        raise LensmithError("These runs have different tasks.", "Compare runs on classes, or runs on boxes.")
    newest = judged[max(range(len(runs)), key=lambda number: runs[number].number)].snapshot
    common = set.intersection(*(set(one.answers) for one in judged))
    images = {image.hash: image for image in newest.part(split) if image.hash in common}
    if not images:
        raise LensmithError(
            f"No {split} picture was judged by all of these runs.", "Choose runs that were tested on the same pictures."
        )
    ranked = _compare(judged, images, progress)
    ranked.sort(key=lambda row: (-row.score, -sum(place.gap for place in row.places), images[row.hash].path))
    return Disagreements(
        task=newest.task,
        split=split,
        runs=tuple(run.id for run in runs),
        classes=_classes(judged, newest),
        thresholds=tuple(one.threshold for one in judged),
        images=images,
        rows=tuple(ranked),
        relabelled=_relabelled(judged, images),
        left_out=len(set.union(*(set(one.answers) for one in judged))) - len(images),
    )


def _read(run: RunFolder, split: Split, threshold: float | None) -> _Judged:
    if not (run.path / _PREDICTIONS).exists():
        raise LensmithError(
            f"What run {run.id} said about its pictures is gone: {_PREDICTIONS} is missing.",
            "Restore the file, or compare without this run.",
        )
    stored = read_json(run.path / _PREDICTIONS, PredictionSet)
    answers: dict[str, Answer] = {one.hash: one for one in stored.classes.get(split.value, ())}
    least = threshold or 0.0
    for one in stored.boxes.get(split.value, ()):
        answers[one.hash] = BoxPrediction(one.hash, tuple(box for box in one.boxes if box.score >= least))
    return _Judged(run.snapshot(), answers, threshold)


def _compare(judged: Sequence[_Judged], images: Mapping[str, Image], progress: Progress) -> list[ImageDisagreement]:
    if judged[0].snapshot.task is Task.CLASSIFICATION:
        progress(0, 0, "Comparing pictures")
        return _compare_classes(judged, images)
    ids = [one.class_ids for one in judged]
    rows = []
    for number, (name, image) in enumerate(images.items()):
        if number % _TOLD == 0:
            progress(number, len(images), "Comparing pictures")
        found: list[tuple[FoundBox, ...]] = [cast(BoxPrediction, one.answers[name]).boxes for one in judged]
        rows.append(box_disagreement(name, _boxes(image), found, ids))
    return rows


def _compare_classes(judged: Sequence[_Judged], images: Mapping[str, Image]) -> list[ImageDisagreement]:
    ids = sorted({class_id for one in judged for class_id in one.class_ids})
    place = {class_id: column for column, class_id in enumerate(ids)}
    answers: list[Floats] = []
    for one in judged:
        said = [cast(ClassPrediction, one.answers[name]).probabilities for name in images]
        table = np.zeros((len(images), len(ids)))
        table[:, [place[class_id] for class_id in one.class_ids]] = said
        answers.append(table)
    labels = [image.annotation for image in images.values()]
    truth = [label.class_id if isinstance(label, ClassLabel) else -1 for label in labels]
    return class_disagreements(list(images), truth, ids, answers)


def _boxes(image: Image) -> tuple[Box, ...]:
    return image.annotation.boxes if isinstance(image.annotation, Boxes) else ()


def _classes(judged: Sequence[_Judged], newest: Snapshot) -> tuple[ImageClass, ...]:
    """By id, with the newest run's names."""
    known = {one.id: one for each in judged for one in each.snapshot.classes}
    known |= {one.id: one for one in newest.classes}
    return tuple(known[class_id] for class_id in sorted(known))


def _relabelled(judged: Sequence[_Judged], images: Mapping[str, Image]) -> int:
    other = {
        image.hash
        for one in judged
        for image in one.snapshot.images
        if image.hash in images and image.annotation != images[image.hash].annotation
    }
    return len(other)
