"""``about.json`` in a run's folder: read by anybody, replaced whole under the lock of the project's runs."""

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from core.domain.errors import LensmithError
from core.domain.run_notes import RunNotes
from core.store.codec import read_json, write_json
from core.store.files import translated_errors
from core.store.run_store import RunFolder

ABOUT = "about.json"


def read_notes(run_dir: Path) -> RunNotes:
    """What was said about a run; nothing where nobody has, or where the file is damaged: it must not hide a run."""
    path = run_dir / ABOUT
    try:
        return read_json(path, RunNotes) if path.exists() else RunNotes()
    except LensmithError:
        return RunNotes()


def change_notes(run: RunFolder, change: Callable[[RunNotes], RunNotes]) -> RunNotes:
    """Replace the notes by what ``change`` makes of them, with nobody in between.

    Raises:
        LensmithError: no room, not allowed to write, or written by a newer Lensmith; the notes are as they were.
    """
    path = run.path / ABOUT
    with translated_errors(path), FileLock(run.path.parent / ".lock", fallback_to_soft=False):
        if not run.path.is_dir():
            raise LensmithError(f"Run {run.id} is no longer there.", "Look at the list of runs again.")
        before = read_json(path, RunNotes) if path.exists() else RunNotes()
        after = change(before)
        if after != before:
            write_json(path, after)
        return after
