"""Propose: a model labels pictures that are still to do, and somebody accepts what is right."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec import Struct

from core.actions.predicting import BATCH, ImageAnswer, predict
from core.domain.annotation import Box
from core.domain.dataset import Image, ImageClass
from core.domain.errors import LensmithError
from core.domain.labels import ImageLabels, Proposal
from core.domain.progress import Progress, silent
from core.domain.task import Task
from core.inference.onnx_model import OnnxModel
from core.labelling import proposals
from core.metrics.matching import overlaps
from core.store import classes, labels
from core.store.journal import Edited
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder

NamedBox = tuple[float, float, float, float, float, str]  # as in ``ImageAnswer``

ONE_PLACE = 0.7  # IoU


@dataclass(frozen=True)
class Proposer:
    """A model that proposes. ``classes``: of the run that made it, whose ids this project still knows; else empty."""

    model: OnnxModel
    source: str  # as in ``Origin``: "run 0007-…", "model belt.onnx"
    classes: tuple[ImageClass, ...] = ()


class Found(Struct, frozen=True, kw_only=True):
    """What a model found in pictures, before any of it is in the project.

    ``boxes`` by image hash, also where there are none. ``unread``: one sentence for each picture that was skipped.
    """

    source: str
    task: Task
    boxes: dict[str, tuple[NamedBox, ...]]
    classes: tuple[ImageClass, ...] = ()  # as in ``Proposer``
    unread: tuple[str, ...] = ()


class Proposed(Struct, frozen=True, kw_only=True):
    """What came of it. ``boxes`` on ``images`` pictures wait for somebody to look at them.

    ``left_out``: class name -> boxes of classes that the project lacks. ``finished``: pictures that somebody
    labelled to the end while the model was looking; they stay as they are.
    """

    source: str
    looked_at: int
    images: int
    boxes: int
    left_out: dict[str, int]
    added_classes: tuple[str, ...] = ()
    finished: int = 0
    unread: tuple[str, ...] = ()


def of_run(run: RunFolder) -> Proposer:
    """The model that a run of this project exported. Its classes are known by id, so a new name does no harm."""
    report = run.report()
    if report is None:
        raise LensmithError(f"Run {run.id} has no model yet.", "Wait until it has finished, or choose another run.")
    return Proposer(OnnxModel.open(run.path / report.onnx), f"run {run.id}", run.snapshot().classes)


def of_file(path: Path) -> Proposer:
    """An ONNX file that some Lensmith exported. Its classes are known by name."""
    return Proposer(OnnxModel.open(path), f"model {path.name}")


def thresholds_of(
    proposer: Proposer, overall: float | None = None, own: Mapping[str, float] = {}
) -> Mapping[str, float]:
    """The threshold of each class of the model: its ``own``, else ``overall``, else that of the model.

    Raises:
        LensmithError: ``own`` names a class that the model does not know.
    """
    card = proposer.model.card
    for name in own:
        if name not in card.classes:
            raise LensmithError(
                f"The {proposer.source} knows no class “{name}”.", f"Its classes are: {', '.join(card.classes)}."
            )
    return dict.fromkeys(card.classes, card.threshold if overall is None else overall) | dict(own)


def lacking(proposer: Proposer, known: Sequence[ImageClass]) -> tuple[str, ...]:
    """Classes of the model that the project (``known``: its classes in use) does not have."""
    names = proposer.model.card.classes
    ids = class_ids(proposer.classes, names, known)
    return tuple(name for name in names if name not in ids)


def ask(
    proposer: Proposer, images: Sequence[Image], floor: float, progress: Progress = silent
) -> Iterator[tuple[Image, ImageAnswer]]:
    """What the model says about each image: boxes from the score ``floor`` up, inside the picture.

    For classification a box round the whole picture with the most probable class. A picture that cannot be read
    comes with an error, and the rest goes on.
    """
    answers = predict(proposer.model, [Path(image.path) for image in images], floor)
    for done, (image, answer) in enumerate(zip(images, answers, strict=True)):
        if done % BATCH == 0:
            progress(done, len(images), "Looking at pictures")
        yield image, ImageAnswer(path=image.path, boxes=tuple(_boxes(answer, image)), error=answer.error)


def chosen(boxes: Iterable[NamedBox], thresholds: Mapping[str, float]) -> tuple[NamedBox, ...]:
    """The boxes that are proposed, of those that the model found (by falling score): from the threshold of their
    class up, and where several lie on one place (IoU ≥ ``ONE_PLACE``) the most certain one, whatever their classes.

    A detector may call one thing both a 3 and an 8; somebody would have to delete one of them each time.
    """
    wanted = [box for box in boxes if box[4] >= thresholds[box[5]]]
    corners = np.array([box[:4] for box in wanted], float).reshape(-1, 4)
    same, free, kept = overlaps(corners, corners) >= ONE_PLACE, np.ones(len(wanted), bool), []
    for row, box in enumerate(wanted):
        if free[row]:
            kept.append(box)
            free &= ~same[row]
    return tuple(kept)


def find(
    store: ProjectStore,
    proposer: Proposer,
    images: Sequence[Image],
    thresholds: Mapping[str, float],
    progress: Progress = silent,
) -> Found:
    """Ask the model about ``images``; nothing is written, so it can take hours and be cancelled at any time.

    ``thresholds``: as ``thresholds_of`` gives them.

    Raises:
        LensmithError: the model is for the other task.
    """
    check_task(proposer, store.info.task)
    boxes: dict[str, tuple[NamedBox, ...]] = {}
    unread = []
    for image, answer in ask(proposer, images, min(thresholds.values()), progress):
        if answer.error is not None:
            unread.append(answer.error)
        else:
            boxes[image.hash] = chosen(answer.boxes or (), thresholds)
    progress(len(images), len(images), "Looking at pictures")
    return Found(
        source=proposer.source,
        task=proposer.model.card.task,
        boxes=boxes,
        classes=proposer.classes,
        unread=tuple(unread),
    )


def save(store: ProjectStore, found: Found, *, add_classes: bool = False) -> tuple[Proposed, Edited | None]:
    """Put what was found into the project, as one edit "propose". Boxes that are there stay as they are.

    ``add_classes``: classes of the model that the project lacks are added where they were found; each is an edit of
    its own. What a model proposed before gives way to what this one proposes.
    """
    with store.transaction():
        if store.info.task is None:
            store.set_task(found.task)
        counts = Counter(name for boxes in found.boxes.values() for *_, name in boxes)
        ids = class_ids(found.classes, counts, store.classes())
        new = list(dict.fromkeys(name.strip() for name in counts if name not in ids)) if add_classes else []
        for name in new:
            classes.add(store, name)
        ids = class_ids(found.classes, counts, store.classes())
        old = labels.read_labels(store, found.boxes)
        open_ = {hash_: state for hash_, state in old.items() if _is_open(state)}
        changed = {hash_: _proposed(state, found, ids, hash_) for hash_, state in open_.items()}
        waiting = [sum(one.source == found.source for one in state.proposals) for state in changed.values()]
        edited = labels.edit(store, "propose", (found.source, str(sum(waiting))), changed)
    proposed = Proposed(
        source=found.source,
        looked_at=len(found.boxes),
        images=sum(count > 0 for count in waiting),
        boxes=sum(waiting),
        left_out={name: count for name, count in counts.items() if name not in ids},
        added_classes=tuple(new),
        finished=len(old) - len(open_),
        unread=found.unread,
    )
    return proposed, edited


def propose(
    store: ProjectStore,
    proposer: Proposer,
    images: Sequence[Image],
    thresholds: Mapping[str, float],
    *,
    add_classes: bool = False,
    progress: Progress = silent,
) -> Proposed:
    """``find`` and ``save`` in one go. Cancelled, it leaves the project as it was."""
    return save(store, find(store, proposer, images, thresholds, progress), add_classes=add_classes)[0]


def check_task(proposer: Proposer, task: Task | None) -> None:
    """Raise ``LensmithError`` where the model answers another question than the project asks."""
    answers = proposer.model.card.task
    if task not in (None, answers):
        what = {Task.DETECTION: "finds boxes", Task.CLASSIFICATION: "gives a picture one class"}[answers]
        raise LensmithError(
            f"The {proposer.source} {what}, and this project is for {task}.",
            f"Choose a model for {task}, or label these pictures in a project for {answers}.",
        )


def _boxes(answer: ImageAnswer, image: Image) -> list[NamedBox]:
    """Inside what the project takes for the picture's size: the file may have been replaced since."""
    if answer.label is not None and answer.probabilities is not None:
        return [(0.0, 0.0, float(image.width), float(image.height), answer.probabilities[answer.label], answer.label)]
    clipped = (
        (max(x1, 0.0), max(y1, 0.0), min(x2, float(image.width)), min(y2, float(image.height)), score, name)
        for x1, y1, x2, y2, score, name in answer.boxes or ()
    )
    return [box for box in clipped if box[2] > box[0] and box[3] > box[1]]


def class_ids(of_run: Sequence[ImageClass], names: Iterable[str], known: Sequence[ImageClass]) -> dict[str, int]:
    """Class name of the model -> id of the project's class: the very class of the run, else the one of that name."""
    in_use, by_name = {one.id for one in known}, {one.name: one.id for one in known}
    same = {one.name: one.id for one in of_run if one.id in in_use}
    found = {name: same.get(name, by_name.get(name.strip())) for name in names}
    return {name: id_ for name, id_ in found.items() if id_ is not None}


def _is_open(state: ImageLabels) -> bool:
    return not state.done or (state.boxes is None and state.label is None)


def _proposed(old: ImageLabels, found: Found, ids: Mapping[str, int], hash_: str) -> ImageLabels:
    new = [
        Proposal(Box(x1, y1, x2, y2, ids[name]), score, found.source)
        for x1, y1, x2, y2, score, name in found.boxes[hash_]
        if name in ids
    ]
    return proposals.added(old, new, found.source)
