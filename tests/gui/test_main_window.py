"""The window and its runs through real events, with real worker processes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from app.main_window import MainWindow
from app.pages.train_page import TrainPage
from core.domain.history import RunState
from core.runs import supervisor
from core.store.run_store import RunFolder, RunStore
from tests.gui.windows import answer, close, draw_classes, drop, make_project, question_of, window_of
from tests.simulated_runs import make_run

LONG_RUN = "simulated?epoch_seconds=0.3"


@pytest.fixture
def project_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    return tmp_path / "část 部品"


@pytest.fixture
def window(qtbot, project_dir: Path) -> Iterator[MainWindow]:
    with window_of(project_dir) as made:
        qtbot.waitExposed(made)
        yield made


def train_page(window: MainWindow) -> TrainPage:
    return window.workspace.page("train")


def launched(window: MainWindow, qtbot, epochs: int = 50, model: str = LONG_RUN) -> RunFolder:
    """A run that this window started and that has told its first epoch."""
    run = RunStore(window.session.path).get(make_run(window.session.path, model, epochs=epochs).name)
    window.session.show_run(run, start="launch")
    qtbot.waitUntil(lambda: len(window.session.live.history.epochs) >= 1, timeout=60_000)
    return run


def ended(qtbot, run: RunFolder) -> None:
    supervisor.kill(run.path)
    qtbot.waitUntil(lambda: not supervisor.is_alive(run.path), timeout=60_000)


def test_that_closing_the_window_asks_and_leaves_the_run_going_and_the_next_one_shows_it_whole(qtbot, project_dir):
    with window_of(project_dir) as first:
        run = launched(first, qtbot, epochs=6)
        first.close()
        assert first.isVisible()
        qtbot.keyClick(question_of(first), Qt.Key.Key_Return)  # the default
        qtbot.waitUntil(lambda: not first.isVisible())
        assert supervisor.is_alive(run.path)
    with window_of(project_dir) as second:
        assert second.workspace.current == "train"
        live = second.session.live
        qtbot.waitUntil(lambda: live.history.state is RunState.COMPLETED, timeout=60_000)
        assert [epoch.epoch for epoch in live.history.epochs] == list(range(1, 7))


def test_that_escape_keeps_the_window_open_and_the_run_going(window, qtbot):
    run = launched(window, qtbot)
    window.close()
    qtbot.keyClick(question_of(window), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: question_of(window) is None)
    assert window.isVisible()
    assert window.session is not None
    assert supervisor.is_alive(run.path)
    ended(qtbot, run)


def test_that_stop_and_keep_the_best_waits_for_the_export_and_then_closes(window, qtbot):
    run = launched(window, qtbot)
    window.close()
    answer(window, "stop")
    assert window.isVisible()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=60_000)
    assert (run.path / "model.onnx").exists()
    assert not supervisor.is_alive(run.path)


def test_that_waiting_for_a_run_that_does_not_stop_can_be_given_up(window, qtbot):
    run = launched(window, qtbot, model="simulated?hang_at=2")
    window.close()
    answer(window, "stop")
    qtbot.waitUntil(lambda: question_of(window) is not None and question_of(window).bar.isVisible())
    answer(window, "stay")
    qtbot.waitUntil(lambda: question_of(window) is None)
    assert window.isVisible()
    ended(qtbot, run)


def test_that_a_run_that_died_while_no_window_was_open_is_shown_as_interrupted(qtbot, project_dir):
    with window_of(project_dir):
        run_dir = make_run(project_dir, "simulated?kill_at=3", epochs=6)
    supervisor.launch(run_dir)
    qtbot.waitUntil(lambda: not supervisor.is_alive(run_dir), timeout=60_000)
    with window_of(project_dir) as second:
        live = second.session.live
        qtbot.waitUntil(lambda: live.history.state is RunState.INTERRUPTED, timeout=60_000)
        assert [epoch.epoch for epoch in live.history.epochs] == [1, 2]
        assert second.workspace.current == "train"


def test_that_the_rail_tells_where_the_run_stands_and_leads_to_it(window, qtbot):
    runs = window.workspace.rail.runs
    assert runs.lines == ("No run going",)
    run = launched(window, qtbot)
    qtbot.waitUntil(lambda: len(runs.lines) == 2)
    assert runs.lines[0].startswith("Run 1: epoch ")
    assert runs.lines[0].endswith(" of 50")
    assert runs.lines[1].endswith("left")
    window.workspace.go_to("data")
    qtbot.mouseClick(runs, Qt.MouseButton.LeftButton)
    assert window.workspace.current == "train"
    ended(qtbot, run)
    qtbot.waitUntil(lambda: runs.lines == ("No run going",), timeout=20_000)


def test_that_the_rail_counts_the_runs_that_others_began(window, qtbot, project_dir):
    first, second = (make_run(project_dir, LONG_RUN, epochs=500) for _ in range(2))
    for run_dir in (first, second):
        supervisor.launch(run_dir)
    window.workspace._look_for_runs()
    qtbot.waitUntil(lambda: window.workspace.rail.runs.lines == ("2 runs going",), timeout=20_000)
    for run_dir in (first, second):
        ended(qtbot, RunStore(project_dir).get(run_dir.name))


def test_that_a_second_window_is_read_only_says_why_and_can_write_once_the_first_is_closed(qtbot, project_dir):
    pictures = draw_classes(project_dir.parent / "obrázky")
    make_project(project_dir, pictures)
    first = MainWindow()
    first.open_project(project_dir)
    with window_of(project_dir) as second:
        assert f"process {os.getpid()}" in second.workspace.read_only.text
        assert second.workspace.read_only.isVisible()
        assert not drop(second, pictures)
        assert not second.menus.actions["import_folder"].isEnabled()
        again = second.workspace.read_only.buttons[0]
        qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: "Tried again at" in second.workspace.read_only.text)
        close(first)
        second.workspace.go_to("train")
        qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: second.session.reading_only == "")
        assert not second.workspace.read_only.isVisible()
        assert second.workspace.current == "train"
        qtbot.waitUntil(lambda: len(second.session.data.images) == 24)
