"""Intervals of simulated models whose truth is known, and the identities that they rest on.

1,000 draws of each are in ``tests/benchmarks/intervals.py``; here are few, with fixed seeds, to notice a mistake.
"""

import numpy as np
import pytest
from msgspec.structs import replace

from core.metrics import detection_report, paired, resampling
from core.metrics.average_precision import mean_average_precisions
from core.metrics.classification import Answers, classification_report
from core.metrics.detection import matches_of
from core.metrics.paired import Shares
from tests.simulated_predictions import classifiers, detectors, true_precisions
from tests.unit.metrics.test_detection import INDEX, NAMES, drawn_at_random


def accuracy(answers: Answers) -> Shares:
    """Without the resamples, which accuracy does not need."""
    return Shares((answers.truth == answers.chosen).astype(float))


@pytest.mark.parametrize("images", [37, 100, 400])
def test_that_an_interval_of_a_difference_of_accuracies_holds_the_truth_19_times_in_20(
    images: int,
) -> None:
    rng = np.random.default_rng(3)
    held, alarms = [], []
    for _ in range(400):
        a, twin, b = (accuracy(one) for one in classifiers(rng, images, [0.75, 0.75, 0.85]))
        span, none = paired.difference(a, b, images), paired.difference(a, twin, images)
        assert span is not None
        assert none is not None
        held.append(span.low <= 0.1 <= span.high)
        alarms.append(none.low > 0 or none.high < 0)
    assert 0.93 <= np.mean(held) <= 0.975
    assert np.mean(alarms) <= 0.06


def test_that_an_interval_of_map_holds_the_truth_and_equal_detectors_are_seldom_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resampling, "RESAMPLES", 300)
    skills = [1.0, 1.0, 1.4]
    (low, _), _, (high, _) = true_precisions(skills)
    rng = np.random.default_rng(11)
    held, apart, alarms = [], [], []
    for number in range(60):
        found = detectors(rng, 40, skills)
        a, twin, b = (paired.figures_of(one, paired.draws_for(found, seed=number))["mAP50-95"] for one in found)
        one, two, none = paired.interval(a, 40), paired.difference(a, b, 40), paired.difference(a, twin, 40)
        assert one is not None
        assert two is not None
        assert none is not None
        held.append(one.low <= low <= one.high)
        apart.append(two.low <= high - low <= two.high)
        alarms.append(none.low > 0 or none.high < 0)
    assert 0.9 <= np.mean(held) < 1
    assert 0.9 <= np.mean(apart) < 1
    assert np.mean(alarms) <= 0.075


@pytest.mark.parametrize("seed", range(4))
def test_that_weights_count_images_as_often_as_drawing_them_again_does(seed: int) -> None:
    truth, answers = drawn_at_random(seed, images=30)
    matches = matches_of(truth, INDEX, answers, len(NAMES))
    drawn = np.random.default_rng(seed).integers(30, size=30)
    weights = np.bincount(drawn, minlength=30)[None, :]
    again = [replace(truth[number], hash=str(place)) for place, number in enumerate(drawn)]
    said = [replace(answers[number], hash=str(place)) for place, number in enumerate(drawn)]
    for rows, images, predictions in ((np.ones((1, 30), int), truth, answers), (weights, again, said)):
        by_weights = mean_average_precisions(matches, rows)[:, 0]
        metrics = detection_report(images, INDEX, predictions, NAMES).metrics
        assert by_weights == pytest.approx([metrics["mAP50-95"], metrics["mAP50"]], abs=1e-9)


def test_that_the_figures_and_intervals_are_those_of_the_reports() -> None:
    truth, answers = drawn_at_random(2, images=30)
    matches = matches_of(truth, INDEX, answers, len(NAMES))
    report = detection_report(truth, INDEX, answers, NAMES)
    figures = paired.figures_of(matches, paired.draws_for([matches]))
    for name in ("mAP50-95", "mAP50"):
        assert paired.value(figures[name]) == pytest.approx(report.metrics[name], abs=1e-9)
        assert paired.interval(figures[name], 30) == report.intervals[name]

    (model,) = classifiers(np.random.default_rng(0), 50, [0.8])
    of_classes = classification_report(model.truth.tolist(), np.eye(2)[model.chosen], ["a", "b"])
    found = paired.figures_of(model, paired.draws_for([model]))
    for name in ("accuracy", "macro_f1"):
        assert paired.value(found[name]) == pytest.approx(of_classes.metrics[name])
        assert paired.interval(found[name], 50) == of_classes.intervals[name]


