"""How the paths of pictures are kept: relative to the project where the drive is the same, with forward slashes.

So a folder that holds both the project and its pictures can be moved, or opened from another operating system.
"""

import os
import sqlite3
from pathlib import Path


class PicturePaths:
    """Turns absolute paths into stored ones and back; remembers folders, since pictures come in thousands a folder."""

    def __init__(self, project: Path) -> None:
        self._project = str(project)
        self._stored: dict[str, str] = {}
        self._absolute: dict[str, str] = {}

    def stored(self, path: str) -> str:
        """The form in which an absolute path is kept."""
        folder, name = os.path.split(path)
        if folder not in self._stored:
            self._stored[folder] = self._relative(folder)
        return f"{self._stored[folder]}/{name}"

    def absolute(self, stored: str) -> str:
        """The absolute path, in the operating system's own spelling."""
        folder, _, name = stored.rpartition("/")
        if folder not in self._absolute:
            self._absolute[folder] = os.path.normpath(os.path.join(self._project, folder or "/"))  # noqa: PTH118
        return os.path.join(self._absolute[folder], name)  # noqa: PTH118

    def _relative(self, folder: str) -> str:
        try:
            relative = os.path.relpath(folder, self._project)
        except ValueError:  # another drive of Windows
            relative = os.path.normpath(folder)
        return relative.replace(os.sep, "/") if os.sep != "/" else relative


def follow_move(db: sqlite3.Connection, project: Path) -> None:
    """Point at the pictures again after the project folder was moved and they were not; to be called in a transaction.

    Folders that moved along with the project, or are gone, keep their stored paths.
    """
    (before,) = db.execute("SELECT location FROM project").fetchone()
    if before == str(project):
        return
    if before is not None:
        old, new = PicturePaths(Path(before)), PicturePaths(project)
        moved = [
            (new.stored(old.absolute(stored)), stored)
            for (stored,) in db.execute("SELECT path FROM files").fetchall()
            if not os.path.exists(new.absolute(stored)) and os.path.exists(old.absolute(stored))  # noqa: PTH110
        ]
        # A new path may equal one that is stored already (a picture known at both places): one row is enough.
        db.executemany("UPDATE OR REPLACE files SET path = ? WHERE path = ?", moved)
    db.execute("UPDATE project SET location = ?", (str(project),))
