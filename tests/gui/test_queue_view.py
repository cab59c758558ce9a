"""The queue on the train page: order by mouse and keys, pause, removal and undo, clones, seeds, a thousand runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from app.pages.train_page import TrainPage
from app.queue_watch import QueuedRun, QueueReading
from app.widgets.question import Question
from app.widgets.queue.queue_list import ROW
from app.widgets.queue.queue_view import QueueView
from core.domain.experiment import Experiment, ExperimentPlan
from core.domain.queue import Queue, QueueEntry
from core.runs import queue
from core.store.experiments import add_experiment
from core.store.project_store import ProjectStore
from core.store.queue_file import change_queue, read_queue
from core.store.run_store import RunStore
from tests.gui import pseudo_translation
from tests.gui.train_pages import page_of, told_run
from tests.gui.windows import window_of
from tests.simulated_runs import make_run, project_without_leaks

WAIT = 20_000  # milliseconds; nothing here takes as long


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Of the queue's process, which other tests are about, nothing is started here."""
    monkeypatch.setattr(queue, "ensure_runner", lambda project: None)
    with project_without_leaks(tmp_path, monkeypatch) as made:
        ProjectStore.create(made).close()
        yield made


def queued(project: Path, count: int, experiment: int = 0) -> list[str]:
    """Ids of so many runs that wait."""
    ids = [make_run(project, seed=number, epochs=4).name for number in range(count)]
    queue.enqueue(project, ids, experiment)
    return ids


def order(project: Path) -> list[str]:
    return [entry.run for entry in read_queue(project).entries]


def open_queue(qtbot, page: TrainPage, count: int) -> QueueView:
    """Go there by the button below the list of runs."""
    qtbot.waitUntil(lambda: page.foot.isVisible() and len(page.watch.reading.waiting) == count, timeout=WAIT)
    qtbot.mouseClick(page.foot.button, Qt.MouseButton.LeftButton)
    assert page.queue.isVisible()
    return page.queue


