"""Which labels a model contradicts most, from what it says of pictures that it never trained on; pure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.domain.annotation import Box, iou
from core.domain.prediction import FoundBox
from core.labelling.doubts import SAME, Doubt, ImageDoubts
from core.metrics.matching import Floats, greedy, overlaps

NEAR = 0.1  # IoU from which a found box may be a labelled one that lies badly
DOUBTFUL = 0.5  # a box of at least this quality is no doubt


class ClassCase(NamedTuple):
    """A labelled picture and what a model says of it: ``probabilities[i]`` for class ``class_ids[i]``."""

    hash: str
    given: int  # class id
    probabilities: Sequence[float]


class BoxCase(NamedTuple):
    """A picture with all its boxes, and those that a model found, of every score; ``index`` is one of ``class_ids``."""

    hash: str
    boxes: Sequence[Box]
    found: Sequence[FoundBox]


# One class a picture


def rank_classes(cases: Sequence[ClassCase], class_ids: Sequence[int]) -> list[ImageDoubts]:
    """Pictures whose label the model contradicts, worst first; equally bad ones stay in the order of ``cases``.

    Confident learning (Northcutt, Jiang, Chuang 2021, https://arxiv.org/abs/1911.00068): a class is confidently there
    where its probability reaches the mean that it has on the pictures labelled so, which forgives classes of which a
    model is never sure. Doubtful is what is confidently of another class or likelier of another class. The order is
    that of the normalised margin, ``(1 + p(label) - p(likeliest other class)) / 2``.
    """
    if not cases:
        return []
    place = {class_id: index for index, class_id in enumerate(class_ids)}
    given = np.array([place[case.given] for case in cases], np.int64)
    probabilities = np.array([case.probabilities for case in cases], np.float64)
    quality, answer = judge_labels(given, probabilities)
    return [
        ImageDoubts(
            cases[row].hash,
            (
                Doubt(
                    kind="wrong_class",
                    quality=float(quality[row]),
                    certainty=float(probabilities[row, answer[row]]),
                    given=cases[row].given,
                    answer=class_ids[answer[row]],
                ),
            ),
        )
        for row in np.argsort(quality, kind="stable")
        if answer[row] != given[row]
    ]


def judge_labels(given: NDArray[np.int64], probabilities: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Quality ``[n]`` of labels ``given [n]``, and the class that the model answers with: ``given`` where it agrees.

    ``probabilities`` ``[n, classes]``.
    """
    rows = np.arange(len(given))
    own = probabilities[rows, given]
    others = probabilities.copy()
    others[rows, given] = -1
    quality = (1 + own - others.max(axis=1)) / 2
    confident = np.where(probabilities >= confidence_thresholds(given, probabilities), probabilities, -1)
    answer = np.where(confident.max(axis=1) >= 0, confident.argmax(axis=1), given)
    return quality, np.where((answer == given) & (quality < 0.5), others.argmax(axis=1), answer)


def confidence_thresholds(given: NDArray[np.int64], probabilities: Floats) -> Floats:
    """Mean probability of each class over the pictures labelled so; a class without any is never confidently there."""
    classes = probabilities.shape[1]
    sums = np.bincount(given, probabilities[np.arange(len(given)), given], classes)
    counts = np.bincount(given, minlength=classes)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)


# Boxes


def rank_boxes(cases: Sequence[BoxCase], class_ids: Sequence[int]) -> list[ImageDoubts]:
    """Pictures with boxes that the model contradicts, worst first; equally bad ones stay in the order of ``cases``.

    It asks what ObjectLab asks (Tkachenko, Thyagarajan, Mueller 2023, https://arxiv.org/abs/2309.00832): overlooked,
    swapped or badly located? Fixed thresholds on scores, as there, suit no model that was trained for minutes, so a
    score counts in relation to what the model gives its hits of that class, as in confident learning.
    """
    scale = _scale(cases, class_ids)
    ranked = []
    for case in cases:
        doubts = sorted(_doubts(case, class_ids, scale), key=lambda doubt: doubt.quality)
        if doubts:
            ranked.append(ImageDoubts(case.hash, tuple(doubts)))
    return sorted(ranked, key=lambda one: one.quality)


class _Scale(NamedTuple):
    """What is usual: the score of a hit, by class ``[classes]``, its IoU with the labelled box, and for how many of
    the boxes that were found the likeliest class is the labelled one."""

    scores: Floats
    fit: float
    agreement: float


