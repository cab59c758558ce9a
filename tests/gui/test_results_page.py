"""The Results page over real simulated runs: every figure is the report's, and leads to its pictures."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from app.pages.results_page import ResultsPage, _found_again
from app.settings import Settings
from app.state import Session
from core.actions.reviewing import confused, review
from core.domain.task import Split, Task
from core.runs import supervisor
from core.store.project_store import ProjectStore
from tests.gui.pseudo_translation import clipped, speak, untranslated
from tests.gui.results_pages import (
    PAGE,
    TRAIN_AND_VAL,
    failed,
    finished,
    mislabelled_run,
    page_of,
    report_of,
    row_of,
    wait_for_pictures,
)
from tests.simulated_runs import make_run


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Task, Path]]:
    """Of each task a project whose runs have ended: an old test set, today's, none, and one run that failed."""
    root = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LENSMITH_HOME", str(root / "home"))
        made = {}
        for task in Task:
            project = made[task] = root / f"díly {task.value}"
            ProjectStore.create(project).close()
            runs = [
                mislabelled_run(project, task, (*TRAIN_AND_VAL, (Split.TEST, 8))),
                mislabelled_run(project, task, (*TRAIN_AND_VAL, (Split.TEST, 12))),
                mislabelled_run(project, task, TRAIN_AND_VAL),
                make_run(project, "simulated?raise_at=1", task=task),
            ]
            for run in runs:
                supervisor.launch(run)
            for run in runs:
                assert list(supervisor.follow(run))
        yield made


@pytest.fixture
def project(projects: dict[Task, Path], request: pytest.FixtureRequest) -> Path:
    return projects[getattr(request, "param", Task.DETECTION)]


@pytest.fixture
def page(qtbot, project: Path, tmp_path: Path) -> Iterator[ResultsPage]:
    with page_of(qtbot, project, tmp_path / "settings.ini") as made:
        yield made


both_tasks = pytest.mark.parametrize("project", list(Task), indirect=True, ids=str)


def cells(page: ResultsPage, run_id: str) -> dict[str, str]:
    """What the row of a run says, by its headers."""
    model, row = page.runs.table.model(), row_of(page, run_id)
    titles = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(model.columnCount())]
    return {title: model.index(row, column).data() for column, title in enumerate(titles)}


def click_cell(page: ResultsPage, truth: int, predicted: int) -> None:
    place = page.view.matrix.cell_rect(truth, predicted).center().toPoint()
    QTest.mouseClick(page.view.matrix.viewport(), Qt.MouseButton.LeftButton, pos=place)


def click_row(table, row: int) -> None:
    place = QPoint(20, table.rowViewportPosition(row) + 10)
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def shown(page: ResultsPage) -> list[str]:
    """Hashes of the pictures in the gallery."""
    return [image.hash for image in page.gallery.grid.images]


@both_tasks
def test_that_the_tables_say_what_the_report_says(page, project):
    run = finished(project)[1]
    report = report_of(run)
    main = "mAP50-95" if report.task is Task.DETECTION else "accuracy"
    row = cells(page, run.id)
    assert row["Test"] == f"{report.test.metrics[main]:.3f}"
    assert row["Validation"] == f"{report.val.metrics[main]:.3f}"
    low, high = report.test.intervals[main].low, report.test.intervals[main].high
    assert row["95 % interval"] == f"{low:.2f}–{high:.2f}"
    assert page.view.tiles[0].value == row["Test"]
    assert f"{low:.2f}–{high:.2f}" in page.view.tiles[0].remark
    model = page.scores.table.model()
    for number, scores in enumerate(report.test.classes):
        told = [model.index(number, column).data() for column in range(5)]
        wanted = [scores.precision, scores.recall, scores.f1]
        assert told == [scores.name, str(scores.count), *("–" if v is None else f"{v:.3f}" for v in wanted)]