def test_that_pairing_over_the_same_images_makes_the_interval_narrower() -> None:
    found = detectors(np.random.default_rng(5), 60, [1.0, 1.3])
    a, b = (paired.figures_of(one, paired.draws_for(found))["mAP50-95"] for one in found)
    (stranger,) = detectors(np.random.default_rng(6), 60, [1.0])
    other = paired.figures_of(stranger, paired.draws_for([stranger], seed=1))["mAP50-95"]
    same, apart = paired.difference(a, b, 60), paired.difference(other, b, 60)
    assert same is not None
    assert apart is not None
    assert same.high - same.low < 0.8 * (apart.high - apart.low)


def test_that_turning_a_difference_round_turns_its_interval_round() -> None:
    found = detectors(np.random.default_rng(7), 40, [0.5, 1.0])
    for name in ("mAP50-95", "mAP50"):
        a, b = (paired.figures_of(one, paired.draws_for(found))[name] for one in found)
        there, back = paired.difference(a, b, 40), paired.difference(b, a, 40)
        assert there is not None
        assert back is not None
        assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    one, two = (accuracy(model) for model in classifiers(np.random.default_rng(8), 40, [0.6, 0.9]))
    forth, back = paired.difference(one, two, 40), paired.difference(two, one, 40)
    assert forth is not None
    assert back is not None
    assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low))


def test_that_a_mean_over_seeds_is_steadier_than_one_seed_and_one_seed_is_wilson() -> None:
    seeds = [accuracy(model) for model in classifiers(np.random.default_rng(9), 120, [0.8] * 4)]
    together = paired.mean(seeds)
    assert paired.value(together) == pytest.approx(np.mean([paired.value(one) for one in seeds]))
    whole, single = paired.interval(together, 120), paired.interval(seeds[0], 120)
    assert whole is not None
    assert single is not None
    assert whole.high - whole.low < single.high - single.low
    # Images do not become more by more seeds: four times as many would halve the interval.
    assert whole.high - whole.low > 0.5 * (single.high - single.low)


def test_that_no_error_at_all_is_not_taken_for_no_doubt() -> None:
    right = Answers(np.array([0, 1] * 10), np.array([0, 1] * 10), 2)
    figure = accuracy(right)
    span, apart = paired.interval(figure, 20), paired.difference(figure, figure, 20)
    assert span is not None
    assert apart is not None
    assert (span.low < 0.9, span.high) == (True, 1.0)
    assert -0.2 < apart.low < -0.02
    assert apart.high == -apart.low
    (perfect,) = detectors(np.random.default_rng(0), 20, [60.0])
    found = paired.figures_of(perfect, paired.draws_for([perfect]))["mAP50"]
    ceiling = paired.interval(found, 20)
    assert paired.value(found) > 0.98
    assert ceiling is not None
    assert ceiling.low < 0.98
    assert ceiling.high == 1.0


def test_that_few_images_have_no_bootstrap() -> None:
    found = detectors(np.random.default_rng(0), 9, [1.0, 1.5])
    a, b = (paired.figures_of(one, paired.draws_for(found))["mAP50-95"] for one in found)
    assert paired.interval(a, 9) is None
    assert paired.difference(a, b, 9) is None


def test_that_equal_runs_get_equal_draws_and_many_boxes_fewer_of_them() -> None:
    found = detectors(np.random.default_rng(0), 30, [1.0, 2.0])
    first, second = paired.draws_for(found), paired.draws_for(found)
    assert (first.resamples == second.resamples).all()
    assert (first.resamples.sum(axis=1) == 30).all()
    assert first.resamples.shape == (1000, 30)
    assert (first.blocks.sum(axis=1) == 29).all()
    assert len(resampling.draw(30, items=10_000_000).resamples) == 200
    blocks = resampling.draw(1001).blocks
    assert len(blocks) <= 200
    assert ((1 - blocks).sum(axis=0) == 1).all()
