"""What the window shows now; derived, never stored by the window itself."""

from pathlib import Path

from core.store.project_store import ProjectStore


class OpenProject:
    """The project of this window: one store, open as long as the window shows it."""

    def __init__(self, store: ProjectStore) -> None:
        self.store = store

    @classmethod
    def at(cls, path: Path) -> "OpenProject":
        """Open the project in ``path``, or make one there."""
        if path.joinpath("lensmith.db").exists():
            return cls(ProjectStore.open(path))
        return cls(ProjectStore.create(path))

    @property
    def path(self) -> Path:
        return self.store.path

    def close(self) -> None:
        self.store.close()
