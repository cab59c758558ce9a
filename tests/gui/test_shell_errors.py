"""What the window does when something cannot be done: dialogs, retries, questions before closing."""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from app.main_window import MainWindow
from app.widgets.shell.error_dialog import ErrorDialog
from core.domain.errors import LensmithError
from core.store.project_store import ProjectStore
from tests.gui.windows import answer, question_of, window_of
from tests.unit.store.helpers import small_disk

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def window(qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    with window_of(tmp_path / "project") as made:
        qtbot.waitExposed(made)
        yield made


def error_of(cause: str, number: int = 0) -> LensmithError:
    try:
        try:
            raise OSError(number, "what the system said")
        except OSError as error:
            raise LensmithError(cause, "Do this.") from error
    except LensmithError as error:
        return error


def test_that_errors_are_told_one_after_the_other_with_details_behind_a_fold(window, qtbot):
    for cause in ("First.", "Second.", "First.", "Third."):
        window.show_error(error_of(cause))
    dialog = window.errors.dialog
    assert (dialog.cause.text(), dialog.remedy.text(), dialog.count) == ("First.", "Do this.", "1 of 3")
    assert not dialog.details.isVisible()
    qtbot.mouseClick(dialog.fold_button, Qt.MouseButton.LeftButton)
    assert "what the system said" in dialog.details.toPlainText()
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("First.\nDo this.")
    assert "PySide6" in copied
    assert "what the system said" in copied
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.errors.dialog.cause.text() == "Second.")
    assert window.errors.dialog.count == "2 of 3"
    assert len([one for one in window.findChildren(ErrorDialog) if one.isVisible()]) == 1
    window.errors.clear()
    assert window.errors.dialog is None


def test_that_an_edit_that_the_disk_refused_is_kept_until_it_succeeds(window, qtbot):
    full = [True]
    saved = []

    def work(progress: object) -> str:
        if full:
            raise error_of("Not saved: the disk is full.", errno.ENOSPC)
        return "saved"

    window.session.jobs.run("Renaming a class", work, done=saved.append)
    qtbot.waitUntil(lambda: window.errors.dialog is not None)
    banner = window.workspace.unsaved
    assert banner.text == "Not saved: Renaming a class. Do this."
    qtbot.mouseClick(window.errors.dialog.again_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.errors.dialog is not None and window.errors.dialog.isVisible())
    qtbot.keyClick(window.errors.dialog, Qt.Key.Key_Escape)
    assert banner.isVisible()
    full.clear()
    qtbot.mouseClick(banner.buttons[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: saved == ["saved"])
    assert not banner.isVisible()


def test_that_other_errors_are_not_kept(window, qtbot):
    def work(progress: object) -> None:
        raise LensmithError("There is a class of that name already.", "Choose another.")

    window.session.jobs.run("Renaming a class", work)
    qtbot.waitUntil(lambda: window.errors.dialog is not None)
    assert window.errors.dialog.story.again is None
    assert not window.workspace.unsaved.isVisible()
    window.errors.clear()


def test_that_closing_with_an_unsaved_edit_asks_and_may_lose_it(window, qtbot):
    def work(progress: object) -> None:
        raise error_of("Not saved: the disk is full.", errno.ENOSPC)

    window.session.jobs.run("Renaming a class", work)
    qtbot.waitUntil(lambda: window.errors.dialog is not None)
    window.errors.clear()
    window.close()
    answer(window, "stay")
    qtbot.waitUntil(lambda: question_of(window) is None)
    assert window.isVisible()
    window.close()
    answer(window, "discard")
    qtbot.waitUntil(lambda: not window.isVisible())


def test_that_closing_cancels_a_job_that_has_just_begun_without_a_question(window, qtbot):
    cancelled = threading.Event()
    window.session.jobs.run("Importing", lambda progress: until_cancelled(progress, cancelled))
    qtbot.waitUntil(lambda: window.session.jobs.jobs[0].began > 0)
    window.close()
    assert cancelled.is_set()
    assert not window.isVisible()


def test_that_closing_asks_before_it_cancels_long_work(window, qtbot, monkeypatch):
    monkeypatch.setattr("app.farewell.LEFT_WITHOUT_ASKING", 0.0)
    cancelled = threading.Event()
    window.session.jobs.run("Importing šrouby", lambda progress: until_cancelled(progress, cancelled))
    qtbot.waitUntil(lambda: any(job.began > 0 for job in window.session.jobs.loud()))
    window.close()
    assert "Importing šrouby" in question_of(window).title.text()
    qtbot.keyClick(question_of(window), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: question_of(window) is None)
    assert window.isVisible()
    assert not cancelled.is_set()
    window.close()
    answer(window, "cancel")
    qtbot.waitUntil(lambda: not window.isVisible())
    assert cancelled.is_set()


def until_cancelled(progress: object, cancelled: threading.Event) -> None:
    try:
        while not cancelled.wait(0.01):
            progress(0, 0, "at it")  # type: ignore[operator]
    finally:
        cancelled.set()


FULL_DISK = """
import sys
from pathlib import Path
from PySide6.QtCore import QEventLoop, QTimer, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

disk = Path(sys.argv[1])
from app.main_window import MainWindow
application = QApplication([])

def wait(until):
    loop, look = QEventLoop(), QTimer()
    look.timeout.connect(lambda: loop.quit() if until() else None)
    look.start(10)
    loop.exec()

window = MainWindow()
window.open_project(disk / "project")
window.show()
session = window.session
filler = disk / "filler"
with filler.open("wb", buffering=0) as file:
    try:
        while file.write(bytes(4096)):
            pass
    except OSError:
        pass
names = [f"class {number} " + "x" * 200 for number in range(2000)]
session.jobs.run("Adding classes", lambda progress: session.store.add_classes(names))
wait(lambda: window.errors.dialog is not None)
print(window.errors.dialog.cause.text())
print(window.workspace.unsaved.isVisible(), len(session.store.classes()))
filler.unlink()
QTest.mouseClick(window.errors.dialog.again_button, Qt.MouseButton.LeftButton)
wait(lambda: not session.jobs.jobs)
print(window.workspace.unsaved.isVisible(), len(session.store.classes()), window.errors.dialog)
window.close()
"""


def test_that_a_disk_that_is_really_full_keeps_the_edit_until_try_again_succeeds(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "LENSMITH_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(ROOT),
        "DISK": str(disk),
    }
    command = [*small_disk("2m"), sys.executable, "-c", FULL_DISK, str(disk)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    cause, kept, saved = done.stdout.splitlines()
    assert cause.startswith("Not saved: the disk of ")
    assert kept == "True 0"
    assert saved == "False 2000 None"


def test_that_a_folder_that_cannot_be_written_opens_for_reading_and_says_so(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    ProjectStore.create(tmp_path / "project").close()
    # The tests may run as a user whom no permission stops.
    monkeypatch.setattr("core.store.lock.os.access", lambda path, mode: False)
    with window_of(tmp_path / "project") as window:
        assert "cannot be written" in window.workspace.read_only.text
        assert not window.menus.actions["import_folder"].isEnabled()
        monkeypatch.undo()
        monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
        qtbot.mouseClick(window.workspace.read_only.buttons[0], Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: window.session.reading_only == "")
