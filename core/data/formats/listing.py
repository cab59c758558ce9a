"""Walking folders fast, in one order on every machine."""

import os
from collections.abc import Iterable, Iterator, Sized
from time import monotonic
from typing import NamedTuple, TypeVar

from core.domain.progress import Progress
from core.domain.source import Problem
from core.domain.task import Split

IMAGE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".gif", ".jp2", ".pgm", ".ppm")
)
# Caches and pickles of other tools run code when opened.
UNSAFE_SUFFIXES = frozenset((".cache", ".npy", ".npz", ".pkl", ".pickle", ".joblib", ".pt", ".pth"))
UNASSIGNED = "unassigned"  # the folder or file that writers use for images without a split
SPLIT_NAMES = {
    "train": Split.TRAIN,
    "training": Split.TRAIN,
    "val": Split.VAL,
    "valid": Split.VAL,
    "validation": Split.VAL,
    "test": Split.TEST,
    "testing": Split.TEST,
}
SECONDS_BETWEEN_REPORTS = 0.2

T = TypeVar("T")


class Folder(NamedTuple):
    """One folder of a walk; names are sorted, hidden ones left out."""

    path: str
    files: list[str]
    folders: list[str]


def walk(root: str, problems: list[Problem]) -> Iterator[Folder]:
    """Folders below ``root``, itself first, depth first. Linked folders are followed, each real folder once.

    Hidden names (a leading dot, as in macOS' ``._x.jpg``) are no part of a data set. A folder that cannot be
    opened and a name that is no text become problems.
    """
    seen = {os.path.realpath(root)}
    waiting = [root]
    while waiting:
        folder = _scan(waiting.pop(), problems)
        folder.folders[:] = [name for name in folder.folders if _is_new(os.path.join(folder.path, name), seen)]
        yield folder
        waiting.extend(os.path.join(folder.path, name) for name in reversed(folder.folders))


def _is_new(path: str, seen: set[str]) -> bool:
    real = os.path.realpath(path)
    if real in seen:
        return False
    seen.add(real)
    return True


def _scan(path: str, problems: list[Problem]) -> Folder:
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                name = entry.name
                if name[0] == "." or name == "__MACOSX":
                    continue
                if not name.isascii() and not is_text(name):
                    problems.append(Problem("file_name_not_text", printable(os.path.join(path, name))))
                elif entry.is_dir():
                    folders.append(name)
                else:
                    files.append(name)
    except OSError as error:
        problems.append(Problem("folder_unreadable", path, error.strerror or ""))
    files.sort()
    folders.sort()
    return Folder(path, files, folders)


def names_in(path: str) -> set[str]:
    """File and folder names in ``path``; empty when there is no such folder."""
    try:
        return set(os.listdir(path))
    except OSError:
        return set()


def is_text(name: str) -> bool:
    """False for file names whose bytes are no valid UTF-8: they can be kept neither in JSON nor in SQLite."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def is_image(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def unsafe_files(folder: Folder) -> Iterator[Problem]:
    for name in folder.files:
        if os.path.splitext(name)[1].lower() in UNSAFE_SUFFIXES:
            yield Problem("cache_ignored", os.path.join(folder.path, name))


def list_images(root: str, problems: list[Problem]) -> list[str]:
    """Every picture below ``root``, absolute, sorted folder by folder; caches met on the way become problems."""
    images = []
    for folder in walk(root, problems):
        prefix = os.path.join(folder.path, "")
        images += [prefix + name for name in folder.files if is_image(name)]
        problems.extend(unsafe_files(folder))
    return images


def split_of(path: str, root: str = "") -> Split | None:
    """The split that the innermost folder with a split's name gives; ``root`` and above do not count."""
    for part in reversed(os.path.relpath(path, root).split(os.sep) if root else path.split(os.sep)):
        split = SPLIT_NAMES.get(part.lower())
        if split:
            return split
    return None


def split_of_name(name: str) -> Split | None:
    """``train.json``, ``instances_val2017.json``, ``labels-test.csv``: the split that a file's name gives."""
    words = "".join(c if c.isalpha() else " " for c in os.path.splitext(os.path.basename(name))[0]).lower().split()
    found = {SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES}
    return found.pop() if len(found) == 1 else None


def unwrap(root: str) -> str:
    """The folder that matters when archives wrapped it: goes down while a folder holds one folder and no file
    of weight, and that one is neither a split, nor ``images``, nor full of pictures."""
    current = root
    for _ in range(4):
        folder = _scan(current, [])
        if len(folder.folders) != 1 or any(_matters(name) for name in folder.files):
            return current
        name = folder.folders[0]
        below = _scan(os.path.join(current, name), [])
        if name.lower() in SPLIT_NAMES or name.lower() in ("images", "labels", "annotations", UNASSIGNED):
            return current
        if any(is_image(file) for file in below.files) and not any(_matters_as_label(file) for file in below.files):
            return current
        current = below.path
    return current


def _matters(name: str) -> bool:
    return is_image(name) or _matters_as_label(name)


def _matters_as_label(name: str) -> bool:
    suffix = os.path.splitext(name)[1].lower()
    return suffix in (".yaml", ".yml", ".json", ".csv", ".tsv", ".xml") or name.lower() == "classes.txt"


def counted(items: Iterable[T], progress: Progress, what: str) -> Iterator[T]:
    """``items``, telling ``progress`` about it a few times a second."""
    total = len(items) if isinstance(items, Sized) else 0
    due = monotonic() + SECONDS_BETWEEN_REPORTS
    done = 0
    for done, item in enumerate(items, start=1):
        yield item
        if done % 64 == 0 and monotonic() >= due:
            progress(done, total, what)
            due = monotonic() + SECONDS_BETWEEN_REPORTS
    progress(done, total or done, what)
