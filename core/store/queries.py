"""What is in a project: reading functions over one connection, and so over one moment."""

import sqlite3
from collections.abc import Callable, Iterable
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from msgspec import structs

from core.domain.annotation import Annotation, Box, Boxes, ClassLabel, Unlabelled
from core.domain.dataset import Image, ImageClass, ImageFacts
from core.domain.project import ProjectInfo
from core.domain.source import ImportedImage, Problem
from core.domain.task import Split, Task
from core.store.picture_paths import PicturePaths

_UNLABELLED = Unlabelled()
_SPLITS = {None: None} | {split.value: split for split in Split}


def read_info(db: sqlite3.Connection) -> ProjectInfo:
    id_, name, task, created = db.execute("SELECT id, name, task, created FROM project").fetchone()
    return ProjectInfo(id=id_, name=name, task=None if task is None else Task(task), created=created)


def read_classes(db: sqlite3.Connection) -> tuple[ImageClass, ...]:
    """The classes in use, in the order of a model's outputs."""
    rows = db.execute("SELECT id, name, look, shortcut FROM classes WHERE NOT retired ORDER BY position, id")
    return tuple(ImageClass(*row) for row in rows)


def read_problems(db: sqlite3.Connection) -> tuple[Problem, ...]:
    return tuple(Problem(*row) for row in db.execute("SELECT kind, place, detail FROM problems ORDER BY rowid"))


def read_files(db: sqlite3.Connection, paths: PicturePaths) -> list[tuple[str, str]]:
    """(absolute path, image hash) of every known file, in the order of the images."""
    rows = db.execute("SELECT path, hash FROM files JOIN images ON id = image ORDER BY image, path")
    return [(paths.absolute(path), hash_) for path, hash_ in rows]


def read_rows(db: sqlite3.Connection, paths: PicturePaths) -> list[ImportedImage]:
    """Every known file as another project would import it, without labels."""
    columns = "hash, width, height, images.size, format, orientation, traits, split, path, mtime_ns"
    return [
        ImportedImage(
            facts=ImageFacts(
                hash=hash_,
                width=width,
                height=height,
                size=size,
                format=format_,
                orientation=orientation,
                traits=tuple(traits.split()),
            ),
            path=paths.absolute(stored),
            mtime_ns=mtime_ns,
            split=_SPLITS[split],
        )
        for hash_, width, height, size, format_, orientation, traits, split, stored, mtime_ns in db.execute(
            f"SELECT {columns} FROM files JOIN images ON id = image ORDER BY image, path"
        )
    ]


def count_images(db: sqlite3.Connection) -> int:
    (count,) = db.execute("SELECT count(DISTINCT image) FROM files").fetchone()
    return int(count)


def read_images(db: sqlite3.Connection, paths: PicturePaths) -> list[Image]:
    """Every image that some file is known of, in the order of import.

    One pass in the order of two indices; 100,000 images are read while a window waits for them.
    """
    boxes_of = _boxes_in_order(db)
    waiting = {
        image: (count, least)
        for image, count, least in db.execute("SELECT image, count(*), min(score) FROM proposals GROUP BY image")
    }
    images: list[Image] = []
    last = None
    for id_, hash_, width, height, traits, orientation, split, state, class_id, done, stored in db.execute(
        "SELECT id, hash, width, height, traits, orientation, split, state, class, done, path"
        " FROM images JOIN files ON image = id ORDER BY id, path"
    ):
        path = paths.absolute(stored)
        if id_ != last:
            annotation = to_annotation(state, class_id, boxes_of(id_) if state == "boxes" else ())
            proposals, least = waiting.get(id_, (0, 1.0))
            images.append(
                Image(
                    hash=hash_,
                    path=path,
                    width=width,
                    height=height,
                    annotation=annotation,
                    split=_SPLITS[split],
                    traits=tuple(traits.split()),
                    orientation=orientation,
                    done=bool(done),
                    proposals=proposals,
                    least_score=least,
                )
            )
            last = id_
        elif not Path(images[-1].path).exists() and Path(path).exists():  # of several files one that is there
            images[-1] = structs.replace(images[-1], path=path)
    return images


def _boxes_in_order(db: sqlite3.Connection) -> Callable[[int], list[Box]]:
    """The boxes of an image, for ids that rise from call to call."""
    rows = db.execute("SELECT image, x_min, y_min, x_max, y_max, class FROM boxes ORDER BY image, position")
    groups = groupby(rows, itemgetter(0))
    ahead = next(groups, None)

    def boxes_of(image: int) -> list[Box]:
        nonlocal ahead
        while ahead is not None and ahead[0] < image:
            ahead = next(groups, None)
        if ahead is None or ahead[0] != image:
            return []
        return [Box(x_min, y_min, x_max, y_max, class_id) for _, x_min, y_min, x_max, y_max, class_id in ahead[1]]

    return boxes_of


def to_annotation(state: str, class_id: int | None, boxes: Iterable[Box]) -> Annotation:
    """An annotation from its three columns."""
    if state == "boxes":
        return Boxes(tuple(boxes))
    if state == "class" and class_id is not None:
        return ClassLabel(class_id)
    return _UNLABELLED
