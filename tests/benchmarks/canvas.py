"""The canvas of the Label page: paintings and movements, in milliseconds.

``python -m tests.benchmarks.canvas [RATIO]``, without a screen, in a window of 1400 x 900 at a device pixel ratio of 1
(or ``RATIO``). 2,000 boxes on one picture at rest, pointed at, all chosen, being moved; a picture of 10,000 x 10,000
pixels with its halved copies, moved by 12 pixels a frame at several scales, zoomed, and in other light; and the time
from ``show_levels`` to what is seen. Each frame is one event of the mouse and the painting that it leads to. On a
machine that does other things as well, the processor time of the window's thread says what a frame costs.
"""

import gc
import os
import sys
import time
from collections.abc import Callable
from typing import Any

BOXES, SIDE, FRAMES = 2000, 10_000, 150
TARGETS = "targets: 2,000 boxes 16 ms, moving a picture of 100 megapixels 16.7 ms, first view 1.5 s (with decoding)"


def main() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if len(sys.argv) > 1:
        os.environ["QT_SCALE_FACTOR"] = sys.argv[1]
    from PySide6.QtWidgets import QApplication

    from app import theme
    from app.widgets.canvas.image_canvas import ImageCanvas

    application = QApplication([])
    theme.apply(application, theme.LIGHT, theme.load_font())
    canvas = ImageCanvas()
    canvas.resize(1400, 900)
    canvas.show()
    canvas.current_class = 1
    application.processEvents()
    gc.freeze()  # as the window does once it is open
    print(f"{'at a device pixel ratio of':52} {canvas.devicePixelRatioF():g}")
    many_boxes(canvas)
    large_picture(canvas)
    print(TARGETS)
    canvas.close()


def many_boxes(canvas: Any) -> None:
    import numpy as np
    from PySide6.QtCore import QPoint, QSizeF, Qt
    from PySide6.QtTest import QTest

    from app.widgets.gallery.overlay import ClassLook
    from core.domain.annotation import Box
    from core.domain.labels import ImageLabels, LabelledBox

    width, height = 4000, 3000
    rng = np.random.default_rng(0)
    looks = {n: ClassLook(n - 1, f"class {n}") for n in range(1, 9)}
    canvas.expect(QSizeF(width, height), None)
    canvas.show_levels(levels_of(rng.integers(0, 255, (height, width, 3), np.uint8)))

    def boxes(count: int) -> ImageLabels:
        corners = 400 + rng.random((count, 2)) * (width - 1000, height - 1000)
        sides = rng.integers(40, 200, (count, 2))
        return ImageLabels(
            boxes=tuple(
                LabelledBox(Box(float(x), float(y), float(x + w), float(y + h), 1 + n % 8))
                for n, ((x, y), (w, h)) in enumerate(zip(corners, sides, strict=True))
            )
        )

    many = boxes(BOXES)
    canvas.set_labels(many, looks)
    canvas.set_guides(True)

    def point_at(n: int) -> None:
        QTest.mouseMove(canvas, QPoint(200 + 5 * n, 200 + 3 * n))

    report(f"{BOXES:,} boxes, all in sight: the pointer moves", canvas, point_at)
    others = [boxes(BOXES) for _ in range(30)]
    report(f"{BOXES:,} boxes that changed: painted anew", canvas, lambda n: canvas.set_labels(others[n], looks), 30)
    canvas.set_labels(many, looks)
    canvas.select_all()
    report(f"{BOXES:,} boxes, all of them chosen", canvas, point_at)
    drag(canvas, Qt.MouseButton.LeftButton, f"{BOXES:,} boxes, all of them moved at once")
    canvas.cancel()
    canvas.select([7])
    drag(canvas, Qt.MouseButton.LeftButton, f"{BOXES:,} boxes, one of them moved")
    canvas.set_scale(1.0)
    drag(canvas, Qt.MouseButton.MiddleButton, f"{BOXES:,} boxes, the picture moved at 100 %")
    report(f"{BOXES:,} boxes, zoomed", canvas, lambda n: canvas.zoom(1 if n % 2 else -1), 40)


