"""What an ONNX file says about itself, in its own metadata under the key ``lensmith``."""

from enum import StrEnum

from msgspec import Struct

from core.domain.task import Task


class ResizeRule(StrEnum):
    """How a picture of any shape becomes a square."""

    STRETCH = "stretch"  # both sides to the size, ratio not kept
    CROP = "crop"  # short side to size / crop_fraction, then the centre
    LETTERBOX = "letterbox"  # long side to the size, the rest filled with grey 114


class ModelCard(Struct, frozen=True, kw_only=True):
    """Contract of the ONNX file with whoever feeds it.

    Input ``images``: float32 ``[n, 3, image_size, image_size]``, RGB, values 0 to 1; the normalisation
    (``mean``, ``std``) is inside the graph. Output for classification, ``probabilities``: float32 ``[n, classes]``,
    softmax inside; for detection, ``boxes``: float32 ``[n, max_boxes, 6]`` with rows ``x1, y1, x2, y2, score, class``
    in pixels of the input square, score-sorted, rows of score 0 being padding; decoding and NMS are inside.
    """

    schema_version: int = 1
    task: Task
    architecture: str
    classes: tuple[str, ...]
    image_size: int  # pixels
    resize: ResizeRule
    crop_fraction: float = 1.0
    interpolation: str = "bilinear"  # bilinear, bicubic; shrinking is antialiased (area) in both cases
    colour_order: str = "RGB"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    threshold: float = 0.25  # detection: score that gave the best F1 on the validation split
    run: str
    data_hash: str
    licence: str = ""
    made_by: str = ""  # "lensmith 0.1.0"
