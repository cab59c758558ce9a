"""Merging imported images into a project: what is known stays as it is, what is new is added.

The rules: an image is known by its hash, whatever its path. A label or split that the project has is never
overwritten; a contradiction becomes a problem that names both files.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from core.domain.annotation import Annotation, Box, Boxes, ClassLabel, Unlabelled
from core.domain.labels import labels_of
from core.domain.source import ImportCounts, ImportedImage, Problem
from core.domain.task import Split
from core.store import journal
from core.store.picture_paths import PicturePaths
from core.store.queries import to_annotation

# What the store itself found about a file; importing it once more does not settle it.
_CONTRADICTIONS = ("conflicting_labels", "duplicate_across_splits", "file_replaced")
BATCH = 1000  # rows that are in memory at a time
_SAME_BOX = 0.01  # pixels; a box that went through a text file and back is still the same


class _Known(Struct):
    """An image of the project, or of this batch."""

    id: int
    annotation: Annotation
    split: Split | None
    path: str


def import_rows(
    db: sqlite3.Connection, paths: PicturePaths, rows: Iterable[ImportedImage], problems: Iterable[Problem]
) -> ImportCounts:
    """Merge ``rows`` inside the caller's transaction; ``problems`` is read after the last row."""
    total = ImportCounts(images_added=0, images_known=0, files_added=0, labels_added=0, boxes_added=0, problems=())
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        total = _sum(total, _Batch(db, paths, batch).merge())
    db.executemany(
        "INSERT OR IGNORE INTO problems VALUES (?, ?, ?)",
        ((found.kind, _storable(found.where), _storable(found.detail)) for found in (*problems, *total.problems)),
    )
    return total


class _Batch:
    """Some rows and what the project knows about them; the project is asked once and told once."""

    def __init__(self, db: sqlite3.Connection, paths: PicturePaths, rows: Sequence[ImportedImage]) -> None:
        self._db, self._paths = db, paths
        self._rows = [row for row in rows if _storable(row.path) == row.path]
        self._problems = [
            Problem("undecodable_name", _storable(row.path)) for row in rows if _storable(row.path) != row.path
        ]
        self._known = self._read_known()
        self._files = self._read_files()
        (self._next_id,) = db.execute("SELECT coalesce(max(id), 0) + 1 FROM images").fetchone()
        self._new_images: dict[int, ImportedImage] = {}
        self._new_files: list[tuple[str, int, int, int]] = []
        self._files_added = 0
        self._labelled: list[tuple[int, Annotation]] = []
        self._split: list[tuple[str, int]] = []

    def merge(self) -> ImportCounts:
        for row in self._rows:
            known = self._known.get(row.facts.hash)
            if known is None:
                known = self._add(row)
            else:
                self._merge_label(known, row)
                self._merge_split(known, row)
            self._merge_file(known, row)
        self._write()
        return ImportCounts(
            images_added=len(self._new_images),
            images_known=len(self._rows) - len(self._new_images),
            files_added=self._files_added,
            labels_added=len(self._labelled),
            boxes_added=sum(len(note.boxes) for _, note in self._labelled if isinstance(note, Boxes)),
            problems=tuple(self._problems),
        )

    def _add(self, row: ImportedImage) -> _Known:
        known = _Known(self._next_id, row.annotation, row.split, row.path)
        self._next_id += 1
        self._known[row.facts.hash] = known
        self._new_images[known.id] = row
        if not isinstance(row.annotation, Unlabelled):
            self._labelled.append((known.id, row.annotation))
        return known

    def _merge_label(self, known: _Known, row: ImportedImage) -> None:
        if isinstance(row.annotation, Unlabelled):
            return
        if isinstance(known.annotation, Unlabelled):
            known.annotation = row.annotation
            self._labelled.append((known.id, row.annotation))
        elif not same_annotation(known.annotation, row.annotation):
            self._problems.append(Problem("conflicting_labels", row.path, known.path))

    def _merge_split(self, known: _Known, row: ImportedImage) -> None:
        if row.split is None or row.split == known.split:
            return
        if known.split is None:
            known.split = row.split
            self._split.append((row.split, known.id))
        else:
            self._problems.append(Problem("duplicate_across_splits", row.path, known.path))

    def _merge_file(self, known: _Known, row: ImportedImage) -> None:
        stored = self._paths.stored(row.path)
        before = self._files.get(stored)
        if before == (known.id, row.mtime_ns):
            return
        if before is None:
            self._files_added += 1
        elif before[0] != known.id:
            # The file was edited or replaced since: the image it held keeps its annotation, but has lost this file.
            self._problems.append(Problem("file_replaced", row.path))
        self._files[stored] = (known.id, row.mtime_ns)
        self._new_files.append((stored, known.id, row.mtime_ns, row.facts.size))

    def _write(self) -> None:
        db = self._db
        # Earlier complaints about a file that could be taken now are out of date.
        db.executemany(
            f"DELETE FROM problems WHERE place = ? AND kind NOT IN ({_marks(_CONTRADICTIONS)})",
            ((row.path, *_CONTRADICTIONS) for row in self._rows),
        )
        db.executemany(
            "INSERT INTO images (id, hash, width, height, size, format, orientation, traits, state, split)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'unlabelled', ?)",
            (_image_columns(id_, row) for id_, row in self._new_images.items()),
        )
        db.executemany(
            "INSERT INTO files VALUES (?, ?, ?, ?) ON CONFLICT (path) DO UPDATE"
            " SET image = excluded.image, mtime_ns = excluded.mtime_ns, size = excluded.size",
            self._new_files,
        )
        known = {
            id_: replace(labels_of(annotation), proposals=journal.read(db, id_).proposals)
            for id_, annotation in self._labelled
            if id_ not in self._new_images
        }
        write_annotations(db, [item for item in self._labelled if item[0] in self._new_images])
        if known:
            journal.change(db, "import", (), known)
        db.executemany("UPDATE images SET split = ? WHERE id = ?", self._split)

    def _read_known(self) -> dict[str, _Known]:
        rows = self._db.execute(
            "SELECT id, hash, state, class, split, (SELECT path FROM files WHERE image = id LIMIT 1)"
            f" FROM images WHERE hash IN ({_marks(self._rows)})",
            [row.facts.hash for row in self._rows],
        ).fetchall()
        known = {}
        for id_, hash_, state, class_id, split, path in rows:
            boxes = self._read_boxes(id_) if state == "boxes" else []
            known[hash_] = _Known(
                id_,
                to_annotation(state, class_id, boxes),
                None if split is None else Split(split),
                "" if path is None else self._paths.absolute(path),
            )
        return known

    def _read_boxes(self, image: int) -> list[Box]:
        query = "SELECT x_min, y_min, x_max, y_max, class FROM boxes WHERE image = ? ORDER BY position"
        return [Box(*row) for row in self._db.execute(query, (image,))]

    def _read_files(self) -> dict[str, tuple[int, int]]:
        stored = [self._paths.stored(row.path) for row in self._rows]
        query = f"SELECT path, image, mtime_ns FROM files WHERE path IN ({_marks(stored)})"
        return {path: (image, mtime) for path, image, mtime in self._db.execute(query, stored)}


