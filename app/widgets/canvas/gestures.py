"""What the mouse is doing to boxes, from the press to the release.

``Press`` -> (moved by 4 pixels of the window) -> ``Drawing | Moving | Resizing | Band`` -> released: an edit or a
selection. A click starts a ``Drawing`` of its own, which the next click ends. Escape leaves any of them; until the end
nothing is changed.
"""

import math
from collections.abc import Collection, Mapping

from msgspec import Struct
from msgspec.structs import replace

from app.widgets.canvas import box_editing
from app.widgets.canvas.box_editing import Edge
from app.widgets.canvas.hit_testing import Item, Target
from app.widgets.canvas.label_editing import box_of
from app.widgets.canvas.view import Point
from core.domain.annotation import Box
from core.domain.labels import ImageLabels

FAR = 4.0  # pixels of the window from which on a press is a drag


class Press(Struct, frozen=True):
    """The button went down. ``where``: in the window; ``point``: in the picture. ``selects``: it made the selection."""

    where: Point
    point: Point
    target: Target
    shift: bool = False
    control: bool = False
    selects: bool = False


class Drawing(Struct, frozen=True):
    """A new box. ``by_clicks``: no button is down; the next click ends it."""

    start: Point
    to: Point
    class_id: int
    by_clicks: bool = False


class Moving(Struct, frozen=True):
    items: tuple[Item, ...]
    start: Point
    to: Point


class Resizing(Struct, frozen=True):
    item: Item
    edges: Edge
    start: Point
    to: Point


class Band(Struct, frozen=True):
    """A rubber band. ``adds``: to what is chosen already."""

    start: Point
    to: Point
    adds: bool = False


Gesture = Drawing | Moving | Resizing | Band


def is_drag(press: Press, where: Point) -> bool:
    return math.dist(press.where, where) >= FAR


def gesture_of(press: Press, chosen: Collection[Item], class_id: int | None) -> Gesture | None:
    """What a drag from this press does; ``None``: it would draw, but no class is chosen."""
    start, target = press.point, press.target
    if press.shift:
        return Band(start, start, adds=press.control)
    if target.item is not None and not press.control:
        if target.edges:
            return Resizing(target.item, target.edges, start, start)
        return Moving(tuple(sorted(chosen)), start, start)
    return None if class_id is None else Drawing(start, start, class_id)


def led_to(gesture: Gesture, point: Point) -> Gesture:
    return replace(gesture, to=point)


def shaped(gesture: Gesture, labels: ImageLabels, size: Point) -> dict[Item, Box]:
    """Items with the boxes that they have at this moment of the gesture."""
    match gesture:
        case Moving(items, start, to):
            boxes = [box_of(labels, item) for item in items]
            return dict(zip(items, box_editing.moved(boxes, to[0] - start[0], to[1] - start[1], size), strict=True))
        case Resizing(item, edges, start, to):
            box, _ = box_editing.resized(box_of(labels, item), edges, to[0] - start[0], to[1] - start[1], size)
            return {item: box}
    return {}


def pulled_edges(gesture: Resizing, labels: ImageLabels, size: Point) -> Edge:
    """Which handle is held now: another one after it passed the opposite edge."""
    across, down = gesture.to[0] - gesture.start[0], gesture.to[1] - gesture.start[1]
    return box_editing.resized(box_of(labels, gesture.item), gesture.edges, across, down, size)[1]


def items_of(gesture: Gesture | None) -> tuple[Item, ...]:
    """Those that the gesture changes."""
    match gesture:
        case Moving(items=items):
            return items
        case Resizing(item=item):
            return (item,)
    return ()


def carried_over(gesture: Gesture, places: Mapping[Item, Item]) -> Gesture | None:
    """The gesture where items have other places by now; ``None`` when one of them is gone."""
    if any(item not in places for item in items_of(gesture)):
        return None
    match gesture:
        case Moving(items=items):
            return replace(gesture, items=tuple(places[item] for item in items))
        case Resizing(item=item):
            return replace(gesture, item=places[item])
    return gesture
