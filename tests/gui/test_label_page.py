"""Labelling by real mouse and keys; what counts is what the database has after each act."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from core.domain.annotation import Box, Boxes
from core.domain.labels import ImageLabels, LabelledBox, LabelState, Origin, Proposal
from core.store import labels as stored
from core.store.project_store import ProjectStore
from tests.gui.label_pages import (
    HEIGHT,
    WIDTH,
    click,
    corners,
    drag,
    label_page_of,
    make_project,
    on_disk,
    press,
    settle,
    states,
)

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
TO_DO, IN_PROGRESS, PROPOSED, DONE = (
    LabelState.TO_DO,
    LabelState.IN_PROGRESS,
    LabelState.PROPOSED,
    LabelState.DONE,
)


@pytest.fixture
def page(tmp_path, qtbot, monkeypatch):
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    with label_page_of(make_project(tmp_path), qtbot) as made:
        yield made


def near(found, wanted, tolerance: int = 1) -> bool:
    """The same boxes to a pixel: the screen's pixels are not those of the picture."""
    return len(found) == len(wanted) and all(
        one[4] == other[4] and all(abs(a - b) <= tolerance for a, b in zip(one[:4], other[:4], strict=True))
        for one, other in zip(found, wanted, strict=True)
    )


def test_that_every_act_of_mouse_and_keys_is_in_the_database_at_once_and_can_be_undone_and_redone(page, qtbot):
    history = [[]]

    def expect(*boxes):
        settle(page, qtbot)
        assert near(corners(on_disk(page)), boxes), (corners(on_disk(page)), boxes)
        history.append(corners(on_disk(page)))

    drag(page, (20, 20), (60, 50))
    expect((20, 20, 60, 50, 1))
    drag(page, (40, 35), (60, 45))  # by its inside: it moves
    expect((40, 30, 80, 60, 1))
    drag(page, (80, 60), (100, 80))  # by its corner: it grows
    expect((40, 30, 100, 80, 1))
    press(page, "2")
    expect((40, 30, 100, 80, 2))
    press(page, Qt.Key.Key_Right)
    expect((41, 30, 101, 80, 2))
    press(page, Qt.Key.Key_Down, SHIFT)
    expect((41, 40, 101, 90, 2))
    press(page, "D", CONTROL)
    settle(page, qtbot)
    assert len(corners(on_disk(page))) == 2
    history.append(corners(on_disk(page)))
    press(page, Qt.Key.Key_Delete)
    expect((41, 40, 101, 90, 2))
    click(page, 60, 60)
    press(page, Qt.Key.Key_Backspace)
    expect()
    for known in reversed(history[:-1]):
        press(page, "Z", CONTROL)
        settle(page, qtbot)
        assert corners(on_disk(page)) == known
    assert on_disk(page).boxes is None
    assert states(page)[0] is TO_DO
    for known in history[1:]:
        press(page, "Z", CONTROL | SHIFT)
        settle(page, qtbot)
        assert corners(on_disk(page)) == known


def test_that_going_forward_finishes_a_picture_and_going_back_leaves_it_in_progress(page, qtbot):
    drag(page, (20, 20), (60, 50))
    settle(page, qtbot)
    assert states(page)[0] is IN_PROGRESS
    press(page, "D")
    settle(page, qtbot)
    assert (page.walk.place, states(page)[0], on_disk(page, 0).done) == (1, DONE, True)
    drag(page, (20, 20), (60, 50))
    press(page, "A")
    settle(page, qtbot)
    assert (page.walk.place, states(page)[1], on_disk(page, 1).done) == (0, IN_PROGRESS, False)
    press(page, Qt.Key.Key_Return)
    settle(page, qtbot)
    assert page.walk.place == 1  # nobody had finished that one
    press(page, "N")
    press(page, Qt.Key.Key_Space)
    settle(page, qtbot)
    assert (page.walk.place, states(page)[1], on_disk(page, 1).boxes) == (2, DONE, ())
    press(page, "D")
    settle(page, qtbot)
    assert states(page)[2] is TO_DO  # nothing was said about it
    assert "2 done" in page.badge.text()


