"""How far the answers of several models about one image are apart, and which of them the truth bears out."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from msgspec import Struct

from core.domain.annotation import Box
from core.domain.prediction import FoundBox
from core.metrics.matching import Floats, greedy, overlaps, pair_up

NOTICEABLE = 0.25  # IoU below 0.75, or probabilities a quarter apart; models of equal worth differ by less all the time
TOP = 3  # classes that are kept of each answer
_SAME = 0.5  # IoU from which boxes are about the same object, as in the report


class Chance(Struct, frozen=True, gc=False, array_like=True):
    """How likely a model thinks a class."""

    class_id: int
    probability: float


class SeenBox(Struct, frozen=True, gc=False):
    """A box that a model found at its threshold. ``right``: it is a true box of the same class, at IoU 0.5."""

    box: Box
    score: float
    right: bool


class Place(Struct, frozen=True, gc=False):
    """What each model (in their order) sees at one place; ``None``: nothing.

    ``gap`` 0–1. All see the same class: 1 − the lowest IoU between two of them, 0.5 at most. Some see nothing or
    another class: 0.5 + half the highest score there.
    """

    seen: tuple[SeenBox | None, ...]
    gap: float

    @property
    def differs(self) -> bool:
        return self.gap >= NOTICEABLE


class ImageDisagreement(Struct, frozen=True, kw_only=True, gc=False):
    """One image. ``right``: of each model, whether all it says is true; ``differs``: enough to be worth a look.

    ``score`` 0–1. Classes: half the total variation between the two answers that are furthest apart, and 0.5 more
    where they do not name the same class. Boxes: the mean gap over all places where a model sees something (a
    Jaccard distance with degrees), 0 where nobody sees anything.
    """

    hash: str
    score: float
    differs: bool
    right: tuple[bool, ...]
    top: tuple[tuple[Chance, ...], ...] = ()  # classes: of each model, the likeliest first
    places: tuple[Place, ...] = ()  # boxes: the widest gap first
    missed: tuple[tuple[int, ...], ...] = ()  # boxes: of each model, the true ones where it sees nothing, by number

    @property
    def kind(self) -> str:
        """ "all" or "none" of the models are right, "some" of them, or one alone: "only_0", "only_1" …"""
        count = sum(self.right)
        if count == len(self.right):
            return "all"
        return {0: "none", 1: f"only_{self.right.index(True)}" if count else ""}.get(count, "some")


def class_disagreements(
    hashes: Sequence[str], truth: Sequence[int], class_ids: Sequence[int], answers: Sequence[Floats]
) -> list[ImageDisagreement]:
    """Images in their order.

    Args:
        truth: the right class id of each image, ``[n]``.
        class_ids: what the ``k`` columns of the answers are; the classes that any of the models knows.
        answers: probabilities of each model, ``[n, k]``; 0 for a class that a model does not know.
    """
    apart = np.zeros(len(hashes))
    for one, other in combinations(answers, 2):
        apart = np.maximum(apart, np.abs(one - other).sum(axis=1) / 2)
    ids = np.asarray(class_ids, np.int64)
    tops = [_top(one, min(TOP, len(ids))) for one in answers]
    named = np.stack([ids[columns[:, 0]] for columns, _ in tops])  # [models, n]
    other = (named != named[0]).any(axis=0)
    right = (named == np.asarray(truth)).T.tolist()
    scores = np.minimum(1.0, 0.5 * apart + 0.5 * other)
    chances = [
        [tuple(map(Chance, *row)) for row in zip(ids[columns].tolist(), values.tolist(), strict=True)]
        for columns, values in tops
    ]
    return [
        ImageDisagreement(hash=name, score=score, differs=bool(differs), right=tuple(fits), top=top)
        for name, score, differs, fits, top in zip(
            hashes, scores.tolist(), other | (apart >= NOTICEABLE), right, zip(*chances, strict=True), strict=True
        )
    ]


def box_disagreement(
    image_hash: str, truth: Sequence[Box], found: Sequence[Sequence[FoundBox]], class_ids: Sequence[Sequence[int]]
) -> ImageDisagreement:
    """``found``: of each model, its boxes from its threshold up; ``class_ids``: of each, what its outputs are."""
    boxes = [
        Box(one.x1, one.y1, one.x2, one.y2, ids[one.index])
        for ids, some in zip(class_ids, found, strict=True)
        for one in _by_score(some)
    ]
    scores = [one.score for some in found for one in _by_score(some)]
    ends = np.cumsum([len(some) for some in found]).tolist()
    parts = [range(end - len(some), end) for end, some in zip(ends, found, strict=True)]
    kinds = np.array([box.class_id for box in (*boxes, *truth)], np.int64)
    corners = np.array([(b.x_min, b.y_min, b.x_max, b.y_max) for b in (*boxes, *truth)], np.float64).reshape(-1, 4)
    iou = overlaps(corners, corners)
    of_truth = range(len(boxes), len(kinds))
    hits = [_hits(iou, kinds, part, of_truth) for part in parts]
    places = []
    for members in _meeting(iou, kinds, parts):
        seen = tuple(
            None if one is None else SeenBox(boxes[one], scores[one], one in hits[model])
            for model, one in enumerate(members)
        )
        places.append(Place(seen, _gap(seen, [one for one in members if one is not None], iou)))
    places.sort(key=lambda place: -place.gap)
    return ImageDisagreement(
        hash=image_hash,
        score=sum(place.gap for place in places) / max(1, len(places)),
        differs=any(place.differs for place in places),
        right=tuple(len(hit) == len(part) == len(truth) for hit, part in zip(hits, parts, strict=True)),
        places=tuple(places),
        missed=tuple(_missed(iou, part, of_truth) for part in parts),
    )


def _top(answers: Floats, count: int) -> tuple[np.ndarray, Floats]:
    """The columns of the largest values, and the values: ``[n, k]`` to ``[n, count]`` twice; of equals the first."""
    left, rows = answers.copy(), np.arange(len(answers))
    columns = np.zeros((len(answers), count), np.int64)
    for place in range(count):
        columns[:, place] = left.argmax(axis=1)
        left[rows, columns[:, place]] = -1.0
    return columns, np.take_along_axis(answers, columns, axis=1)


def _by_score(found: Sequence[FoundBox]) -> list[FoundBox]:
    return sorted(found, key=lambda box: -box.score)


def _hits(iou: Floats, kinds: np.ndarray, part: range, truth: range) -> set[int]:
    """The boxes of ``part`` that are right: by falling score, each takes a true one of its class, as in the report."""
    if not part or not truth:
        return set()
    rows, columns = slice(part.start, part.stop), slice(truth.start, truth.stop)
    allowed = iou[rows, columns] * (kinds[rows, None] == kinds[None, columns])
    return {part[row] for row, _ in greedy(allowed, _SAME)}


def _missed(iou: Floats, part: range, truth: range) -> tuple[int, ...]:
    if not part:
        return tuple(range(len(truth)))
    covered = (iou[part.start : part.stop, truth.start :] >= _SAME).any(axis=0)
    return tuple(np.flatnonzero(~covered).tolist())


def _meeting(iou: Floats, kinds: np.ndarray, parts: Sequence[range]) -> list[list[int | None]]:
    """Boxes of the models that are about the same object, by place: of each model the number of its box, or ``None``.

    Each model in turn lays its boxes on those of the models before it, own class first.
    """
    places: list[list[int | None]] = []
    first: list[int] = []  # of each place, the box that opened it
    for model, part in enumerate(parts):
        mine = list(part)
        partner = pair_up(iou[np.ix_(mine, first)], kinds[mine], kinds[first], _SAME) if mine and first else {}
        for row, box in enumerate(mine):
            if row in partner:
                places[partner[row]][model] = box
            else:
                places.append([None] * len(parts))
                places[-1][model] = box
                first.append(box)
    return places


def _gap(seen: Sequence[SeenBox | None], members: Sequence[int], iou: Floats) -> float:
    there = [one for one in seen if one is not None]
    if len(there) < len(seen) or len({one.box.class_id for one in there}) > 1:
        return 0.5 + max(one.score for one in there) / 2
    return min(0.5, 1.0 - min(float(iou[a, b]) for a, b in combinations(members, 2)))
