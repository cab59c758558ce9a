"""The data.yaml of a YOLO data set: what it says, and where on this machine that is.

The file is untrusted: nothing in it is run (other tools execute ``download:``) and nothing is fetched.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from core.data.formats.class_names import distinct
from core.data.formats.listing import SPLIT_NAMES, UNASSIGNED
from core.data.formats.text import read_text
from core.domain.errors import LensmithError
from core.domain.source import Problem
from core.domain.task import Split

KEYS = {**SPLIT_NAMES, UNASSIGNED: None}
LARGEST = 4 << 20  # bytes; the names of ImageNet-21k fit four times


class DataFile(NamedTuple):
    """``sources``: split and existing folder or list file; ``labels``: class number in label files -> index."""

    path: str
    names: list[str]
    labels: dict[int, int]
    sources: list[tuple[Split | None, str]]
    key_points: bool


def load_mapping(path: str) -> dict[str, object] | None:
    """The yaml file's mapping with every scalar as text, or ``None`` when it is something else.

    Every scalar stays text because YAML takes the class names ``no``, ``on`` and ``1e3`` for other things.
    """
    try:
        if os.path.getsize(path) > LARGEST:
            return None
        value = yaml.load(read_text(path)[0], Loader=yaml.BaseLoader)  # builds text, lists and maps; no objects
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def describes_data(mapping: dict[str, object] | None) -> bool:
    return mapping is not None and ("names" in mapping or "nc" in mapping) and not mapping.keys() & {"lr0", "backbone"}


def data_files(folder: str) -> list[str]:
    """The yaml files in ``folder`` that describe a data set, sorted."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.lower().endswith((".yaml", ".yml")))
    except OSError:
        return []
    paths = [os.path.join(folder, name) for name in names]
    return [path for path in paths if describes_data(load_mapping(path))]


def read_data_file(path: str, problems: list[Problem]) -> DataFile:
    mapping = load_mapping(path)
    if mapping is None or not describes_data(mapping):
        raise LensmithError(
            f"“{path}” is no YOLO data file: it gives neither names nor nc.",
            "Choose the data.yaml of the data set, or its folder.",
        )
    if "download" in mapping:
        problems.append(Problem("download_ignored", path, _short(mapping["download"])))
    numbered = _names(mapping, path, problems)
    names = distinct((numbered[number] for number in sorted(numbered)), path, problems)
    labels = {number: index for index, number in enumerate(sorted(numbered))}
    sources = list(_sources(mapping, path, problems))
    return DataFile(path, names, labels, sources, "kpt_shape" in mapping)


def _short(value: object) -> str:
    return value.strip().split("\n")[0][:80] if isinstance(value, str) else ""


def _names(mapping: dict[str, object], path: str, problems: list[Problem]) -> dict[int, str]:
    """Class number -> name, from ``names`` as list or map, filled up to ``nc``."""
    given = mapping.get("names") or []
    if isinstance(given, str):
        given = [name.strip() for name in given.split(",")]
    if isinstance(given, list):
        given = dict(enumerate(given))
    names: dict[int, str] = {}
    for key, name in given.items() if isinstance(given, dict) else ():
        try:
            names[int(key)] = name if isinstance(name, str) else f"class_{int(key)}"
        except (TypeError, ValueError):
            problems.append(Problem("class_list_odd", path, f"“{_short(key)}” is no class number"))
    count = mapping.get("nc")
    if not (isinstance(count, str) and count.strip().isdigit() and int(count) < 100_000):
        return names
    if names and len(names) != int(count):
        problems.append(Problem("class_list_odd", path, f"nc is {count}, but {len(names)} names are given"))
    if not names:
        problems.append(Problem("class_names_missing", path, f"nc: {count}"))
    for number in range(int(count)):
        names.setdefault(number, f"class_{number}")
    return names


def _sources(mapping: dict[str, object], path: str, problems: list[Problem]) -> Iterator[tuple[Split | None, str]]:
    given_base = mapping.get("path")
    bases = _bases(path, given_base if isinstance(given_base, str) else "")
    for key, split in KEYS.items():
        entries = mapping.get(key) or []
        for entry in entries if isinstance(entries, list) else [entries]:
            if not isinstance(entry, str):
                continue
            found, moved = _locate(entry.strip().replace("\\", "/"), bases)
            if found is None:
                problems.append(Problem("split_folder_missing", path, f"{key}: {entry}"))
                continue
            if moved:
                problems.append(Problem("path_relocated", path, f"{key}: {entry} read as {found}"))
            yield split, found


def _bases(path: str, given: str) -> list[str]:
    """Folders that relative entries may start from: ``path:`` first, then the yaml file's own."""
    own = os.path.dirname(path)
    if not given:
        return [own]
    bases = [os.path.join(own, given), own, os.path.join(os.path.dirname(own), given)]
    return [os.path.normpath(base) for base in bases]


def _locate(entry: str, bases: list[str]) -> tuple[str | None, bool]:
    """The existing folder or file that ``entry`` means, and whether it had to be looked for.

    Data sets are moved after they were written: ``../train/images`` often lies beside the yaml file, and
    ``/content/ds/train/images`` was somebody's absolute path. Leading ``..`` are dropped, and of absolute paths
    leading folders as long as two parts remain; shorter rests would match folders that mean something else.
    """
    for base in bases:
        path = os.path.normpath(os.path.join(base, entry))
        if os.path.exists(path):
            return path, False
    parts = [part for part in entry.split("/") if part not in ("", ".")]
    if os.path.isabs(entry) or entry[1:3] == ":/":
        rests = [parts[start:] for start in range(1, max(len(parts) - 1, 1))]
    else:
        rests = [[part for part in parts if part != ".."]] if ".." in parts else []
    for rest in rests:
        for base in bases:
            path = os.path.normpath(os.path.join(base, *rest))
            if rest and os.path.exists(path):
                return path, True
    return None, False
