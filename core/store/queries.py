"""What is in a project: reading functions over one connection, and so over one moment."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from core.domain.annotation import Annotation, Box, Boxes, ClassLabel, Unlabelled
from core.domain.dataset import Image, ImageClass
from core.domain.project import ProjectInfo
from core.domain.source import Problem
from core.domain.task import Split, Task
from core.store.picture_paths import PicturePaths

_UNLABELLED = Unlabelled()
_SPLITS = {None: None} | {split.value: split for split in Split}


def read_info(db: sqlite3.Connection) -> ProjectInfo:
    id_, name, task, created = db.execute("SELECT id, name, task, created FROM project").fetchone()
    return ProjectInfo(id=id_, name=name, task=None if task is None else Task(task), created=created)


def read_classes(db: sqlite3.Connection) -> tuple[ImageClass, ...]:
    """The classes in use, in the order of a model's outputs."""
    rows = db.execute("SELECT id, name FROM classes WHERE NOT retired ORDER BY position, id")
    return tuple(ImageClass(*row) for row in rows)


def read_problems(db: sqlite3.Connection) -> tuple[Problem, ...]:
    return tuple(Problem(*row) for row in db.execute("SELECT kind, place, detail FROM problems ORDER BY rowid"))


def read_files(db: sqlite3.Connection, paths: PicturePaths) -> list[tuple[str, str]]:
    """(absolute path, image hash) of every known file, in the order of the images."""
    rows = db.execute("SELECT path, hash FROM files JOIN images ON id = image ORDER BY image, path")
    return [(paths.absolute(path), hash_) for path, hash_ in rows]


def read_images(db: sqlite3.Connection, paths: PicturePaths) -> list[Image]:
    """Every image that some file is known of, in the order of import."""
    path_of = _one_path_each(db, paths)
    boxes_of: defaultdict[int, list[Box]] = defaultdict(list)
    for image, *box in db.execute(
        "SELECT image, x_min, y_min, x_max, y_max, class FROM boxes ORDER BY image, position"
    ):
        boxes_of[image].append(Box(*box))
    rows = db.execute(
        "SELECT id, hash, width, height, traits, orientation, split, state, class FROM images ORDER BY id"
    )
    return [
        Image(
            hash=hash_,
            path=path_of[id_],
            width=width,
            height=height,
            annotation=to_annotation(state, class_id, boxes_of.get(id_, ())),
            split=_SPLITS[split],
            traits=tuple(traits.split()),
            orientation=orientation,
        )
        for id_, hash_, width, height, traits, orientation, split, state, class_id in rows
        if id_ in path_of
    ]


def to_annotation(state: str, class_id: int | None, boxes: Iterable[Box]) -> Annotation:
    """An annotation from its three columns."""
    if state == "boxes":
        return Boxes(tuple(boxes))
    if state == "class" and class_id is not None:
        return ClassLabel(class_id)
    return _UNLABELLED


def _one_path_each(db: sqlite3.Connection, paths: PicturePaths) -> dict[int, str]:
    """Image id -> one file that holds it, one that exists where there is a choice."""
    path_of: dict[int, str] = {}
    for image, stored in db.execute("SELECT image, path FROM files ORDER BY image, path"):
        if image not in path_of or not Path(path_of[image]).exists():
            path = paths.absolute(stored)
            if image not in path_of or Path(path).exists():
                path_of[image] = path
    return path_of