@both_tasks
def test_that_every_cell_of_the_confusion_matrix_leads_to_exactly_its_pictures(page, project):
    run = finished(project)[1]
    told, matrix = review(run, Split.TEST), report_of(run).test.confusion
    for truth in range(len(matrix)):
        for predicted in range(len(matrix)):
            click_cell(page, truth, predicted)
            behind = confused(told, truth, predicted)
            assert shown(page) == [one.image.hash for one in behind]
            assert sum(one.cells.count((truth, predicted)) for one in behind) == matrix[truth][predicted]
    assert page.gallery.chip.isVisible()
    QTest.mouseClick(page.gallery.chip, Qt.MouseButton.LeftButton)
    assert shown(page) == [one.image.hash for one in told.images]
    assert page.view.matrix.current is None


def test_that_wrong_pictures_come_first_and_can_be_seen_alone(page, project):
    told = review(finished(project)[1], Split.TEST).images
    wrong = [one.image.hash for one in told if not one.right]
    assert 0 < len(wrong) < len(told)
    assert shown(page)[: len(wrong)] == wrong
    QTest.mouseClick(page.gallery.verdicts["wrong"], Qt.MouseButton.LeftButton)
    assert shown(page) == wrong
    QTest.mouseClick(page.gallery.verdicts["right"], Qt.MouseButton.LeftButton)
    assert shown(page) == [one.image.hash for one in told if one.right]


def test_that_the_title_counts_the_mistakes(page, project):
    told = review(finished(project)[1], Split.TEST).images
    misses, alarms = (sum(getattr(one, kind) for one in told) for kind in ("misses", "false_alarms"))
    assert misses > 1
    assert alarms > 1
    assert page.gallery.title.whole.startswith(f"{misses} misses, {alarms} false alarms")
    assert page.gallery.title.whole.endswith(f"in {len(told)} pictures")


def test_that_the_overlay_draws_truth_solid_and_prediction_dashed(page, project):
    told = review(finished(project)[1], Split.TEST).images
    one = next(one for one in told if not one.right and any(box.verdict == "hit" for box in one.boxes))
    overlay = page.gallery._overlay(one.image)
    solid = {(box.x_min, box.y_min, box.colour) for box in overlay.boxes if not box.dashed}
    dashed = {(box.x_min, box.y_min, box.colour) for box in overlay.boxes if box.dashed}
    assert solid == {(box.target.x_min, box.target.y_min, box.truth) for box in one.boxes if box.target}
    assert dashed == {(box.found.x1, box.found.y1, box.predicted) for box in one.boxes if box.found}
    assert overlay.mark == "bad"


def test_that_runs_are_walked_by_key_and_the_rest_follows(qtbot, page, project):
    runs, table = finished(project), page.runs.table
    table.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert page.session.chosen_run == runs[0].id
    wait_for_pictures(qtbot, page, runs[0].id)
    assert page.ship_button.text() == f"Ship run {runs[0].number}"
    qtbot.keyClick(table, Qt.Key.Key_Home)
    assert page.session.chosen_run == page.session.runs[-1].run


def test_that_only_the_last_of_many_runs_walked_past_is_shown(qtbot, page, project):
    runs = finished(project)
    for run in (runs[0], runs[2], runs[1], runs[0]):
        page.session.choose_run(run.id)
    wait_for_pictures(qtbot, page, runs[0].id)
    qtbot.waitUntil(lambda: not page.session.jobs.jobs)
    assert page.report.run == runs[0].id
    assert shown(page) == [one.image.hash for one in review(runs[0], Split.TEST).images]


def test_that_a_cell_is_chosen_by_key(qtbot, page, project):
    matrix = page.view.matrix
    matrix.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(matrix, Qt.Key.Key_Down)
    qtbot.keyClick(matrix, Qt.Key.Key_Right)
    qtbot.keyClick(matrix, Qt.Key.Key_Return)
    assert shown(page) == [one.image.hash for one in confused(review(finished(project)[1], Split.TEST), 0, 1)]


def test_that_another_test_set_is_said_and_marked(page, project):
    old, new, *_ = finished(project)
    assert page.header.subtitle.text().startswith("1 run judged on another test set")
    marked = [
        page.runs.table.model().index(row_of(page, run.id), column).data(Qt.ItemDataRole.DecorationRole) is not None
        for run in (old, new)
        for column in [5]
    ]
    assert marked == [True, False]
    tip = page.runs.table.model().index(row_of(page, old.id), 5).data(Qt.ItemDataRole.ToolTipRole)
    assert "cannot be compared" in tip


