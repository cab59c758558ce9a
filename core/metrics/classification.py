"""Report on class predictions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.domain.report import ClassScores, Interval, SplitReport
from core.metrics.intervals import MIN_IMAGES, percentiles, wilson

RESAMPLES = 1000


def classification_report(
    truth: Sequence[int], probabilities: NDArray[np.floating], classes: Sequence[str], seed: int = 0
) -> SplitReport:
    """Accuracy and macro-F1 with 95 % intervals, scores per class, confusion matrix.

    Args:
        truth: right output index of each image, ``[n]``.
        probabilities: the model's answers ``[n, k]``; the largest wins, the first of equals.
        classes: the ``k`` names in output order.

    ``macro_f1`` is the plain mean of F1 over the classes that occur in ``truth``: a class without an image cannot be
    judged, a class that was never predicted counts 0. Without any image ``metrics`` and ``intervals`` are empty.
    Intervals: Wilson for the accuracy; 1,000 bootstrap resamples of the images for macro-F1, left out below ten
    images and when all resamples agree.
    """
    from sklearn.metrics import precision_recall_fscore_support

    right = np.asarray(truth, dtype=np.int64)
    answers = np.asarray(probabilities, dtype=np.float64).reshape(len(right), len(classes)).argmax(axis=1)
    labels = range(len(classes))
    if len(right) == 0:
        scores = tuple(ClassScores(name=name, count=0, precision=None, recall=None, f1=None) for name in classes)
        empty = tuple((0,) * len(classes) for _ in classes)
        return SplitReport(images=0, metrics={}, intervals={}, classes=scores, confusion=empty)
    confusion = np.bincount(right * len(classes) + answers, minlength=len(classes) ** 2).reshape(len(classes), -1)
    precision, recall, f1, counts = precision_recall_fscore_support(right, answers, labels=labels, zero_division=np.nan)
    occurs = counts > 0
    hits = int(confusion.trace())
    return SplitReport(
        images=len(right),
        metrics={"accuracy": hits / len(right), "macro_f1": float(f1[occurs].mean())},
        intervals={"accuracy": wilson(hits, len(right))} | _macro_f1_interval(confusion, seed),
        classes=tuple(
            ClassScores(
                name=name,
                count=int(counts[k]),
                precision=None if np.isnan(precision[k]) else float(precision[k]),
                recall=float(recall[k]) if occurs[k] else None,
                f1=float(f1[k]) if occurs[k] else None,
            )
            for k, name in enumerate(classes)
        ),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


def _macro_f1_interval(confusion: NDArray[np.int64], seed: int) -> dict[str, Interval]:
    """Bootstrap over images. All that macro-F1 knows of an image is its cell of the confusion matrix, so drawing
    ``n`` images with replacement is one multinomial draw over the cells that are not empty."""
    total = int(confusion.sum())
    if total < MIN_IMAGES:
        return {}
    rng = np.random.default_rng(seed)
    rows, columns = confusion.nonzero()
    draws = rng.multinomial(total, confusion[rows, columns] / total, size=RESAMPLES)  # [resamples, cells]
    size = len(confusion)
    hits = _sum_by(draws * (rows == columns), rows, size)
    present, predicted = _sum_by(draws, rows, size), _sum_by(draws, columns, size)
    f1 = 2 * hits / np.maximum(present + predicted, 1)
    occurs = present > 0
    interval = percentiles((f1 * occurs).sum(axis=1) / occurs.sum(axis=1))
    return {} if interval is None else {"macro_f1": interval}


def _sum_by(draws: NDArray[np.int64], keys: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Sums of the columns of ``draws`` that share a key: ``[resamples, cells]`` to ``[resamples, size]``."""
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    sums = np.zeros((len(draws), size), np.int64)
    sums[:, found] = np.add.reduceat(draws[:, order], starts, axis=1)
    return sums
