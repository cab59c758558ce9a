"""A folder of label files follows what is labelled in the window; what other tools change there is decided by click."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog

from app.label_desk import LabelDesk
from app.mirror_keeper import MirrorKeeper
from app.settings import Settings
from app.state import Change, Session
from app.widgets.label.mirror_dialog import MirrorDialog
from app.widgets.question import Question
from core.actions import mirroring
from core.domain.errors import LensmithError
from core.domain.labels import labels_of
from core.domain.source import ImportedImage
from core.domain.task import Task
from core.store import classes, labels
from core.store.project_store import ProjectStore
from tests.gui.pictures import draw_picture
from tests.gui.pseudo_translation import clipped, speak, untranslated
from tests.gui.windows import session_of
from tests.unit.store.helpers import boxes, facts

LEFT = Qt.MouseButton.LeftButton
FIRST = (8, 12, 24, 36, 1)
ROW = "0 0.250000000 0.500000000 0.250000000 0.500000000\n"
OTHER = "1 0.5 0.5 0.25 0.25\n"


class Shown:
    """The dialog, wired as the Label page does it."""

    def __init__(self, keeper: MirrorKeeper, proposed: Path) -> None:
        self.keeper = keeper
        self.dialog = MirrorDialog(keeper.state, proposed)
        self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self.dialog.set_up_wanted.connect(keeper.set_up)
        self.dialog.give_up_wanted.connect(keeper.give_up)
        self.dialog.look_wanted.connect(keeper.look)
        self.dialog.settle_wanted.connect(keeper.settle)
        keeper.changed.connect(self.refresh)
        self.dialog.show()
        self.dialog.activateWindow()

    def refresh(self) -> None:
        self.dialog.show_state(self.keeper.state, self.keeper.error)

    def files(self) -> list[str]:
        return [one.file for one in self.dialog.rows.items]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "labels"


@pytest.fixture
def session(tmp_path: Path, qtbot) -> Iterator[Session]:
    store = ProjectStore.create(tmp_path / "p", task=Task.DETECTION)
    store.add_classes(["bolt", "nut"])
    rows = []
    for n in range(6):
        image = draw_picture(tmp_path / "pictures" / f"{n}.png", np.full((48, 64, 3), 40 + n, np.uint8))
        seen = facts(0, hash=image.hash, width=64, height=48)
        rows.append(ImportedImage(facts=seen, path=image.path, mtime_ns=1, annotation=boxes(FIRST)))
    store.import_images(rows)
    with session_of(store, tmp_path, qtbot) as made:
        yield made


@pytest.fixture
def desk(session: Session) -> LabelDesk:
    return LabelDesk(session)


@pytest.fixture
def keeper(session: Session, desk: LabelDesk, qtbot) -> MirrorKeeper:
    made = MirrorKeeper(session, desk)
    rest(qtbot, session)
    return made


@pytest.fixture
def show(keeper: MirrorKeeper, folder: Path, qtbot) -> Iterator[Callable[[], Shown]]:
    made = []

    def open_dialog() -> Shown:
        shown = Shown(keeper, folder)
        made.append(shown.dialog)
        qtbot.waitUntil(shown.dialog.isActiveWindow)
        return shown

    yield open_dialog
    for dialog in made:
        dialog.reject()
        dialog.deleteLater()
    QApplication.processEvents()


def rest(qtbot, session: Session) -> None:
    qtbot.waitUntil(lambda: not session.jobs.jobs)


def keep(session: Session, keeper: MirrorKeeper, folder: Path, qtbot) -> None:
    keeper.set_up(folder, "yolo")
    rest(qtbot, session)
    assert keeper.state is not None


def hash_of(session: Session, number: int) -> str:
    return session.data.images[number].hash


def text(folder: Path, number: int) -> str:
    return (folder / f"{number}.txt").read_text()


def row_at(shown: Shown, row: int):
    table = shown.dialog.table
    return table.visualRect(shown.dialog.rows.index(row, 0)).center()


def test_that_a_folder_is_chosen_by_click_and_filled(session, keeper, show, folder, qtbot, monkeypatch):
    shown = show()
    chosen = folder.with_name("for CVAT")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(chosen))
    browse = next(one for one in shown.dialog.findChildren(type(shown.dialog.keep_button)) if one.text() == "Choose…")
    qtbot.mouseClick(browse, LEFT)
    assert shown.dialog.folder == chosen
    qtbot.mouseClick(shown.dialog.voc, LEFT, pos=shown.dialog.voc.rect().center() * 0.5)
    qtbot.mouseClick(shown.dialog.keep_button, LEFT)
    qtbot.waitUntil(lambda: keeper.state is not None)
    assert (keeper.state.form, keeper.state.files) == ("voc", 6)
    assert len(list(chosen.glob("*.xml"))) == 6
    assert "6 files" in shown.dialog._facts.text()
    rest(qtbot, session)


def test_that_a_folder_with_pictures_is_refused_where_it_was_chosen(session, keeper, show, tmp_path, qtbot):
    shown = show()
    shown.dialog.path.setText(str(tmp_path / "pictures"))
    qtbot.keyClick(shown.dialog.path, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(shown.dialog.trouble.text))
    assert "nothing is ever written beside" in shown.dialog.trouble.text
    assert shown.dialog.keep_button.isEnabled()
    rest(qtbot, session)
    assert "nothing is ever written beside" in shown.dialog.trouble.text
    assert not list((tmp_path / "pictures").glob("*.txt"))


def test_that_files_follow_edits_undo_and_class_changes_by_themselves(session, desk, keeper, folder, qtbot):
    keep(session, keeper, folder, qtbot)
    for number in range(6):  # faster than files are written
        desk.change("draw", ("nut",), {hash_of(session, number): labels_of(boxes((0, 0, 32, 24, 2)))})
    qtbot.waitUntil(lambda: all(text(folder, n).startswith("1 ") for n in range(6)))
    desk.undo()
    qtbot.waitUntil(lambda: text(folder, 5) == ROW)
    desk.carry_out("", lambda progress: classes.rename(session.store, 2, "matka"))
    qtbot.waitUntil(lambda: (folder / "classes.txt").read_text() == "bolt\nmatka\n")
    rest(qtbot, session)
    assert keeper.state.waiting == ()


def test_that_a_project_that_is_opened_catches_up_with_what_was_edited_elsewhere(session, desk, folder, qtbot):
    mirroring.set_up(session.store, folder, "yolo")
    labels.edit(session.store, "draw", (), {hash_of(session, 2): labels_of(boxes())})
    (folder / "1.txt").write_text(OTHER)
    keeper = MirrorKeeper(session, desk)
    qtbot.waitUntil(lambda: keeper.state is not None)
    assert text(folder, 2) == ""
    assert [one.file for one in keeper.state.waiting] == ["1.txt"]
    rest(qtbot, session)


def test_that_theirs_comes_in_as_one_edit_and_ours_is_written_over_a_copy(session, desk, keeper, show, folder, qtbot):
    keep(session, keeper, folder, qtbot)
    shown = show()
    assert shown.dialog._nothing.isVisible()
    for number in (0, 1, 3):
        (folder / f"{number}.txt").write_text(OTHER)
    qtbot.mouseClick(shown.dialog.look_button, LEFT)
    qtbot.waitUntil(lambda: shown.files() == ["0.txt", "1.txt", "3.txt"])
    view = shown.dialog.table.viewport()
    qtbot.mouseClick(view, LEFT, pos=row_at(shown, 2))
    assert [box.text for box in shown.dialog.sides.right.view._overlay.boxes] == ["nut"]
    qtbot.mouseClick(shown.dialog.ours_button, LEFT)
    qtbot.waitUntil(lambda: shown.files() == ["0.txt", "1.txt"])
    assert (text(folder, 3), (folder / "3.txt.bak").read_text()) == (ROW, OTHER)
    qtbot.mouseClick(view, LEFT, pos=row_at(shown, 0))
    qtbot.keyClick(shown.dialog.table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(shown.dialog.table, Qt.Key.Key_T)
    qtbot.waitUntil(lambda: not shown.files())
    rest(qtbot, session)
    nut = boxes((24, 18, 40, 30, 2))
    assert [session.data.images[number].annotation == nut for number in range(4)] == [True, True, False, False]
    assert (desk.undo_step.verb, desk.undo_step.images) == ("import", 2)
    desk.undo()
    qtbot.waitUntil(lambda: session.data.images[0].annotation == boxes(FIRST))
    qtbot.waitUntil(lambda: shown.files() == ["0.txt", "1.txt"])  # still what others wrote, and still not ours
    rest(qtbot, session)


def test_that_lines_that_cannot_be_read_are_named_and_such_a_file_is_not_taken(session, keeper, show, folder, qtbot):
    keep(session, keeper, folder, qtbot)
    (folder / "4.txt").write_text("šroub nahoře vlevo\n", "utf-8")
    shown = show()
    qtbot.mouseClick(shown.dialog.look_button, LEFT)
    qtbot.waitUntil(lambda: shown.files() == ["4.txt"])
    assert "4.txt:1" in shown.dialog._lines.text
    assert not shown.dialog.theirs_button.isEnabled()
    assert shown.dialog.sides.right.words.whole == "Nothing in it can be used."
    qtbot.keyClick(shown.dialog.table, Qt.Key.Key_O)
    qtbot.waitUntil(lambda: not shown.files())
    assert text(folder, 4) == ROW
    rest(qtbot, session)


def test_that_a_list_of_classes_says_what_is_new_in_it(session, keeper, show, folder, qtbot):
    keep(session, keeper, folder, qtbot)
    (folder / "classes.txt").write_text("bolt\nnut\ngear\n")
    shown = show()
    qtbot.mouseClick(shown.dialog.look_button, LEFT)
    qtbot.waitUntil(lambda: shown.files() == ["classes.txt"])
    assert shown.dialog._list_words.text() == "new classes: gear"
    qtbot.mouseClick(shown.dialog.theirs_button, LEFT)
    qtbot.waitUntil(lambda: [one.name for one in session.data.classes] == ["bolt", "nut", "gear"])
    qtbot.waitUntil(lambda: not shown.files())
    rest(qtbot, session)


def test_that_a_folder_that_is_gone_is_said_until_it_is_back(session, desk, keeper, show, folder, qtbot):
    keep(session, keeper, folder, qtbot)
    shown = show()
    folder.rename(folder.with_name("unplugged"))
    desk.change("draw", ("bolt",), {hash_of(session, 0): labels_of(boxes())})
    qtbot.waitUntil(lambda: "is gone" in shown.dialog.trouble.text)
    assert shown.keeper.state is not None
    folder.with_name("unplugged").rename(folder)
    qtbot.mouseClick(shown.dialog.look_button, LEFT)
    qtbot.waitUntil(lambda: not shown.dialog.trouble.text)
    assert text(folder, 0) == ""
    rest(qtbot, session)


def test_that_coming_back_from_another_tool_notices_what_it_did(session, keeper, folder, qtbot):
    keep(session, keeper, folder, qtbot)
    (folder / "2.txt").write_text(OTHER)
    QApplication.instance().applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
    qtbot.waitUntil(lambda: [one.file for one in keeper.state.waiting] == ["2.txt"])
    rest(qtbot, session)


def test_that_stopping_asks_once_and_leaves_the_files(session, desk, keeper, show, folder, qtbot):
    keep(session, keeper, folder, qtbot)
    shown = show()
    qtbot.mouseClick(shown.dialog.stop_button, LEFT)
    (question,) = shown.dialog.findChildren(Question)
    qtbot.mouseClick(question.buttons["stop"], LEFT)
    qtbot.waitUntil(lambda: keeper.state is None)
    assert shown.dialog.keep_button.isVisible()
    desk.change("draw", ("bolt",), {hash_of(session, 0): labels_of(boxes())})
    session.reload(Change.DATA)
    rest(qtbot, session)
    assert text(folder, 0) == ROW


def test_that_a_project_that_somebody_else_writes_is_theirs_to_mirror(tmp_path, folder, qtbot):
    with ProjectStore.create(tmp_path / "q", task=Task.DETECTION) as holder:
        mirroring.set_up(holder, folder, "yolo")
        session = Session(ProjectStore.open(tmp_path / "q"), Settings(tmp_path / "window.ini"))
        session.reload()
        qtbot.waitUntil(lambda: session.loaded)
        keeper = MirrorKeeper(session, LabelDesk(session))
        rest(qtbot, session)
        assert (keeper.state, keeper.error) == (None, None)
        keeper.set_up(tmp_path / "mine", "yolo")
        rest(qtbot, session)
        assert isinstance(keeper.error, LensmithError)
        assert mirroring.read_record(holder.path).folder == str(folder)
        session.close()


def test_that_every_state_speaks_another_language_without_cutting_it_off(session, keeper, show, folder, qtbot, qapp):
    translator = speak(qapp)
    try:
        shown = show()
        assert (untranslated(shown.dialog), clipped(shown.dialog)) == ([], [])
        keep(session, keeper, folder, qtbot)
        QApplication.processEvents()
        assert (untranslated(shown.dialog), clipped(shown.dialog)) == ([], [])
        (folder / "4.txt").write_text(OTHER + "x\n")
        (folder / "classes.txt").write_text("bolt\nnut\ngear\n")
        keeper.look()
        qtbot.waitUntil(lambda: len(shown.files()) == 2)
        for row in (0, 1):
            qtbot.mouseClick(shown.dialog.table.viewport(), LEFT, pos=row_at(shown, row))
            QApplication.processEvents()
            assert (untranslated(shown.dialog), clipped(shown.dialog)) == ([], [])
    finally:
        qapp.removeTranslator(translator)
    rest(qtbot, session)
