"""The probe in a real child process, with the simulated engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.actions import probing
from core.actions.probing import ProbeResult, probe_run
from core.domain.errors import Cancelled, LensmithError
from core.domain.run import RunSpec
from core.domain.task import Split, Task
from core.runs import probing as pace
from core.store.codec import read_json
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder
from core.training.plan import Choices
from tests.simulated_runs import make_run, project_without_leaks

SPLITS = ((Split.TRAIN, 40), (Split.VAL, 20), (Split.TEST, 4))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProjectStore]:
    with project_without_leaks(tmp_path, monkeypatch) as project, ProjectStore.create(project) as store:
        yield store


def prober(store: ProjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, architecture: str, **more):
    """``probe_run`` for a run of the simulated engine, which is in no catalogue."""
    made = make_run(tmp_path / "elsewhere", architecture, task=Task.CLASSIFICATION, splits=SPLITS, **more)
    planned = (read_json(made / "spec.json", RunSpec), RunFolder("", made).snapshot(), None)
    monkeypatch.setattr(probing, "plan_run", lambda *_: planned)
    return lambda progress=probing.silent: probe_run(store, "", Choices(mode="scratch"), None, progress)


def files_of(folder: Path) -> set[str]:
    found = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    return {name for name in found if not name.startswith("lensmith.") and not name.endswith(".lock")}


def test_that_a_probe_foretells_time_and_memory_and_leaves_nothing(
    store: ProjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = prober(store, tmp_path, monkeypatch, "simulated?epoch_seconds=0.4&batches=20", epochs=50)
    before, told = files_of(store.path), []
    found = probe(lambda done, total, what: told.append((done, total, what)))
    assert found.fits
    assert found.seconds_per_epoch is not None
    assert found.total_seconds is not None
    assert found.seconds_per_epoch >= 0.4  # the engine sleeps for as long; it says so of 28 of its 40 images
    assert found.total_seconds > 50 * 0.4
    assert found.low < found.seconds_per_epoch < found.high
    assert found.total_low < found.total_seconds < found.total_high
    assert found.peak_memory_mb > 20
    assert found.kwh > 0
    assert (60, 60, "Trying some steps") in told  # three epochs of twenty batches
    assert files_of(store.path) <= before | {"cache"}
    assert not list((store.path / "runs").glob("*"))


def test_that_what_does_not_fit_is_told_with_cause_and_remedy(
    store: ProjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "CUDA+out+of+memory."
    found = prober(store, tmp_path, monkeypatch, f"simulated?raise_at=1&words={words}")()
    assert not found.fits
    assert found.total_seconds is None
    assert found.obstacle is not None
    assert "graphics card has no memory left" in found.obstacle.cause
    assert "smaller batch" in found.obstacle.remedy
    assert not (store.path / "cache" / "probe").exists()


def test_that_a_failure_for_another_reason_is_an_error_and_leaves_nothing(
    store: ProjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LensmithError, match="went wrong on purpose"):
        prober(store, tmp_path, monkeypatch, "simulated?raise_at=2")()
    assert not (store.path / "cache" / "probe").exists()


def test_that_cancelling_ends_the_child_and_leaves_nothing(
    store: ProjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancel(done: int, total: int, what: str) -> None:
        if what == "Trying some steps":
            raise Cancelled

    with pytest.raises(Cancelled):
        prober(store, tmp_path, monkeypatch, "simulated?epoch_seconds=600&batches=6000")(cancel)
    assert not (store.path / "cache" / "probe").exists()


def test_that_two_probes_of_a_project_do_not_meet(
    store: ProjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = prober(store, tmp_path, monkeypatch, "simulated?epoch_seconds=0.4")
    refused = []

    def again(done: int, total: int, what: str) -> None:
        if not refused:
            with pytest.raises(LensmithError) as caught:
                probe()
            refused.append(caught.value.cause)

    assert isinstance(probe(again), ProbeResult)
    assert "being tried already" in refused[0]


def test_that_very_slow_steps_are_cut_short(
    store: ProjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pace._PATIENCE == 60
    clock = pace._Clock(_Deaf(), began=0.0)
    clock._steps = [(1, 30.0)] * 3
    clock._train_at = -100.0
    with pytest.raises(pace.StopRequested):
        clock.check_stop()
    clock._steps.pop()
    clock.check_stop()


class _Deaf:
    def check_stop(self) -> None: ...
