"""What becomes of boxes that are drawn, moved, resized or pasted: they stay in the picture and do not vanish."""

from collections.abc import Iterable, Sequence
from enum import IntFlag

from app.widgets.canvas.view import Point
from core.domain.annotation import Box

SMALLEST = 3.0  # pixels of the picture, side of a box that somebody draws


class Edge(IntFlag):
    """The edges that a handle moves; a corner moves two."""

    LEFT = 1
    RIGHT = 2
    TOP = 4
    BOTTOM = 8


CORNERS = (Edge.LEFT | Edge.TOP, Edge.RIGHT | Edge.TOP, Edge.LEFT | Edge.BOTTOM, Edge.RIGHT | Edge.BOTTOM)
HANDLES = (*CORNERS, Edge.LEFT, Edge.RIGHT, Edge.TOP, Edge.BOTTOM)


def clamped(point: Point, size: Point) -> Point:
    """The nearest point of a picture of ``size``."""
    return max(0.0, min(size[0], point[0])), max(0.0, min(size[1], point[1]))


def drawn(start: Point, end: Point, class_id: int, size: Point) -> Box | None:
    """The box between two points in any order; ``None`` where it is too small to be meant."""
    (x, y), (to_x, to_y) = clamped(start, size), clamped(end, size)
    box = Box(min(x, to_x), min(y, to_y), max(x, to_x), max(y, to_y), class_id)
    return None if box.width < min(SMALLEST, size[0]) or box.height < min(SMALLEST, size[1]) else box


def moved(boxes: Sequence[Box], across: float, down: float, size: Point) -> list[Box]:
    """All by the same way: no further than the first of them reaches the picture's edge."""
    if not boxes:
        return []
    width, height = size
    boxes = [inside(box, size) if _sticks_out(box, size) else box for box in boxes]
    across = _kept_way(across, min(box.x_min for box in boxes), max(box.x_max for box in boxes), size[0])
    down = _kept_way(down, min(box.y_min for box in boxes), max(box.y_max for box in boxes), size[1])
    return [
        Box(
            max(0.0, box.x_min + across),
            max(0.0, box.y_min + down),
            min(width, box.x_max + across),
            min(height, box.y_max + down),
            box.class_id,
        )
        for box in boxes
    ]


def resized(box: Box, edges: Edge, across: float, down: float, size: Point) -> tuple[Box, Edge]:
    """Some edges moved; one that passes the opposite edge changes places with it, and the handle goes with it."""
    x_min, x_max, left_right = _pulled(box.x_min, box.x_max, edges & (Edge.LEFT | Edge.RIGHT), across, size[0])
    y_min, y_max, top_bottom = _pulled(box.y_min, box.y_max, edges & (Edge.TOP | Edge.BOTTOM), down, size[1])
    return Box(x_min, y_min, x_max, y_max, box.class_id), left_right | top_bottom


def inside(box: Box, size: Point) -> Box:
    """Pushed into the picture, and cut where it is larger than that."""
    x_min, x_max = _pushed(box.x_min, box.x_max, size[0])
    y_min, y_max = _pushed(box.y_min, box.y_max, size[1])
    return Box(x_min, y_min, x_max, y_max, box.class_id)


def beside(boxes: Sequence[Box], taken: Iterable[Box], step: float, size: Point) -> list[Box]:
    """Copies that do not lie exactly on boxes that are there: all shifted by as many steps as it needs."""
    there = set(taken)
    placed = [inside(box, size) for box in boxes]
    for _ in range(100):
        if not any(box in there for box in placed):
            break
        shifted = moved(placed, step, step, size)
        if shifted == placed:  # in the lower right corner: from there it goes back
            step = -step
            shifted = moved(placed, step, step, size)
        placed = shifted
    return placed


def _sticks_out(box: Box, size: Point) -> bool:
    return min(box.x_min, box.y_min) < 0 or box.x_max > size[0] or box.y_max > size[1]


def _kept_way(way: float, lowest: float, highest: float, size: float) -> float:
    return max(-lowest, min(size - highest, way))


def _pushed(low: float, high: float, size: float) -> tuple[float, float]:
    length = min(high - low, size)
    start = max(0.0, min(size - length, low))
    return start, min(size, start + length)


def _pulled(low: float, high: float, edge: Edge, way: float, size: float) -> tuple[float, float, Edge]:
    if not edge:
        return low, high, edge
    first, second = (Edge.LEFT, Edge.RIGHT) if edge & (Edge.LEFT | Edge.RIGHT) else (Edge.TOP, Edge.BOTTOM)
    fixed, pulled = (high, low) if edge == first else (low, high)
    pulled = max(0.0, min(size, pulled + way))
    least = min(SMALLEST, size)
    before = pulled < fixed or (pulled == fixed and edge == first)
    if (before and fixed < least) or (not before and size - fixed < least):  # no room on that side
        before = not before
        pulled = fixed
    if before:
        return min(pulled, fixed - least), fixed, first
    return fixed, max(pulled, fixed + least), second
