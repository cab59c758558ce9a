"""Before anything is written: what a source is, what is asked, what becomes of its classes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.widgets.data.import_dialog import ImportDialog
from app.widgets.gallery.overlay import overlay_of
from core.actions.importing import ImportChoices, open_for_preview
from core.domain.source import ClassEdit
from core.domain.task import Task
from core.store.project_store import ProjectStore
from tests.e2e.pictures import draw_classes, draw_yolo

ROWS = "0 0.5 0.5 0.5 0.5\n1 0.2 0.2 0.2 0.2\n"


class Shown:
    def __init__(self, dialog: ImportDialog) -> None:
        self.dialog = dialog
        self.wanted: list[ImportChoices] = []
        dialog.import_wanted.connect(self.wanted.append)


@pytest.fixture
def show(qtbot, tmp_path: Path) -> Iterator:
    made = []

    def open_dialog(source: Path, task: Task | None = None) -> Shown:
        store = ProjectStore.create(tmp_path / "p")
        opened = open_for_preview(store, source)
        dialog = ImportDialog(opened, task)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        dialog.show()
        made.append((store, opened, dialog))
        return Shown(dialog)

    yield open_dialog
    for store, opened, dialog in made:
        dialog.reject()
        opened.close()
        store.close()
        dialog.deleteLater()
    QApplication.processEvents()


def test_that_a_clear_source_is_imported_with_enter_alone(show, qtbot, tmp_path):
    shown = show(draw_yolo(tmp_path / "set", [ROWS] * 5))
    assert shown.dialog.import_button.text() == "Import 5 images"
    assert shown.dialog.questions == {}
    assert len(shown.dialog.grid.images) == 5
    qtbot.keyClick(shown.dialog, Qt.Key.Key_Return)
    assert shown.wanted == [ImportChoices()]


def test_that_missing_and_empty_labels_are_asked_and_never_guessed(show, qtbot, tmp_path):
    shown = show(draw_yolo(tmp_path / "set", [ROWS, ROWS, "", None, None]))
    dialog = shown.dialog
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert shown.wanted == []
    qtbot.mouseClick(dialog.questions["missing"].buttons["background"], Qt.MouseButton.LeftButton)
    assert not dialog.import_button.isEnabled()
    qtbot.keyClick(dialog.questions["empty"].buttons["unlabelled"], Qt.Key.Key_Space)
    qtbot.mouseClick(dialog.import_button, Qt.MouseButton.LeftButton)
    assert shown.wanted == [ImportChoices(missing_is_background=True, empty_is_unlabelled=True)]


def test_that_classes_are_merged_by_name_and_left_out_by_their_tick(show, qtbot, tmp_path):
    shown = show(draw_classes(tmp_path / "set", {"Cat": 4, "cat ": 3, "dog": 2}))
    rows = shown.dialog.classes.rows
    assert any(card.finding.kind == "near_class_names" for card in shown.dialog.cards)
    rows.setData(rows.index(rows.names.index("cat "), 1), "Cat")
    rows.setData(rows.index(rows.names.index("dog"), 0), Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    assert shown.dialog.import_button.text() == "Import 7 images"
    looks = shown.dialog.classes.looks()
    assert [overlay_of(image, looks).caption for image in shown.dialog.grid.images] == ["Cat"] * 7
    qtbot.mouseClick(shown.dialog.import_button, Qt.MouseButton.LeftButton)
    assert set(shown.wanted[0].edits) == {ClassEdit("cat ", "Cat"), ClassEdit("dog", None)}


def test_that_a_source_for_the_other_task_is_refused_with_the_way_out(show, qtbot, tmp_path):
    shown = show(draw_classes(tmp_path / "set", {"cat": 3, "dog": 3}), Task.DETECTION)
    assert not shown.dialog.import_button.isEnabled()
    assert "new project" in shown.dialog._hint.text()
    qtbot.keyClick(shown.dialog, Qt.Key.Key_Return)
    assert shown.wanted == []


def test_that_leaving_out_every_class_leaves_nothing_to_import(show, qtbot, tmp_path):
    shown = show(draw_classes(tmp_path / "set", {"cat": 3}))
    rows = shown.dialog.classes.rows
    rows.setData(rows.index(0, 0), Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    assert not shown.dialog.import_button.isEnabled()
    assert "nothing would be imported" in shown.dialog._hint.text()
