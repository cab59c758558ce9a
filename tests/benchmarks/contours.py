"""Recall of contours on real handwritten digits, with the settings that the panel opens with, and their time a page.

python -m tests.benchmarks.contours [--pages 400]

Times are ratios to the shortest OpenCV script that does the same without merging, margin and choice of tone, in the
same run.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import msgspec
import numpy as np

from core.data import images
from core.labelling.contours import ContourSettings, find_boxes
from core.metrics.matching import greedy, overlaps
from tests.real.test_contours import PAGES, truth_of


def bare(pixels: np.ndarray) -> list[tuple[int, int, int, int]]:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    mask = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)[1]
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    rectangles = [cv2.boundingRect(one) for one in contours]
    return [(x, y, x + width, y + height) for x, y, width, height in rectangles]


Finder = Callable[[np.ndarray], Sequence[tuple[int, int, int, int]]]


def measured(find: Finder, pages: list[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float, float]:
    """Recall and precision at IoU 0.5, and the median of seconds a page."""
    matched = true = found = 0
    seconds = []
    for pixels, truth in pages:
        start = time.perf_counter()
        boxes = np.array(find(pixels), np.float64).reshape(-1, 4)
        seconds.append(time.perf_counter() - start)
        matched += len(list(greedy(overlaps(boxes, truth), 0.5)))
        true, found = true + len(truth), found + len(boxes)
    return matched / true, matched / found, float(np.median(seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pages", type=int, default=400)
    options = parser.parse_args()
    paths = sorted((PAGES / "images").rglob("*.png"))[: options.pages]
    pages: list[tuple[np.ndarray, np.ndarray]] = [(images.read(path), truth_of(path)) for path in paths]
    print(f"{len(pages)} pages, {sum(len(truth) for _, truth in pages)} boxes")
    alone = measured(bare, pages)
    rows: list[tuple[str, Finder]] = [
        ("as the panel opens", lambda pixels: find_boxes(pixels, ContourSettings())),
        ("adaptive threshold", lambda pixels: find_boxes(pixels, ContourSettings(threshold="adaptive"))),
        ("bare OpenCV", bare),
    ]
    for name, find in rows:
        recall, precision, seconds = measured(find, pages)
        ratio = f"{seconds / alone[2]:.1f} x bare OpenCV"
        print(f"{name:20} recall {recall:.3f}  precision {precision:.3f}  {seconds * 1e3:6.2f} ms a page  {ratio}")
    shown: dict[str, Any] = msgspec.structs.asdict(ContourSettings())
    print("settings:", ", ".join(f"{name} {value}" for name, value in shown.items()))
    photo = np.tile(pages[0][0], (9, 8, 1))
    large = [(photo, np.zeros((0, 4)))] * 3
    for name, find in rows:
        start = time.perf_counter()
        for pixels, _ in large:
            find(pixels)
        seconds = (time.perf_counter() - start) / len(large)
        print(f"{name:20} {photo.shape[0] * photo.shape[1] / 1e6:.0f} megapixels: {seconds:.3f} s")


if __name__ == "__main__":
    main()
