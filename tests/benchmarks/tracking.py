"""How many boxes are carried on rightly to the next picture, on drawn sequences, by ours and by optical flow.

python -m tests.benchmarks.tracking [--pairs 60]

"found": carried on, of the objects that are still there; "right": IoU at least 0.5 with the truth, of those carried on;
"ghosts": carried on though the object is gone. Optical flow is the median of sparse Lucas-Kanade tracks (Kalal 2010).
"""

import argparse
import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from core.domain.annotation import Box, iou
from core.labelling.tracking import carry_on
from tests.drawn_sequences import CHANGES, pairs

Tracker = Callable[[np.ndarray, Sequence[Box], np.ndarray], list[tuple[Box, float]]]


def flow(previous: np.ndarray, boxes: Sequence[Box], following: np.ndarray) -> list[tuple[Box, float]]:
    """Median of tracks forth and back from a grid of points; lost when half of them do not come back."""
    first, second = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (previous, following))
    found = []
    for box in boxes:
        across = np.linspace(box.x_min + box.width / 10, box.x_max - box.width / 10, 10)
        down = np.linspace(box.y_min + box.height / 10, box.y_max - box.height / 10, 10)
        start = np.stack(np.meshgrid(across, down), -1).reshape(-1, 1, 2).astype(np.float32)
        end, there, _ = cv2.calcOpticalFlowPyrLK(first, second, start, None, winSize=(15, 15), maxLevel=4)
        back, here, _ = cv2.calcOpticalFlowPyrLK(second, first, end, None, winSize=(15, 15), maxLevel=4)
        error = np.linalg.norm((start - back).reshape(-1, 2), axis=1)
        good = (there.ravel() > 0) & (here.ravel() > 0) & (error <= max(1.0, float(np.median(error))))
        share = float((error <= 1).mean())
        if good.sum() < 8 or share < 0.5:
            continue
        old, new = start[good].reshape(-1, 2), end[good].reshape(-1, 2)
        one, other = np.triu_indices(len(old), 1)
        before, after = (np.linalg.norm(points[one] - points[other], axis=1) for points in (old, new))
        scale = float(np.median(after[before > 3] / before[before > 3]))
        x, y = np.median(new - old, axis=0) + np.array([(box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2])
        width, height = box.width * scale / 2, box.height * scale / 2
        found.append((Box(x - width, y - height, x + width, y + height, box.class_id), share))
    return found


def measure(track: Tracker, change: str, count: int) -> str:
    there = carried = right = gone = ghosts = 0
    fits: list[float] = []
    seconds = 0.0
    for pair in pairs(change, count):
        boxes = [Box(*corners, number) for number, corners in enumerate(pair.before)]
        start = time.perf_counter()
        found = {box.class_id: box for box, _ in track(pair.first, boxes, pair.second)}
        seconds += time.perf_counter() - start
        for number, corners in enumerate(pair.after):
            if corners is None:
                gone, ghosts = gone + 1, ghosts + (number in found)
                continue
            there += 1
            if number in found:
                carried += 1
                fits.append(iou(found[number], Box(*corners, number)))
                right += fits[-1] >= 0.5
    lost = f"  ghosts {ghosts} of {gone}" if gone else ""
    return (
        f"found {carried / there:.3f}  right {right / max(carried, 1):.3f}  IoU {np.mean(fits):.3f}"
        f"  {seconds / count * 1e3:5.1f} ms a picture{lost}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pairs", type=int, default=60)
    options = parser.parse_args()
    trackers: tuple[tuple[str, Tracker], ...] = (("ours", carry_on), ("optical flow", flow))
    for change in CHANGES:
        for name, track in trackers:
            print(f"{change:10} {name:13} {measure(track, change, options.pairs)}")


if __name__ == "__main__":
    main()
