"""Two models on one picture, in milliseconds.

``python -m tests.benchmarks.compare_pictures``, without a screen, in 1700 x 940 pixels. Twelve JPEG pictures of 12
megapixels, two runs, and six for the film strip: from the key to the next picture painted, when it was made ready and
when nobody waited for that; a frame of zooming and of moving; a frame of dragging the curtain's divider; and how long
reading and comparing 10,000 images takes (``boxes`` about five an image).
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Taken = tuple[float, float]
WIDTH, HEIGHT, PICTURES, FRAMES, MANY = 4000, 3000, 12, 40, 10_000


def main() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from app import theme, translations

    application = QApplication([])
    translator = translations.install(application, "en")
    theme.apply(application, theme.LIGHT, theme.load_font())
    with tempfile.TemporaryDirectory() as folder:
        for models in (2, 6):
            window(Path(folder) / str(models), models, application)
        for models in (2, 6):
            compare(Path(folder) / f"many {models}", models)
    application.removeTranslator(translator)


def window(folder: Path, models: int, application: Any) -> None:
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    from app.settings import Settings
    from app.state import Session
    from app.widgets.compare.pictures import ModelsOnPictures
    from core.store.project_store import ProjectStore

    project = folder / "project"
    ProjectStore.create(project).close()
    snapshot = large_pictures(folder / "pictures")
    ids = guessing_runs(project, snapshot, models)
    session = Session(ProjectStore.open(project), Settings(folder / "settings.ini"))
    widget = ModelsOnPictures(session)
    widget.resize(1700, 940)
    widget.show()
    widget.show_runs(ids)

    def wait(ready: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not ready() and time.monotonic() < end:
            application.processEvents()
            time.sleep(0.002)

    def is_painted() -> bool:
        return widget._levels is not None

    def turned(rested: bool) -> list[Taken]:
        taken = []
        for _ in range(5):
            if rested:
                wait(lambda: all(widget._desk.find(image) is not None for image in widget.list.around(1)))
            began = now()
            QTest.keyClick(widget.list.view, Qt.Key.Key_Down)
            while not is_painted():
                application.processEvents()
            application.processEvents()
            taken.append(since(began))
        return taken

    def frames(act: Callable[[int], object]) -> list[Taken]:
        taken = []
        for number in range(FRAMES):
            began = now()
            act(number)
            application.processEvents()
            taken.append(since(began))
        return taken

    wait(is_painted)
    lead = widget.arrangement.views[0]
    told(f"{models} models: key to next picture, made ready", turned(rested=True))
    told(f"{models} models: key to next picture, in a hurry", turned(rested=False))
    told(f"{models} models: a frame of zooming", frames(lambda n: lead.zoom(0.5 if n % 20 < 10 else -0.5)))
    lead.set_scale(0.8)
    told(f"{models} models: a frame of moving", frames(lambda n: lead._set_view(lead.view.panned(-6, -4))))
    if models == 2:
        widget.tools.change_way()
        application.processEvents()
        picture = widget.curtain.picture
        QTest.mousePress(picture, Qt.MouseButton.LeftButton, pos=QPoint(round(picture.divider), 30))
        told("a frame of the curtain", frames(lambda n: QTest.mouseMove(picture, QPoint(200 + 10 * n, 30))))
        QTest.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=QPoint(300, 30))
    widget.close()
    session.close()
    widget.deleteLater()
    application.processEvents()


def large_pictures(folder: Path) -> Any:
    import cv2
    import numpy as np

    from core.data.images import inspect
    from core.domain.annotation import Box, Boxes
    from core.domain.dataset import Image, ImageClass, Snapshot
    from core.domain.task import Split, Task

    folder.mkdir(parents=True)
    rng, images = np.random.default_rng(0), []
    for number in range(PICTURES):
        pixels = cv2.resize(rng.integers(0, 255, (60, 80, 3), np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        path = folder / f"{number:03}.jpg"
        path.write_bytes(cv2.imencode(".jpg", pixels + rng.integers(0, 9, pixels.shape, np.uint8))[1].tobytes())
        corners = rng.integers(0, 2600, (20, 2)).tolist()
        boxes = tuple(Box(x, y, x + 300, y + 300, 1 + n % 3) for n, (x, y) in enumerate(corners))
        facts = inspect(path)
        images.append(
            Image(
                hash=facts.hash,
                path=str(path),
                width=facts.width,
                height=facts.height,
                annotation=Boxes(boxes),
                split=Split.TEST,
            )
        )
    images.sort(key=lambda image: image.hash)
    classes = tuple(ImageClass(n, f"class {n}") for n in (1, 2, 3))
    return Snapshot(project="large", task=Task.DETECTION, classes=classes, images=tuple(images))


def guessing_runs(project: Path, snapshot: Any, models: int) -> list[str]:
    """Models that miss some boxes and name others wrongly."""
    import numpy as np

    from core.domain.prediction import FoundBox
    from tests.judged_runs import judged_run, true_boxes

    made = []
    for model in range(models):
        rng, answers = np.random.default_rng(model), {}
        for image in snapshot.images:
            found = [box for box in true_boxes(snapshot, image) if rng.random() < 0.9]
            answers[image.hash] = [
                FoundBox(b.x1 + float(rng.normal(0, 4)), b.y1, b.x2, b.y2, 0.9, b.index if rng.random() < 0.9 else 0)
                for b in found
            ]
        made.append(judged_run(project, snapshot, answers).id)
    return made


def compare(project: Path, models: int) -> None:
    import numpy as np

    from core.actions.disagreeing import disagreements
    from core.domain.annotation import Box, Boxes
    from core.domain.dataset import Image, ImageClass, Snapshot
    from core.domain.task import Split, Task
    from core.store.run_store import RunStore

    rng = np.random.default_rng(0)
    images = []
    for number in range(MANY):
        corners = enumerate(rng.integers(0, 430, (5, 2)).tolist())
        labels = Boxes(tuple(Box(x, y, x + 60, y + 60, 1 + n % 3) for n, (x, y) in corners))
        name = f"{number:032x}"
        images.append(Image(hash=name, path=f"{name}.jpg", width=500, height=500, annotation=labels, split=Split.TEST))
    classes = tuple(ImageClass(n, f"class {n}") for n in (1, 2, 3))
    project.mkdir(parents=True)
    snapshot = Snapshot(project="many", task=Task.DETECTION, classes=classes, images=tuple(images))
    ids = guessing_runs(project, snapshot, models)
    began = time.process_time()
    found = disagreements([RunStore(project).get(one) for one in ids])
    seconds = time.process_time() - began
    print(f"{f'{models} models on {len(found.rows):,} images: read and compared':52} {seconds:.1f} s of processor time")


def now() -> Taken:
    """Time of the clock, and of the processor for the window's thread, in milliseconds."""
    return 1000 * time.perf_counter(), 1000 * time.thread_time()


def since(began: Taken) -> Taken:
    clock, processor = now()
    return clock - began[0], processor - began[1]


def told(what: str, taken: list[Taken]) -> None:
    clock, processor = ([one[n] for one in taken] for n in (0, 1))
    middle = f"median {statistics.median(clock):6.1f} ms, worst {max(clock):6.1f} ms"
    print(f"{what:44} {middle}, of the window's thread {statistics.median(processor):6.1f} ms")


if __name__ == "__main__":
    main()
