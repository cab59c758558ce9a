"""What the form of a run comes to: pure, without a window."""

import pytest
from msgspec.structs import replace

from app.widgets.training.form_state import (
    FEW_IMAGES,
    FIELDS,
    Form,
    Shelf,
    first_mode,
    first_model,
    form_of,
    judge,
    last_time,
    read_texts,
    recommended_mode,
    starts,
)
from core.actions.reporting import RunSummary
from core.domain.run import FineTune, RunSpec, Transfer, number_of
from core.domain.task import Effort, Task
from core.store.vault import VaultEntry
from core.training.catalog import catalogue, find
from core.training.facts import DataFacts
from core.training.plan import Choices

FACTS = DataFacts(task=Task.CLASSIFICATION, train=60, val=20, test=20, classes=2, side=400)
BOXES = replace(FACTS, task=Task.DETECTION)
LITE = "tf_efficientnet_lite0"
PACKAGED = Shelf(published={LITE: True})


def kept(name: str, architecture: str, task: Task = Task.CLASSIFICATION) -> VaultEntry:
    return VaultEntry(
        sha256=name.encode().hex().ljust(64, "0"),
        name=name,
        architecture=architecture,
        task=task,
        licence="MIT",
        classes=(),
        source=name,
        size=1,
    )


def run(number: int, mode: str = "transfer", model: str = LITE, seconds: float | None = 23.0) -> RunSummary:
    return RunSummary(
        run=f"{number:04d}-{mode}-{model}",
        state="completed",
        mode=mode,
        model=model,
        epochs=10,
        val=0.948,
        test=None,
        seconds=seconds,
        path="",
    )


def judged(form: Form, facts: DataFacts = FACTS, shelf: Shelf = PACKAGED, runs: tuple[RunSummary, ...] = ()):
    options = starts(find(form.model), shelf, runs)
    return judge(form, facts, next((o for o in options if o.name == form.start), None), cuda=False)


def test_that_every_value_of_choices_is_in_the_form_exactly_once():
    elsewhere = {"mode", "weights", "effort", "device", "data"}
    assert sorted(field.name for field in FIELDS) == sorted(set(Choices.__struct_fields__) - elsewhere)


@pytest.mark.parametrize(
    ("facts", "mode"),
    [
        (FACTS, "transfer"),
        (replace(FACTS, train=2 * FEW_IMAGES - 1), "transfer"),
        (replace(FACTS, train=2 * FEW_IMAGES), "finetune"),
        (replace(FACTS, train=2 * FEW_IMAGES, classes=3), "transfer"),
        (replace(FACTS, train=0, classes=0), "transfer"),
    ],
)
def test_that_few_images_a_class_recommend_transfer_and_more_fine_tuning(facts, mode):
    assert recommended_mode(facts) == mode


def test_that_a_newcomers_first_click_can_start_on_a_fresh_machine():
    assert (first_model(Task.CLASSIFICATION, PACKAGED), first_mode(FACTS, PACKAGED)) == (LITE, "transfer")
    assert (first_model(Task.DETECTION, PACKAGED), first_mode(BOXES, PACKAGED)) == ("yolov8n", "scratch")
    for facts in (FACTS, BOXES):
        form = Form(mode=first_mode(facts, PACKAGED), model=first_model(facts.task, PACKAGED))
        assert isinstance(judged(form, facts).spec, RunSpec)


def test_that_weights_of_another_detector_make_that_one_the_first_choice():
    shelf = Shelf(published={"yolo11n": True})
    assert (first_model(Task.DETECTION, shelf), first_mode(BOXES, shelf)) == ("yolo11n", "transfer")
    mine = Shelf(kept=(kept("mine", "yolov8n", Task.DETECTION), kept("other", "yolo11n", Task.DETECTION)))
    assert first_model(Task.DETECTION, mine) == "yolov8n"


def test_that_a_run_starts_from_published_weights_imported_files_and_finished_runs_of_its_architecture_alone():
    shelf = Shelf(published={LITE: True}, kept=(kept(LITE, LITE), kept("mine", LITE), kept("theirs", "resnet18")))
    runs = (run(1), run(2, model="resnet18"), run(3, "finetune"), run(4, seconds=None))
    found = starts(find(LITE), shelf, runs)
    newest_first = [f"run:{run(3, 'finetune').run}", f"run:{run(1).run}"]
    assert [option.name for option in found] == ["", kept("mine", LITE).sha256, *newest_first]
    assert starts(find("simple_cnn"), shelf, runs) == []


