"""The window through real events, with real imports and real worker processes."""

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMessageBox

from app.main_window import MainWindow
from app.pages.train_page import TrainPage
from core.domain.event import EpochFinished
from core.domain.history import RunState
from core.runs import supervisor
from core.runs.event_log import read_events
from core.store.run_store import RunFolder, RunStore
from tests.simulated_runs import make_run


@pytest.fixture
def project_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    return tmp_path / "část 部品"


def opened(project_dir: Path) -> MainWindow:
    made = MainWindow()
    made.open_project(project_dir)
    return made


def train_page(window: MainWindow) -> TrainPage:
    return window.workspace.page("train")


@pytest.fixture
def window(qtbot, project_dir: Path) -> Iterator[MainWindow]:
    made = opened(project_dir)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()
    QApplication.processEvents()


@pytest.fixture
def class_folders(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    folder = tmp_path / "obrázky"
    for name, level in (("dark", 60), ("light", 180)):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            picture = rng.integers(level - 40, level + 40, (48, 48, 3)).astype(np.uint8)
            (folder / name / f"{number}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return folder


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place = QPointF(QPoint(400, 300))
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, QDragEnterEvent(place.toPoint(), *how))
    QApplication.sendEvent(window, QDropEvent(place, *how))


def simulated_run(project_dir: Path, **options: int) -> RunFolder:
    return RunStore(project_dir).get(make_run(project_dir, **options).name)


def test_that_a_dropped_folder_becomes_images_and_classes(window, qtbot, class_folders):
    page = train_page(window)
    assert not page.start_button.isEnabled()
    drop(window, class_folders)
    qtbot.waitUntil(lambda: page.start_button.isEnabled() and window.session.report.images == 24)
    table = window.workspace.page("data").class_table
    assert [(table.item(r, 0).text(), table.item(r, 1).text()) for r in range(2)] == [("dark", "12"), ("light", "12")]


def test_that_a_folder_of_nothing_is_told_in_words(window, qtbot, tmp_path):
    (tmp_path / "empty").mkdir()
    shown = []
    window.session.failed.connect(shown.append)
    drop(window, tmp_path / "empty")
    qtbot.waitUntil(lambda: len(shown) == 1)
    boxes = [box for box in window.findChildren(QMessageBox) if box.isVisible()]
    assert [box.text() for box in boxes] == [shown[0].cause]
    qtbot.keyClick(boxes[0], Qt.Key.Key_Escape)
    assert window.session.store.images() == []


def test_that_a_mode_is_chosen_by_mouse_and_by_key(window, qtbot):
    qtbot.mouseClick(window.workspace.buttons["train"], Qt.MouseButton.LeftButton)
    cards = train_page(window).modes.cards
    qtbot.mouseClick(cards["finetune"], Qt.MouseButton.LeftButton)
    assert train_page(window).modes.mode == "finetune"
    qtbot.keyClick(cards["scratch"], Qt.Key.Key_Space)
    assert train_page(window).modes.mode == "scratch"


def test_that_a_run_is_started_followed_and_drawn_to_its_end(window, qtbot, project_dir):
    run = simulated_run(project_dir, epochs=5)
    window.session.show_run(run, start="launch")
    view = train_page(window).run_view
    qtbot.waitUntil(lambda: view.history.state is RunState.COMPLETED, timeout=60_000)
    view.refresh()
    epochs = [event for event in read_events(run.path / "events.jsonl") if isinstance(event, EpochFinished)]
    x, y = view.loss_plot.points("train")
    assert list(x) == [1, 2, 3, 4, 5]
    assert list(y) == [event.train_loss for event in epochs]
    assert view.figures[0].value == f"{epochs[-1].metrics['mAP50-95']:.3f}"


def test_that_closing_the_window_leaves_the_run_going_and_the_next_one_shows_it_whole(qtbot, project_dir):
    first = opened(project_dir)
    run_dir = make_run(project_dir, "simulated?epoch_seconds=0.3", epochs=8)
    first.session.show_run(RunStore(project_dir).get(run_dir.name), start="launch")
    qtbot.waitUntil(lambda: len(train_page(first).run_view.history.epochs) >= 2, timeout=60_000)
    first.close()
    first.deleteLater()
    assert supervisor.is_alive(run_dir)
    second = opened(project_dir)
    view = train_page(second).run_view
    assert view is not None
    qtbot.waitUntil(lambda: view.history.state is RunState.COMPLETED, timeout=60_000)
    assert [epoch.epoch for epoch in view.history.epochs] == list(range(1, 9))
    second.close()
    second.deleteLater()


def test_that_the_stop_button_ends_a_run_and_keeps_the_best(window, qtbot, project_dir):
    run_dir = make_run(project_dir, "simulated?epoch_seconds=0.3", epochs=50)
    window.session.show_run(RunStore(project_dir).get(run_dir.name), start="launch")
    view = train_page(window).run_view
    qtbot.waitUntil(lambda: len(view.history.epochs) >= 1, timeout=60_000)
    window.workspace.go_to("train")
    qtbot.waitUntil(view.stop_button.isVisible)
    qtbot.mouseClick(view.stop_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.history.state is RunState.STOPPED, timeout=60_000)
    assert (run_dir / "model.onnx").exists()


def test_that_a_run_that_died_while_no_window_was_open_is_shown_as_interrupted(qtbot, project_dir):
    first = opened(project_dir)
    run_dir = make_run(project_dir, "simulated?kill_at=3", epochs=6)
    first.close()
    first.deleteLater()
    supervisor.launch(run_dir)
    qtbot.waitUntil(lambda: not supervisor.is_alive(run_dir), timeout=60_000)
    second = opened(project_dir)
    view = train_page(second).run_view
    assert view is not None
    qtbot.waitUntil(lambda: view.history.state is RunState.INTERRUPTED, timeout=60_000)
    assert [epoch.epoch for epoch in view.history.epochs] == [1, 2]
    second.close()
    second.deleteLater()


def test_that_a_second_window_opens_read_only_and_says_who_has_the_project(window, qtbot, project_dir, class_folders):
    second = opened(project_dir)
    second.show()
    assert f"process {os.getpid()}" in second.workspace._reading.text()
    assert not second.workspace.page("data").import_button.isEnabled()
    assert not train_page(second).start_button.isEnabled()
    drop(second, class_folders)
    assert not second.session.jobs.loud()
    second.close()
    second.deleteLater()
