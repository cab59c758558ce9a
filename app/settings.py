"""What the window remembers about its user, in one file of the user's own folder; never part of a project."""

import os
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from core.store.home import home

MOST_RECENT = 12
THEMES = ("system", "light", "dark")


class Settings:
    """Typed access to ``window.ini``. A file that cannot be read or written costs the memory, never the window."""

    def __init__(self, file: Path | None = None) -> None:
        file = file or home() / "window.ini"
        file.parent.mkdir(parents=True, exist_ok=True)
        self._store = QSettings(str(file), QSettings.Format.IniFormat)

    @property
    def theme(self) -> str:
        """``system``, ``light`` or ``dark``."""
        value = self._text("theme", "system")
        return value if value in THEMES else "system"

    @theme.setter
    def theme(self, value: str) -> None:
        self._store.setValue("theme", value)

    @property
    def expert(self) -> bool:
        """Whether Advanced is shown."""
        return self._text("expert", "false") == "true"

    @expert.setter
    def expert(self, value: bool) -> None:
        self._store.setValue("expert", "true" if value else "false")

    @property
    def recent(self) -> list[Path]:
        """Projects opened before, newest first, those gone left out."""
        paths = [Path(line) for line in self._text("recent", "").split("\n") if line]
        return [path for path in paths if (path / "lensmith.db").is_file()]

    def opened(self, project: Path) -> None:
        """Remember ``project`` as the newest."""
        others = [path for path in self.recent if path != project]
        self._store.setValue("recent", "\n".join(map(os.fspath, [project, *others][:MOST_RECENT])))

    def forget(self, project: Path) -> None:
        self._store.setValue("recent", "\n".join(os.fspath(path) for path in self.recent if path != project))

    def bytes(self, name: str) -> QByteArray:
        """Qt's own state of a window or a splitter."""
        value = self._store.value(name)
        return value if isinstance(value, QByteArray) else QByteArray()

    def set_bytes(self, name: str, value: QByteArray) -> None:
        self._store.setValue(name, value)

    def text(self, name: str, otherwise: str = "") -> str:
        """A small choice of one page, such as the size of thumbnails."""
        return self._text(name, otherwise)

    def set_text(self, name: str, value: str) -> None:
        self._store.setValue(name, value)

    def sync(self) -> None:
        self._store.sync()

    def _text(self, name: str, otherwise: str) -> str:
        value = self._store.value(name, otherwise)
        return value if isinstance(value, str) else otherwise
