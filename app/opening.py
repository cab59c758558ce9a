"""Opening a project away from the window's thread: its drive may be slow, and heavy modules are loaded on the way."""

import gc
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from core.domain.errors import Cancelled, LensmithError
from core.domain.progress import Progress, silent
from core.runs import supervisor
from core.store.project_store import DATABASE, ProjectStore
from core.store.run_store import RunFolder, RunStore

# Loaded here, the window does not stand still for them.
NEEDED_AT_ONCE = ("app.workspace", "app.pages.data_page", "app.farewell", "core.actions.checking", "core.data.images")


class Opened(NamedTuple):
    """``run``: the newest one, if it goes on or died while nobody looked."""

    store: ProjectStore
    run: RunFolder | None = None


def open_project(path: Path, progress: Progress = silent) -> Opened:
    """Open the project at ``path``, or make one there."""
    for name in NEEDED_AT_ONCE:
        import_module(name)
    gc.freeze()  # modules are here to stay: a full collection that walks them all stops the window for 90 ms
    store = ProjectStore.open(path) if (path / DATABASE).exists() else ProjectStore.create(path)
    try:
        run = _unattended(path)
        progress(1, 1, "")
    except Cancelled:
        store.close()
        raise
    return Opened(store, run)


def open_for_writing(path: Path) -> Opened:
    """Open once more what could only be read; whether it can be written now is for the caller to see."""
    return Opened(ProjectStore.open(path))


def is_project(path: Path) -> bool:
    return (path / DATABASE).exists()


def _unattended(project: Path) -> RunFolder | None:
    """Decided here, before the window reads the list of runs: whoever reads that settles those that died."""
    runs = RunStore(project).list()
    if not runs:
        return None
    with suppress(LensmithError, OSError):  # the folder cannot be written: the run stays as it is
        if supervisor.is_alive(runs[-1].path) or supervisor.settle(runs[-1].path):
            return runs[-1]
    return None
