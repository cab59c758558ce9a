"""Check what is there: labels that a model contradicts, from what it says of pictures that it did not train on."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from core.actions.cross_validating import cross_validated
from core.actions.doubt_list import keep_doubts
from core.actions.reporting import report_of
from core.data.images import read
from core.domain.annotation import Boxes, ClassLabel, class_ids
from core.domain.dataset import Image, Snapshot
from core.domain.errors import LensmithError
from core.domain.prediction import BoxPrediction, ClassPrediction, PredictionSet
from core.domain.progress import Progress, silent
from core.domain.task import Split, Task
from core.inference.onnx_model import OnnxModel
from core.labelling.doubt_ranking import BoxCase, ClassCase, rank_boxes, rank_classes
from core.labelling.doubts import DoubtReport, ImageDoubts
from core.store.codec import read_json
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder, RunStore

OUT_OF_FOLD = "cross-validation"  # the ``source`` of doubts by models that were trained for this alone
_PREDICTIONS = "predictions.json"

Answer = ClassPrediction | BoxPrediction
Kind = TypeVar("Kind", ClassPrediction, BoxPrediction)


class _Judged(Struct):
    """What a model says, by image hash, its outputs being the classes ``class_ids``."""

    class_ids: tuple[int, ...]
    answers: dict[str, Answer]
    unjudged: dict[str, int] = {}


def find_doubts(
    store: ProjectStore,
    run: str | None = None,
    progress: Progress = silent,
    *,
    image_size: int | None = None,
    epochs: int | None = None,
) -> DoubtReport:
    """Rank all labels that a model contradicts, and keep the ranking for ``standing_doubts``.

    Without ``run``, models are trained for it on some of the images and judge the others (minutes, in a process of
    its own; ``image_size`` and ``epochs`` set that training). With a finished run: its model judges the images that it
    did not train on, those that came since among them.

    Raises:
        LensmithError: nothing to judge, or the training failed.
        Cancelled: ``progress`` asked for it; the child is gone.
    """
    task = store.info.task
    images = _labelled(store, task)
    if task is None or not images:
        raise LensmithError("No picture has a finished label to check.", "Label or import some first.")
    here = [image for image in images if Path(image.path).exists()]
    if run is None:
        snapshot = _all_in_train(store, task, here)
        answers = cross_validated(store.path, snapshot, progress, image_size=image_size, epochs=epochs)
        ids = tuple(image_class.id for image_class in snapshot.classes)
        judged, source = _Judged(ids, {answer.hash: answer for answer in answers}), OUT_OF_FOLD
    else:
        folder = RunStore(store.path).get(run)
        report_of(folder)  # raises when there is none yet
        judged, source = _by_run(store, folder, here, progress), f"run {folder.id}"
    gone = len(images) - len(here)
    report = DoubtReport(
        task=task,
        source=source,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        judged=sum(image.hash in judged.answers for image in here),
        unjudged=judged.unjudged | ({"missing": gone} if gone else {}),
        images=tuple(_rank(task, here, judged)),
    )
    return keep_doubts(store, report)


def _labelled(store: ProjectStore, task: Task | None) -> list[Image]:
    """Images whose labels somebody finished, in the order of import, whatever part of the data they are in."""
    kind = ClassLabel if task is Task.CLASSIFICATION else Boxes
    return [image for image in store.images() if image.done and isinstance(image.annotation, kind)]


def _all_in_train(store: ProjectStore, task: Task, images: Sequence[Image]) -> Snapshot:
    frozen = (replace(image, split=Split.TRAIN, proposals=0, least_score=1.0) for image in images)
    return Snapshot(
        project=store.info.name,
        task=task,
        classes=store.classes(),
        images=tuple(sorted(frozen, key=lambda image: image.hash)),
    )


def _rank(task: Task, images: Sequence[Image], judged: _Judged) -> list[ImageDoubts]:
    here = [image for image in images if image.hash in judged.answers]
    if task is Task.CLASSIFICATION:
        cases = []
        for image in here:
            answer = cast(ClassPrediction, judged.answers[image.hash])
            assert isinstance(image.annotation, ClassLabel)
            cases.append(ClassCase(image.hash, image.annotation.class_id, answer.probabilities))
        return rank_classes(cases, judged.class_ids)
    pages = []
    for image in here:
        found = cast(BoxPrediction, judged.answers[image.hash])
        assert isinstance(image.annotation, Boxes)
        pages.append(BoxCase(image.hash, image.annotation.boxes, found.boxes))
    return rank_boxes(pages, judged.class_ids)


# By a finished run


def _by_run(store: ProjectStore, run: RunFolder, images: Sequence[Image], progress: Progress) -> _Judged:
    """What the run's ONNX file says of images that it did not train on."""
    snapshot = run.snapshot()
    ids = tuple(image_class.id for image_class in snapshot.classes)
    trained = {image.hash for image in snapshot.part(Split.TRAIN)}
    fresh = [image for image in images if image.hash not in trained]
    judgeable = [image for image in fresh if class_ids(image.annotation) <= set(ids)]
    judged = _Judged(ids, {})
    _count(judged.unjudged, "trained", len(images) - len(fresh))
    _count(judged.unjudged, "unknown_class", len(fresh) - len(judgeable))
    known = _predictions(run)
    judged.answers = {image.hash: known[image.hash] for image in judgeable if image.hash in known}
    rest = [image for image in judgeable if image.hash not in known]
    judged.answers |= _predict(run, rest, judged.unjudged, progress)
    if not judged.answers:
        raise LensmithError(
            f"Run {run.id} trained on all pictures that have labels, so it cannot judge them.",
            "Check without a run: models are then trained for it, each on a part of the pictures.",
        )
    return _in_use(judged, {image_class.id for image_class in store.classes()})


