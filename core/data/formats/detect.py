"""Which format is this folder or file, and reading it."""

import os
from pathlib import Path
from types import ModuleType

from core.data.formats import imagefolder, unlabelled, yolo
from core.data.formats.listing import UNASSIGNED, SPLIT_NAMES, is_image, unwrap, walk
from core.data.formats.yolo_config import data_files
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.domain.source import SourceDataset

READERS: dict[str, ModuleType] = {"imagefolder": imagefolder, "yolo": yolo, "unlabelled": unlabelled}


def detect(path: Path) -> str:
    """Name of the format."""
    place = unwrap(os.path.abspath(path))
    if os.path.isfile(place) or data_files(place):
        return "yolo"
    for f in walk(place, []):
        if any(is_image(n) for n in f.files) and "images" not in f.path:
            return "imagefolder"
    return "yolo"


def open_source(
    path: Path, format: str = "auto", *, staging: Path | None = None, progress: Progress = silent
) -> SourceDataset:
    return READERS[detect(path) if format == "auto" else format].read(path, progress)
