"""Label pages of tests: projects with drawn pictures, opened in a window, worked on by real mouse and keys."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from app.main_window import MainWindow
from app.pages.label_page import LabelPage
from core.data.images import inspect
from core.domain.annotation import Annotation, Unlabelled
from core.domain.labels import ImageLabels, LabelState
from core.domain.source import ImportedImage
from core.domain.task import Task
from core.store import labels as stored
from core.store.project_store import ProjectStore
from tests.gui.windows import close

NAMES = ("gear", "nut", "bolt")
WIDTH, HEIGHT = 160, 120  # pixels of the pictures
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def make_project(
    folder: Path,
    count: int = 4,
    *,
    task: Task | None = Task.DETECTION,
    annotations: Sequence[Annotation] = (),
    names: Sequence[str] = NAMES,
    squares: bool = False,
) -> Path:
    """``count`` grey pictures, the first of them labelled by ``annotations``, the others not yet; closed.

    ``squares``: on each a patterned square, 40 pixels wide, that goes 6 pixels to the right from one to the next.
    """
    project, rows = folder / "project", []
    (folder / "pictures").mkdir(parents=True)
    for number in range(count):
        path = folder / "pictures" / f"{number:05}.png"
        pixels = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
        if squares:
            pattern = np.random.default_rng(5).integers(0, 255, (40, 40, 3), np.uint8)
            pixels[30:70, 40 + 6 * number : 80 + 6 * number] = cv2.GaussianBlur(pattern, (5, 5), 0)
        pixels[0, 0] = (number % 256, number // 256, 7)  # no two are the same
        path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
        known = annotations[number] if number < len(annotations) else Unlabelled()
        rows.append(ImportedImage(facts=inspect(path), path=str(path), mtime_ns=0, annotation=known))
    with ProjectStore.create(project, task=task) as store:
        store.add_classes(names)
        store.import_images(rows)
    return project


@contextmanager
def label_page_of(project: Path, qtbot) -> Iterator[LabelPage]:
    """The page as a user has it: in a window that is shown, with the picture on the canvas."""
    window = MainWindow()
    window.resize(1280, 800)
    window.open_project(project)
    window.show()
    qtbot.waitExposed(window)
    try:
        qtbot.waitUntil(lambda: window.session.report is not None, timeout=30_000)
        window.workspace.go_to("label")
        page = window.workspace.page("label")
        qtbot.waitUntil(lambda: page.walk is not None, timeout=30_000)
        settle(page, qtbot)
        yield page
    finally:
        close(window)


def settle(page: LabelPage, qtbot) -> None:
    """Everything is saved, read and shown."""
    qtbot.waitUntil(lambda: not page.session.jobs.jobs and not page.desk.is_saving, timeout=30_000)
    if page.image is not None:
        qtbot.waitUntil(lambda: page.labels is not None, timeout=30_000)
        shown = lambda: page.stage.is_shown or page.image.hash in page.stage.pictures.failures  # noqa: E731
        qtbot.waitUntil(shown, timeout=30_000)


def on_disk(page: LabelPage, place: int | None = None) -> ImageLabels:
    """What the database has for the picture on the canvas, or for another."""
    image = page.image if place is None else page.session.data.images[place]
    return stored.read_labels(page.session.store, [image.hash])[image.hash]


def corners(labels: ImageLabels) -> list[tuple[int, int, int, int, int]]:
    """Of the boxes, to whole pixels, with the class."""
    found = [one.box for one in labels.boxes or ()]
    return [(round(b.x_min), round(b.y_min), round(b.x_max), round(b.y_max), b.class_id) for b in found]


def at(page: LabelPage, x: float, y: float) -> QPoint:
    """Where a point of the picture is on the canvas."""
    return page.canvas.window_point(QPointF(x, y)).toPoint()


def drag(page: LabelPage, start: tuple[float, float], end: tuple[float, float], keys=NONE) -> None:
    """From one point of the picture to another, as a hand does it."""
    canvas = page.canvas
    first, last = at(page, *start), at(page, *end)
    QTest.mouseMove(canvas, first)
    QTest.mousePress(canvas, LEFT, keys, first)
    for step in range(1, 5):
        QTest.mouseMove(canvas, first + (last - first) * step / 4)
    QTest.mouseRelease(canvas, LEFT, keys, last)


def click(page: LabelPage, x: float, y: float, keys=NONE) -> None:
    QTest.mouseClick(page.canvas, LEFT, keys, at(page, x, y))


def press(page: LabelPage, key: str | Qt.Key, modifiers=NONE) -> None:
    """A key, wherever the focus is."""
    target = page.window().focusWidget() or page.canvas
    QTest.keyClick(target, key, modifiers)


def states(page: LabelPage) -> list[LabelState]:
    return list(page.walk.index.states)
