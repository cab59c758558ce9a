"""Review: what a run's ONNX file said about each picture of a split, beside the truth, worst first."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from core.domain.annotation import Box, Boxes, ClassLabel
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.prediction import BoxPrediction, ClassPrediction, FoundBox, PredictionSet
from core.domain.report import SplitReport
from core.domain.task import Split, Task
from core.metrics.matching import Floats, overlaps, pair_up
from core.store.codec import read_json
from core.store.run_store import RunFolder

IOU = 0.5  # as in the report
_PREDICTIONS = "predictions.json"


class ClassReview(Struct, frozen=True, kw_only=True):
    """One picture of a classification run; ``truth`` and ``predicted`` are output indices."""

    image: Image
    truth: int
    predicted: int
    probability: float  # of the predicted class
    probabilities: tuple[float, ...]

    @property
    def right(self) -> bool:
        return self.predicted == self.truth

    @property
    def cells(self) -> tuple[tuple[int, int], ...]:
        """Where this picture counts in the confusion matrix: (truth, predicted)."""
        return ((self.truth, self.predicted),)


class JudgedBox(Struct, frozen=True, kw_only=True):
    """A true box, a found box, or both that belong together. Indices are outputs; background comes after the last.

    ``verdict``: "hit", "wrong_class", "false_alarm" (``target`` is ``None``) or "miss" (``found`` is ``None``).
    """

    truth: int
    predicted: int
    target: Box | None
    found: FoundBox | None

    @property
    def verdict(self) -> str:
        if self.target is None:
            return "false_alarm"
        if self.found is None:
            return "miss"
        return "hit" if self.truth == self.predicted else "wrong_class"


class BoxReview(Struct, frozen=True, kw_only=True):
    """One picture of a detection run, with every box of the truth and every found one at the threshold."""

    image: Image
    boxes: tuple[JudgedBox, ...]
    misses: int
    false_alarms: int
    wrong_class: int

    @property
    def right(self) -> bool:
        return not self.mistakes

    @property
    def mistakes(self) -> int:
        return self.misses + self.false_alarms + self.wrong_class

    @property
    def cells(self) -> tuple[tuple[int, int], ...]:
        """Where the boxes of this picture count in the confusion matrix: (truth, predicted), one a box."""
        return tuple((box.truth, box.predicted) for box in self.boxes)


ImageReview = ClassReview | BoxReview


class Review(Struct, frozen=True, kw_only=True):
    """``images`` are those that the report counted, worst first; ``unread`` could not be read when it was computed."""

    task: Task
    split: Split
    classes: tuple[str, ...]  # in output order; for boxes, index ``len(classes)`` is background
    threshold: float | None
    images: tuple[ImageReview, ...]
    unread: tuple[Image, ...] = ()


def review(run: RunFolder, split: Split) -> Review:
    """Every picture of ``split`` in the run's snapshot, also those that are gone from the disk by now.

    The rule of "worst first": wrong before right. Of classes, the surest of the wrong answers first, then the least
    sure of the right ones. Of boxes, the most mistakes first; of equally many, the surest false alarm or wrong class
    first; then the least sure hit. What is still equal is in the order of paths.

    Raises:
        LensmithError: the run has no report yet, or its report does not cover ``split``.
    """
    part = _part(run, split)
    snapshot = run.snapshot()
    answers = _answers(read_json(run.path / _PREDICTIONS, PredictionSet), split)
    judged = [image for image in snapshot.part(split) if image.hash in answers]
    class_index = snapshot.index_of()
    reviews = [judge(image, answers[image.hash], class_index, part.threshold) for image in judged]
    return Review(
        task=snapshot.task,
        split=split,
        classes=tuple(image_class.name for image_class in snapshot.classes),
        threshold=part.threshold,
        images=tuple(sorted(reviews, key=_rank)),
        unread=tuple(image for image in snapshot.part(split) if image.hash not in answers),
    )


def confused(review: Review, truth_index: int, predicted_index: int) -> list[ImageReview]:
    """The pictures behind one cell of the confusion matrix, worst first.

    For boxes, background is the last index: ``(k, last)`` are the missed boxes of class ``k``, ``(last, k)`` its
    false alarms; a picture is listed once, however many of its boxes are in the cell (``cells.count`` tells).
    """
    return [one for one in review.images if (truth_index, predicted_index) in one.cells]


def _part(run: RunFolder, split: Split) -> SplitReport:
    report = run.report()
    if report is None:
        raise LensmithError(f"Run {run.id} has no report yet.", "Wait until it has finished, or resume it.")
    part = {Split.VAL: report.val, Split.TEST: report.test}.get(split)
    if part is None:
        raise LensmithError(f"The report of run {run.id} has no {split} pictures.", "Look at another part of the data.")
    return part


def _answers(predictions: PredictionSet, split: Split) -> dict[str, ClassPrediction | BoxPrediction]:
    found: Sequence[ClassPrediction | BoxPrediction] = [
        *predictions.classes.get(split.value, ()),
        *predictions.boxes.get(split.value, ()),
    ]
    return {prediction.hash: prediction for prediction in found}


def judge(
    image: Image, answer: ClassPrediction | BoxPrediction, class_index: dict[int, int], threshold: float | None
) -> ImageReview:
    """One picture; ``class_index``: class id -> output index."""
    if isinstance(answer, BoxPrediction):
        return _judge_boxes(image, answer, class_index, threshold or 0.0)
    assert isinstance(image.annotation, ClassLabel)
    predicted = int(np.argmax(answer.probabilities))
    return ClassReview(
        image=image,
        truth=class_index[image.annotation.class_id],
        predicted=predicted,
        probability=answer.probabilities[predicted],
        probabilities=answer.probabilities,
    )


def _judge_boxes(image: Image, answer: BoxPrediction, class_index: dict[int, int], threshold: float) -> BoxReview:
    assert isinstance(image.annotation, Boxes)
    targets = image.annotation.boxes
    found = sorted((box for box in answer.boxes if box.score >= threshold), key=lambda box: -box.score)
    boxes = tuple(_pairs(targets, found, class_index))
    verdicts = [box.verdict for box in boxes]
    return BoxReview(
        image=image,
        boxes=boxes,
        misses=verdicts.count("miss"),
        false_alarms=verdicts.count("false_alarm"),
        wrong_class=verdicts.count("wrong_class"),
    )


def _pairs(targets: Sequence[Box], found: Sequence[FoundBox], class_index: dict[int, int]) -> Iterator[JudgedBox]:
    """As the report's referee does it (``core/metrics/detection.py``): a found box takes a true one of its own class
    first, by falling score; what is left over on both sides is paired across classes.

    Boxes below the threshold cannot take a target from those above it, since those come first.
    """
    background = len(class_index)
    truth = np.array([class_index[box.class_id] for box in targets], np.int64)
    kinds = np.array([box.index for box in found], np.int64)
    partner = pair_up(overlaps(_corners(found), _corners(targets)), kinds, truth, IOU)
    for number, box in enumerate(found):
        target = partner.get(number)
        yield JudgedBox(
            truth=background if target is None else int(truth[target]),
            predicted=box.index,
            target=None if target is None else targets[target],
            found=box,
        )
    for number in sorted(set(range(len(targets))) - set(partner.values())):
        yield JudgedBox(truth=int(truth[number]), predicted=background, target=targets[number], found=None)


def _corners(boxes: Sequence[Box] | Sequence[FoundBox]) -> Floats:
    rows = [(b.x_min, b.y_min, b.x_max, b.y_max) if isinstance(b, Box) else (b.x1, b.y1, b.x2, b.y2) for b in boxes]
    return np.array(rows, np.float64).reshape(-1, 4)


class _Rank(NamedTuple):
    """Sorts as ``review`` promises."""

    mistakes: int  # negative: many first
    doubt: float
    path: str


def _rank(one: ImageReview) -> _Rank:
    path = str(Path(one.image.path))
    if isinstance(one, ClassReview):
        return _Rank(0 if one.right else -1, one.probability if one.right else -one.probability, path)
    hits = [box.found.score for box in one.boxes if box.found and box.verdict == "hit"]
    wrong = [box.found.score for box in one.boxes if box.found and box.verdict != "hit"]
    return _Rank(-one.mistakes, -max(wrong, default=0.0) if one.mistakes else min(hits, default=1.0), path)
