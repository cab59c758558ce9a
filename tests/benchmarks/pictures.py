"""How fast pictures are inspected (hash, header, proof that they decode) and drawn: python -m tests.benchmarks.pictures

Inspection is measured against bare ``cv2.imdecode`` of the same files in the same run.
"""

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from core.data import images, sample
from core.domain.task import Task

COUNT = 10_000


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "small")
        drawn = seconds(lambda: sample.draw_bulk(small, COUNT))
        print(f"drawn, 64 px, with boxes     {COUNT / drawn:8,.0f} pictures/s")
        paths = sorted(small.rglob("*.jpg"))
        bare = seconds(lambda: [cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR) for path in paths])
        print(f"bare imdecode, one thread    {COUNT / bare:8,.0f} pictures/s")
        for threads in (1, 2, 4):
            with ThreadPoolExecutor(threads) as pool:
                taken = seconds(lambda pool=pool: list(pool.map(images.inspect, paths, chunksize=100)))  # type: ignore[misc]
            print(f"inspected, {threads} threads         {COUNT / taken:8,.0f} pictures/s, {taken / bare:.2f} x bare")
        for task in Task:
            taken = seconds(lambda task=task: sample.draw(Path(folder, task), task, 200))  # type: ignore[misc]
            print(f"drawn, {task:<15}       {200 / taken:8,.0f} pictures/s")


if __name__ == "__main__":
    main()