def test_that_undo_comes_back_to_the_picture_that_it_changes_also_after_the_project_was_opened_anew(
    tmp_path, qtbot, monkeypatch
):
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    project = make_project(tmp_path)
    with label_page_of(project, qtbot) as page:
        drag(page, (20, 20), (60, 50))
        settle(page, qtbot)
        press(page, Qt.Key.Key_End)
        settle(page, qtbot)
        assert page.walk.place == 3
    with label_page_of(project, qtbot) as page:
        assert page.steps.words()[0] == "Draw a box of gear"
        press(page, Qt.Key.Key_End)
        settle(page, qtbot)
        press(page, "Z", CONTROL)
        settle(page, qtbot)
        assert (page.walk.place, on_disk(page).boxes) == (0, None)
        assert "Draw a box of gear" in page.redo_button.toolTip()
        QTest.mouseClick(page.redo_button, Qt.MouseButton.LeftButton)
        settle(page, qtbot)
        assert near(corners(on_disk(page)), [(20, 20, 60, 50, 1)])


def test_that_boxes_are_copied_between_pictures_and_those_of_the_previous_one_pasted(page, qtbot):
    drag(page, (20, 20), (60, 50))
    press(page, "C", CONTROL)
    press(page, "D")
    settle(page, qtbot)
    press(page, "V", CONTROL)
    settle(page, qtbot)
    assert near(corners(on_disk(page)), [(20, 20, 60, 50, 1)])
    press(page, "D")
    settle(page, qtbot)
    press(page, "V")
    settle(page, qtbot)
    assert near(corners(on_disk(page)), [(20, 20, 60, 50, 1)])
    assert on_disk(page).boxes[0].origin.how == "pasted"


def test_that_letters_typed_into_a_field_do_nothing_to_the_picture(page, qtbot):
    QTest.mouseClick(page.classes.field, Qt.MouseButton.LeftButton)
    QTest.keyClicks(page.classes.field, "nad 2")
    settle(page, qtbot)
    assert (page.walk.place, on_disk(page).boxes, page.canvas.current_class) == (0, None, 1)
    assert page.classes.field.text() == "nad 2"
    QTest.keyClick(page.classes.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(page.session.data.classes) == 4)
    settle(page, qtbot)
    assert page.classes.field.text() == ""
    press(page, "4")
    drag(page, (20, 20), (60, 50))
    settle(page, qtbot)
    assert corners(on_disk(page))[0][4] == page.session.data.classes[3].id


def test_that_an_earlier_state_of_a_picture_is_looked_at_and_restored(page, qtbot):
    drag(page, (20, 20), (60, 50))
    settle(page, qtbot)
    press(page, Qt.Key.Key_Delete)
    settle(page, qtbot)
    dialog = page.show_history()
    qtbot.waitUntil(lambda: len(dialog.versions) == 3)
    assert "Delete 1 box: gear" in dialog.list.item(0).text()
    assert not dialog.restore_button.isEnabled()
    dialog.list.setCurrentRow(1)
    QTest.mouseClick(dialog.restore_button, Qt.MouseButton.LeftButton)
    settle(page, qtbot)
    assert near(corners(on_disk(page)), [(20, 20, 60, 50, 1)])
    assert page.steps.words()[0] == "Restore an earlier state"


def test_that_enter_accepts_all_proposals_and_the_next_one_goes_on_and_backspace_refuses(tmp_path, qtbot, monkeypatch):
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    project = make_project(tmp_path)
    propose(project, {0: 0.9, 2: 0.3})
    with label_page_of(project, qtbot) as page:
        page.review_proposals()
        settle(page, qtbot)
        assert page.walk.order == [2, 0]  # the least certain first
        click(page, 30, 30)
        settle(page, qtbot)
        assert on_disk(page).boxes[0].origin == Origin("accepted", "run 1")
        press(page, "Z", CONTROL)
        settle(page, qtbot)
        press(page, Qt.Key.Key_Return)
        settle(page, qtbot)
        assert (page.walk.place, len(on_disk(page).boxes), on_disk(page).proposals) == (2, 1, ())
        press(page, Qt.Key.Key_Return)
        settle(page, qtbot)
        assert (page.walk.place, states(page)[2]) == (0, DONE)
        page.canvas.select_next()
        press(page, Qt.Key.Key_Backspace)
        settle(page, qtbot)
        assert (on_disk(page).boxes, on_disk(page).proposals, states(page)[0]) == (None, (), TO_DO)


def propose(project, scores: dict[int, float]) -> None:
    with ProjectStore.open(project) as store:
        images = store.images()
        new = {
            images[place].hash: ImageLabels(proposals=(Proposal(Box(10, 10, 50, 50, 1), score, "run 1"),))
            for place, score in scores.items()
        }
        stored.edit(store, "propose", ("run 1", str(len(new))), new)


