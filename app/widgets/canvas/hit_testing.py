"""What lies below the pointer, in pixels of the picture."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from app.widgets.canvas.box_editing import Edge
from app.widgets.canvas.view import Point
from core.domain.annotation import Box

SLACK = 2.0  # pixels of the window beside a box that still count as on it
_REACH = 6.0  # of a handle of the chosen box


class Item(NamedTuple):
    """A box of the image, or one of its proposals; ``number`` is its index there."""

    proposed: bool
    number: int


class Target(NamedTuple):
    """What a press would take: an item, by its handle if ``edges``; or nothing."""

    item: Item | None = None
    edges: Edge = Edge(0)


def items_at(boxes: Sequence[Box], proposals: Sequence[Box], point: Point, slack: float) -> list[Item]:
    """All items at a point, smallest first; of two of one size, the later one, which is drawn above."""
    x, y = point
    found = [
        ((box.x_max - box.x_min) * (box.y_max - box.y_min), -index, Item(proposed, index))
        for proposed, several in ((False, boxes), (True, proposals))
        for index, box in enumerate(several)
        if box.x_min - slack <= x <= box.x_max + slack and box.y_min - slack <= y <= box.y_max + slack
    ]
    return [item for *_, item in sorted(found)]


def edges_at(box: Box, point: Point, reach: float, outside: float) -> Edge:
    """The edges that a drag from ``point`` would move. The middle half of a box is always for moving it."""
    x, y = point
    if not (box.x_min - outside <= x <= box.x_max + outside and box.y_min - outside <= y <= box.y_max + outside):
        return Edge(0)
    wide, high = min(reach, box.width / 4), min(reach, box.height / 4)
    edges = Edge(0)
    if x <= box.x_min + wide:
        edges |= Edge.LEFT
    elif x >= box.x_max - wide:
        edges |= Edge.RIGHT
    if y <= box.y_min + high:
        edges |= Edge.TOP
    elif y >= box.y_max - high:
        edges |= Edge.BOTTOM
    return edges


def target_at(
    boxes: Sequence[Box], proposals: Sequence[Box], chosen: Collection[Item], point: Point, factor: float
) -> Target:
    """What a press at ``point`` takes: handles of the one chosen item first, then a chosen item, then the smallest.

    ``factor``: pixels of the window a pixel of the picture.
    """
    reach, slack = _REACH / factor, SLACK / factor
    if len(chosen) == 1:
        only = next(iter(chosen))
        edges = edges_at((proposals if only.proposed else boxes)[only.number], point, reach, reach)
        if edges:
            return Target(only, edges)
    hits = items_at(boxes, proposals, point, slack)
    if not hits:
        return Target()
    held = next((item for item in hits if item in chosen), None)
    if held is not None:
        return Target(held)
    box = (proposals if hits[0].proposed else boxes)[hits[0].number]
    return Target(hits[0], edges_at(box, point, reach, slack))


def next_of(hits: Sequence[Item], current: Item | None) -> Item:
    """What a further click at the same place takes: the next larger one, and after the largest the smallest."""
    return hits[(hits.index(current) + 1) % len(hits)] if current in hits else hits[0]


def items_in(boxes: Sequence[Box], proposals: Sequence[Box], start: Point, end: Point) -> list[Item]:
    """What a rubber band takes: all that it touches, except what surrounds it."""
    left, right = sorted((start[0], end[0]))
    top, bottom = sorted((start[1], end[1]))
    return [
        Item(proposed, index)
        for proposed, several in ((False, boxes), (True, proposals))
        for index, box in enumerate(several)
        if box.x_min < right and box.x_max > left and box.y_min < bottom and box.y_max > top
        if not (box.x_min < left and box.x_max > right and box.y_min < top and box.y_max > bottom)
    ]
