"""CSV of everything, read back; and what the curves say, in the report of a run."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.actions import curve_files, organising
from core.actions.curve_remarks import curve_facts, remarks_of
from core.actions.report_files import save_report
from core.domain.errors import LensmithError
from core.domain.event import EpochFinished, Finished, Outcome, Phase, Progress, Resumed, Started
from core.domain.task import Split, Task
from core.runs.event_log import EVENTS, EventLog
from core.runs.worker import work
from core.store.run_store import RunFolder
from core.training.diagnosis import Kind
from tests.simulated_runs import make_run, project_without_leaks


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch, project_without_leaks(tmp_path_factory.mktemp("csv"), patch) as it:
        yield it


@pytest.fixture(scope="module")
def run(project: Path) -> RunFolder:
    """Judged, beside one that waits and one that is damaged."""
    path = make_run(project, task=Task.CLASSIFICATION, seed=5)
    assert work(path, resume=False) == 0
    make_run(project)
    (make_run(project) / "spec.json").write_text("{")
    return RunFolder(path.name, path)


def read(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"))))


def test_that_every_run_has_a_row_with_settings_metrics_times_and_notes(project, run, tmp_path):
    organising.change_runs(project, ["1"], star=True, add_tags=["night", "díl"], note='says "no",\nthen yes')
    assert curve_files.save_runs(project, tmp_path / "runs.csv") == 3
    first, waiting, damaged = read(tmp_path / "runs.csv")

    report = run.report()
    assert (first["run"], first["number"], first["state"], first["mode"]) == (run.id, "1", "completed", "scratch")
    assert (first["star"], first["tags"], first["note"]) == ("1", "night, díl", 'says "no",\nthen yes')
    assert (first["seed"], first["batch_size"], first["epochs"], first["epochs_done"]) == ("5", "4", "4", "4")
    assert float(first["test_accuracy"]) == report.test.metrics["accuracy"]
    assert float(first["seconds_total"]) == report.seconds_total
    assert first["started"] <= first["ended"]
    assert first["test_hash"] == report.test_hash
    assert (waiting["state"], waiting["started"], waiting["test_accuracy"]) == ("waiting", "", "")
    assert (damaged["state"], damaged["number"]) == ("damaged", "3")
    assert "spec.json" in damaged["reason"]


def test_that_curves_have_a_row_an_epoch_and_a_row_a_batch(run, tmp_path):
    curve_files.save_curves(run, tmp_path / "curves.csv")
    curve_files.save_batches(run, tmp_path / "batches.csv")
    epochs, batches = read(tmp_path / "curves.csv"), read(tmp_path / "batches.csv")
    assert [row["epoch"] for row in epochs] == ["1", "2", "3", "4"]
    assert list(epochs[0])[:5] == ["epoch", "train_loss", "val_loss", "accuracy", "macro_f1"]
    assert float(epochs[0]["val_loss"]) == pytest.approx(1.1 * float(epochs[0]["train_loss"]))
    assert {row["epoch"] for row in batches} == {"1", "2", "3", "4"}
    assert all(float(row["loss"]) > 0 for row in batches)


def test_that_what_a_resumed_run_did_again_is_written_once(project, tmp_path):
    path = make_run(project, epochs=2)

    def epoch(number: int, loss: float) -> EpochFinished:
        return EpochFinished(
            epoch=number, train_loss=loss, val_loss=None, metrics={}, learning_rate=0.1, seconds=1, best=False
        )

    with EventLog(path / EVENTS) as log:
        log.append(Started(run=path.name, pid=1, epochs=2))
        for number, loss in ((1, 3.0), (2, 2.0)):
            log.append(Progress(phase=Phase.TRAINING, done=1, total=1, epoch=number, loss=loss))
            log.append(epoch(number, loss))
        log.append(Finished(outcome=Outcome.INTERRUPTED))
        log.append(Resumed(epoch=1, pid=2))
        log.append(Progress(phase=Phase.TRAINING, done=1, total=1, epoch=2, loss=1.5))
        log.append(epoch(2, 1.5))
        log.append(Finished(outcome=Outcome.COMPLETED))
    folder = RunFolder(path.name, path)
    curve_files.save_curves(folder, tmp_path / "a.csv")
    curve_files.save_batches(folder, tmp_path / "b.csv")
    assert [(row["epoch"], row["train_loss"]) for row in read(tmp_path / "a.csv")] == [("1", "3.0"), ("2", "1.5")]
    assert [(row["epoch"], row["loss"]) for row in read(tmp_path / "b.csv")] == [("1", "3.0"), ("2", "1.5")]


def test_that_a_run_without_an_epoch_gives_a_table_without_rows(project, tmp_path):
    path = make_run(project)
    curve_files.save_curves(RunFolder(path.name, path), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text("utf-8-sig") == "epoch,train_loss,val_loss\n"


def test_that_a_file_that_cannot_be_written_is_told(run, tmp_path):
    with pytest.raises(LensmithError):
        curve_files.save_curves(run, tmp_path / "no such folder" / "a.csv")


def test_that_the_report_says_what_the_curves_say(run, tmp_path):
    """Six validation pictures are too few, whatever the curves look like."""
    (remark,) = remarks_of(run)
    assert remark.kind is Kind.FEW_PICTURES
    save_report(run, tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text("utf-8")
    assert "What the curves say" in page
    assert remark.seen in page
    assert remark.remedy in page


def test_that_validation_pictures_are_counted_before_there_is_a_report(project):
    path = make_run(project, splits=((Split.TRAIN, 4), (Split.VAL, 3), (Split.TEST, 2)))
    assert curve_facts(RunFolder(path.name, path)).val_images == 3
