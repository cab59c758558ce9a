"""From a picture of any shape to the square that a model takes, and boxes back again.

Training, report, parity and the shipped ONNX file all go through these functions, so that what is measured is what
ships.
"""

from typing import TypeVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from core.data.images import cv2  # imported there, with the environment restored after it
from core.domain.model_card import ResizeRule

Pixels = NDArray[np.uint8]
Coordinate = TypeVar("Coordinate", float, NDArray[np.float64])

LETTERBOX_GREY = 114
INTERPOLATIONS = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}


class Placement(Struct, frozen=True):
    """Where an upright image of ``width`` × ``height`` pixels lies in its square of ``size`` × ``size`` pixels.

    A point ``x`` of the image lies at ``x * scale_x + offset_x`` of the square. Offsets are positive beside the
    bars of a letterbox and negative where a crop has cut something off.
    """

    scale_x: float
    scale_y: float
    offset_x: float
    offset_y: float
    width: int
    height: int
    size: int

    def to_image(
        self, x1: Coordinate, y1: Coordinate, x2: Coordinate, y2: Coordinate
    ) -> tuple[Coordinate, Coordinate, Coordinate, Coordinate]:
        """Box corners of the square in pixels of the image, clipped to it. Numbers, or arrays ``[n]``."""
        return (
            np.clip((x1 - self.offset_x) / self.scale_x, 0, self.width),
            np.clip((y1 - self.offset_y) / self.scale_y, 0, self.height),
            np.clip((x2 - self.offset_x) / self.scale_x, 0, self.width),
            np.clip((y2 - self.offset_y) / self.scale_y, 0, self.height),
        )

    def to_square(
        self, x1: Coordinate, y1: Coordinate, x2: Coordinate, y2: Coordinate
    ) -> tuple[Coordinate, Coordinate, Coordinate, Coordinate]:
        """Box corners of the image in pixels of the square, clipped to it. A box that a crop cut off has no area."""
        return (
            np.clip(x1 * self.scale_x + self.offset_x, 0, self.size),
            np.clip(y1 * self.scale_y + self.offset_y, 0, self.size),
            np.clip(x2 * self.scale_x + self.offset_x, 0, self.size),
            np.clip(y2 * self.scale_y + self.offset_y, 0, self.size),
        )


def place(width: int, height: int, size: int, rule: ResizeRule, crop_fraction: float = 1.0) -> Placement:
    """Where ``resize`` puts an image of that shape, without touching a pixel."""
    match rule:
        case ResizeRule.STRETCH:
            return Placement(size / width, size / height, 0.0, 0.0, width, height, size)
        case ResizeRule.CROP:
            side = _cropped_side(width, height, crop_fraction)
            scale = size / side
            return Placement(
                scale, scale, -((width - side) // 2) * scale, -((height - side) // 2) * scale, width, height, size
            )
        case ResizeRule.LETTERBOX:
            inner_width, inner_height = _letterboxed(width, height, size)
            left, top = (size - inner_width) // 2, (size - inner_height) // 2
            return Placement(inner_width / width, inner_height / height, left, top, width, height, size)


def resize(
    image: Pixels,
    size: int,
    rule: ResizeRule,
    interpolation: str = "bilinear",
    crop_fraction: float = 1.0,
) -> tuple[Pixels, Placement]:
    """An upright RGB image ``[h, w, 3]`` as a square ``[size, size, 3]``, and where it lies in there.

    Letterbox geometry (rounding, the odd pixel of padding at the bottom and right, grey 114) is that of ultralytics'
    ``LetterBox``, growing allowed. Crop takes the centre square of ``crop_fraction`` of the short side first and
    scales that alone: the same picture as scaling first, at a fraction of the work, and safe for a 1 × 30,000 strip.
    """
    height, width = image.shape[:2]
    placement = place(width, height, size, rule, crop_fraction)
    match rule:
        case ResizeRule.STRETCH:
            return scale(image, size, size, interpolation), placement
        case ResizeRule.CROP:
            side = _cropped_side(width, height, crop_fraction)
            left, top = (width - side) // 2, (height - side) // 2
            return scale(image[top : top + side, left : left + side], size, size, interpolation), placement
        case ResizeRule.LETTERBOX:
            inner_width, inner_height = _letterboxed(width, height, size)
            left, top = int(placement.offset_x), int(placement.offset_y)
            square = np.full((size, size, 3), LETTERBOX_GREY, np.uint8)
            square[top : top + inner_height, left : left + inner_width] = scale(
                image, inner_width, inner_height, interpolation
            )
            return square, placement


def scale(image: Pixels, width: int, height: int, interpolation: str = "bilinear") -> Pixels:
    """Resize to exactly ``width`` × ``height``: shrinking by area (antialiased), growing by ``interpolation``.

    Axes are treated apart, since ``INTER_AREA`` falls back to nearest-like growing as soon as one axis grows.
    """
    smaller = (min(width, image.shape[1]), min(height, image.shape[0]))
    if smaller != (image.shape[1], image.shape[0]):
        image = cv2.resize(image, smaller, interpolation=cv2.INTER_AREA)
    if smaller != (width, height):
        image = cv2.resize(image, (width, height), interpolation=INTERPOLATIONS[interpolation])
    return image


def to_input(image: Pixels) -> NDArray[np.float32]:
    """A square ``uint8 [size, size, 3]`` as model input: ``float32 [3, size, size]``, values 0 to 1."""
    planes = np.stack(cv2.split(image)).astype(np.float32)
    planes /= np.float32(255)  # a division, as PyTorch does it: times 1/255 differs in the last bit
    return planes


def _cropped_side(width: int, height: int, crop_fraction: float) -> int:
    return max(1, round(min(width, height) * crop_fraction))


def _letterboxed(width: int, height: int, size: int) -> tuple[int, int]:
    """Width and height of the picture inside the square; a very thin one keeps a pixel."""
    ratio = min(size / width, size / height)
    return max(round(width * ratio), 1), max(round(height * ratio), 1)
