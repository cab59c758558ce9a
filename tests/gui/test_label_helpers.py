"""Every button of Help me opens what it says, over a real project, and what comes of it is on the page."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from app.widgets.label.contour_panel import ContourPanel
from app.widgets.label.doubt_dialog import DoubtDialog
from app.widgets.label.history_dialog import HistoryDialog
from app.widgets.label.key_sheet import KeySheet
from app.widgets.label.merge_dialog import MergeDialog
from app.widgets.label.mirror_dialog import MirrorDialog
from app.widgets.label.propose_dialog import ProposeDialog
from core.domain.annotation import Box, Boxes
from tests.gui.label_pages import drag, label_page_of, make_project, settle


@pytest.fixture
def page(tmp_path, qtbot, monkeypatch):
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    with label_page_of(make_project(tmp_path), qtbot) as made:
        yield made


@pytest.mark.parametrize(("name", "kind"), [("propose", ProposeDialog), ("contours", ContourPanel)])
def test_that_a_button_opens_its_dialog(page, qtbot, name, kind):
    QTest.mouseClick(page.help.buttons[name], Qt.MouseButton.LeftButton)
    assert isinstance(page.helpers.dialog, kind)
    assert page.helpers.dialog.isVisible()
    page.helpers.dialog.reject()
    settle(page, qtbot)


def test_that_labels_are_checked_beside_the_window_and_a_picture_of_the_list_comes_to_the_canvas(page, qtbot):
    QTest.mouseClick(page.help.buttons["check"], Qt.MouseButton.LeftButton)
    dialog = page.helpers.dialog
    assert isinstance(dialog, DoubtDialog)
    dialog.picture_wanted.emit(page.session.data.images[3].hash)
    settle(page, qtbot)
    assert page.walk.place == 3
    dialog.close()


def test_that_the_menu_opens_history_and_keys(page, qtbot):
    for name, kind in (("history", HistoryDialog), ("keys", KeySheet)):
        page.help.actions_of_menu[name].trigger()
        dialog = page.findChild(kind)
        assert dialog.isVisible()
        settle(page, qtbot)
        dialog.reject()


def test_that_label_files_follow_what_is_drawn(page, qtbot, tmp_path: Path):
    page.help.actions_of_menu["mirror"].trigger()
    dialog = page.helpers.dialog
    assert isinstance(dialog, MirrorDialog)
    dialog.set_up_wanted.emit(tmp_path / "files", "yolo")
    qtbot.waitUntil(lambda: page.helpers.mirror.state is not None, timeout=20_000)
    dialog.reject()
    settle(page, qtbot)
    drag(page, (20, 20), (60, 50))
    page.go_by(1)
    settle(page, qtbot)
    texts = [file.read_text() for file in (tmp_path / "files").rglob("*.txt") if file.name[0].isdigit()]
    assert any(text.strip() for text in texts)


def test_that_another_project_is_merged_from_the_page(page, qtbot, tmp_path: Path, monkeypatch):
    known = [Boxes((Box(10, 10, 40, 40, 1),))]
    other = make_project(tmp_path / "other", annotations=known)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *arguments: str(other))
    page.help.actions_of_menu["merge"].trigger()
    qtbot.waitUntil(lambda: isinstance(page.helpers.dialog, MergeDialog), timeout=20_000)
    page.helpers.dialog.accept()
    qtbot.waitUntil(lambda: page.session.data.labelled() == 1, timeout=20_000)
    settle(page, qtbot)
    assert page.steps.words()[0] == "Labels of 1 picture from project"


def test_that_labels_are_exported_from_the_page_and_read_back(page, qtbot, tmp_path: Path, monkeypatch):
    drag(page, (20, 20), (60, 50))
    page.go_by(1)
    drag(page, (30, 20), (60, 50))
    settle(page, qtbot)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *arguments: str(tmp_path))
    exports = page.helpers.exports
    exports.aboutToShow.emit()
    next(action for action in exports.actions() if action.text() == "COCO").trigger()
    qtbot.waitUntil(lambda: page.help.told != "", timeout=20_000)
    assert page.help.told.startswith("1 image written to")
    assert page.help.told.endswith("1 image in progress left out.")
    assert (tmp_path / "project-coco").is_dir()
    settle(page, qtbot)


def test_that_a_folder_is_imported_from_the_page_by_way_of_the_preview(page, qtbot, tmp_path: Path, monkeypatch):
    make_project(tmp_path / "more", squares=True)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *arguments: str(tmp_path / "more" / "pictures"))
    page.help.actions_of_menu["import_folder"].trigger()
    data = page.window().workspace.page("data")
    qtbot.waitUntil(lambda: data.dialog is not None, timeout=20_000)
    assert page.window().workspace.current == "data"
    data.dialog.reject()
    settle(page, qtbot)