def test_that_a_model_without_weights_here_names_the_weights_and_still_tells_what_the_effort_means():
    made = judged(Form(mode="transfer", model="yolov8n"), BOXES)
    assert made.spec is None
    assert [obstacle.field for obstacle in made.obstacles] == ["weights"]
    assert made.plain is not None
    assert isinstance(judged(Form(mode="scratch", model="yolov8n"), BOXES).spec, RunSpec)


def test_that_typed_values_win_and_empty_ones_follow_the_effort():
    texts = {"epochs": "7", "learning_rate": "0,003", "weight_decay": " 1e-4 ", "head_layers": "512, 128"}
    made = judged(Form(model=LITE, texts=texts | {"class_weights": "on", "schedule": "step", "patience": ""}))
    assert made.spec is not None
    assert made.plain is not None
    assert (made.spec.epochs, made.spec.learning_rate, made.spec.weight_decay) == (7, 0.003, 1e-4)
    assert (made.spec.head_layers, made.spec.class_weights, made.spec.schedule) == ((512, 128), True, "step")
    assert made.spec.patience == made.plain.patience
    assert (made.plain.epochs, made.plain.schedule) == (100, "cosine")


@pytest.mark.parametrize("text", ["many", "1.5", "nan", "--", "1e3", "7 8"])
def test_that_what_is_no_whole_number_stops_the_run_and_is_told_at_its_field(text):
    made = judged(Form(model=LITE, texts={"epochs": text}))
    assert made.spec is None
    assert made.unreadable == {"epochs": text}


@pytest.mark.parametrize("text", ["inf", "nan", "0.1.2", "ten"])
def test_that_infinite_and_unreadable_rates_are_no_numbers(text):
    assert judged(Form(model=LITE, texts={"learning_rate": text})).unreadable == {"learning_rate": text}


def test_that_a_number_out_of_range_is_an_obstacle_at_its_field():
    made = judged(Form(model=LITE, texts={"image_size": "100", "head_dropout": "1.5"}))
    assert {obstacle.field for obstacle in made.obstacles} == {"image_size", "head_dropout"}


def test_that_fields_of_another_mode_or_task_are_kept_but_do_not_count():
    texts = {"unfreeze_after": "5", "backbone_lr_scale": "0.5", "label_smoothing": "0.1"}
    transfer, finetune = (judged(Form(mode=mode, model=LITE, texts=texts)).spec for mode in ("transfer", "finetune"))
    assert isinstance(transfer.start, Transfer)
    assert transfer.start.unfreeze_after == 5
    assert isinstance(finetune.start, FineTune)
    assert finetune.start.backbone_lr_scale == 0.5
    assert read_texts(Form(mode="scratch", texts=texts), Task.DETECTION) == ({}, {})


@pytest.mark.parametrize(("text", "mirror"), [("", True), ("yes", True), ("no", False)])
def test_that_mirroring_follows_class_names_unless_the_form_says_otherwise(text, mirror):
    assert judged(Form(mode="scratch", model=LITE, texts={"mirror": text})).spec.mirror is mirror


def test_that_the_newest_timed_run_of_a_mode_tells_what_it_costs_here():
    runs = (run(1), run(2, "finetune", seconds=90.0), run(3, seconds=41.0), run(4, seconds=None))
    assert number_of(last_time(runs, "transfer").run) == 3
    assert last_time(runs, "finetune").seconds == 90.0
    assert last_time(runs, "scratch") is None


def test_that_every_model_of_the_catalogue_can_be_planned_from_scratch():
    for entry in catalogue():
        facts = FACTS if entry.task is Task.CLASSIFICATION else BOXES
        assert isinstance(judged(Form(mode="scratch", model=entry.name), facts).spec, RunSpec), entry.name


@pytest.mark.parametrize("effort", list(Effort))
def test_that_a_form_made_from_a_run_leads_to_the_same_run(effort):
    texts = {"epochs": "7", "head_layers": "64, 32", "class_weights": "on", "backbone_lr_scale": "0.2", "mirror": "no"}
    wanted = judged(Form(mode="finetune", model=LITE, effort=effort, texts=texts)).spec
    form = form_of(wanted, FACTS, cuda=False)
    assert (form.effort, form.texts) == (effort, texts)
    assert judged(form).spec == wanted


def test_that_a_form_made_from_a_plain_run_has_nothing_in_advanced():
    wanted = judged(Form(mode="transfer", model=LITE)).spec
    assert form_of(wanted, FACTS, cuda=False).texts == {}
