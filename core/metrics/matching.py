"""Which predicted box found which true one, at one IoU, in one image."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def overlaps(a: Floats, b: Floats) -> Floats:
    """IoU of every pair of corner boxes: ``[n, 4]`` and ``[m, 4]`` to ``[n, m]``; 0 for boxes without area."""
    sides = np.minimum(a[:, None, 2:4], b[None, :, 2:4]) - np.maximum(a[:, None, :2], b[None, :, :2])
    shared = np.prod(np.clip(sides, 0, None), axis=2)
    united = np.prod(a[:, 2:4] - a[:, :2], axis=1)[:, None] + np.prod(b[:, 2:4] - b[:, :2], axis=1) - shared
    return np.divide(shared, united, out=np.zeros_like(shared), where=united > 0)


def greedy(allowed: Floats, iou: float = 0.5) -> Iterator[tuple[int, int]]:
    """Pairs ``(row, column)``: each row in turn takes the free column that it overlaps most, from ``iou`` up.

    ``allowed [n, m]`` are IoUs, rows by falling score (the COCO rule), 0 where a pair is not allowed.
    """
    free = np.ones(allowed.shape[1], bool)
    for row in np.flatnonzero((allowed >= iou).any(axis=1)):
        candidates = np.where(free, allowed[row], 0)
        column = int(candidates.argmax())
        if candidates[column] >= iou:
            free[column] = False
            yield int(row), column


def pair_up(iou: Floats, rows: NDArray[np.int64], columns: NDArray[np.int64], least: float = 0.5) -> dict[int, int]:
    """Row -> column: first those of one class, then what is left over of any; ``rows``, ``columns``: their classes."""
    partner = dict(greedy(iou * (rows[:, None] == columns[None, :]), least))
    taken = set(partner.values())
    spare = [row for row in range(len(rows)) if row not in partner]
    free = [column for column in range(len(columns)) if column not in taken]
    if spare and free:
        partner |= {spare[row]: free[column] for row, column in greedy(iou[np.ix_(spare, free)], least)}
    return partner