def test_that_a_run_without_a_test_set_shows_validation_and_says_so(qtbot, page, project):
    run = finished(project)[2]
    page.session.choose_run(run.id)
    wait_for_pictures(qtbot, page, run.id)
    assert cells(page, run.id)["Test"] == "no test set"
    assert page.split is Split.VAL
    assert not page.view.split_buttons[Split.TEST].isEnabled()
    assert page.view._note.text().startswith("No test set")
    assert page.view.tiles[0].value == f"{report_of(run).val.metrics['mAP50-95']:.3f}"


def test_that_the_report_switches_to_validation_and_back(qtbot, page, project):
    report = report_of(finished(project)[1])
    for split, part in ((Split.VAL, report.val), (Split.TEST, report.test)):
        QTest.mouseClick(page.view.split_buttons[split], Qt.MouseButton.LeftButton)
        assert page.view.tiles[0].value == f"{part.metrics['mAP50-95']:.3f}"
        qtbot.waitUntil(lambda split=split: page.gallery.review is not None and page.gallery.review.split is split)


def test_that_a_class_leads_to_its_curve_and_its_pictures(page, project):
    told = review(finished(project)[1], Split.TEST)
    click_row(page.scores.table, 1)
    assert page.view.curves.highlighted == told.classes[1]
    assert page.view.curves.isVisible()
    assert shown(page) == [one.image.hash for one in told.images if any(truth == 1 for truth, _ in one.cells)]
    click_cell_after_charts(page)
    assert page.scores.table.chosen_row is None


def click_cell_after_charts(page: ResultsPage) -> None:
    QTest.mouseClick(page.view.chart_buttons["confusion"], Qt.MouseButton.LeftButton)
    assert page.view.matrix.isVisible()
    click_cell(page, 0, 0)


def test_that_a_failed_run_says_why_and_what_to_do(page, project):
    run = failed(project)
    page.session.choose_run(run.id)
    summary = next(each for each in page.session.runs if each.run == run.id)
    assert summary.reason
    assert summary.reason in page.notice.text.text()
    assert cells(page, run.id)["State"] == "failed"
    assert not page.ship_button.isEnabled()
    assert not page.view.isVisible()


