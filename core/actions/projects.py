"""Opening a project for a verb that changes it."""

from pathlib import Path

from core.domain.errors import LensmithError
from core.domain.task import Task
from core.store.project_store import ProjectStore
from core.store.run_store import RunStore


def writable_project(path: Path, *, make: bool = False, task: Task | None = None) -> ProjectStore:
    """Open the project for writing; with ``make``, one that is not there yet is created.

    Raises ``LensmithError`` naming the holder when somebody else has it open.
    """
    if make and not path.joinpath("lensmith.db").exists():
        return ProjectStore.create(path, path.name, task)
    store = ProjectStore.open(path)
    if store.read_only:
        holder = store.holder
        store.close()
        who = f"{holder.user} on {holder.host} (process {holder.pid}, since {holder.since})" if holder else "its disk"
        raise LensmithError(
            f"The project “{path.name}” can only be read now: it is held by {who}.",
            "Close it there, or make its folder writable, then try again.",
        )
    return store


def runs_of(path: Path) -> RunStore:
    """The runs of a project, which can be looked at and steered while somebody else has the project open."""
    if not path.joinpath("lensmith.db").exists():
        raise LensmithError(f"“{path}” is no Lensmith project.", "Give the folder that holds lensmith.db.")
    return RunStore(path)
