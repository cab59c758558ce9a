"""The form of a run: real projects, real mouse and keys; only the worker of a started run is kept from going."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget
from safetensors.numpy import save_file

from app.settings import Settings
from app.state import Session
from app.widgets.question import Question
from app.widgets.training.form_state import StartWeights
from app.widgets.training.spec_form import SpecForm
from core.actions import probing
from core.actions.importing import opened, run_import
from core.actions.pricing import write_prices
from core.actions.probing import ProbeResult
from core.actions.readings import GpuReading, MachineReading
from core.actions.reporting import summary_of
from core.actions.splitting import fill_missing_split
from core.domain.data_choice import DataChoice, PerClass, Share
from core.domain.run import FromScratch, RunSpec, RunWeights, VaultWeights, weights_of
from core.domain.task import Effort, Task
from core.domain.usage import EnergySource, Prices
from core.runs import queue, supervisor
from core.store.project_store import ProjectStore
from core.store.queue_file import read_queue
from core.store.run_store import RunFolder, RunStore
from core.store.vault import Vault
from core.training.plan import Choices, Obstacle
from tests.e2e.pictures import draw, draw_classes, draw_yolo
from tests.gui import pseudo_translation
from tests.simulated_runs import make_run

FORM = (934, 738)  # pixels: what 1366 × 768 leaves beside the rail and the list of runs, below the menu
NARROW = (848, 738)  # the same of 1280 × 800, with a title bar
LITE = "tf_efficientnet_lite0"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def show(qtbot, tmp_path: Path) -> Iterator[Callable[..., SpecForm]]:
    """Open ``project`` with a form on it, and wait until it knows its data."""
    sessions: list[Session] = []

    def open_form(project: Path, size: tuple[int, int] = FORM) -> SpecForm:
        session = Session(ProjectStore.open(project), Settings())
        sessions.append(session)
        form = SpecForm(session)
        session.changed.connect(form.refresh)
        session.reload()
        form.resize(*size)
        form.show()
        qtbot.addWidget(form)
        qtbot.waitUntil(lambda: session.report is not None and not session.jobs.jobs, timeout=20_000)
        return form

    yield open_form
    for session in sessions:
        session.close()
        session.settings.sync()


def project_of(tmp_path: Path, source: Path | None = None) -> Path:
    project = tmp_path / "díly"
    with ProjectStore.create(project) as store:
        if source is not None:
            with opened(store, source) as dataset:
                run_import(store, dataset)
    return project


@pytest.fixture
def classified(tmp_path: Path) -> Path:
    return project_of(tmp_path, draw_classes(tmp_path / "set", {"good": 12, "scratched": 12}))


@pytest.fixture
def boxed(tmp_path: Path) -> Path:
    return project_of(tmp_path, draw_yolo(tmp_path / "set", ["0 0.5 0.5 0.4 0.4\n1 0.2 0.2 0.2 0.2\n"] * 12))


def click(qtbot, widget: QWidget) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def keep_weights(folder: Path, name: str, architecture: str, task: Task) -> str:
    save_file({"weight": np.zeros(3, np.float32)}, folder / "weights.safetensors")
    kept = Vault().add(folder / "weights.safetensors", name=name, architecture=architecture, task=task, licence="MIT")
    return kept.sha256


def card(index: int, name: str) -> GpuReading:
    return GpuReading(
        index=index, name=name, utilisation=0, memory_used=2**30, memory_total=24 * 2**30, temperature=40, power=30.0
    )


def test_that_one_click_starts_what_is_right_for_a_newcomer(show, qtbot, boxed):
    form = show(boxed)
    assert (form.modes.mode, form.badge.text(), form.start_button.isEnabled()) == ("scratch", "Ready", True)
    started: list[RunFolder] = []
    form.session.show_run = lambda run, start="": started.append(run)  # the worker would train for minutes
    click(qtbot, form.start_button)
    assert not form.start_button.isEnabled()
    click(qtbot, form.start_button)
    qtbot.waitUntil(lambda: bool(started) and not form.session.jobs.jobs)
    assert form.start_button.isEnabled()
    assert [run.id for run in RunStore(boxed).list()] == [started[0].id]
    spec = started[0].spec()
    assert (spec.architecture, spec.start) == ("yolov8n", FromScratch())
    assert f"{spec.epochs} epochs" in form.settings.effort_hint.text().replace("(s)", "s")


def test_that_pictures_with_classes_begin_with_transfer_from_the_weights_that_came_along(show, classified):
    form = show(classified)
    assert (form.modes.mode, form.form.model, form.start_button.isEnabled()) == ("transfer", LITE, True)
    assert form.modes.cards["transfer"].advice.text
    assert not form.modes.cards["finetune"].advice.isVisible()
    assert form.modes.cards["transfer"].cost.text == "Seconds to minutes"


def test_that_arrows_move_among_the_modes_and_tab_stops_there_once(show, qtbot, classified):
    form = show(classified)
    cards = form.modes.cards
    cards["transfer"].setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(cards["transfer"], Qt.Key.Key_Right)
    assert (form.form.mode, QApplication.focusWidget()) == ("finetune", cards["finetune"])
    qtbot.keyClick(cards["finetune"], Qt.Key.Key_Right)
    assert (form.form.mode, QApplication.focusWidget()) == ("scratch", cards["scratch"])
    qtbot.keyClick(cards["scratch"], Qt.Key.Key_Tab)
    assert QApplication.focusWidget() not in cards.values()
    qtbot.keyClick(cards["finetune"], Qt.Key.Key_Space)
    assert [name for name, one in cards.items() if one.is_chosen] == ["finetune"]


def test_that_start_weights_are_asked_for_only_where_there_is_a_start(show, qtbot, classified):
    form = show(classified)
    assert form.settings.weights.list.isVisible()
    click(qtbot, form.modes.cards["scratch"])
    assert not form.settings.weights.list.isVisible()
    assert form.judgement.spec.start == FromScratch()


def test_that_an_empty_project_leads_to_the_data(show, qtbot, tmp_path):
    form = show(project_of(tmp_path))
    wanted: list[str] = []
    form.session.page_wanted.connect(wanted.append)
    assert form.data_button.isVisible()
    assert not form.start_button.isEnabled()
    assert form.badge.text() == "No pictures yet"
    click(qtbot, form.data_button)
    assert wanted == ["data"]


def test_that_pictures_without_a_label_are_told_apart_from_no_pictures(show, tmp_path):
    (tmp_path / "set").mkdir()
    for number in range(3):
        draw(tmp_path / "set" / f"{number}.png", number)
    form = show(project_of(tmp_path, tmp_path / "set"))
    assert form.badge.text() == "No picture has a label yet"
    assert form.data_button.isVisible()


def test_that_a_project_that_somebody_else_has_open_cannot_start_a_run(show, classified):
    with ProjectStore.open(classified):
        form = show(classified)
        assert form.badge.text().startswith("Read-only")
        assert not form.start_button.isEnabled()


def test_that_missing_weights_are_named_and_found_once_they_are_there(show, qtbot, tmp_path, boxed):
    form = show(boxed)
    click(qtbot, form.modes.cards["transfer"])
    assert not form.start_button.isEnabled()
    assert "no start weights" in form.badge.text()
    assert form.settings.weights.fetch_button.isVisible()
    advised = next(card.advice for card in form.modes.cards.values() if card.advice.isVisible())
    assert "once this model has start weights" in advised.text
    sha256 = keep_weights(tmp_path, "náš", "yolov8n", Task.DETECTION)
    form.hide()
    form.show()
    qtbot.waitUntil(form.start_button.isEnabled)
    assert form.settings.weights.list.currentText() == "náš"
    assert form.judgement.choices.weights == VaultWeights("náš", sha256, "MIT")


def test_that_imported_weights_are_chosen_with_the_model_they_belong_to(show, qtbot, tmp_path, boxed):
    form = show(boxed)
    click(qtbot, form.modes.cards["finetune"])
    sha256 = keep_weights(tmp_path, "other", "yolo11n", Task.DETECTION)
    form._take_in(Vault().find(sha256))
    qtbot.waitUntil(form.start_button.isEnabled)
    assert (form.form.model, form.settings.models.currentText()) == ("yolo11n", "YOLO11 nano")
    assert weights_of(form.judgement.spec.start).sha256 == sha256


def test_that_fetching_asks_first_and_names_size_and_licence(show, qtbot, boxed):
    form = show(boxed)
    click(qtbot, form.modes.cards["transfer"])
    click(qtbot, form.settings.weights.fetch_button)
    (question,) = [box for box in form.findChildren(Question) if box.isVisible()]
    assert "13 MB" in question.text.text()
    assert "AGPL-3.0" in question.text.text()
    assert "https://" in question.text.text()
    qtbot.keyClick(question, Qt.Key.Key_Escape)
    assert not form.session.jobs.loud()


def test_that_a_value_of_advanced_counts_and_an_unusable_one_is_named_at_its_field(show, qtbot, classified):
    form = show(classified)
    assert not form.advanced.isVisible()
    click(qtbot, form.settings.advanced_switch)
    assert form.advanced.isVisible()
    epochs, size = form.advanced.rows["epochs"], form.advanced.rows["image_size"]
    assert epochs.input.placeholderText() == "from effort: 100"
    qtbot.keyClicks(epochs.input, "7")
    assert form.judgement.spec.epochs == 7
    assert form.settings.effort_hint.text().startswith("7 epoch")
    qtbot.keyClicks(size.input, "100")
    assert "multiple of 32" in size.problem.text()
    assert size.problem.isVisible()
    assert not form.start_button.isEnabled()
    qtbot.keyClicks(epochs.input, "x")
    assert "7x" in epochs.problem.text()
    assert "7x" in form.badge.text()
    click(qtbot, form.advanced.reset_button)
    assert form.judgement.spec.epochs == 100
    assert not size.problem.isVisible()
    assert form.start_button.isEnabled()


def test_that_the_simple_face_never_starts_with_values_that_cannot_be_seen(show, qtbot, classified):
    form = show(classified)
    form.session.settings.expert = True
    qtbot.keyClicks(form.advanced.rows["epochs"].input, "7")
    assert form.judgement.spec.epochs == 7
    form.session.settings.expert = False
    assert form.judgement.spec.epochs == 100
    form.session.settings.expert = True
    assert form.judgement.spec.epochs == 7


def test_that_the_expert_face_is_remembered(show, qtbot, classified, tmp_path):
    form = show(classified)
    click(qtbot, form.settings.advanced_switch)
    assert Settings().expert
    form.session.close()
    other = show(classified)
    assert other.advanced.isVisible()
    assert other.settings.advanced_switch.isChecked()


def test_that_only_fields_that_act_are_shown(show, qtbot, boxed):
    form = show(boxed)
    form.session.settings.expert = True
    rows = form.advanced.rows
    assert not rows["label_smoothing"].isVisible()
    assert not rows["unfreeze_after"].isVisibleTo(form.advanced)
    click(qtbot, form.modes.cards["transfer"])
    assert rows["unfreeze_after"].isVisibleTo(form.advanced)


def test_that_the_effort_changes_the_line_of_what_it_comes_to(show, qtbot, classified):
    form = show(classified)
    before = form.settings.effort_hint.text()
    click(qtbot, form.settings.efforts[Effort.QUICK])
    assert form.settings.effort_hint.text() != before
    assert form.judgement.spec.epochs == 50


def test_that_a_device_is_chosen_only_where_there_are_cards(show, qtbot, classified):
    form = show(classified)
    machine = MachineReading(processors=2, cpu=0.0, memory_used=1, memory_total=2)
    form.look_at(form.around._replace(machine=machine, cuda=False))
    assert not form.settings.devices.isVisible()
    assert form.judgement.spec.batch_size is not None
    cards = (card(0, "NVIDIA RTX A"), card(1, "NVIDIA RTX B"))
    form.look_at(form.around._replace(machine=MachineReading(**_with(machine, gpus=cards)), cuda=True))
    assert form.settings.devices.isVisible()
    assert form.judgement.spec.batch_size is None
    form.settings.devices.setFocus()
    qtbot.keyClick(form.settings.devices, Qt.Key.Key_Down)
    qtbot.keyClick(form.settings.devices, Qt.Key.Key_Down)
    assert form.judgement.spec.device == "cuda:1"
    qtbot.keyClick(form.settings.devices, Qt.Key.Key_Down)
    assert form.judgement.choices.device == "cuda:0,cuda:1"
    assert form.judgement.spec is None or form.judgement.spec.devices == ("cuda:0", "cuda:1")
    qtbot.keyClick(form.settings.devices, Qt.Key.Key_End)
    assert (form.judgement.spec.device, form.judgement.spec.batch_size is None) == ("cpu", False)


def _with(machine: MachineReading, **changes: object) -> dict[str, object]:
    return {name: getattr(machine, name) for name in machine.__struct_fields__} | changes


def test_that_a_run_started_while_another_goes_on_waits_in_the_queue_and_says_so(show, qtbot, boxed, monkeypatch):
    monkeypatch.setattr(queue, "ensure_runner", lambda project: None)  # it would train for minutes
    run_dir = make_run(boxed, "simulated?epoch_seconds=0.3", epochs=30)
    form = show(boxed)
    assert not form.queue_button.isVisible()
    form.session.show_run(RunStore(boxed).get(run_dir.name), start="launch")
    qtbot.waitUntil(lambda: form.badge.text() == "Waits its turn")
    assert not form.settings.time.probe_button.isEnabled()  # what it measured would be wrong
    click(qtbot, form.queue_button)
    qtbot.waitUntil(lambda: "Run 2 waits in the queue" in form.queued.text, timeout=20_000)
    qtbot.waitUntil(lambda: len(form.watch.reading.waiting) == 1 and form.start_button.isEnabled(), timeout=20_000)
    click(qtbot, form.start_button)
    qtbot.waitUntil(lambda: "Run 3 waits in the queue" in form.queued.text, timeout=20_000)
    assert [entry.run[:4] for entry in read_queue(boxed).entries] == ["0003", "0002"]
    wanted: list[bool] = []
    form.queue_wanted.connect(lambda: wanted.append(True))
    click(qtbot, form.queued.button)
    assert wanted
    queue.set_paused(boxed, True)
    form.watch.start()
    qtbot.waitUntil(lambda: form.watch.reading.paused, timeout=20_000)
    form.watch.stop()
    qtbot.waitUntil(lambda: bool(form.session.live.history.epochs), timeout=60_000)
    supervisor.request_stop(run_dir)
    qtbot.waitUntil(lambda: form.badge.text() == "Ready", timeout=60_000)  # a paused queue keeps nobody waiting
    qtbot.waitUntil(lambda: form.modes.cards["scratch"].cost.text.startswith("Run 1 took"), timeout=20_000)
    assert "judged by earlier runs" in form.settings.time.remark.text()


def test_that_a_probe_tells_time_memory_and_price_until_the_choices_change(show, qtbot, classified, monkeypatch):
    write_prices(Prices(kwh=0.3, machine_hour=1.0, currency="CZK"))
    asked: list[Choices] = []

    def probe(store, model, choices, weights, progress):
        asked.append(choices)
        progress(7, 20, "Trying some steps")
        return ProbeResult(
            seconds_per_epoch=1.5,
            total_seconds=240,
            total_low=200,
            total_high=290,
            peak_memory_mb=1840,
            kwh=0.02,
            energy_source=EnergySource.ESTIMATE,
        )

    monkeypatch.setattr(probing, "probe_run", probe)
    form = show(classified)
    time = form.settings.time
    assert "Not known yet" in time.remark.text()
    click(qtbot, time.probe_button)
    assert time.is_measuring
    qtbot.waitUntil(lambda: not time.is_measuring)
    assert time.remark.text() == (
        "About 4 min (3 min to 5 min) · 1.5 s an epoch · 1.8 GB of memory · ≈ 0.02 kWh · 0.07 CZK"
    )
    assert asked[0].mode == "transfer"
    click(qtbot, form.settings.efforts[Effort.QUICK])
    assert "Not known yet" in time.remark.text()
    click(qtbot, form.settings.efforts[Effort.BALANCED])
    assert time.remark.text().startswith("About 4 min")
    assert len(asked) == 1


def test_that_a_run_that_does_not_fit_is_stopped_with_the_remedy_at_the_field(show, qtbot, classified, monkeypatch):
    obstacle = Obstacle("The memory is not enough.", "Choose a smaller batch.", "batch_size")
    monkeypatch.setattr(probing, "probe_run", lambda *args: ProbeResult(fits=False, obstacle=obstacle))
    form = show(classified)
    form.session.settings.expert = True
    click(qtbot, form.settings.time.probe_button)
    qtbot.waitUntil(lambda: not form.start_button.isEnabled())
    problem = form.advanced.rows["batch_size"].problem
    assert (problem.isVisible(), problem.text()) == (True, "The memory is not enough. Choose a smaller batch.")
    assert form.settings.time.remark.text() == problem.text()
    assert form.badge.text() == "The memory is not enough."
    qtbot.keyClicks(form.advanced.rows["batch_size"].input, "2")
    assert form.start_button.isEnabled()
    assert not problem.isVisible()


def test_that_a_cancelled_probe_leaves_the_form_as_it_was(show, qtbot, classified, monkeypatch):
    def probe(store, model, choices, weights, progress):
        while True:
            progress(1, 20, "Trying some steps")
            time.sleep(0.01)

    monkeypatch.setattr(probing, "probe_run", probe)
    form = show(classified)
    click(qtbot, form.settings.time.probe_button)
    qtbot.waitUntil(lambda: form.settings.time.bar.maximum() == 20)
    click(qtbot, form.settings.time.cancel_button)
    qtbot.waitUntil(lambda: not form.settings.time.is_measuring)
    assert "Not known yet" in form.settings.time.remark.text()
    assert form.start_button.isEnabled()


def test_that_only_new_pictures_warn_of_what_is_forgotten_and_offer_a_mix(show, qtbot, boxed):
    with ProjectStore.open(boxed) as store:
        fill_missing_split(store, 0)
        both = store.snapshot()
    runs = RunStore(boxed)
    ancestor = runs.create(
        RunSpec(
            task=Task.DETECTION,
            engine="ultralytics",
            architecture="yolov8n",
            start=FromScratch(),
            snapshot="",
            epochs=1,
            image_size=64,
        ),
        msgspec.structs.replace(both, images=both.images[:6]),
    )
    form = show(boxed)
    start = StartWeights(name="", ref=RunWeights(ancestor.id, "", ()), run=summary_of(ancestor))
    form.mix.show()
    form._show_mix(start)
    qtbot.waitUntil(lambda: form.ancestry.known(ancestor.id) is not None)
    form._show_mix(start)
    assert "run 1 learned from the other" in form.mix._hint.text()
    assert form.form.data is None
    assert not form.mix.mixes.isVisible()
    click(qtbot, form.mix.scopes.buttons["new"])
    assert form.form.data == DataChoice(new_only=True, mix=Share(1.0))
    click(qtbot, form.mix.mixes.buttons["per_class"])
    form.mix.count.setFocus()
    form.mix.count.selectAll()
    qtbot.keyClicks(form.mix.count, "7")
    assert form.form.data.mix == PerClass(7)
    click(qtbot, form.mix.mixes.buttons["share"])
    assert form.form.data.mix == Share(0.25)


def test_that_a_clone_fills_the_form_with_the_values_of_the_run(show, qtbot, classified):
    form = show(classified)
    form.session.settings.expert = True
    click(qtbot, form.modes.cards["finetune"])
    click(qtbot, form.settings.efforts[Effort.QUICK])
    qtbot.keyClicks(form.advanced.rows["epochs"].input, "9")
    qtbot.keyClicks(form.advanced.rows["seed"].input, "4")
    spec = form.judgement.spec
    form.advanced.reset()
    form.session.settings.expert = False
    click(qtbot, form.modes.cards["scratch"])
    form.fill(spec)
    assert (form.form.mode, form.form.effort, form.session.settings.expert) == ("finetune", Effort.QUICK, True)
    assert form.advanced.texts() == {"epochs": "9", "seed": "4"}
    assert form.judgement.spec == spec


def test_that_the_pictures_are_the_squares_the_model_gets_with_their_labels(show, qtbot, boxed):
    form = show(boxed)
    qtbot.waitUntil(lambda: form.pictures.isVisible())
    shown = form.pictures.strip.pictures
    side = form.judgement.spec.image_size
    assert {(one.square.width(), one.square.height()) for one in shown} == {(side, side)}
    assert shown[0].square.format() == QImage.Format.Format_RGB888
    assert shown[0].overlay.caption == "nut, bolt"
    assert len(shown[0].overlay.boxes) == 2


@pytest.mark.parametrize("project", ["classified", "boxed"])
def test_that_the_simple_face_needs_no_scroll_bar_on_a_small_screen(show, qtbot, request, project):
    form = show(request.getfixturevalue(project), FORM)
    qtbot.waitUntil(lambda: form.pictures.isVisible())
    assert not form.body.verticalScrollBar().isVisible()


@pytest.mark.parametrize("expert", [False, True])
def test_that_no_text_is_forgotten_or_cut_off_in_a_longer_language(show, qtbot, qapp, boxed, expert):
    translator = pseudo_translation.speak(qapp)
    try:
        Settings().expert = expert
        form = show(boxed, NARROW)
        click(qtbot, form.modes.cards["transfer"])
        if expert:
            qtbot.keyClicks(form.advanced.rows["epochs"].input, "x")
        qtbot.wait(50)
        assert pseudo_translation.untranslated(form) == []
        assert pseudo_translation.clipped(form) == []
    finally:
        qapp.removeTranslator(translator)
