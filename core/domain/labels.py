"""What labelling knows about one image beyond its annotation, and what an edit changed of it."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from core.domain.annotation import Annotation, Box, Boxes, ClassLabel, Unlabelled


class Origin(Struct, frozen=True, gc=False, array_like=True):
    """Who or what made a box or a class label.

    ``how``: "imported", "drawn", "edited", "pasted", "accepted" (a proposal, taken as it was).
    ``source``: what had proposed it ("run 0007-…", "model belt.onnx", "contours", "tracking"); else empty.
    """

    how: str = "imported"
    source: str = ""


IMPORTED, DRAWN = Origin(), Origin("drawn")


class LabelledBox(Struct, frozen=True, gc=False, array_like=True):
    """A box and where it came from."""

    box: Box
    origin: Origin = DRAWN


class Proposal(Struct, frozen=True, gc=False, array_like=True):
    """A box that somebody still has to accept; it never trains.

    Of a classification model: a box around the whole picture. ``score`` in [0, 1]; ``source`` as in ``Origin``.
    """

    box: Box
    score: float
    source: str


class ImageLabels(Struct, frozen=True, kw_only=True):
    """Everything that an edit can change about one image.

    ``boxes`` and ``label`` are both ``None`` as long as nobody said anything; ``boxes`` may be empty: background.
    ``done``: all of it is labelled; what is in progress never trains. ``confirmed``: somebody looked at a doubt about
    the label and kept it.
    """

    boxes: tuple[LabelledBox, ...] | None = None
    label: int | None = None  # class id
    origin: Origin = IMPORTED  # of ``label``
    done: bool = True
    confirmed: bool = False
    proposals: tuple[Proposal, ...] = ()

    @property
    def annotation(self) -> Annotation:
        if self.boxes is not None:
            return Boxes(tuple(one.box for one in self.boxes))
        return Unlabelled() if self.label is None else ClassLabel(self.label)


def labels_of(annotation: Annotation, origin: Origin = IMPORTED) -> ImageLabels:
    """An annotation all of one origin."""
    match annotation:
        case Boxes(boxes):
            return ImageLabels(boxes=tuple(LabelledBox(box, origin) for box in boxes))
        case ClassLabel(class_id):
            return ImageLabels(label=class_id, origin=origin)
    return ImageLabels()


def with_boxes(labels: ImageLabels, boxes: Iterable[LabelledBox]) -> ImageLabels:
    """With further boxes after the others; a picture on which nothing was yet is in progress from then on."""
    return replace(
        labels,
        boxes=(*(labels.boxes or ()), *boxes),
        done=labels.done and labels.boxes is not None,
        confirmed=False,
    )


class LabelState(StrEnum):
    """Where an image stands. A picture that cannot be read is a problem whatever is known about it."""

    TO_DO = "to_do"
    IN_PROGRESS = "in_progress"
    PROPOSED = "proposed"
    DONE = "done"
    PROBLEM = "problem"


def state_of(annotation: Annotation, *, done: bool, proposals: int, readable: bool = True) -> LabelState:
    if not readable:
        return LabelState.PROBLEM
    if proposals:
        return LabelState.PROPOSED
    if isinstance(annotation, Unlabelled):
        return LabelState.TO_DO
    return LabelState.DONE if done else LabelState.IN_PROGRESS
