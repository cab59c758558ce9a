"""Choosing runs on the Results page and setting them beside each other, over real simulated runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.pages.results_page import ResultsPage
from core.domain.experiment import Experiment, ExperimentPlan
from core.domain.task import Split, Task
from core.runs import supervisor
from core.store.project_store import ProjectStore
from tests.gui.results_pages import TRAIN_AND_VAL, failed, finished, mislabelled_run, page_of, report_of, row_of, tick
from tests.simulated_runs import make_run


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Runs that have ended: one on an old test set, one on today's, one without, and one that failed."""
    root = tmp_path_factory.mktemp("compare")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LENSMITH_HOME", str(root / "home"))
        made, task = root / "díly", Task.DETECTION
        ProjectStore.create(made).close()
        runs = [
            mislabelled_run(made, task, (*TRAIN_AND_VAL, (Split.TEST, 8))),
            mislabelled_run(made, task, (*TRAIN_AND_VAL, (Split.TEST, 12))),
            mislabelled_run(made, task, TRAIN_AND_VAL),
            make_run(made, "simulated?raise_at=1", task=task),
        ]
        for run in runs:
            supervisor.launch(run)
        for run in runs:
            assert list(supervisor.follow(run))
        yield made


@pytest.fixture
def page(qtbot, project: Path, tmp_path: Path) -> Iterator[ResultsPage]:
    with page_of(qtbot, project, tmp_path / "settings.ini") as made:
        yield made


def test_that_ticked_runs_are_compared_and_esc_leads_back(qtbot, page, project):
    old, new = finished(project)[:2]
    assert not page.choice.compare_button.isEnabled()
    tick(page, old.id)
    tick(page, new.id)
    assert page.choice.compare_button.text() == "Compare 2 runs"
    assert page.session.chosen_run == new.id  # ticking chooses nothing
    QTest.mouseClick(page.choice.compare_button, Qt.MouseButton.LeftButton)
    assert page.is_comparing
    with qtbot.waitSignal(page.compare.compared):
        pass
    assert page.header.subtitle.text() == "2 runs compared"
    assert not page.report_button.isVisible()
    overview = page.compare.overview
    assert [line.key for line in overview.table.rows] == [new.id]
    assert [line.key for line in overview.apart_table.rows] == [old.id]  # another test set: in words, and apart
    assert "another test set" in overview._apart_words.whole
    metric = report_of(new).test.metrics["mAP50-95"]
    assert overview.table.rows[0].metric.value == pytest.approx(metric)
    qtbot.keyClick(overview.table, Qt.Key.Key_Escape)
    assert not page.is_comparing
    assert page.report_button.isVisible()
    assert page.runs.ticked == (old.id, new.id)


def test_that_the_curves_of_compared_runs_are_read(qtbot, page, project):
    runs = [run.id for run in finished(project)[:2]]
    page.compare_runs(runs)
    with qtbot.waitSignal(page.compare.compared):
        pass
    QTest.mouseClick(page.compare.tabs.buttons[1], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.compare.curves is not None and page.compare.curves.names.count() == 2)
    assert [len(curve.points) for curve in page.compare.curves.loss_plot.view._curves] == [4, 4]


def test_that_runs_are_ticked_by_key_by_ctrl_and_by_shift(qtbot, page, project):
    first, second, third = (run.id for run in finished(project))
    table, nothing = page.runs.table, ()
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert page.runs.ticked == (second,)
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert page.runs.ticked == nothing
    place = QPoint(200, table.rowViewportPosition(row_of(page, third)) + 10)
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, place)
    assert page.runs.ticked == (third,)
    place = QPoint(200, table.rowViewportPosition(row_of(page, first)) + 10)
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, place)
    assert page.runs.ticked == (first, second, third)
    assert page.session.chosen_run == second


def test_that_a_run_without_a_report_has_no_box(page, project):
    tick(page, failed(project).id)
    assert page.runs.ticked == ()


def test_that_all_runs_of_an_experiment_are_compared_at_once(qtbot, page, project):
    runs = tuple(run.id for run in finished(project))
    plan = ExperimentPlan(modes=("scratch",), models=("simulated",))
    experiment = Experiment(number=3, title="Režimy", plan=plan, runs=(*runs, failed(project).id), snapshot="x")
    assert not page.choice.experiment_button.isVisible()
    page.choice.show_experiments([experiment])
    action = page.choice.menu.actions()[0]
    assert action.text() == "Comparison 3: Režimy (3 of 4 runs finished)"
    action.trigger()
    with qtbot.waitSignal(page.compare.compared) as told:
        pass
    assert [row.run for row in told.args[0].rows] == list(runs)
    page.choice.show_experiments([])


def test_that_a_single_finished_run_leads_to_the_modes(qtbot, page, project):
    page.choice.show_runs((), [finished(project)[0].id])
    assert page.choice.hint.isVisible()
    assert "Two runs must have finished" in page.choice.compare_button.toolTip()
    with qtbot.waitSignal(page.session.page_wanted) as asked:
        QTest.mouseClick(page.choice.train_button, Qt.MouseButton.LeftButton)
    assert asked.args == ["train"]


def test_that_a_run_damaged_since_is_named_and_the_others_are_compared(qtbot, page, project):
    runs = [run.id for run in finished(project)[:2]]
    file = finished(project)[0].path / "report.json"
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    try:
        page.compare_runs(runs)
        with qtbot.waitSignal(page.compare.compared):
            pass
        assert [line.key for line in page.compare.overview.table.rows] == runs
        assert any(str(file) in warning for warning in page.compare.overview.advice.warnings)
    finally:
        file.write_bytes(whole)
