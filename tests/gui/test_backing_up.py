"""A window that finds a project damaged offers the way back; one that has a project open keeps copies of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from app.main_window import MainWindow
from core.store.backups import backups
from core.store.project_store import ProjectStore
from tests.gui.windows import answer, draw_classes, make_project, question_of, window_of


@pytest.fixture
def window(qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    with window_of() as made:
        qtbot.waitExposed(made)
        yield made


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A project of 24 images whose database lost a page."""
    project = make_project(tmp_path / "project", draw_classes(tmp_path / "pictures"))
    assert len(backups(project)) == 1
    with (project / "lensmith.db").open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 4096)
    return project


def test_that_a_damaged_project_is_opened_from_its_backup_if_the_user_wants_that(window, damaged, qtbot):
    window.open_soon(damaged)
    qtbot.waitUntil(lambda: question_of(window) is not None)
    question = question_of(window)
    assert question.title.text().startswith("Restore the backup of ")
    assert "“project” are damaged" in question.text.text()
    qtbot.keyClick(question, Qt.Key.Key_Escape)
    assert window.session is None
    assert not list(damaged.glob("lensmith.db.damaged-*"))
    window.open_soon(damaged)
    qtbot.waitUntil(lambda: question_of(window) is not None)
    answer(window, "restore")
    qtbot.waitUntil(lambda: window.session is not None and window.session.loaded)
    assert len(window.session.data.images) == 24
    assert len(list(damaged.glob("lensmith.db.damaged-*"))) == 1


def test_that_a_damaged_project_without_a_backup_is_told(window, damaged, qtbot):
    for one in backups(damaged):
        one.path.unlink()
    window.open_soon(damaged)
    qtbot.waitUntil(lambda: window.errors.dialog is not None)
    assert "is damaged" in window.errors.dialog.cause.text()
    assert "no backup" in window.errors.dialog.remedy.text()
    window.errors.clear()


def test_that_a_window_backs_up_what_it_opens(window, tmp_path, qtbot):
    project = make_project(tmp_path / "project", draw_classes(tmp_path / "pictures"))
    (first,) = backups(project)
    first.path.unlink()
    window.open_soon(project)
    qtbot.waitUntil(lambda: len(backups(project)) == 1)
    window.close_project()
    with ProjectStore.open(project) as store:
        assert not store.read_only
