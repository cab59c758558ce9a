"""Keeping runs in order in the window: stars, tags, search, archive, trash with Undo, files; what the curves say."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from app.pages.train_page import TrainPage
from app.widgets.run.note_dialog import NoteDialog
from app.widgets.run.run_list import RunList
from app.widgets.run.trash_dialog import TrashDialog
from core.actions import organising
from core.domain.history import RunState
from core.domain.run import FineTune, RunWeights
from core.store.project_store import ProjectStore
from core.store.run_notes import read_notes
from core.store.run_store import RunStore
from tests.gui.test_run_list import summary
from tests.gui.train_pages import page_of, told_run
from tests.simulated_runs import make_run, project_without_leaks
from tests.unit.training.test_diagnosis import drawn, falling, rising

WAIT = 20_000  # milliseconds; nothing here takes as long
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with project_without_leaks(tmp_path, monkeypatch) as made:
        ProjectStore.create(made).close()
        yield made


@pytest.fixture
def runs(qtbot) -> RunList:
    made = RunList()
    qtbot.addWidget(made)
    made.resize(216, 700)
    made.show()
    qtbot.waitExposed(made)
    return made


def shown(runs: RunList) -> list[int]:
    return [runs.model.folder_at(row).number for row in range(runs.model.rowCount())]


def row_of(page: TrainPage, number: int) -> int:
    return shown(page.runs).index(number)


def click(
    qtbot, page: TrainPage, number: int, *, with_key: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    view = page.runs.view
    place = view.visualRect(page.runs.model.index(row_of(page, number))).center()
    qtbot.mouseClick(view.viewport(), LEFT, with_key, place)


def chosen_action(runs: RunList, text: str) -> None:
    assert runs.menu is not None
    action = next(action for action in runs.menu.actions() if action.text() == text)
    runs.menu.close()
    action.trigger()


MANY = [
    summary(1, star=True, tags=("night shift",)),
    summary(2, RunState.FAILED, test=None, val=None, seconds=None, note="Lamp was dirty"),
    summary(3, archived=True),
    summary(4, RunState.WAITING, model="resnet18", mode="transfer", test=None, val=None, seconds=None),
]


@pytest.mark.parametrize(("text", "found"), [
    ("", [4, 2, 1]), ("transfer", [4]), ("FAILED", [2]), ("#night", [1]), ("dirty lamp", [2]), ("resnet night", []),
])  # fmt: skip
def test_that_typing_finds_runs_by_model_mode_state_tag_and_note(runs, qtbot, text, found):
    runs.set_runs(MANY, None)
    qtbot.keyClicks(runs.search, text)
    assert shown(runs) == found
    assert runs.nothing.isVisible() is not bool(found)
    runs.search.clear()
    assert shown(runs) == [4, 2, 1]


def test_that_the_funnel_chooses_states_stars_and_what_was_put_aside(runs):
    runs.set_runs(MANY, None)
    for text, found in (("Failed or interrupted", [2]), ("In any state", [4, 2, 1]), ("Starred only", [1])):
        runs.menu = runs.make_funnel()
        chosen_action(runs, text)
        assert shown(runs) == found
    runs.menu = runs.make_funnel()
    chosen_action(runs, "Starred only")
    runs.menu = runs.make_funnel()
    chosen_action(runs, "Archived ones too")
    assert shown(runs) == [4, 3, 2, 1]
    assert runs.funnel.isChecked()


def test_that_a_row_tells_star_tags_and_note(runs):
    runs.set_runs(MANY[:2], None)
    assert runs.model.index(1).data().splitlines()[-2:] == ["starred", "#night shift"]
    assert runs.model.index(0).data().splitlines()[-1] == "Lamp was dirty"


def test_that_keys_tell_the_verb_for_all_selected_runs(runs, qtbot):
    runs.set_runs(MANY, None)
    told = []
    runs.wanted.connect(lambda verb, which: told.append((verb, [run.run[:4] for run in which])))
    runs.show_current(MANY[3].run)
    runs.view.setFocus()
    qtbot.keyClick(runs.view, Qt.Key.Key_F2)
    qtbot.keyClick(runs.view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(runs.view, Qt.Key.Key_S)
    qtbot.keyClick(runs.view, Qt.Key.Key_F2)  # a note is about one run
    qtbot.keyClick(runs.view, Qt.Key.Key_Delete)
    assert told == [("notes", ["0004"]), ("star", ["0004", "0002"]), ("delete", ["0004", "0002"])]


def test_that_thousands_of_selected_runs_stay_selected_when_one_changes(runs, qtbot):
    many = [summary(number) for number in range(1, 3001)]
    runs.set_runs(many, None)
    runs.show_current(many[-1].run)
    runs.view.selectAll()
    runs.set_runs([*many[:-1], summary(3000, star=True)], None)
    assert len(runs.selected()) == 3000


def test_that_a_star_is_in_the_run_and_in_the_list_at_once(qtbot, project):
    run = make_run(project)
    make_run(project)
    with page_of(project) as page:
        qtbot.waitUntil(lambda: page.runs.model.rowCount() == 2, timeout=WAIT)
        click(qtbot, page, 1)
        qtbot.keyClick(page.runs.view, Qt.Key.Key_S)
        qtbot.waitUntil(lambda: page.session.runs[0].star, timeout=WAIT)
        assert read_notes(run).star
        assert page.runs.model.run_at(row_of(page, 1)).star
        qtbot.keyClick(page.runs.view, Qt.Key.Key_S)
        qtbot.waitUntil(lambda: not page.session.runs[0].star, timeout=WAIT)


def test_that_a_note_written_in_the_dialog_is_shown_on_the_run(qtbot, project):
    run = told_run(project, [])
    organising.change_runs(project, ["1"], star=True)
    with page_of(project) as page:
        qtbot.waitUntil(lambda: page.runs.model.rowCount() == 1, timeout=WAIT)
        click(qtbot, page, 1)
        qtbot.waitUntil(lambda: page.run_view is not None, timeout=WAIT)
        qtbot.keyClick(page.runs.view, Qt.Key.Key_F2)
        dialog = page.organiser.dialog
        assert isinstance(dialog, NoteDialog)
        qtbot.keyClicks(dialog.note, "Lamp was dirty")
        qtbot.keyClicks(dialog.tags, "night, #line 3")
        qtbot.keyClick(dialog.note, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        notes = page.run_view.notes
        qtbot.waitUntil(lambda: notes.people is not None, timeout=WAIT)
        assert (notes.people.tags.text(), notes.people.words.whole) == ("#night  #line 3", "Lamp was dirty")
        said = read_notes(run)
        assert (said.note, said.tags, said.star) == ("Lamp was dirty", ("night", "line 3"), True)


def test_that_deleted_runs_come_back_with_undo(qtbot, project):
    told_run(project, [])
    told_run(project, [])
    make_run(project)
    with page_of(project) as page:
        qtbot.waitUntil(lambda: page.runs.model.rowCount() == 3, timeout=WAIT)
        click(qtbot, page, 2)
        qtbot.waitUntil(lambda: page.run_view is not None and not page.run_view.live.is_going, timeout=WAIT)
        click(qtbot, page, 1, with_key=Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: page.run_view.live.number == 1 and not page.run_view.live.is_going, timeout=WAIT)
        qtbot.keyClick(page.runs.view, Qt.Key.Key_Delete)
        qtbot.waitUntil(lambda: shown(page.runs) == [3], timeout=WAIT)
        assert [run.number for run in RunStore(project).list()] == [3]
        assert page.banner.text == "2 runs moved to the trash."
        assert page.run_view is None  # what was shown is gone
        assert page.form.isVisible()
        qtbot.mouseClick(page.organiser.undo_button, LEFT)
        qtbot.waitUntil(lambda: shown(page.runs) == [3, 2, 1], timeout=WAIT)
        assert not page.banner.isVisible()


def test_that_a_run_that_is_needed_stays_and_says_why(qtbot, project):
    parent = make_run(project)
    make_run(project, start=FineTune(RunWeights(run=parent.name, sha256="0" * 64, classes=())))
    with page_of(project) as page:
        qtbot.waitUntil(lambda: page.runs.model.rowCount() == 2, timeout=WAIT)
        said = []
        page.session.failed.connect(said.append)
        click(qtbot, page, 1)
        qtbot.keyClick(page.runs.view, Qt.Key.Key_Delete)
        qtbot.waitUntil(lambda: bool(said), timeout=WAIT)
        assert "started from: 2" in said[0].cause
        assert parent.is_dir()


def test_that_the_trash_brings_back_one_and_deletes_the_rest_after_naming_its_size(qtbot, project):
    for _ in range(3):
        make_run(project)
    organising.delete_runs(project, ["1", "2"])
    with page_of(project) as page:
        qtbot.waitUntil(lambda: page.runs.model.rowCount() == 1, timeout=WAIT)
        page.runs.menu = page.runs.make_funnel()
        chosen_action(page.runs, "Trash…")
        dialog = page.organiser.dialog
        assert isinstance(dialog, TrashDialog)
        qtbot.waitUntil(lambda: dialog.list.count() == 2, timeout=WAIT)
        assert dialog.words.text().startswith("2 runs, ")
        assert dialog.list.currentItem().text().startswith("Run 2 ")
        qtbot.mouseClick(dialog.restore_button, LEFT)
        qtbot.waitUntil(lambda: dialog.list.count() == 1 and shown(page.runs) == [3, 2], timeout=WAIT)
        qtbot.mouseClick(dialog.empty_button, LEFT)
        assert " kB" in dialog.question.text.text()
        qtbot.mouseClick(dialog.question.buttons["keep"], LEFT)
        assert organising.trash(project).runs
        qtbot.mouseClick(dialog.empty_button, LEFT)
        qtbot.mouseClick(dialog.question.buttons["delete"], LEFT)
        qtbot.waitUntil(lambda: dialog.list.count() == 0, timeout=WAIT)
        assert organising.trash(project).runs == ()
        dialog.reject()


@pytest.mark.parametrize(("entry", "first"), [
    ("Save curves, a row an epoch…", "epoch,train_loss"),
    ("Save curves, a row a batch…", "epoch,batch"),
    ("table", "run,number,state"),
])  # fmt: skip
def test_that_curves_and_the_table_of_runs_are_saved_where_the_user_says(
    qtbot, project, monkeypatch, tmp_path, entry, first
):
    told_run(project, [])
    target = tmp_path / "saved"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given: (str(target), ""))
    with page_of(project) as page:
        qtbot.waitUntil(lambda: page.runs.model.rowCount() == 1, timeout=WAIT)
        if entry == "table":
            page.runs.menu = page.runs.make_funnel()
            chosen_action(page.runs, "Save table of all runs…")
        else:
            click(qtbot, page, 1)
            qtbot.waitUntil(lambda: page.run_view is not None and page.run_view.more_button.isVisible(), timeout=WAIT)
            qtbot.mouseClick(page.run_view.more_button, LEFT)
            chosen_action(page.runs, entry)
        file = target.with_suffix(".csv")
        qtbot.waitUntil(file.exists, timeout=WAIT)
        assert file.read_text("utf-8-sig").startswith(first)


def test_that_the_run_says_what_its_curves_say(qtbot, project):
    turning = drawn(falling(6, 0.02), lambda t: falling(8)(t) + max(0.0, t - 0.4) * 0.5, rising(10))
    told_run(project, turning.epochs, epochs=40)
    with page_of(project) as page:
        qtbot.waitUntil(lambda: page.runs.model.rowCount() == 1, timeout=WAIT)
        click(qtbot, page, 1)
        qtbot.waitUntil(lambda: page.run_view is not None and page.run_view.notes.remarks is not None, timeout=WAIT)
        note = page.run_view.notes.remarks
        assert note.line.whole.startswith("Since epoch ")
        assert note.more_button.text() == "What to try, and 1 more"
        qtbot.mouseClick(note.more_button, LEFT)
        assert note.line.whole == "What the curves say"
        assert len(note.remarks) == 2
