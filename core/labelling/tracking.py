"""Boxes of one picture carried on to the next: each is looked for near its old place, and back again.

Template matching, at a few scales, by normalised correlation (OpenCV's ``TM_CCOEFF_NORMED``), which brightness and
contrast do not change. What was found must lead back to where it came from, as in Kalal, Mikolajczyk and Matas,
"Forward-Backward Error" (2010). On drawn sequences it carries on as many boxes as sparse optical flow or more, far more
where the light changes (1.00 against 0.77), in about the same time: ``tests/benchmarks/tracking.py``.
"""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from core.data.images import cv2
from core.domain.annotation import Box, iou

Corners = tuple[float, float, float, float]

LEAST = 0.4  # confidence from which an object counts as found again
_SCALES = (0.84, 0.92, 1.0, 1.08, 1.17)
_SIDE = 64  # pixels to which the longer side of larger objects is scaled down while they are looked for
_ROOM, _SMALL = 512, 16  # a wider window is scaled down too, as long as the object keeps this many pixels
_REACH = 1.0  # how far it is looked for: its longer side …
_LEAST_REACH = 0.06  # … or this share of the picture's, whichever is more
_FAR, _RESIZED = 0.05, 0.2  # correlation that the edge of the reach costs, and a change of size by 100 %
_FLAT = 3.0  # grey levels of deviation below which a box alone shows nothing to find, so that its surroundings help
_AROUND = 0.25  # of its sides
_BACK = 0.8  # IoU with its old place from which the way back counts as perfect


def carry_on(previous: np.ndarray, boxes: Sequence[Box], following: np.ndarray) -> list[tuple[Box, float]]:
    """Where ``boxes`` of ``previous`` are in ``following``, with a confidence in [0, 1]; those lost are left out.

    Pictures are uint8 ``[h, w, 3]``, RGB. Classes stay, and so does the order.
    """
    first, second = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (previous, following))
    height, width = second.shape
    found = []
    for box in boxes:
        old = (box.x_min, box.y_min, box.x_max, box.y_max)
        new, score = _locate(first, old, second)
        if new is None or score < LEAST:
            continue
        back, _ = _locate(second, new, first)
        score = min(1.0, score * min(1.0, iou(Box(*back, 0), Box(*old, 0)) / _BACK)) if back is not None else 0.0
        left, top, right, bottom = max(0.0, new[0]), max(0.0, new[1]), min(width, new[2]), min(height, new[3])
        if score >= LEAST and right > left and bottom > top:
            found.append((replace(box, x_min=left, y_min=top, x_max=float(right), y_max=float(bottom)), score))
    return found


def _locate(first: np.ndarray, box: Corners, second: np.ndarray) -> tuple[Corners | None, float]:
    """The place in grey ``second`` that looks most like ``box`` of ``first``, and how much, up to 1."""
    inner = _whole(box, first.shape)
    outer = inner
    if first[_slices(inner)].std() < _FLAT:
        across, down = (round(_AROUND * (inner[end] - inner[end - 2])) + 2 for end in (2, 3))
        outer = _whole((inner[0] - across, inner[1] - down, inner[2] + across, inner[3] + down), first.shape)
    template = first[_slices(outer)]
    side = max(template.shape)
    reach = max(_REACH * side, _LEAST_REACH * max(second.shape))
    window = _whole((outer[0] - reach, outer[1] - reach, outer[2] + reach, outer[3] + reach), second.shape)
    factor = min(1.0, _SIDE / side, max(_ROOM / max(window[2] - window[0], window[3] - window[1]), _SMALL / side))
    room = _scaled(second[_slices(window)], factor)
    best: Corners | None = None
    most = 0.0
    for scale in _SCALES:
        sought = _scaled(template, factor * scale)
        if min(sought.shape) < 3 or sought.shape[0] > room.shape[0] or sought.shape[1] > room.shape[1]:
            continue
        if sought.std() < 1:  # nothing to go by; OpenCV would say that it fits everywhere
            continue
        fit = cv2.matchTemplate(room, sought, cv2.TM_CCOEFF_NORMED)  # by the place of its top left corner
        start = [(outer[n] - window[n] + (1 - scale) * (outer[n + 2] - outer[n]) / 2) * factor for n in (0, 1)]
        away = np.hypot(*np.meshgrid(*(np.arange(size) - at for size, at in zip(fit.shape[::-1], start, strict=True))))
        cost = _FAR * away / (reach * factor) + _RESIZED * abs(scale - 1)
        row, column = np.unravel_index(int((fit - cost).argmax()), fit.shape)
        score = float(fit[row, column] - cost[row, column])
        if score > most:
            most = score
            x, y = window[0] + float(column) / factor, window[1] + float(row) / factor
            best = _at(x, y, scale, box, outer)
    return best, most


def _at(x: float, y: float, scale: float, box: Corners, outer: tuple[int, int, int, int]) -> Corners:
    """``box``, which ``outer`` holds, when the corner of ``outer`` goes to ``x, y`` and all grows by ``scale``."""
    left, top = x + (box[0] - outer[0]) * scale, y + (box[1] - outer[1]) * scale
    return (left, top, left + (box[2] - box[0]) * scale, top + (box[3] - box[1]) * scale)


def _whole(box: Sequence[float], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Whole pixels inside a picture of ``shape [h, w]``, at least one each way."""
    height, width = shape
    left, top = min(max(0, round(box[0])), width - 1), min(max(0, round(box[1])), height - 1)
    return left, top, max(left + 1, min(width, round(box[2]))), max(top + 1, min(height, round(box[3])))


def _slices(box: tuple[int, int, int, int]) -> tuple[slice, slice]:
    return slice(box[1], box[3]), slice(box[0], box[2])


def _scaled(grey: np.ndarray, factor: float) -> np.ndarray:
    if factor == 1:
        return grey
    size = tuple(max(1, round(side * factor)) for side in grey.shape[::-1])
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