def _predictions(run: RunFolder) -> dict[str, Answer]:
    """What the run's evaluation kept."""
    kept = read_json(run.path / _PREDICTIONS, PredictionSet)
    parts: list[Sequence[Answer]] = [*kept.classes.values(), *kept.boxes.values()]
    return {answer.hash: answer for part in parts for answer in part}


def _predict(
    run: RunFolder, images: Sequence[Image], unjudged: dict[str, int], progress: Progress
) -> Mapping[str, Answer]:
    """Answers about images that came after the run."""
    if not images:
        return {}

    def pictures() -> Iterator[tuple[str, Any]]:
        for number, image in enumerate(images):
            progress(number, len(images), "Looking at pictures")
            try:
                yield image.hash, read(image.path)
            except LensmithError:
                _count(unjudged, "unreadable", 1)

    model = OnnxModel.open(run.path / report_of(run).onnx)
    return {answer.hash: answer for answer in model.predict(pictures())}


def _in_use(judged: _Judged, classes: set[int]) -> _Judged:
    """Without answers that name a class which the project no longer has: nobody could take them."""
    keep = [index for index, class_id in enumerate(judged.class_ids) if class_id in classes]
    if len(keep) == len(judged.class_ids):
        return judged
    place = {old: new for new, old in enumerate(keep)}
    answers: dict[str, Answer] = {}
    for key, answer in judged.answers.items():
        if isinstance(answer, BoxPrediction):
            boxes = (replace(box, index=place[box.index]) for box in answer.boxes if box.index in place)
            answers[key] = replace(answer, boxes=tuple(boxes))
        else:
            left = [answer.probabilities[index] for index in keep]
            whole = sum(left) or 1.0
            answers[key] = replace(answer, probabilities=tuple(one / whole for one in left))
    return _Judged(tuple(judged.class_ids[index] for index in keep), answers, judged.unjudged)


def _count(counts: dict[str, int], reason: str, number: int) -> None:
    if number:
        counts[reason] = counts.get(reason, 0) + number
