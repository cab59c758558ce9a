"""Contours on pages of handwritten digits, with the settings that the panel opens with."""

from pathlib import Path

import numpy as np
import pytest

from core.data import images
from core.labelling.contours import ContourSettings, find_boxes
from core.metrics.matching import greedy, overlaps
from tests.real.test_pictures import DATA

PAGES = DATA / "digits_pages"
pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="the real data sets are not beside the project")


def truth_of(path: Path) -> np.ndarray:
    """The boxes of a page, ``[n, 4]`` corners in its pixels."""
    width, height = images.read(path).shape[1::-1]
    labels = PAGES / "labels" / path.parent.name / f"{path.stem}.txt"
    rows = np.loadtxt(labels, ndmin=2)[:, 1:] * (width, height, width, height)
    return np.hstack([rows[:, :2] - rows[:, 2:] / 2, rows[:, :2] + rows[:, 2:] / 2])


def test_that_most_digits_are_found_and_little_else() -> None:
    matched = true = found = 0
    for path in sorted((PAGES / "images" / "val").glob("*.png"))[:40]:
        truth = truth_of(path)
        boxes = np.array(find_boxes(images.read(path), ContourSettings()), np.float64).reshape(-1, 4)
        matched += len(list(greedy(overlaps(boxes, truth), 0.5)))
        true, found = true + len(truth), found + len(boxes)
    assert true > 100
    assert matched / true >= 0.95
    assert matched / found >= 0.9
