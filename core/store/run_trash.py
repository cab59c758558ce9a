"""The trash of runs, ``runs/.trash/ID``: a run goes there and comes back by one rename within the project's disk."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from core.domain.errors import LensmithError
from core.store.files import sync_directory, translated_errors
from core.store.run_store import RunFolder, RunStore

TRASH = ".trash"


def trash_of(project: Path) -> Path:
    return Path(project).resolve() / "runs" / TRASH


def trashed(project: Path) -> list[RunFolder]:
    """The runs in the trash, oldest first by number."""
    folder = trash_of(project)
    if not folder.is_dir():
        return []
    # One that begins with a dot was being deleted for good when its process died.
    found = [RunFolder(entry.name, entry) for entry in folder.glob("[0-9]*-*") if (entry / "spec.json").exists()]
    return sorted(found, key=lambda run: run.number)


def put_into_trash(project: Path, runs: Sequence[RunFolder]) -> None:
    """Move runs into the trash; those moved before one fails stay there.

    Raises:
        LensmithError: a folder is in use (Windows), gone, or may not be moved.
    """
    folder = trash_of(project)
    with translated_errors(folder), FileLock(folder.parent / ".lock", fallback_to_soft=False):
        folder.mkdir(exist_ok=True)
        for run in runs:
            _move(run.path, folder / run.id)


def take_from_trash(project: Path, ids: Sequence[str]) -> list[RunFolder]:
    """Move runs back to where they were.

    Raises:
        LensmithError: one is not in the trash, or cannot be moved.
    """
    folder, runs = trash_of(project), RunStore(project)
    with translated_errors(folder.parent), FileLock(folder.parent / ".lock", fallback_to_soft=False):
        for run_id in ids:
            _move(folder / run_id, folder.parent / run_id)
    return [runs.get(run_id) for run_id in ids]


def trash_size(project: Path) -> int:
    """Bytes of all files in the trash."""
    folder = trash_of(project)
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file()) if folder.is_dir() else 0


def empty(project: Path, ids: Sequence[str]) -> None:
    """Delete these runs of the trash for good; a process that dies on the way leaves the others whole.

    Raises:
        LensmithError: a file cannot be deleted.
    """
    folder = trash_of(project)
    with translated_errors(folder), FileLock(folder.parent / ".lock", fallback_to_soft=False):
        for leftover in folder.glob(".*"):
            shutil.rmtree(leftover, ignore_errors=True)
        for run_id in ids:
            doomed = folder / f".{run_id}"  # a half-deleted run must not look like one that can come back
            if (folder / run_id).is_dir():
                (folder / run_id).rename(doomed)
                shutil.rmtree(doomed)


def _move(source: Path, target: Path) -> None:
    if not source.is_dir():
        raise LensmithError(f"There is no run {source.name} in {source.parent}.", "Look at the list of runs again.")
    if target.exists():
        raise LensmithError(f"{target} is there already.", "Look at the list of runs again.")
    source.rename(target)
    for folder in (source.parent, target.parent):
        sync_directory(folder)
