"""Curves for TensorBoard and MLflow, with pretended packages in the place of the real ones."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from core.domain.event import EpochFinished, Finished, Outcome, RunEvent, Warned
from core.runs import trackers
from core.runs.event_log import EVENTS, read_events
from core.runs.worker import work
from core.store.files import write_atomic
from tests.simulated_runs import assert_grammar, make_run, project_without_leaks


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv(trackers.VARIABLE, raising=False)
    with project_without_leaks(tmp_path, monkeypatch) as made:
        yield made


class Client:
    """As much of ``mlflow.MlflowClient`` as is used; what it was told outlives it, as a database does."""

    told: dict[str, Any]

    def __init__(self, tracking_uri: str) -> None:
        assert tracking_uri.startswith("sqlite:///")
        self.told.setdefault("metrics", [])

    def get_experiment_by_name(self, name: str) -> Any:
        return SimpleNamespace(experiment_id="1") if self.told.get("experiment") == name else None

    def create_experiment(self, name: str, artifact_location: str) -> str:
        assert artifact_location.startswith("file://")
        self.told["experiment"] = name
        return "1"

    def search_runs(self, experiments: list[str], filter_string: str, max_results: int) -> list[Any]:
        found = [name for name in self.told.get("runs", ()) if f"'{name}'" in filter_string]
        return [SimpleNamespace(info=SimpleNamespace(run_id=name)) for name in found]

    def create_run(self, experiment: str, run_name: str, tags: dict[str, str]) -> Any:
        self.told.setdefault("runs", []).append(tags["lensmith.run"])
        return SimpleNamespace(info=SimpleNamespace(run_id=run_name))

    def update_run(self, run_id: str, status: str) -> None:
        self.told["status"] = status

    def log_param(self, run_id: str, name: str, value: object) -> None:
        self.told.setdefault("settings", {})[name] = value

    def log_metric(self, run_id: str, name: str, value: float, timestamp: int, step: int) -> None:
        self.told["metrics"].append((name, step, value))

    def set_terminated(self, run_id: str, status: str) -> None:
        self.told["status"] = status


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    told: dict[str, Any] = {}
    module = ModuleType("mlflow")
    module.MlflowClient = type("MlflowClient", (Client,), {"told": told})
    monkeypatch.setitem(sys.modules, "mlflow", module)
    return told


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What event files were told."""
    told: list[Any] = []

    class EventFileWriter:
        def __init__(self, folder: str) -> None:
            Path(folder).mkdir(parents=True, exist_ok=True)

        add_event = staticmethod(told.append)

        def flush(self) -> None: ...

        def close(self) -> None:
            told.append("closed")

    class Summary(SimpleNamespace):
        Value = SimpleNamespace

    for name, values in (
        ("tensorboard.summary.writer.event_file_writer", {"EventFileWriter": EventFileWriter}),
        ("tensorboard.compat.proto.event_pb2", {"Event": SimpleNamespace}),
        ("tensorboard.compat.proto.summary_pb2", {"Summary": Summary}),
    ):
        module = ModuleType(name)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, name, module)
    return told


def test_that_nothing_is_tracked_unless_asked_for(project):
    run = make_run(project, epochs=2)
    assert work(run, resume=False) == 0
    assert not (project / trackers.FOLDER).exists()


@pytest.mark.parametrize(("variable", "own", "home", "tools"), [
    ("", "", "", ()),
    ("", "", '{"tools": ["mlflow"]}', ("mlflow",)),
    ("", '{"tools": []}', '{"tools": ["mlflow"]}', ()),
    ("off", '{"tools": ["mlflow"]}', "", ()),
    ("tensorboard, MLflow", "", "", ("tensorboard", "mlflow")),
])  # fmt: skip
def test_that_the_nearest_wish_counts(project, monkeypatch, variable, own, home, tools):
    monkeypatch.setenv(trackers.VARIABLE, variable)
    for file, text in ((project / trackers.SETTINGS, own), (trackers.home() / trackers.SETTINGS, home)):
        file.parent.mkdir(exist_ok=True)
        if text:
            write_atomic(file, text.encode())
    assert trackers.wanted_tools(project) == tools


def test_that_mlflow_gets_settings_every_epoch_and_what_the_onnx_file_reached(project, mlflow, monkeypatch):
    monkeypatch.setenv(trackers.VARIABLE, "mlflow")
    run = make_run(project, epochs=3)
    assert work(run, resume=False) == 0
    told = {(name, step): value for name, step, value in mlflow["metrics"]}
    for epoch in (event for event in read_events(run / EVENTS) if isinstance(event, EpochFinished)):
        assert told["loss/train", epoch.epoch] == epoch.train_loss
        assert told["validation/mAP50-95", epoch.epoch] == epoch.metrics["mAP50-95"]
    assert ("onnx_test/mAP50-95", 0) in told
    assert mlflow["experiment"] == project.name
    assert (mlflow["settings"]["mode"], mlflow["settings"]["epochs"]) == ("scratch", 3)
    assert mlflow["status"] == "FINISHED"


