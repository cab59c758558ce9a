"""Tiles: a very large picture is cut into overlapping pictures of its own, which a network sees at full size.

Tiles are written into the project's folder, without loss, never beside the user's picture. They stand in its place: the
picture leaves the list of images, its file and its labels stay as they are, and importing it again brings it back.
"""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from msgspec import Struct

from core.data import images as pictures
from core.data.images import cv2
from core.data.splits import TILES
from core.domain.annotation import Annotation, Box, Boxes, ClassLabel
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.domain.source import ImportedImage
from core.store.files import translated_errors
from core.store.project_store import ProjectStore

SIZE, OVERLAP = 1024, 128  # pixels
LEAST_SHARE = 0.3  # of a box's area that a tile must show for the box to count there


class Tiled(Struct, frozen=True):
    """``boxes_cut``: boxes that some tile shows too little of to keep them there; each is whole enough on another, or
    was larger than a tile."""

    images: int
    tiles: int
    boxes_cut: int


def tile_images(
    store: ProjectStore,
    images: Sequence[Image],
    size: int = SIZE,
    overlap: int = OVERLAP,
    progress: Progress = silent,
) -> Tiled:
    """Cut ``images`` into squares of ``size`` pixels that overlap by ``overlap``, and put them in their place.

    Tiles have the part of the split that their picture has; those of a picture without one get theirs together. All of
    it happens or nothing; a picture that fits into a tile stays. Raises ``LensmithError``: a class is said of the whole
    picture, none is larger than a tile, or no room.
    """
    if size < pictures.MIN_SIDE or not 0 <= overlap < size:
        raise LensmithError(f"Tiles of {size} pixels cannot overlap by {overlap}.", "Choose less overlap.")
    for image in images:
        if isinstance(image.annotation, ClassLabel):
            raise LensmithError(
                f"{image.path} is labelled as a whole, and what its tiles show cannot be told from that.",
                "Tile it before it is labelled.",
            )
    images = [image for image in images if max(image.width, image.height) > size]
    if not images:
        raise LensmithError(f"None of these pictures is larger than a tile of {size} pixels.", "Choose smaller tiles.")
    total = sum(len(_starts(one.width, size, overlap)) * len(_starts(one.height, size, overlap)) for one in images)
    tiles = cut = 0
    with ExitStack() as undo:
        with store.transaction():
            for image in images:
                folder = _folder(store.path, image)
                undo.callback(shutil.rmtree, folder, ignore_errors=True)
                rows = []
                for row, lost in _tiles(image, folder, size, overlap):
                    rows.append(row)
                    cut += lost
                    progress(tiles + len(rows), total, "Cutting tiles")
                tiles += len(rows)
                _put_in_place(store, image, rows)
        undo.pop_all()
    return Tiled(len(images), tiles, cut)


def _starts(length: int, size: int, overlap: int) -> list[int]:
    """Where tiles begin along one side; the last one ends with the picture."""
    if length <= size:
        return [0]
    steps = -(-(length - size) // (size - overlap))
    return [round(step * (length - size) / steps) for step in range(steps + 1)]


def _folder(project: Path, image: Image) -> Path:
    name = re.sub(r"[^\w-]+", "-", Path(image.path).stem).strip("-")[:40]
    return project / TILES / f"{name}-{image.hash[:12]}"


def _tiles(image: Image, folder: Path, size: int, overlap: int) -> Iterator[tuple[ImportedImage, int]]:
    """Each tile written, and how many boxes it shows too little of."""
    pixels = pictures.read(image.path)
    with translated_errors(folder):
        shutil.rmtree(folder, ignore_errors=True)  # of an attempt that was killed
        folder.mkdir(parents=True)
    for y in _starts(image.height, size, overlap):
        for x in _starts(image.width, size, overlap):
            path = folder / f"{x}-{y}.png"
            _write(path, pixels[y : y + size, x : x + size])
            annotation, lost = _clipped(image.annotation, x, y, size)
            facts, mtime_ns = pictures.inspect(path), path.stat().st_mtime_ns
            yield (
                ImportedImage(facts=facts, path=str(path), mtime_ns=mtime_ns, annotation=annotation, split=image.split),
                lost,
            )


def _write(path: Path, pixels: np.ndarray) -> None:
    _, data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    with translated_errors(path):
        path.write_bytes(data.tobytes())


def _clipped(annotation: Annotation, x: int, y: int, size: int) -> tuple[Annotation, int]:
    """The boxes of a tile in its own pixels; those of which it shows less than ``LEAST_SHARE`` are counted."""
    if not isinstance(annotation, Boxes):
        return annotation, 0
    kept, lost = [], 0
    for box in annotation.boxes:
        left, top = max(box.x_min - x, 0.0), max(box.y_min - y, 0.0)
        right, bottom = min(box.x_max - x, float(size)), min(box.y_max - y, float(size))
        if right <= left or bottom <= top:
            continue
        if (right - left) * (bottom - top) >= LEAST_SHARE * box.width * box.height:
            kept.append(Box(left, top, right, bottom, box.class_id))
        else:
            lost += 1
    return Boxes(tuple(kept)), lost


def _put_in_place(store: ProjectStore, image: Image, rows: Sequence[ImportedImage]) -> None:
    """Import the tiles and take the picture off the list."""
    store.import_images(rows)
    with store.editing() as db:
        if not image.done:
            hashes = ((row.facts.hash,) for row in rows)
            db.executemany("UPDATE images SET done = 0 WHERE hash = ?", hashes)
        db.execute("DELETE FROM files WHERE image = (SELECT id FROM images WHERE hash = ?)", (image.hash,))
