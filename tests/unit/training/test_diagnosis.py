"""Curves drawn to say one thing each, and healthy ones that must say nothing."""

import math
import random
from collections.abc import Callable, Sequence

import pytest

from core.domain.event import EpochFinished, Finished, Outcome
from core.domain.history import RunHistory, RunState
from core.domain.report import ClassScores
from core.domain.task import Task
from core.runs.reporting import _refuse_non_finite
from core.training.diagnosis import CurveFacts, Kind, Remark, diagnose

MANY = CurveFacts(task=Task.CLASSIFICATION, val_images=1000)
Shape = Callable[[float], float]  # from the share of the run that is done, 0 to 1


def told(
    train: Sequence[float],
    val: Sequence[float | None],
    metric: Sequence[float],
    state: RunState = RunState.COMPLETED,
    finished: Finished | None = None,
) -> RunHistory:
    """A history of these values; the best epoch is that of the highest metric."""
    epochs = tuple(
        EpochFinished(
            epoch=place + 1,
            train_loss=loss,
            val_loss=val[place],
            metrics={"accuracy": metric[place], "mAP50-95": metric[place]},
            learning_rate=1e-3,
            seconds=1.0,
            best=metric[place] == max(metric[: place + 1]),
        )
        for place, loss in enumerate(train)
    )
    return RunHistory(state=state, planned_epochs=len(epochs), epochs=epochs, finished=finished)


def noisy(count: int, noise: random.Random, share: float, shape: Shape) -> list[float]:
    """Values whose noise is ``share`` of what they are."""
    return [shape(place / count) * (1 + noise.gauss(0, share)) for place in range(count)]


def drawn(
    train: Shape,
    val: Shape,
    metric: Shape,
    *,
    count: int = 40,
    seed: int = 1,
    noise: float = 0.02,
    state: RunState = RunState.COMPLETED,
) -> RunHistory:
    dice = random.Random(seed)
    reached = [min(max(metric(place / count) + dice.gauss(0, noise / 2), 0.0), 1.0) for place in range(count)]
    return told(noisy(count, dice, noise, train), noisy(count, dice, noise, val), reached, state)


def falling(rate: float, floor: float = 0.1) -> Shape:
    return lambda t: floor + 1.5 * math.exp(-rate * t)


def rising(rate: float, top: float = 0.9) -> Shape:
    return lambda t: top * (1 - math.exp(-rate * t))


def kinds(remarks: Sequence[Remark]) -> list[Kind]:
    return [remark.kind for remark in remarks]


@pytest.mark.parametrize("seed", range(10))
def test_that_a_validation_loss_that_turns_is_told_with_its_epoch(seed):
    val: Shape = lambda t: falling(8)(t) + max(0.0, t - 0.4) * 0.5  # noqa: E731
    (remark,) = diagnose(drawn(falling(6, 0.02), val, rising(10), seed=seed), MANY)
    assert remark.kind is Kind.OVERFITTING
    assert remark.epoch is not None
    assert 12 <= remark.epoch <= 22
    assert f"Since epoch {remark.epoch} " in remark.seen


@pytest.mark.parametrize("seed", range(10))
def test_that_a_metric_that_falls_is_enough_where_there_is_no_validation_loss(seed):
    history = drawn(falling(5), falling(5), lambda t: rising(12)(t) - max(0.0, t - 0.3) * 0.2, seed=seed)
    history = told(
        [epoch.train_loss for epoch in history.epochs],
        [None] * len(history.epochs),
        [epoch.metrics["accuracy"] for epoch in history.epochs],
    )
    assert kinds(diagnose(history, MANY)) == [Kind.OVERFITTING]


@pytest.mark.parametrize("seed", range(10))
def test_that_a_run_that_ends_too_early_is_told_so_and_not_before_its_end(seed):
    shapes = (falling(1.5), falling(1.5), lambda t: 0.2 + 0.6 * t)
    assert kinds(diagnose(drawn(*shapes, seed=seed), MANY)) == [Kind.IMPROVING]
    assert diagnose(drawn(*shapes, seed=seed, state=RunState.RUNNING), MANY) == ()


@pytest.mark.parametrize("seed", range(10))
def test_that_a_long_plateau_is_told_with_its_level(seed):
    (remark,) = diagnose(drawn(falling(20), falling(20), rising(30, 0.8), count=60, seed=seed), MANY)
    assert remark.kind is Kind.PLATEAU
    assert remark.epoch is not None
    assert 5 <= remark.epoch <= 16
    assert abs(float(remark.values[2]) - 0.8) < 0.02


@pytest.mark.parametrize("seed", range(10))
def test_that_a_run_that_learns_nothing_is_told(seed):
    assert kinds(diagnose(drawn(lambda t: 1.1, lambda t: 1.1, lambda t: 0.5, seed=seed, noise=0.005), MANY)) == [
        Kind.STUCK
    ]


def test_that_a_run_whose_metric_never_left_zero_is_told_once_it_is_over():
    for state, told_kinds in ((RunState.RUNNING, []), (RunState.COMPLETED, [Kind.STUCK])):
        assert kinds(diagnose(drawn(falling(3), falling(3), lambda t: -1.0, state=state), MANY)) == told_kinds


