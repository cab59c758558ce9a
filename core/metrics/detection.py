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
from core.metrics.intervals import MIN_IMAGES, percentiles
from core.metrics.matching import Floats, greedy, overlaps

# Boxes per class and image that count. COCO's 100 would cut pages and blood smears; equal to COCO below that.
MAX_DETECTIONS = 300
DEFAULT_THRESHOLD = 0.25  # where no prediction was right, so that no threshold is better than another
IOU = 0.5  # of precision, recall, threshold and confusion
RESAMPLES = 200
_BOOTSTRAP_BUDGET = 4_000_000  # boxes in all resamples together: about two seconds on one core


class _Compared(Struct, frozen=True):
    """One image, its ``m`` true boxes beside its ``n`` predicted ones, both as corners in pixels."""

    truth: Floats  # [m, 4]
    truth_class: NDArray[np.int64]  # [m] output indices
    boxes: Floats  # [n, 4] by falling score
    scores: Floats  # [n]
    box_class: NDArray[np.int64]  # [n]
    hits: NDArray[np.int64]  # [n] the true box of the same class that was found, -1: none


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
    Intervals are bootstrapped over images; they are left out below ten images, when all resamples agree, and on more
    than 40,000 predicted boxes, where too few resamples would fit into two seconds.
    """
    answers = {prediction.hash: prediction for prediction in predictions}
    if missing := [image.path for image in images if image.hash not in answers]:
        raise ValueError(f"no prediction for {len(missing)} images, first {missing[0]}")
    compared = [_compare(image, answers[image.hash], class_index) for image in images]
    counts = np.bincount(_joined(compared, "truth_class"), minlength=len(classes))
    precisions, intervals = _coco(compared, len(classes), seed) if counts.any() else (None, {})
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
        intervals=intervals,
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


def _compare(image: Image, prediction: BoxPrediction, class_index: Mapping[int, int]) -> _Compared:
    assert isinstance(image.annotation, Boxes)
    true = [(b.x_min, b.y_min, b.x_max, b.y_max, class_index[b.class_id]) for b in image.annotation.boxes]
    found = [(b.x1, b.y1, b.x2, b.y2, b.score, b.index) for b in prediction.boxes]
    truth = np.array(true, np.float64).reshape(-1, 5)
    boxes = np.array(found, np.float64).reshape(-1, 6)
    boxes = boxes[np.argsort(-boxes[:, 4], kind="stable")]
    same_class = boxes[:, None, 5] == truth[None, :, 4]
    hits = np.full(len(boxes), -1)
    for box, target in greedy(overlaps(boxes[:, :4], truth[:, :4]) * same_class, IOU):
        hits[box] = target
    return _Compared(truth[:, :4], truth[:, 4].astype(int), boxes[:, :4], boxes[:, 4], boxes[:, 5].astype(int), hits)


def _joined(compared: Sequence[_Compared], field: str) -> NDArray[Any]:
    parts = [getattr(one, field) for one in compared]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _coco(compared: Sequence[_Compared], classes: int, seed: int) -> tuple[Floats, dict[str, Interval]]:
    """Precision ``[10 IoUs, 101 recalls, classes]`` (NaN: class without truth) and intervals of both mAPs."""
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
    precisions = _accumulate(evaluator)
    return precisions, _bootstrap(evaluator, len(compared), classes, len(found), seed)


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


def _accumulate(evaluator: Any) -> Floats:
    evaluator.accumulate()
    precision = np.asarray(evaluator.eval["precision"], np.float64)[:, :, :, 0, -1]
    return np.where(precision < 0, np.nan, precision)


def _bootstrap(evaluator: Any, images: int, classes: int, boxes: int, seed: int) -> dict[str, Interval]:
    """Boxes are matched once; each resample draws images with replacement and accumulates their matches again."""
    resamples = min(RESAMPLES, _BOOTSTRAP_BUDGET // max(boxes, 1))
    if images < MIN_IMAGES or resamples < RESAMPLES // 2:
        return {}
    rng = np.random.default_rng(seed)
    matched = evaluator._evalImgs_cpp  # one entry per class and image, class by class
    values = []
    for _ in range(resamples):
        drawn = rng.integers(images, size=images)
        evaluator._evalImgs_cpp = [matched[k * images + number] for k in range(classes) for number in drawn]
        precision = _accumulate(evaluator)
        if not np.isnan(precision).all():
            values.append((np.nanmean(precision), np.nanmean(precision[0])))
    both = {name: percentiles(column) for name, column in zip(("mAP50-95", "mAP50"), np.array(values).T, strict=True)}
    return {name: interval for name, interval in both.items() if interval is not None}


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
