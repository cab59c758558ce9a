"""The gallery over 100,000 pictures: first thumbnails, frames while scrolling, memory.

``python -m tests.benchmarks.gallery [COUNT]``. Pictures are drawn and imported into a temporary project; a fresh
process without a screen then opens it in a window of 1280 x 800 that holds nothing but the gallery. Small pictures
are never put into the disk cache, so what is measured is always a cold one; photographs of 12 megapixels follow,
cold and warm. The delay of the event loop is that of a timer of 1 ms.
On a machine that does other things as well, the processor time of the window's thread says what a frame costs.
"""

import json
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COUNT = 100_000
FRAMES = 300
FRAME = 1 / 60
TARGETS = "targets: first thumbnails 2 s, 99th percentile of frames 16 ms, memory 500 MB, event loop 50 ms"


def main() -> None:
    from core.data.sample import draw_bulk
    from tests.benchmarks.child import measure, measure_python

    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    with tempfile.TemporaryDirectory() as folder:
        source = draw_bulk(Path(folder, "bulk"), count)
        measure("import", f"{folder}/project", source, "--json")
        _draw_photograph(Path(folder, "photograph.jpg"))
        found = measure_python("-m", "tests.benchmarks.gallery", "--window", folder).result
    print(f"{count:,} pictures")
    for name, value in found.items():
        print(f"{name:58} {value}")
    print(TARGETS)


def _draw_photograph(path: Path) -> None:
    import numpy as np

    from core.data.images import cv2

    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (60, 80, 3)).astype(np.uint8)
    photograph = cv2.resize(coarse, (4000, 3000), interpolation=cv2.INTER_CUBIC)
    noise = rng.integers(0, 12, photograph.shape, np.uint8)
    path.write_bytes(cv2.imencode(".jpg", cv2.add(photograph, noise))[1].tobytes())


