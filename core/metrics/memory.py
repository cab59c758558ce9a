"""Two models on the same images, class by class: what the first knew and the second still knows; pure."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from core.domain.annotation import Boxes, ClassLabel
from core.domain.dataset import Image, ImageClass
from core.domain.forgetting import Change, ClassMemory
from core.domain.prediction import BoxPrediction, ClassPrediction, FoundBox
from core.domain.report import ClassScores, SplitReport
from core.domain.task import Task
from core.metrics import paired
from core.metrics.classification import Answers, answers_of, classification_report
from core.metrics.detection import IOU, detection_report, matches_of
from core.metrics.matching import greedy, overlaps

Prediction = ClassPrediction | BoxPrediction
_OF_CLASSES = {Task.DETECTION: {"AP50-95": "ap50_95", "AP50": "ap50"}, Task.CLASSIFICATION: {"recall": "recall"}}


class ModelAnswers(Struct, frozen=True, kw_only=True):
    """What one model said. ``threshold``: from which score its boxes count; ``None`` for classes."""

    classes: Sequence[ImageClass]  # in the order of its outputs
    by_hash: Mapping[str, Prediction]
    threshold: float | None = None


class _Judged(Struct, frozen=True):
    """One model. ``right``: of each object of all images, whether it was right about it."""

    report: SplitReport
    right: NDArray[np.bool_]
    evidence: paired.Evidence


class Memory(Struct, frozen=True, kw_only=True):
    metrics: tuple[Change, ...]
    classes: tuple[ClassMemory, ...]


def compare(
    task: Task, images: Sequence[Image], known: Sequence[ImageClass], before: ModelAnswers, after: ModelAnswers
) -> Memory:
    """Judge both by the one referee.

    Args:
        images: each with its truth, among ``known``, and an answer of both models.
        known: the classes that count. Other classes of the models are wrong answers here, as they would be in use.
    """
    outputs = _united(known, before.classes, after.classes)
    index = {one.id: position for position, one in enumerate(outputs)}
    judged = [_judge(task, images, outputs, index, _translated(one, index)) for one in (before, after)]
    owners = np.array([class_id for image in images for class_id in _objects(image)], np.int64)
    classes = tuple(
        _class_memory(
            task,
            one,
            (owners == one.id, *(side.right for side in judged)),
            [side.report.classes[index[one.id]] for side in judged],
        )
        for one in known
    )
    return Memory(metrics=_changes(judged, len(images)), classes=classes)


def figures(
    task: Task, images: Sequence[Image], known: Sequence[ImageClass], several: Sequence[ModelAnswers]
) -> list[dict[str, paired.Figure]]:
    """What ``core.metrics.paired`` compares, of each of several models; arguments as for ``compare``."""
    outputs = _united(known, *(one.classes for one in several))
    index = {one.id: position for position, one in enumerate(outputs)}
    evidence = [_evidence(task, images, index, _translated(one, index)) for one in several]
    draws = paired.draws_for(evidence)
    return [paired.figures_of(one, draws) for one in evidence]


def _united(*several: Sequence[ImageClass]) -> list[ImageClass]:
    """Every class once, in the order in which they come."""
    outputs: dict[int, ImageClass] = {}
    for classes in several:
        for one in classes:
            outputs.setdefault(one.id, one)
    return list(outputs.values())


def _translated(answers: ModelAnswers, index: Mapping[int, int]) -> ModelAnswers:
    """The same answers, as of a model with the united outputs."""
    place = [index[one.id] for one in answers.classes]
    return ModelAnswers(
        classes=answers.classes,
        by_hash={name: _moved(found, place, len(index)) for name, found in answers.by_hash.items()},
        threshold=answers.threshold,
    )


def _moved(found: Prediction, place: Sequence[int], outputs: int) -> Prediction:
    if isinstance(found, BoxPrediction):
        boxes = (FoundBox(b.x1, b.y1, b.x2, b.y2, b.score, place[b.index]) for b in found.boxes)
        return BoxPrediction(found.hash, tuple(boxes))
    row = [0.0] * outputs
    for position, probability in zip(place, found.probabilities, strict=True):
        row[position] = probability
    return ClassPrediction(found.hash, tuple(row))


def _judge(
    task: Task, images: Sequence[Image], outputs: Sequence[ImageClass], index: Mapping[int, int], side: ModelAnswers
) -> _Judged:
    names = [one.name for one in outputs]
    evidence = _evidence(task, images, index, side)
    found = [side.by_hash[image.hash] for image in images]
    if isinstance(evidence, Answers):
        rows = np.array([one.probabilities for one in cast(list[ClassPrediction], found)])
        report = classification_report(evidence.truth.tolist(), rows, names)
        return _Judged(report, evidence.truth == evidence.chosen, evidence)
    boxes = cast(list[BoxPrediction], found)
    right = [_found(image, one, index, side.threshold or 0.0) for image, one in zip(images, boxes, strict=True)]
    return _Judged(detection_report(images, index, boxes, names, side.threshold), np.concatenate(right), evidence)


def _evidence(task: Task, images: Sequence[Image], index: Mapping[int, int], side: ModelAnswers) -> paired.Evidence:
    found = [side.by_hash[image.hash] for image in images]
    if task is Task.DETECTION:
        return matches_of(images, index, cast(list[BoxPrediction], found), len(index))
    truth = [index[class_id] for image in images for class_id in _objects(image)]
    rows = np.array([one.probabilities for one in cast(list[ClassPrediction], found)])
    return answers_of(truth, rows, len(index))


def _objects(image: Image) -> list[int]:
    """The class of each object of the truth: each box, or the image."""
    match image.annotation:
        case ClassLabel(class_id):
            return [class_id]
        case Boxes(boxes):
            return [box.class_id for box in boxes]
    return []


def _found(image: Image, found: BoxPrediction, index: Mapping[int, int], threshold: float) -> NDArray[np.bool_]:
    """Of each true box, whether a box of its class at or above the threshold lies on it, as in the report."""
    assert isinstance(image.annotation, Boxes)
    truth = np.array(
        [(b.x_min, b.y_min, b.x_max, b.y_max, index[b.class_id]) for b in image.annotation.boxes], np.float64
    ).reshape(-1, 5)
    sure = sorted((b for b in found.boxes if b.score >= threshold), key=lambda b: -b.score)
    boxes = np.array([(b.x1, b.y1, b.x2, b.y2, b.index) for b in sure], np.float64).reshape(-1, 5)
    same = boxes[:, None, 4] == truth[None, :, 4]
    right = np.zeros(len(truth), bool)
    right[[target for _, target in greedy(overlaps(boxes[:, :4], truth[:, :4]) * same, IOU)]] = True
    return right


def _class_memory(
    task: Task,
    known: ImageClass,
    objects: tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]],
    scores: Sequence[ClassScores],
) -> ClassMemory:
    """``objects``: which of all objects are of this class, and about which of all the models were right."""
    own, before, after = objects
    metrics = []
    for name, field in _OF_CLASSES[task].items():
        then, now = (getattr(one, field) for one in scores)
        if then is not None and now is not None:
            metrics.append(Change(name=name, before=then, after=now, loss=then - now))
    return ClassMemory(
        id=known.id,
        name=known.name,
        count=int(own.sum()),
        kept=int((own & before & after).sum()),
        lost=int((own & before & ~after).sum()),
        gained=int((own & ~before & after).sum()),
        metrics=tuple(metrics),
    )


def _changes(judged: Sequence[_Judged], images: int) -> tuple[Change, ...]:
    """Of the metrics that both reports have: precision is undefined where a model draws no box at all."""
    before, after = (side.report.metrics for side in judged)
    draws = paired.draws_for([side.evidence for side in judged])
    then, now = (paired.figures_of(side.evidence, draws) for side in judged)
    return tuple(
        Change(
            name=name,
            before=before[name],
            after=after[name],
            loss=before[name] - after[name],
            interval=paired.difference(now[name], then[name], images) if name in then else None,
        )
        for name in before
        if name in after
    )
