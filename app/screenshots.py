"""Pictures of the pages of a project, light and dark, taken without a screen."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QDeadlineTimer, QEventLoop, QSize
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app import theme
from app.live_run import LiveRun
from app.main_window import MainWindow
from app.settings import Settings
from core.domain.errors import LensmithError
from core.store.run_store import RunStore

SIZE = QSize(1280, 800)
WAIT_MS = 20_000


def take(application: QApplication, project: Path, folder: Path) -> list[Path]:
    """Write ``data``, ``train`` and, when the project has a run, ``live`` in both palettes; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    family = theme.load_font()
    files = []
    for colours in (theme.LIGHT, theme.DARK):
        theme.apply(application, colours, family)
        files += _take_all(application, project, folder)
    return files


def _take_all(application: QApplication, project: Path, folder: Path) -> list[Path]:
    window = MainWindow(Settings(folder / ".window.ini"))
    window.resize(SIZE)
    window.open_project(project)
    window.show()
    session, workspace = window.session, window.workspace
    assert session is not None
    assert workspace is not None
    _wait(application, lambda: session.report is not None)
    files = []
    for name in ("data", "train", "live") if RunStore(project).list() else ("data", "train"):
        if name == "live":
            live = session.show_run(RunStore(project).list()[-1])
            _wait(application, partial(_is_over, live))
            QTest.qWait(300)
        workspace.go_to("train" if name == "live" else name)
        application.processEvents()
        file = folder / f"{name}-{theme.name_of(theme.current())}.png"
        if not window.grab().save(str(file)):
            raise LensmithError(f"The picture {file} could not be written.", "Choose a folder that is writable.")
        files.append(file)
    window.close()
    return files


def _is_over(live: LiveRun) -> bool:
    return live.history.finished is not None


def _wait(application: QApplication, until: Callable[[], bool]) -> None:
    deadline = QDeadlineTimer(WAIT_MS)
    while not until() and not deadline.hasExpired():
        application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)