def test_that_undefined_figures_are_a_dash_with_a_reason(page):
    report = page.report
    undefined = msgspec.structs.replace(report.test.classes[0], count=0, precision=None, recall=None, f1=None)
    page.scores.show_classes([undefined], report.task)
    index = page.scores.table.model().index(0, 3)
    assert index.data() == "–"
    assert "cannot be judged" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_that_a_header_sorts_and_the_chosen_run_stays_chosen(page, project):
    table, chosen = page.runs.table, page.runs.table.chosen_row
    header = table.horizontalHeader()
    place = QPoint(header.sectionViewportPosition(5) + 10, header.height() // 2)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
    values = [run.test for run in table.rows]
    assert values == sorted((v for v in values if v is not None), reverse=True) + [None] * values.count(None)
    assert table.chosen_row == chosen
    assert "↓" in table.model().headerData(5, Qt.Orientation.Horizontal)


def test_that_ten_thousand_runs_and_a_thousand_classes_are_tables_like_others(page):
    run, report = page.session.runs[1], page.report
    page.session.runs = tuple(msgspec.structs.replace(run, run=f"{n:05d}-x", test=n / 1e4) for n in range(10_000))
    page.runs.show_runs(page.session.runs)
    page.runs.table.sort_by(5, Qt.SortOrder.AscendingOrder)
    assert page.runs.table.rows[0].test == 0
    scores = [msgspec.structs.replace(report.test.classes[0], name=f"class {n}") for n in range(1000)]
    page.scores.show_classes(scores, report.task)
    assert len(page.scores.table.rows) == 1000
    size = len(scores) + 1
    page.view.matrix.set_matrix([[1] * size] * size, [each.name for each in scores], "background")
    assert page.height() == PAGE.height()


def test_that_a_damaged_run_is_named_and_the_others_stay(qtbot, page, project):
    file = finished(project)[0].path / "report.json"
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    try:
        page.session.reload()
        damaged = finished(project)[0].id
        qtbot.waitUntil(lambda: cells(page, damaged)["State"] == "damaged")
        assert len(page.runs.table.rows) == 4
        page.session.choose_run(damaged)
        assert str(file) in page.notice.text.text()
    finally:
        file.write_bytes(whole)


def test_that_damaged_predictions_leave_the_figures_and_tell_the_file(qtbot, page, project):
    run = finished(project)[0]
    file = run.path / "predictions.json"
    whole = file.read_bytes()
    file.write_bytes(b"{")
    try:
        page.session.choose_run(run.id)
        qtbot.waitUntil(lambda: page.gallery.review is None and str(file) in page.gallery.grid._empty[0])
        assert page.view.tiles[0].value == f"{report_of(run).test.metrics['mAP50-95']:.3f}"
    finally:
        file.write_bytes(whole)


def test_that_a_picture_that_is_gone_is_shown_as_such(qtbot, page):
    image = page.gallery.grid.images[0]
    file = Path(image.path)
    whole = file.read_bytes()
    file.unlink()
    try:
        page.session.thumbnails.retry()
        moved = msgspec.structs.replace(image, hash="0" * 32)  # nothing of it is in the cache
        page.gallery.grid.set_images([moved])
        qtbot.waitUntil(lambda: page.session.thumbnails.failure(moved) is not None)
        page.gallery.grid.set_current(0)
        qtbot.keyClick(page.gallery.grid, Qt.Key.Key_Return)
        dialog = page.gallery.dialog
        qtbot.waitUntil(lambda: dialog.view._notice is not None)
        dialog.close()
    finally:
        file.write_bytes(whole)


def test_that_pictures_are_looked_for_where_the_project_knows_them_now(project):
    told = review(finished(project)[0], Split.TEST)
    image = told.images[0].image
    found = _found_again(told, {image.hash: "/elsewhere/it.png"})
    assert found.images[0].image.path == "/elsewhere/it.png"
    assert found.images[1:] == told.images[1:]


def test_that_a_project_without_runs_leads_to_train(qtbot, tmp_path):
    session = Session(ProjectStore.create(tmp_path / "new"), Settings(tmp_path / "settings.ini"))
    page = ResultsPage(session)
    session.changed.connect(page.refresh)
    session.reload()
    page.resize(PAGE)
    page.show()
    qtbot.waitUntil(lambda: page.empty.title.text() == "No run yet")
    with qtbot.waitSignal(session.page_wanted) as asked:
        QTest.mouseClick(page.empty.action, Qt.MouseButton.LeftButton)
    assert asked.args == ["train"]
    assert not page.ship_button.isEnabled()
    page.close()
    session.close()
    page.deleteLater()


def test_that_ship_takes_the_chosen_run_along(qtbot, page, project):
    with qtbot.waitSignal(page.session.page_wanted) as asked:
        QTest.mouseClick(page.ship_button, Qt.MouseButton.LeftButton)
    assert asked.args == ["ship"]
    assert page.session.chosen_run == finished(project)[1].id


def test_that_the_report_is_saved_where_it_is_wanted(qtbot, page, project, tmp_path, monkeypatch):
    target = tmp_path / "zpráva.json"
    answer = (str(target), "")  # the dialog is the system's own: its answer is all there is to stand in for
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *options: answer)
    QTest.mouseClick(page.report_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(target.exists)
    saved = json.loads(target.read_bytes())
    assert saved == json.loads((finished(project)[1].path / "report.json").read_bytes())


@both_tasks
def test_that_every_text_is_translated_and_none_is_cut_off(qtbot, qapp, project, tmp_path):
    translator = speak(qapp)
    session = Session(ProjectStore.open(project), Settings(tmp_path / "settings.ini"))
    page = ResultsPage(session)
    session.changed.connect(page.refresh)
    session.reload()
    page.resize(PAGE)
    page.show()
    try:
        for run in finished(project):
            qtbot.waitUntil(lambda: bool(session.runs))
            session.choose_run(run.id)
            wait_for_pictures(qtbot, page, run.id)
            page.gallery.show_cell(0, 1)
            QApplication.processEvents()
            assert untranslated(page) == []
            assert clipped(page) == []
    finally:
        qapp.removeTranslator(translator)
        page.close()
        session.close()
        page.deleteLater()
