"""Copies of a project's database, made while nobody waits, and the way back to one of them.

A copy is one consistent moment of the project, labels and diary included; pictures and runs are files of their own and
are not in it. What a damaged database was is kept beside, whatever happens.
"""

import os
import re
import shutil
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from core.domain.errors import LensmithError
from core.store import database
from core.store.files import file_sha256, sync_directory, translated_errors
from core.store.lock import free_lock, take_lock

FOLDER = "backups"
KEPT = 5
APART = timedelta(hours=1)  # at least, so that the copies kept do not all stem from one sitting
SMALL = 32 * 2**20  # bytes of a database that is copied while somebody waits
_LOGS = ("-wal", "-shm", "-journal")
_NAME = re.compile(r"(\d{4,}) (\d{8}T\d{6}Z)\.db")


class Backup(Struct, frozen=True):
    """A copy of the database. ``number`` orders them, whatever the clock did."""

    path: Path
    number: int
    time: datetime  # with UTC


class Restored(Struct, frozen=True):
    """``backup`` is the database now; what was there before is ``kept``, if there was anything."""

    backup: Backup
    kept: Path | None


class DamagedProject(LensmithError):
    """A database that is damaged, or has lost its last changes. ``backup``: the newest whole copy, if there is one."""

    def __init__(self, project: Path, cause: str) -> None:
        self.project, self.backup = project, newest_whole(project)
        if self.backup is None:
            remedy = "There is no backup of it yet. Keep the file: its labels can often be saved by whoever helps."
        else:
            made = self.backup.time.astimezone()
            remedy = f"Restore the backup of {made:%Y-%m-%d %H:%M} (lensmith restore); the file is kept beside it."
        super().__init__(cause, remedy)


def backups(project: Path) -> list[Backup]:
    """Newest first."""
    found = []
    with suppress(OSError):
        for path in (project / FOLDER).iterdir():
            named = _NAME.fullmatch(path.name)
            if named:
                time = datetime.strptime(named[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                found.append(Backup(path, int(named[1]), time))
    return sorted(found, key=lambda one: -one.number)


def newest_whole(project: Path) -> Backup | None:
    return next((one for one in backups(project) if _is_whole(one.path)), None)


def back_up(project: Path, file: Path, apart: timedelta = APART) -> Backup | None:
    """Copy the database ``file``, if it changed since the newest copy and that is not quite new; the oldest copies go.

    Never raises for a disk that is full or cannot be written: the project itself is what matters.
    """
    known = backups(project)
    if known and timedelta(0) <= datetime.now(UTC) - known[0].time < apart:
        return None
    number = known[0].number + 1 if known else 1
    made = Backup(project / FOLDER / f"{number:04d} {datetime.now(UTC):%Y%m%dT%H%M%SZ}.db", number, datetime.now(UTC))
    draft = made.path.with_name(".new")
    try:
        if known and _written(file) < known[0].path.stat().st_mtime_ns:
            return None
        with closing(database.connect(file, "ro")) as db:
            if not db.execute("SELECT 1 FROM images LIMIT 1").fetchone():
                return None  # nothing to lose
            draft.parent.mkdir(exist_ok=True)
            draft.unlink(missing_ok=True)
            db.execute("VACUUM INTO ?", (str(draft),))
        with draft.open("rb+") as written:
            os.fsync(written.fileno())
        if known and file_sha256(draft) == file_sha256(known[0].path):
            return None  # nothing but the file's own housekeeping
        draft.replace(made.path)
        sync_directory(made.path.parent)
        for old in known[KEPT - 1 :]:
            old.path.unlink(missing_ok=True)
    except (OSError, sqlite3.Error, LensmithError):
        return None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return made


def check_log(project: Path, file: Path) -> None:
    """Raise ``DamagedProject`` when the log of a database that was not closed is gone, and with it changes that a
    backup has."""
    shared, log = (file.with_name(file.name + ending) for ending in ("-shm", "-wal"))
    newest = newest_whole(project) if shared.exists() and not log.exists() else None
    if newest is None:
        return
    with suppress(sqlite3.Error), closing(database.connect(file, "immutable")) as db:
        if _edits(db) < _edits_of(newest.path):
            raise DamagedProject(project, f"The last changes of {file} are missing: {log.name}, their log, is gone.")


def restore(project: Path, file: Path, backup: Backup | None = None) -> Restored:
    """Make a backup (without one: the newest that is whole) the database ``file``; what was there is kept beside it.

    Killed at any moment, the project is damaged as before or restored. Raises ``LensmithError``: no backup, or the
    project is open elsewhere or cannot be written.
    """
    chosen = backup or newest_whole(project)
    if chosen is None or not _is_whole(chosen.path):
        raise LensmithError(f"{project} has no whole backup.", f"Backups are in its folder “{FOLDER}”.")
    with translated_errors(project):
        lock = take_lock(project)
    if lock is None:
        raise LensmithError(f"{project} is open in another window or command.", "Close it there, then try again.")
    try:
        with translated_errors(project):
            draft = file.with_name(f"{file.name}.new")
            shutil.copyfile(chosen.path, draft)
            kept = _keep(file)
            for ending in _LOGS:  # a log is of the database that it was made for alone
                file.with_name(file.name + ending).unlink(missing_ok=True)
            draft.replace(file)
            sync_directory(project)
    finally:
        free_lock(project, lock)
    return Restored(chosen, kept)


def _keep(file: Path) -> Path | None:
    """Copy a database and its logs to names of their own, under which SQLite can still open them together."""
    if not file.exists():
        return None
    name = f"{file.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    names = (name, *(f"{name}-{again}" for again in range(2, 1000)))
    kept = next(path for path in map(file.with_name, names) if not path.exists())
    for ending in ("", *_LOGS):
        part = file.with_name(file.name + ending)
        if part.exists():
            shutil.copyfile(part, kept.with_name(kept.name + ending))
    return kept


def _is_whole(path: Path) -> bool:
    try:
        with closing(database.connect(path, "immutable")) as db:
            database.check_health(db, path)
            return bool(db.execute("SELECT count(*) FROM project").fetchone()[0])
    except (sqlite3.Error, LensmithError):
        return False


def _edits(db: sqlite3.Connection) -> tuple[int, int]:
    """How far a project has come: its diary, and the images that it knows."""
    (edits,) = db.execute("SELECT coalesce(max(id), 0) FROM edits").fetchone()
    (images,) = db.execute("SELECT count(*) FROM images").fetchone()
    return int(edits), int(images)


def _edits_of(path: Path) -> tuple[int, int]:
    with closing(database.connect(path, "immutable")) as db:
        return _edits(db)


def _written(file: Path) -> int:
    """When a database was last written, in nanoseconds."""
    log = file.with_name(file.name + "-wal")
    return max(part.stat().st_mtime_ns for part in (file, log) if part.exists())
