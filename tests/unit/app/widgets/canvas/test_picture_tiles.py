"""Tiles show the picture where it belongs, to a small part of a pixel, whatever the scale."""

import math

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from app.widgets.canvas.picture_tiles import PictureTiles, _stretch
from core.data.images import cv2

SCALES = (0.51, 0.6180339, 0.75, 0.9, 0.999, 1.0, 1.07, 1.333, 1.9, 2.7)


@pytest.mark.parametrize("scale", SCALES)
def test_that_a_stretch_holds_its_tile_and_ends_near_edges_of_pixels(scale: float) -> None:
    pixels = 4001
    size = round(pixels * scale)
    for start in range(0, size, 512):
        end = min(size, start + 512)
        (first, last), (left, right) = _stretch(start, end, pixels, size)
        assert 0 <= first < last <= pixels
        assert 0 <= left <= start < end <= right <= size
        assert abs(first * size / pixels - left) <= 0.5
        assert abs(last * size / pixels - right) <= 0.5


@pytest.mark.parametrize("scale", SCALES)
def test_that_the_picture_is_shown_where_it_belongs(scale: float) -> None:
    """Against OpenCV's own transformation of the whole picture, at every pixel and so at every seam."""
    height, width = 700, 1100
    down, across = np.mgrid[:height, :width]
    waves = np.stack([np.sin(across / 9), np.cos(down / 7), np.sin((across + down) / 11)], axis=-1)
    picture = np.ascontiguousarray(127 + 120 * waves).astype(np.uint8)
    size = (round(width * scale), round(height * scale))
    shown = painted(picture, size)
    sx, sy = size[0] / width, size[1] / height
    exact = np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2]])
    wanted = cv2.warpAffine(picture, exact, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    assert np.abs(shown.astype(int) - wanted.astype(int)).max() <= 3  # a tenth of a pixel on the steepest wave is 1.4


def test_that_memory_of_old_tiles_shows_nothing_of_them() -> None:
    tiles = PictureTiles()
    black, white = (np.full((600, 900, 3), value, np.uint8) for value in (0, 255))
    for picture, scale in ((white, 1.0), (black, 1.5), (white, 1.0), (black, 0.8)):
        shown = painted(picture, (round(900 * scale), round(600 * scale)), tiles)
        assert (shown == picture[0, 0, 0]).all()


def painted(picture: np.ndarray, size: tuple[int, int], tiles: PictureTiles | None = None) -> np.ndarray:
    """uint8 ``[h, w, 3]``, red first."""
    tiles = tiles or PictureTiles()
    height, width = picture.shape[:2]
    tiles.set_levels([QImage(picture.data, width, height, 3 * width, QImage.Format.Format_RGB888)])
    target = QImage(*size, QImage.Format.Format_RGB888)
    painter = QPainter(target)
    place = QRectF(0, 0, width * size[0] / width, height * size[1] / height)
    tiles.paint(painter, place, place, 1.0, width)
    painter.end()
    lines = np.frombuffer(target.constBits(), np.uint8).reshape(size[1], target.bytesPerLine())
    assert math.prod(lines.shape) >= 3 * math.prod(size)
    return lines[:, : 3 * size[0]].reshape(size[1], size[0], 3).copy()
