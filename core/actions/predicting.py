"""Predict: an ONNX file used on pictures, by the same code that its report was computed with."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from core.data import images
from core.data.formats.listing import list_images
from core.domain.errors import LensmithError
from core.domain.prediction import ClassPrediction, FoundBox
from core.inference.onnx_model import OnnxModel

BATCH = 8


class ImageAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the model says about one file: a class, or boxes ``[x1, y1, x2, y2, score, class name]``; or an error."""

    path: str
    label: str | None = None
    probabilities: dict[str, float] | None = None
    boxes: tuple[tuple[float, float, float, float, float, str], ...] | None = None
    error: str | None = None


def picture_paths(paths: Sequence[Path]) -> list[Path]:
    """Files as given; folders become the pictures in and below them, sorted, hidden ones left out."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += map(Path, list_images(str(path), []))
        elif path.is_file():
            found.append(path)
        else:
            raise LensmithError(f"There is no file or folder “{path}”.", "Check the path.")
    if not found:
        raise LensmithError(f"There is no picture in “{paths[0]}”.", "Give pictures, or a folder that holds some.")
    return found


def predict(model: OnnxModel, paths: Sequence[Path], threshold: float | None = None) -> Iterator[ImageAnswer]:
    """One answer a path, in order; a picture that cannot be read gives an error and the rest goes on."""
    floor = model.card.threshold if threshold is None else threshold
    for start in range(0, len(paths), BATCH):
        chunk = [str(path) for path in paths[start : start + BATCH]]
        answers: dict[str, ImageAnswer] = {}
        readable = []
        for path in chunk:
            try:
                readable.append((path, images.read(path)))
            except images.UnreadableImage as error:
                answers[path] = ImageAnswer(path=path, error=str(error))
        for prediction in model.predict(readable, batch_size=BATCH):
            path = prediction.hash
            if isinstance(prediction, ClassPrediction):
                answers[path] = _class_answer(path, prediction, model.card.classes)
            else:
                kept = [box for box in prediction.boxes if box.score >= floor]
                answers[path] = ImageAnswer(path=path, boxes=tuple(_named(box, model.card.classes) for box in kept))
        yield from (answers[path] for path in chunk)


def _class_answer(path: str, prediction: ClassPrediction, names: Sequence[str]) -> ImageAnswer:
    probabilities = dict(zip(names, prediction.probabilities, strict=True))
    return ImageAnswer(path=path, label=max(probabilities, key=probabilities.__getitem__), probabilities=probabilities)


def _named(box: FoundBox, names: Sequence[str]) -> tuple[float, float, float, float, float, str]:
    return (box.x1, box.y1, box.x2, box.y2, box.score, names[box.index])
