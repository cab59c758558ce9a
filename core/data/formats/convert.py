"""Boxes from what files say to what a project holds: pixels of the upright image, inside it."""

from math import isfinite

from core.domain.source import Problem, SourceImage

# Overshoots that rounding in a text file explains: cut without a word.
ROUNDING_PIXELS = 0.05
ROUNDING_FRACTION = 1e-4

PixelBox = tuple[float, float, float, float, int]  # x_min, y_min, x_max, y_max, label


def fault_of(x_min: float, y_min: float, x_max: float, y_max: float) -> str | None:
    """The kind of problem that makes a box useless whatever the picture's size, or ``None``."""
    if not (isfinite(x_min) and isfinite(y_min) and isfinite(x_max) and isfinite(y_max)):
        return "box_not_finite"
    if x_max < x_min or y_max < y_min:
        return "box_negative_size"
    if x_max == x_min or y_max == y_min:
        return "box_no_area"
    return None


def to_pixel_boxes(image: SourceImage, width: int, height: int) -> tuple[list[PixelBox], list[Problem]]:
    """``image.boxes`` in pixels of a picture of ``width`` x ``height``, cut at its edges.

    Boxes that reach over an edge are cut, boxes of no area or wholly outside are left out; each is a problem, so
    that boxes given = boxes returned + problems of kinds that leave out. Relative boxes were judged when read.
    No box returned for an image that gave some does not make it background: nobody said that it shows nothing.
    """
    boxes: list[PixelBox] = []
    problems: list[Problem] = []
    for box in image.boxes or ():
        scale_x, scale_y = (width, height) if box.relative else (1, 1)
        corners = (box.x_min * scale_x, box.y_min * scale_y, box.x_max * scale_x, box.y_max * scale_y)
        kind = fault_of(*corners)
        x_min, x_max = max(corners[0], 0.0), min(corners[2], float(width))
        y_min, y_max = max(corners[1], 0.0), min(corners[3], float(height))
        if kind is None and (x_max <= x_min or y_max <= y_min):
            kind = "box_all_outside"
        if kind is None:
            boxes.append((x_min, y_min, x_max, y_max, box.label))
            over = max(-corners[0], -corners[1], corners[2] - width, corners[3] - height)
            if over > ROUNDING_PIXELS and not box.relative:
                kind = "box_outside"
        if kind is not None:
            numbers = ", ".join(f"{value:.6g}" for value in corners)
            problems.append(Problem(kind, image.path, f"{numbers} in {width} x {height} pixels"))
    return boxes, problems
