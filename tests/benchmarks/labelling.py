"""The Label page as a hand feels it: ``python -m tests.benchmarks.labelling``

From a key to the next picture painted, for JPEGs of 12 megapixels, with a pause of ``PAUSE`` on each picture as
somebody has who looks at it; the same without any prefetch, in the same run. From the release of the mouse to the row
in the database, known to the window. Then the page with 10,000 pictures and 1,000 classes: what a key and a label cost
the window's thread. Everything on a window of 1280 x 800 without a screen, in this process.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

Point: TypeAlias = tuple[float, float]
PICTURES, PAUSE = 16, 1.0
BOXES = 60
MANY, CLASSES = 10_000, 1_000
TARGETS = "targets: key to picture painted 100 ms, release to committed 20 ms (medians)"


def main() -> None:
    from PySide6.QtWidgets import QApplication

    from app import theme, translations

    application = QApplication(sys.argv[:1])
    translator = translations.install(application, "en")
    theme.apply(application, theme.LIGHT, theme.load_font())
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LENSMITH_HOME"] = f"{folder}/home"
        _large_pictures(Path(folder, "large"))
        _many_pictures(Path(folder, "many"))
    print(TARGETS)
    application.removeTranslator(translator)


def _large_pictures(folder: Path) -> None:
    from tests.benchmarks.gallery import _draw_photograph

    folder.mkdir(parents=True)
    _draw_photograph(folder / "p.jpg")
    jpeg = (folder / "p.jpg").read_bytes()
    (folder / "p.jpg").unlink()
    for number in range(PICTURES):
        (folder / f"{number:03}.jpg").write_bytes(jpeg + bytes([number]))  # no two are the same
    with _Page(_project(folder, ["gear"])) as page:
        ahead = [page.walk_on(PAUSE) for _ in range(PICTURES - 4)]
        page.it.stage.pictures._kept.clear()
        alone = []
        for _ in range(5):
            page.it.stage.pictures._kept.clear()
            alone.append(page.walk_on(0, back=True))
        _tell("key to next picture painted, 12 megapixels, looked at", ahead)
        _tell("the same without prefetch", alone)
        places = [((100 + 60 * n, 200 + 40 * n), (500 + 60 * n, 500 + 40 * n)) for n in range(BOXES)]
        page.draw(places, f"{BOXES} boxes")


def _many_pictures(folder: Path) -> None:
    from core.data.sample import draw_bulk

    project = _project(draw_bulk(folder, MANY), [f"class {number:04}" for number in range(CLASSES)])
    with _Page(project) as page:
        _tell(f"key to next picture painted, {MANY:,} pictures", [page.walk_on(0.1) for _ in range(30)])
        page.draw([((4, 4), (20 + n, 30)) for n in range(20)], f"{MANY:,} pictures, {CLASSES:,} classes")
        took = time.perf_counter()
        page.it.choose_filter(None)
        page.it.grab()
        _tell("filter chosen and painted", [time.perf_counter() - took])
        took = time.perf_counter()
        page.it.classes.field.setText("class 07")
        page.it.grab()
        _tell("classes searched and painted", [time.perf_counter() - took])


def _project(pictures: Path, names: list[str]) -> Path:
    from core.actions import importing
    from core.domain.task import Task
    from core.store.project_store import ProjectStore

    project = pictures.parent / f"{pictures.name}-project"
    with ProjectStore.create(project, task=Task.DETECTION) as store:
        store.add_classes(names)
        with importing.opened(store, pictures) as dataset:
            importing.run_import(store, dataset)
    return project


class _Page:
    """A window at its Label page."""

    def __init__(self, project: Path) -> None:
        from app.main_window import MainWindow

        self.window = MainWindow()
        self.window.resize(1280, 800)
        self.window.show()
        self.window.open_project(project)
        self.until(lambda: self.window.session.report is not None)
        self.window.workspace.go_to("label")
        self.it = self.window.workspace.page("label")
        self.until(lambda: self.it.walk is not None and self.it.stage.is_shown)
        self.it.go_to_end(0)
        self.rest(2)

    def __enter__(self) -> "_Page":
        return self

    def __exit__(self, *raised: object) -> None:
        self.until(lambda: not self.window.session.jobs.jobs)
        self.window.close_project()
        self.window.close()
        self.window.deleteLater()
        self.rest(0.2)

    def walk_on(self, pause: float, *, back: bool = False) -> float:
        """Seconds from the key to the picture itself painted; then look at it."""
        from PySide6.QtTest import QTest

        began = time.perf_counter()
        QTest.keyClick(self.it.canvas, "A" if back else "D")
        self.until(lambda: self.it.stage.is_shown)
        self.it.canvas.repaint()
        took = time.perf_counter() - began
        self.rest(pause)
        return took

    def draw(self, places: list[tuple[Point, Point]], what: str) -> None:
        """Draw boxes by the mouse, over whatever is there."""
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        from core.store import labels
        from tests.gui.label_pages import at

        canvas, control = self.it.canvas, Qt.KeyboardModifier.ControlModifier
        edit, committed, saved, bare, known = labels.edit, [0.0], [], [], []

        def timed(*arguments: Any) -> Any:
            began = time.perf_counter()
            found = edit(*arguments)
            committed[0] = time.perf_counter()
            bare.append(committed[0] - began)
            return found

        labels.edit = timed  # type: ignore[assignment]
        for start, end in places:
            first, last = at(self.it, *start), at(self.it, *end)
            QTest.mousePress(canvas, Qt.MouseButton.LeftButton, control, first)
            QTest.mouseMove(canvas, last)
            self.rest(0.02)
            began = time.perf_counter()
            QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, control, last)
            self.until(lambda: not self.it.desk.is_saving)
            known.append(time.perf_counter() - began)
            saved.append(committed[0] - began)
            self.rest(0.05)
        labels.edit = edit
        assert len(bare) == len(places)
        _tell(f"release of the mouse to committed, {what}", saved)
        _tell("   of this the transaction alone", bare)
        _tell("   and until the window knows of it", known)

    def until(self, condition: Callable[[], object]) -> float:
        """Seconds until it is so; the window lives meanwhile."""
        from PySide6.QtCore import QEventLoop
        from PySide6.QtWidgets import QApplication

        began = time.perf_counter()
        while not condition():
            assert time.perf_counter() - began < 120, "never happened"
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 1)
            time.sleep(0.0002)  # processEvents keeps the interpreter lock; the threads need it
        return time.perf_counter() - began

    def rest(self, seconds: float) -> None:
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(round(seconds * 1000), loop.quit)
        loop.exec()


def _tell(name: str, seconds: list[float]) -> None:
    ordered = sorted(1000 * one for one in seconds)
    print(f"{name:66} median {median(ordered):7.1f} ms   worst {ordered[-1]:7.1f} ms")


if __name__ == "__main__":
    main()
