"""Training: choices become a run directory, and a worker starts on it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from core.actions.projects import ProjectData
from core.actions.splitting import fill_missing_split, missing_split
from core.actions.weights import resolve
from core.domain.data_choice import NO_MIX, DataChoice, DataUse, Mix
from core.domain.dataset import Snapshot
from core.domain.errors import LensmithError
from core.domain.lineage import parent_of
from core.domain.progress import Progress, silent
from core.domain.run import RunSpec, RunWeights
from core.domain.task import Split
from core.runs import supervisor
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder, RunStore
from core.training.catalog import find
from core.training.facts import DataFacts, facts_of
from core.training.hardware import has_nvidia_card
from core.training.plan import Choices, Obstacle, make_spec


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

    ``weights``: see ``core.actions.weights.resolve``; ignored from scratch. Also returns sentences when there is
    something to say: the data had to be split first, or the run may forget what its ancestor knew.
    """
    notes = []

    def frozen() -> Snapshot:
        notes.append(fill_missing_split(store, choices.seed))
        return store.snapshot()

    spec, snapshot, risk = plan_run(store, model, choices, weights, frozen, progress)
    if risk is not None:
        notes.append(f"{risk.cause} {risk.remedy}")
    return RunStore(store.path).create(spec, snapshot), " ".join(filter(None, notes)) or None


def plan_run(
    store: ProjectStore,
    model: str,
    choices: Choices,
    weights: str | None,
    frozen: Callable[[], Snapshot],
    progress: Progress = silent,
) -> tuple[RunSpec, Snapshot, Obstacle | None]:
    """What a run will do, on which of the data that ``frozen`` gives, and what it may forget by that.

    ``frozen`` is asked once model and weights are known. Raises ``LensmithError`` when something is missing.
    """
    if store.info.task is None:
        raise LensmithError("The project has no labelled pictures yet.", "Import labelled pictures first.")
    entry = find(model, store.info.task)
    runs = RunStore(store.path)
    if choices.mode != "scratch":
        choices = replace(choices, weights=resolve(weights, entry, runs, progress))
    snapshot, use, risk = chosen_data(runs, frozen(), choices, progress)
    spec = make_spec(entry, choices, snapshot, cuda=has_nvidia_card() and choices.device != "cpu")
    if not isinstance(spec, RunSpec):
        raise LensmithError(spec[0].cause, spec[0].remedy)
    return replace(spec, data_use=use), snapshot, risk


def data_choice(
    store: ProjectStore, classes: Sequence[str] = (), mix: Mix | None = None, *, new_only: bool = False
) -> DataChoice | None:
    """The choice with classes by their names; a mix alone means new images with it. ``None``: all images train."""
    if not classes and mix is None and not new_only:
        return None
    ids = {one.name: one.id for one in store.classes()}
    for name in classes:
        if name not in ids:
            raise LensmithError(f"The project has no class “{name}”.", f"Choose among: {', '.join(ids)}.")
    return DataChoice(
        classes=tuple(ids[name] for name in classes),
        new_only=new_only or not classes,
        mix=NO_MIX if mix is None else mix,
    )


def chosen_data(
    runs: RunStore, snapshot: Snapshot, choices: Choices, progress: Progress = silent
) -> tuple[Snapshot, DataUse | None, Obstacle | None]:
    """What of ``snapshot`` a run with these choices trains on, and a warning where it would forget classes by that.

    Reads pictures where a mix is chosen by how they look. Raises ``LensmithError`` where nothing would train.
    """
    from core.training import mixing  # OpenCV, which the window's start does not wait for

    start = choices.weights if choices.mode != "scratch" else None
    ancestor = ancestor_data(runs, start.run) if isinstance(start, RunWeights) else None
    use = None
    if choices.data is not None:
        snapshot, use = mixing.choose(snapshot, choices.data, ancestor, progress)
    risk = mixing.forgetting_risk(ancestor, snapshot.part(Split.TRAIN)) if ancestor else None
    return snapshot, use, risk


def ancestor_data(runs: RunStore, run_id: str) -> Snapshot:
    """What a run's weights have seen: its frozen data, and those of the runs that it descends from.

    An image that several had counts as the latest had it. Runs that are gone by now are not asked.
    """
    newest = runs.get(run_id).snapshot()
    images, seen = {image.hash: image for image in newest.images}, {run_id}
    parent = parent_of(runs.get(run_id).spec())
    while parent is not None and parent not in seen:
        try:
            run = runs.get(parent)
            images = {image.hash: image for image in run.snapshot().images} | images
            seen, parent = seen | {parent}, parent_of(run.spec())
        except LensmithError:
            break
    return replace(newest, images=tuple(images.values()))


def start_run(run_dir: Path) -> int:
    """Start the worker; it outlives this process. Returns its process id."""
    return supervisor.launch(run_dir)
