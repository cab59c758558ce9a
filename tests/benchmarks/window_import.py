"""Import through the window, to a gallery that can be used: ``python -m tests.benchmarks.window_import [COUNT]``.

First the 10,000 digits of the shared data where they are there (else as many drawn pictures): from the drop to the
preview, from Enter to the pictures on the screen, and to the findings. Then COUNT (100,000) drawn pictures are imported
by the command, and a window opens on them: first pictures, findings, the longest delay of the event loop, and how long
a change of the filter takes until it is painted. All without a screen.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

COUNT = 100_000
DIGITS = Path(__file__).resolve().parents[3] / "shared" / "data" / "digits"
TARGETS = "targets: 10,000 pictures usable within 10 s; the event loop never held longer than 50 ms"


def main() -> None:
    from core.data.sample import draw_bulk
    from tests.benchmarks.child import measure, measure_python

    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LENSMITH_HOME"] = f"{folder}/home"
        digits = DIGITS if DIGITS.is_dir() else draw_bulk(Path(folder, "digits"), 10_000)
        first = measure_python("-m", "tests.benchmarks.window_import", "--import", f"{folder}/small", digits).result
        measure("import", f"{folder}/large", draw_bulk(Path(folder, "bulk"), count), "--json")
        second = measure_python("-m", "tests.benchmarks.window_import", "--open", f"{folder}/large").result
    for title, found in (("10,000 pictures, imported through the window", first), (f"{count:,} pictures", second)):
        print(title)
        for name, value in found.items():
            print(f"  {name:60} {value}")
    print(TARGETS)


def window(project: Path, source: Path | None) -> dict[str, Any]:
    """In a process of its own."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from app import theme

    application = QApplication([])
    theme.apply(application, theme.LIGHT, theme.load_font())
    from app.main_window import MainWindow
    from tests.benchmarks.gallery import _event_loop_delay

    shown = MainWindow()
    shown.show()
    with _event_loop_delay() as delays:
        if source is not None:
            found = _import(shown, project, source, delays)
        else:
            found = _open(shown, project, delays)
    shown.close_project()
    shown.close()
    return found


def _import(shown: Any, project: Path, source: Path, delays: list[float]) -> dict[str, Any]:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    shown.open_project(project)
    page = shown.workspace.page("data")
    _until(lambda: shown.session.loaded)
    delays.clear()
    began = time.perf_counter()
    shown.workspace.import_from(source)
    _until(lambda: page.dialog is not None)
    found = {"drop to preview, s": _seconds(began)}
    entered = time.perf_counter()
    QTest.keyClick(page.dialog, Qt.Key.Key_Return)
    _until(lambda: page.index is not None and len(page.index.images) > 0 and _painted(page))
    found["Enter to the pictures in sight, s"] = _seconds(entered)
    found["drop to the pictures in sight, without the user, s"] = _seconds(began)
    _until(lambda: page._checked)
    found["drop to the findings, s"] = _seconds(began)
    found["longest delay of the event loop, ms"] = _milliseconds(max(delays))
    return found


def _open(shown: Any, project: Path, delays: list[float]) -> dict[str, Any]:
    from app.widgets.data.gallery_filter import Filter

    _spin(0.3)
    delays.clear()
    began = time.perf_counter()
    shown.open_soon(project)
    _until(lambda: shown.workspace is not None)
    page = shown.workspace.page("data")
    _until(lambda: _painted(page))
    found: dict[str, Any] = {"opened to the first pictures, s": _seconds(began)}
    _until(lambda: page._checked)
    found["opened to the findings, s"] = _seconds(began)
    found["longest delay of the event loop meanwhile, ms"] = _milliseconds(max(delays))
    class_id = page.session.data.classes[0].id
    for name, wanted in (
        ("a class", Filter(what="class", class_id=class_id)),
        ("no part", Filter(part="none")),
        ("unlabelled", Filter(what="unlabelled")),
        ("a search that finds few", Filter(text="0099")),
        ("a search that finds nothing", Filter(text="nothing like it")),
        ("all", Filter()),
    ):
        changed = time.perf_counter()
        page.gallery.filter_chosen.emit(wanted)
        page.gallery.grid.viewport().repaint()
        took = _milliseconds(time.perf_counter() - changed)
        found[f"filter to {name}, ms"] = f"{took} ({len(page.gallery.grid.images):,} pictures)"
        _spin(0.5)
    return found


def _painted(page: Any) -> bool:
    """Whether some thumbnail is in memory, and so on the screen with the next frame."""
    from PySide6.QtCore import QSize

    grid = page.gallery.grid
    return any(page.session.thumbnails.find(grid.images[i], QSize())[0] is not None for i in grid.visible_indices())


def _until(condition: Callable[[], bool], most: float = 120.0) -> None:
    from PySide6.QtWidgets import QApplication

    end = time.perf_counter() + most
    while not condition():
        assert time.perf_counter() < end, "never happened"
        QApplication.processEvents()
        time.sleep(0.0005)


def _spin(seconds: float) -> None:
    end = time.perf_counter() + seconds
    _until(lambda: time.perf_counter() > end)


def _seconds(began: float) -> float:
    return round(time.perf_counter() - began, 2)


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--import"]:
        print(json.dumps(window(Path(sys.argv[2]), Path(sys.argv[3]))))
    elif sys.argv[1:2] == ["--open"]:
        print(json.dumps(window(Path(sys.argv[2]), None)))
    else:
        main()
