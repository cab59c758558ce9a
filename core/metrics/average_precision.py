"""Mean average precision of many weighted copies of one set of images at once: boxes are matched only once.

A bootstrap resample is a weight for each image: how often it was drawn. COCO's accumulation over such copies is the
same as one accumulation with weights, which numpy does for all resamples together.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from core.metrics.matching import Floats, greedy

IOUS = np.linspace(0.5, 0.95, 10)
_RECALLS = np.linspace(0, 1, 101)
_CELLS = 4_000_000  # numbers held at once: 32 MB an array

Indices = NDArray[np.int64]


class ClassMatches(Struct, frozen=True):
    """One class over ``n`` images: its ``d`` predicted boxes by falling score, and which were right."""

    truth: Floats  # [n] true boxes
    image: Indices  # [d] where each predicted box lies
    hits: tuple[Indices, ...]  # for each of ``IOUS`` the places, out of d, of boxes that found a true one


class Matches(Struct, frozen=True):
    """What a detector's mAP depends on."""

    images: int
    classes: tuple[ClassMatches, ...]

    @property
    def boxes(self) -> int:
        return sum(len(one.image) for one in self.classes)


def hits_at_all_ious(allowed: Floats) -> NDArray[np.bool_]:
    """``[10, n]``: which of ``n`` boxes by falling score find a true box; ``allowed [n, m]`` as for ``greedy``."""
    found = np.zeros((len(IOUS), len(allowed)), bool)
    for level, iou in enumerate(IOUS):
        found[level, [row for row, _ in greedy(allowed, iou)]] = True
    return found


def class_matches(truth: Floats, image: Indices, scores: Floats, found: NDArray[np.bool_]) -> ClassMatches:
    """Of boxes in any order, images ascending: ``image``, ``scores`` ``[d]``, ``found [10, d]``; ``truth [n]``."""
    order = np.argsort(-scores, kind="stable")
    return ClassMatches(truth, image[order], tuple(np.flatnonzero(level) for level in found[:, order]))


def mean_average_precisions(matches: Matches, weights: NDArray[np.integer]) -> Floats:
    """mAP50-95 and mAP50, ``[2, b]``, of ``b`` resamples; ``weights [b, n]`` say how often each image was drawn.

    The mean runs over the classes that occur in a resample; NaN where none does.
    """
    total, occurring = np.zeros((2, len(weights))), np.zeros(len(weights))
    for one in matches.classes:
        present = weights @ one.truth
        total += np.where(present > 0, _class_precisions(one, weights, present), 0)
        occurring += present > 0
    return np.divide(total, occurring, out=np.full_like(total, np.nan), where=occurring > 0)


def _class_precisions(one: ClassMatches, weights: NDArray[np.integer], present: Floats) -> Floats:
    rows = max(1, _CELLS // max(len(one.image), 1))
    parts = [
        _chunk_precisions(one, weights[start : start + rows], present[start : start + rows])
        for start in range(0, len(weights), rows)
    ]
    return np.concatenate(parts, axis=1)


def _chunk_precisions(one: ClassMatches, weights: NDArray[np.integer], present: Floats) -> Floats:
    """``[2, b]``: mean over all IoUs, and at 0.5. Only places of hits matter: precision falls everywhere else."""
    drawn = np.cumsum(weights[:, one.image], axis=1, dtype=np.float64)
    each = np.array([_average(weights, drawn, one.image, places, present) for places in one.hits])
    return np.array([each.mean(axis=0), each[0]])


def _average(weights: NDArray[np.integer], drawn: Floats, image: Indices, places: Indices, present: Floats) -> Floats:
    """COCO's average over 101 recalls of the highest precision at that recall or beyond, ``[b]``."""
    if not len(places):
        return np.zeros(len(weights))
    right = np.cumsum(weights[:, image[places]], axis=1, dtype=np.float64)
    precision = right / np.maximum(drawn[:, places], 1)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    recall = right / np.maximum(present, 1)[:, None]
    reached = (recall * 100 + 1e-9).astype(np.int64)
    reached += np.where(right > 0, 1, 0) - (_RECALLS[reached] > recall)  # how many of the 101, as COCO rounds
    return (best * np.diff(reached, axis=1, prepend=0)).sum(axis=1) / len(_RECALLS)