def write_annotations(db: sqlite3.Connection, annotations: Sequence[tuple[int, Annotation]]) -> None:
    """Give images (by row id) that have no boxes their annotations."""
    db.executemany("UPDATE images SET state = ?, class = ? WHERE id = ?", (_state(*item) for item in annotations))
    db.executemany(
        "INSERT INTO boxes (image, position, x_min, y_min, x_max, y_max, class) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (id_, position, box.x_min, box.y_min, box.x_max, box.y_max, box.class_id)
            for id_, annotation in annotations
            if isinstance(annotation, Boxes)
            for position, box in enumerate(annotation.boxes)
        ),
    )


def same_annotation(one: Annotation, other: Annotation) -> bool:
    """Equal; boxes in any order and up to a hundredth of a pixel."""
    if not (isinstance(one, Boxes) and isinstance(other, Boxes)):
        return one == other
    if len(one.boxes) != len(other.boxes):
        return False
    left = list(other.boxes)
    for box in one.boxes:
        twin = next((index for index, candidate in enumerate(left) if same_box(box, candidate)), None)
        if twin is None:
            return False
        del left[twin]
    return True


def same_box(one: Box, other: Box) -> bool:
    """Equal up to a hundredth of a pixel."""
    return one.class_id == other.class_id and all(
        abs(a - b) <= _SAME_BOX
        for a, b in (
            (one.x_min, other.x_min),
            (one.y_min, other.y_min),
            (one.x_max, other.x_max),
            (one.y_max, other.y_max),
        )
    )


def _state(id_: int, annotation: Annotation) -> tuple[str, int | None, int]:
    match annotation:
        case ClassLabel(class_id):
            return "class", class_id, id_
        case Boxes():
            return "boxes", None, id_
        case _:
            return "unlabelled", None, id_


def _image_columns(id_: int, row: ImportedImage) -> tuple[object, ...]:
    facts = row.facts
    return (
        id_,
        facts.hash,
        facts.width,
        facts.height,
        facts.size,
        facts.format,
        facts.orientation,
        " ".join(facts.traits),
        row.split,
    )


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def _storable(text: str) -> str:
    """``text`` with what is no Unicode (a file name in an old encoding) made visible, since SQLite takes UTF-8 only."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _sum(one: ImportCounts, other: ImportCounts) -> ImportCounts:
    return ImportCounts(**{name: getattr(one, name) + getattr(other, name) for name in ImportCounts.__struct_fields__})
