"""Compare modes: what is ticked, what it comes to, what stands in the way; one click queues all of it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, QSize, Qt
from safetensors.numpy import save_file

from app.pages.train_page import TrainPage
from app.widgets.training.compare_form import CompareForm
from core.actions.importing import opened, run_import
from core.domain.run import mode_of
from core.domain.task import Task
from core.runs import queue
from core.store.experiments import list_experiments
from core.store.project_store import ProjectStore
from core.store.queue_file import read_queue
from core.store.run_store import RunStore
from core.store.vault import Vault
from tests.e2e.pictures import draw_yolo
from tests.gui import pseudo_translation
from tests.gui.train_pages import page_of
from tests.simulated_runs import project_without_leaks

WAIT = 20_000  # milliseconds; nothing here takes as long


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Boxes of two classes; weights for YOLOv8 nano, none for any other model."""
    monkeypatch.setattr(queue, "ensure_runner", lambda project: None)  # it would train for minutes
    with project_without_leaks(tmp_path, monkeypatch) as made:
        source = draw_yolo(tmp_path / "set", ["0 0.5 0.5 0.4 0.4\n1 0.2 0.2 0.2 0.2\n"] * 12)
        with ProjectStore.create(made) as store, opened(store, source) as dataset:
            run_import(store, dataset)
        keep_weights(tmp_path, "náš", "yolov8n")
        yield made


def keep_weights(folder: Path, name: str, architecture: str) -> str:
    file = folder / "weights.safetensors"
    save_file({name: np.zeros(3, np.float32)}, file)
    return Vault().add(file, name=name, architecture=architecture, task=Task.DETECTION, licence="MIT").sha256


def open_compare(qtbot, page: TrainPage) -> CompareForm:
    """By the button of the form."""
    qtbot.waitUntil(page.form.compare_button.isEnabled, timeout=WAIT)
    qtbot.mouseClick(page.form.compare_button, Qt.MouseButton.LeftButton)
    assert page._compare.isVisible()
    settle(qtbot, page._compare)
    return page._compare


def settle(qtbot, form: CompareForm) -> None:
    qtbot.waitUntil(lambda: not form._is_behind, timeout=WAIT)


def tick_model(qtbot, form: CompareForm, name: str) -> None:
    index: QModelIndex = form.models.place_of(name)
    form.models.scrollTo(index)
    place = form.models.visualRect(index).center()
    qtbot.mouseClick(form.models.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_that_one_click_queues_every_mode_of_the_model_on_the_form(qtbot, project):
    with page_of(project) as page:
        form = open_compare(qtbot, page)
        assert form.models.ticked == ("yolov8n",)
        assert form.outlook.count.text().replace("(s)", "s") == "9 runs"
        assert form.queue_button.text().replace("(s)", "s") == "Queue 9 runs"
        qtbot.mouseClick(form.queue_button, Qt.MouseButton.LeftButton)
        assert not form.queue_button.isEnabled()  # a second click queues nothing more
        qtbot.waitUntil(lambda: page._queue is not None and page.queue.isVisible(), timeout=WAIT)
        (experiment,) = list_experiments(project)
        specs = [RunStore(project).get(run).spec() for run in experiment.runs]
        kinds = {(mode_of(spec.start), spec.architecture, spec.seed) for spec in specs}
        modes = ("scratch", "transfer", "finetune")
        assert kinds == {(mode, "yolov8n", seed) for mode in modes for seed in range(3)}
        assert len({spec.snapshot for spec in specs}) == 1
        assert [entry.run for entry in read_queue(project).entries] == list(experiment.runs)
        qtbot.waitUntil(lambda: 1 in page.queue.experiments, timeout=WAIT)


def test_that_modes_seeds_models_and_a_time_limit_are_chosen_by_mouse_and_keys(qtbot, project):
    with page_of(project) as page:
        form = open_compare(qtbot, page)
        qtbot.mouseClick(form.modes["finetune"], Qt.MouseButton.LeftButton)
        qtbot.mouseClick(form.seeds.buttons[2], Qt.MouseButton.LeftButton)
        form.limit.setFocus()
        form.limit.selectAll()
        qtbot.keyClicks(form.limit, "90")
        settle(qtbot, form)
        assert form.outlook.count.text().replace("(s)", "s") == "4 runs"
        plan = form.plan
        assert (plan.modes, plan.seeds, plan.budget_minutes) == (("scratch", "transfer"), 2, 90.0)
        form.models.setFocus()
        form.models.setCurrentIndex(form.models.place_of("yolov8n"))
        qtbot.keyClick(form.models, Qt.Key.Key_Space)
        assert form.models.ticked == ()
        assert not form.queue_button.isEnabled()
        assert "Tick at least one" in form.outlook.missing.text()
        qtbot.keyClick(form.models, Qt.Key.Key_Space)
        settle(qtbot, form)
        assert form.queue_button.isEnabled()


def test_that_what_cannot_be_trained_is_told_in_words_and_left_out(qtbot, project):
    with page_of(project) as page:
        form = open_compare(qtbot, page)
        tick_model(qtbot, form, "yolo11n")
        settle(qtbot, form)
        (hindered,) = form.outlook.shown.hindered
        assert (hindered.model, hindered.modes) == ("yolo11n", ("transfer", "finetune"))
        assert "start weights" in hindered.cause or "published weights" in hindered.cause
        assert form.outlook.count.text().replace("(s)", "s") == "12 runs"  # yolo11n from scratch is among them
        qtbot.mouseClick(form.queue_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: len(read_queue(project).entries) == 12, timeout=WAIT)


def test_that_start_weights_can_be_compared_where_there_are_several(qtbot, tmp_path, project):
    with page_of(project) as page:
        form = open_compare(qtbot, page)
        first = form.starts.ticked
        keep_weights(tmp_path, "druhé", "yolov8n")
        page.show_form()
        qtbot.waitUntil(lambda: len(page.form.around.shelf.kept) == 2, timeout=WAIT)
        form = open_compare(qtbot, page)
        assert form.starts.isVisible()
        assert form.starts.ticked == first
        form.starts.setFocus()
        for row in range(2):
            form.starts.setCurrentIndex(form.starts.model().index(row, 0))
            if form.starts.model().index(row, 0).data(Qt.ItemDataRole.UserRole) not in first:
                qtbot.keyClick(form.starts, Qt.Key.Key_Space)
        settle(qtbot, form)
        assert form.outlook.shown.runs == 15  # from scratch, and two modes from two files, three seeds each


def test_that_back_leads_to_the_form_and_nothing_is_queued(qtbot, project):
    with page_of(project) as page:
        form = open_compare(qtbot, page)
        qtbot.mouseClick(form.back_button, Qt.MouseButton.LeftButton)
        assert page.form.isVisible()
        assert list_experiments(project) == ()


@pytest.mark.parametrize("size", [QSize(1096, 772), QSize(860, 640)])
def test_that_every_text_of_the_comparison_is_translated_and_has_room(qapp, qtbot, project, size):
    translator = pseudo_translation.speak(qapp)
    try:
        with page_of(project, size=size) as page:
            form = open_compare(qtbot, page)
            tick_model(qtbot, form, "yolo11n")
            settle(qtbot, form)
            qtbot.wait(50)
            assert pseudo_translation.clipped(form) == []
            known = [text for text in pseudo_translation.untranslated(form) if "YOLO" not in text]
            assert known == []
    finally:
        qapp.removeTranslator(translator)
