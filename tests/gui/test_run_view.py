"""The view of a run: what it shows of real workers that end well, are stopped, fail, hang or are killed."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from app.pages.train_page import TrainPage
from app.widgets.gallery.picture_dialog import PictureDialog
from app.widgets.run import run_view
from app.widgets.run.run_words import DISK_FULL
from core.domain.event import (
    DeviceChosen,
    EpochFinished,
    LogLine,
    Phase,
    Progress,
    Resumed,
    SamplePredictions,
    Warned,
)
from core.domain.history import RunState
from core.domain.prediction import BoxPrediction, ClassPrediction, FoundBox, PredictionSet
from core.domain.run import CatalogueWeights, FineTune, RunSpec
from core.domain.task import Split, Task
from core.runs import status, supervisor
from core.runs.event_log import EVENTS, read_events
from core.runs.status import is_alive, silence, worker_of
from core.store.codec import read_json, write_json
from core.store.project_store import ProjectStore
from core.store.run_store import RunStore
from tests.gui.train_pages import folder_of, page_of, told_run, view_of
from tests.simulated_runs import make_run, project_without_leaks

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and limits")
WAIT = 20_000  # milliseconds; nothing here takes as long


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with project_without_leaks(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def page(qtbot, project: Path) -> Iterator[TrainPage]:
    with page_of(project) as made:
        qtbot.waitExposed(made)
        yield made


def launch(page: TrainPage, run_dir: Path) -> run_view.RunView:
    page.session.show_run(folder_of(run_dir), start="launch")
    return view_of(page)


def click(qtbot, button: QPushButton) -> None:
    qtbot.waitUntil(button.isVisible, timeout=WAIT)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def wait_for(qtbot, page: TrainPage, state: str) -> run_view.RunView:
    qtbot.waitUntil(lambda: view_of(page).standing.badge.state == state, timeout=WAIT)
    return view_of(page)


def resume_to_the_end(qtbot, page: TrainPage) -> None:
    click(qtbot, view_of(page).resume_button)
    wait_for(qtbot, page, RunState.COMPLETED)


# A run that goes well


def test_that_a_finished_run_shows_what_its_file_tells(page, qtbot, project):
    run_dir = make_run(project, epochs=5)
    launch(page, run_dir)
    view = wait_for(qtbot, page, RunState.COMPLETED)
    events = read_events(run_dir / EVENTS)
    epochs = [event for event in events if isinstance(event, EpochFinished)]
    batches = [e for e in events if isinstance(e, Progress) and e.phase is Phase.TRAINING]
    assert view.loss_plot.points("train") == ([1, 2, 3, 4, 5], [event.train_loss for event in epochs])
    assert view.loss_plot.points("validation")[1] == [event.val_loss for event in epochs]
    assert view.loss_plot.points("each batch") == (
        [event.epoch - 1 + event.done / event.total for event in batches],
        [event.loss for event in batches],
    )
    assert view.curves.rate_plot.points("learning rate")[1] == [event.learning_rate for event in batches]
    assert view.curves.metric_plot.points("mAP50-95")[1] == [event.metrics["mAP50-95"] for event in epochs]
    best = max(epochs, key=lambda event: event.metrics["mAP50-95"])
    assert view.figures.main.value == f"{best.metrics['mAP50-95']:.3f}"
    assert view.standing.bar.value() == view.standing.bar.maximum()
    assert "from random weights" in view.header.subtitle.text()
    assert view.header.title.text() == f"From scratch · simulated · run {view.live.number}"


def test_that_a_run_in_progress_tells_where_it_stands(page, qtbot, project):
    view = launch(page, make_run(project, "simulated?epoch_seconds=0.4", epochs=9))
    qtbot.waitUntil(
        lambda: len(view.history.epochs) >= 2 and view.standing.where.text() == "Epoch 3 of 9", timeout=WAIT
    )
    assert view.standing.detail.whole.startswith("batch ")
    assert "learning rate 0.001" in view.standing.detail.whole
    assert view.standing.badge.word == "running"
    assert 0 < view.standing.bar.value() < view.standing.bar.maximum()
    assert view.figures.time.value.endswith(" s")
    assert view.figures.device.value == "CPU"
    assert "Closing the window does not stop it." in view.header.subtitle.text()
    assert not view.resume_button.isVisible()
    click(qtbot, view.stop_button)
    assert view.stop_button.text() == "Stopping…"
    assert not view.stop_button.isEnabled()
    wait_for(qtbot, page, RunState.STOPPED)
    assert (view.live.run.path / "model.onnx").exists()
    assert view.resume_button.isVisible()
    assert view.results_button.isVisible()


def test_that_nothing_ticks_while_the_view_is_hidden_or_the_run_is_over(page, qtbot, project):
    view = launch(page, make_run(project, "simulated?epoch_seconds=0.3", epochs=6))
    qtbot.waitUntil(lambda: len(view.history.epochs) >= 1, timeout=WAIT)
    view.panel.buttons[1].click()
    assert view._timer.isActive()
    qtbot.waitUntil(lambda: len(view.readings.recent) > 0, timeout=WAIT)
    page.hide()
    assert not view._timer.isActive()
    assert view.readings._thread is None
    page.show()
    assert view._timer.isActive()
    wait_for(qtbot, page, RunState.COMPLETED)
    assert not view._timer.isActive()
    assert view.readings._thread is None


def test_that_see_results_leads_to_the_results_of_this_run(page, qtbot, project):
    launch(page, make_run(project, epochs=2))
    view = wait_for(qtbot, page, RunState.COMPLETED)
    chosen, wanted = [], []
    page.session.run_chosen.connect(chosen.append)
    page.session.page_wanted.connect(wanted.append)
    click(qtbot, view.results_button)
    assert (chosen, wanted) == ([view.live.run.id], ["results"])


# Runs that end before their time


@posix
def test_that_a_worker_killed_from_outside_is_interrupted_at_once_and_resumes(page, qtbot, project):
    view = launch(page, make_run(project, "simulated?epoch_seconds=0.2", epochs=6))
    qtbot.waitUntil(lambda: len(view.history.epochs) >= 2, timeout=WAIT)
    os.kill(worker_of(view.live.run.path).process.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: view.standing.badge.state == RunState.INTERRUPTED, timeout=5_000)
    assert view.standing.badge.word == "interrupted"
    assert "memory" in view.notes.end.cause.text()
    assert "Resume" in view.notes.end.remedy.text()
    resume_to_the_end(qtbot, page)
    assert [epoch.epoch for epoch in view_of(page).history.epochs] == [1, 2, 3, 4, 5, 6]
    assert view_of(page).notes.end is None


@posix
def test_that_a_full_disk_pauses_a_run_which_resumes_once_there_is_room(page, qtbot, project):
    view = launch(page, make_run(project, "simulated?epoch_seconds=0.4&checkpoint_bytes=4000000", epochs=4))
    qtbot.waitUntil(lambda: len(view.history.epochs) >= 2, timeout=WAIT)
    psutil.Process(worker_of(view.live.run.path).process.pid).rlimit(psutil.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    view = wait_for(qtbot, page, DISK_FULL)
    assert view.standing.badge.word == "paused: disk full"
    assert view.notes.end.cause.text().startswith("The disk is full: ")
    assert "Free some space" in view.notes.end.remedy.text()
    resume_to_the_end(qtbot, page)


def test_that_a_loss_that_is_no_number_fails_with_epoch_and_advice(page, qtbot, project):
    launch(page, make_run(project, "simulated?nan_at=2"))
    view = wait_for(qtbot, page, RunState.FAILED)
    assert "no longer a finite number in batch 1 of epoch 2" in view.notes.end.cause.text()
    assert "learning rate" in view.notes.end.remedy.text()
    assert view.standing.where.text() == "Ended after 1 of 4 epochs"


def test_that_an_engine_that_gives_up_shows_the_last_words_of_its_process_and_resumes(page, qtbot, project):
    """What a lost graphics card looks like from here: an exception of the engine in the middle of an epoch."""
    launch(page, make_run(project, "simulated?raise_at=2"))
    view = wait_for(qtbot, page, RunState.FAILED)
    assert "RuntimeError: epoch 2 went wrong on purpose" in view.notes.end.cause.text()
    assert not view.notes.end.details.isVisible()
    click(qtbot, view.notes.end.details_button)
    assert view.notes.end.details.isVisible()
    assert "Traceback (most recent call last):" in view.notes.end.details.text.toPlainText()
    resume_to_the_end(qtbot, page)


def test_that_a_worker_that_cannot_start_is_told_in_its_own_words(page, qtbot, project, tmp_path, monkeypatch):
    (tmp_path / "shadow" / "msgspec").mkdir(parents=True)
    words = "libgone.so.12: cannot open shared object file"
    (tmp_path / "shadow" / "msgspec" / "__init__.py").write_text(f"raise ImportError({words!r})")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "shadow"))
    launch(page, make_run(project))
    view = wait_for(qtbot, page, RunState.FAILED)
    assert words in view.notes.end.cause.text()
    assert "lensmith doctor" in view.notes.end.remedy.text()
    click(qtbot, view.notes.end.details_button)
    assert "Traceback" in view.notes.end.details.text.toPlainText()
    monkeypatch.delenv("PYTHONPATH")
    resume_to_the_end(qtbot, page)


def test_that_a_run_that_does_not_stop_can_be_killed_after_a_question_and_resumed(page, qtbot, project, monkeypatch):
    monkeypatch.setattr(run_view, "KILL_AFTER", 0.2)
    view = launch(page, make_run(project, "simulated?hang_at=2", epochs=3))
    qtbot.waitUntil(lambda: len(view.history.epochs) == 1, timeout=WAIT)
    assert not view.kill_button.isVisible()
    click(qtbot, view.stop_button)
    click(qtbot, view.kill_button)
    assert "Nothing up to epoch 1 is lost" in view.question.text.text()
    qtbot.keyClick(view.question, Qt.Key.Key_Escape)
    assert is_alive(view.live.run.path)
    click(qtbot, view.kill_button)
    click(qtbot, view.question.buttons["kill"])
    wait_for(qtbot, page, RunState.INTERRUPTED)
    assert "killed on request" in view.notes.end.cause.text()
    resume_to_the_end(qtbot, page)


def test_that_a_run_that_makes_no_progress_says_so_while_it_lasts_and_can_be_stopped(page, qtbot, project, monkeypatch):
    monkeypatch.setattr(status, "PATIENCE", 1.0)
    monkeypatch.setattr(run_view, "KILL_AFTER", 0.2)
    view = launch(page, make_run(project, "simulated?hang_at=2", epochs=3))
    qtbot.waitUntil(lambda: view.notes.stalled is not None, timeout=WAIT)
    assert "No progress for" in view.notes.stalled.cause.text()
    assert view.stop_button.isEnabled()
    click(qtbot, view.stop_button)
    click(qtbot, view.kill_button)
    click(qtbot, view.question.buttons["kill"])
    wait_for(qtbot, page, RunState.INTERRUPTED)
    assert view.notes.stalled is None
    monkeypatch.setattr(status, "PATIENCE", 300.0)
    resume_to_the_end(qtbot, page)


def test_that_a_wish_to_stop_is_still_known_to_the_next_window(qtbot, project):
    ProjectStore.create(project).close()
    run_dir = make_run(project, "simulated?hang_at=1")
    supervisor.launch(run_dir)
    qtbot.waitUntil(lambda: silence(run_dir) > 0.5, timeout=WAIT)
    supervisor.request_stop(run_dir)
    with page_of(project) as page:
        page.session.show_run(folder_of(run_dir))
        view = view_of(page)
        qtbot.waitUntil(lambda: view.stop_button.isVisible(), timeout=WAIT)
        assert view.standing.badge.word == "stopping"
        supervisor.kill(run_dir)
        wait_for(qtbot, page, RunState.INTERRUPTED)


def test_that_a_run_that_cannot_be_launched_is_told_and_can_be_started_later(page, qtbot, project):
    run_dir = make_run(project, epochs=2)
    (run_dir / "spec.json").rename(run_dir / "spec.kept")
    (run_dir / "worker.json").write_text("{")
    (run_dir / "spec.kept").rename(run_dir / "spec.json")
    told = []
    page.session.failed.connect(told.append)
    view = launch(page, run_dir)
    qtbot.waitUntil(lambda: bool(told) and not view.live.is_going, timeout=WAIT)
    assert "worker.json" in told[0].cause
    assert view.standing.badge.state == RunState.FAILED
    assert "worker.json" in view.notes.end.cause.text()
    (run_dir / "worker.json").unlink()
    click(qtbot, view.resume_button)
    wait_for(qtbot, page, RunState.COMPLETED)


# Notes


def test_that_warnings_stand_above_the_figures_and_all_of_them_in_the_log(page, qtbot, project):
    told = [Warned(cause=f"Cause {n}.", remedy=f"Remedy {n}.") for n in range(5)]
    page.session.show_run(folder_of(told_run(project, [*told, LogLine(text="Something else.")])))
    view = wait_for(qtbot, page, RunState.COMPLETED)
    assert [note.cause.text() for note in view.notes.warnings] == ["Cause 3.", "Cause 4."]
    assert view.notes.warnings[1].remedy.text() == "Remedy 4. 3 earlier warnings in the log."
    assert all(note.isVisible() for note in view.notes.warnings)
    view.panel.buttons[2].click()
    lines = view.log.text.toPlainText().splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == [
        *(f"Cause {n}. Remedy {n}." for n in range(5)),
        "Something else.",
    ]
    click(qtbot, view.log.copy_button)
    assert QGuiApplication.clipboard().text() == view.log.text.toPlainText()


def test_that_a_run_that_falls_back_to_the_processor_says_so_and_why(page, qtbot, project):
    run_dir = make_run(project, "simulated?hang_at=1")
    write_json(run_dir / "spec.json", msgspec.structs.replace(read_json(run_dir / "spec.json", RunSpec), device="auto"))
    view = launch(page, run_dir)
    qtbot.waitUntil(lambda: view.notes.device is not None, timeout=WAIT)
    assert "processor" in view.notes.device.cause.text()
    assert view.notes.device.remedy.text() == "The engine is simulated."
    supervisor.kill(run_dir)
    wait_for(qtbot, page, RunState.INTERRUPTED)


# Long runs, resumed runs, fine-tuning


def epoch_event(epoch: int, value: float, *, best: bool = False) -> EpochFinished:
    metrics = {"accuracy": value, "macro_f1": value}
    return EpochFinished(
        epoch=epoch, train_loss=1 - value, val_loss=None, metrics=metrics, learning_rate=0.1, seconds=1.0, best=best
    )


def batch_event(epoch: int, done: int, total: int, loss: float) -> Progress:
    return Progress(phase=Phase.TRAINING, done=done, total=total, epoch=epoch, loss=loss, learning_rate=0.1)


def test_that_a_hundred_thousand_batches_come_in_pieces_and_all_of_them(page, qtbot, project):
    batches = [batch_event(1 + n // 1000, n % 1000 + 1, 1000, float(n)) for n in range(100_000)]
    live = page.session.show_run(folder_of(told_run(project, batches, epochs=100)))
    pieces = []
    live.moved.connect(lambda news: pieces.append(len(news.batches.at)))
    qtbot.waitUntil(lambda: view_of(page).standing.badge.state == RunState.COMPLETED, timeout=WAIT)
    assert sum(pieces) == 100_000
    assert max(pieces) <= 2000
    assert view_of(page).loss_plot.points("each batch")[1] == [float(n) for n in range(100_000)]


def test_that_epochs_told_again_after_a_resume_replace_the_first_telling(page, qtbot, project):
    first = [batch_event(1, 1, 1, 0.9), epoch_event(1, 0.1, best=True), batch_event(2, 1, 1, 0.8), epoch_event(2, 0.2)]
    second = [Resumed(epoch=1, pid=1), batch_event(2, 1, 1, 0.7), epoch_event(2, 0.5, best=True)]
    page.session.show_run(folder_of(told_run(project, [*first, *second])))
    view = wait_for(qtbot, page, RunState.COMPLETED)
    assert view.curves.metric_plot.points("Accuracy") == ([1, 2], [0.1, 0.5])
    assert view.loss_plot.points("each batch") == ([1, 2], [0.9, 0.7])


def test_that_the_trained_head_of_fine_tuning_is_named_in_the_read_out(page, qtbot, project):
    run_dir = told_run(project, [epoch_event(0, 0.4, best=True), epoch_event(1, 0.3)])
    start = FineTune(weights=CatalogueWeights(name="x"))
    write_json(run_dir / "spec.json", msgspec.structs.replace(read_json(run_dir / "spec.json", RunSpec), start=start))
    page.session.show_run(folder_of(run_dir))
    view = wait_for(qtbot, page, RunState.COMPLETED)
    view.curves.metric_plot.paint_now()
    view.curves.metric_plot.view.set_cursor(0.0, pinned=True)
    assert "the trained head" in view.curves.metric_plot.view.readout()
    assert view.figures.main.value == "0.400"
    assert "ImageNet weights" in view.header.subtitle.text()


# Validation pictures


def sampled_run(project: Path, task: Task) -> Path:
    """Two epochs of pictures: all wrong, then all right."""
    run_dir = told_run(project, [SamplePredictions(epoch=n, path=f"samples-{n}.json") for n in (1, 2)], task=task)
    snapshot = folder_of(run_dir).snapshot()
    index_of = snapshot.index_of()
    for epoch, right in ((1, False), (2, True)):
        said = PredictionSet()
        for image in snapshot.part(Split.VAL):
            if task is Task.CLASSIFICATION:
                index = snapshot.class_index(image) if right else 1 - snapshot.class_index(image)
                said.classes.setdefault("val", []).append(
                    ClassPrediction(image.hash, (0.9, 0.1) if index == 0 else (0.1, 0.9))
                )
            else:
                box, shift = image.annotation.boxes[0], 0 if right else 30
                found = FoundBox(
                    box.x_min + shift, box.y_min, box.x_max + shift, box.y_max, 0.8, index_of[box.class_id]
                )
                said.boxes.setdefault("val", []).append(BoxPrediction(image.hash, (found,)))
        write_json(run_dir / f"samples-{epoch}.json", said)
    return run_dir


def test_that_pictures_show_the_verdicts_of_the_newest_epoch_and_open_large(page, qtbot, project):
    page.session.show_run(folder_of(sampled_run(project, Task.CLASSIFICATION)))
    view = wait_for(qtbot, page, RunState.COMPLETED)
    cells = [cell for cell in view.pictures.cells if cell.isVisible()]
    assert len(cells) == 6
    assert view._remark.text() == "epoch 2"
    assert {cell.overlay.mark for cell in cells} == {"good"}
    assert {cell.accessibleName() for cell in cells} <= {"blue 90 %", "orange 90 %"}
    opened = []
    view.pictures.opened.connect(opened.append)
    qtbot.mouseClick(cells[2], Qt.MouseButton.LeftButton)
    dialog: PictureDialog = opened[0]
    assert dialog.isVisible()
    assert dialog.index == 2
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)


def test_that_boxes_are_drawn_dashed_beside_the_truth(page, qtbot, project):
    page.session.show_run(folder_of(sampled_run(project, Task.DETECTION)))
    view = wait_for(qtbot, page, RunState.COMPLETED)
    cell = view.pictures.cells[0]
    assert [box.dashed for box in cell.overlay.boxes] == [False, True]
    assert cell.overlay.caption == "1 of 1 found"
    assert view._remark.text() == "epoch 2 · solid: truth, dashed: the model"


def test_that_pictures_gone_from_the_disk_cost_only_themselves(page, qtbot, project):
    run_dir = sampled_run(project, Task.CLASSIFICATION)
    for image in folder_of(run_dir).snapshot().part(Split.VAL):
        Path(image.path).unlink()
    (run_dir / "samples-2.json").write_text("{")
    page.session.show_run(folder_of(run_dir))
    view = wait_for(qtbot, page, RunState.COMPLETED)
    assert view.pictures.epoch is None
    (run_dir / "samples-2.json").write_bytes((run_dir / "samples-1.json").read_bytes())
    page.session.show_run(folder_of(run_dir))
    view = wait_for(qtbot, page, RunState.COMPLETED)
    assert view.pictures.epoch == 2
    assert {cell.overlay.mark for cell in view.pictures.cells} == {"bad"}
    assert not view.pictures.grab().isNull()


def test_that_the_device_figure_names_a_card_and_its_precision(page, qtbot, project):
    chosen = DeviceChosen(device="cuda:1", precision="bf16", batch_size=64, why="The only card that is free.")
    page.session.show_run(folder_of(told_run(project, [chosen])))
    view = wait_for(qtbot, page, RunState.COMPLETED)
    assert view.figures.device.value == "GPU 1"
    assert view.figures.device.toolTip() == "The only card that is free."
    assert RunStore(project).list()