def _scale(cases: Sequence[BoxCase], class_ids: Sequence[int]) -> _Scale:
    """Medians, so that wrong labels hardly move them. A class without hits is judged by those of all others."""
    scores: list[list[float]] = [[] for _ in class_ids]
    fits: list[float] = []
    agreed: list[bool] = []
    for case in cases:
        meeting, same = _overlaps(case), _same_class(case, class_ids)
        for row, column in greedy(meeting * same, SAME):
            scores[case.found[row].index].append(case.found[row].score)
            fits.append(float(meeting[row, column]))
        # Found boxes come by falling score: the first on a labelled box is the likeliest.
        agreed += [bool(same[on_it[0], n]) for n in range(len(case.boxes)) if len(on_it := _on(meeting[:, n]))]
    usual = float(np.median([score for of_class in scores for score in of_class])) if fits else 1.0
    by_class = [float(np.median(of_class)) if of_class else usual for of_class in scores]
    return _Scale(
        np.array(by_class), float(np.median(fits)) if fits else 1.0, sum(agreed) / len(agreed) if agreed else 1.0
    )


def _on(overlap: Floats) -> NDArray[np.int64]:
    """Which found boxes are about a labelled one."""
    rows: NDArray[np.int64] = np.flatnonzero(overlap >= SAME)
    return rows


def _doubts(case: BoxCase, class_ids: Sequence[int], scale: _Scale) -> Iterator[Doubt]:
    support = np.array([min(1.0, one.score / scale.scores[one.index]) for one in case.found], np.float64)
    meeting, same = _overlaps(case), _same_class(case, class_ids)
    for column, box in enumerate(case.boxes):
        # A found box speaks about the labelled box that it overlaps most.
        near = (meeting[:, column] >= NEAR) & (meeting[:, column] == meeting.max(axis=1, initial=0))
        doubt = _doubt(case, box, support * near, meeting[:, column], same[:, column], class_ids, scale)
        if doubt.quality < DOUBTFUL:
            yield doubt
    yield from _missing(case, class_ids, support, meeting)


def _doubt(
    case: BoxCase,
    box: Box,
    support: Floats,
    fit: Floats,
    same: NDArray[np.bool_],
    class_ids: Sequence[int],
    scale: _Scale,
) -> Doubt:
    """The worst that can be said of one labelled box. ``support``, ``fit`` and ``same`` are ``[found]``."""
    on_it = np.where(fit >= SAME, support, 0)
    own, other = np.where(same, on_it, 0), np.where(same, 0, on_it)
    if other.max(initial=0) > own.max(initial=0):
        row = int(other.argmax())
        return Doubt(
            kind="wrong_class",
            # A model that often takes one class for another says little by doing so once more.
            quality=1 - scale.agreement * float(1 + other.max() - own.max()) / 2,
            certainty=case.found[row].score,
            given=box.class_id,
            answer=class_ids[case.found[row].index],
            box=box,
            found=_as_box(case.found[row], class_ids),
        )
    alike = np.where(same, support, 0)
    best = int(alike.argmax()) if len(alike) else -1
    strength = float(alike[best]) if len(alike) else 0.0
    seen = max(strength, float(on_it.max(initial=0)))
    if strength > 1 - DOUBTFUL:
        looseness = 1 - min(1.0, float(fit[best]) / scale.fit) ** 2
        return Doubt(
            kind="loose_box",
            quality=1 - strength * looseness,
            certainty=case.found[best].score,
            given=box.class_id,
            answer=box.class_id,
            box=box,
            found=_as_box(case.found[best], class_ids),
        )
    return Doubt(kind="extra_box", quality=seen, certainty=1 - seen, given=box.class_id, box=box)


def _missing(case: BoxCase, class_ids: Sequence[int], support: Floats, meeting: Floats) -> Iterator[Doubt]:
    """Found boxes where no labelled one is; of several at one place the best supported."""
    told: list[Box] = []
    for row in np.argsort(-support, kind="stable"):
        found = _as_box(case.found[row], class_ids)
        if support[row] <= 1 - DOUBTFUL:
            return
        if meeting[row].max(initial=0) < NEAR and all(iou(found, one) < SAME for one in told):
            told.append(found)
            yield Doubt(
                kind="missing_box",
                quality=1 - float(support[row]),
                certainty=case.found[row].score,
                answer=found.class_id,
                found=found,
            )


def _overlaps(case: BoxCase) -> Floats:
    """IoU ``[found, boxes]``."""
    found = np.array([(b.x1, b.y1, b.x2, b.y2) for b in case.found], np.float64).reshape(-1, 4)
    boxes = np.array([(b.x_min, b.y_min, b.x_max, b.y_max) for b in case.boxes], np.float64).reshape(-1, 4)
    return overlaps(found, boxes)


def _same_class(case: BoxCase, class_ids: Sequence[int]) -> NDArray[np.bool_]:
    """``[found, boxes]``."""
    found = np.array([class_ids[one.index] for one in case.found], np.int64)
    boxes = np.array([one.class_id for one in case.boxes], np.int64)
    equal: NDArray[np.bool_] = found[:, None] == boxes[None, :]
    return equal


def _as_box(found: FoundBox, class_ids: Sequence[int]) -> Box:
    return Box(found.x1, found.y1, found.x2, found.y2, class_ids[found.index])
