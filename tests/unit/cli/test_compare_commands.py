"""compare, queue and clone: real runs of the simulated engine, done by a real runner."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.actions import experimenting
from core.actions.importing import opened, run_import
from core.cli import queue_live
from core.cli.main import run
from core.domain.task import Task
from core.runs import supervisor
from core.runs.queue import runner_is_alive
from core.runs.status import is_alive
from core.store.project_store import ProjectStore
from core.store.queue_file import read_queue
from core.store.run_store import RunStore
from core.training.catalog import Entry
from tests.e2e.pictures import draw_classes

QUICK, ENDLESS, FAILING = "quick", "endless", "failing"
_HOW = {QUICK: "epoch_seconds=0.01&batches=2", ENDLESS: "epoch_seconds=60&batches=1000", FAILING: "nan_at=1"}


def pretended_find(name: str, task: Task | None = None) -> Entry:
    return Entry(
        name=f"simulated?{_HOW[name]}",
        title=name,
        task=Task.CLASSIFICATION,
        engine="simulated",
        parameters=None,
        flops=None,
        image_size=64,
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(experimenting, "find", pretended_find)
    source = draw_classes(tmp_path / "set", {"cat": 10, "dog": 10})
    with ProjectStore.create(tmp_path / "p") as store, opened(store, source) as dataset:
        run_import(store, dataset)
    yield tmp_path / "p"
    alive = [one.path for one in RunStore(tmp_path / "p").list() if is_alive(one.path)]
    for path in alive:
        supervisor.kill(path)
    deadline = time.monotonic() + 30
    while runner_is_alive(tmp_path / "p") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive
    assert not runner_is_alive(tmp_path / "p")


def compare(project: Path, models: str, *more: str) -> list[str]:
    return ["compare", str(project), "--modes", "scratch", "--models", models, "--epochs", "2", "--size", "64", *more]


def names(project: Path) -> list[str]:
    return [one.id for one in RunStore(project).list()]


def pause(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["queue", str(project), "--pause"]) == 0
    capsys.readouterr()


def test_that_compare_trains_all_and_prints_one_comparison(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(compare(project, QUICK, "--seeds", "2", "--json")) == 0
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert [row["run"] for row in document["rows"]] == names(project)
    assert [row["seed"] for row in document["rows"]] == [0, 1]
    assert {row["state"] for row in document["rows"]} == {"completed"}
    assert set(document) >= {"rows", "differences", "advice"}
    assert told.err.count(": completed") == 2

    page, table = project.parent / "page.html", project.parent / "table"
    assert run(["compare", str(project), "--runs", "2,1", "--html", str(page), "--csv", str(table)]) == 0
    assert names(project)[0] in page.read_text(encoding="utf-8")
    assert len(table.with_suffix(".csv").read_text(encoding="utf-8").splitlines()) == 3
    shown = capsys.readouterr().out
    assert shown.index(names(project)[1]) < shown.index(names(project)[0])
    assert "accuracy" in shown
    assert "spread over seeds" in shown
    assert len(names(project)) == 2, "nothing was trained anew"


def test_that_a_run_that_fails_is_told_and_the_others_are_compared(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(compare(project, f"{FAILING},{QUICK}", "--json")) == 1
    told = capsys.readouterr()
    rows = json.loads(told.out)["rows"]
    assert [row["state"] for row in rows] == ["failed", "completed"]
    assert "no longer a finite number" in told.err
    assert f"Not every run has a result: {names(project)[0]}" in told.err


def test_that_ctrl_c_takes_out_what_waits_and_ends_what_is_under_way(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first time it asks the run to stop, the second time it ends it."""
    pressed = []

    def press_twice_once_under_way(seconds: float) -> None:
        threading.Event().wait(0.02)
        if len(pressed) < 2 and (pressed or is_alive(RunStore(project).list()[0].path)):
            pressed.append(seconds)
            raise KeyboardInterrupt

    class Time:
        monotonic, sleep = staticmethod(time.monotonic), staticmethod(press_twice_once_under_way)

    monkeypatch.setattr(queue_live, "time", Time)
    assert run(compare(project, ENDLESS, "--seeds", "3", "--json")) == 1
    states = [row["state"] for row in json.loads(capsys.readouterr().out)["rows"]]
    assert states[0] in ("interrupted", "stopped")
    assert states[1:] == ["waiting", "waiting"]
    assert read_queue(project).entries == ()


def test_that_detached_it_queues_and_leaves_the_rest_to_the_queue(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pause(project, capsys)
    assert run(compare(project, QUICK, "--seeds", "2", "--detach", "--json")) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == {"experiment": 1, "runs": names(project)}
    assert "The queue is paused" in told.err
    assert run(["queue", str(project), "--json"]) == 0
    queue = json.loads(capsys.readouterr().out)
    assert queue["paused"]
    assert [(row["turn"], row["run"], row["state"]) for row in queue["runs"]] == [
        (1, names(project)[0], "waiting"),
        (2, names(project)[1], "waiting"),
    ]


def test_that_the_queue_is_changed_from_the_command_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pause(project, capsys)
    run(compare(project, QUICK, "--seeds", "3", "--detach"))
    first, second, third = names(project)

    def order() -> list[str]:
        return [entry.run for entry in read_queue(project).entries]

    assert run(["queue", str(project), "--move", "3", "1"]) == 0
    assert order() == [third, first, second]
    assert run(["queue", str(project), "--remove", "1", "2"]) == 0
    assert order() == [third]
    assert run(["queue", str(project), "--remove", "1"]) == 1
    assert run(["queue", str(project), "--move", "3", "first"]) == 2
    assert run(["queue", str(project), "--add", "2"]) == 0
    assert order() == [third, second]
    assert run(["queue", str(project), "--remove", "2", "3"]) == 0
    assert run(["queue", str(project), "--go"]) == 0
    assert not read_queue(project).paused


def test_that_a_run_is_copied_with_changes_and_other_seeds(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pause(project, capsys)
    run(compare(project, QUICK, "--detach"))
    capsys.readouterr()
    assert run(["clone", str(project), "--run", "1", "--seed", "4", "5", "--epochs", "3", "--json"]) == 0
    copies = json.loads(capsys.readouterr().out)["runs"]
    assert copies == names(project)[1:]
    source, *made = (one.spec() for one in RunStore(project).list())
    assert [(spec.seed, spec.epochs, spec.snapshot) for spec in made] == [
        (4, 3, source.snapshot),
        (5, 3, source.snapshot),
    ]
    assert [entry.run for entry in read_queue(project).entries] == names(project)


@pytest.mark.parametrize("more", [["--html", "page.pdf"], ["--csv", "nowhere/table.csv"]])
def test_that_a_file_that_cannot_be_written_is_told_before_the_training(project: Path, more: list[str]) -> None:
    assert run(compare(project, QUICK, *more)) == 2
    assert names(project) == []


@pytest.mark.parametrize("more", [[], ["--modes", "scratch"], ["--runs", "1", "--modes", "scratch"]])
def test_that_compare_wants_either_runs_or_modes_and_models(project: Path, more: list[str]) -> None:
    assert run(["compare", str(project), *more]) == 2
