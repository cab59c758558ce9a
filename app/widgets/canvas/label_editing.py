"""Edits of the labels of one image: what was said before stays said, and who said what is kept."""

from collections.abc import Collection, Mapping, Sequence

from msgspec.structs import replace

from app.widgets.canvas.hit_testing import Item
from core.domain.annotation import Box
from core.domain.labels import ImageLabels, LabelledBox, Origin, with_boxes
from core.labelling import proposals


def boxes_of(labels: ImageLabels) -> tuple[Box, ...]:
    return tuple(one.box for one in labels.boxes or ())


def proposed(labels: ImageLabels) -> tuple[Box, ...]:
    return tuple(one.box for one in labels.proposals)


def box_of(labels: ImageLabels, item: Item) -> Box:
    return labels.proposals[item.number].box if item.proposed else (labels.boxes or ())[item.number].box


def added(labels: ImageLabels, boxes: Sequence[LabelledBox]) -> tuple[ImageLabels, list[Item]]:
    """With further boxes; an image that was to do is in progress from then on. Also: the items they became."""
    before = len(labels.boxes or ())
    return with_boxes(labels, boxes), [Item(False, before + n) for n in range(len(boxes))]


def changed(labels: ImageLabels, boxes: Mapping[Item, Box]) -> tuple[ImageLabels, list[Item]]:
    """Other places or classes for some items; a proposal that somebody changes becomes a box."""
    own = list(labels.boxes or ())
    for item, box in boxes.items():
        if not item.proposed:
            own[item.number] = LabelledBox(box, Origin("edited", own[item.number].origin.source))
    items = [item for item in boxes if not item.proposed]
    taken = sorted(item for item in boxes if item.proposed)
    if items:
        labels = replace(labels, boxes=tuple(own), confirmed=False)
    if taken:
        made = [LabelledBox(boxes[item], Origin("edited", labels.proposals[item.number].source)) for item in taken]
        labels, new = added(_without(labels, taken), made)
        items += new
    return labels, items


def accepted(labels: ImageLabels, items: Collection[Item]) -> tuple[ImageLabels, list[Item]]:
    """Proposals taken as they are."""
    taken = [item.number for item in items if item.proposed]
    before = len(labels.boxes or ())
    return proposals.accepted(labels, taken), [Item(False, before + n) for n in range(len(taken))]


def removed(labels: ImageLabels, items: Collection[Item]) -> ImageLabels:
    """Without some boxes and proposals. An image in progress that has no box any more is to do again: that nothing
    is on it is for somebody to say.
    """
    gone = {item.number for item in items if not item.proposed}
    labels = _without(labels, items)
    if not gone:
        return labels
    left = tuple(one for index, one in enumerate(labels.boxes or ()) if index not in gone)
    if not left and not labels.done:
        return replace(labels, boxes=None, done=True, confirmed=False)
    return replace(labels, boxes=left, confirmed=False)


def found_again(old: ImageLabels, new: ImageLabels, items: Collection[Item]) -> dict[Item, Item]:
    """Where items of ``old`` are in ``new``: in their place if none came or went, else where an equal one is."""
    found = {}
    for is_proposal in (False, True):
        before: Sequence[object] = old.proposals if is_proposal else old.boxes or ()
        after: Sequence[object] = new.proposals if is_proposal else new.boxes or ()
        wanted = [item for item in items if item.proposed == is_proposal]
        if len(before) == len(after):
            found.update({item: item for item in wanted})
        elif wanted:
            places = {one: index for index, one in enumerate(after)}
            for item in wanted:
                if before[item.number] in places:
                    found[item] = Item(is_proposal, places[before[item.number]])
    return found


def _without(labels: ImageLabels, items: Collection[Item]) -> ImageLabels:
    return proposals.refused(labels, [item.number for item in items if item.proposed])