def large_picture(canvas: Any) -> None:
    import numpy as np
    from PySide6.QtCore import QSizeF, Qt

    levels = levels_of(photograph(np.random.default_rng(0)))
    canvas.expect(QSizeF(SIDE, SIDE), None)
    canvas.set_labels(None, {})

    def show(n: int) -> None:
        canvas.show_levels(list(levels))

    report("100 megapixels: from show_levels to painted", canvas, show, 20)
    report_opening(canvas)
    canvas.show_levels(levels)
    for scale in (0.25, 0.6, 1.0, 2.5, 8.0):
        canvas.set_scale(scale)
        drag(canvas, Qt.MouseButton.MiddleButton, f"100 megapixels, moved at {scale:.0%}")
    canvas.set_light(0.1, 0.3, 1.4)
    canvas.set_scale(1.0)
    drag(canvas, Qt.MouseButton.MiddleButton, "100 megapixels, moved at 100 % in other light")
    report("100 megapixels, other light", canvas, lambda n: canvas.set_light(n / FRAMES, 0.3, 1.4), 40)
    canvas.set_light(0, 0, 1)
    report("100 megapixels, zoomed", canvas, lambda n: canvas.zoom(1 if n % 8 < 4 else -1), 40)


def report_opening(canvas: Any) -> None:
    """From a JPEG on the disk to what is seen, as the page does it but for the thread."""
    import tempfile
    from pathlib import Path

    import numpy as np
    from PySide6.QtWidgets import QApplication

    from core.actions.thumbnails import picture_levels
    from core.data.images import cv2

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "large.jpg")
        path.write_bytes(cv2.imencode(".jpg", photograph(np.random.default_rng(1)))[1].tobytes())
        times = []
        for _ in range(3):
            started, began = time.perf_counter(), time.process_time()
            pixels = picture_levels(str(path))
            canvas.show_levels(as_images(pixels))
            QApplication.processEvents()
            times.append((time.perf_counter() - started, time.process_time() - began))
            canvas.show_levels(())
    waited, worked = sorted(times)[1]
    name = "100 megapixels: from the JPEG on the disk to painted"
    print(f"{name:52} {1000 * waited:6.0f} ms; processor {1000 * worked:6.0f} ms")


def photograph(rng: Any) -> Any:
    """Soft shapes and a little noise, uint8 ``[h, w, 3]``."""
    import numpy as np

    from core.data.images import cv2

    shapes = rng.integers(0, 255, (100, 100, 3)).astype(np.uint8)
    smooth = cv2.resize(shapes, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return cv2.add(smooth, rng.integers(0, 12, smooth.shape, np.uint8))


def drag(canvas: Any, button: Any, name: str) -> None:
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    if button == Qt.MouseButton.MiddleButton:
        start, steps = QPoint(1300, 800), 100
    else:
        steps = 10
        box = canvas._shown.boxes[canvas.selection[0]].box
        x, y = canvas._view.to_window(((box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2))
        start = QPoint(int(x), int(y))
    QTest.mousePress(canvas, button, Qt.KeyboardModifier.NoModifier, start)
    report(name, canvas, lambda n: QTest.mouseMove(canvas, start - QPoint(12 * (n % steps), 7 * (n % steps))))
    if button == Qt.MouseButton.MiddleButton:
        QTest.mouseRelease(canvas, button)
    else:
        canvas.cancel()
        QTest.mouseRelease(canvas, button)


def report(name: str, canvas: Any, act: Callable[[int], None], frames: int = FRAMES) -> None:
    """Print what ``frames`` times acting and painting take: by the clock, and of the processor for this thread."""
    import numpy as np
    from PySide6.QtWidgets import QApplication

    waited, worked = [], []
    for n in range(frames):
        started, began = time.perf_counter(), time.thread_time()
        act(n)
        QApplication.processEvents()
        waited.append((time.perf_counter() - started) * 1000)
        worked.append((time.thread_time() - began) * 1000)
    middle, late = np.percentile(waited, [50, 99])
    of_middle, of_late = np.percentile(worked, [50, 99])
    print(f"{name:52} {middle:6.1f} ms, 99 % {late:6.1f} ms; processor {of_middle:6.1f} ms, 99 % {of_late:6.1f} ms")


def levels_of(pixels: Any) -> list[Any]:
    """As ``core.actions.thumbnails.picture_levels`` makes them."""
    import numpy as np

    from core.data.images import cv2

    levels = [np.ascontiguousarray(pixels)]
    while max(levels[-1].shape) >= 1024:
        height, width = levels[-1].shape[:2]
        levels.append(cv2.resize(levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA))
    _ALIVE.append(levels)
    return as_images(levels)


def as_images(levels: Any) -> list[Any]:
    from PySide6.QtGui import QImage

    return [QImage(one.data, one.shape[1], one.shape[0], one.strides[0], QImage.Format.Format_RGB888) for one in levels]


_ALIVE: list[Any] = []  # QImage does not keep the pixels

if __name__ == "__main__":
    main()
