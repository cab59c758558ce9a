"""CSV tables: ``path,label``, or ``path,x_min,y_min,x_max,y_max,label`` in pixels; a column of splits may follow.

In a table of boxes an image with an empty box is background; in a table of labels an empty label is unlabelled.
"""

import csv
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from core.data.formats.class_names import read_class_file, write_class_file
from core.data.formats.convert import fault_of
from core.data.formats.exporting import copy_images, fresh_folder, split_folder, verify
from core.data.formats.finding_pictures import PictureIndex
from core.data.formats.listing import (
    SPLIT_NAMES,
    UNASSIGNED,
    counted,
    is_image,
    list_images,
    split_of,
    split_of_name,
    unwrap,
)
from core.data.formats.text import encoding_of, to_number
from core.domain.annotation import Boxes, ClassLabel
from core.domain.dataset import Image, ImageClass
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.domain.source import Problem, SourceBox, SourceDataset, SourceImage
from core.domain.task import Split, Task

SEPARATORS = ",;\t|"
SAMPLE_ROWS = 100
HEADS = {
    "path": ("path", "image", "image_path", "imagepath", "filename", "file_name", "file", "filepath", "img", "picture"),
    "label": ("label", "class", "class_name", "classname", "category", "name", "labels", "target"),
    "split": ("split", "set", "subset", "part", "partition", "fold"),
    "x_min": ("x_min", "xmin", "x1", "left"),
    "y_min": ("y_min", "ymin", "y1", "top"),
    "x_max": ("x_max", "xmax", "x2", "right"),
    "y_max": ("y_max", "ymax", "y2", "bottom"),
}
CORNERS = ("x_min", "y_min", "x_max", "y_max")


class Table(NamedTuple):
    """How a file is to be read: encoding, separator, and which column holds what; ``header``: rows to leave out."""

    path: str
    encoding: str
    separator: str
    header: int
    columns: dict[str, int]

    @property
    def has_boxes(self) -> bool:
        return "x_min" in self.columns


class Row(Struct):
    """What the rows so far say about one picture; ``label`` -1: rows contradict each other."""

    split: Split | None = None
    label: int | None = None
    boxes: list[SourceBox] | None = None
    left_out: int = 0


def csv_files(folder: str) -> list[str]:
    """The tables in ``folder`` that name pictures, sorted."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.lower().endswith((".csv", ".tsv")))
    except OSError:
        return []
    return [path for name in names if sniff(path := os.path.join(folder, name)) is not None]


def sniff(path: str) -> Table | None:
    """How the file is to be read, from its first rows; ``None`` for a file that names no pictures."""
    encoding = _encoding(path)
    best: tuple[int, Table] | None = None
    for separator in SEPARATORS:
        rows = _sample(path, encoding, separator)
        found = _columns(rows)
        if found is None:
            continue
        header, columns = found
        fitting = sum(_fits(row, columns) for row in rows[header:])
        if fitting and (best is None or fitting > best[0]):
            best = fitting, Table(path, encoding, separator, header, columns)
    return best[1] if best else None


def _encoding(path: str) -> str:
    """Of the whole file, read in pieces: the first letter with an accent may come late."""
    with open(path, "rb") as file:
        encoding = encoding_of(file.read(1 << 16))
        if encoding != "utf-8":
            return encoding
        file.seek(0)
        rest = b""
        while piece := file.read(1 << 20):
            lines, _, rest = (rest + piece).rpartition(b"\n")
            if encoding_of(lines) != "utf-8":
                return "latin-1"
    return encoding_of(rest)


def _sample(path: str, encoding: str, separator: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        with open(path, encoding=encoding, newline="") as file:
            for row in csv.reader(file, delimiter=separator):
                if any(cell.strip() for cell in row):
                    rows.append(row)
                if len(rows) == SAMPLE_ROWS:
                    break
    except (csv.Error, UnicodeDecodeError):
        return []
    return rows


def _columns(rows: list[list[str]]) -> tuple[int, dict[str, int]] | None:
    """Number of header rows, and the columns by meaning: from the header's words or else from their order."""
    if not rows or len(rows[0]) < 2:
        return None
    header = 0 if any(is_image(cell.strip()) for cell in rows[0]) else 1
    if header:
        heads = [cell.strip().lower().replace(" ", "_") for cell in rows[0]]
        named = {
            meaning: next(heads.index(word) for word in words if word in heads)
            for meaning, words in HEADS.items()
            if any(word in heads for word in words)
        }
        if "path" in named and "label" in named:
            whole = all(corner in named for corner in CORNERS)
            return header, {m: column for m, column in named.items() if whole or m not in CORNERS}
    if len(rows) == header:
        return None
    width = Counter(len(row) for row in rows[header:]).most_common(1)[0][0]
    if width == 2 and is_image(rows[header][-1].strip()):
        return header, {"label": 0, "path": 1}
    order = ("path", "label", "split") if width < 6 else ("path", *CORNERS, "label", "split")
    return header, {meaning: column for column, meaning in enumerate(order[:width])}


