"""What the window remembers about its user, in one file of the user's own folder; never part of a project."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QByteArray, QObject, QSettings, Signal

from core.store.home import home

MOST_RECENT = 12
THEMES = ("system", "light", "dark")


class Recent(NamedTuple):
    """A project opened before; ``opened`` in Unix seconds."""

    path: Path
    opened: int


class Settings(QObject):
    """Typed access to ``window.ini``. A file that cannot be read or written costs the memory, never the window."""

    theme_changed = Signal(str)
    expert_changed = Signal(bool)
    recent_changed = Signal()

    def __init__(self, file: Path | None = None) -> None:
        super().__init__()
        file = file or home() / "window.ini"
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
        self._store = QSettings(str(file), QSettings.Format.IniFormat)

    @property
    def theme(self) -> str:
        """``system``, ``light`` or ``dark``."""
        value = self._text("theme", "system")
        return value if value in THEMES else "system"

    @theme.setter
    def theme(self, value: str) -> None:
        if value != self.theme:
            self._store.setValue("theme", value)
            self.theme_changed.emit(value)

    @property
    def expert(self) -> bool:
        """Whether Advanced is shown."""
        return self._text("expert", "false") == "true"

    @expert.setter
    def expert(self, value: bool) -> None:
        if value != self.expert:
            self._store.setValue("expert", "true" if value else "false")
            self.expert_changed.emit(value)

    @property
    def language(self) -> str:
        """A code such as ``cs``; empty for that of the system."""
        return self._text("language", "")

    @language.setter
    def language(self, value: str) -> None:
        self._store.setValue("language", value)

    @property
    def projects(self) -> Path:
        """Where new projects are made."""
        return Path(self._text("projects", "") or Path.home() / "Lensmith")

    @projects.setter
    def projects(self, value: Path) -> None:
        self._store.setValue("projects", os.fspath(value))

    @property
    def recent(self) -> list[Recent]:
        """Projects opened before, newest first; some may be gone by now, or lie on a drive that is not there today."""
        lines = [line.split(" ", 1) for line in self._text("recent", "").split("\n") if line[:1].isdigit()]
        return [Recent(Path(path), int(opened)) for opened, path in lines]

    def opened(self, project: Path) -> None:
        """Remember ``project`` as the newest."""
        others = [one for one in self.recent if one.path != project]
        self._remember([Recent(project, int(time.time())), *others])

    def forget(self, project: Path) -> None:
        self._remember([one for one in self.recent if one.path != project])

    def _remember(self, recent: list[Recent]) -> None:
        lines = [f"{one.opened} {os.fspath(one.path)}" for one in recent if "\n" not in os.fspath(one.path)]
        self._store.setValue("recent", "\n".join(lines[:MOST_RECENT]))
        self.recent_changed.emit()

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
