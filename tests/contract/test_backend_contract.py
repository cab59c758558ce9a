"""What every engine must keep to, tried with real workers on a few drawn pictures."""

import hashlib
import os
import shutil
import signal
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
import safetensors.numpy

from core.backends.loading import MODULES
from core.data.images import read
from core.domain.event import (
    CheckpointSaved,
    DeviceChosen,
    EpochFinished,
    Event,
    Finished,
    Outcome,
    Phase,
    Progress,
)
from core.domain.history import RunHistory, RunState
from core.domain.report import Report
from core.domain.task import Split, Task
from core.inference.onnx_model import OnnxModel
from core.runs import supervisor
from core.runs.event_log import EVENTS, read_events
from core.runs.status import is_alive
from core.store.codec import read_json
from core.store.files import newest_whole
from core.store.run_store import RunFolder
from tests.simulated_runs import CLASSES, assert_grammar, make_run, project_without_leaks


class Engine(NamedTuple):
    name: str
    architecture: str
    task: Task


ENGINES = (
    Engine("simulated", "simulated?epoch_seconds=0.3&batches=30", Task.CLASSIFICATION),
    Engine("simulated", "simulated?epoch_seconds=0.3&batches=30", Task.DETECTION),
    Engine("timm", "simple_cnn", Task.CLASSIFICATION),
    Engine("ultralytics", "yolov8n", Task.DETECTION),
)
EPOCHS = 3
pytestmark = pytest.mark.slow


class Completed(NamedTuple):
    engine: Engine
    run: Path
    pictures_before: dict[str, str]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch, project_without_leaks(tmp_path_factory.mktemp("c"), patch) as project:
        yield project


@pytest.fixture(scope="module", params=ENGINES, ids=lambda engine: f"{engine.name}-{engine.task}")
def completed(request: pytest.FixtureRequest, shared: Path) -> Completed:
    """A run of three epochs that went to its end without a disturbance."""
    engine: Engine = request.param
    run = new_run(shared, engine, EPOCHS)
    before = contents(run.parent.parent / "pictures")
    supervisor.launch(run)
    last = list(supervisor.follow(run))[-1]
    assert isinstance(last, Finished)
    assert last.outcome is Outcome.COMPLETED, (last, (run / "worker.log").read_text()[-3000:])
    return Completed(engine, run, before)


def new_run(project: Path, engine: Engine, epochs: int) -> Path:
    folder = project / f"{engine.name} {engine.task}"
    folder.mkdir(exist_ok=True)
    return make_run(folder, engine.architecture, engine=engine.name, task=engine.task, epochs=epochs)


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in folder.rglob("*")
    }


def follow_until_epoch(run: Path, epoch: int) -> None:
    for event in supervisor.follow(run):
        assert not isinstance(event, Finished) or event.outcome is Outcome.INTERRUPTED, event
        if isinstance(event, EpochFinished) and event.epoch >= epoch:
            return


def test_that_every_engine_is_under_contract() -> None:
    assert {engine.name for engine in ENGINES} == set(MODULES)
    assert all(find_spec(f"core.backends.{module}") for module in MODULES.values())


def test_that_events_keep_to_the_grammar_and_tell_each_epoch_once(completed: Completed) -> None:
    events = read_events(completed.run / EVENTS)
    assert_grammar(events)
    told = [event for event in events if isinstance(event, EpochFinished | CheckpointSaved | DeviceChosen)]
    assert isinstance(told[0], DeviceChosen)
    assert sum(isinstance(event, DeviceChosen) for event in told) == 1
    # Each epoch is told before its checkpoint, so that none stays untold when the worker dies in between.
    expected = [(kind, epoch) for epoch in range(1, EPOCHS + 1) for kind in (EpochFinished, CheckpointSaved)]
    assert [(type(event), event.epoch) for event in told[1:]] == expected


def test_that_metrics_bear_the_contracts_names_and_one_epoch_is_the_best(completed: Completed) -> None:
    epochs = RunHistory().extend(read_events(completed.run / EVENTS)).epochs
    names = {"accuracy", "macro_f1"} if completed.engine.task is Task.CLASSIFICATION else {"mAP50-95", "mAP50"}
    assert all(set(epoch.metrics) == names for epoch in epochs)
    assert all(0 <= value <= 1 for epoch in epochs for value in epoch.metrics.values())
    assert all(epoch.seconds > 0 and epoch.learning_rate >= 0 for epoch in epochs)
    assert epochs[0].best