@pytest.mark.parametrize("seed", range(10))
def test_that_jumping_curves_are_told_unless_few_pictures_explain_them(seed):
    dice = random.Random(seed)
    metric: Shape = lambda t: rising(8, 0.7)(t) + dice.choice((-0.15, 0.15))  # noqa: E731
    history = drawn(falling(8), falling(8), metric, seed=seed)
    assert kinds(diagnose(history, MANY)) == [Kind.UNSTABLE]
    few = CurveFacts(task=Task.CLASSIFICATION, val_images=5)
    assert Kind.UNSTABLE not in kinds(diagnose(history, few))


@pytest.mark.parametrize("seed", range(10))
def test_that_a_training_loss_that_climbs_is_told_as_a_rate_too_high(seed):
    climbing: Shape = lambda t: falling(10)(t) + max(0.0, t - 0.3) * 3  # noqa: E731
    remark, *_ = diagnose(drawn(climbing, climbing, lambda t: 0.3, seed=seed), MANY)
    assert remark.kind is Kind.RATE_TOO_HIGH
    assert remark.epoch is not None
    assert 9 <= remark.epoch <= 16


def test_that_a_loss_beyond_all_numbers_is_told_in_the_words_of_the_worker():
    with pytest.raises(Exception) as refused:
        _refuse_non_finite(math.inf, "in batch 3 of epoch 2")
    finished = Finished(outcome=Outcome.FAILED, reason=refused.value.cause)
    (remark,) = diagnose(told([1.0], [1.0], [0.3], RunState.FAILED, finished), MANY)
    assert (remark.kind, remark.epoch) == (Kind.RATE_TOO_HIGH, 2)


def test_that_classes_without_one_hit_are_named_once_the_run_was_judged():
    def scores(name: str, count: int, recall: float, ap50: float | None = None) -> ClassScores:
        return ClassScores(name=name, count=count, precision=None, recall=recall, f1=None, ap50=ap50)

    history = drawn(falling(6), falling(6), rising(6))
    judged = (scores("nut", 9, 0.0), scores("bolt", 9, 0.7), scores("rare", 2, 0.0))
    (remark,) = diagnose(history, CurveFacts(task=Task.CLASSIFICATION, val_images=1000, classes=judged))
    assert remark.seen == "Never learned: “nut”."
    boxes = (scores("nut", 9, 0.0, 0.4), scores("bolt", 9, 0.0, 0.01))
    (remark,) = diagnose(history, CurveFacts(task=Task.DETECTION, val_images=1000, classes=boxes))
    assert remark.seen == "Never learned: “bolt”."


@pytest.mark.parametrize(("task", "images", "speaks"), [
    (Task.CLASSIFICATION, 20, True), (Task.CLASSIFICATION, 300, False),
    (Task.DETECTION, 20, True), (Task.DETECTION, 40, False),
])  # fmt: skip
def test_that_a_small_validation_set_is_told(task, images, speaks):
    remarks = diagnose(drawn(falling(6), falling(6), rising(6)), CurveFacts(task=task, val_images=images))
    assert (Kind.FEW_PICTURES in kinds(remarks)) is speaks


def test_that_few_epochs_say_nothing():
    wild = told([1, 2, 0.5, 3], [1, 3, 1, 4], [0.1, 0.9, 0.2, 0.8])
    for count in range(5):
        so_far = RunHistory(state=RunState.COMPLETED, planned_epochs=4, epochs=wild.epochs[:count])
        assert diagnose(so_far, MANY) == ()


def healthy(seed: int) -> RunHistory:
    """Loss and metric near their ends in good time, with the noise of real runs: 5 to 120 epochs."""
    dice = random.Random(seed)
    count, rate, top = dice.randint(5, 120), dice.uniform(4.5, 6.5), dice.uniform(0.6, 0.97)
    return drawn(
        falling(rate, dice.uniform(0.05, 0.3)),
        falling(rate, dice.uniform(0.15, 0.5)),
        rising(rate, top),
        count=count,
        seed=seed,
        noise=dice.uniform(0.0, 0.04),
    )


@pytest.mark.parametrize("state", [RunState.COMPLETED, RunState.RUNNING])
def test_that_two_hundred_healthy_curves_say_nothing(state):
    false = {}
    for seed in range(200):
        history = healthy(seed)
        remarks = diagnose(RunHistory(state=state, planned_epochs=200, epochs=history.epochs), MANY)
        if remarks:
            false[seed] = kinds(remarks)
    assert false == {}


def test_that_healthy_curves_say_nothing_while_they_grow():
    false = {}
    for seed in range(40):
        epochs = healthy(seed).epochs
        for count in range(1, len(epochs)):
            so_far = RunHistory(state=RunState.RUNNING, planned_epochs=len(epochs), epochs=epochs[:count])
            if remarks := diagnose(so_far, MANY):
                false[seed, count] = kinds(remarks)
    assert false == {}
