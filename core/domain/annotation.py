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
