"""From a few steps on a part of the data to the whole run; pure."""

import pytest
from msgspec.structs import replace

from core.domain.run import CatalogueWeights, FineTune, FromScratch, RunSpec, Start, Transfer
from core.domain.task import Split, Task
from core.runs.probing import Pace, Scope, excerpt, foretell
from tests.simulated_runs import draw_snapshot

WEIGHTS = CatalogueWeights(name="w")
PACE = Pace(
    train=50,
    val=10,
    preparing=6.0,
    first_steps=(0.3,) * 9,
    steps=(0.2,) * 18,
    steps_an_epoch=10,
    epochs=(4.0, 3.0, 3.0),  # 2 s of steps, 1 s of validation
    startup=5.0,
    export=7.0,
)
SAME = Scope(train=50, val=10, test=0, epochs=10)


def spec(start: Start, task: Task = Task.CLASSIFICATION, batch: int | None = 4, epochs: int = 30) -> RunSpec:
    return RunSpec(
        task=task,
        engine="simulated",
        architecture="simulated",
        start=start,
        snapshot="",
        epochs=epochs,
        batch_size=batch,
        image_size=64,
    )


def test_that_a_run_of_the_same_size_takes_what_its_parts_took() -> None:
    forecast = foretell(PACE, SAME)
    assert forecast.epoch[0] == pytest.approx(3.0)
    decoding, verifying = 1.0, 2.0  # the first epoch's steps were slower; parity looks at validation images twice
    assert forecast.total[0] == pytest.approx(5 + 6 + 10 * 3 + decoding + verifying + 7)


def test_that_more_pictures_multiply_steps_validation_and_preparing_but_not_start_and_export() -> None:
    forecast = foretell(PACE, replace(SAME, train=500, val=100, test=100))
    assert forecast.epoch[0] == pytest.approx(20 + 10)
    assert forecast.total[0] == pytest.approx(5 + 60 + 10 * 30 + 10 + 30 + 7)


def test_that_steps_that_all_take_the_same_still_leave_a_margin_and_uneven_ones_a_wider_one() -> None:
    even = foretell(PACE, SAME)
    assert even.total[1] == pytest.approx(0.9 * even.total[0])
    assert even.total[2] == pytest.approx(1.1 * even.total[0])
    uneven = foretell(replace(PACE, steps=(0.1, 0.2, 0.2, 0.2, 0.5) * 4), SAME)
    assert uneven.total[1] < even.total[1] < even.total[2] < uneven.total[2]


def test_that_epochs_of_a_head_on_features_count_as_a_whole() -> None:
    pace = replace(PACE, first_steps=(), steps=(), steps_an_epoch=0, epochs=(0.05, 0.03, 0.03))
    forecast = foretell(pace, replace(SAME, train=500, val=100, epochs=100))
    assert forecast.epoch[0] == pytest.approx(0.3)
    assert forecast.total[0] == pytest.approx(5 + 60 + 100 * 0.3 + 0.2 + 7)


def test_that_epochs_with_a_frozen_backbone_are_counted_at_their_own_pace() -> None:
    pace = replace(PACE, first_steps=(0.05,) * 9)
    forecast = foretell(pace, replace(SAME, frozen=4))
    assert forecast.total[0] == pytest.approx(5 + 6 + 4 * 1.5 + 6 * 3 + 2 + 7)


def test_that_steps_that_were_cut_short_still_give_an_estimate() -> None:
    pace = replace(PACE, steps=(), first_steps=(30.0,) * 3, epochs=(), export=0.0)
    forecast = foretell(pace, SAME)
    assert forecast.epoch[0] == pytest.approx(300 + 20)  # a validation image takes a third of a training image


@pytest.mark.parametrize(
    ("start", "unfreeze_after", "frozen"),
    [
        (Transfer(WEIGHTS), None, 0),
        (Transfer(WEIGHTS, unfreeze_after=0), 0, 0),
        (Transfer(WEIGHTS, unfreeze_after=12), 1, 12),
        (Transfer(WEIGHTS, unfreeze_after=30), None, 0),
    ],
)
def test_that_both_stretches_of_a_run_that_unfreezes_are_tried(
    tmp_path, start: Transfer, unfreeze_after: int | None, frozen: int
) -> None:
    snapshot = draw_snapshot(tmp_path, Task.CLASSIFICATION, [(Split.TRAIN, 6), (Split.VAL, 2)])
    short, _, scope = excerpt(spec(start), snapshot, 20)
    assert isinstance(short.start, Transfer)
    assert (short.start.unfreeze_after, scope.frozen, scope.epochs) == (unfreeze_after, frozen, 30)


@pytest.mark.parametrize("start", [FromScratch(), FineTune(WEIGHTS)])
def test_that_as_many_pictures_are_taken_as_the_steps_need(tmp_path, start: Start) -> None:
    counts = [(Split.TRAIN, 60), (Split.VAL, 40), (Split.TEST, 3)]
    snapshot = draw_snapshot(tmp_path, Task.CLASSIFICATION, counts)
    short, part, scope = excerpt(spec(start), snapshot, 20)
    assert (scope.train, scope.val, scope.test) == (60, 40, 3)
    assert [len(part.part(split)) for split in Split] == [7 * 4, 32, 0]  # 21 steps in three epochs
    assert short.patience == 0
    assert excerpt(spec(start, batch=None), snapshot, 20)[1].part(Split.TRAIN) == snapshot.part(Split.TRAIN)
