"""``lensmith runs``: start a prepared run, follow, stop, kill, resume. The engine is simulated, all else is real."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.runs import supervisor
from core.runs.event_log import EVENTS, read_events
from core.runs.status import is_alive, worker_of
from core.store.project_store import ProjectStore
from tests.e2e.commands import Lensmith, finish, interrupt
from tests.simulated_runs import assert_grammar, make_run

ENDLESS = {"architecture": "simulated?epoch_seconds=0.1", "epochs": 100_000}


@pytest.fixture
def project(place: Path) -> Iterator[Path]:
    """A project without images; runs bring their own. No worker may outlive the test."""
    path = place / "p"
    ProjectStore.create(path).close()
    yield path
    leaked = [run for run in path.glob("runs/0*") if is_alive(run)]
    for run in leaked:
        supervisor.kill(run)
    assert not leaked, "a worker was left behind"


def wait_for_epoch(run: Path, epoch: int, child: "subprocess.Popen[str]") -> None:
    while sum('"type":"epoch"' in line for line in lines_of(run)) < epoch:
        assert child.poll() is None, child.communicate()
        time.sleep(0.02)


def lines_of(run: Path) -> list[str]:
    events = run / EVENTS
    return events.read_text("utf-8").splitlines() if events.exists() else []


def test_that_a_prepared_run_is_started_followed_and_reported(lensmith: Lensmith, project: Path) -> None:
    run = make_run(project, epochs=3)
    (waiting,) = lensmith.json("runs", "p")
    assert (waiting["run"], waiting["state"]) == (run.name, "waiting")
    assert "never started" in lensmith.refused("runs", "p", "1", "--follow", "--json")

    done = lensmith.ok("runs", "p", "1", "--resume", "--json")

    result = done.json
    assert list(result)[:8] == ["run", "outcome", "mode", "model", "seconds", "metrics", "onnx", "parity"]
    assert (result["run"], result["outcome"], result["mode"], result["model"]) == (
        run.name,
        "completed",
        "scratch",
        "simulated",
    )
    assert set(result["seconds"]) == {"total", "training"}
    assert {"mAP50-95", "mAP50"} <= result["metrics"]["val"].keys() & result["metrics"]["test"].keys()
    assert Path(result["onnx"]).is_file()
    assert result["parity"]["passed"] is True
    assert result["parity"]["max_abs_diff"] >= 0
    assert "epoch    3" in done.err

    assert lensmith.json("runs", "p", run.name) == result
    (row,) = lensmith.json("runs", "p")
    assert (row["state"], row["epochs"], row["val"]) == ("completed", 3, result["metrics"]["val"]["mAP50-95"])
    report = lensmith.json("report", "p")
    assert report["val"]["metrics"] == result["metrics"]["val"]
    assert "is not running: it is completed" in lensmith.refused("runs", "p", "1", "--stop", "--json")
    assert "already completed" in lensmith.refused("runs", "p", "1", "--resume", "--json")
    assert lensmith.json("runs", "p", "1", "--follow") == result


def test_that_a_run_is_stopped_from_another_terminal_and_keeps_its_best(lensmith: Lensmith, project: Path) -> None:
    run = make_run(project, **ENDLESS)
    child = lensmith.start("runs", "p", "1", "--resume", "--json")
    wait_for_epoch(run, 2, child)

    lensmith.ok("runs", "p", "1", "--stop")
    done = finish(child)

    assert (done.code, done.json["outcome"]) == (0, "stopped")
    assert Path(done.json["onnx"]).is_file()


def test_that_a_killed_run_is_told_as_interrupted_and_resumes(lensmith: Lensmith, project: Path) -> None:
    run = make_run(project, "simulated?epoch_seconds=0.3", epochs=12)
    child = lensmith.start("runs", "p", "1", "--resume", "--json")
    wait_for_epoch(run, 2, child)

    killed = lensmith.json("runs", "p", "1", "--kill")
    followed = finish(child)

    assert killed["outcome"] == "interrupted"
    assert (followed.code, followed.json["outcome"], followed.json["onnx"]) == (1, "interrupted", None)
    assert "Resume" in followed.err
    assert lensmith.json("runs", "p", "1", "--resume")["outcome"] == "completed"
    assert_grammar(read_events(run / EVENTS))


@pytest.mark.skipif(os.name == "nt", reason="Ctrl+C cannot be sent to one process there")
def test_that_ctrl_c_while_following_stops_the_run_and_tells_each_epoch_once(lensmith: Lensmith, project: Path) -> None:
    run = make_run(project, **ENDLESS)
    child = lensmith.start("runs", "p", "1", "--resume", "--json")
    wait_for_epoch(run, 2, child)

    interrupt(child)
    done = finish(child)

    assert (done.code, done.json["outcome"]) == (0, "stopped")
    assert done.err.count("epoch    1 ") == 1
    assert "Ctrl+C again" in done.err


def test_that_a_run_goes_on_when_its_follower_is_killed_and_is_followed_again(
    lensmith: Lensmith, project: Path
) -> None:
    run = make_run(project, "simulated?epoch_seconds=0.3", epochs=14)
    child = lensmith.start("runs", "p", "1", "--resume")
    wait_for_epoch(run, 1, child)
    child.kill()
    child.communicate()

    assert is_alive(run)
    assert lensmith.json("runs", "p")[0]["state"] == "running"
    assert lensmith.json("runs", "p", "1", "--follow")["outcome"] == "completed"


def test_that_a_worker_killed_from_outside_is_interrupted_in_the_next_list(lensmith: Lensmith, project: Path) -> None:
    run = make_run(project, **ENDLESS)
    child = lensmith.start("runs", "p", "1", "--resume")
    wait_for_epoch(run, 1, child)
    child.kill()
    child.communicate()
    worker = worker_of(run)
    assert worker is not None
    os.kill(worker.process.pid, 9)
    while is_alive(run):
        time.sleep(0.02)

    assert lensmith.json("runs", "p")[0]["state"] == "interrupted"


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [("raise_at=2", "unexpected error"), ("nan_at=2", "no longer a finite number"), ("library=no_such.so", "no_such")],
)
def test_that_a_run_that_fails_ends_with_a_sentence_and_exit_code_1(
    lensmith: Lensmith, project: Path, fault: str, sentence: str
) -> None:
    make_run(project, f"simulated?{fault}", epochs=3)
    done = lensmith.run("runs", "p", "1", "--resume", "--json")
    assert (done.code, done.json["outcome"]) == (1, "failed")
    assert sentence in done.json["reason"]
    assert done.json["remedy"]
    assert sentence in done.err


def test_that_one_damaged_run_does_not_hide_the_others(lensmith: Lensmith, project: Path) -> None:
    first, second = make_run(project), make_run(project)
    (first / "spec.json").write_text("{")
    done = lensmith.ok("runs", "p", "--json")
    assert [row["run"] for row in done.json] == [second.name]
    assert "spec.json" in done.err


def test_that_a_run_whose_pictures_are_gone_says_which(lensmith: Lensmith, project: Path) -> None:
    make_run(project)
    shutil.rmtree(project / "pictures")
    done = lensmith.run("runs", "p", "1", "--resume", "--json")
    assert (done.code, done.json["outcome"]) == (1, "failed")
    assert "pictures cannot be found" in done.json["reason"]


def test_that_runs_are_starred_tagged_archived_deleted_and_brought_back(lensmith: Lensmith, project: Path) -> None:
    first, second = make_run(project).name, make_run(project).name
    said = lensmith.json("runs", "p", "1", "--star", "--tag", "night", "--note", "dirty lamp")
    assert said == {"run": first, "star": True, "tags": ["night"], "archived": False, "note": "dirty lamp"}
    assert [row["run"] for row in lensmith.json("runs", "p", "--tag", "NIGHT")] == [first]
    lensmith.ok("runs", "p", "2", "--archive")
    assert second not in lensmith.ok("runs", "p").out
    assert second in lensmith.ok("runs", "p", "--archive").out

    assert lensmith.json("runs", "p", "1", "--trash") == {"trashed": [first]}
    assert lensmith.json("runs", "p", "--trash")["runs"] == [first]
    assert lensmith.json("runs", "p", "1", "--restore") == {"restored": [first]}
    lensmith.ok("runs", "p", "1", "--trash")
    assert lensmith.run("runs", "p", "--empty-trash").code == 2
    assert lensmith.json("runs", "p", "--empty-trash", "--yes") == {"deleted": [first]}
    assert lensmith.json("runs", "p", "--csv", "runs.csv")["runs"] == 1
    assert "archived" in (lensmith.place / "runs.csv").read_text("utf-8-sig")
