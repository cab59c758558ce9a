"""What becomes of the proposals of an image when somebody looks at them. Only what was accepted is ever trained on."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from core.domain.annotation import Box, Unlabelled, iou
from core.domain.dataset import Image
from core.domain.labels import ImageLabels, LabelledBox, Origin, Proposal, with_boxes
from core.domain.task import Task

SAME = 0.5  # IoU from which two boxes of a class are taken for the same object, as in AP50


def to_do(images: Iterable[Image], *, in_progress: bool = False) -> list[Image]:
    """Images that nobody has said anything about; with ``in_progress`` also those that somebody has begun."""
    return [one for one in images if isinstance(one.annotation, Unlabelled) or (in_progress and not one.done)]


def accepted(labels: ImageLabels, indices: Iterable[int], task: Task = Task.DETECTION) -> ImageLabels:
    """Proposals (indices into ``labels.proposals``) taken as they are: boxes, or the class of the whole picture.

    A picture on which nothing was yet is in progress with its first box. A class is all there is to say about a
    picture, so with it the picture is done and its other proposals are gone.
    """
    chosen = _in_order(labels, indices)
    if not chosen:
        return labels
    if task is Task.CLASSIFICATION:
        best = max((labels.proposals[index] for index in chosen), key=lambda one: one.score)
        origin = Origin("accepted", best.source)
        return replace(
            labels, label=best.box.class_id, origin=origin, boxes=None, done=True, confirmed=False, proposals=()
        )
    taken = (labels.proposals[index] for index in chosen)
    boxes = [LabelledBox(one.box, Origin("accepted", one.source)) for one in taken]
    return with_boxes(refused(labels, chosen), boxes)


def accepted_all(labels: ImageLabels, task: Task = Task.DETECTION) -> ImageLabels:
    """All proposals taken as they are."""
    return accepted(labels, range(len(labels.proposals)), task)


def refused(labels: ImageLabels, indices: Iterable[int]) -> ImageLabels:
    """Without these proposals; boxes, and whether the picture is done, stay as they are."""
    return replace(labels, proposals=_others(labels, _in_order(labels, indices)))


def refused_all(labels: ImageLabels) -> ImageLabels:
    """Without any proposal."""
    return replace(labels, proposals=())


def edited(labels: ImageLabels, index: int, box: Box) -> ImageLabels:
    """The proposal ``index`` taken as ``box``: moved, resized or of another class. It becomes the last box."""
    origin = Origin("edited", labels.proposals[index].source)
    return with_boxes(refused(labels, [index]), [LabelledBox(box, origin)])


def added(labels: ImageLabels, found: Sequence[Proposal], source: str) -> ImageLabels:
    """With what the model ``source`` proposes now in place of what it, or any other model, proposed before.

    What contours and tracking propose stays. A proposal on a box of its class (IoU ≥ ``SAME``) that is there, or is
    proposed already, says nothing new and is left out.
    """
    kept = tuple(one for one in labels.proposals if one.source != source and not is_by_model(one.source))
    known = [one.box for one in labels.boxes or ()] + [one.box for one in kept]
    new = (one for one in found if not any(_is_same(one.box, box) for box in known))
    return replace(labels, proposals=(*kept, *new))


def is_by_model(source: str) -> bool:
    """Whether ``source`` of an origin or a proposal is a run or an ONNX file."""
    return source.startswith(("run ", "model "))


def _is_same(one: Box, other: Box) -> bool:
    return one.class_id == other.class_id and iou(one, other) >= SAME


def _in_order(labels: ImageLabels, indices: Iterable[int]) -> list[int]:
    return sorted({index for index in indices if 0 <= index < len(labels.proposals)})


def _others(labels: ImageLabels, indices: list[int]) -> tuple[Proposal, ...]:
    gone = set(indices)
    return tuple(one for index, one in enumerate(labels.proposals) if index not in gone)
