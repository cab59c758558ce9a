"""Opening a project for a verb that changes it."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from core.actions.splitting import is_split
from core.domain.dataset import Image, ImageClass
from core.domain.errors import LensmithError
from core.domain.labels import ImageLabels
from core.domain.project import ProjectInfo
from core.domain.task import Task
from core.store.project_store import DATABASE, ProjectStore
from core.store.run_store import RunStore


class ProjectData(Struct, frozen=True, kw_only=True):
    """What a project holds at one moment. ``images`` in the order of import."""

    info: ProjectInfo
    classes: tuple[ImageClass, ...] = ()
    images: Sequence[Image] = ()

    def labelled(self) -> int:
        """Images labelled to the end; the others never train."""
        return sum(image.is_labelled for image in self.images)


def read_project(store: ProjectStore) -> ProjectData:
    """Everything the window shows of a project's data; seconds for 100,000 images, so never in the window's thread."""
    return ProjectData(info=store.info, classes=store.classes(), images=store.images())


def relabelled(image: Image, labels: ImageLabels) -> Image:
    """``image`` with other labels."""
    return replace(
        image,
        annotation=labels.annotation,
        done=labels.done,
        proposals=len(labels.proposals),
        least_score=min((one.score for one in labels.proposals), default=1.0),
    )


def count_images(path: Path) -> int | None:
    """How many images the project at ``path`` holds; ``None`` where there is no project that can be read."""
    try:
        with ProjectStore.open(path, for_writing=False) as store:
            return store.count_images()
    except (LensmithError, OSError):
        return None


PATIENCE = 5.0  # seconds; within it another command has split the data and let go


def writable_project(path: Path, *, make: bool = False, task: Task | None = None) -> ProjectStore:
    """Open the project for writing; with ``make``, one that is not there yet is created.

    Raises ``LensmithError`` naming the holder when somebody else has it open.
    """
    if make and not (path / DATABASE).exists():
        return ProjectStore.create(path, task=task)
    store = ProjectStore.open(path)
    if store.read_only:
        holder = store.holder
        store.close()
        if holder is None:
            raise LensmithError(
                f"The project “{path.name}” can only be read: its folder cannot be written, or somebody else has it.",
                "Make the folder writable, or close other windows that have it; then try again.",
            )
        raise LensmithError(
            f"The project “{path.name}” can only be read now: it is held by {holder.user} on {holder.host} "
            f"(process {holder.pid}, since {holder.since}).",
            "Close it there, then try again.",
        )
    return store


@contextmanager
def project_to_import_into(path: Path) -> Iterator[ProjectStore]:
    """The project at ``path``, writable; one made here is gone again unless something was imported into it."""
    was_there, new = path.exists(), not (path / DATABASE).exists()
    store = writable_project(path, make=True)
    empty = new
    try:
        with store:
            try:
                yield store
            finally:
                empty = new and not store.files()
    finally:
        if empty:
            _remove_new(path, folder_too=not was_there)


def project_to_train(path: Path) -> ProjectStore:
    """The project, writable if nobody else has it: a run needs that only where the data must be split first."""
    until = time.monotonic() + PATIENCE
    while True:
        store = ProjectStore.open(path)
        if not store.read_only or store.holder is None or is_split(store) or time.monotonic() > until:
            return store
        store.close()
        time.sleep(0.1)


def runs_of(path: Path) -> RunStore:
    """The runs of a project, which can be looked at and steered while somebody else has the project open."""
    if not (path / DATABASE).exists():
        raise LensmithError(f"“{path}” is no Lensmith project.", f"Give the folder that holds {DATABASE}.")
    return RunStore(path)


def _remove_new(path: Path, *, folder_too: bool) -> None:
    """Take away what ``ProjectStore.create`` made; the folder was new or empty then."""
    if folder_too:
        shutil.rmtree(path, ignore_errors=True)
        return
    for entry in path.glob("lensmith.*"):
        entry.unlink()
    for name in ("runs", "cache", "images"):
        shutil.rmtree(path / name, ignore_errors=True)
