"""What is known about one image: nothing, a class, or boxes."""

from msgspec import Struct


class Box(Struct, frozen=True, gc=False, array_like=True):
    """An axis-aligned box on the upright image, in pixels, origin at the top left corner of the first pixel.

    Stored as ``[x_min, y_min, x_max, y_max, class_id]``; ``x_min < x_max <= image width``.
    """

    x_min: float
    y_min: float
    x_max: float
    y_max: float
    class_id: int

    @property
    def width(self) -> float:
        return self.x_max - self.x_min

    @property
    def height(self) -> float:
        return self.y_max - self.y_min


class Unlabelled(Struct, frozen=True, tag="unlabelled"):
    """Nobody has said yet what this image shows; it never trains."""


class ClassLabel(Struct, frozen=True, gc=False, tag="class"):
    """The one class of an image (classification)."""

    class_id: int


class Boxes(Struct, frozen=True, gc=False, tag="boxes"):
    """The objects of an image (detection). Empty means background: looked at, and nothing is there."""

    boxes: tuple[Box, ...]


Annotation = Unlabelled | ClassLabel | Boxes


def class_ids(annotation: Annotation) -> set[int]:
    """The classes that an image shows, as far as anybody said."""
    match annotation:
        case ClassLabel(class_id):
            return {class_id}
        case Boxes(boxes):
            return {box.class_id for box in boxes}
    return set()


def iou(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, whatever their classes."""
    width = min(one.x_max, other.x_max) - max(one.x_min, other.x_min)
    height = min(one.y_max, other.y_max) - max(one.y_min, other.y_min)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.width * one.height + other.width * other.height - shared)
