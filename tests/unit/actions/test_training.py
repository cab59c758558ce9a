"""What a form may know before a run: the same numbers that the run then finds."""

from pathlib import Path

from msgspec.structs import replace

from core.actions.importing import opened, run_import
from core.actions.projects import ProjectData, read_project
from core.actions.splitting import split_project
from core.actions.training import facts_of_data, prepare_run
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
