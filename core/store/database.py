"""The SQLite file of a project: opened safely, changed in transactions, its errors told in sentences."""

import ctypes
import os
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from core.domain.errors import LensmithError

MOUNTS = Path("/proc/mounts")
NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "9p", "fuse.sshfs", "fuse.davfs"}
_CHECKED_WHOLLY = 64 * 2**20  # bytes
_REMOTE_DRIVE = 4  # DRIVE_REMOTE of Windows' GetDriveTypeW


class DamagedError(LensmithError):
    """SQLite finds the file damaged."""


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """A connection that may be used by one thread at a time, transactions being begun by hand.

    ``mode``: ``rw`` an existing file, ``rwc`` creating it, ``ro`` never writing, ``immutable`` a file on a medium that
    cannot be written at all.

    WAL with ``synchronous=FULL``: a committed edit survives ``kill -9`` and power loss, and readers never wait. On a
    network drive a rollback journal instead: WAL needs memory that all who have the file open share.
    """
    query = "immutable=1" if mode == "immutable" else f"mode={mode}"
    # "file://" before "/home/…", "/C:/…" and "//server/share/…" alike.
    address = "file://" + quote(os.fsencode("/" * (path.drive[1:2] == ":") + path.as_posix())) + "?" + query
    db = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        db.execute("PRAGMA foreign_keys=ON")
        db.execute("PRAGMA cache_size=-65536")  # 64 MB
        if mode in ("rw", "rwc"):
            if on_network(path):
                db.execute("PRAGMA cache_spill=OFF")  # else a long import locks readers out before its commit
                db.execute("PRAGMA journal_mode=DELETE")
            else:
                db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error:
        db.close()
        raise
    return db


def on_network(path: Path) -> bool:
    """Whether ``path`` lies on a drive of another machine (NFS, SMB, SSHFS), as far as the system tells.

    Linux: the longest mount point of ``/proc/mounts`` above it. Windows: a UNC path, or GetDriveTypeW.
    """
    if sys.platform == "win32":  # written from the documentation, not run
        drive = path.absolute().drive
        return drive.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") == _REMOTE_DRIVE
    try:
        lines = MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return False
    place = str(path.absolute())  # no link is followed: on a share that dropped that would hang
    nearest, found = "", ""
    for line in lines:
        _, point, kind, *_ = line.split(" ")
        point = _unescaped(point)
        if len(point) >= len(nearest) and _is_inside(place, point):  # of two mounts at one point the later one counts
            nearest, found = point, kind
    return found in NETWORK_FILE_SYSTEMS


def _unescaped(point: str) -> str:
    """The kernel writes a space as ``\\040`` and so on."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), point)


def _is_inside(place: str, point: str) -> bool:
    return point == "/" or place == point or place.startswith(f"{point.rstrip('/')}/")


def check_health(db: sqlite3.Connection, path: Path) -> None:
    """Raise ``DamagedError`` when SQLite finds the file damaged. Of a large one, indices are not compared with rows."""
    pragma = "integrity_check" if path.stat().st_size <= _CHECKED_WHOLLY else "quick_check"
    try:
        (answer,) = db.execute(f"PRAGMA {pragma}(1)").fetchone()
    except sqlite3.DatabaseError as error:
        answer = str(error)
    if answer != "ok":
        raise DamagedError(
            f"{path} is damaged ({answer}).",
            "Restore it from a backup; keep the damaged file, its annotations can often be saved.",
        )


@contextmanager
def transaction(db: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All changes inside, or none when an exception leaves it. SQLite's own errors become ``LensmithError``."""
    with translated_errors(path):
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        finally:
            # SQLite has rolled back by itself after some errors, such as a full disk.
            if db.in_transaction:
                db.execute("ROLLBACK")


@contextmanager
def translated_errors(path: Path, failure: str = "Not saved") -> Iterator[None]:
    """Tell SQLite's errors as a ``LensmithError``; ``failure`` says what did not happen."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _told(error, path, failure) from error


def _told(error: sqlite3.DatabaseError, path: Path, failure: str) -> LensmithError:
    # sqlite_errorcode is missing on errors that the Python module raises itself.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return LensmithError(
            f"{failure}: the disk of {path} is full or failing. Everything saved before is still there.",
            "Free some space on that disk and try again.",
        )
    if code == sqlite3.SQLITE_READONLY:
        return LensmithError(f"{failure}: {path} is read-only.", "Allow writing to the project folder and try again.")
    if code == sqlite3.SQLITE_BUSY:
        return LensmithError(f"{failure}: {path} is in use by another program.", "Close that program and try again.")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return DamagedError(f"{path} is damaged ({error}).", "Restore it from a backup; keep the damaged file.")
    return LensmithError(f"{failure}: {path} answered “{error}”.", "Try again; if it stays, please report it.")