def click_row(qtbot, view: QueueView, run: str) -> None:
    place = view.list.visualRect(view.list.rows.index(view.list.rows.row_of(run))).center()
    qtbot.mouseClick(view.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert view.list.chosen_run == run


def drop_on(view: QueueView, run: str, place: QPoint) -> None:
    """Let go there what a drag of ``run`` carries; a drag itself has an event loop of its own."""
    rows = view.list.rows
    data: QMimeData = rows.mimeData([rows.index(rows.row_of(run))])
    action, button, none = Qt.DropAction.MoveAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for kind, at in ((QDragEnterEvent, place), (QDragMoveEvent, place), (QDropEvent, QPointF(place))):
        QApplication.sendEvent(view.list.viewport(), kind(at, action, data, button, none))


def test_that_the_foot_tells_how_many_wait_and_leads_to_them(qtbot, project):
    ids = queued(project, 2)
    with page_of(project) as page:
        view = open_queue(qtbot, page, 2)
        assert page.foot.button.lines == ("Queue: 2 waiting",)
        assert page.foot.button.isChecked()
        assert not page.runs.new_button.isChecked()
        rows = view.list.rows
        assert [turn.run.run for turn in rows.turns] == ids
        text = rows.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
        assert text.replace("(s)", "s") == "simulated · From scratch, Run 1 · seed 0 · 4 epochs, next"
        qtbot.mouseClick(view.new_button, Qt.MouseButton.LeftButton)
        assert page.form.isVisible()
        assert not page.foot.button.isChecked()


def test_that_alt_and_arrows_move_the_chosen_run(qtbot, project):
    first, second, third = queued(project, 3)
    with page_of(project) as page:
        view = open_queue(qtbot, page, 3)
        click_row(qtbot, view, third)
        assert not view.down_button.isEnabled()
        for _ in range(3):  # once more than there is room for
            qtbot.keyClick(view.list, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
        assert [turn.run.run for turn in view.list.rows.turns] == [third, first, second]  # before the file is written
        qtbot.waitUntil(lambda: order(project) == [third, first, second], timeout=WAIT)
        qtbot.waitUntil(lambda: not page.session.jobs.jobs, timeout=WAIT)
        assert view.list.chosen_run == third
        qtbot.keyClick(view.list, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
        qtbot.waitUntil(lambda: order(project) == [first, third, second], timeout=WAIT)
        qtbot.mouseClick(view.up_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: order(project) == [third, first, second], timeout=WAIT)


def test_that_a_run_is_dragged_to_another_place(qtbot, project):
    first, second, third = queued(project, 3)
    with page_of(project) as page:
        view = open_queue(qtbot, page, 3)
        flags = view.list.rows.flags(view.list.rows.index(0))
        assert flags & Qt.ItemFlag.ItemIsDragEnabled
        drop_on(view, third, QPoint(40, 1))  # above the first
        qtbot.waitUntil(lambda: order(project) == [third, first, second], timeout=WAIT)
        drop_on(view, third, QPoint(40, 3 * ROW + 40))  # below the last
        qtbot.waitUntil(lambda: order(project) == [first, second, third], timeout=WAIT)
        assert view.list.rows.rowCount() == 3


def test_that_a_removed_run_comes_back_to_its_place(qtbot, project):
    first, second, third = queued(project, 3, experiment=4)
    with page_of(project) as page:
        view = open_queue(qtbot, page, 3)
        click_row(qtbot, view, second)
        qtbot.keyClick(view.list, Qt.Key.Key_Delete)
        qtbot.waitUntil(lambda: order(project) == [first, third], timeout=WAIT)
        assert view.undo.text == "Run 2 waits no longer; it is kept among the runs."
        assert (project / "runs" / second).is_dir()
        qtbot.mouseClick(view.undo.button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: order(project) == [first, second, third], timeout=WAIT)
        assert read_queue(project).find(second).experiment == 4
        assert not view.undo.isVisible()


def test_that_the_queue_pauses_and_goes_on(qtbot, project):
    queued(project, 1)
    with page_of(project) as page:
        view = open_queue(qtbot, page, 1)
        qtbot.mouseClick(view.pause_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: read_queue(project).paused, timeout=WAIT)
        assert view.pause_button.text() == "Go on"
        assert page.foot.button.lines == ("Paused: 1 waiting",)
        qtbot.mouseClick(view.pause_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: not read_queue(project).paused, timeout=WAIT)


def test_that_what_others_change_is_seen(qtbot, project):
    ids = queued(project, 2)
    with page_of(project) as page:
        view = open_queue(qtbot, page, 2)
        queue.move(project, ids[1], 0)
        qtbot.waitUntil(lambda: view.list.rows.row_of(ids[1]) == 0, timeout=WAIT)
        change_queue(project, lambda now: Queue(entries=(replace(now.entries[0], given=("cpu",)), now.entries[1])))
        qtbot.waitUntil(lambda: view.list.rows.first_waiting == 1, timeout=WAIT)
        assert view.list.rows.when(0) == "running"
        assert not view.list.rows.flags(view.list.rows.index(0)) & Qt.ItemFlag.ItemIsDragEnabled


def test_that_a_run_is_repeated_with_seeds_that_were_not_used(qtbot, project):
    ids = queued(project, 2)
    with page_of(project) as page:
        view = open_queue(qtbot, page, 2)
        click_row(qtbot, view, ids[0])
        view.seeds_button.menu().actions()[1].trigger()
        qtbot.waitUntil(lambda: len(order(project)) == 4, timeout=WAIT)
        assert [run.spec().seed for run in RunStore(project).list()] == [0, 1, 2, 3]


def test_that_a_clone_opens_the_form(qtbot, project):
    ids = queued(project, 1)
    with page_of(project) as page:
        view = open_queue(qtbot, page, 1)
        click_row(qtbot, view, ids[0])
        filled = []
        page.form.fill = filled.append
        qtbot.mouseClick(view.clone_button, Qt.MouseButton.LeftButton)
        assert page.form.isVisible()
        assert [spec.architecture for spec in filled] == ["simulated"]


def test_that_a_comparison_tells_where_it_stands_and_what_is_left_can_be_cancelled(qtbot, project):
    done = told_run(project, []).name
    ids = queued(project, 2, experiment=1)
    plan = ExperimentPlan(modes=("scratch",), models=("simulated",), seeds=3)
    add_experiment(
        project, lambda number: Experiment(number=number, title="", plan=plan, runs=(done, *ids), snapshot="")
    )
    with page_of(project) as page:
        view = open_queue(qtbot, page, 2)
        qtbot.waitUntil(lambda: bool(page.session.runs) and 1 in view.experiments, timeout=WAIT)
        card = view.experiments[1]
        page.session.runs = tuple(
            replace(run, seconds=8.0, epochs=4) if run.run == done else run for run in page.session.runs
        )
        view.refresh()
        assert card.standing.text() == "1 of 3 done · about 16 s left"
        wanted, pages = [], []
        page.session.compare_wanted.connect(wanted.append)
        page.session.page_wanted.connect(pages.append)
        qtbot.mouseClick(card.results_button, Qt.MouseButton.LeftButton)
        assert (wanted, pages) == ([(done,)], ["results"])
        qtbot.mouseClick(card.cancel_button, Qt.MouseButton.LeftButton)
        qtbot.mouseClick(view.question.buttons["keep"], Qt.MouseButton.LeftButton)
        assert order(project) == ids
        qtbot.mouseClick(card.cancel_button, Qt.MouseButton.LeftButton)
        qtbot.mouseClick(question(page).buttons["cancel"], Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: order(project) == [], timeout=WAIT)
        qtbot.waitUntil(lambda: not card.cancel_button.isVisible(), timeout=WAIT)


def question(page: TrainPage) -> Question:
    return next(box for box in page.findChildren(Question) if box.isVisible())


def test_that_a_read_only_project_shows_its_queue_and_changes_nothing(qtbot, project):
    ids = queued(project, 2)
    with ProjectStore.open(project), page_of(project) as page:
        view = open_queue(qtbot, page, 2)
        click_row(qtbot, view, ids[1])
        for made in (view.up_button, view.remove_button, view.clone_button, view.pause_button):
            assert not made.isEnabled()
        qtbot.keyClick(view.list, Qt.Key.Key_Delete)
        qtbot.keyClick(view.list, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
        qtbot.waitUntil(lambda: not page.session.jobs.jobs, timeout=WAIT)
        assert order(project) == ids


def test_that_a_thousand_waiting_runs_are_shown_at_once_and_moved_alone(qtbot, project):
    with page_of(project) as page:
        runs = tuple(
            QueuedRun(run=f"{number:04d}-scratch-simulated", mode="scratch", model="simulated")
            for number in range(1, 1001)
        )
        page.watch.stop()
        qtbot.waitUntil(lambda: not page.session.jobs.jobs, timeout=WAIT)
        page.show_queue()
        page.watch._show(QueueReading(runs=runs))
        view = page.queue
        assert view.list.rows.rowCount() == 1000
        asked = []
        title = view.list.rows.title
        view.list.rows.title = lambda turn: asked.append(turn) or title(turn)
        view.list.grab()
        assert 0 < len(asked) < 50  # of the rows in sight alone


def test_that_a_file_that_has_not_changed_is_not_read_again(qtbot, project, monkeypatch):
    queued(project, 1)
    with page_of(project) as page:
        open_queue(qtbot, page, 1)
        page.watch.stop()
        qtbot.waitUntil(lambda: not page.session.jobs.jobs, timeout=WAIT)
        monkeypatch.setattr("app.queue_watch.read_queue", lambda path: pytest.fail("read again"))
        page.watch.look()
        qtbot.waitUntil(lambda: not page.session.jobs.jobs, timeout=WAIT)
        assert len(page.watch.reading.waiting) == 1


@pytest.mark.parametrize("size", [QSize(1096, 772), QSize(860, 640)])
def test_that_every_text_of_the_queue_is_translated_and_has_room(qapp, qtbot, project, size):
    ids = queued(project, 2)
    translator = pseudo_translation.speak(qapp)
    try:
        with page_of(project, size=size) as page:
            view = open_queue(qtbot, page, 2)
            click_row(qtbot, view, ids[0])
            qtbot.mouseClick(view.remove_button, Qt.MouseButton.LeftButton)
            qtbot.wait(50)
            assert pseudo_translation.untranslated(view) == []
            assert pseudo_translation.clipped(view) == []
            assert pseudo_translation.untranslated(page.foot) == []
    finally:
        qapp.removeTranslator(translator)


def test_that_a_run_that_left_before_it_was_read_is_told_by_its_name(qtbot, project):
    change_queue(project, lambda now: Queue(entries=(QueueEntry(run="0009-transfer-yolov8n"),)))
    make_run(project)
    with page_of(project) as page:
        view = open_queue(qtbot, page, 1)
        assert view.list.rows.index(0).data() == "YOLOv8 nano · Transfer"


def test_that_a_window_that_opens_a_project_wakes_its_queue(qtbot, project, monkeypatch):
    queued(project, 1)
    woken = []
    monkeypatch.setattr(queue, "ensure_runner", woken.append)
    with window_of(project):
        qtbot.waitUntil(lambda: woken == [project], timeout=WAIT)


def test_that_the_menu_of_a_run_queues_clones_and_repeats_it(qtbot, project):
    waiting, done = make_run(project, seed=0).name, told_run(project, []).name
    with page_of(project) as page:
        qtbot.waitUntil(lambda: len(page.session.runs) == 2, timeout=WAIT)
        runs = {run.run: run for run in page.session.runs}

        def trigger(run: str, text: str) -> None:
            menu = page.runs.make_menu((runs[run],))
            next(action for action in menu.actions() if action.text() == text).trigger()
            menu.deleteLater()

        trigger(waiting, "Put into the queue")
        qtbot.waitUntil(lambda: order(project) == [waiting], timeout=WAIT)
        trigger(done, "Repeat with two other seeds")
        qtbot.waitUntil(lambda: len(order(project)) == 3, timeout=WAIT)
        filled = []
        page.form.fill = filled.append
        trigger(done, "Clone with changes…")
        assert len(filled) == 1
        texts = [action.text() for action in page.runs.make_menu((runs[done],)).actions()]
        assert "Put into the queue" not in texts
