"""Report on class predictions."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from core.domain.report import ClassScores, SplitReport
from core.metrics.intervals import wilson
from core.metrics.resampling import Draws, Resampled, draw, interval, step_of


class Answers(Struct, frozen=True):
    """Of ``n`` images: output indices of the right class and of the most probable one, both ``[n]``."""

    truth: NDArray[np.int64]
    chosen: NDArray[np.int64]
    classes: int


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
    Intervals: Wilson for the accuracy; a bootstrap over images for macro-F1, see ``resampling.interval``.
    """
    from sklearn.metrics import precision_recall_fscore_support

    judged = answers_of(truth, probabilities, len(classes))
    right, answers = judged.truth, judged.chosen
    labels = range(len(classes))
    if len(right) == 0:
        scores = tuple(ClassScores(name=name, count=0, precision=None, recall=None, f1=None) for name in classes)
        empty = tuple((0,) * len(classes) for _ in classes)
        return SplitReport(images=0, metrics={}, intervals={}, classes=scores, confusion=empty)
    confusion = np.bincount(right * len(classes) + answers, minlength=len(classes) ** 2).reshape(len(classes), -1)
    precision, recall, f1, counts = precision_recall_fscore_support(right, answers, labels=labels, zero_division=np.nan)
    occurs = counts > 0
    hits = int(confusion.trace())
    f1_interval = interval(resampled_f1(judged, draw(len(right), seed=seed)), len(right))
    return SplitReport(
        images=len(right),
        metrics={"accuracy": hits / len(right), "macro_f1": float(f1[occurs].mean())},
        intervals={"accuracy": wilson(hits, len(right))} | ({"macro_f1": f1_interval} if f1_interval else {}),
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


def answers_of(truth: Sequence[int], probabilities: NDArray[np.floating], classes: int) -> Answers:
    right = np.asarray(truth, dtype=np.int64)
    chosen = np.asarray(probabilities, dtype=np.float64).reshape(len(right), classes).argmax(axis=1)
    return Answers(right, chosen, classes)


def macro_f1s(answers: Answers, weights: NDArray[np.integer]) -> NDArray[np.float64]:
    """Macro-F1 ``[b]`` of ``b`` resamples; ``weights [b, n]`` say how often each image was drawn."""
    present, chosen = (_sum_by(weights, keys, answers.classes) for keys in (answers.truth, answers.chosen))
    right = answers.truth == answers.chosen
    hits = _sum_by(weights[:, right], answers.truth[right], answers.classes)
    f1 = 2 * hits / np.maximum(present + chosen, 1)
    occurs = present > 0
    return (f1 * occurs).sum(axis=1) / np.maximum(occurs.sum(axis=1), 1)


def resampled_f1(answers: Answers, draws: Draws) -> Resampled:
    whole = np.ones((1, len(answers.truth)), np.uint8)
    return Resampled(
        value=float(macro_f1s(answers, whole)[0]),
        resamples=macro_f1s(answers, draws.resamples),
        blocks=macro_f1s(answers, draws.blocks),
        step=step_of(np.bincount(answers.truth, minlength=answers.classes)),
    )


def _sum_by(weights: NDArray[np.integer], keys: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Sums of the columns of ``weights`` that share a key: ``[b, n]`` to ``[b, size]``."""
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    sums = np.zeros((len(weights), size), np.int64)
    if len(found):
        sums[:, found] = np.add.reduceat(weights[:, order], starts, axis=1, dtype=np.int64)
    return sums
