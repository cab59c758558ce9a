"""Try: a model used on a few pictures at once, with the time that each of them took."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from core.actions.predicting import ImageAnswer, predict
from core.data import images
from core.domain.annotation import Unlabelled
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.inference.onnx_model import MIN_SCORE, OnnxModel


class Tried(Struct, frozen=True, kw_only=True):
    """A picture and what the model says about it, boxes of every score.

    ``seconds``: from the file to the answer, one picture at a time: read, made a square, answered.
    """

    image: Image
    answer: ImageAnswer
    seconds: float


class Unread(Struct, frozen=True):
    """A file that is no picture, or none that can be used."""

    path: str
    error: LensmithError


def try_pictures(model: OnnxModel, paths: Sequence[Path], progress: Progress = silent) -> Iterator[Tried | Unread]:
    """One result a path, in order. A picture that cannot be used is told, and the rest goes on."""
    warm = False
    for done, path in enumerate(paths):
        progress(done, len(paths), "Predicting")
        try:
            facts = images.inspect(path)
        except LensmithError as error:
            yield Unread(str(path), error)
            continue
        if not warm:  # the first answer of a model takes longer than any after it
            list(predict(model, [path]))
            warm = True
        began = time.perf_counter()
        (answer,) = predict(model, [path], MIN_SCORE)
        seconds = time.perf_counter() - began
        if answer.error is not None:
            yield Unread(str(path), LensmithError(answer.error))
            continue
        image = Image(hash=facts.hash, path=str(path), width=facts.width, height=facts.height, annotation=Unlabelled())
        yield Tried(image=image, answer=answer, seconds=seconds)
