"""Cross-validation: models trained in a child process for nothing but their answers about what they did not see."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from core.actions.child_work import alone, watch
from core.actions.weights import resolve
from core.domain.dataset import Snapshot
from core.domain.errors import LensmithError
from core.domain.event import Outcome, Phase
from core.domain.prediction import BoxPrediction, ClassPrediction, PredictionSet
from core.domain.progress import Progress
from core.domain.run import RunSpec, RunWeights, Transfer, weights_of
from core.domain.task import Effort, Task
from core.runs.cross_validation import FOLDS, FOLDS_FILE, deal
from core.store.codec import read_json, write_json
from core.store.run_store import RunStore
from core.store.vault import Vault
from core.training.catalog import find
from core.training.hardware import has_nvidia_card
from core.training.plan import Choices, make_spec

FOLDER = "folds"  # in the cache folder: no run, and never listed as one
COUNT = {Task.CLASSIFICATION: 5, Task.DETECTION: 2}  # a detector is trained anew for each, a classifier's head alone
LEAST_SIZE = 96  # pixels: below it a backbone made for photographs sees hardly anything of a small picture
EPOCHS = 10  # of a detector at most: enough to contradict, not to ship
_DEFAULT = {Task.CLASSIFICATION: "tf_efficientnet_lite0", Task.DETECTION: "yolov8n"}
_STEPS = {Phase.PREPARING: "Looking at pictures", Phase.TRAINING: "Training models to compare with"}


def cross_validated(
    project: Path,
    snapshot: Snapshot,
    progress: Progress,
    *,
    image_size: int | None = None,
    epochs: int | None = None,
) -> Sequence[ClassPrediction] | Sequence[BoxPrediction]:
    """Answers about every image of ``snapshot`` (all of the part train) by models that did not train on it.

    The model is that of the newest run that began with published or imported weights, else the smallest of the
    catalogue. Minutes of work; when ``progress`` raises ``Cancelled``, the child process is ended first.
    """
    folder = project / "cache" / FOLDER / snapshot.task.value
    with alone(folder, "The labels of this project are being checked already, by another window or command."):
        count = min(COUNT[snapshot.task], len(snapshot.images))
        if count < 2:
            raise LensmithError("One labelled picture alone cannot be checked.", "Label more pictures first.")
        spec = _spec(project, snapshot, progress, image_size, epochs)
        folder.mkdir()
        write_json(folder / "spec.json", spec)
        write_json(folder / "snapshot.json", snapshot)
        write_json(folder / FOLDS_FILE, deal(snapshot.images, count))
        finished = watch(folder, progress, _STEPS).finished
        if finished is None or finished.outcome is not Outcome.COMPLETED:
            raise LensmithError(*((finished.reason, finished.remedy) if finished else ("The check did not end.", "")))
        answers = read_json(folder / "predictions.json", PredictionSet)
    return answers.classes.get(FOLDS) or answers.boxes.get(FOLDS) or []


def _spec(project: Path, snapshot: Snapshot, progress: Progress, image_size: int | None, epochs: int | None) -> RunSpec:
    spec = _like_a_run(project, snapshot) or _from_catalogue(project, snapshot, progress, image_size)
    return replace(
        spec,
        snapshot=snapshot.data_hash(),
        image_size=image_size or spec.image_size,
        epochs=epochs or (min(spec.epochs, EPOCHS) if spec.task is Task.DETECTION else spec.epochs),
        patience=0,
        device="auto",
    )


def _like_a_run(project: Path, snapshot: Snapshot) -> RunSpec | None:
    """The newest run's settings, if they do not begin with weights that know these labels already."""
    for run in reversed(RunStore(project).list()):
        with suppress(LensmithError):
            spec = run.spec()
            start = weights_of(spec.start)
            by_head_alone = spec.engine == "timm"
            if spec.task is not snapshot.task or isinstance(start, RunWeights) or (by_head_alone and start is None):
                continue
            if start is not None:
                Vault().path(start.sha256)  # raises when it is gone
            return replace(spec, start=Transfer(start)) if by_head_alone and start is not None else spec
    return None


def _from_catalogue(project: Path, snapshot: Snapshot, progress: Progress, image_size: int | None) -> RunSpec:
    entry = find(_DEFAULT[snapshot.task], snapshot.task)
    weights = None
    with suppress(LensmithError):
        weights = resolve(None, entry, RunStore(project), progress)
    mode = "scratch" if weights is None else "transfer" if snapshot.task is Task.CLASSIFICATION else "finetune"
    choices = Choices(mode=mode, weights=weights, effort=Effort.QUICK, image_size=image_size)
    spec = make_spec(entry, choices, snapshot, cuda=has_nvidia_card())
    if not isinstance(spec, RunSpec):
        raise LensmithError(spec[0].cause, spec[0].remedy)
    if image_size is None and snapshot.task is Task.CLASSIFICATION:
        spec = replace(spec, image_size=max(spec.image_size, LEAST_SIZE))
    return spec
