"""What all writers share: a fresh folder, pictures copied under distinct names, and the proof by reading back.

Formats that know classes by number get them in the order of their numbers, which never change, with the ids of those
that are out of use (``unused``): YOLO keeps their place, COCO their number. The others go by name.
"""

import os
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from core.data.formats.convert import to_pixel_boxes
from core.data.formats.listing import UNASSIGNED, counted
from core.domain.annotation import Boxes, ClassLabel
from core.domain.dataset import Image, ImageClass
from core.domain.errors import LensmithError
from core.domain.progress import Progress
from core.domain.source import SourceDataset, SourceImage

LONGEST_STEM = 200  # bytes; file systems take 255 for a whole name
TOLERANCE = 1e-4  # pixels on a picture of 4096, in proportion on larger ones


class Placed(NamedTuple):
    """An image and its copy, ``path`` relative to the exported folder with ``/``."""

    image: Image
    path: str

    @property
    def stem(self) -> str:
        return os.path.splitext(self.path.rpartition("/")[2])[0]


@contextmanager
def fresh_folder(target: Path) -> Iterator[str]:
    """A folder to fill that becomes ``target`` only when all went well; else nothing of it stays."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise LensmithError(f"“{target}” is not empty.", "Choose a new or empty folder for the export.")
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        yield str(part.resolve())
        if target.exists():
            target.rmdir()
        part.replace(target)
    except OSError as error:
        raise LensmithError(
            f"The export to “{target}” failed: {error.strerror or error}.", "Check the disk's space and rights."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def split_folder(image: Image) -> str:
    return str(image.split) if image.split else UNASSIGNED


def copy_images(
    images: Sequence[Image], folder: str, folder_of: Callable[[Image], str], progress: Progress
) -> list[Placed]:
    """Copy every picture's file to ``folder/folder_of(image)`` and tell where it is.

    No two copies below ``folder`` share a stem, whatever their suffix, case or Unicode form: label files are
    named by stem, and Windows and macOS take such names for one.
    """
    numbers: dict[str, int] = {}
    placed = []
    for image in counted(images, progress, "Copying pictures"):
        stem, suffix = os.path.splitext(os.path.basename(image.path))
        name = _distinct(stem, numbers) + suffix.lower()
        inner = folder_of(image)
        os.makedirs(os.path.join(folder, inner), exist_ok=True)
        try:
            shutil.copyfile(image.path, os.path.join(folder, inner, name))
        except FileNotFoundError as error:
            raise LensmithError(
                f"The picture “{image.path}” is gone.", "Put it back or import its folder again, then export."
            ) from error
        placed.append(Placed(image, f"{inner}/{name}" if inner else name))
    return placed


def _distinct(stem: str, numbers: dict[str, int]) -> str:
    stem = "".join("_" if ord(c) < 32 or c in '<>:"/\\|?*' else c for c in stem).rstrip(". ").lstrip(".") or "_"
    stem = stem.encode()[:LONGEST_STEM].decode("utf-8", "ignore")
    while (key := unicodedata.normalize("NFC", stem).casefold()) in numbers:
        numbers[key] += 1
        stem = f"{stem}_{numbers[key]}"
    numbers[key] = 1
    return stem


def class_index(classes: Sequence[ImageClass]) -> dict[int, int]:
    """Class id -> position in ``classes``, which is the class's number where the list is of all numbers."""
    return {image_class.id: index for index, image_class in enumerate(classes)}


def refuse(kind: type, images: Sequence[Image], advice: str) -> None:
    """Raise when an image carries annotations of a kind that the format cannot hold."""
    for image in images:
        if isinstance(image.annotation, kind):
            what = "boxes" if kind is Boxes else "one class for each image"
            raise LensmithError(f"This format cannot hold {what}, as in “{image.path}”.", advice)


def verify(written: SourceDataset, classes: Sequence[ImageClass], placed: Sequence[Placed], folder: str) -> None:
    """Raise unless what was read back equals what was to be written: classes, pictures, splits, annotations."""
    if list(written.classes) != [image_class.name for image_class in classes]:
        raise unlike("the list of classes", folder)
    read = {os.path.relpath(image.path, folder).replace(os.sep, "/"): image for image in written.images}
    if len(read) != len(placed):
        raise unlike(f"the number of pictures ({len(read)} for {len(placed)})", folder)
    index = class_index(classes)
    for image, path in placed:
        found = read.get(path)
        if found is None or found.split != image.split or not _equal(image, found, index):
            raise unlike(f"“{path}”", folder)


def unlike(what: str, folder: str) -> LensmithError:
    """The error of an export that does not read back as written."""
    target = folder.removesuffix(".part")
    return LensmithError(
        f"The export to “{target}” was read back and {what} is not as written, so it was removed.",
        "Try another format; this is an error of the program worth reporting.",
    )


def _equal(image: Image, found: SourceImage, index: dict[int, int]) -> bool:
    annotation = image.annotation
    if isinstance(annotation, ClassLabel):
        return found.label == index[annotation.class_id]
    if not isinstance(annotation, Boxes):
        return found.label is None and found.boxes is None
    if found.boxes is None or len(found.boxes) != len(annotation.boxes):
        return False
    boxes, problems = to_pixel_boxes(found, image.width, image.height)
    if problems or len(boxes) != len(annotation.boxes):
        return False
    tolerance = TOLERANCE * max(1.0, max(image.width, image.height) / 4096)
    for (*corners, label), box in zip(boxes, annotation.boxes, strict=True):
        wanted = (box.x_min, box.y_min, box.x_max, box.y_max)
        if label != index[box.class_id] or any(abs(a - b) > tolerance for a, b in zip(corners, wanted, strict=True)):
            return False
    return True