def window(folder: Path) -> None:
    """In a process of its own; prints one JSON object."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from app import theme

    application = QApplication([])
    theme.apply(application, theme.LIGHT, theme.load_font())
    found = _open_and_scroll(folder / "project")
    found["peak memory of the process, MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    found |= _photographs(folder)
    print(json.dumps(found))


def _open_and_scroll(project: Path) -> dict[str, Any]:
    from app.widgets.gallery.overlay import looks, overlay_of

    found: dict[str, Any] = {}
    with _gallery(project / "cache") as grid, _event_loop_delay() as delays:
        _spin(0.3)
        delays.clear()
        began = time.perf_counter()
        done: list[Any] = []
        threading.Thread(target=lambda: done.append(_read(project))).start()
        _spin(60, lambda: bool(done))
        images, classes, seconds = done[0]
        found["opening the database, s"], found["ProjectStore.images(), s"] = seconds
        found["until the list of pictures is there, s"] = round(time.perf_counter() - began, 3)
        found["event loop meanwhile: 99 % / longest delay, ms"] = _high_and_longest(delays)
        names = looks(classes)
        grid.set_overlay(lambda image: overlay_of(image, names))
        set_began = time.perf_counter()
        grid.set_images(images)
        found["set_images, ms"] = _milliseconds(time.perf_counter() - set_began)
        _spin(60, lambda: _shown(grid) > 0)
        found["until the first thumbnail is painted, s"] = round(time.perf_counter() - began, 3)
        _spin(60, lambda: _shown(grid) == len(grid.visible_indices()))
        found[f"until all {len(grid.visible_indices())} in sight are painted, s"] = round(
            time.perf_counter() - began, 3
        )
        found["event loop, all of the opening: 99 % / longest delay, ms"] = _high_and_longest(delays)
        rows = len(images) // grid.visible_indices()[-1]
        for name, step in (("wheel, a third of a row", 1 / 3), ("three rows", 3.0), ("far jumps", rows * 1.7)):
            found |= _scroll(grid, name, step)
    return found


def _read(project: Path) -> tuple[Any, Any, tuple[float, float]]:
    """In a thread, as the window opens a project."""
    from core.store.project_store import ProjectStore

    began = time.perf_counter()
    with ProjectStore.open(project) as store:
        opened = time.perf_counter()
        images = store.images()
        return images, store.classes(), (round(opened - began, 3), round(time.perf_counter() - opened, 3))


def _scroll(grid: Any, name: str, rows: float) -> dict[str, Any]:
    """Frames at 60 a second, thumbnails being made meanwhile, as when a hand is at the wheel."""
    bar = grid.verticalScrollBar()
    bar.setValue(0)
    step = max(1, round(rows * (grid.cell_rect(0).height() + 12)))
    wall, work = [], []
    for frame in range(FRAMES):
        due = time.perf_counter() + FRAME
        bar.setValue((frame + 1) * step % max(1, bar.maximum()))
        began, began_work = time.perf_counter(), time.thread_time()
        grid.viewport().repaint()
        wall.append(time.perf_counter() - began)
        work.append(time.thread_time() - began_work)
        _spin(max(0.0, due - time.perf_counter()))
    return {
        f"frames, {name}: median / 99 % / longest, ms": _median_high_longest(wall),
        f"frames, {name}: processor time of the window's thread": _median_high_longest(work),
    }


def _photographs(folder: Path) -> dict[str, Any]:
    from core.domain.annotation import Unlabelled
    from core.domain.dataset import Image

    path = str(folder / "photograph.jpg")
    images = [Image(hash=f"{n:032x}", path=path, width=4000, height=3000, annotation=Unlabelled()) for n in range(1000)]
    found = {}
    for name in ("cold", "warm"):
        with _gallery(folder / "photographs") as grid, _event_loop_delay() as delays:
            began = time.perf_counter()
            grid.set_images(images)
            _spin(60, lambda grid=grid: _shown(grid) == len(grid.visible_indices()))
            seconds = time.perf_counter() - began
            found[f"{len(grid.visible_indices())} photographs, {name} disk cache, s"] = round(seconds, 3)
            found[f"event loop meanwhile ({name}): 99 % / longest delay, ms"] = _high_and_longest(delays)
    return found


@contextmanager
def _gallery(cache: Path) -> Iterator[Any]:
    from app.thumbnails import Thumbnails
    from app.widgets.gallery.image_grid import ImageGrid

    thumbnails = Thumbnails(cache)
    grid = ImageGrid(thumbnails)
    grid.resize(1280, 800)
    grid.show()
    try:
        yield grid
    finally:
        grid.close()
        thumbnails.close()


@contextmanager
def _event_loop_delay() -> Iterator[list[float]]:
    """Seconds between one firing of a timer and the next."""
    from PySide6.QtCore import Qt, QTimer

    delays: list[float] = []
    last = time.perf_counter()

    def note() -> None:
        nonlocal last
        now = time.perf_counter()
        delays.append(now - last)
        last = now

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(note)
    timer.start(1)
    try:
        yield delays
    finally:
        timer.stop()


def _shown(grid: Any) -> int:
    """Cells in sight that have their picture."""
    from PySide6.QtCore import QSize

    layout = grid._layout
    room = QSize(layout.cell_width, layout.picture_height)
    return sum(grid._thumbnails.find(grid.images[index], room)[1] for index in grid.visible_indices())


def _spin(seconds: float, until: Any = lambda: False) -> None:
    from PySide6.QtWidgets import QApplication

    end = time.perf_counter() + seconds
    while not until() and time.perf_counter() < end:
        QApplication.processEvents()
        time.sleep(0.0005)
    QApplication.processEvents()


def _median_high_longest(times: list[float]) -> str:
    return f"{_milliseconds(sorted(times)[len(times) // 2])} / {_high_and_longest(times)}"


def _high_and_longest(times: list[float]) -> str:
    times = sorted(times)
    return f"{_milliseconds(times[int(len(times) * 0.99)])} / {_milliseconds(times[-1])}"


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--window"]:
        window(Path(sys.argv[2]))
    else:
        main()
