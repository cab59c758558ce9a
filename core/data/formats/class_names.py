"""Lists of class names: read, made distinct, compared."""

import os
import re
from collections.abc import Iterable, Sequence

from core.data.formats.text import read_text
from core.domain.source import Problem

CLASS_FILES = ("classes.txt", "labels.txt", "obj.names", "_darknet.labels")


def distinct(names: Iterable[str], where: str, problems: list[Problem]) -> list[str]:
    """The names, a second ``cat`` as ``cat (2)``: edits and projects know classes by name, and to merge two
    classes is the user's choice. An empty name becomes ``class_<position>``."""
    result: list[str] = []
    taken = set(names := list(names))
    seen: set[str] = set()
    for position, given in enumerate(names):
        name = given
        if not given.strip():
            name = f"class_{position}"
            problems.append(Problem("class_list_odd", where, f"name {position} is empty, called “{name}”"))
        if name in seen:
            number = 2
            while f"{name} ({number})" in taken:
                number += 1
            problems.append(Problem("duplicate_class_name", where, f"“{name}”, called “{name} ({number})”"))
            name = f"{name} ({number})"
            taken.add(name)
        seen.add(name)
        result.append(name)
    return result


def alike(name: str) -> str:
    """Equal for names easily taken for one: ``Cat``, ``cat ``, ``cat (2)``; ``big_cat``, ``Big-cat``."""
    return re.sub(r"[\s_\-]+", " ", re.sub(r" \(\d+\)$", "", name)).strip().casefold()


def near_names(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Groups of two and more names that are alike, in the order of ``names``."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(alike(name), []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def read_class_file(folders: Iterable[str], problems: list[Problem]) -> tuple[str, list[str]] | None:
    """Path and names of the first list of classes in ``folders``: one name a line, spaces kept."""
    for folder in folders:
        for file_name in CLASS_FILES:
            path = os.path.join(folder, file_name)
            if os.path.isfile(path):
                text, encoding = read_text(path)
                if encoding not in ("utf-8", "utf-8-sig"):
                    problems.append(Problem("text_encoding", path, encoding))
                return path, distinct(text.rstrip("\n").split("\n") if text.strip() else [], path, problems)
    return None


def write_class_file(folder: str, names: Iterable[str]) -> None:
    with open(os.path.join(folder, "classes.txt"), "w", encoding="utf-8", newline="\n") as file:
        file.writelines(name + "\n" for name in names)
