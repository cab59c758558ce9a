"""What a project remembers of its picture files, to see whether one changed since."""

from msgspec import Struct

from core.domain.source import Problem
from core.store.picture_paths import PicturePaths
from core.store.project_store import ProjectStore

CHANGED = "picture_changed"  # kind of problem


class Remembered(Struct, frozen=True):
    """A file as it was when it was imported, or looked at last. ``size`` in bytes."""

    hash: str
    size: int
    mtime_ns: int


def remembered(store: ProjectStore, path: str) -> Remembered | None:
    """``None`` for a file that the project does not know."""
    query = "SELECT hash, files.size, mtime_ns FROM files JOIN images ON id = image WHERE path = ?"
    with store.reading() as db:
        row = db.execute(query, (PicturePaths(store.path).stored(path),)).fetchone()
    return None if row is None else Remembered(*row)


def remember_touched(store: ProjectStore, path: str, mtime_ns: int) -> None:
    """The file holds what it held before: it was only touched, or has been brought back."""
    with store.editing() as db:
        stored = PicturePaths(store.path).stored(path)
        db.execute("UPDATE files SET mtime_ns = ? WHERE path = ?", (mtime_ns, stored))
        db.execute("DELETE FROM problems WHERE kind = ? AND place = ?", (CHANGED, path))


def note_changed(store: ProjectStore, path: str) -> None:
    """It becomes a finding until the file is imported again, brought back, or taken as it is."""
    problem = Problem(CHANGED, path)
    with store.editing() as db:
        db.execute("INSERT OR IGNORE INTO problems VALUES (?, ?, ?)", (problem.kind, problem.where, problem.detail))


def forget_problems(store: ProjectStore, path: str, *kinds: str) -> None:
    with store.editing() as db:
        db.executemany("DELETE FROM problems WHERE kind = ? AND place = ?", ((kind, path) for kind in kinds))
