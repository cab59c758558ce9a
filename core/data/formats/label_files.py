"""Label files of single pictures, YOLO or VOC, with the lists of classes that go with them."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from core.data.formats import voc, yolo
from core.data.formats.class_names import read_class_file
from core.data.formats.exporting import class_index
from core.data.formats.yolo_config import data_files, read_data_file
from core.domain.annotation import Boxes
from core.domain.dataset import Image, ImageClass
from core.domain.errors import LensmithError
from core.domain.source import Problem, SourceBox

SUFFIXES = {"yolo": ".txt", "voc": ".xml"}
CLASSES, DATA = "classes.txt", "data.yaml"


class Known(NamedTuple):
    """Classes by number, and the ids of those that are out of use."""

    classes: tuple[ImageClass, ...]
    unused: frozenset[int]

    def names(self, form: str) -> list[str]:
        """As lists of classes give them: for YOLO the place is the number, VOC has no numbers."""
        return [one.name for one in self.classes if form == "yolo" or one.id not in self.unused]


def content_of(form: str, image: Image, known: Known) -> bytes | None:
    """What an image's label file says; ``None``: nothing is said of it yet, or not to the end."""
    if not image.done or not isinstance(image.annotation, Boxes):
        return None
    if form == "yolo":
        return yolo.rows_of(image, class_index(known.classes)).encode()
    names = {one.id: one.name for one in known.classes}
    return voc.xml_of(image, os.path.basename(image.path), names).encode()


def lists_of(form: str, known: Known, folders: Iterable[str]) -> dict[str, bytes]:
    """The lists of classes, by name of the file; ``folders`` hold label files. Tools that read YOLO look beside it."""
    names = "".join(f"{name}\n" for name in known.names(form)).encode()
    if form != "yolo":
        return {CLASSES: names}
    lists = {beside(folder): names for folder in folders}
    return {**lists, DATA: yolo.data_text(known.classes, {}).encode()}


def beside(folder: str) -> str:
    """The list of classes of a folder of label files."""
    return f"{folder}/{CLASSES}" if folder else CLASSES


def read_list(path: Path) -> list[str] | None:
    """The names in a list of classes; ``None`` when it is none."""
    try:
        if path.name == DATA:
            return read_data_file(str(path), []).names if str(path) in data_files(str(path.parent)) else None
        found = read_class_file([str(path.parent)], [])
    except (LensmithError, OSError, UnicodeDecodeError):
        return None
    return found[1] if found is not None and Path(found[0]) == path else None


def read_boxes(
    form: str, path: Path, names: Sequence[str], problems: list[Problem]
) -> tuple[list[str], tuple[SourceBox, ...] | None]:
    """The boxes of one label file, ``None`` when nothing in it can be used, and the names that their labels mean."""
    if form == "yolo":
        return list(names), yolo.read_file(str(path), names, problems)
    found = list(names)
    return found, voc.read_file(str(path), found, problems)
