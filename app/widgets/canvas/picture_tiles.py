"""A picture of any size as tiles of the screen: each is scaled once, and moving the picture only copies them."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QImage, QPainter

SIDE = 512  # pixels of the screen
_KEPT = 96  # tiles; 1 MB each
_PIXELS_SEEN = 3.0  # from this scale on, pixels are drawn as squares
_ROUND = 2  # pixels of the copy around a tile, for smooth seams


class PictureTiles:
    """The halved copies of a picture, and what was drawn of them at the scale of the last painting."""

    def __init__(self) -> None:
        self._levels: Sequence[QImage] = ()
        self._table: np.ndarray | None = None
        self._size = (0, 0)
        self._width = 0.0
        self._tiles: OrderedDict[tuple[int, int], QImage] = OrderedDict()

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
        width, height = self._size
        level = level_for(self._levels, width)
        across, down = level.width() / width, level.height() / height
        target = QRectF(where).adjusted(-_ROUND / across, -_ROUND / down, _ROUND / across, _ROUND / down)
        target &= QRectF(0, 0, width, height)
        source = QRectF(target.x() * across, target.y() * down, target.width() * across, target.height() * down)
        tile = QImage(where.size(), QImage.Format.Format_RGB32)
        painter = QPainter(tile)
        # A preview, which has fewer pixels than the picture, has none that anybody wants to see.
        smooth = width / level.width() < _PIXELS_SEEN or level.width() < self._width
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.translate(-where.topLeft())
        painter.drawImage(target, level, source)
        painter.end()
        if self._table is not None:
            _look_up(tile, self._table)
        return tile


def level_for(levels: Sequence[QImage], width: float) -> QImage:
    """The smallest copy that still has every pixel of a picture shown ``width`` pixels of the screen wide."""
    return next((larger for larger, smaller in pairwise(levels) if smaller.width() < width), levels[-1])


def _look_up(tile: QImage, table: np.ndarray) -> None:
    from core.data.images import cv2

    pixels = np.frombuffer(tile.bits(), np.uint8).reshape(tile.height(), tile.bytesPerLine() // 4, 4)
    channels = np.stack([table, table, table, np.arange(256, dtype=np.uint8)], axis=-1)[None]
    cv2.LUT(pixels, channels, dst=pixels)
