"""One run on two processors, which share every batch: the same course as on one, and no process that stays."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from core.domain.event import EpochFinished, Event, Finished, Outcome
from core.domain.run import FineTune, RunWeights
from core.runs import supervisor
from core.runs.event_log import EVENTS, read_events
from core.runs.status import worker_of
from core.store.files import file_sha256
from core.store.run_store import RunFolder, RunStore
from core.training.contract import TrainingJob
from tests import classification_jobs, detection_jobs
from tests.classification_jobs import TINY, finetune


def prepared(folder: Path, job: TrainingJob) -> RunFolder:
    """A run directory for ``job``; start weights come from a run that was before."""
    spec = job.spec
    if job.weights is not None:
        before = folder / "p" / "runs" / "0001-scratch-before"
        if not before.exists():
            before.mkdir(parents=True)
            (before / "best.safetensors").write_bytes(job.weights.read_bytes())
        assert isinstance(spec.start, FineTune)
        weights = RunWeights(before.name, file_sha256(job.weights), job.previous_classes)
        spec = replace(spec, start=replace(spec.start, weights=weights))
    return RunStore(folder / "p").create(spec, job.snapshot)


def carried_out(run: RunFolder, then: Callable[[Event], object] = lambda event: None) -> list[Event]:
    """All events of a run, with ``then`` called for each as it comes."""
    supervisor.launch(run.path)
    for event in supervisor.follow(run.path):
        then(event)
    return read_events(run.path / EVENTS)


def losses(events: list[Event]) -> list[float]:
    return [event.train_loss for event in events if isinstance(event, EpochFinished)]


def companions_of(run: RunFolder) -> list[psutil.Process]:
    record = worker_of(run.path)
    assert record is not None
    children = psutil.Process(record.process.pid).children(recursive=True)
    return [child for child in children if "core.runs.companions" in child.cmdline()]


def ended(events: list[Event]) -> Finished:
    last = events[-1]
    assert isinstance(last, Finished)
    return last


def test_that_a_classifier_learns_the_same_on_two_devices_as_on_one(tmp_path: Path) -> None:
    """Fine-tuned, so that batch norm keeps its statistics and the mean of two gradients is that of the batch."""
    courses, seen = [], set[int]()
    for device in ("cpu", "cpu,cpu"):
        job = classification_jobs.make_job(
            tmp_path / "job", finetune(), architecture=TINY, epochs=2, augmentation="off", device=device
        )
        run = prepared(tmp_path, job)
        events = carried_out(run, lambda event, run=run: seen.update(one.pid for one in companions_of(run)))
        assert ended(events).outcome is Outcome.COMPLETED, ended(events)
        courses.append(losses(events))
    assert len(courses[0]) == 3  # the warmed-up head is epoch 0
    assert courses[1] == pytest.approx(courses[0], rel=1e-3, abs=1e-6)
    assert len(seen) == 1
    assert not any(psutil.pid_exists(pid) for pid in seen)


def test_that_a_detector_trains_on_two_devices(tmp_path: Path) -> None:
    job = detection_jobs.make_job(tmp_path, device="cpu,cpu", batch_size=4)
    run = prepared(tmp_path, job)
    seen = set[int]()
    events = carried_out(run, lambda event: seen.update(one.pid for one in companions_of(run)))
    assert ended(events).outcome is Outcome.COMPLETED, ended(events)
    assert len(losses(events)) == job.spec.epochs
    assert len(seen) == 1
    assert (run.path / "model.onnx").is_file()


def test_that_a_run_whose_second_process_dies_fails_in_words_and_can_be_resumed(tmp_path: Path) -> None:
    job = classification_jobs.make_job(tmp_path / "job", architecture=TINY, epochs=30, device="cpu,cpu", patience=0)
    run = prepared(tmp_path, job)

    def kill(event: Event) -> None:
        if isinstance(event, EpochFinished) and event.epoch == 2:
            os.kill(companions_of(run)[0].pid, signal.SIGKILL)

    finished = ended(carried_out(run, kill))
    assert finished.outcome is Outcome.FAILED
    assert "device cpu" in finished.reason
    (run.path / "stop").unlink(missing_ok=True)
    supervisor.resume(run.path)
    supervisor.request_stop(run.path)
    for _ in supervisor.follow(run.path):
        pass
    events = read_events(run.path / EVENTS)
    assert ended(events).outcome in (Outcome.STOPPED, Outcome.COMPLETED)
    assert (run.path / "model.onnx").is_file()