def _fits(row: list[str], columns: dict[str, int]) -> bool:
    """Whether the first rows look as the table says: a picture's name, and numbers or nothing at the corners."""
    if len(row) <= max(columns.values()) or not is_image(row[columns["path"]].strip()):
        return False
    try:
        for corner in CORNERS:
            if corner in columns and row[columns[corner]].strip():
                to_number(row[columns[corner]])
    except ValueError:
        return False
    return True


def read(root: Path, progress: Progress = silent) -> SourceDataset:
    """``root`` is a table or a folder with tables. A column, the table's name or a folder gives the split.

    Classes are sorted by name, or as listed in a ``classes.txt`` beside the table.
    """
    place = os.path.abspath(root)
    one_file = os.path.isfile(place)
    folder = os.path.dirname(place) if one_file else unwrap(place)
    problems: list[Problem] = []
    tables = [table for path in ([place] if one_file else csv_files(folder)) if (table := sniff(path))]
    if not tables:
        raise LensmithError(
            f"“{place}” is no table of pictures: no rows of path and label, or path, corners and label, were found.",
            "Write rows such as “images/a.jpg,cat” or “images/a.jpg,10,20,110,90,cat”.",
        )
    index = PictureIndex(folder, list_images(folder, problems))
    listed = read_class_file([folder], problems)
    labels = {name: number for number, name in enumerate(listed[1] if listed else ())}
    rows: dict[str, Row] = {}
    for table in tables:
        if table.has_boxes == tables[0].has_boxes:
            _read_table(table, index, labels, rows, problems, progress)
        else:
            problems.append(Problem("file_ignored", table.path, "boxes and whole images cannot be mixed"))
    names, order = _sorted_names(labels, len(listed[1]) if listed else 0)
    images = [_image(path, row, order, problems) for path, row in rows.items()]
    others = index.others(rows.keys(), beside_only=one_file)
    problems += [Problem("image_not_listed", path) for path in others]
    images += [SourceImage(path, split=split_of(path, folder)) for path in others]
    images.sort(key=lambda image: image.path)
    return SourceDataset(
        format="csv",
        root=place,
        task=Task.DETECTION if tables[0].has_boxes else Task.CLASSIFICATION,
        classes=tuple(names),
        images=images,
        problems=tuple(problems),
    )


def _sorted_names(labels: dict[str, int], fixed: int) -> tuple[list[str], list[int]]:
    """Class names, listed ones first and the others sorted, and the new index of each label."""
    found = list(labels)
    names = found[:fixed] + sorted(found[fixed:])
    place = {name: number for number, name in enumerate(names)}
    return names, [place[name] for name in found]


def _image(path: str, row: Row, order: list[int], problems: list[Problem]) -> SourceImage:
    if row.boxes is None:
        return SourceImage(
            path, order[row.label] if row.label is not None and row.label >= 0 else None, None, row.split
        )
    if not row.boxes and row.left_out:  # rows that could not be used do not make a background image
        return SourceImage(path, None, None, row.split)
    boxes = tuple(SourceBox(b.x_min, b.y_min, b.x_max, b.y_max, order[b.label]) for b in row.boxes)
    return SourceImage(path, None, boxes, row.split)


def _read_table(
    table: Table,
    index: PictureIndex,
    labels: dict[str, int],
    rows: dict[str, Row],
    problems: list[Problem],
    progress: Progress,
) -> None:
    if table.encoding != "utf-8":
        problems.append(Problem("text_encoding", table.path, table.encoding))
    folder = os.path.dirname(table.path)
    table_split = split_of_name(table.path)
    found: dict[str, tuple[str, Row] | None] = {}  # the path column's text -> picture
    for line, cells in counted(_lines(table, problems), progress, f"Reading {os.path.basename(table.path)}"):
        where = f"{table.path}:{line}"
        if len(cells) <= table.columns["label"]:
            problems.append(Problem("label_row_unreadable", where, f"{len(cells)} columns"))
            continue
        name = cells[table.columns["path"]]
        if name not in found:
            path = index.find(name.strip(), folder, table_split)
            found[name] = None
            if path is not None:
                row = rows.setdefault(path, Row(table_split or split_of(path, index.root)))
                found[name] = path, row
        target = found[name]
        if target is None:
            kind = "image_missing" if is_image(name.strip()) else "label_row_unreadable"
            problems.append(Problem(kind, where, name[:80]))
            continue
        path, row = target
        _take_split(cells, table, row, where, problems)
        if table.has_boxes:
            _take_box(cells, table, row, labels, where, problems)
        else:
            _take_label(cells[table.columns["label"]], row, labels, path, problems)


