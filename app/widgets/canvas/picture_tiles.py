"""A picture of any size as tiles of the screen: each is scaled once, and moving the picture only copies them."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize
from PySide6.QtGui import QImage, QPainter

SIDE = 512  # pixels of the screen
_KEPT = 96  # tiles; 1 MB each
_PIXELS_SEEN = 3.0  # from this scale on, pixels are drawn as squares
_ROUND = 2  # pixels of the copy around a tile, for smooth seams
_AMISS = 0.1  # pixels of the screen that nobody sees
_SEARCHED = 24  # pixels of the copy around a tile, among which one lies at the edge of a pixel of the screen


class PictureTiles:
    """The halved copies of a picture, and what was drawn of them at the scale of the last painting."""

    def __init__(self) -> None:
        self._levels: Sequence[QImage] = ()
        self._table: np.ndarray | None = None
        self._size = (0, 0)
        self._width = 0.0
        self._tiles: OrderedDict[tuple[int, int], QImage] = OrderedDict()
        self._spare: list[QImage] = []  # memory that is there already costs nothing to get

    def __bool__(self) -> bool:
        return bool(self._levels)

    def set_levels(self, levels: Sequence[QImage]) -> None:
        """The picture and its halved copies, largest first."""
        self._levels = levels
        self._tiles.clear()

    def set_table(self, table: np.ndarray | None) -> None:
        """uint8 ``[256]``: what is shown of each value; ``None``: the value itself."""
        self._table = table
        self._tiles.clear()

    def paint(self, painter: QPainter, place: QRectF, seen: QRectF, ratio: float, width: float) -> None:
        """``place``: of the whole picture, its corner on a whole pixel of the screen; ``seen``: the part in sight.

        ``ratio``: pixels of the screen a unit of the painter. ``width``: of the picture, in its own pixels.
        """
        self._width = width
        size = (max(1, round(place.width() * ratio)), max(1, round(place.height() * ratio)))
        if size != self._size:
            self._size = size
            self._spare = list(self._tiles.values())[-_KEPT:]
            self._tiles.clear()
        part = seen & place
        if part.isEmpty():
            return
        left, top = (part.left() - place.left()) * ratio, (part.top() - place.top()) * ratio
        columns = range(int(left) // SIDE, math.ceil((left + part.width() * ratio) / SIDE))
        rows = range(int(top) // SIDE, math.ceil((top + part.height() * ratio) / SIDE))
        painter.save()
        painter.translate(place.topLeft())
        painter.scale(1 / ratio, 1 / ratio)
        for row in rows:
            for column in columns:
                tile = self._tile(column, row)
                if tile is not None:
                    painter.drawImage(QPointF(column * SIDE, row * SIDE), tile)
        painter.restore()
        while len(self._tiles) > max(_KEPT, 2 * len(rows) * len(columns)):
            self._tiles.popitem(last=False)

    def _tile(self, column: int, row: int) -> QImage | None:
        tile = self._tiles.get((column, row))
        if tile is None:
            tile = self._drawn(QRect(column * SIDE, row * SIDE, SIDE, SIDE) & QRect(0, 0, *self._size))
            if tile is None:
                return None
            self._tiles[column, row] = tile
        self._tiles.move_to_end((column, row))
        return tile

    def _drawn(self, where: QRect) -> QImage | None:
        if where.isEmpty():
            return None
        width = self._size[0]
        level = level_for(self._levels, width)
        tile = self._blank(where.size())
        # A preview, which has fewer pixels than the picture, has none that anybody wants to see.
        smooth = width / level.width() < _PIXELS_SEEN or level.width() < self._width
        if smooth and level.format() is QImage.Format.Format_RGB888:
            _resize(level, self._size, where, tile)
        else:
            _paint(level, self._size, where, tile, smooth=smooth)
        if self._table is not None:
            _look_up(tile, self._table)
        return tile

    def _blank(self, size: QSize) -> QImage:
        spare = next((number for number, one in enumerate(self._spare) if one.size() == size), None)
        return QImage(size, QImage.Format.Format_RGB32) if spare is None else self._spare.pop(spare)


def level_for(levels: Sequence[QImage], width: float) -> QImage:
    """The smallest copy that still has every pixel of a picture shown ``width`` pixels of the screen wide."""
    return next((larger for larger, smaller in pairwise(levels) if smaller.width() < width), levels[-1])


def _paint(level: QImage, size: tuple[int, int], where: QRect, tile: QImage, *, smooth: bool) -> None:
    """Pixels as squares, or a picture in any other format."""
    across, down = level.width() / size[0], level.height() / size[1]
    target = QRectF(where).adjusted(-_ROUND / across, -_ROUND / down, _ROUND / across, _ROUND / down)
    target &= QRectF(0, 0, *size)
    source = QRectF(target.x() * across, target.y() * down, target.width() * across, target.height() * down)
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.translate(-where.topLeft())
    painter.drawImage(target, level, source)
    painter.end()


def _resize(level: QImage, size: tuple[int, int], where: QRect, tile: QImage) -> None:
    """What ``tile`` shows of ``level`` at ``size``, in half the time that a painter takes, in one thread."""
    from core.data.images import cv2

    (left, right), (first, last) = _stretch(where.left(), where.right() + 1, level.width(), size[0])
    (top, bottom), (upper, lower) = _stretch(where.top(), where.bottom() + 1, level.height(), size[1])
    pixels = _pixels(level, level.constBits(), 3)[top:bottom, left:right]
    across, down = size[0] / level.width(), size[1] / level.height()
    x, y = left * across - where.left(), top * down - where.top()  # of those pixels in the tile
    if max(abs(edge - round(edge)) for edge in (x, y, right * across, bottom * down)) <= _AMISS:
        resized = cv2.resize(pixels, (last - first, lower - upper), interpolation=cv2.INTER_LINEAR)
        part = resized[-round(y) :, -round(x) :][: where.height(), : where.width()]
    else:  # twice as slow
        moved = np.array([[across, 0, x + (across - 1) / 2], [0, down, y + (down - 1) / 2]])
        edge = cv2.BORDER_REPLICATE
        part = cv2.warpAffine(pixels, moved, where.size().toTuple(), flags=cv2.INTER_LINEAR, borderMode=edge)
    cv2.cvtColor(part, cv2.COLOR_RGB2BGRA, dst=_pixels(tile, tile.bits(), 4))


def _stretch(start: int, end: int, pixels: int, size: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """A stretch of ``pixels`` pixels, and the stretch of the screen that it fills, which holds ``start`` to ``end``.

    ``size`` pixels of the screen show all of them. At both ends, of the pixels near by that one is taken which the
    scale brings nearest to the edge of a pixel of the screen.
    """
    scale = size / pixels
    before = range(max(0, int(start / scale) - _SEARCHED), max(1, int(start / scale) - _ROUND + 1))
    after = range(min(pixels, math.ceil(end / scale) + _ROUND), min(pixels, math.ceil(end / scale) + _SEARCHED) + 1)
    first, last = (min(some, key=lambda edge: abs(edge * scale - round(edge * scale))) for some in (before, after))
    return (first, last), (round(first * scale), round(last * scale))


def _pixels(image: QImage, bits: bytes | bytearray | memoryview, channels: int) -> np.ndarray:
    """uint8 ``[h, w, channels]``, those of ``image`` itself, of which ``bits`` are the bytes."""
    shape, strides = (image.height(), image.width(), channels), (image.bytesPerLine(), channels, 1)
    return np.ndarray(shape, np.uint8, bits, strides=strides)


def _look_up(tile: QImage, table: np.ndarray) -> None:
    from core.data.images import cv2

    pixels = _pixels(tile, tile.bits(), 4)
    channels = np.stack([table, table, table, np.arange(256, dtype=np.uint8)], axis=-1)[None]
    cv2.LUT(pixels, channels, dst=pixels)
