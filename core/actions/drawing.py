"""Predictions as pictures: one drawn copy for each answer."""

from collections.abc import Sequence
from pathlib import Path

from core.actions.predicting import ImageAnswer
from core.data import images
from core.data.images import cv2
from core.domain.errors import LensmithError
from core.domain.model_card import ModelCard
from core.domain.prediction import FoundBox
from core.domain.progress import Progress, silent
from core.inference.draw import PALETTE, Pixels, draw_boxes, draw_label
from core.store.files import translated_errors, write_atomic

LONGEST_STEM = 200  # bytes; file systems take 255 for a whole name, and a number may follow
LONG_SIDE = 1280  # pixels: lines and text stay legible on small pictures, and a folder of photographs stays small


def draw_answers(
    answers: Sequence[ImageAnswer], card: ModelCard, folder: Path, progress: Progress = silent
) -> list[Path]:
    """Write ``<name>.jpg`` into ``folder`` for every answer without an error; returns the files in order.

    Pictures of one name get numbers, and a file that is there already is never replaced.
    """
    with translated_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for done, answer in enumerate(answers, start=1):
        if answer.error is None:
            picture = _draw(images.read(answer.path), answer, card)
            drawn.append(_write(picture, folder, Path(answer.path).stem))
        progress(done, len(answers), "Drawing")
    return drawn


def _draw(picture: Pixels, answer: ImageAnswer, card: ModelCard) -> Pixels:
    if answer.boxes is not None:
        found = [FoundBox(x1, y1, x2, y2, score, card.classes.index(c)) for x1, y1, x2, y2, score, c in answer.boxes]
        return draw_boxes(picture, found, card.classes, side=LONG_SIDE)
    assert answer.label is not None
    assert answer.probabilities is not None
    color = PALETTE[card.classes.index(answer.label) % len(PALETTE)]
    return draw_label(picture, f"{answer.label}  {answer.probabilities[answer.label]:.2f}", color, side=LONG_SIDE)


def _write(picture: Pixels, folder: Path, stem: str) -> Path:
    stem = stem.encode()[:LONGEST_STEM].decode("utf-8", "ignore")
    target, number = folder / f"{stem}.jpg", 1
    while target.exists():
        number += 1
        target = folder / f"{stem}-{number}.jpg"
    written, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    if not written:
        raise LensmithError(f"The drawn copy of “{stem}” could not be encoded.", "Draw to another folder.")
    write_atomic(target, data.tobytes())
    return target
