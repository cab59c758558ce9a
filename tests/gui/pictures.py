"""Drawn pictures on disk as images of a project."""

from pathlib import Path

import cv2
import numpy as np

from core.data.images import inspect
from core.domain.annotation import Annotation, Unlabelled
from core.domain.dataset import Image


def draw_picture(path: Path, pixels: np.ndarray, annotation: Annotation | None = None) -> Image:
    """``pixels`` uint8 ``[h, w, 3]``, RGB, written in the format of the file's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, pixels[..., ::-1])[1].tobytes())
    facts = inspect(path)
    return Image(
        hash=facts.hash,
        path=str(path),
        width=facts.width,
        height=facts.height,
        annotation=annotation or Unlabelled(),
    )


def draw_numbered(folder: Path, count: int) -> list[Image]:
    """Pictures of 64 x 48 pixels, each of one grey that no other has."""
    return [draw_picture(folder / f"{n:03}.png", np.full((48, 64, 3), 40 + n, np.uint8)) for n in range(count)]
