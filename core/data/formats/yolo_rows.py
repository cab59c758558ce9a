"""Rows of YOLO label files: ``class cx cy w h`` in fractions, outlines, and what people make of them.

The common row is read in a few steps of bytes; whatever does not fit goes the long way, where each oddity is
either understood and noted or listed with file and line.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from core.data.formats.convert import ROUNDING_FRACTION, fault_of
from core.data.formats.text import decode, to_number
from core.domain.source import Problem, SourceBox

LOW, HIGH = -ROUNDING_FRACTION, 1 + ROUNDING_FRACTION
SURELY_PIXELS = 2.0  # no sloppy fraction is that large


class Legend(NamedTuple):
    """How rows are to be read: class number -> label, class name -> label, and whether key points follow the box."""

    labels: Mapping[int, int]
    names: Mapping[str, int]
    key_points: bool = False


def parse_rows(data: bytes, path: str, legend: Legend, problems: list[Problem]) -> tuple[SourceBox, ...] | None:
    """The boxes of one label file.

    Empty for a file without rows (background); ``None`` when there were rows and none could be used: that
    says nothing about the picture. Raises ``UnicodeDecodeError``.
    """
    if b"\0" in data or data[:3] == b"\xef\xbb\xbf" or (b"\r" in data and b"\n" not in data):
        text, encoding = decode(data)
        data = text.encode()
        if encoding != "utf-8":
            problems.append(Problem("text_encoding", path, encoding))
    boxes: list[SourceBox] = []
    labels = legend.labels
    plain = b"_" not in data  # int() and float() take 1_0 for a number
    had_rows = False
    for number, row in enumerate(data.split(b"\n"), start=1):
        cells = row.split()
        if not cells:
            continue
        had_rows = True
        if plain and len(cells) == 5:
            try:
                label = labels[int(cells[0])]
                x, y, half_w, half_h = float(cells[1]), float(cells[2]), float(cells[3]) / 2, float(cells[4]) / 2
            except (ValueError, KeyError):
                pass
            else:
                x_min, y_min, x_max, y_max = x - half_w, y - half_h, x + half_w, y + half_h
                # Not-a-number fails every comparison and so goes the long way.
                if LOW <= x_min < x_max <= HIGH and LOW <= y_min < y_max <= HIGH:
                    boxes.append(SourceBox(x_min, y_min, x_max, y_max, label, True))
                    continue
        box = _long_way(row.decode("utf-8", "replace"), f"{path}:{number}", legend, problems)
        if box is not None:
            boxes.append(box)
    return tuple(boxes) if boxes or not had_rows else None


def _long_way(row: str, where: str, legend: Legend, problems: list[Problem]) -> SourceBox | None:
    """One row that is not five plain numbers of a box inside the picture."""
    cells, notes = _cells(row)
    try:
        first_number = len(cells) - 4 if not _is_number(cells[0]) else 1
        numbers = [to_number(cell) for cell in cells[max(first_number, 1) :]]
        if len(numbers) < 4:
            raise ValueError("too few columns")
    except ValueError:
        problems.append(Problem("label_row_unreadable", where, row.strip()[:80]))
        return None
    if any(comma for _, comma in numbers):
        notes.append("decimal_comma")
    values = [value for value, _ in numbers]
    label, kind = _label(" ".join(cells[:first_number]), legend)
    if label is None:
        problems.append(Problem(kind, where, row.strip()[:80]))
        return None
    if kind:
        notes.append(kind)
    corners = _corners(values, legend.key_points, notes)
    if corners is None:
        problems.append(Problem("label_row_unreadable", where, f"{len(cells)} columns"))
        return None
    fault = _judge(corners)
    left_out = fault is not None and fault != "box_outside"
    if fault:
        notes = [fault] if left_out else [*notes, fault]  # of a row that is left out only the reason matters
    problems.extend(Problem(note, where, row.strip()[:80]) for note in notes)
    return None if left_out else SourceBox(*corners, label, True)


def _cells(row: str) -> tuple[list[str], list[str]]:
    """The columns of a row and what is odd about how they are set apart."""
    row = row.strip()
    if ";" in row:
        return [cell.strip() for cell in row.rstrip(";").split(";")], ["odd_separator"]
    if re.search(r",\s", row) or ("," in row and " " not in row and "\t" not in row):
        return [cell.strip() for cell in row.rstrip(",").split(",")], ["odd_separator"]
    return row.split(), []


def _is_number(cell: str) -> bool:
    try:
        to_number(cell)
    except ValueError:
        return False
    return True


def _label(cell: str, legend: Legend) -> tuple[int | None, str]:
    """The label that the class column means, and the kind of what is wrong or odd about it."""
    if cell in legend.names and not _is_number(cell):
        return legend.names[cell], "class_name_for_id"
    if not _is_number(cell):
        return None, "class_unknown"
    value, _ = to_number(cell)
    if not value.is_integer():  # also infinity and not-a-number
        return None, "class_id_not_whole"
    label = legend.labels.get(int(value))
    if label is None:
        return None, "class_id_out_of_range"
    return label, "" if cell.strip().lstrip("+-").isdigit() else "class_id_as_float"


def _corners(values: list[float], key_points: bool, notes: list[str]) -> tuple[float, float, float, float] | None:
    """Corners from ``cx cy w h``, with a score or key points behind, or from an outline ``x y x y x y …``."""
    if len(values) >= 6 and len(values) % 2 == 0 and not key_points:
        notes.append("polygon_as_box")
        xs, ys = values[::2], values[1::2]
        if any(value != value for value in values):
            return (float("nan"),) * 4
        return min(xs), min(ys), max(xs), max(ys)
    if len(values) == 5 and not key_points:
        notes.append("extra_columns")
    elif len(values) != 4 and not key_points:
        return None
    x, y, w, h = values[:4]
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def _judge(corners: tuple[float, float, float, float]) -> str | None:
    fault = fault_of(*corners)
    if fault:
        return fault
    x_min, y_min, x_max, y_max = corners
    if max(abs(value) for value in corners) > SURELY_PIXELS:
        return "box_in_pixels"
    if x_max <= 0 or y_max <= 0 or x_min >= 1 or y_min >= 1:
        return "box_all_outside"
    if min(x_min, y_min) < LOW or max(x_max, y_max) > HIGH:
        return "box_outside"
    return None
