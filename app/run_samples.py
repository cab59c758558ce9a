"""What a run's model says about a few validation pictures, read and decoded off the window's thread."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from PySide6.QtGui import QImage

from core.domain.dataset import Image, ImageClass
from core.domain.errors import LensmithError
from core.domain.event import SamplePredictions
from core.domain.prediction import BoxPrediction, ClassPrediction, PredictionSet
from core.store.codec import decoder_of, read_json

if TYPE_CHECKING:
    from core.actions.reviewing import ImageReview

MOST = 6
SURE = 0.25  # score from which a box is drawn while nobody has chosen a threshold yet
SIDE = 320  # pixels, long side: sharp in its place at a device pixel ratio of 2


class Sample(NamedTuple):
    """One validation picture and the model's answer; ``picture`` is ``None`` where its file cannot be read any more."""

    review: "ImageReview"
    picture: QImage | None


class Samples(NamedTuple):
    """``classes[i]`` is output ``i`` of the model."""

    epoch: int
    classes: tuple[ImageClass, ...]
    samples: tuple[Sample, ...]


class _Snapshot(msgspec.Struct):
    """``snapshot.json`` with its images left as text: of 100,000 only a handful are wanted."""

    classes: tuple[ImageClass, ...]
    images: tuple[msgspec.Raw, ...]


class SampleReader:
    """Reads the predictions of one run, epoch after epoch; pictures and truth are read once."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._images: dict[str, Image] = {}
        self._classes: tuple[ImageClass, ...] = ()
        self._pictures: dict[str, QImage | None] = {}

    def read(self, event: SamplePredictions) -> Samples | None:
        """``None`` when the files are not there or not whole: pictures are a help, never a reason to fail."""
        try:
            said = read_json(self._run_dir / event.path, PredictionSet)
            predictions: list[ClassPrediction | BoxPrediction] = []
            predictions += said.classes.get("val", [])[:MOST]
            predictions += said.boxes.get("val", [])[:MOST]
            self._learn([prediction.hash for prediction in predictions])
        except (LensmithError, OSError, msgspec.MsgspecError):
            return None
        from core.actions.reviewing import judge  # NumPy, which the window's start does not wait for

        class_index = {image_class.id: index for index, image_class in enumerate(self._classes)}
        found = [
            Sample(judge(self._images[one.hash], one, class_index, SURE), self._pictures[one.hash])
            for one in predictions
            if one.hash in self._images
        ]
        return Samples(event.epoch, self._classes, tuple(found)) if found else None

    def _learn(self, hashes: list[str]) -> None:
        missing = [name.encode() for name in hashes if name not in self._images]
        if not missing:
            return
        snapshot = decoder_of(_Snapshot).decode((self._run_dir / "snapshot.json").read_bytes())
        self._classes = snapshot.classes
        for raw in snapshot.images:
            if any(name in bytes(raw) for name in missing):
                image = decoder_of(Image).decode(raw)
                self._images[image.hash] = image
                self._pictures[image.hash] = _picture(image)


def _picture(image: Image) -> QImage | None:
    from core.actions.thumbnails import thumbnail  # OpenCV, which the window's start does not wait for

    try:
        pixels = thumbnail(None, image, SIDE, SIDE)
    except Exception:  # whatever a damaged file makes a decoder do, the run is shown without this picture
        return None
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGB32).copy()
