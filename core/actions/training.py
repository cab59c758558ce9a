"""Training: choices become a run directory, and a worker starts on it."""

from pathlib import Path

from msgspec.structs import replace

from core.actions.projects import ProjectData
from core.actions.splitting import fill_missing_split, missing_split
from core.actions.weights import resolve
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.domain.run import RunSpec
from core.runs import supervisor
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder, RunStore
from core.training.catalog import find
from core.training.facts import DataFacts, facts_of
from core.training.hardware import has_nvidia_card
from core.training.plan import Choices, make_spec


def facts_of_data(data: ProjectData) -> DataFacts | None:
    """What ``core.training.plan.plan`` has to know; a run would find the data so. ``None`` while there is no task.

    A second for 100,000 images that are not split yet, so never in the window's thread.
    """
    if data.info.task is None:
        return None
    parts = missing_split(data.images)
    return facts_of(data.info.task, data.images, parts, classes=data.classes, will_split=parts is not None)


def prepare_run(
    store: ProjectStore, model: str, choices: Choices, weights: str | None, progress: Progress = silent
) -> tuple[RunFolder, str | None]:
    """Freeze the data and write the run directory; nothing runs yet.

    ``weights``: see ``core.actions.weights.resolve``; ignored from scratch. Also returns a sentence when the data had
    to be split first.
    """
    if store.info.task is None:
        raise LensmithError("The project has no labelled pictures yet.", "Import labelled pictures first.")
    entry = find(model, store.info.task)
    runs = RunStore(store.path)
    if choices.mode != "scratch":
        choices = replace(choices, weights=resolve(weights, entry, runs, progress))
    note = fill_missing_split(store, choices.seed)
    snapshot = store.snapshot()
    spec = make_spec(entry, choices, snapshot, cuda=has_nvidia_card() and choices.device != "cpu")
    if not isinstance(spec, RunSpec):
        raise LensmithError(spec[0].cause, spec[0].remedy)
    return runs.create(spec, snapshot), note


def start_run(run_dir: Path) -> int:
    """Start the worker; it outlives this process. Returns its process id."""
    return supervisor.launch(run_dir)
