"""Windows of tests: opened, dropped on, answered and closed the way a user does it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.settings import Settings
from app.state import Session
from app.widgets.question import Question
from core.actions import importing
from core.store.project_store import ProjectStore


@contextmanager
def window_of(project: Path | None = None, *, show: bool = True) -> Iterator[MainWindow]:
    """A window with ``project`` open (made if it is not there), or with none."""
    window = MainWindow()
    if project is not None:
        window.open_project(project)
    if show:
        window.show()
    try:
        yield window
    finally:
        close(window)


@contextmanager
def session_of(store: ProjectStore, folder: Path, qtbot: QtBot) -> Iterator[Session]:
    """A project read as a window reads it, without one; the settings lie in ``folder``."""
    session = Session(store, Settings(folder / "window.ini"))
    session.reload()
    qtbot.waitUntil(lambda: session.loaded)
    yield session
    session.close()


def close(window: MainWindow) -> None:
    """Close it, leaving runs alone and giving up unsaved edits, and let Qt delete it."""
    if window.session is not None:
        for unsaved in list(window.session.jobs.unsaved):
            window.session.jobs.discard(unsaved)
        window.close_project()
    window.close()
    window.deleteLater()


def question_of(window: MainWindow) -> Question | None:
    """The question that is open now."""
    return next((shown for shown in window.findChildren(Question) if shown.isVisible()), None)


def answer(window: MainWindow, name: str) -> None:
    """Click one of the answers of the question that is open."""
    question = question_of(window)
    assert question is not None
    QTest.mouseClick(question.buttons[name], Qt.MouseButton.LeftButton)


def drop(target: QWidget, path: Path) -> bool:
    """Drag ``path`` over the target and let it go; whether it was taken."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place = QPointF(QPoint(target.width() // 2, target.height() // 2))
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    entering = QDragEnterEvent(place.toPoint(), *how)
    entering.setAccepted(False)
    QApplication.sendEvent(target, entering)
    if entering.isAccepted():
        QApplication.sendEvent(target, QDropEvent(place, *how))
    return entering.isAccepted()


def draw_classes(folder: Path, count: int = 12) -> Path:
    """``count`` pictures of each of the classes "dark" and "light"."""
    rng = np.random.default_rng(0)
    for name, level in (("dark", 60), ("light", 180)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            picture = rng.integers(level - 40, level + 40, (48, 48, 3)).astype(np.uint8)
            (folder / name / f"{number}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return folder


def make_project(project: Path, pictures: Path) -> Path:
    """A project with the pictures of ``pictures`` in it, closed."""
    with ProjectStore.create(project) as store, importing.opened(store, pictures) as dataset:
        importing.run_import(store, dataset)
    return project
