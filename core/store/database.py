"""The SQLite file of a project: opened safely, changed in transactions, its errors told in sentences."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from core.domain.errors import LensmithError


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """A connection that may be used by one thread at a time, transactions being begun by hand.

    ``mode``: ``rw`` an existing file, ``rwc`` creating it, ``ro`` never writing, ``immutable`` a file on a medium that
    cannot be written at all.

    WAL with ``synchronous=FULL``: a committed edit survives ``kill -9`` and power loss, and readers never wait.
    """
    query = "immutable=1" if mode == "immutable" else f"mode={mode}"
    # "file://" before "/home/…", "/C:/…" and "//server/share/…" alike.
    address = "file://" + quote(os.fsencode("/" * (path.drive[1:2] == ":") + path.as_posix())) + "?" + query
    db = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        db.execute("PRAGMA foreign_keys=ON")
        db.execute("PRAGMA cache_size=-65536")  # 64 MB
        if mode in ("rw", "rwc"):
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error:
        db.close()
        raise
    return db


def check_health(db: sqlite3.Connection, path: Path) -> None:
    """Raise ``LensmithError`` when SQLite finds the file damaged."""
    try:
        (answer,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        answer = str(error)
    if answer != "ok":
        raise LensmithError(
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
        return LensmithError(f"{path} is damaged ({error}).", "Restore it from a backup; keep the damaged file.")
    return LensmithError(f"{failure}: {path} answered “{error}”.", "Try again; if it stays, please report it.")
