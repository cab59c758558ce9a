"""The train page: which run is shown, the form beside it, small windows, quick changes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt

from app.live_run import LiveRun
from app.pages.train_page import TrainPage
from app.run_thread import RunThread
from core.domain.event import EpochFinished
from core.domain.history import RunState
from core.domain.task import Task
from core.runs import supervisor
from core.runs.event_log import EVENTS, read_events
from core.runs.status import is_alive
from core.store.project_store import ProjectStore
from tests.gui import pseudo_translation
from tests.gui.test_run_view import epoch_event
from tests.gui.train_pages import folder_of, page_of, told_run, view_of
from tests.simulated_runs import make_run, project_without_leaks

WAIT = 20_000  # milliseconds; nothing here takes as long


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with project_without_leaks(tmp_path, monkeypatch) as made:
        ProjectStore.create(made).close()
        yield made


def choose(qtbot, page: TrainPage, run_dir: Path) -> None:
    """Click the row of a run."""
    view = page.runs.view
    place = view.visualRect(page.runs.model.index(page.runs.model.row_of(run_dir.name))).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def wait_for(qtbot, page: TrainPage, run_dir: Path, state: str) -> None:
    qtbot.waitUntil(
        lambda: view_of(page).live.run.id == run_dir.name and view_of(page).standing.badge.state == state, timeout=WAIT
    )


def test_that_without_runs_the_form_has_all_the_room(qtbot, project):
    with page_of(project) as page:
        qtbot.waitUntil(lambda: page.session.loaded)
        assert not page.runs.isVisible()
        assert page.form.isVisible()
        assert page.form.width() == page.width()


def test_that_a_finished_run_shows_its_curve_again_and_the_running_one_is_followed_on(qtbot, project):
    done = told_run(project, [epoch_event(1, 0.2), epoch_event(2, 0.6, best=True)])
    going = make_run(project, "simulated?hang_at=3")
    supervisor.launch(going)
    with page_of(project) as page:
        qtbot.waitUntil(lambda: page.runs.model.rowCount() == 2, timeout=WAIT)
        choose(qtbot, page, done)
        wait_for(qtbot, page, done, RunState.COMPLETED)
        assert view_of(page).curves.metric_plot.points("Accuracy") == ([1, 2], [0.2, 0.6])
        choose(qtbot, page, going)
        qtbot.waitUntil(lambda: len(view_of(page).history.epochs) == 2, timeout=WAIT)
        wait_for(qtbot, page, going, RunState.RUNNING)
        told = [event.train_loss for event in read_events(going / EVENTS) if isinstance(event, EpochFinished)]
        qtbot.waitUntil(lambda: view_of(page).loss_plot.points("train") == ([1, 2], told), timeout=WAIT)
        assert is_alive(going)
        supervisor.kill(going)
        wait_for(qtbot, page, going, RunState.INTERRUPTED)


def test_that_new_run_shows_the_form_and_the_run_is_one_click_away(qtbot, project):
    run = told_run(project, [epoch_event(1, 0.2)])
    with page_of(project) as page:
        qtbot.waitUntil(lambda: page.runs.isVisible(), timeout=WAIT)
        assert page.runs.new_button.isChecked()
        choose(qtbot, page, run)
        wait_for(qtbot, page, run, RunState.COMPLETED)
        view = view_of(page)
        assert not page.form.isVisible()
        assert not page.runs.new_button.isChecked()
        qtbot.mouseClick(page.runs.new_button, Qt.MouseButton.LeftButton)
        assert page.form.isVisible()
        assert not page.runs.view.selectedIndexes()
        choose(qtbot, page, run)
        assert view_of(page) is view
        assert view.isVisible()
        qtbot.mouseClick(view.new_button, Qt.MouseButton.LeftButton)
        assert page.form.isVisible()


def test_that_runs_are_walked_through_by_keys(qtbot, project):
    runs = [told_run(project, [epoch_event(1, value)]) for value in (0.1, 0.2, 0.3)]
    with page_of(project) as page:
        qtbot.waitUntil(lambda: page.runs.model.rowCount() == 3, timeout=WAIT)
        page.runs.view.setFocus()
        page.runs.view.setCurrentIndex(page.runs.model.index(0))
        assert page.form.isVisible()
        for run, key in zip(reversed(runs), (Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_Down), strict=True):
            qtbot.keyClick(page.runs.view, key)
            wait_for(qtbot, page, run, RunState.COMPLETED)
        qtbot.keyClick(page.runs.view, Qt.Key.Key_Home)
        wait_for(qtbot, page, runs[2], RunState.COMPLETED)


def test_that_forty_quick_changes_between_runs_leave_one_behind(qtbot, project):
    batches = [epoch_event(n, 0.5) for n in range(1, 300)]
    runs = [told_run(project, batches) for _ in range(3)]
    going = make_run(project, "simulated?hang_at=1", task=Task.CLASSIFICATION)
    supervisor.launch(going)
    with page_of(project) as page:
        for turn in range(40):
            page.session.show_run(folder_of([*runs, going][turn % 4]))
            if turn % 7 == 0:
                QCoreApplication.processEvents()
        supervisor.kill(going)
        wait_for(qtbot, page, going, RunState.INTERRUPTED)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert page.session.findChildren(LiveRun) == [page.session.live]
        assert len(page.session.findChildren(RunThread)) == 1
        assert page._stack.count() == 2


def test_that_a_narrow_window_leaves_numbers_and_states_of_the_runs(qtbot, project):
    told_run(project, [epoch_event(1, 0.2)])
    with page_of(project, size=QSize(916, 700)) as page:
        qtbot.waitUntil(lambda: page.runs.isVisible(), timeout=WAIT)
        assert page.runs.is_narrow
        assert page.runs.new_button.text() == ""
        assert page.runs.new_button.toolTip() == "New run"
        page.resize(1096, 700)
        qtbot.waitUntil(lambda: not page.runs.is_narrow)
        assert page.runs.new_button.text() == "New run"


def test_that_a_damaged_run_is_listed_and_opening_it_says_why(qtbot, project):
    run = told_run(project, [])
    (run / "spec.json").write_text("{")
    with page_of(project) as page:
        qtbot.waitUntil(lambda: page.runs.model.rowCount() == 1, timeout=WAIT)
        assert "damaged" in page.runs.model.index(0).data()
        told = []
        page.session.failed.connect(told.append)
        choose(qtbot, page, run)
        assert "spec.json" in told[0].cause


@pytest.mark.parametrize("size", [QSize(1096, 800), QSize(1182, 768)])
def test_that_nothing_of_a_run_needs_a_scroll_bar(qtbot, project, size):
    run = told_run(project, [epoch_event(1, 0.2, best=True)])
    with page_of(project, size=size) as page:
        page.session.show_run(folder_of(run))
        wait_for(qtbot, page, run, RunState.COMPLETED)
        assert page.size() == size
        assert not view_of(page).area.verticalScrollBar().isVisible()
        assert not view_of(page).area.horizontalScrollBar().isVisible()


def test_that_every_text_of_a_run_is_translated_and_has_room(qapp, qtbot, project):
    going = make_run(project, "simulated?hang_at=2")
    supervisor.launch(going)
    translator = pseudo_translation.speak(qapp)
    try:
        with page_of(project) as page:
            page.session.show_run(folder_of(going))
            qtbot.waitUntil(lambda: len(view_of(page).history.epochs) == 1, timeout=WAIT)
            wait_for(qtbot, page, going, RunState.RUNNING)
            for tab in range(3):
                view_of(page).panel.buttons[tab].click()
                assert pseudo_translation.untranslated(view_of(page)) == []
                assert pseudo_translation.clipped(view_of(page)) == []
            supervisor.kill(going)
            wait_for(qtbot, page, going, RunState.INTERRUPTED)
            assert pseudo_translation.untranslated(page.runs) == []
            qtbot.waitUntil(lambda: not pseudo_translation.clipped(view_of(page)), timeout=WAIT)
    finally:
        qapp.removeTranslator(translator)
