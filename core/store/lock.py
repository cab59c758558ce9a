"""One writer at a time: a lock that dies with its process, and a note saying who holds it."""

import errno
import getpass
import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from core.domain.errors import LensmithError
from core.domain.project import Holder
from core.store.codec import read_json, write_json

LOCK = "lensmith.lock"
_NOTE = "lensmith.holder.json"  # a file of its own, since Windows lets nobody read a locked one


def take_lock(project: Path) -> BaseFileLock | None:
    """The lock of a project, or ``None`` when another window or command holds it.

    The operating system frees it when the process ends, however it ends.

    Raises:
        OSError: the folder cannot be written.
    """
    # A lock file from better days may itself be writable in a folder that is not.
    if not os.access(project, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(project))
    # Not thread-local: a project opened in a background thread is closed by the main one.
    lock = FileLock(project / LOCK, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return None
    try:
        write_json(project / _NOTE, _me())
    except LensmithError:
        # A full disk must not keep the user out of the project; the note is only a courtesy to others.
        (project / _NOTE).unlink(missing_ok=True)
    return lock


def free_lock(project: Path, lock: BaseFileLock) -> None:
    (project / _NOTE).unlink(missing_ok=True)
    lock.release()


def read_holder(project: Path) -> Holder | None:
    """Who holds the lock; ``None`` when it cannot be told."""
    # Whoever took the lock a moment ago may still be writing the note.
    for _ in range(20):
        try:
            return read_json(project / _NOTE, Holder)
        except LensmithError:
            time.sleep(0.01)
    return None


def _me() -> Holder:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "unknown"
    return Holder(
        pid=os.getpid(), host=platform.node(), user=user, since=datetime.now(UTC).isoformat(timespec="seconds")
    )
