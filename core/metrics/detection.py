"""Report on box predictions: AP by faster-coco-eval, operating point and confusion at one threshold."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from core.domain.annotation import Boxes
from core.domain.dataset import Image
from core.domain.prediction import BoxPrediction
from core.domain.report import ClassScores, Interval, PrCurve, SplitReport
from core.metrics.average_precision import IOUS, Matches, class_matches, hits_at_all_ious, mean_average_precisions
from core.metrics.matching import Floats, greedy, overlaps
from core.metrics.resampling import MIN_IMAGES, Draws, Resampled, draw, interval, step_of

# Boxes per class and image that count. COCO's 100 would cut pages and blood smears; equal to COCO below that.
MAX_DETECTIONS = 300
DEFAULT_THRESHOLD = 0.25  # where no prediction was right, so that no threshold is better than another
IOU = 0.5  # of precision, recall, threshold and confusion


class _Compared(Struct, frozen=True):
    """One image, its ``m`` true boxes beside its ``n`` predicted ones, both as corners in pixels."""

    truth: Floats  # [m, 4]
    truth_class: NDArray[np.int64]  # [m] output indices
    boxes: Floats  # [n, 4] by falling score
    scores: Floats  # [n]
    box_class: NDArray[np.int64]  # [n]
    hits: NDArray[np.int64]  # [n] the true box of the same class that was found, -1: none
    levels: NDArray[np.bool_]  # [10, n] whether one was found at each of ``IOUS``


def detection_report(
    images: Sequence[Image],
    class_index: Mapping[int, int],
    predictions: Sequence[BoxPrediction],
    classes: Sequence[str],
    threshold: float | None = None,
    seed: int = 0,
) -> SplitReport:
    """mAP with 95 % intervals, AP and PR curve per class, and what happens at one score threshold.

    Args:
        images: with ``Boxes``; each needs its prediction, found by hash (``ValueError`` otherwise).
        class_index: class id of a true box -> output index.
        classes: names in output order.
        threshold: the operating point; ``None`` chooses the one with the best F1 (mean over classes) here.

    ``mAP50-95`` and ``mAP50`` are COCO's (101 recall points, mean over the classes that occur), with up to
    ``MAX_DETECTIONS`` boxes per class and image. ``precision`` and ``recall`` count all boxes at the threshold and
    agree with the confusion matrix: a box finds a true box of its own class first, in the order of scores; only what
    is left over is paired across classes. A metric that is undefined (no true box, or no predicted one) is left out.
    Intervals are bootstrapped over images, see ``resampling.interval``.
    """
    compared = _compare_all(images, class_index, predictions)
    counts = np.bincount(_joined(compared, "truth_class"), minlength=len(classes))
    precisions = _coco(compared, len(classes)) if counts.any() else None
    metrics: dict[str, float] = {}
    if precisions is not None:
        metrics = {"mAP50-95": float(np.nanmean(precisions)), "mAP50": float(np.nanmean(precisions[0]))}
    if threshold is None:
        threshold = _best_threshold(compared, counts)
    confusion = _confusion(compared, len(classes), threshold)
    hits, drawn = confusion.diagonal()[:-1], confusion[:, :-1].sum(axis=0)
    if drawn.any():
        metrics["precision"] = float(hits.sum() / drawn.sum())
    if counts.any():
        metrics["recall"] = float(hits.sum() / counts.sum())
    return SplitReport(
        images=len(images),
        metrics=metrics,
        intervals=_intervals(_matches(compared, len(classes)), seed) if counts.any() else {},
        classes=tuple(
            ClassScores(
                name=name,
                count=int(counts[k]),
                precision=float(hits[k] / drawn[k]) if drawn[k] else None,
                recall=float(hits[k] / counts[k]) if counts[k] else None,
                f1=float(2 * hits[k] / (drawn[k] + counts[k])) if counts[k] else None,
                ap50_95=float(precisions[:, :, k].mean()) if precisions is not None and counts[k] else None,
                ap50=float(precisions[0, :, k].mean()) if precisions is not None and counts[k] else None,
            )
            for k, name in enumerate(classes)
        ),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        curves=tuple(
            PrCurve(name=name, precision=tuple(precisions[0, :, k].tolist()))
            for k, name in enumerate(classes)
            if precisions is not None and counts[k]
        ),
        threshold=threshold,
    )


def matches_of(
    images: Sequence[Image], class_index: Mapping[int, int], predictions: Sequence[BoxPrediction], classes: int
) -> Matches:
    """What mAP on resamples of ``images`` needs; arguments as for ``detection_report``, ``classes``: how many."""
    return _matches(_compare_all(images, class_index, predictions), classes)


def resampled_map(matches: Matches, draws: Draws) -> dict[str, Resampled]:
    """``mAP50-95`` and ``mAP50``."""
    whole = np.ones((1, matches.images), np.uint8)
    step = step_of(np.array([one.truth.sum() for one in matches.classes]))
    parts = [mean_average_precisions(matches, weights) for weights in (whole, draws.resamples, draws.blocks)]
    return {
        name: Resampled(float(parts[0][row, 0]), parts[1][row], parts[2][row], step)
        for row, name in enumerate(("mAP50-95", "mAP50"))
    }


def _intervals(matches: Matches, seed: int) -> dict[str, Interval]:
    if matches.images < MIN_IMAGES:
        return {}
    figures = resampled_map(matches, draw(matches.images, matches.boxes, seed))
    found = {name: interval(figure, matches.images) for name, figure in figures.items()}
    return {name: one for name, one in found.items() if one is not None}


def _matches(compared: Sequence[_Compared], classes: int) -> Matches:
    numbers = [np.full(len(one.scores), number) for number, one in enumerate(compared)]
    image = np.concatenate([*numbers, np.zeros(0, np.int64)])
    scores, kinds = _joined(compared, "scores"), _joined(compared, "box_class")
    levels = np.concatenate([*(one.levels for one in compared), np.zeros((len(IOUS), 0), bool)], axis=1)
    truth = np.array([np.bincount(one.truth_class, minlength=classes) for one in compared], np.float64)
    parts = []
    for k in range(classes):
        of_class = np.flatnonzero(kinds == k)
        of_class = of_class[_within_limit(image[of_class])]
        parts.append(class_matches(truth[:, k], image[of_class], scores[of_class], levels[:, of_class]))
    return Matches(len(compared), tuple(parts))


def _within_limit(image: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which boxes of one class are among the first ``MAX_DETECTIONS`` of their image; ``image`` ascends."""
    return np.arange(len(image)) - np.searchsorted(image, image) < MAX_DETECTIONS