def _lines(table: Table, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """Line number (of a row's last line, since quoted cells may span lines) and cells of every row with content."""
    with open(table.path, encoding=table.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=table.separator, strict=True)
        skip = table.header
        begin = 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, UnicodeDecodeError) as error:
                lines = f"lines {begin} to {max(reader.line_num, begin)}: {error}"
                problems.append(Problem("label_row_unreadable", f"{table.path}:{begin}", lines))
                if isinstance(error, UnicodeDecodeError):
                    return
                continue
            finally:
                begin = reader.line_num + 1
            if not any(cells) or skip:
                skip -= bool(skip and any(cells))
                continue
            yield reader.line_num, cells


def _label_of(cell: str, labels: dict[str, int]) -> int | None:
    """The label of a cell, a new one if need be; spaces around it count only where the list of classes has them."""
    label = labels.get(cell)
    if label is None:
        cell = cell.strip()
        label = labels.setdefault(cell, len(labels)) if cell else None
    return label


def _take_split(cells: list[str], table: Table, row: Row, where: str, problems: list[Problem]) -> None:
    column = table.columns.get("split")
    word = cells[column].strip().lower() if column is not None and column < len(cells) else ""
    if word in SPLIT_NAMES:
        row.split = SPLIT_NAMES[word]
    elif word == UNASSIGNED:
        row.split = None
    elif word:
        problems.append(Problem("split_unknown", where, word))


def _take_label(cell: str, row: Row, labels: dict[str, int], path: str, problems: list[Problem]) -> None:
    label = _label_of(cell, labels)
    if label is None or label == row.label:
        return
    if row.label is not None:
        problems.append(Problem("conflicting_labels", path, cell))
        label = -1
    row.label = label


def _take_box(
    cells: list[str], table: Table, row: Row, labels: dict[str, int], where: str, problems: list[Problem]
) -> None:
    row.boxes = [] if row.boxes is None else row.boxes
    texts = [cells[table.columns[corner]] for corner in CORNERS]
    cell = cells[table.columns["label"]]
    if not any(text.strip() for text in texts) and not cell.strip():
        return
    try:
        numbers = [to_number(text) for text in texts]
        label = _label_of(cell, labels)
        if label is None:
            raise ValueError("no label")
    except ValueError:
        kind: str | None = "label_row_unreadable"
    else:
        x_min, y_min, x_max, y_max = (value for value, _ in numbers)
        kind = fault_of(x_min, y_min, x_max, y_max)
        if kind is None:
            row.boxes.append(SourceBox(x_min, y_min, x_max, y_max, label))
            if any(comma for _, comma in numbers):
                problems.append(Problem("decimal_comma", where))
    if kind is not None:
        row.left_out += 1
        problems.append(Problem(kind, where, table.separator.join(cells)[:80]))


def write(classes: Sequence[ImageClass], images: Sequence[Image], target: Path, progress: Progress = silent) -> None:
    """``annotations.csv``, ``classes.txt`` and pictures in ``images/<split>``.

    Unlabelled images have an empty label; in a table of boxes, where that means background, they have no row.
    """
    names = {image_class.id: image_class.name for image_class in classes}
    boxes = any(isinstance(image.annotation, Boxes) for image in images)
    if boxes and any(isinstance(image.annotation, ClassLabel) for image in images):
        raise LensmithError("Boxes and whole images cannot be in one table.", "Export them one by one.")
    with fresh_folder(target) as folder:
        placed = copy_images(images, folder, lambda image: f"images/{split_folder(image)}", progress)
        with open(os.path.join(folder, "annotations.csv"), "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["path", *(CORNERS if boxes else ()), "label", "split"])
            for image, path in placed:
                table.writerows(_rows(image, path, names, boxes))
        write_class_file(folder, names.values())
        verify(read(Path(folder)), classes, placed, folder)


def _rows(image: Image, path: str, names: dict[int, str], boxes: bool) -> Iterator[list[object]]:
    split = split_folder(image)
    match image.annotation:
        case Boxes(items):
            for box in items:
                yield [path, box.x_min, box.y_min, box.x_max, box.y_max, names[box.class_id], split]
            if not items:
                yield [path, "", "", "", "", "", split]
        case ClassLabel(class_id):
            yield [path, names[class_id], split]
        case _ if not boxes:
            yield [path, "", split]
