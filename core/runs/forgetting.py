"""The forgetting meter: a run that started from another one is also asked what its ancestor knew."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from msgspec.structs import replace

from core.domain.annotation import Boxes, ClassLabel, Unlabelled
from core.domain.dataset import Image, Snapshot
from core.domain.errors import LensmithError
from core.domain.event import ArtifactReady, Warned
from core.domain.forgetting import Forgetting
from core.domain.prediction import BoxPrediction, ClassPrediction, PredictionSet
from core.domain.report import Report
from core.domain.run import RunWeights, weights_of
from core.domain.task import Split, Task
from core.metrics.memory import ModelAnswers, Prediction, compare
from core.store.codec import read_json, write_json
from core.training.contract import Reporter, TrainingJob

FORGETTING = "forgetting.json"

Ask = Callable[[Sequence[Image]], Sequence[Prediction]]


def measure(
    job: TrainingJob, said: Sequence[Prediction], threshold: float | None, ask: Ask, report: Reporter
) -> Forgetting | None:
    """Write ``forgetting.json``; ``None`` for a run that started from nothing of this project.

    ``said``: answers of the run's ONNX file that are known already; ``ask`` gets those that are still missing. The
    ancestor's are those stored with it. An ancestor that is gone or damaged is told as a warning: the run is whole
    without it.
    """
    start = weights_of(job.spec.start)
    if not isinstance(start, RunWeights):
        return None
    try:
        found = _measure(job, start.run, said, threshold, ask)
    except LensmithError as error:
        report.emit(
            Warned(cause=f"What run {start.run} knew could not be asked again. {error.cause}", remedy=error.remedy)
        )
        return None
    if found is not None:
        write_json(job.run_dir / FORGETTING, found)
        report.emit(ArtifactReady(kind="forgetting", path=FORGETTING))
    return found


def judged_images(ancestor: Snapshot, split: Split, later: Snapshot) -> list[Image]:
    """The ancestor's images of a split as it knew them, but those that a later run trained on.

    Classes that left the project meanwhile are nobody's to remember: their boxes, or images, are left out.
    """
    learnt = {image.hash for image in later.part(Split.TRAIN)}
    outputs = later.index_of().keys()
    images = [_without(image, outputs) for image in ancestor.part(split) if image.hash not in learnt]
    return [image for image in images if image.is_labelled]


def _without(image: Image, outputs: Collection[int]) -> Image:
    """The image without what shows none of the classes ``outputs``."""
    match image.annotation:
        case ClassLabel(class_id) if class_id not in outputs:
            return replace(image, annotation=Unlabelled())
        case Boxes(boxes):
            return replace(image, annotation=Boxes(tuple(box for box in boxes if box.class_id in outputs)))
    return image


def stored_answers(run: Path, snapshot: Snapshot, split: Split) -> ModelAnswers:
    """What a run said at its end about one of its splits."""
    stored = read_json(run / "predictions.json", PredictionSet)
    kept: dict[str, list[ClassPrediction]] | dict[str, list[BoxPrediction]] = (
        stored.boxes if snapshot.task is Task.DETECTION else stored.classes
    )
    told = read_json(run / "report.json", Report)
    judged = told.test or told.val
    return ModelAnswers(
        classes=snapshot.classes,
        by_hash={one.hash: one for one in kept.get(split.value, [])},
        threshold=judged.threshold if judged else None,
    )


def _measure(
    job: TrainingJob, ancestor_id: str, said: Sequence[Prediction], threshold: float | None, ask: Ask
) -> Forgetting | None:
    folder = job.run_dir.parent / ancestor_id
    ancestor = read_json(folder / "snapshot.json", Snapshot)
    split = Split.TEST if ancestor.part(Split.TEST) else Split.VAL
    before = stored_answers(folder, ancestor, split)
    images = [one for one in judged_images(ancestor, split, job.snapshot) if one.hash in before.by_hash]
    answers = {one.hash: one for one in said}
    answers |= {one.hash: one for one in ask([image for image in images if image.hash not in answers])}
    images = [image for image in images if image.hash in answers]
    if not images:
        return None
    after = ModelAnswers(classes=job.snapshot.classes, by_hash=answers, threshold=threshold)
    known_now = job.snapshot.index_of()
    classes = [one for one in ancestor.classes if one.id in known_now]
    memory = compare(job.spec.task, images, classes, before, after)
    return Forgetting(
        run=job.run_dir.name,
        ancestor=ancestor_id,
        task=job.spec.task,
        split=split.value,
        images=len(images),
        metrics=memory.metrics,
        classes=memory.classes,
    )
