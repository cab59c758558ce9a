"""Two to six models on the same pictures, over real run directories, by mouse and keys."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.state import Change
from app.widgets.compare.compare_tools import CURTAIN
from app.widgets.compare.pictures import ModelsOnPictures
from core.domain.dataset import Snapshot
from core.domain.prediction import FoundBox
from core.domain.task import Split, Task
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder, RunStore
from tests.gui.canvas import turn_wheel
from tests.gui.pseudo_translation import clipped, speak, untranslated
from tests.gui.windows import session_of
from tests.judged_runs import judged_run, true_boxes
from tests.simulated_runs import draw_snapshot

ROOM = QSize(1048, 600)  # what the Results page leaves of 1280 × 800
SPLITS = ((Split.TRAIN, 2), (Split.TEST, 8))
BLUE = 0  # output of the first class


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[Task, Path]:
    """Of each task a project with six runs; run ``n`` (from 1) is wrong about the test images before place ``n``."""
    made = {}
    for task in Task:
        project = made[task] = tmp_path_factory.mktemp("compare") / f"díly {task.value}"
        ProjectStore.create(project).close()
        snapshot = draw_snapshot(project / "pictures", task, SPLITS)
        for number in range(1, 7):
            judged_run(project, snapshot, answers_of(snapshot, range(number)))
    return made


def answers_of(snapshot: Snapshot, wrong: Sequence[int]) -> dict:
    """A model that misses the box, or names the other class, of the test images at the places ``wrong``."""
    answers: dict[str, Sequence] = {}
    for place, image in enumerate(snapshot.part(Split.TEST)):
        if snapshot.task is Task.DETECTION:
            answers[image.hash] = [] if place in wrong else true_boxes(snapshot, image)
        else:
            right = snapshot.class_index(image)
            first = 0.9 if (right == 0) is not (place in wrong) else 0.1
            answers[image.hash] = (first, 1 - first)
    return answers


@pytest.fixture
def project(projects: dict[Task, Path], request: pytest.FixtureRequest) -> Path:
    return projects[getattr(request, "param", Task.DETECTION)]


@pytest.fixture
def widget(qtbot, project: Path, tmp_path: Path) -> Iterator[ModelsOnPictures]:
    with shown(qtbot, project, tmp_path) as made:
        yield made


@contextmanager
def shown(qtbot, project: Path, folder: Path) -> Iterator[ModelsOnPictures]:
    with session_of(ProjectStore.open(project), folder, qtbot) as session:
        made = ModelsOnPictures(session)
        made.resize(ROOM)
        made.show()
        qtbot.waitUntil(lambda: bool(session.runs))
        yield made
        made.close()
    made.deleteLater()


both_tasks = pytest.mark.parametrize("project", list(Task), indirect=True, ids=str)
classes_only = pytest.mark.parametrize("project", [Task.CLASSIFICATION], indirect=True, ids=str)


def runs_of(project: Path) -> list[RunFolder]:
    return RunStore(project).list()


def show(qtbot, widget: ModelsOnPictures, *numbers: int) -> None:
    """Runs by their numbers; the first picture is there when this returns."""
    by_number = {run.number: run.id for run in RunStore(widget.session.path).list()}
    ids = [by_number[number] for number in numbers]
    widget.show_runs(ids)
    qtbot.waitUntil(lambda: widget.told is not None and widget.told.runs == tuple(ids) and widget._levels is not None)


def reading(widget: ModelsOnPictures) -> bool:
    return any(job.lane == "disagreement" for job in widget.session.jobs.jobs)


def choose(widget: ModelsOnPictures, kind: str) -> None:
    widget.list.filter.setCurrentIndex(widget.list.filter.findData(kind))


def drag(view, start: QPoint, end: QPoint) -> None:
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(view, (start + end) / 2)
    QTest.mouseMove(view, end)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)


def same_part(one, other) -> bool:
    """Whether both show the same point in their middle, at the same share of the fitted size."""
    middles = [view.image_point(QPointF(view.rect().center())) for view in (one, other)]
    return (middles[0] - middles[1]).manhattanLength() < 1.5 and one.fitted == other.fitted


@both_tasks
def test_that_pictures_are_listed_by_who_is_right(qtbot, widget, project) -> None:
    show(qtbot, widget, 1, 3)
    assert len(widget.list.model.rows) == 2
    assert "2 of 8 test pictures" in widget.list.summary.text()
    assert "A 2, B 0" in widget.list.summary.text()
    choose(widget, "only_0")
    assert [row.kind for row in widget.list.model.rows] == ["only_0", "only_0"]
    choose(widget, "only_1")
    assert widget.list.current is None
    assert widget.image is None
    choose(widget, "agreed")
    assert len(widget.list.model.rows) == 6
    assert widget.image is not None


def test_that_rows_say_what_is_seen_by_whom(qtbot, widget) -> None:
    show(qtbot, widget, 1, 3)
    first, second = widget.list.model.lines(0)
    assert first.endswith(" only in A")
    assert second.startswith("Only A right  ·  test")


@classes_only
def test_that_rows_of_classes_name_both_and_the_bars_tell_how_sure_each_is(qtbot, widget, project) -> None:
    show(qtbot, widget, 1, 3)
    first, _ = widget.list.model.lines(0)
    truth = widget._looks[widget.image.annotation.class_id].name
    assert first.startswith(f"A {truth}, B ")
    left, right = widget.pair.panes
    assert left.bars.accessibleName().startswith(f"{truth} 90 %")
    assert right.bars.accessibleName().endswith(f"{truth} 10 %")
    assert left.head.words.text() == "right"
    assert right.head.words.text() == "wrong"
    assert f"Truth: {truth}" in widget.facts.whole
    QTest.keyClick(widget.list.view, Qt.Key.Key_T)
    assert "Truth" not in widget.facts.whole
    assert not widget.tools.ways.isVisible()


def test_that_keys_walk_through_the_list(qtbot, widget) -> None:
    show(qtbot, widget, 1, 3)
    shown = [widget.image.hash]
    QTest.keyClick(widget.list.view, Qt.Key.Key_Down)
    shown.append(widget.image.hash)
    QTest.keyClick(widget.pair.panes[0].view, Qt.Key.Key_Up)
    assert shown == [row.hash for row in widget.list.model.rows]
    assert widget.image.hash == shown[0]
    QTest.keyClick(widget.pair.panes[0].view, Qt.Key.Key_Up)
    assert widget.image.hash == shown[0]


def test_that_zoom_and_pan_of_one_side_are_those_of_the_other(qtbot, widget) -> None:
    show(qtbot, widget, 1, 3)
    left, right = widget.pair.views
    turn_wheel(left, QPointF(40, 60), 3)
    assert right.scale == pytest.approx(left.scale)
    assert same_part(left, right)
    before = right.image_point(QPointF(0, 0))
    drag(right, QPoint(150, 150), QPoint(120, 100))
    assert right.image_point(QPointF(0, 0)) != before
    assert same_part(left, right)
    QTest.keyClick(widget.list.view, Qt.Key.Key_0)
    assert left.fitted
    assert right.fitted
    QTest.keyClick(widget.list.view, Qt.Key.Key_1)
    assert (left.scale, right.scale) == (1.0, 1.0)
    assert widget.tools.zoom.text() == "100 %"


def test_that_another_size_of_the_window_leaves_both_sides_on_the_same_part(qtbot, widget) -> None:
    show(qtbot, widget, 1, 3)
    left, right = widget.pair.views
    turn_wheel(left, QPointF(40, 60), 6)
    widget.resize(1500, 900)
    QApplication.processEvents()
    assert same_part(left, right)
    assert right.scale == pytest.approx(left.scale)


def test_that_the_curtain_shows_each_model_on_its_side(qtbot, widget) -> None:
    show(qtbot, widget, 1, 3)
    left = widget.pair.views[0]
    turn_wheel(left, QPointF(left.rect().center()) + QPointF(30, 20), 6)
    shown = left.image_point(QPointF(left.rect().center()))
    QTest.mouseClick(widget.tools.ways.buttons[CURTAIN], Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    picture = widget.curtain.picture
    assert (picture.image_point(QPointF(picture.rect().center())) - shown).manhattanLength() < 1
    assert not picture.fitted
    QTest.keyClick(widget.list.view, Qt.Key.Key_0)
    widget.tools.truth.setChecked(False)
    drawn = box_pixels(widget)
    picture.set_share(0.0)
    assert box_pixels(widget) == 0  # B sees nothing here
    picture.set_share(1.0)
    assert box_pixels(widget) >= drawn
    assert box_pixels(widget) > 0


def box_pixels(widget: ModelsOnPictures) -> int:
    """How many pixels of the curtain the boxes change."""
    picture = widget.curtain.picture
    answers = widget._answers
    with_boxes = picture.grab().toImage()
    bare = [msgspec.structs.replace(each, boxes=(), marks=(), missed=()) for each in answers]
    picture.show_both(bare[0], bare[1], ())
    without = picture.grab().toImage()
    picture.show_both(answers[0], answers[1], ())
    points = [(x, y) for x in range(0, with_boxes.width(), 2) for y in range(0, with_boxes.height(), 2)]
    return sum(with_boxes.pixel(x, y) != without.pixel(x, y) for x, y in points)


def test_that_the_divider_follows_the_mouse_and_the_keys(qtbot, widget) -> None:
    show(qtbot, widget, 1, 3)
    QTest.keyClick(widget.list.view, Qt.Key.Key_C)
    picture = widget.curtain.picture
    assert picture.isVisible()
    start = QPoint(round(picture.divider), 40)
    drag(picture, start, QPoint(100, 40))
    assert picture.share == pytest.approx(100 / picture.width(), abs=0.01)
    QTest.keyClick(widget.list.view, Qt.Key.Key_Right)
    QTest.keyClick(widget.list.view, Qt.Key.Key_Right)
    assert picture.share == pytest.approx(100 / picture.width() + 0.04, abs=0.01)
    drag(picture, QPoint(round(picture.divider), 40), QPoint(-50, 40))
    assert picture.share == 0
    QTest.keyClick(widget.list.view, Qt.Key.Key_C)
    assert widget.pair.isVisible()


def test_that_a_held_key_swaps_the_models_until_it_is_let_go(qtbot, widget) -> None:
    show(qtbot, widget, 1, 3)
    letters = [pane.head.letter for pane in widget.pair.panes]
    QTest.keyPress(widget.list.view, Qt.Key.Key_X)
    assert [each.text() for each in letters] == ["B", "A"]
    QTest.keyRelease(widget.list.view, Qt.Key.Key_X)
    assert [each.text() for each in letters] == ["A", "B"]
    QTest.mousePress(widget.tools.swap, Qt.MouseButton.LeftButton)
    assert [each.text() for each in letters] == ["B", "A"]
    QTest.mouseRelease(widget.tools.swap, Qt.MouseButton.LeftButton)
    assert [each.text() for each in letters] == ["A", "B"]


def test_that_the_truth_is_drawn_only_while_it_is_wanted(qtbot, widget) -> None:
    show(qtbot, widget, 1, 3)
    right = widget.pair.panes[1].view  # its model sees nothing, so all that is drawn is the truth
    with_truth = right.grab().toImage()
    QTest.keyClick(widget.list.view, Qt.Key.Key_T)
    without = right.grab().toImage()
    assert with_truth != without
    QTest.keyClick(widget.list.view, Qt.Key.Key_T)
    assert right.grab().toImage() == with_truth


def test_that_a_key_zooms_in_on_the_widest_disagreement(qtbot, widget) -> None:
    show(qtbot, widget, 1, 3)
    QTest.keyClick(widget.list.view, Qt.Key.Key_Z)
    left, right = widget.pair.views
    place = next(one for one in widget.list.current.places[0].seen if one is not None).box
    assert not left.fitted
    middle = left.window_point(QPointF((place.x_min + place.x_max) / 2, (place.y_min + place.y_max) / 2))
    assert left.rect().contains(middle.toPoint())
    assert same_part(left, right)


def test_that_six_models_are_a_strip_with_the_chosen_one_large(qtbot, widget) -> None:
    show(qtbot, widget, 1, 2, 3, 4, 5, 6)
    strip = widget.strip
    assert strip.isVisible()
    assert strip.large.head.letter.text() == "A"
    QTest.mouseClick(strip.panes[3].view, Qt.MouseButton.LeftButton)
    assert strip.large.head.letter.text() == "D"
    assert [pane.property("chosen") for pane in strip.panes] == [False, False, False, True, False, False]
    QTest.keyPress(widget.list.view, Qt.Key.Key_X)
    assert strip.large.head.letter.text() == "A"
    QTest.keyRelease(widget.list.view, Qt.Key.Key_X)
    QTest.keyClick(widget.list.view, Qt.Key.Key_Right)
    assert strip.large.head.letter.text() == "E"
    turn_wheel(strip.large.view, QPointF(300, 100), 4)
    assert all(same_part(strip.large.view, pane.view) for pane in strip.panes)
    assert [widget.list.filter.itemData(n) for n in range(1, 7)] == [f"only_{n}" for n in range(6)]


def test_that_a_truth_that_is_hidden_stays_hidden_with_more_models(qtbot, widget) -> None:
    show(qtbot, widget, 1, 2, 3)
    widget.tools.truth.setChecked(False)
    show(qtbot, widget, 1, 2, 3, 4, 5, 6)
    last = widget.strip.panes[5].view
    hidden = last.grab().toImage()
    widget.tools.truth.setChecked(True)
    assert last.grab().toImage() != hidden


def test_that_fewer_models_than_before_leave_no_view_behind(qtbot, widget) -> None:
    show(qtbot, widget, 1, 2, 3, 4)
    widget.strip.choose(3)
    show(qtbot, widget, 1, 2, 3)
    assert widget.strip.large.head.letter.text() == "A"
    assert [pane.isVisible() for pane in widget.strip.panes] == [True] * 3 + [False] * 3
    show(qtbot, widget, 1, 2)
    assert widget.pair.isVisible()


def test_that_a_picture_that_is_gone_says_so_and_the_list_goes_on(qtbot, widget) -> None:
    show(qtbot, widget, 1, 3)
    second = widget.told.images[widget.list.model.rows[1].hash]
    gone = msgspec.structs.replace(second, path=second.path + ".gone", hash="0" * 32)
    widget.list.model.rows[1] = msgspec.structs.replace(widget.list.model.rows[1], hash=gone.hash)
    widget.told.images[gone.hash] = gone
    QTest.keyClick(widget.list.view, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: all(view._notice is not None for view in widget.pair.views))
    assert gone.path in widget.pair.views[0]._notice.title
    QTest.keyClick(widget.list.view, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: all(view._notice is None and view._tiles for view in widget.pair.views))


def test_that_missing_predictions_are_told_and_read_once_they_are_back(qtbot, widget, project) -> None:
    first, _, third, *_ = runs_of(project)
    file = third.path / "predictions.json"
    whole = file.read_bytes()
    file.unlink()
    try:
        widget.show_runs([first.id, third.id])
        qtbot.waitUntil(lambda: third.id in widget.notice.title.text())
        assert widget.notice.isVisible()
        assert "without this run" in widget.notice.text.text()
    finally:
        file.write_bytes(whole)
    show(qtbot, widget, 1, 3)
    assert not widget.notice.isVisible()


def test_that_less_than_two_runs_are_nothing_to_compare(qtbot, widget, project) -> None:
    ids = [run.id for run in runs_of(project)]
    for few in ([], ids[:1]):
        widget.show_runs(few)
        assert widget.notice.isVisible()
        assert widget.notice.title.text() == "Choose two runs or more"
        assert not reading(widget)
    show(qtbot, widget, 1, 3)


def test_that_two_of_six_models_are_picked_without_closing_the_menu_between(qtbot, widget, project) -> None:
    show(qtbot, widget, 1, 2, 3, 4, 5, 6)
    ids, picker = widget.told.runs, widget.list.picker
    assert picker.text() == "Models: 6 of 6"
    picker.list.popup(QPoint(0, 0))
    for number in (1, 2, 3, 5):
        QTest.mouseClick(picker.list, Qt.MouseButton.LeftButton, pos=menu_place(picker, number))
        assert picker.list.isVisible()
    QTest.mouseClick(picker.list, Qt.MouseButton.LeftButton, pos=menu_place(picker, 0))
    assert picker.chosen == (ids[0], ids[4])  # two is the least
    picker.list.close()
    qtbot.waitUntil(lambda: widget.told is not None and widget.told.runs == (ids[0], ids[4]))
    assert widget.pair.isVisible()
    assert picker.text() == "Models: 2 of 6"


def menu_place(picker, number: int) -> QPoint:
    return picker.list.actionGeometry(picker.list.actions()[number]).center()


def test_that_of_many_runs_the_first_six_are_shown_and_no_seventh_can_be_ticked(qtbot, widget, project) -> None:
    run = runs_of(project)[0]
    seventh = judged_run(project, run.snapshot(), answers_of(run.snapshot(), [0]))
    ids = [each.id for each in runs_of(project)[:6]] + [seventh.id]
    widget.show_runs(ids)
    qtbot.waitUntil(lambda: widget.told is not None)
    assert widget.told.runs == tuple(ids[:6])
    actions = widget.list.picker.list.actions()
    assert not actions[6].isEnabled()
    actions[0].trigger()
    assert actions[6].isEnabled()
    widget.list.picker.list.aboutToHide.emit()
    qtbot.waitUntil(lambda: widget.told is not None and widget.told.runs == tuple(ids[1:6]))


def test_that_nothing_is_read_before_somebody_looks(qtbot, widget, project) -> None:
    widget.hide()
    widget.show_runs([run.id for run in runs_of(project)[:2]])
    assert not reading(widget)
    assert widget.told is None
    widget.show()
    qtbot.waitUntil(lambda: widget.told is not None)


def test_that_only_the_last_choice_of_several_is_shown(qtbot, widget, project) -> None:
    ids = [run.id for run in runs_of(project)]
    for chosen in (ids[:2], ids[:4], [ids[1], ids[4]]):
        widget.show_runs(chosen)
    qtbot.waitUntil(lambda: widget.told is not None and not reading(widget))
    assert widget.told.runs == (ids[1], ids[4])


def test_that_ten_thousand_pictures_are_listed_like_ten(qtbot, widget, monkeypatch) -> None:
    show(qtbot, widget, 1, 3)
    row = widget.list.model.rows[0]
    many = msgspec.structs.replace(widget.told, rows=(row,) * 10_000)
    told: list[int] = []
    lines = widget.list.model.lines
    monkeypatch.setattr(widget.list.model, "lines", lambda row: (told.append(row), lines(row))[1])
    widget.list.show_disagreements(many, widget._looks)
    QApplication.processEvents()
    assert 0 < len(told) < 100  # only rows in sight cost anything
    assert widget.list.view.model().rowCount() == 10_000
    QTest.keyClick(widget.list.view, Qt.Key.Key_End)
    assert widget.list.view.currentIndex().row() == 9_999


def test_that_a_model_without_boxes_on_an_empty_picture_is_no_trouble(qtbot, widget, project) -> None:
    snapshot = runs_of(project)[0].snapshot()
    images = snapshot.part(Split.TEST)
    stray = {image.hash: [FoundBox(1, 1, 9, 9, 0.9, BLUE)] for image in images}
    nothing = {image.hash: [] for image in images}
    made = [judged_run(project, snapshot, answers) for answers in (stray, nothing)]
    widget.show_runs([run.id for run in made])
    qtbot.waitUntil(lambda: widget.told is not None and widget._levels is not None)
    assert widget.pair.panes[0].head.words.text() == "1 wrong, 1 missed"
    assert widget.pair.panes[1].head.words.text() == "1 missed"


@both_tasks
def test_that_every_text_is_translated_and_none_is_cut_off(qtbot, qapp, project, tmp_path) -> None:
    translator = speak(qapp)
    try:
        with shown(qtbot, project, tmp_path) as made:
            for numbers in ((1, 3), (1, 2, 3, 4, 5, 6)):
                show(qtbot, made, *numbers)
                for key in (Qt.Key.Key_C, Qt.Key.Key_C):
                    QTest.keyClick(made, key)
                    QApplication.processEvents()
                    assert untranslated(made) == []
                    assert clipped(made) == []
    finally:
        qapp.removeTranslator(translator)


def test_that_a_picture_that_moved_is_found_where_the_project_knows_it_now(qtbot, widget) -> None:
    show(qtbot, widget, 1, 3)
    image = widget.image
    moved = msgspec.structs.replace(image, path=image.path + ".moved")
    widget.session.data = msgspec.structs.replace(widget.session.data, images=[moved])
    widget.session.changed.emit(Change.DATA)
    assert widget.told.images[image.hash].path == moved.path
    assert Path(moved.path).name in widget.list.model.lines(0)[1]
