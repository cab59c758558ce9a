"""Boxes round whatever stands out from the ground of a picture: threshold, morphology, contours."""

import math

import numpy as np
from msgspec import Struct

from core.data.images import cv2

Corners = tuple[int, int, int, int]  # x_min, y_min, x_max, y_max; pixels of the picture, the last two not included

TONES = ("auto", "dark", "light")
THRESHOLDS = ("otsu", "adaptive")
LEAST_CONTRAST = 16  # grey levels between ground and objects; a blank page has less, whatever its noise
_CONTAINERS = 1000  # boxes in which others may lie: a picture of noise has 100,000


class ContourSettings(Struct, frozen=True, kw_only=True):
    """Lengths in pixels of the picture. The defaults suit ink on paper at 50 to 300 dots per inch.

    ``tone``: objects are "dark" on light ground, "light" on dark ground, or whichever the edge of the picture says
    ("auto"). ``threshold``: "otsu" finds one grey level for the whole picture; "adaptive" compares each pixel with the
    mean of the ``window`` round it, from which it must differ by ``offset`` grey levels: for uneven light.

    ``open_radius`` removes what is thinner, ``close_radius`` fills gaps and holes. Parts up to ``merge_distance`` apart
    are one object. ``smallest`` and ``largest`` are about its longer side (``largest`` 0: no limit); each box is then
    ``margin`` larger on every side.
    """

    tone: str = "auto"
    threshold: str = "otsu"
    window: int = 51
    offset: int = 10
    open_radius: int = 0
    close_radius: int = 0
    smallest: int = 8
    largest: int = 0
    merge_distance: int = 3
    margin: int = 1


def find_boxes(pixels: np.ndarray, settings: ContourSettings) -> list[Corners]:
    """Boxes of the objects in ``pixels`` (uint8 ``[h, w, 3]``, RGB), from top to bottom, then from left to right.

    What reaches all four edges is ground or a frame, and what lies inside another box is part of it: both are left out.
    """
    mask = _mask(to_grey(pixels), settings)
    if mask is None:
        return []
    height, width = mask.shape
    boxes = _extents(mask, max(0, settings.merge_distance))
    sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    most = settings.largest if settings.largest > 0 else math.inf
    everything = (boxes == (0, 0, width, height)).all(axis=1)
    kept = _outermost(boxes[(sides >= settings.smallest) & (sides <= most) & ~everything])
    kept[:, :2] -= settings.margin
    kept[:, 2:] += settings.margin
    kept = np.clip(kept, 0, (width, height, width, height))
    return sorted(
        ((x, y, right, bottom) for x, y, right, bottom in kept.tolist()), key=lambda box: (box[1], box[0], box)
    )


def to_grey(pixels: np.ndarray) -> np.ndarray:
    """Brightness uint8 ``[h, w]`` of RGB ``pixels``."""
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)


def is_dark(grey: np.ndarray) -> bool:
    """Whether objects are darker than the ground: the ground is what most of the picture's edge shows."""
    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return bool(np.median(edge) > level)


def _mask(grey: np.ndarray, settings: ContourSettings) -> np.ndarray | None:
    """uint8 ``[h, w]``, 255 where objects are; ``None`` for a blank picture."""
    least, most, _at, _where = cv2.minMaxLoc(grey)
    if most - least < LEAST_CONTRAST:
        return None
    _level, light = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    if cv2.mean(grey, light)[0] - cv2.mean(grey, cv2.bitwise_not(light))[0] < LEAST_CONTRAST:
        return None
    dark = is_dark(grey) if settings.tone == "auto" else settings.tone == "dark"
    if settings.threshold == "adaptive":
        window = max(3, settings.window | 1)
        kind = cv2.THRESH_BINARY_INV if dark else cv2.THRESH_BINARY
        offset = settings.offset if dark else -settings.offset
        mask = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, kind, window, offset)
    else:
        mask = cv2.bitwise_not(light) if dark else light
    for radius, operation in ((settings.open_radius, cv2.MORPH_OPEN), (settings.close_radius, cv2.MORPH_CLOSE)):
        if radius > 0:
            disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
            mask = cv2.morphologyEx(mask, operation, disc)
    return mask


def _extents(mask: np.ndarray, gap: int) -> np.ndarray:
    """Corners int ``[n, 4]`` of what is connected in ``mask``, with up to ``gap`` empty pixels between its parts."""
    if gap:
        # Each pixel grows to the right and down by the gap, so that neighbours touch; the box loses it again.
        mask = cv2.copyMakeBorder(mask, 0, gap, 0, gap, cv2.BORDER_CONSTANT, value=0)
        mask = cv2.dilate(mask, np.ones((gap + 1, gap + 1), np.uint8), anchor=(gap, gap))
    # A list, since the tree of contours takes half a minute for 12 megapixels of noise. OpenCV goes round holes the
    # other way, so their areas are positive.
    contours, _tree = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    outer = [cv2.boundingRect(one) for one in contours if cv2.contourArea(one, oriented=True) <= 0]
    boxes = np.array(outer, np.int64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2] - gap
    return boxes


def _outermost(boxes: np.ndarray) -> np.ndarray:
    """``boxes [n, 4]`` without those that lie inside one of the ``_CONTAINERS`` largest."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    boxes = boxes[np.argsort(-areas, kind="stable")]
    inside = np.zeros(len(boxes), bool)
    for place, outer in enumerate(boxes[:_CONTAINERS]):
        rest = boxes[place + 1 :]
        inside[place + 1 :] |= (rest[:, :2] >= outer[:2]).all(axis=1) & (rest[:, 2:] <= outer[2:]).all(axis=1)
    return boxes[~inside]
