"""A label that a model contradicts: how long such a doubt stands, and what taking the model's answer makes of it."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from core.domain.annotation import Box, iou
from core.domain.labels import ImageLabels, LabelledBox, Origin
from core.domain.task import Task

SAME = 0.5  # IoU from which two boxes are about the same object, as in the report


class Doubt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One label that a model contradicts.

    ``kind``: "wrong_class", "missing_box", "loose_box" or "extra_box"; of a whole picture always the first, without
    boxes. ``quality`` of the label: from 0, surely wrong, to 1. ``certainty``: the model's own probability or score for
    its answer; of an extra box, how sure it is that nothing is there.
    """

    kind: str
    quality: float
    certainty: float
    given: int | None = None  # class id of the label; ``None``: there is none (missing box)
    answer: int | None = None  # class id by the model; ``None``: it sees nothing (extra box)
    box: Box | None = None  # the labelled one
    found: Box | None = None  # the model's, of class ``answer``


class ImageDoubts(Struct, frozen=True):
    """An image with what is doubtful about it, worst first, one doubt at least."""

    hash: str
    doubts: tuple[Doubt, ...]

    @property
    def quality(self) -> float:
        """That of the worst label."""
        return self.doubts[0].quality


class DoubtReport(Struct, frozen=True, kw_only=True):
    """``images``: those with a doubtful label, worst first. ``source``: what contradicts, as in ``Origin``.

    ``judged`` images were looked at. ``unjudged``: reason -> images that have labels and were not: "trained" (the
    run learned their labels by heart), "missing" (no file), "unreadable", "unknown_class" (the run does not know a
    class of theirs). Unlabelled images and those in progress are in neither.
    """

    schema_version: int = 1
    task: Task
    source: str
    made: str  # ISO 8601, UTC
    judged: int
    unjudged: dict[str, int]
    images: tuple[ImageDoubts, ...]


class Answer(Struct, frozen=True):
    """An edit: verb and detail for the diary, and the labels that the image has after it."""

    verb: str
    detail: tuple[str, ...]
    labels: ImageLabels


def stands(doubt: Doubt, labels: ImageLabels) -> bool:
    """Whether there is still something to ask: nobody confirmed the labels or changed what the doubt is about."""
    if labels.confirmed:
        return False
    boxes = [one.box for one in labels.boxes or ()]
    if doubt.box is not None:
        return doubt.box in boxes
    if doubt.found is None:
        return labels.label == doubt.given
    return labels.boxes is not None and not any(iou(doubt.found, box) >= SAME for box in boxes)


def standing(one: ImageDoubts, labels: ImageLabels) -> ImageDoubts | None:
    """What is left of the doubts about an image; ``None``: nothing."""
    left = tuple(doubt for doubt in one.doubts if stands(doubt, labels))
    return ImageDoubts(one.hash, left) if left else None


def take_answer(doubt: Doubt, labels: ImageLabels, names: Mapping[int, str], source: str) -> Answer:
    """The labels as the model would have them, for a doubt that stands. ``names``: class id -> name.

    ``source``: the model, as in ``Origin``.
    """
    given, answer = names.get(doubt.given or 0, ""), names.get(doubt.answer or 0, "")
    accepted = Origin("accepted", source)
    boxes = labels.boxes or ()
    place = next((n for n, one in enumerate(boxes) if one.box == doubt.box), len(boxes))
    match doubt:
        case Doubt(kind="wrong_class", answer=int(class_id), box=Box() as box):
            new = LabelledBox(Box(box.x_min, box.y_min, box.x_max, box.y_max, class_id), accepted)
            return Answer("change_class", (given, answer), _with(labels, place, new))
        case Doubt(kind="wrong_class"):
            changed = replace(labels, label=doubt.answer, origin=accepted, done=True, confirmed=False)
            return Answer("label", (answer,), changed)
        case Doubt(kind="loose_box", found=Box() as found):
            return Answer("resize", (given,), _with(labels, place, LabelledBox(found, accepted)))
        case Doubt(kind="missing_box", found=Box() as found):
            return Answer("accept", ("1",), _with(labels, len(boxes), LabelledBox(found, accepted)))
    return Answer("delete", (given,), _with(labels, place))


def confirm(labels: ImageLabels) -> Answer:
    """The labels kept as they are; nobody is asked about them again until one changes."""
    return Answer("confirm", (), replace(labels, confirmed=True))


def _with(labels: ImageLabels, place: int, *boxes: LabelledBox) -> ImageLabels:
    """``boxes`` in the place of the box at ``place``."""
    old = labels.boxes or ()
    return replace(labels, boxes=(*old[:place], *boxes, *old[place + 1 :]), confirmed=False)
