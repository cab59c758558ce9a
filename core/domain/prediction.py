"""What a model said about images. ``predictions.json`` of a run holds a ``PredictionSet``."""

from msgspec import Struct


class ClassPrediction(Struct, frozen=True):
    """``probabilities[i]`` belongs to model output ``i``."""

    hash: str
    probabilities: tuple[float, ...]


class FoundBox(Struct, frozen=True, array_like=True, gc=False):
    """``[x1, y1, x2, y2, score, class]`` in pixels of the upright image; ``index`` is the model's output index."""

    x1: float
    y1: float
    x2: float
    y2: float
    score: float
    index: int


class BoxPrediction(Struct, frozen=True):
    """Boxes by falling score, down to a score of 0.001, so that PR curves are whole."""

    hash: str
    boxes: tuple[FoundBox, ...]


class PredictionSet(Struct, frozen=True, kw_only=True):
    """Predictions of the exported ONNX file, by split name."""

    schema_version: int = 1
    classes: dict[str, list[ClassPrediction]] = {}
    boxes: dict[str, list[BoxPrediction]] = {}
