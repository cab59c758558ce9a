"""Pictures for the screen: small copies, from the disk cache where they are there, and halved ones for zooming."""

from pathlib import Path

import numpy as np

from core.data import images
from core.data.images import cv2
from core.domain.dataset import Image
from core.store.thumbnail_files import keep_thumbnail, read_thumbnail

SIDE = 320  # pixels, long side of what is kept: sharp in a medium cell at a device pixel ratio of 2
QUALITY = 85
_PIXELS_SEEN = 3  # enlarged this much or more, pixels stay squares: a blur would hide what the model gets


def thumbnail(cache_dir: Path | None, image: Image, width: int, height: int) -> np.ndarray:
    """The picture as large as it fits into ``width`` x ``height`` pixels, ratio kept.

    uint8 ``[h, w, 4]``, BGRA with alpha 255 (what screens take); raises ``UnreadableImage``. Small pictures are
    enlarged. Without ``cache_dir``, or where it cannot be written, nothing is kept.
    """
    factor = min(width / image.width, height / image.height)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return cv2.cvtColor(_resized(_stored(cache_dir, image), size), cv2.COLOR_RGB2BGRA)


def picture_levels(path: str, least: int = 512) -> list[np.ndarray]:
    """The whole picture and its halved copies, largest first, down to a long side of ``least`` pixels.

    Of one with more than ``images.VIEW_PIXELS`` the largest is a halved copy already.
    uint8 ``[h, w, 3]``, RGB, upright; raises ``UnreadableImage``. Drawing from the copy that is nearest in size is
    quick and does not flicker as skipping pixels would.
    """
    levels = [np.ascontiguousarray(images.view(path))]
    while max(levels[-1].shape) >= 2 * least:
        height, width = levels[-1].shape[:2]
        levels.append(cv2.resize(levels[-1], (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA))
    return levels


def _stored(cache_dir: Path | None, image: Image) -> np.ndarray:
    """uint8 ``[h, w, 3]``, RGB, long side at most ``SIDE``."""
    if cache_dir is None or max(image.width, image.height) <= SIDE:  # the original is as quick to read as a copy
        return images.thumbnail(image.path, SIDE)
    kept = read_thumbnail(cache_dir, image.hash)
    pixels = _decoded(kept) if kept else None
    if pixels is None:
        pixels = images.thumbnail(image.path, SIDE)
        parameters = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
        done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), parameters)
        if done:
            keep_thumbnail(cache_dir, image.hash, jpeg.tobytes())
    return pixels


def _decoded(jpeg: bytes) -> np.ndarray | None:
    try:
        return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        return None


def _resized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    rows, columns = pixels.shape[:2]
    if size == (columns, rows):
        return pixels
    factor = size[0] / columns
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST if factor >= _PIXELS_SEEN else cv2.INTER_LINEAR
    return cv2.resize(pixels, size, interpolation=how)
