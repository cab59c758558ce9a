"""Many boxes drawn at once into pixels, in a fraction of the time that a painter takes for them.

Pixels are uint8 ``[h, w, 4]``: blue, green, red, alpha, premultiplied. Rectangles are int ``[n, 4]``: left, top, right
and bottom in those pixels, right and bottom being the first outside.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np

from app.widgets.canvas.view import Point
from core.data.images import cv2

Colour = tuple[int, int, int, int]
_BEYOND = 4096  # pixels outside the view at which a coordinate may be cut: no line there is seen


def placed(boxes: np.ndarray, scale: float, corner: tuple[int, int]) -> np.ndarray:
    """Boxes (float ``[n, 4]``, in pixels of the picture) as rectangles, where its corner is at ``corner``."""
    return np.round(boxes * scale).astype(np.int64) + np.array(corner * 2)


def in_sight(rects: np.ndarray, width: int, height: int, reach: int) -> np.ndarray:
    """Which of them, with lines that reach out by ``reach`` pixels, can be seen; bool ``[n]``."""
    left, top, right, bottom = rects.T
    return (right > -reach) & (bottom > -reach) & (left < width + reach) & (top < height + reach)


def draw_rings(pixels: np.ndarray, rects: np.ndarray, first: int, count: int, colour: Colour | int) -> None:
    """Lines of one pixel, ``count`` of them inside each other, the first one ``first`` pixels inside the edge."""
    if not len(rects):
        return
    height, width = pixels.shape[:2]
    edges = np.clip(rects, -_BEYOND, max(width, height) + _BEYOND)
    middle = (edges[:, :2] + edges[:, 2:] - 1) // 2
    for inset in range(first, first + count):
        start, end = edges[:, :2] + inset, edges[:, 2:] - 1 - inset
        crossed = start > end
        start, end = np.where(crossed, middle, start), np.where(crossed, middle, end)
        (left, top), (right, bottom) = start.T, end.T
        points = np.stack([left, top, right, top, right, bottom, left, bottom], axis=1).astype(np.int32)
        corners = cast(Sequence[np.ndarray], points.reshape(-1, 4, 2))  # a list of arrays takes a tenth longer
        cv2.polylines(pixels, corners, True, colour)


def draw_fills(pixels: np.ndarray, rects: np.ndarray, colour: Colour) -> None:
    height, width = pixels.shape[:2]
    for left, top, right, bottom in np.clip(rects, 0, (width, height, width, height)).tolist():
        pixels[top:bottom, left:right] = colour


def draw_dashed(
    pixels: np.ndarray,
    rects: np.ndarray,
    first: int,
    count: int,
    colour: Colour,
    corner: tuple[int, int],
    dash: int,
    gap: int,
) -> None:
    """As ``draw_rings``, in dashes, which stay where they are on the picture when it moves."""
    if not len(rects):
        return
    mask = np.zeros(pixels.shape[:2], np.uint8)
    draw_rings(mask, rects, first, count, 1)
    down, across = np.nonzero(mask)
    dashed = (across - corner[0] + down - corner[1]) % (dash + gap) < dash
    pixels[down[dashed], across[dashed]] = colour


def draw_grid(pixels: np.ndarray, image: Point, scale: float, corner: tuple[int, int], colour: Colour) -> None:
    """Lines between the pixels of a picture of ``image`` pixels."""
    height, width = pixels.shape[:2]
    across, down = (np.round(np.arange(int(size) + 1) * scale).astype(int) for size in image)
    across, down = across + corner[0], down + corner[1]
    left, right, top, bottom = max(0, across[0]), min(width, across[-1]), max(0, down[0]), min(height, down[-1])
    if left < right and top < bottom:
        pixels[top:bottom, across[(across >= 0) & (across < width)]] = colour
        pixels[down[(down >= 0) & (down < height)], left:right] = colour
