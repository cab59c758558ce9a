"""The demo project: drawn gears, imported and split, ready to train on."""

from pathlib import Path

from core.actions import importing, splitting
from core.actions.projects import project_to_import_into
from core.data import sample
from core.domain.progress import Progress, silent
from core.domain.task import Task
from core.store.project_store import DATABASE

NAME = "gears"
PICTURES = 320


def make_demo_project(folder: Path, progress: Progress = silent) -> Path:
    """The project ``gears`` below ``folder``, made unless it is there. Cancelled, it leaves no half project."""
    project, pictures = folder / NAME, folder / "pictures" / NAME
    if (project / DATABASE).exists():
        return project
    if not pictures.exists():
        sample.draw(pictures, Task.CLASSIFICATION, PICTURES, seed=0, progress=progress)
    with project_to_import_into(project) as store:
        with importing.opened(store, pictures, progress=progress) as dataset:
            importing.run_import(store, dataset, progress)
        splitting.split_project(store, val=0.2, test=0.2)
    return project
