"""The difference between two states of an image's labels: small, and good for going either way."""

from typing import Any, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from core.domain.labels import ImageLabels, LabelledBox, Origin, Proposal

Item = TypeVar("Item", bound=Struct)


class Splice(Struct, Generic[Item], frozen=True, array_like=True):
    """From position ``at`` on, ``removed`` became ``added``."""

    at: int
    removed: tuple[Item, ...]
    added: tuple[Item, ...]


class Head(Struct, frozen=True, array_like=True):
    """What is said of the image as a whole; ``has_boxes`` is true of background too."""

    has_boxes: bool
    label: int | None
    origin: Origin
    done: bool
    confirmed: bool


class LabelChange(Struct, frozen=True, omit_defaults=True):
    """From one state of an image to another; what is ``None`` stayed as it was."""

    before: Head | None = None
    after: Head | None = None
    boxes: Splice[LabelledBox] | None = None
    proposals: Splice[Proposal] | None = None


class ChangeConflict(ValueError):
    """A change does not fit the state that it should change: something else changed it meanwhile."""


def difference(old: ImageLabels, new: ImageLabels) -> LabelChange | None:
    """What leads from ``old`` to ``new``; ``None`` when they are equal."""
    if old == new:
        return None
    before, after = _head(old), _head(new)
    return LabelChange(
        before=None if before == after else before,
        after=None if before == after else after,
        boxes=_splice(old.boxes or (), new.boxes or ()),
        proposals=_splice(old.proposals, new.proposals),
    )


def backwards(change: LabelChange) -> LabelChange:
    """The change that undoes ``change``."""
    return LabelChange(change.after, change.before, _swapped(change.boxes), _swapped(change.proposals))


def applied(change: LabelChange, labels: ImageLabels) -> ImageLabels:
    """``labels`` after ``change``; raises ``ChangeConflict`` where they are not what the change began with."""
    head = _head(labels)
    if change.before is not None:
        if head != change.before:
            raise ChangeConflict
        assert change.after is not None
        head = change.after
    boxes = _spliced(labels.boxes or (), change.boxes)
    return replace(
        labels,
        boxes=boxes if head.has_boxes else None,
        label=head.label,
        origin=head.origin,
        done=head.done,
        confirmed=head.confirmed,
        proposals=_spliced(labels.proposals, change.proposals),
    )


def _head(labels: ImageLabels) -> Head:
    return Head(labels.boxes is not None, labels.label, labels.origin, labels.done, labels.confirmed)


def _splice(old: tuple[Item, ...], new: tuple[Item, ...]) -> Splice[Item] | None:
    if old == new:
        return None
    shorter = min(len(old), len(new))
    start = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    end = next((n for n in range(shorter - start) if old[-1 - n] != new[-1 - n]), shorter - start)
    return Splice(start, old[start : len(old) - end], new[start : len(new) - end])


def _spliced(items: tuple[Item, ...], splice: Splice[Item] | None) -> tuple[Item, ...]:
    if splice is None:
        return items
    end = splice.at + len(splice.removed)
    if items[splice.at : end] != splice.removed:
        raise ChangeConflict
    return items[: splice.at] + splice.added + items[end:]


def _swapped(splice: Splice[Any] | None) -> Splice[Any] | None:
    return None if splice is None else Splice(splice.at, splice.added, splice.removed)