def test_that_a_resumed_run_goes_on_in_the_same_place_and_repeats_nothing(project, mlflow, monkeypatch):
    monkeypatch.setenv(trackers.VARIABLE, "mlflow")
    run = make_run(project, "simulated?raise_at=3", epochs=4)
    assert work(run, resume=False) == 1
    assert mlflow["status"] == "FAILED"
    assert work(run, resume=True) == 0
    assert [step for name, step, _ in mlflow["metrics"] if name == "loss/train"] == [1, 2, 3, 4]
    assert mlflow["runs"] == [run.name]
    assert mlflow["status"] == "FINISHED"


def test_that_a_tool_chosen_later_is_told_what_was_before(project, mlflow, monkeypatch):
    run = make_run(project, "simulated?raise_at=3", epochs=4)
    assert work(run, resume=False) == 1
    monkeypatch.setenv(trackers.VARIABLE, "mlflow")
    assert work(run, resume=True) == 0
    assert [step for name, step, _ in mlflow["metrics"] if name == "loss/train"] == [1, 2, 3, 4]


def test_that_tensorboard_gets_an_event_an_epoch(project, board, monkeypatch):
    monkeypatch.setenv(trackers.VARIABLE, "tensorboard")
    run = make_run(project, epochs=3)
    assert work(run, resume=False) == 0
    assert [event.step for event in board[:3]] == [1, 2, 3]
    assert {value.tag for value in board[0].summary.value} >= {"loss/train", "loss/validation", "validation/mAP50"}
    assert (project / "tracking" / "tensorboard" / run.name).is_dir()
    assert board[-1] == "closed"


def broken(told: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def log_metric(*arguments: object, **more: object) -> None:
        raise RuntimeError("database is locked")

    monkeypatch.setattr(sys.modules["mlflow"].MlflowClient, "log_metric", log_metric)


@pytest.mark.parametrize("fault", ["not installed", "breaks", "unknown", "damaged"])
def test_that_trouble_with_a_tool_is_a_warning_and_the_run_completes(project, mlflow, monkeypatch, fault):
    monkeypatch.setenv(trackers.VARIABLE, "comet" if fault == "unknown" else "mlflow")
    if fault == "not installed":
        monkeypatch.setitem(sys.modules, "mlflow", None)
    elif fault == "breaks":
        broken(mlflow, monkeypatch)
    elif fault == "damaged":
        monkeypatch.setenv(trackers.VARIABLE, "")
        (project / trackers.SETTINGS).write_text("{")
    run = make_run(project, epochs=2)
    assert work(run, resume=False) == 0
    events = read_events(run / EVENTS)
    assert_grammar(events)
    (warned,) = [event for event in events if isinstance(event, Warned)]
    words = {"not installed": "lensmith[tracking]", "breaks": "database is locked", "unknown": "“comet”"}
    assert words.get(fault, trackers.SETTINGS) in f"{warned.cause} {warned.remedy}"
    assert isinstance(events[-1], Finished)
    assert events[-1].outcome is Outcome.COMPLETED


def test_that_a_tool_that_never_answers_holds_a_run_up_only_for_a_while(project, mlflow, monkeypatch):
    import threading

    freed = threading.Event()
    monkeypatch.setattr(trackers, "_LAST_WORDS", 0.1)
    monkeypatch.setattr(sys.modules["mlflow"].MlflowClient, "log_metric", lambda *a, **k: freed.wait(20))
    monkeypatch.setenv(trackers.VARIABLE, "mlflow")
    said: list[RunEvent] = []
    run = make_run(project, epochs=2)
    with trackers.tracked(run, said.append):
        make_events(run)
    try:
        assert [event.cause for event in said if isinstance(event, Warned)] == [
            "Curves are not tracked. They took too long."
        ]
    finally:
        freed.set()
    thread = next((one for one in threading.enumerate() if one.name == "tracking"), None)
    if thread is not None:
        thread.join(10)
    assert len(said) == 1  # nothing after the run's last event


def make_events(run: Path) -> None:
    from core.runs.event_log import EventLog

    with EventLog(run / EVENTS) as log:
        log.append(
            EpochFinished(epoch=1, train_loss=1, val_loss=None, metrics={}, learning_rate=1, seconds=1, best=True)
        )
