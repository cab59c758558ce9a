"""What a form may know before a run: the same numbers that the run then finds."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from core.actions.importing import opened, run_import
from core.actions.projects import ProjectData, read_project
from core.actions.splitting import split_project
from core.actions.training import data_choice, facts_of_data, prepare_run
from core.domain.annotation import class_ids
from core.domain.data_choice import Share
from core.domain.errors import LensmithError
from core.domain.task import Split
from core.store.project_store import ProjectStore
from core.training.catalog import find
from core.training.plan import Choices, plan
from tests.e2e.pictures import draw, draw_classes


def data_of(tmp_path: Path, counts: dict[str, int], loose: int = 0) -> ProjectStore:
    source = draw_classes(tmp_path / "set", counts)
    for number in range(loose):
        draw(source / f"loose {number}.png", 90_000 + number)
    store = ProjectStore.create(tmp_path / "p")
    with opened(store, source) as dataset:
        run_import(store, dataset)
    return store


def test_that_facts_of_data_without_a_split_foretell_the_split_and_the_specification(tmp_path: Path) -> None:
    with data_of(tmp_path, {"cat": 10, "dog": 10}, loose=3) as store:
        facts = facts_of_data(read_project(store))
        assert facts is not None
        assert facts.will_split
        run, _ = prepare_run(store, "simple_cnn", Choices(mode="scratch"), None)
        parts = run.snapshot().part
        assert (facts.train, facts.val, facts.test) == tuple(len(parts(split)) for split in Split)
        choices = Choices(mode="scratch")
        planned = plan(find("simple_cnn"), choices, facts, cuda=run.spec().batch_size is None)
        assert replace(planned, snapshot=run.spec().snapshot) == run.spec()
        after = facts_of_data(read_project(store))
        assert after == replace(facts, will_split=False)


def test_that_the_users_own_split_is_what_counts(tmp_path: Path) -> None:
    with data_of(tmp_path, {"cat": 10, "dog": 10}) as store:
        split_project(store, val=0.4, test=0.0)
        facts = facts_of_data(read_project(store))
        assert (facts.train, facts.val, facts.test, facts.will_split) == (12, 8, 0, False)
        assert facts.classes == 2


def test_that_a_project_without_a_task_has_no_facts(tmp_path: Path) -> None:
    with ProjectStore.create(tmp_path / "p") as store:
        assert facts_of_data(ProjectData(info=store.info)) is None


def test_that_unlabelled_pictures_count_for_nothing(tmp_path: Path) -> None:
    with data_of(tmp_path, {"cat": 10, "dog": 10}, loose=4) as store:
        facts = facts_of_data(read_project(store))
        assert facts.train + facts.val + facts.test == 20


def with_an_ancestor(tmp_path: Path) -> ProjectStore:
    """Run 1 knows cats and dogs; owls and mice came since."""
    store = data_of(tmp_path, {"cat": 10, "dog": 10})
    run, _ = prepare_run(store, "simple_cnn", Choices(mode="scratch"), None)
    (run.path / "best.safetensors").write_bytes(b"its weights")
    with opened(store, draw_classes(tmp_path / "more", {"owl": 8, "mouse": 8}, first=9000)) as dataset:
        run_import(store, dataset)
    return store


def test_that_a_run_on_new_images_only_is_frozen_so_and_warned_about_before_it_starts(tmp_path: Path) -> None:
    with with_an_ancestor(tmp_path) as store:
        choices = Choices(mode="finetune", data=data_choice(store, new_only=True))
        run, note = prepare_run(store, "simple_cnn", choices, "run:1")
        names = {one.id: one.name for one in run.snapshot().classes}
        trained = {names[class_id] for i in run.snapshot().part(Split.TRAIN) for class_id in class_ids(i.annotation)}
        assert trained == {"owl", "mouse"}
        assert set(names.values()) == {"cat", "dog", "owl", "mouse"}
        assert note is not None
        assert "“cat”, “dog”" in note
        assert "Mix in images" in note
        use = run.spec().data_use
        assert use is not None
        assert (use.chosen, use.mixed) == (len(run.snapshot().part(Split.TRAIN)), 0)
        assert run.spec().snapshot == run.snapshot().data_hash()


def test_that_a_mix_of_old_images_needs_no_warning_and_runs_stay_comparable(tmp_path: Path) -> None:
    with with_an_ancestor(tmp_path) as store:
        whole, none = prepare_run(store, "simple_cnn", Choices(mode="finetune"), "run:1")
        choices = Choices(mode="finetune", data=data_choice(store, mix=Share(0.5)))
        mixed, note = prepare_run(store, "simple_cnn", choices, "run:1")
        assert note is None or "forget" not in note
        assert none is None or "forget" not in none
        assert 0 < len(mixed.snapshot().part(Split.TRAIN)) < len(whole.snapshot().part(Split.TRAIN))
        assert mixed.snapshot().test_hash() == whole.snapshot().test_hash()
        assert whole.spec().data_use is None


def test_that_new_images_only_needs_an_earlier_run(tmp_path: Path) -> None:
    with with_an_ancestor(tmp_path) as store:
        choices = Choices(mode="scratch", data=data_choice(store, new_only=True))
        with pytest.raises(LensmithError, match="earlier run"):
            prepare_run(store, "simple_cnn", choices, None)


def test_that_new_means_new_to_the_whole_line_of_ancestors(tmp_path: Path) -> None:
    """Run 2 had owls and mice only; cats and dogs are not new to one that starts from it."""
    with with_an_ancestor(tmp_path) as store:
        newer = Choices(mode="finetune", data=data_choice(store, new_only=True))
        second, _ = prepare_run(store, "simple_cnn", newer, "run:1")
        (second.path / "best.safetensors").write_bytes(b"its weights")
        with pytest.raises(LensmithError, match="None of the images"):
            prepare_run(store, "simple_cnn", newer, "run:2")
        mixed = Choices(mode="finetune", data=data_choice(store, ["owl"], Share(1.0)))
        third, _ = prepare_run(store, "simple_cnn", mixed, "run:2")
        names = {one.id: one.name for one in third.snapshot().classes}
        trained = {names[class_id] for i in third.snapshot().part(Split.TRAIN) for class_id in class_ids(i.annotation)}
        assert trained == {"cat", "dog", "owl", "mouse"}