def _compare_all(
    images: Sequence[Image], class_index: Mapping[int, int], predictions: Sequence[BoxPrediction]
) -> list[_Compared]:
    answers = {prediction.hash: prediction for prediction in predictions}
    if missing := [image.path for image in images if image.hash not in answers]:
        raise ValueError(f"no prediction for {len(missing)} images, first {missing[0]}")
    return [_compare(image, answers[image.hash], class_index) for image in images]


def _compare(image: Image, prediction: BoxPrediction, class_index: Mapping[int, int]) -> _Compared:
    assert isinstance(image.annotation, Boxes)
    true = [(b.x_min, b.y_min, b.x_max, b.y_max, class_index[b.class_id]) for b in image.annotation.boxes]
    found = [(b.x1, b.y1, b.x2, b.y2, b.score, b.index) for b in prediction.boxes]
    truth = np.array(true, np.float64).reshape(-1, 5)
    boxes = np.array(found, np.float64).reshape(-1, 6)
    boxes = boxes[np.argsort(-boxes[:, 4], kind="stable")]
    allowed = overlaps(boxes[:, :4], truth[:, :4]) * (boxes[:, None, 5] == truth[None, :, 4])
    hits = np.full(len(boxes), -1)
    for box, target in greedy(allowed, IOU):
        hits[box] = target
    return _Compared(
        truth=truth[:, :4],
        truth_class=truth[:, 4].astype(int),
        boxes=boxes[:, :4],
        scores=boxes[:, 4],
        box_class=boxes[:, 5].astype(int),
        hits=hits,
        levels=hits_at_all_ious(allowed),
    )


