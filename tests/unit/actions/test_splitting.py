"""Splitting before a run: only what was never split, and nothing that the source decided."""

from pathlib import Path

import pytest

from core.actions.importing import opened, run_import
from core.actions.splitting import count_splits, fill_missing_split, is_split, resplit_project, split_project
from core.domain.errors import LensmithError
from core.domain.task import Split
from core.store.project_store import ProjectStore
from tests.e2e.pictures import draw, draw_classes
from tests.simulated_runs import make_run


def imported(project: Path, source: Path) -> ProjectStore:
    store = ProjectStore.create(project)
    with opened(store, source) as dataset:
        run_import(store, dataset)
    return store


def test_that_data_never_split_gets_all_three_parts_once(tmp_path: Path) -> None:
    with imported(tmp_path / "p", draw_classes(tmp_path / "set", {"cat": 10, "dog": 10})) as store:
        assert not is_split(store)
        said = fill_missing_split(store, seed=0)
        assert count_splits(store) == {"train": 12, "val": 4, "test": 4, "none": 0}
        assert said is not None
        assert "12 train, 4 val and 4 test" in said
        assert fill_missing_split(store, seed=0) is None


def test_that_a_source_with_train_and_test_keeps_its_test_and_gets_val_from_train(tmp_path: Path) -> None:
    for part, first in (("train", 0), ("test", 5000)):
        draw_classes(tmp_path / "set" / part, {"cat": 10, "dog": 10}, first)
    with imported(tmp_path / "p", tmp_path / "set") as store:
        fill_missing_split(store, seed=0)
        counts = count_splits(store)
        assert counts["test"] == 20
        assert counts["val"] > 0
        assert counts["train"] + counts["val"] == 20


def test_that_unlabelled_images_do_not_count_as_unsplit(tmp_path: Path) -> None:
    source = draw_classes(tmp_path / "set", {"cat": 10, "dog": 10})
    draw(source / "loose.png", 99_999)
    with imported(tmp_path / "p", source) as store:
        split_project(store, val=0.2, test=0.2)
        assert count_splits(store)["none"] == 1
        assert is_split(store)
        assert fill_missing_split(store, seed=0) is None


@pytest.mark.parametrize(("val", "test"), [(0.5, 0.5), (-0.1, 0.2), (1.0, 0.0), (float("nan"), 0.1)])
def test_that_fractions_that_leave_nothing_are_refused(tmp_path: Path, val: float, test: float) -> None:
    with ProjectStore.create(tmp_path / "p") as store, pytest.raises(LensmithError, match="nothing to train on"):
        split_project(store, val=val, test=test)


def test_that_a_new_split_replaces_the_source_s_own_and_can_be_undone(tmp_path: Path) -> None:
    for part, first in (("train", 0), ("test", 5000)):
        draw_classes(tmp_path / "set" / part, {"cat": 20, "dog": 20}, first)
    with imported(tmp_path / "p", tmp_path / "set") as store:
        before = resplit_project(store, val=0.1, test=0.2)
        assert count_splits(store) == {"train": 56, "val": 8, "test": 16, "none": 0}
        store.set_splits(before)
        assert count_splits(store) == {"train": 40, "val": 0, "test": 40, "none": 0}


def test_that_the_split_is_locked_once_a_run_exists(tmp_path: Path) -> None:
    with imported(tmp_path / "p", draw_classes(tmp_path / "set", {"cat": 10, "dog": 10})) as store:
        split_project(store, val=0.2, test=0.2)
        before = count_splits(store)
        make_run(store.path, splits=((Split.TRAIN, 2), (Split.VAL, 2)))
        with pytest.raises(LensmithError, match="locked"):
            resplit_project(store, val=0.3, test=0.3)
        assert count_splits(store) == before
