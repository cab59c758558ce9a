"""How boxes that were found by pixels join the labels of a picture: whatever is there stays and is not found twice."""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from core.domain.annotation import Box
from core.domain.labels import ImageLabels, LabelledBox, Origin, Proposal, with_boxes
from core.metrics.matching import overlaps

SAME = 0.5  # IoU from which two boxes are taken for the same object, whatever their classes


def proposed(labels: ImageLabels, found: Sequence[Proposal], source: str) -> ImageLabels:
    """With ``found`` in place of what ``source`` proposed before; boxes and what others propose stay."""
    kept = tuple(one for one in labels.proposals if one.source != source)
    new = _new([one.box for one in found], [*_boxes(labels), *(one.box for one in kept)])
    return replace(labels, proposals=(*kept, *(found[index] for index in new)))


def drawn(labels: ImageLabels, found: Sequence[Box], source: str) -> ImageLabels:
    """With ``found`` as boxes that somebody has accepted; what ``source`` proposed before is gone.

    A picture on which nothing was yet is in progress with its first box.
    """
    kept = tuple(one for one in labels.proposals if one.source != source)
    new = _new(found, _boxes(labels))
    if not new:
        return replace(labels, proposals=kept)
    boxes = (LabelledBox(found[index], Origin("accepted", source)) for index in new)
    return replace(with_boxes(labels, boxes), proposals=kept)


def _boxes(labels: ImageLabels) -> list[Box]:
    return [one.box for one in labels.boxes or ()]


def _new(found: Sequence[Box], known: Sequence[Box]) -> list[int]:
    """Which of ``found`` are none of ``known``."""
    if not known or not found:
        return list(range(len(found)))
    shared = overlaps(_corners(found), _corners(known)).max(axis=1)
    return np.flatnonzero(shared < SAME).tolist()


def _corners(boxes: Sequence[Box]) -> np.ndarray:
    return np.array([(one.x_min, one.y_min, one.x_max, one.y_max) for one in boxes], np.float64)