def test_that_training_and_export_show_their_progress(completed: Completed) -> None:
    progress = [event for event in read_events(completed.run / EVENTS) if isinstance(event, Progress)]
    assert {Phase.TRAINING, Phase.EXPORTING, Phase.VERIFYING} <= {event.phase for event in progress}
    assert all(0 <= event.done <= event.total for event in progress)
    assert {event.epoch for event in progress if event.phase is Phase.TRAINING} == set(range(1, EPOCHS + 1))


def test_that_weights_checkpoint_and_onnx_file_are_whole(completed: Completed) -> None:
    run = completed.run
    assert safetensors.numpy.load_file(run / "best.safetensors")
    assert newest_whole(run / "last.ckpt") == run / "last.ckpt"
    model = OnnxModel.open(run / "model.onnx")
    snapshot = RunFolder(run.name, run).snapshot()
    assert model.card.classes == tuple(image_class.name for image_class in CLASSES)
    assert (model.card.run, model.card.data_hash) == (run.name, snapshot.data_hash())
    assert model.card.made_by.startswith("lensmith")
    images = [(image.hash, read(Path(image.path))) for image in snapshot.part(Split.TEST)]
    assert len(list(model.predict(images, batch_size=3))) == len(images)


def test_that_the_report_has_parity(completed: Completed) -> None:
    report = read_json(completed.run / "report.json", Report)
    assert report.parity is not None
    assert report.parity.passed, report.parity
    assert report.parity.images == 6
    assert report.val is not None
    assert report.test is not None


def test_that_nothing_was_written_beside_the_pictures(completed: Completed) -> None:
    project = completed.run.parent.parent
    assert contents(project / "pictures") == completed.pictures_before
    assert {path.name for path in project.iterdir()} <= {"pictures", "runs", "cache"}
    assert not [path.name for path in completed.run.rglob("*") if path.name.endswith(".part")]


def test_that_a_run_that_died_after_its_last_epoch_only_exports_when_resumed(completed: Completed) -> None:
    run = completed.run.with_name("9" + completed.run.name)
    shutil.copytree(completed.run, run)
    (run / "worker.json").unlink()
    for name in ("model.onnx", "report.json", "predictions.json"):
        (run / name).unlink()
    lines = (run / EVENTS).read_bytes().splitlines(keepends=True)
    last = next(n for n, event in enumerate(read_events(run / EVENTS)) if is_checkpoint(event, EPOCHS))
    finished = b'{"type":"finished","seq":%d,"time":0,"outcome":"interrupted","reason":"made up"}\n' % (last + 1)
    (run / EVENTS).write_bytes(b"".join(lines[: last + 1]) + finished)
    supervisor.resume(run)
    events = list(supervisor.follow(run))
    assert_grammar(events)
    history = RunHistory().extend(events)
    assert history.state is RunState.COMPLETED, history.finished
    assert sum(isinstance(event, EpochFinished) for event in events) == EPOCHS
    before, after = (read_json(folder / "report.json", Report) for folder in (completed.run, run))
    assert after.test == before.test


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")
@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: f"{engine.name}-{engine.task}")
def test_that_a_killed_run_resumes_and_can_then_be_stopped_with_an_export(shared: Path, engine: Engine) -> None:
    run = new_run(shared, engine, epochs=200)
    pid = supervisor.launch(run)
    follow_until_epoch(run, 2)
    os.kill(pid, signal.SIGKILL)
    while is_alive(run):
        time.sleep(0.01)
    told = RunHistory().extend(read_events(run / EVENTS)).epochs[-1].epoch
    supervisor.resume(run)
    follow_until_epoch(run, told + 1)
    supervisor.request_stop(run)
    events = list(supervisor.follow(run))
    assert_grammar(events)
    history = RunHistory().extend(events)
    assert history.state is RunState.STOPPED, (history.finished, (run / "worker.log").read_text()[-3000:])
    assert [epoch.epoch for epoch in history.epochs] == list(range(1, history.epochs[-1].epoch + 1))
    assert told < history.epochs[-1].epoch < 200
    assert (run / "report.json").exists()


def is_checkpoint(event: Event, epoch: int) -> bool:
    return isinstance(event, CheckpointSaved) and event.epoch == epoch
