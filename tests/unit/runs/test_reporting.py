import math
from pathlib import Path

import pytest

from core.domain.errors import LensmithError
from core.domain.event import EpochFinished, Finished, LogLine, Outcome, Phase, Progress
from core.runs.event_log import EventLog, read_events
from core.runs.reporting import STOP, RunReporter
from core.training.contract import StopRequested


@pytest.fixture
def reporter(tmp_path: Path):
    with EventLog(tmp_path / "events.jsonl") as log:
        yield RunReporter(tmp_path, log)


def told(tmp_path: Path) -> list[object]:
    return list(read_events(tmp_path / "events.jsonl"))


def epoch(loss: float, **metrics: float) -> EpochFinished:
    return EpochFinished(
        epoch=2, train_loss=loss, val_loss=math.inf, metrics=metrics, learning_rate=0.1, seconds=1.0, best=True
    )


def test_that_a_flood_of_progress_is_thinned_but_each_epochs_last_batch_is_kept(tmp_path: Path, reporter) -> None:
    for number in (1, 2, 3):
        for batch in range(1, 501):
            reporter.emit(Progress(phase=Phase.TRAINING, done=batch, total=500, epoch=number))
    events = told(tmp_path)
    assert len(events) < 500
    assert [event.epoch for event in events if event.done == event.total] == [1, 2, 3]


def test_that_the_first_progress_of_a_phase_is_never_dropped(tmp_path: Path, reporter) -> None:
    for phase in Phase:
        reporter.emit(Progress(phase=phase, done=1, total=9))
    assert [event.phase for event in told(tmp_path)] == list(Phase)


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_that_a_loss_that_is_no_number_ends_the_run_with_advice(reporter, loss: float) -> None:
    with pytest.raises(LensmithError, match="epoch 2") as failure:
        reporter.emit(epoch(loss))
    assert "learning rate" in failure.value.remedy
    with pytest.raises(LensmithError, match="batch 7 of epoch 3"):
        reporter.emit(Progress(phase=Phase.TRAINING, done=7, total=9, epoch=3, loss=loss))


def test_that_metrics_that_are_no_numbers_are_left_out_and_the_epoch_stays_readable(tmp_path: Path, reporter) -> None:
    reporter.emit(epoch(0.5, accuracy=math.nan, macro_f1=0.25))
    (event,) = told(tmp_path)
    assert event.metrics == {"macro_f1": 0.25}
    assert event.val_loss is None


def test_that_a_wish_to_stop_is_heard_until_training_is_over(tmp_path: Path, reporter) -> None:
    reporter.check_stop()
    (tmp_path / STOP).touch()
    with pytest.raises(StopRequested):
        reporter.check_stop()
    reporter.may_stop = False
    reporter.check_stop()


def test_that_a_back_end_cannot_write_the_beginning_or_end_of_a_run(tmp_path: Path, reporter) -> None:
    with pytest.raises(TypeError):
        reporter.emit(Finished(outcome=Outcome.COMPLETED))
    reporter.emit(LogLine(text="fine"))
    assert len(told(tmp_path)) == 1