def test_that_a_picture_that_vanished_is_a_problem_with_a_remedy_and_the_list_goes_on(tmp_path, qtbot, monkeypatch):
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    project = make_project(tmp_path, 3)
    (tmp_path / "pictures" / "00000.png").unlink()
    (tmp_path / "pictures" / "00001.png").write_bytes(b"\x89PNG no picture")
    with label_page_of(project, qtbot) as page:
        page.go_to_end(0)
        settle(page, qtbot)
        assert states(page)[0] is LabelState.PROBLEM
        drag(page, (20, 20), (60, 50))
        settle(page, qtbot)
        assert on_disk(page).boxes is None
        press(page, "D")
        settle(page, qtbot)
        assert states(page)[:2] == [LabelState.PROBLEM] * 2
        press(page, "D")
        settle(page, qtbot)
        drag(page, (20, 20), (60, 50))
        settle(page, qtbot)
        assert len(on_disk(page).boxes) == 1


def test_that_a_read_only_project_shows_everything_and_changes_nothing(tmp_path, qtbot, monkeypatch):
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    project = make_project(tmp_path, annotations=[Boxes((Box(20, 20, 60, 50, 1),))])
    with ProjectStore.open(project), label_page_of(project, qtbot) as page:
        page.go_to_end(0)
        settle(page, qtbot)
        assert page.boxes.model.rowCount() == 1
        drag(page, (70, 70), (100, 100))
        drag(page, (40, 35), (60, 45))
        for key in ("2", "N", Qt.Key.Key_Delete, Qt.Key.Key_Return):
            press(page, key)
        settle(page, qtbot)
        assert corners(on_disk(page, 0)) == [(20, 20, 60, 50, 1)]
        assert "Read-only" in page.header.subtitle.text()
        assert not page.undo_button.isEnabled()


def test_that_an_edit_of_a_finished_picture_leaves_it_finished(tmp_path, qtbot, monkeypatch):
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    with label_page_of(make_project(tmp_path, annotations=[Boxes(())]), qtbot) as page:
        page.go_to_end(0)
        settle(page, qtbot)
        drag(page, (20, 20), (60, 50))
        settle(page, qtbot)
        assert (states(page)[0], on_disk(page).boxes[0]) == (DONE, LabelledBox(on_disk(page).boxes[0].box))
        press(page, Qt.Key.Key_Return, CONTROL)
        settle(page, qtbot)
        assert states(page)[0] is IN_PROGRESS


def test_that_a_click_into_the_strip_and_the_lists_leaves_the_keys_with_the_canvas(page, qtbot):
    strip = page.strip
    QTest.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=strip.cell_rect(2).center())
    settle(page, qtbot)
    assert page.walk.place == 2
    drag(page, (20, 20), (60, 50))
    drag(page, (80, 60), (WIDTH - 10, HEIGHT - 10))
    settle(page, qtbot)
    rows = page.boxes.list
    QTest.mouseClick(
        rows.viewport(), Qt.MouseButton.LeftButton, pos=rows.visualRect(page.boxes.model.index(0)).center()
    )
    assert page.canvas.selection == (0,)
    QTest.mouseClick(
        page.classes.list.viewport(),
        Qt.MouseButton.LeftButton,
        pos=page.classes.list.visualRect(page.classes.model.index(2)).center(),
    )
    settle(page, qtbot)
    assert [one[4] for one in corners(on_disk(page))] == [3, 1]
    assert page.window().focusWidget() is page.canvas


def test_that_boxes_are_carried_on_to_the_next_picture_as_proposals(tmp_path, qtbot, monkeypatch):
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    project = make_project(tmp_path, 3, squares=True)
    with label_page_of(project, qtbot) as page:
        page.go_to(page.session.place_of(image_of(page, "00000.png")))
        settle(page, qtbot)
        drag(page, (38, 28), (82, 72))
        press(page, "X")
        settle(page, qtbot)
        assert page.image.path.endswith("00001.png")
        (found,) = on_disk(page).proposals
        assert abs(found.box.x_min - 44) < 3
        press(page, Qt.Key.Key_Return)
        settle(page, qtbot)
        assert on_disk(page).boxes[0].origin.how == "accepted"


def image_of(page, name: str) -> str:
    return next(image.hash for image in page.session.data.images if image.path.endswith(name))
