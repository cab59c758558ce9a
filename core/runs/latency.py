"""How long the ONNX file takes for one picture on this machine."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from core.data.images import read
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.inference.onnx_model import OnnxModel
from core.inference.preprocess import Pixels

_WARM_UP = 3
_TIMES = 25
_PATIENCE = 2.0  # seconds for everything; a slow model is timed fewer times
_PICTURES = 4  # decoded before anything is timed


def latency_ms(path: Path, images: Sequence[Image]) -> float | None:
    """Median milliseconds from one decoded picture to its answer, pictures one at a time, by the processor alone.

    Resizing is counted, since whoever uses the file has to do it too; decoding is not. ``None`` when none of the first
    few ``images`` can be read.
    """
    pictures = _pictures(images)
    if not pictures:
        return None
    model = OnnxModel.open(path)
    end = perf_counter() + _PATIENCE
    taken: list[float] = []
    while len(taken) < _WARM_UP + _TIMES and (len(taken) < _WARM_UP or perf_counter() < end):
        picture = pictures[len(taken) % len(pictures)]
        began = perf_counter()
        list(model.predict([("", picture)]))
        taken.append(perf_counter() - began)
    return 1000 * median(taken[_WARM_UP:] or taken[1:])


def _pictures(images: Sequence[Image]) -> list[Pixels]:
    found: list[Pixels] = []
    for image in images[: 2 * _PICTURES]:
        try:
            found.append(read(Path(image.path)))
        except LensmithError:
            continue  # the report has named it
        if len(found) == _PICTURES:
            break
    return found
