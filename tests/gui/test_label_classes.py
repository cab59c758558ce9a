"""One class per picture, many at once, keys and their sheet, and the classes themselves: by real mouse and keys."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.keys import ACTIONS, PRESETS, Keys, preset_keys
from app.settings import Settings
from app.widgets.label.class_chooser import ClassChooser
from app.widgets.label.key_dialog import KeyDialog
from app.widgets.label.key_sheet import KeySheet
from core.domain.annotation import Box, Boxes
from core.domain.errors import LensmithError
from core.domain.labels import LabelState
from core.domain.task import Task
from tests.gui.label_pages import corners, drag, label_page_of, make_project, on_disk, press, settle, states
from tests.gui.windows import answer, question_of

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))


def labels_on_disk(page) -> list[int | None]:
    return [on_disk(page, place).label for place in range(len(page.session.data.images))]


def test_that_one_key_labels_a_picture_and_moves_on(tmp_path, qtbot):
    with label_page_of(make_project(tmp_path, 3, task=Task.CLASSIFICATION), qtbot) as page:
        for key, place in (("2", 1), ("1", 2), ("3", 2)):
            press(page, key)
            settle(page, qtbot)
            assert page.walk.place == place
        assert labels_on_disk(page) == [2, 1, 3]
        assert states(page) == [LabelState.DONE] * 3
        press(page, "Z", CONTROL)
        press(page, "Z", CONTROL)
        settle(page, qtbot)
        assert (labels_on_disk(page), page.walk.place) == ([2, None, None], 1)
        press(page, "A")
        press(page, Qt.Key.Key_Delete)
        settle(page, qtbot)
        assert labels_on_disk(page) == [None, None, None]


def test_that_many_pictures_are_labelled_by_one_key_and_undone_in_one_step(tmp_path, qtbot):
    with label_page_of(make_project(tmp_path, 6, task=Task.CLASSIFICATION), qtbot) as page:
        press(page, "T")
        settle(page, qtbot)
        grid = page.grid.grid
        for position, keys in ((1, Qt.KeyboardModifier.NoModifier), (4, SHIFT), (2, CONTROL)):
            QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, keys, grid.cell_rect(position).center())
        press(page, "2")
        settle(page, qtbot)
        assert labels_on_disk(page) == [None, 2, None, 2, 2, None]
        press(page, "A", CONTROL)
        press(page, "1")
        settle(page, qtbot)
        assert labels_on_disk(page) == [1] * 6
        press(page, "Z", CONTROL)
        settle(page, qtbot)
        assert labels_on_disk(page) == [None, 2, None, 2, 2, None]
        press(page, Qt.Key.Key_Delete)
        settle(page, qtbot)
        assert labels_on_disk(page) == [None] * 6


def test_that_pictures_without_a_task_ask_once_what_they_are_labelled_for(tmp_path, qtbot):
    with label_page_of(make_project(tmp_path, 2, task=None, names=()), qtbot) as page:
        assert page.task_choice.isVisible()
        QTest.mouseClick(page.task_choice.buttons[Task.CLASSIFICATION], Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: page.session.store.info.task is Task.CLASSIFICATION)
        qtbot.waitUntil(lambda: page.stage.isVisible())
        settle(page, qtbot)
        QTest.keyClicks(page.classes.field, "good\r")
        qtbot.waitUntil(lambda: len(page.session.data.classes) == 1)
        settle(page, qtbot)
        assert page.window().focusWidget() is page.canvas
        press(page, "1")
        settle(page, qtbot)
        assert labels_on_disk(page) == [page.session.data.classes[0].id, None]


def test_that_removing_a_class_asks_what_becomes_of_its_boxes(tmp_path, qtbot):
    known = [Boxes((Box(10, 10, 40, 40, 1), Box(60, 60, 90, 90, 2)))]
    with label_page_of(make_project(tmp_path, annotations=known), qtbot) as page:
        page.go_to_end(0)
        page.class_edits.ask_remove(1)
        qtbot.waitUntil(lambda: question_of(page.window()) is not None)
        assert "1 box on 1 picture" in question_of(page.window()).text.text()
        answer(page.window(), "merge")
        chooser = next(one for one in page.findChildren(ClassChooser) if one.isVisible())
        QTest.keyClicks(chooser.field, "bol")
        QTest.keyClick(chooser.field, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: question_of(page.window()) is not None)
        answer(page.window(), "merge")
        qtbot.waitUntil(lambda: len(page.session.data.classes) == 2)
        settle(page, qtbot)
        assert [one[4] for one in corners(on_disk(page, 0))] == [3, 2]
        press(page, "Z", CONTROL)
        qtbot.waitUntil(lambda: len(page.session.data.classes) == 3)
        settle(page, qtbot)
        assert [one[4] for one in corners(on_disk(page, 0))] == [1, 2]


def test_that_a_class_gets_a_letter_but_never_one_that_means_something_else(tmp_path, qtbot):
    with label_page_of(make_project(tmp_path), qtbot) as page:
        page.class_edits.ask_key(3)
        dialog = page.findChild(KeyDialog)
        QTest.keyClick(dialog, "D")
        assert "Next picture" in dialog.refusal.text()
        QTest.keyClick(dialog, "Q")
        qtbot.waitUntil(lambda: page.session.data.classes[2].shortcut == "Q")
        settle(page, qtbot)
        press(page, "Q")
        drag(page, (20, 20), (60, 50))
        settle(page, qtbot)
        assert corners(on_disk(page))[0][4] == 3


def test_that_a_class_is_renamed_reordered_and_recoloured_without_touching_any_box(tmp_path, qtbot):
    known = [Boxes((Box(10, 10, 40, 40, 1), Box(60, 60, 90, 90, 2)))]
    with label_page_of(make_project(tmp_path, annotations=known), qtbot) as page:
        panel = page.classes
        panel.renamed.emit(1, "cog")
        panel.recoloured.emit(2, 7)
        panel.moved.emit([3, 1, 2])
        qtbot.waitUntil(lambda: [one.name for one in page.session.data.classes] == ["bolt", "cog", "nut"])
        settle(page, qtbot)
        assert page.session.data.classes[2].look == 7
        assert [one[4] for one in corners(on_disk(page, 0))] == [1, 2]
        panel.renamed.emit(1, "nut")
        qtbot.waitUntil(lambda: page.window().errors.dialog is not None)
        page.window().errors.clear()


def test_that_a_changed_key_is_kept_and_one_that_is_taken_is_refused_in_words(tmp_path, qtbot):
    with label_page_of(make_project(tmp_path), qtbot) as page:
        sheet = page.show_keys()
        QTest.mouseClick(sheet.buttons["next"], Qt.MouseButton.LeftButton)
        dialog = sheet.findChild(KeyDialog)
        QTest.keyClick(dialog, "N")
        assert "Nothing here" in dialog.refusal.text()
        QTest.keyClick(dialog, "1", CONTROL)
        assert "menu" in dialog.refusal.text()
        QTest.keyClick(dialog, "K")
        assert page.keys.of("next") == ("K",)
        sheet.accept()
        press(page, "D")
        assert page.walk.place == 0
        press(page, "K")
        assert page.walk.place == 1
        settle(page, qtbot)
    with label_page_of(tmp_path / "project", qtbot) as page:
        assert page.keys.of("next") == ("K",)
        page.keys.set_preset("cvat")
        press(page, "F")
        assert page.walk.place == 1
        settle(page, qtbot)


@pytest.mark.parametrize("preset", PRESETS)
def test_that_no_preset_gives_one_key_to_two_actions(preset):
    for selected in (False, True):
        keys = [key for one in ACTIONS if one.selected is selected for key in preset_keys(preset)[one.name]]
        assert len(keys) == len(set(keys))


def test_that_a_damaged_list_of_keys_in_the_settings_is_as_if_nothing_had_been_changed(tmp_path):
    settings = Settings(tmp_path / "window.ini")
    for text in ("{", "[1]", '{"next": 3, "nonsense": ["K"]}'):
        settings.set_text("label/keys", text)
        assert Keys(settings).of("next") == ("D", "Right")
    keys = Keys(settings)
    with pytest.raises(LensmithError, match="Previous picture"):
        keys.set_keys("next", ("A",))


def test_that_a_reload_while_a_name_is_typed_leaves_the_keys_with_the_field(tmp_path, qtbot):
    with label_page_of(make_project(tmp_path), qtbot) as page:
        QTest.mouseClick(page.classes.field, Qt.MouseButton.LeftButton)
        QTest.keyClicks(page.classes.field, "na")
        page.session.reload()
        settle(page, qtbot)
        press(page, "n")
        press(page, "d")
        assert page.classes.field.text() == "nand"
        assert (page.walk.place, on_disk(page).boxes) == (0, None)


def test_that_a_question_mark_shows_the_keys_of_the_page_and_enter_in_the_grid_looks_at_one(tmp_path, qtbot):
    with label_page_of(make_project(tmp_path), qtbot) as page:
        window = page.window()
        window.menus.actions["shortcuts"].trigger()
        sheet = page.findChild(KeySheet)
        assert sheet.isVisible()
        sheet.accept()
        press(page, "T")
        settle(page, qtbot)
        page.grid.grid.set_current(2)
        QTest.keyClick(page.grid.grid, Qt.Key.Key_Return)
        settle(page, qtbot)
        assert (page.is_grid, page.walk.place, page.stage.isVisible()) == (False, 2, True)
        press(page, "\\")
        assert not page.side.isVisible()
        assert not page.strip.isVisible()
        press(page, "\\")
        assert page.side.isVisible()


def test_that_leaving_the_page_brings_what_was_labelled_to_the_other_pages(tmp_path, qtbot):
    with label_page_of(make_project(tmp_path), qtbot) as page:
        drag(page, (20, 20), (60, 50))
        press(page, "D")
        settle(page, qtbot)
        page.window().workspace.go_to("data")
        settle(page, qtbot)
        assert page.window().workspace.page("data").index.labelled == 1


def test_that_a_picture_that_came_back_is_no_problem_any_more(tmp_path, qtbot):
    project, file = make_project(tmp_path, 2), tmp_path / "pictures" / "00000.png"
    kept = file.read_bytes()
    file.unlink()
    with label_page_of(project, qtbot) as page:
        place = next(n for n, image in enumerate(page.session.data.images) if image.path == str(file))
        page.go_to(place)
        settle(page, qtbot)
        assert states(page)[place] is LabelState.PROBLEM
        file.write_bytes(kept)
        page.go_to(1 - place)
        settle(page, qtbot)
        page.go_to(place)
        qtbot.waitUntil(lambda: states(page)[place] is LabelState.TO_DO)
        drag(page, (20, 20), (60, 50))
        settle(page, qtbot)
        assert len(on_disk(page).boxes) == 1


def test_that_the_project_may_be_read_anew_while_a_filter_hides_what_was_edited(tmp_path, qtbot):
    known = [Boxes((Box(10, 10, 40, 40, 1),))] * 2
    with label_page_of(make_project(tmp_path, 6, annotations=known), qtbot) as page:
        page.choose_filter(LabelState.DONE)
        settle(page, qtbot)
        drag(page, (60, 60), (90, 90))
        page.session.reload()
        drag(page, (100, 60), (130, 90))
        settle(page, qtbot)
        page.choose_filter(LabelState.TO_DO)
        settle(page, qtbot)
        drag(page, (60, 60), (90, 90))
        page.session.reload()
        settle(page, qtbot)
        assert len(page.walk.order) == 3  # the one that was drawn on is in progress
        assert len(on_disk(page).boxes) == 1
        assert page.states.buttons[LabelState.TO_DO].isChecked()
