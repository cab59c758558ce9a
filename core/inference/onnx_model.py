"""One ONNX file that Lensmith exported: its card, and what it says about images."""

import json
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.domain.errors import LensmithError
from core.domain.model_card import ModelCard
from core.domain.prediction import BoxPrediction, ClassPrediction, FoundBox
from core.domain.task import Task
from core.inference.onnx_checks import load_checked
from core.inference.preprocess import INTERPOLATIONS, Pixels, Placement, resize, to_input
from core.store.codec import Versioned, decoder_of
from core.store.files import write_atomic

if TYPE_CHECKING:
    import onnx

CARD_KEY = "lensmith"
INPUT = "images"
OUTPUT = {Task.CLASSIFICATION: "probabilities", Task.DETECTION: "boxes"}
MAX_IMAGE_SIZE = 8192  # pixels; a batch of eight is 6 GB there already
MIN_SCORE = 0.001  # rows below are padding or noise; PR curves are whole down to here


def load_runtime() -> ModuleType:
    """ONNX Runtime with its telemetry off. Nobody imports ``onnxruntime`` in any other way.

    Since 1.29 it queues a device id for Microsoft as soon as it is imported, unless this variable is set before.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime


def attach_card(path: Path, card: ModelCard) -> None:
    """Write the card into the file's metadata, atomically: whole under ``lensmith``, and key by key for human readers.

    Every other key of the metadata stays. Raises ``LensmithError`` if the file is not one that ``open`` would take.
    """
    model = load_checked(path)
    _check_graph(path, model, card)
    entries = {entry.key: entry.value for entry in model.metadata_props} | _metadata(card)
    del model.metadata_props[:]
    for key, value in entries.items():
        model.metadata_props.add(key=key, value=value)
    write_atomic(path, model.SerializeToString())


def read_card(path: Path) -> ModelCard:
    """The card of a model file, without loading the model into ONNX Runtime."""
    return _card(path, load_checked(path))


class OnnxModel:
    """An opened model. Made by ``open``; usable from one thread at a time."""

    def __init__(self, path: Path, card: ModelCard, session: Any) -> None:
        self.path = path
        self.card = card
        self._session = session

    @classmethod
    def open(cls, path: Path, *, cuda: bool = False) -> Self:
        """Check a file and load it. ``cuda``: use the graphics card if this ONNX Runtime can, else the processor.

        Raises ``LensmithError`` for a file that is missing, damaged, unsafe or without a card.
        """
        path = Path(path)
        model = load_checked(path)
        card = _card(path, model)
        _check_graph(path, model, card)
        del model  # the parsed weights would stay in memory beside those of the session
        runtime = load_runtime()
        wanted = ["CUDAExecutionProvider"] if cuda else []
        providers = [name for name in wanted if name in runtime.get_available_providers()]
        try:
            session = runtime.InferenceSession(
                str(path), _session_options(runtime), providers=[*providers, "CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime has no common base class for what it raises
            raise LensmithError(
                f"{path} cannot be run: {str(error).splitlines()[0][:300]}", "Export the model again."
            ) from error
        return cls(path, card, session)

    @property
    def providers(self) -> tuple[str, ...]:
        """What computes, in order of preference: ``CPUExecutionProvider``, ``CUDAExecutionProvider``."""
        return tuple(self._session.get_providers())

    def predict(
        self, images: Iterable[tuple[str, Pixels]], batch_size: int = 8
    ) -> Iterator[ClassPrediction | BoxPrediction]:
        """Answers in the order of ``images``: pairs of a key (the image's hash) and upright RGB ``uint8 [h, w, 3]``.

        Boxes come in pixels of the image, clipped to it, by falling score from ``MIN_SCORE`` up. Images are taken
        from the iterable as they are needed, ``batch_size`` at a time.
        """
        waiting = iter(images)
        while batch := list(islice(waiting, batch_size)):
            card = self.card
            squares, placements = [], []
            for _, image in batch:
                square, placement = resize(image, card.image_size, card.resize, card.interpolation, card.crop_fraction)
                squares.append(to_input(square))
                placements.append(placement)
            rows = self.run(np.stack(squares))
            for (key, _), placement, row in zip(batch, placements, rows, strict=True):
                if card.task is Task.CLASSIFICATION:
                    yield ClassPrediction(key, tuple(row.tolist()))
                else:
                    yield BoxPrediction(key, found_boxes(row, placement, len(card.classes)))

    def run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """The model's own output for ``float32 [n, 3, size, size]``: ``[n, classes]`` or ``[n, max_boxes, 6]``."""
        (output,) = self._session.run([OUTPUT[self.card.task]], {INPUT: inputs})
        if not np.isfinite(output).all():
            raise LensmithError(
                f"{self.path} answered with values that are not numbers.", "Train the model again at a lower rate."
            )
        return output


def found_boxes(rows: NDArray[np.float32], placement: Placement, classes: int) -> tuple[FoundBox, ...]:
    """Rows ``[n, 6]`` of a detector, in pixels of the square, as boxes of the image by falling score.

    Padding rows, boxes that lie wholly beside the picture and classes that do not exist are left out.
    """
    rows = rows[(rows[:, 4] >= MIN_SCORE) & (rows[:, 5] > -0.5) & (rows[:, 5] < classes - 0.5)].astype(np.float64)
    rows = rows[np.argsort(-rows[:, 4], kind="stable")]
    x1, y1, x2, y2 = placement.to_image(*rows[:, :4].T)
    inside = (x2 > x1) & (y2 > y1)
    columns = (x1, y1, x2, y2, rows[:, 4], np.rint(rows[:, 5]).astype(int))
    return tuple(map(FoundBox, *(column[inside].tolist() for column in columns)))


def _metadata(card: ModelCard) -> dict[str, str]:
    """The card as JSON, and its main fields one by one for whoever opens the file without Lensmith."""
    return {
        CARD_KEY: msgspec.json.encode(card).decode(),
        "classes": json.dumps(card.classes, ensure_ascii=False),
        "image_size": str(card.image_size),
        "colour_order": card.colour_order,
        "mean": json.dumps(card.mean),
        "std": json.dumps(card.std),
        "resize": card.resize.value,
        "run": card.run,
        "data_hash": card.data_hash,
        "threshold": str(card.threshold),
    }


def _card(path: Path, model: "onnx.ModelProto") -> ModelCard:
    text = next((entry.value for entry in model.metadata_props if entry.key == CARD_KEY), None)
    if text is None:
        raise LensmithError(
            f"{path} has no Lensmith card: its metadata lack the key “{CARD_KEY}” with class names and input size.",
            "Open a file that Lensmith exported.",
        )
    newest = next(f.default for f in msgspec.structs.fields(ModelCard) if f.name == "schema_version")
    try:
        version = decoder_of(Versioned).decode(text).schema_version
        if version > newest:
            raise LensmithError(f"{path} was made by a newer Lensmith (card version {version}).", "Update Lensmith.")
        return decoder_of(ModelCard).decode(text)
    except msgspec.DecodeError as error:
        raise LensmithError(f"The Lensmith card in {path} is damaged: {error}.", "Export the model again.") from error


def _check_graph(path: Path, model: "onnx.ModelProto", card: ModelCard) -> None:
    """Refuse a file whose graph is not the one that its card describes."""
    output = OUTPUT[card.task]
    images, answers = _shape(model.graph.input, INPUT), _shape(model.graph.output, output)
    last = len(card.classes) if card.task is Task.CLASSIFICATION else 6
    sides = (3, card.image_size, card.image_size)
    problem = ""
    if not 0 < card.image_size <= MAX_IMAGE_SIZE:
        problem = f"its card says {card.image_size} pixels for the input"
    elif not card.classes or not 0 < card.crop_fraction <= 1 or card.interpolation not in INTERPOLATIONS:
        problem = "its card has no classes, or a resize rule that does not exist"
    elif (
        images is None or len(images) != 4 or any(d not in (0, want) for d, want in zip(images[1:], sides, strict=True))
    ):
        problem = f"its input “{INPUT}” should be [n, 3, {card.image_size}, {card.image_size}] and is {images}"
    elif answers is None or (answers and answers[-1] not in (0, last)):
        problem = f"its output “{output}” should have {last} columns and is {answers}"
    if problem:
        raise LensmithError(f"{path} does not keep to its Lensmith card: {problem}.", "Export the model again.")


def _shape(values: "Iterable[onnx.ValueInfoProto]", name: str) -> list[int] | None:
    """Dimensions of the named input or output, 0 where free; ``None`` if there is none of that name."""
    found = next((value for value in values if value.name == name), None)
    return None if found is None else [d.dim_value for d in found.type.tensor_type.shape.dim]


def _session_options(runtime: ModuleType) -> Any:
    import psutil

    options = runtime.SessionOptions()
    options.intra_op_num_threads = psutil.cpu_count(logical=False) or 1
    options.log_severity_level = 3  # errors only: they are raised and told in our own words
    return options
