"""How far the ONNX file's answers are from those of PyTorch."""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from core.domain.dataset import Image
from core.domain.model_card import ModelCard
from core.domain.prediction import BoxPrediction, ClassPrediction, FoundBox
from core.inference.preprocess import place

PROBABILITY_TOLERANCE = 1e-4
SCORE_TOLERANCE = 1e-3
BOX_TOLERANCE = 1.0  # pixels of the input square
_SAME_BOX = 0.9  # IoU from which two boxes of one class are the same find


class BoxGap(Struct, frozen=True):
    """Largest differences over all matched boxes; ``boxes`` in pixels of the input square."""

    scores: float = 0.0
    boxes: float = 0.0
    unmatched: int = 0

    @property
    def passed(self) -> bool:
        return self.scores <= SCORE_TOLERANCE and self.boxes <= BOX_TOLERANCE and self.unmatched == 0


def probability_gap(torch: Sequence[ClassPrediction], onnx: Sequence[ClassPrediction]) -> float:
    """Largest absolute difference of two probabilities of the same image and class."""
    assert [p.hash for p in torch] == [p.hash for p in onnx]
    difference = np.array([p.probabilities for p in torch]) - np.array([p.probabilities for p in onnx])
    return float(np.abs(difference).max(initial=0.0))


def box_gap(
    images: Sequence[Image], torch: Sequence[BoxPrediction], onnx: Sequence[BoxPrediction], card: ModelCard
) -> BoxGap:
    """Compare the boxes that at least one side scores at ``card.threshold`` or above.

    Such a box may be matched by any box of the other side, also one below the threshold: a score that differs in its
    last digit must not count as a box that is missing.
    """
    gap = BoxGap()
    for image, left, right in zip(images, torch, onnx, strict=True):
        assert image.hash == left.hash == right.hash
        placed = place(image.width, image.height, card.image_size, card.resize, card.crop_fraction)
        scale = np.array([placed.scale_x, placed.scale_y, placed.scale_x, placed.scale_y])
        for pair in _pairs(left.boxes, right.boxes, card.threshold):
            if pair is None:
                gap = BoxGap(gap.scores, gap.boxes, gap.unmatched + 1)
                continue
            one, other = pair
            moved = float((np.abs(_corners([one]) - _corners([other])) * scale).max())
            gap = BoxGap(max(gap.scores, abs(one.score - other.score)), max(gap.boxes, moved), gap.unmatched)
    return gap


def _pairs(
    left: Sequence[FoundBox], right: Sequence[FoundBox], threshold: float
) -> Iterator[tuple[FoundBox, FoundBox] | None]:
    """Each box of importance with its match, the nearest in place and score; ``None`` for one without."""
    free = list(right)
    unused = []
    for box in left:
        match = _nearest(box, free) if box.score >= threshold else None
        if match is not None:
            yield box, free.pop(match)
        elif box.score >= threshold:
            yield None
        else:
            unused.append(box)
    for box in free:
        if box.score >= threshold:
            match = _nearest(box, unused)
            yield None if match is None else (unused.pop(match), box)


def _nearest(box: FoundBox, candidates: Sequence[FoundBox]) -> int | None:
    """Index of the candidate that is the same find, or ``None``."""
    if not candidates:
        return None
    overlap = _overlap(_corners([box])[0], _corners(candidates))
    cost = 1 - overlap + np.array([abs(box.score - other.score) for other in candidates])
    same = np.array([other.index == box.index for other in candidates]) & (overlap >= _SAME_BOX)
    return int(np.where(same, cost, np.inf).argmin()) if same.any() else None


def _corners(boxes: Sequence[FoundBox]) -> NDArray[np.float64]:
    return np.array([(box.x1, box.y1, box.x2, box.y2) for box in boxes])


def _overlap(box: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """IoU of one box with ``[n, 4]`` others."""
    inner = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    return inner / np.maximum((box[2:] - box[:2]).prod() + areas - inner, 1e-12)