def _joined(compared: Sequence[_Compared], field: str) -> NDArray[Any]:
    parts = [getattr(one, field) for one in compared]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _coco(compared: Sequence[_Compared], classes: int) -> Floats:
    """Precision ``[10 IoUs, 101 recalls, classes]``, NaN for a class without truth."""
    from faster_coco_eval import COCO, COCOeval_faster

    sheets = [{"id": number} for number in range(len(compared))]
    kinds = [{"id": k, "name": str(k)} for k in range(classes)]
    boxes = _records((one.truth, one.truth_class, np.ones(len(one.truth))) for one in compared)
    found = _records((one.boxes, one.box_class, one.scores) for one in compared)
    truth = COCO({"images": sheets, "categories": kinds, "annotations": boxes})
    answer = COCO({"images": sheets, "categories": kinds, "annotations": found})
    evaluator = COCOeval_faster(truth, answer, "bbox", separate_eval=True)
    evaluator.params.maxDets = [MAX_DETECTIONS]
    evaluator.params.areaRng, evaluator.params.areaRngLbl = [[0, 1e10]], ["all"]
    evaluator.evaluate()
    evaluator.accumulate()
    precision = np.asarray(evaluator.eval["precision"], np.float64)[:, :, :, 0, -1]
    return np.where(precision < 0, np.nan, precision)


def _records(boxes: Iterable[tuple[Floats, NDArray[np.int64], Floats]]) -> list[dict[str, Any]]:
    """COCO annotations from corners, classes and scores, image by image. Ids count from 1: 0 means "not matched"."""
    rows = (
        (image, *corners, k, score)
        for image, one in enumerate(boxes)
        for corners, k, score in zip(*(column.tolist() for column in one), strict=True)
    )
    return [
        {
            "id": number,
            "image_id": image,
            "category_id": k,
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": (x2 - x1) * (y2 - y1),
            "iscrowd": 0,
            "score": score,
        }
        for number, (image, x1, y1, x2, y2, k, score) in enumerate(rows, start=1)
    ]


def _best_threshold(compared: Sequence[_Compared], counts: NDArray[np.int64]) -> float:
    """The score with the best F1, as mean over the classes that occur.

    F1 is constant between two neighbouring scores; of equally good stretches the widest is taken, and its middle,
    which leaves room to both sides on pictures that nobody has seen yet.
    """
    scores, kinds, hits = _joined(compared, "scores"), _joined(compared, "box_class"), _joined(compared, "hits") >= 0
    if not hits.any():
        return DEFAULT_THRESHOLD
    upper = np.unique(scores)
    f1 = np.zeros(len(upper))
    for k in np.flatnonzero(counts):
        of_class, right = np.sort(scores[kinds == k]), np.sort(scores[(kinds == k) & hits])
        drawn = len(of_class) - np.searchsorted(of_class, upper)
        f1 += 2 * (len(right) - np.searchsorted(right, upper)) / (drawn + counts[k])
    lower = np.concatenate([[0.0], upper[:-1]])
    best = int(np.where(f1 >= f1.max() - 1e-9, upper - lower, -1).argmax())
    middle = float(lower[best] + upper[best]) / 2
    return round(middle, 3) if lower[best] < round(middle, 3) <= upper[best] else middle


def _confusion(compared: Sequence[_Compared], classes: int, threshold: float) -> NDArray[np.int64]:
    """Boxes of truth (row) predicted as (column); index ``classes`` is background: false alarms and misses."""
    table = np.zeros((classes + 1, classes + 1), np.int64)
    for one in compared:
        drawn = one.scores >= threshold
        hits = one.hits[drawn]
        found = hits[hits >= 0]
        np.add.at(table, (one.truth_class[found], one.truth_class[found]), 1)
        spare = np.flatnonzero(drawn)[hits < 0]
        missed = np.setdiff1d(np.arange(len(one.truth)), found)
        pairs = list(greedy(overlaps(one.boxes[spare], one.truth[missed]), IOU))
        mistaken = {spare[box]: missed[target] for box, target in pairs}
        for box in spare:
            row = one.truth_class[mistaken[box]] if box in mistaken else classes
            table[row, one.box_class[box]] += 1
        for target in np.setdiff1d(missed, list(mistaken.values())):
            table[one.truth_class[target], classes] += 1
    return table
