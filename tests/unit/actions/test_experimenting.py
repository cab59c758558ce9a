"""Experiments and copies of runs: what is made, on which data, and what is refused before anything is written."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from core.actions import experimenting
from core.actions.experimenting import (
    choices_of,
    clone,
    frozen_now,
    look_at,
    overrides_of,
    prepare_experiment,
    repeat,
    unused_seeds,
)
from core.actions.importing import opened, run_import
from core.actions.training import prepare_run
from core.domain.dataset import ImageClass
from core.domain.errors import LensmithError
from core.domain.experiment import ExperimentPlan
from core.domain.run import CatalogueWeights, FineTune, RunWeights, Transfer, mode_of
from core.domain.task import Effort, Split, Task
from core.store.experiments import find_experiment, list_experiments
from core.store.project_store import ProjectStore
from core.store.queue_file import read_queue
from core.store.run_store import RunStore
from core.training.catalog import Entry
from core.training.plan import Choices
from tests.e2e.pictures import draw_classes

WEIGHTS = CatalogueWeights("one", "0" * 64)


def entry(name: str, **values: object) -> Entry:
    kept = {"title": name.upper(), "task": Task.CLASSIFICATION, "parameters": None, "flops": None, "image_size": 64}
    return Entry(name=name, engine="simulated", **{**kept, **values})


ENTRIES = {name: entry(name) for name in ("one", "two", "unpublished")} | {"fixed": entry("fixed", fixed_size=True)}


def pretended_resolve(text: str | None, model: Entry, runs: RunStore, progress: object) -> object:
    if model.name == "unpublished" and text is None:
        return None
    if text is not None and not text.startswith(model.name):
        raise LensmithError(f"The weights “{text}” belong to another model.", "Choose other weights.")
    return replace(WEIGHTS, name=text or model.name)


def pretended_find(name: str, task: Task | None = None) -> Entry:
    if name not in ENTRIES:
        raise LensmithError(f"There is no model called “{name}”.", "Choose another one.")
    return ENTRIES[name]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProjectStore]:
    monkeypatch.setattr(experimenting, "resolve", pretended_resolve)
    monkeypatch.setattr(experimenting, "find", pretended_find)
    monkeypatch.setattr(experimenting, "has_nvidia_card", lambda: False)
    source = draw_classes(tmp_path / "set", {"cat": 6, "dog": 6})
    with ProjectStore.create(tmp_path / "project") as made:
        with opened(made, source) as dataset:
            run_import(made, dataset)
        yield made


def plan(modes: str = "scratch,transfer,finetune", models: str = "one", **values: object) -> ExperimentPlan:
    return ExperimentPlan(modes=tuple(modes.split(",")), models=tuple(models.split(",")), **values)


def test_that_an_experiment_is_all_modes_models_and_seeds_on_one_snapshot_and_waits_in_the_queue(
    store: ProjectStore,
) -> None:
    wanted = plan(models="one,two", seeds=2, effort=Effort.QUICK, overrides={"epochs": 3, "seed": 7}, budget_minutes=5)
    experiment, note = prepare_experiment(store, wanted)
    assert note is not None
    assert "Split into" in note
    runs = [RunStore(store.path).get(run) for run in experiment.runs]
    told = [(run.spec().seed, run.spec().architecture, mode_of(run.spec().start)) for run in runs]
    modes = ("scratch", "transfer", "finetune")
    assert told == [(seed, model, mode) for seed in (7, 8) for model in ("one", "two") for mode in modes]
    assert {run.spec().epochs for run in runs} == {3}
    assert len({(run.path / "snapshot.json").read_bytes() for run in runs}) == 1
    assert {run.spec().snapshot for run in runs} == {runs[0].snapshot().data_hash()} == {experiment.snapshot}
    queue = read_queue(store.path)
    assert tuple(entry.run for entry in queue.entries) == experiment.runs
    assert {entry.experiment for entry in queue.entries} == {1}
    assert find_experiment(store.path, 1) == experiment
    assert experiment.plan == wanted
    assert experiment.title == "scratch, transfer, finetune · one, two · 2 seeds"
    assert prepare_experiment(store, plan("scratch"), "Mine")[0].title == "Mine"
    assert [one.number for one in list_experiments(store.path)] == [1, 2]


def test_that_what_cannot_be_trained_is_all_told_before_anything_is_written(store: ProjectStore) -> None:
    before = sorted(path.name for path in store.path.rglob("*"))
    wanted = plan(models="one,unpublished,fixed,strange", overrides={"image_size": 96})
    told = look_at(store, wanted).hindrances
    assert [(one.model, one.mode) for one in told] == [
        ("strange", ""),
        ("unpublished", "transfer"),
        ("unpublished", "finetune"),
        ("fixed", "scratch"),
        ("fixed", "transfer"),
        ("fixed", "finetune"),
    ]
    with pytest.raises(LensmithError) as refusal:
        prepare_experiment(store, wanted)
    assert "transfer unpublished: UNPUBLISHED has no start weights here." in refusal.value.cause
    assert "finetune fixed: FIXED takes pictures of 64 px only." in refusal.value.cause
    assert "Leave the size empty." in refusal.value.remedy
    assert sorted(path.name for path in store.path.rglob("*")) == before


def test_that_those_that_can_be_trained_are_made_where_that_is_enough(store: ProjectStore) -> None:
    experiment, _ = prepare_experiment(store, plan(models="one,unpublished,strange"), partial=True)
    told = [(run.spec().architecture, mode_of(run.spec().start)) for run in RunStore(store.path).list()]
    assert told == [("one", "scratch"), ("one", "transfer"), ("one", "finetune"), ("unpublished", "scratch")]
    assert len(experiment.runs) == 4
    with pytest.raises(LensmithError, match="strange"):
        prepare_experiment(store, plan(models="strange"), partial=True)


def test_that_weights_go_to_the_models_they_fit_and_those_that_fit_none_are_told(store: ProjectStore) -> None:
    prospect = look_at(store, plan(models="one,two", weights=("one a", "one b", "two c", "three")))
    assert [(one.weights, one.cause) for one in prospect.hindrances] == [
        ("three", "The weights “three” belong to another model.")
    ]
    starts = [
        (spec.architecture, spec.start.weights.name) for spec in prospect.specs if isinstance(spec.start, Transfer)
    ]
    assert starts == [("one", "one a"), ("one", "one b"), ("two", "two c")]
    assert sum(mode_of(spec.start) == "scratch" for spec in prospect.specs) == 2
    alone = look_at(store, plan(models="one,two", weights=("one a",))).hindrances
    assert [(one.model, one.mode) for one in alone] == [("two", "transfer"), ("two", "finetune")]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (ExperimentPlan(modes=(), models=("one",)), "nothing to compare"),
        (plan("scratch,magic"), "no mode “magic”"),
        (plan(seeds=6), "6 seeds"),
        (plan(seeds=0), "0 seeds"),
        (plan(budget_minutes=0), "no time"),
        (plan(overrides={"mood": 1}), "no setting “mood”"),
        (plan(overrides={"mode": "scratch"}), "no setting “mode”"),
        (plan(overrides={"epochs": "many"}), "A setting cannot be used"),
    ],
)
def test_that_a_plan_that_says_nothing_or_nonsense_is_refused(
    store: ProjectStore, wanted: ExperimentPlan, words: str
) -> None:
    with pytest.raises(LensmithError, match=words):
        look_at(store, wanted)


def test_that_without_room_for_all_runs_none_is_left(store: ProjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    create, made = RunStore.create, []

    def until_the_disk_is_full(self: RunStore, *arguments: object) -> object:
        if len(made) == 2:
            raise LensmithError("The disk is full.", "Free some space.")
        made.append(create(self, *arguments))
        return made[-1]

    monkeypatch.setattr(RunStore, "create", until_the_disk_is_full)
    with pytest.raises(LensmithError, match="disk is full"):
        prepare_experiment(store, plan())
    assert RunStore(store.path).list() == []
    assert list_experiments(store.path) == ()
    assert read_queue(store.path).entries == ()


def test_that_runs_of_a_preparation_that_was_killed_are_swept_away_by_the_next(
    store: ProjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = RunStore(store.path)
    alone = clone(runs, runs.get(prepare_experiment(store, plan("scratch"))[0].runs[0]))
    with monkeypatch.context() as patch:
        patch.setattr(experimenting, "Experiment", lambda **values: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            prepare_experiment(store, plan())
    assert len(runs.list()) == 5, "three that belong to no experiment"
    experiment, _ = prepare_experiment(store, plan("transfer"))
    left = [run.id for run in runs.list()]
    assert left == ["0001-scratch-one", alone.id, *experiment.runs]
    assert experiment.number == 2


def test_that_a_form_gives_the_overrides_that_give_its_choices_again(store: ProjectStore) -> None:
    choices = Choices(mode="transfer", weights=WEIGHTS, epochs=4, head_layers=(8, 4), mirror=False, effort=Effort.QUICK)
    assert overrides_of(choices) == {"epochs": 4, "head_layers": [8, 4], "mirror": False}
    spec = look_at(store, plan("transfer", overrides=overrides_of(choices), effort=Effort.QUICK)).specs[0]
    assert (spec.epochs, spec.head_layers, spec.mirror) == (4, (8, 4), False)


def test_that_a_copy_without_changes_is_asked_for_the_same_and_one_with_changes_for_those_only(
    store: ProjectStore,
) -> None:
    runs = RunStore(store.path)
    wanted = plan("scratch,transfer,finetune", effort=Effort.THOROUGH, overrides={"patience": 0, "unfreeze_after": 2})
    for made in prepare_experiment(store, wanted)[0].runs:
        run = runs.get(made)
        copy = clone(runs, run)
        assert copy.id != run.id
        assert copy.spec() == run.spec()
        assert (copy.path / "snapshot.json").read_bytes() == (run.path / "snapshot.json").read_bytes()
        changed = clone(runs, run, {"epochs": 2, "seed": 9}).spec()
        warmup = min(run.spec().warmup_epochs, 0.5)
        assert changed == replace(run.spec(), epochs=2, seed=9, warmup_epochs=warmup)
    with pytest.raises(LensmithError, match="at least one epoch"):
        clone(runs, run, {"epochs": -1})


def test_that_the_choices_of_a_run_name_what_it_started_from(store: ProjectStore) -> None:
    spec = look_at(store, plan("finetune", overrides={"backbone_lr_scale": 0.3})).specs[0]
    choices = choices_of(spec)
    assert (choices.mode, choices.weights, choices.backbone_lr_scale) == ("finetune", spec.start.weights, 0.3)
    earlier = RunWeights("0001-scratch-one", "0" * 64, (ImageClass(0, "cat"),))
    assert choices_of(replace(spec, start=FineTune(earlier))).weights == earlier


def test_that_a_copy_takes_the_data_of_then_or_of_now(store: ProjectStore) -> None:
    runs = RunStore(store.path)
    run = runs.get(prepare_experiment(store, plan("scratch"))[0].runs[0])
    moved = next(image.hash for image in store.images() if image.split is Split.TRAIN)
    store.set_splits({moved: Split.VAL}, unlock=True)
    assert clone(runs, run).snapshot() == run.snapshot()
    now = clone(runs, run, {}, frozen_now(store))
    assert now.spec().snapshot == now.snapshot().data_hash() != run.spec().snapshot


def test_that_a_run_is_repeated_with_seeds_that_no_like_run_has(store: ProjectStore) -> None:
    runs = RunStore(store.path)
    run = runs.get(prepare_experiment(store, plan("scratch", seeds=2))[0].runs[0])
    clone(runs, run, {"seed": 3})
    clone(runs, run, {"seed": 2, "epochs": 1})
    assert unused_seeds(runs, run, 3) == [2, 4, 5]
    again = repeat(runs, run, [2, 4])
    assert [other.spec() for other in again] == [replace(run.spec(), seed=seed) for seed in (2, 4)]


def test_that_a_run_of_another_model_than_the_catalogue_knows_can_be_copied(store: ProjectStore) -> None:
    runs = RunStore(store.path)
    run, _ = prepare_run(store, "some_timm_model", Choices(mode="scratch"), None)
    assert clone(runs, run).spec() == run.spec()


def test_that_an_experiment_survives_its_way_through_the_file(store: ProjectStore) -> None:
    experiment, _ = prepare_experiment(store, plan(overrides={"head_layers": [4]}))
    assert msgspec.json.decode(msgspec.json.encode(experiment), type=type(experiment)) == experiment
    shutil.rmtree(store.path / "experiments")
    assert find_experiment(store.path, 1) is None
