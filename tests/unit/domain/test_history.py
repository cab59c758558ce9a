"""Events fold into one history, live or replayed."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.domain.event import (
    DeviceChosen,
    EpochFinished,
    Event,
    Finished,
    Outcome,
    Phase,
    Progress,
    Resumed,
    RunEvent,
    Started,
    Used,
)
from core.domain.history import RunHistory, RunState
from core.domain.usage import EnergySource, Usage


def numbered(*events: RunEvent) -> list[RunEvent]:
    return [msgspec.structs.replace(event, seq=seq, time=1e9 - seq) for seq, event in enumerate(events)]


def epoch(number: int, accuracy: float, best: bool, seconds: float = 2.0) -> EpochFinished:
    return EpochFinished(
        epoch=number,
        train_loss=1 / number,
        val_loss=None,
        metrics={"accuracy": accuracy},
        learning_rate=0.1,
        seconds=seconds,
        best=best,
    )


RUN = numbered(
    Started(run="r", pid=1, epochs=5),
    DeviceChosen(device="cpu", precision="fp32", batch_size=8, why="No card."),
    epoch(1, 0.5, True),
    epoch(2, 0.8, True),
    epoch(3, 0.7, False),
    Finished(outcome=Outcome.INTERRUPTED, reason="The worker was killed."),
    Resumed(epoch=2, pid=2),
    epoch(3, 0.9, True),
    Finished(outcome=Outcome.COMPLETED),
)


def test_that_a_resumed_run_shows_each_epoch_once():
    history = RunHistory().extend(RUN)
    assert [(e.epoch, e.metrics["accuracy"]) for e in history.epochs] == [(1, 0.5), (2, 0.8), (3, 0.9)]
    assert history.state is RunState.COMPLETED


def test_that_the_best_epoch_is_the_last_one_that_was_marked():
    best = RunHistory().extend(RUN[:5]).best
    assert best is not None
    assert best.epoch == 2


def test_that_time_left_counts_the_epochs_still_planned():
    history = RunHistory().extend(RUN[:5])
    assert history.seconds_left == 4.0
    assert RunHistory().extend(RUN[:2]).seconds_left is None
    assert RunHistory().extend(RUN).seconds_left is None


def test_that_the_clock_does_not_order_events_but_the_sequence_does():
    assert RunHistory().extend(RUN).last_seq == len(RUN) - 1


@given(st.lists(st.integers(0, len(RUN) - 1), max_size=6))
def test_that_events_seen_twice_change_nothing(again: list[int]):
    expected = RunHistory().extend(RUN)
    history = RunHistory()
    for index, event in enumerate(RUN):
        history = history.apply(event)
        for earlier in again:
            if earlier <= index:
                history = history.apply(RUN[earlier])
    assert history == expected


def test_that_every_event_survives_the_wire():
    for event in (*RUN, Progress(phase=Phase.TRAINING, done=1, total=2, epoch=1, loss=0.5)):
        assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event


def test_that_what_attempts_took_is_added_up_and_an_attempt_that_died_counts_up_to_its_last_word() -> None:
    first = Usage(seconds=10, kwh=0.5, energy_source=EnergySource.NVML, peak_memory_mb=300)
    second = Usage(seconds=5, kwh=0.25, energy_source=EnergySource.ESTIMATE, peak_memory_mb=200)
    events = [
        Started(seq=0, run="r", pid=1, epochs=2),
        Used(seq=1, usage=Usage(seconds=4, kwh=0.2, energy_source=EnergySource.NVML)),
        Used(seq=2, usage=first),
        Finished(seq=3, outcome=Outcome.INTERRUPTED),
        Resumed(seq=4, epoch=0, pid=2),
    ]
    assert RunHistory().extend(events).usage == first
    both = RunHistory().extend([*events, Used(seq=5, usage=second)]).usage
    assert both == Usage(seconds=15, kwh=0.75, energy_source=EnergySource.ESTIMATE, peak_memory_mb=300)
    assert RunHistory().extend(events[:1]).usage is None


def test_that_one_epoch_in_which_the_machine_slept_does_not_decide_the_time_left() -> None:
    def left(*seconds: float) -> float | None:
        told = [
            EpochFinished(
                seq=at, epoch=at, train_loss=1, val_loss=None, metrics={}, learning_rate=1, seconds=s, best=True
            )
            for at, s in enumerate(seconds, start=1)
        ]
        return RunHistory().extend([Started(seq=0, run="r", pid=1, epochs=10), *told]).seconds_left

    assert left(2.0, 30_000.0) == 2.0 * 8
    assert left(30_000.0, 2.0, 2.0) == 2.0 * 7
