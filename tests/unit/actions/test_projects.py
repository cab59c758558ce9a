"""Opening a project for a verb: who may write, who waits, who is told."""

import threading
from pathlib import Path

import pytest

from core.actions import projects
from core.actions.importing import opened, run_import
from core.actions.splitting import split_project
from core.domain.errors import LensmithError
from core.store.project_store import ProjectStore
from tests.e2e.pictures import draw_classes


@pytest.fixture
def project(tmp_path: Path) -> Path:
    source = draw_classes(tmp_path / "set", {"cat": 5, "dog": 5})
    with ProjectStore.create(tmp_path / "p") as store, opened(store, source) as dataset:
        run_import(store, dataset)
    return tmp_path / "p"


def test_that_a_held_project_is_refused_with_the_name_of_its_holder(project: Path) -> None:
    with ProjectStore.open(project), pytest.raises(LensmithError, match=r"held by .+ \(process \d+, since"):
        projects.writable_project(project)


def test_that_training_needs_no_writing_where_all_is_split(project: Path) -> None:
    with ProjectStore.open(project) as holder:
        split_project(holder, val=0.2, test=0.2)
        with projects.project_to_train(project) as store:
            assert store.read_only


def test_that_training_waits_for_a_command_that_is_splitting(project: Path) -> None:
    holder = ProjectStore.open(project)

    def split_and_leave() -> None:
        split_project(holder, val=0.2, test=0.2)
        holder.close()

    leaving = threading.Timer(0.3, split_and_leave)
    leaving.start()
    try:
        with projects.project_to_train(project) as store:
            assert store.snapshot().images
    finally:
        leaving.join()


def test_that_training_does_not_wait_for_ever(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projects, "PATIENCE", 0.2)
    with ProjectStore.open(project), projects.project_to_train(project) as store:
        assert store.read_only
        with pytest.raises(LensmithError, match="is open in another"):
            split_project(store, val=0.2, test=0.2)
