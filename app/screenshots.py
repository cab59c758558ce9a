"""Pictures of every page of a project, light and dark, taken without a screen: for the guide, the README and the eye.

``{page}-{palette}.png`` at the usual size, and ``{page}-{palette}@2x.webp`` for a 4K screen at 200 %. The scale
is fixed before Qt starts, so the larger ones are taken by a process of their own.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PySide6.QtCore import QDeadlineTimer, QEventLoop, QSize, QTimer
from PySide6.QtWidgets import QApplication

from app import theme, translations
from app.main_window import MainWindow
from app.pages.ship_page import FOLDER
from app.settings import Settings
from app.widgets.gallery.image_grid import ImageGrid
from core.domain.errors import LensmithError
from core.runs.event_log import EVENTS
from core.runs.status import record_worker
from core.store.run_store import RunFolder, RunStore

USUAL, LARGE = QSize(1280, 800), QSize(1920, 1080)  # logical pixels
SETTLED_MS = 1200  # thumbnails and curves come by timers
WAIT_MS = 30_000
GRABS = 100
TOLD = 0.65  # the share of a run's events that the picture of a run in progress has


def take(application: QApplication, project: Path, folder: Path) -> list[Path]:
    """Write the pictures into ``folder``; returns their files. Nothing in the project changes."""
    folder.mkdir(parents=True, exist_ok=True)
    large = bool(os.environ.get("QT_SCALE_FACTOR"))
    translator = translations.install(application, "en")
    files = []
    with tempfile.TemporaryDirectory(prefix="lensmith-") as scratch, _folder_for_models() as models:
        for name, colours in (("light", theme.LIGHT), ("dark", theme.DARK)):
            settings = Settings(Path(scratch) / f"{name}.ini")
            settings.theme = name
            settings.set_text(FOLDER, str(models))
            theme.apply(application, colours, theme.load_font())
            window = MainWindow(settings)
            window.resize(LARGE if large else USUAL)
            window.show()
            for page in _pages(window, project, Path(scratch)):
                _rest(SETTLED_MS)
                file = folder / (f"{page}-{name}@2x.webp" if large else f"{page}-{name}.png")
                _save(window, file)
                files.append(file)
            window.close()
            _rest(100)
    application.removeTranslator(translator)
    return files if large else files + _taken_large(project, folder)


def _pages(window: MainWindow, project: Path, scratch: Path) -> Iterator[str]:
    """Show one page after the other, by name."""
    yield "welcome"
    window.open_project(project)
    _wait(lambda: window.session is not None and window.session.report is not None)
    session, workspace = window.session, window.workspace
    assert session is not None
    assert workspace is not None
    for page in ("data", "label", "train"):
        workspace.go_to(page)
        if page == "label":
            _wait(lambda: workspace.page("label").stage.is_shown)
        yield page
    runs = [run for run in RunStore(project).list() if run.report() is not None]
    if not runs:
        return
    with _in_progress(runs[-1], scratch) as part:
        live = session.show_run(part)
        workspace.go_to("train")
        _wait(lambda: live.is_caught_up)
        yield "live"
        session.show_run(runs[-1])
    for page in ("results", "ship"):
        workspace.go_to(page)
        yield page


@contextmanager
def _folder_for_models() -> Iterator[Path]:
    """What the Ship page proposes; the user's own folder is nobody else's business."""
    folder = Path(tempfile.gettempdir()) / "models"
    made = not folder.exists()
    folder.mkdir(exist_ok=True)
    try:
        yield folder
    finally:
        if made:
            with suppress(OSError):  # another process takes pictures as well
                folder.rmdir()


@contextmanager
def _in_progress(run: RunFolder, scratch: Path) -> Iterator[RunFolder]:
    """A copy of a finished run that has told only a part of its story so far, this process being its worker."""
    copy = scratch / run.id
    shutil.copytree(run.path, copy, ignore=shutil.ignore_patterns("*.onnx", "*.ckpt*", "*.safetensors", "report.json"))
    lines = (run.path / EVENTS).read_text("utf-8").splitlines(keepends=True)
    epochs = [number for number, line in enumerate(lines) if json.loads(line)["type"] == "epoch"]
    told = epochs[round(len(epochs) * TOLD)] + 1 if epochs else len(lines) // 2
    (copy / EVENTS).write_text("".join(lines[:told]), "utf-8")
    record_worker(copy, os.getpid(), attempt=1)
    try:
        yield RunFolder(run.id, copy)
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _taken_large(project: Path, folder: Path) -> list[Path]:
    command = [sys.executable, "-m", "app", "--screenshots", str(folder), str(project)]
    done = subprocess.run(
        command, env={**os.environ, "QT_SCALE_FACTOR": "2"}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise LensmithError(f"The pictures for 4K could not be taken: {last}", "Run: lensmith doctor")
    return [Path(line) for line in done.stdout.splitlines() if line.endswith(".webp")]


def _save(window: MainWindow, file: Path) -> None:
    picture = window.grab()
    for _ in range(GRABS):  # grids paint a part at a time, so that scrolling stays smooth
        if all(grid.is_complete for grid in window.findChildren(ImageGrid) if grid.isVisible()):
            break
        _rest(100)
        picture = window.grab()
    if not picture.save(str(file), quality=90 if file.suffix == ".webp" else -1):
        raise LensmithError(f"The picture {file} could not be written.", "Choose a folder that is writable.")


def _rest(milliseconds: int) -> None:
    """Let the window live; an event loop of its own, since that lets other threads work meanwhile."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def _wait(until: Callable[[], bool]) -> None:
    deadline = QDeadlineTimer(WAIT_MS)
    while not until() and not deadline.hasExpired():
        _rest(50)
