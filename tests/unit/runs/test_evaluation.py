"""The end of a run, done in this process: what stands in the report, the card and the predictions."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from core.backends import simulated
from core.data.images import read
from core.domain.event import Event, Outcome, Phase, Progress, Warned
from core.domain.history import RunHistory
from core.domain.prediction import PredictionSet
from core.domain.report import Report
from core.domain.task import Split, Task
from core.inference.onnx_model import OnnxModel
from core.runs.event_log import EVENTS, read_events
from core.runs.worker import work
from core.store.codec import read_json
from core.store.run_store import RunFolder
from tests.simulated_runs import make_run


def finish(run: Path) -> tuple[Report, list[Event]]:
    assert work(run, resume=False) == 0, read_events(run / EVENTS)[-1]
    return read_json(run / "report.json", Report), read_events(run / EVENTS)


@pytest.mark.parametrize("task", list(Task))
def test_that_the_report_is_that_of_the_file_that_ships(project: Path, task: Task) -> None:
    run = make_run(project, task=task)
    report, _ = finish(run)
    snapshot = RunFolder(run.name, run).snapshot()
    assert report.onnx_sha256 == hashlib.sha256((run / "model.onnx").read_bytes()).hexdigest()
    assert report.data_hash == snapshot.data_hash()
    assert report.test_hash == snapshot.test_hash()
    assert report.val is not None
    assert report.test is not None
    assert (report.val.images, report.test.images) == (6, 4)
    assert report.parity is not None
    assert report.parity.passed
    assert report.parity.images == 6
    assert 0 < report.parity.max_abs_diff < report.parity.tolerance
    assert report.parity.metric_torch == report.parity.metric_onnx == report.val.metrics[report.parity.metric]
    assert 0 < report.seconds_training < report.seconds_total


@pytest.mark.parametrize("task", list(Task))
def test_that_stored_predictions_are_what_the_file_answers(project: Path, task: Task) -> None:
    run = make_run(project, task=task)
    finish(run)
    stored = read_json(run / "predictions.json", PredictionSet)
    images = RunFolder(run.name, run).snapshot().part(Split.TEST)
    model = OnnxModel.open(run / "model.onnx")
    again = list(model.predict((image.hash, read(Path(image.path))) for image in images))
    kept = stored.classes if task is Task.CLASSIFICATION else stored.boxes
    assert set(kept) == {"val", "test"}
    assert [found.hash for found in kept["test"]] == [image.hash for image in images]
    assert kept["test"] == again


def test_that_the_detection_threshold_is_chosen_on_validation_and_written_into_the_file(project: Path) -> None:
    run = make_run(project, task=Task.DETECTION)
    report, _ = finish(run)
    assert report.val is not None
    assert report.test is not None
    assert report.val.threshold is not None
    assert OnnxModel.open(run / "model.onnx").card.threshold == report.val.threshold == report.test.threshold


def test_that_a_classifier_of_colours_learns_the_drawn_colours(project: Path) -> None:
    report, _ = finish(make_run(project, task=Task.CLASSIFICATION))
    assert report.test is not None
    assert report.test.metrics["accuracy"] == 1.0
    assert np.array_equal(report.test.confusion, [[2, 0], [0, 2]])


@pytest.mark.parametrize("task", list(Task))
def test_that_a_gap_between_engine_and_file_fails_parity_and_is_told(project: Path, task: Task) -> None:
    report, events = finish(make_run(project, "simulated?parity_gap=2", task=task))
    assert report.parity is not None
    assert not report.parity.passed
    assert report.parity.max_abs_diff > report.parity.tolerance
    assert any(isinstance(event, Warned) and "otherwise than PyTorch" in event.cause for event in events)


@pytest.mark.parametrize("task", list(Task))
def test_that_without_validation_and_test_images_parity_is_measured_on_training_images(
    project: Path, task: Task
) -> None:
    report, _ = finish(make_run(project, task=task, splits=((Split.TRAIN, 8),)))
    assert report.val is None
    assert report.test is None
    assert report.parity is not None
    assert report.parity.passed
    assert report.parity.images == 8


def test_that_a_picture_broken_after_import_is_left_out_of_the_report_and_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(project)
    (project / "pictures" / "test 2.png").write_bytes(b"broken")
    report, events = finish(run)
    assert report.test is not None
    assert report.test.images == 3
    assert any("test 2.png" in event.cause for event in RunHistory().extend(events).warnings)


def test_that_verifying_counts_up_to_its_total(project: Path) -> None:
    _, events = finish(make_run(project))
    counts = [(e.done, e.total) for e in events if isinstance(e, Progress) and e.phase is Phase.VERIFYING]
    assert counts == sorted(counts)
    assert counts[-1] == (16, 16)


def test_that_an_export_that_is_no_valid_onnx_fails_the_run(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(project)
    real = simulated.export

    def damage(job, target, report):
        card = real(job, target, report)
        target.write_bytes(target.read_bytes()[: len(target.read_bytes()) // 2])
        return card

    monkeypatch.setattr(simulated, "export", damage)
    assert work(run, resume=False) == 1
    finished = read_events(run / EVENTS)[-1]
    assert finished.outcome is Outcome.FAILED
    assert "model.onnx" in finished.reason
    assert not (run / "report.json").exists()
