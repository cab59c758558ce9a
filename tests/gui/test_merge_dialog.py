"""Whose labels count, one picture after the other, by key, button or click; then one edit, undone in one step."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app import edits
from app.label_desk import LabelDesk
from app.state import Session
from app.widgets.label.merge_dialog import MergeDialog
from core.actions import merging
from core.domain.annotation import Annotation
from core.domain.dataset import Image
from core.domain.source import ImportedImage
from core.domain.task import Task
from core.store import labels
from core.store.project_store import ProjectStore
from tests.gui.pictures import draw_picture
from tests.gui.pseudo_translation import clipped, speak, untranslated
from tests.gui.windows import session_of
from tests.unit.store.helpers import boxes, facts

COUNT = 5  # pictures labelled differently; one more is alike and one is theirs alone
LEFT = Qt.MouseButton.LeftButton


def make(folder: Path, pictures: list[Image], shown: list[Annotation | None]) -> None:
    with ProjectStore.create(folder, folder.name, Task.DETECTION) as store:
        store.add_classes(["bolt", "nut"])
        rows = [
            ImportedImage(
                facts=facts(0, hash=image.hash, width=image.width, height=image.height),
                path=image.path,
                mtime_ns=1,
                **({"annotation": annotation} if annotation is not None else {}),
            )
            for image, annotation in zip(pictures, shown, strict=False)
        ]
        store.import_images(rows)


@pytest.fixture
def projects(tmp_path: Path) -> tuple[Path, Path]:
    grey = [np.full((48, 64, 3), 40 + n, np.uint8) for n in range(COUNT + 2)]
    pictures = [draw_picture(tmp_path / "pictures" / f"{n}.png", pixels) for n, pixels in enumerate(grey)]
    ours, theirs, alike = boxes((2, 2, 20, 20, 1), (30, 5, 50, 40, 2)), boxes((2, 2, 20, 20, 1)), boxes((1, 1, 9, 9, 2))
    make(tmp_path / "anna", pictures, [ours] * COUNT + [alike])
    make(tmp_path / "bert", pictures, [theirs] * COUNT + [alike, theirs])
    return tmp_path / "anna", tmp_path / "bert"


@pytest.fixture
def session(projects: tuple[Path, Path], qtbot, tmp_path: Path) -> Iterator[Session]:
    with session_of(ProjectStore.open(projects[0]), tmp_path, qtbot) as made:
        yield made


@pytest.fixture
def show(qtbot) -> Iterator:
    made = []

    def open_dialog(found: merging.Comparison) -> tuple[MergeDialog, list[dict[str, str]]]:
        dialog = MergeDialog(found)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        wanted: list[dict[str, str]] = []
        dialog.merge_wanted.connect(wanted.append)
        dialog.show()
        dialog.activateWindow()
        qtbot.waitUntil(dialog.isActiveWindow)
        made.append(dialog)
        return dialog, wanted

    yield open_dialog
    for dialog in made:
        dialog.reject()
        dialog.deleteLater()
    QApplication.processEvents()


def test_that_each_picture_is_decided_by_key_button_or_click_and_nothing_is_handed_out_before(
    session, projects, show, qtbot
):
    found = merging.compare(session.store, projects[1])
    hashes = [one.image.hash for one in found.conflicts]
    dialog, wanted = show(found)
    assert not dialog.merge_button.isEnabled()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert (dialog.isVisible(), wanted) == (True, [])
    qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_2)
    qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Left)
    assert dialog.index == 2
    qtbot.mouseClick(dialog.theirs_button, LEFT)
    qtbot.mouseClick(dialog.sides.left.title, LEFT)
    qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_PageUp)
    qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_PageUp)
    assert (dialog.index, dialog.sides.right.property("chosen")) == (2, True)
    qtbot.mouseClick(dialog.ours_button, LEFT)  # a second thought, and on to the only one left
    assert (dialog.index, dialog.undecided) == (4, 1)
    qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Right)
    assert dialog.merge_button.isEnabled()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert wanted == [dict(zip(hashes, ["theirs", "ours", "ours", "ours", "theirs"], strict=True))]


def test_that_the_rest_is_decided_at_once_and_what_was_decided_stays(session, projects, show, qtbot):
    found = merging.compare(session.store, projects[1])
    dialog, wanted = show(found)
    qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_1)
    qtbot.mouseClick(dialog.all_theirs, LEFT)
    assert list(dialog.choices.values()) == ["ours"] + ["theirs"] * (COUNT - 1)
    qtbot.mouseClick(dialog.merge_button, LEFT)
    assert len(wanted) == 1


def test_that_both_opinions_are_painted_and_only_what_differs_has_a_name(session, projects, show, qtbot):
    dialog, _ = show(merging.compare(session.store, projects[1]))
    views = (dialog.sides.left.view, dialog.sides.right.view)
    qtbot.waitUntil(lambda: all(bool(view._tiles) for view in views))
    assert [[box.text for box in view._overlay.boxes] for view in views] == [["", "nut"], [""]]
    assert dialog.sides.left.words.whole == "bolt, nut"
    assert dialog.sides.right.words.whole == "bolt"


def test_that_a_picture_that_is_gone_says_so_and_can_be_decided_all_the_same(session, projects, show, qtbot):
    found = merging.compare(session.store, projects[1])
    Path(found.conflicts[0].image.path).unlink()
    dialog, _ = show(found)
    qtbot.waitUntil(lambda: dialog.sides.left.view._notice is not None)
    qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_1)
    assert dialog.index == 1
    qtbot.waitUntil(lambda: bool(dialog.sides.left.view._tiles))


def test_that_the_merge_is_in_the_window_at_once_and_undone_in_one_step(session, projects, show, qtbot):
    desk, found = LabelDesk(session), []
    edits.compare_project(session, projects[1], found.append)
    qtbot.waitUntil(lambda: bool(found))
    dialog, _ = show(found[0])
    dialog.merge_wanted.connect(lambda choices: edits.merge_project(session, desk, found[0], choices))
    before = {image.hash: image.annotation for image in session.data.images}
    qtbot.mouseClick(dialog.all_theirs, LEFT)
    qtbot.mouseClick(dialog.merge_button, LEFT)
    qtbot.waitUntil(lambda: len(session.data.images) == COUNT + 2 and not session.jobs.jobs)
    theirs = boxes((2, 2, 20, 20, 1))
    assert [image.annotation == theirs for image in session.data.images] == [True] * COUNT + [False, True]
    assert desk.undo_step.verb == "merge_project"
    desk.undo()
    qtbot.waitUntil(lambda: not session.jobs.jobs)
    assert {one.hash: one.annotation for one in session.store.images() if one.hash in before} == before


def test_that_without_conflicts_one_click_merges_and_with_nothing_new_none_is_offered(session, projects, show, qtbot):
    labels.edit(
        session.store,
        "draw",
        (),
        {one.image.hash: one.theirs for one in merging.compare(session.store, projects[1]).conflicts},
    )
    found = merging.compare(session.store, projects[1])
    assert (found.conflicts, found.new_images) == ((), 1)
    dialog, wanted = show(found)
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert wanted == [{}]
    merging.merge(session.store, found, {})
    dialog, wanted = show(merging.compare(session.store, projects[1]))
    assert not dialog.merge_button.isEnabled()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert wanted == []


def test_that_the_dialog_speaks_another_language_without_cutting_it_off(session, projects, show, qapp):
    translator = speak(qapp)
    try:
        dialog, _ = show(merging.compare(session.store, projects[1]))
        assert untranslated(dialog) == []
        assert clipped(dialog) == []
    finally:
        qapp.removeTranslator(translator)
