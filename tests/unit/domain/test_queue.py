"""What comes next in a queue: rules without files and processes."""

import pytest
from msgspec.structs import replace

from core.domain.errors import LensmithError
from core.domain.history import RunState
from core.domain.queue import (
    REVIVALS,
    Launch,
    Leave,
    Queue,
    QueueEntry,
    Standing,
    carried_out,
    is_idle,
    moved,
    next_steps,
    wanted_devices,
    with_entries,
    without,
)

CPU = ("cpu",)
TWO_CARDS = ("cuda:0", "cuda:1", "cpu")
WAITS = Standing()
RUNS = Standing(state=RunState.RUNNING, is_alive=True)


def queue(*runs: str, device: str = "auto", **values: object) -> Queue:
    return Queue(entries=tuple(QueueEntry(run=run, device=device, **values) for run in runs))


def ended(state: RunState, attempts: int = 1, **values: object) -> Standing:
    return Standing(state=state, attempts=attempts, reason="Why.", **values)


def test_that_on_one_processor_runs_are_done_one_after_another_in_their_order() -> None:
    waiting = queue("a", "b")
    assert next_steps(waiting, {"a": WAITS, "b": WAITS}, {}, (), CPU) == [Launch("a", CPU)]
    assert next_steps(waiting, {"a": RUNS, "b": WAITS}, {}, (), CPU) == []
    done = {"a": ended(RunState.COMPLETED), "b": WAITS}
    assert next_steps(waiting, done, {}, (), CPU) == [Leave("a"), Launch("b", CPU)]


def test_that_a_run_started_outside_the_queue_keeps_its_device() -> None:
    assert next_steps(queue("a"), {"a": WAITS}, {}, {"cpu"}, CPU) == []


def test_that_each_card_gets_one_run_and_those_that_may_choose_do_not_fall_back_to_the_processor() -> None:
    waiting = queue("a", "b", "c")
    standings = dict.fromkeys("abc", WAITS)
    steps = next_steps(waiting, standings, {}, (), TWO_CARDS)
    assert steps == [Launch("a", ("cuda:0",)), Launch("b", ("cuda:1",))]
    under_way = carried_out(waiting, steps)
    assert next_steps(under_way, {"a": RUNS, "b": RUNS, "c": WAITS}, {}, (), TWO_CARDS) == []
    # The one that had the second card has ended: it is the second that is free, not the first.
    steps = next_steps(under_way, {"a": RUNS, "b": ended(RunState.COMPLETED), "c": WAITS}, {}, (), TWO_CARDS)
    assert steps == [Leave("b"), Launch("c", ("cuda:1",))]


def test_that_a_run_for_the_processor_overtakes_those_that_wait_for_the_card() -> None:
    mixed = Queue(entries=(QueueEntry(run="a", device="cuda:0"), QueueEntry(run="b", device="cpu")))
    assert next_steps(mixed, {"a": WAITS, "b": WAITS}, {}, {"cuda:0"}, TWO_CARDS) == [Launch("b", CPU)]


def test_that_a_run_on_two_cards_waits_until_both_are_free() -> None:
    wide = queue("a", device="cuda:0,cuda:1")
    assert next_steps(wide, {"a": WAITS}, {}, {"cuda:1"}, TWO_CARDS) == []
    assert next_steps(wide, {"a": WAITS}, {}, (), TWO_CARDS) == [Launch("a", ("cuda:0", "cuda:1"))]


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        ("auto", ("cuda:0",)),
        ("cuda", ("cuda:0",)),
        ("cuda:1", ("cuda:1",)),
        ("cpu", CPU),
        ("cpu,cpu", CPU),
        ("mps", ("mps",)),
    ],
)
def test_that_a_run_nobody_handed_a_device_takes_what_it_asks_for(wanted: str, taken: tuple[str, ...]) -> None:
    assert wanted_devices(wanted, TWO_CARDS) == taken


def test_that_a_run_whose_process_died_is_resumed_twice_and_then_left_with_its_reason() -> None:
    for deaths in range(1, REVIVALS + 1):
        standings = {"a": ended(RunState.INTERRUPTED, attempts=deaths)}
        assert next_steps(queue("a"), standings, {}, (), CPU) == [Launch("a", CPU)]
    standings = {"a": ended(RunState.INTERRUPTED, attempts=REVIVALS + 1)}
    assert next_steps(queue("a"), standings, {}, (), CPU) == [Leave("a", "Its process died 3 times. Why.")]


@pytest.mark.parametrize(
    "standing",
    [
        ended(RunState.STOPPED),
        ended(RunState.FAILED),
        ended(RunState.INTERRUPTED, asked_to_end=True),
        ended(RunState.RUNNING, asked_to_end=True),
    ],
)
def test_that_a_run_that_was_ended_on_request_or_failed_is_not_repeated(standing: Standing) -> None:
    assert next_steps(queue("a"), {"a": standing}, {}, (), CPU) == [Leave("a", "Why.")]


@pytest.mark.parametrize("state", [RunState.STOPPED, RunState.FAILED, RunState.INTERRUPTED])
def test_that_a_run_which_had_ended_before_it_was_queued_is_resumed(state: RunState) -> None:
    again = queue("a", attempts=3)
    assert next_steps(again, {"a": ended(state, attempts=3)}, {}, (), CPU) == [Launch("a", CPU)]


def test_that_while_the_queue_is_paused_nothing_is_launched_but_what_ended_still_leaves() -> None:
    paused = replace(queue("a", "b"), paused=True)
    standings = {"a": ended(RunState.COMPLETED), "b": WAITS}
    assert next_steps(paused, standings, {}, (), CPU) == [Leave("a")]
    assert is_idle(without(paused, ["a"]), {"b": WAITS})
    assert not is_idle(paused, {"a": RUNS, "b": WAITS})


def test_that_a_run_of_an_experiment_without_time_left_leaves_and_the_others_have_their_turn() -> None:
    both = Queue(entries=(QueueEntry(run="a", experiment=1), QueueEntry(run="b", experiment=2)))
    steps = next_steps(both, {"a": WAITS, "b": WAITS}, {1: "No time."}, (), CPU)
    assert steps == [Leave("a", "No time."), Launch("b", CPU)]
    after = carried_out(both, steps)
    assert [entry.run for entry in after.entries] == ["b"]
    assert after.why_left("a") == "No time."
    assert after.why_left("b") == ""


def test_that_a_run_whose_folder_is_gone_leaves() -> None:
    assert next_steps(queue("a"), {"a": Standing(obstacle="Gone.")}, {}, (), CPU) == [Leave("a", "Gone.")]


def test_that_a_run_queued_twice_keeps_its_first_place_and_one_queued_again_forgets_why_it_left() -> None:
    twice = with_entries(queue("a", "b"), [QueueEntry(run="a"), QueueEntry(run="c"), QueueEntry(run="c")])
    assert [entry.run for entry in twice.entries] == ["a", "b", "c"]
    left = carried_out(queue("a"), [Leave("a", "Why.")])
    assert with_entries(left, [QueueEntry(run="a")]).why_left("a") == ""


def test_that_runs_change_places_and_a_place_beyond_the_ends_means_the_end() -> None:
    line = queue("a", "b", "c")
    assert [entry.run for entry in moved(line, "c", 0).entries] == ["c", "a", "b"]
    assert [entry.run for entry in moved(line, "a", 99).entries] == ["b", "c", "a"]
    assert [entry.run for entry in moved(line, "b", -5).entries] == ["b", "a", "c"]
    with pytest.raises(LensmithError, match="not in the queue"):
        moved(line, "d", 0)
