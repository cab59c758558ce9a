"""Pictures about which nothing is said yet."""

import os
from pathlib import Path

from core.data.formats.listing import list_images, split_of
from core.domain.progress import Progress, silent
from core.domain.source import Problem, SourceDataset, SourceImage


def read(root: Path, progress: Progress = silent) -> SourceDataset:
    """Every picture below ``root``; folders named as a split give the split."""
    problems: list[Problem] = []
    place = os.path.abspath(root)
    images = [SourceImage(path, split=split_of(path, place)) for path in sorted(list_images(place, problems))]
    progress(len(images), len(images), "Listing pictures")
    return SourceDataset(
        format="unlabelled", root=place, task=None, classes=(), images=images, problems=tuple(problems)
    )
