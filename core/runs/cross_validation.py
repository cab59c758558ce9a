"""Answers out of fold: about every image by a model that did not train on it. A worker does it in place of a run.

Its folder looks like that of a run (``spec.json``, ``snapshot.json``, events, ``stop``) and has ``folds.json`` beside
them; ``predictions.json`` comes out, under the name ``FOLDS``. All images of the snapshot are of the part train.
"""

from collections.abc import Sequence
from random import Random
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from core.domain.annotation import ClassLabel
from core.domain.dataset import Image
from core.domain.event import DeviceChosen, Finished, LogLine, Outcome, Phase, Progress, RunEvent, Warned
from core.domain.prediction import BoxPrediction, ClassPrediction, PredictionSet
from core.domain.task import Task
from core.runs.evaluation import PREDICTIONS
from core.store.codec import read_json, write_json
from core.training.contract import Backend, Reporter, StopRequested, TrainingJob

FOLDS_FILE = "folds.json"
FOLDS = "folds"  # the name of the answers in ``predictions.json``
_STEPS = 1000  # of progress in one fold

Answers = list[ClassPrediction] | list[BoxPrediction]


class Folds(Struct, frozen=True, kw_only=True):
    """Hashes of the images, fold by fold; each image is in one."""

    schema_version: int = 1
    folds: tuple[tuple[str, ...], ...]


def deal(images: Sequence[Image], count: int, seed: int = 0) -> Folds:
    """``count`` folds of nearly equal size with nearly equal shares of each class, the same for the same seed."""
    shuffled = sorted(images, key=lambda image: image.hash)
    Random(seed).shuffle(shuffled)
    if images and isinstance(images[0].annotation, ClassLabel):
        shuffled.sort(key=lambda image: cast(ClassLabel, image.annotation).class_id)
    return Folds(folds=tuple(tuple(image.hash for image in shuffled[fold::count]) for fold in range(count)))


def cross_validate(job: TrainingJob, backend: Backend, report: Reporter) -> Finished:
    """Write the answers about all images of the folds."""
    job = replace(job, cache_dir=job.run_dir.parents[1])
    folds = read_json(job.run_dir / FOLDS_FILE, Folds).folds
    try:
        answers = _answers(job, backend, folds, report)
    except StopRequested:
        return Finished(outcome=Outcome.STOPPED, reason="Stopped on request; nothing was judged.")
    kind = "classes" if job.spec.task is Task.CLASSIFICATION else "boxes"
    told: dict[str, Any] = {kind: {FOLDS: answers}}
    write_json(job.run_dir / PREDICTIONS, PredictionSet(**told))
    return Finished(outcome=Outcome.COMPLETED)


def _answers(job: TrainingJob, backend: Backend, folds: Sequence[Sequence[str]], report: Reporter) -> Answers:
    """By the engine's own shorter way where it has one, else by as many trainings as there are folds."""
    shorter = getattr(backend, "out_of_fold", None)
    if shorter is not None:
        return cast(Answers, shorter(job, folds, report))
    found: list[Any] = []
    for number, fold in enumerate(folds):
        report.emit(LogLine(text=f"Training without fold {number + 1} of {len(folds)}."))
        folder = job.run_dir / f"fold-{number + 1}"
        folder.mkdir(exist_ok=True)
        held = set(fold)
        images = [image for image in job.snapshot.images if image.hash in held]
        others = tuple(image for image in job.snapshot.images if image.hash not in held)
        part = replace(job, run_dir=folder, snapshot=replace(job.snapshot, images=others))
        backend.fit(part, _FoldReporter(report, number, len(folds), job.spec.epochs))
        found += backend.predict(part, images, report)
    return found


class _FoldReporter:
    """Tells the trainings of all folds as one; that it is several is nobody's concern."""

    def __init__(self, report: Reporter, fold: int, folds: int, epochs: int) -> None:
        self._report, self._fold, self._folds, self._epochs = report, fold, folds, epochs

    def emit(self, event: RunEvent) -> None:
        match event:
            case Progress(phase=Phase.TRAINING):
                share = min(1.0, (event.epoch - 1 + event.done / max(event.total, 1)) / self._epochs)
                done = round((self._fold + share) * _STEPS)
                self._report.emit(
                    Progress(phase=Phase.TRAINING, done=done, total=self._folds * _STEPS, loss=event.loss)
                )
            case Progress() | DeviceChosen() | Warned() | LogLine():
                self._report.emit(event)

    def check_stop(self) -> None:
        self._report.check_stop()
