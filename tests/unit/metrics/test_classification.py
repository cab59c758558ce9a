"""Class reports against numbers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.metrics import classification_report
from core.metrics.intervals import wilson

NAMES = ("ant", "bee", "wasp")


def certain(answers: list[int], classes: int) -> np.ndarray:
    return np.eye(classes)[answers]


def test_that_scores_are_those_worked_out_by_hand():
    truth = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
    answers = [0, 0, 0, 1, 1, 1, 0, 2, 2, 1]
    report = classification_report(truth, certain(answers, 3), NAMES)
    assert report.images == 10
    assert report.confusion == ((3, 1, 0), (1, 2, 0), (0, 1, 2))
    assert [c.count for c in report.classes] == [4, 3, 3]
    assert [c.precision for c in report.classes] == pytest.approx([3 / 4, 2 / 4, 1])
    assert [c.recall for c in report.classes] == pytest.approx([3 / 4, 2 / 3, 2 / 3])
    f1 = [3 / 4, 4 / 7, 4 / 5]
    assert [c.f1 for c in report.classes] == pytest.approx(f1)
    assert report.metrics == pytest.approx({"accuracy": 0.7, "macro_f1": sum(f1) / 3})
    assert report.threshold is None
    assert report.curves == ()


def test_that_wilson_agrees_with_published_numbers():
    # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81/263, 15/148, 0/20, 1/29.
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (right, total), (low, high) in published.items():
        interval = wilson(right, total)
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=6e-5)
    assert wilson(5, 5).high == 1


def test_that_a_class_without_an_image_is_not_judged_and_a_class_never_predicted_counts_nothing():
    report = classification_report([0, 0, 1], certain([0, 0, 0], 3), NAMES)
    _, bee, wasp = report.classes
    assert (bee.precision, bee.recall, bee.f1) == (None, 0, 0)
    assert (wasp.count, wasp.precision, wasp.recall, wasp.f1) == (0, None, None, None)
    assert report.metrics["macro_f1"] == pytest.approx((0.8 + 0) / 2)
    falsely = classification_report([0, 0, 1], certain([0, 2, 1], 3), NAMES).classes[2]
    assert (falsely.precision, falsely.recall, falsely.f1) == (0, None, None)


def test_that_no_image_at_all_gives_an_empty_report():
    report = classification_report([], np.zeros((0, 3)), NAMES)
    assert (report.images, report.metrics, report.intervals) == (0, {}, {})
    assert report.confusion == ((0, 0, 0),) * 3
    assert [(c.name, c.count, c.f1) for c in report.classes] == [(name, 0, None) for name in NAMES]
    assert classification_report([], [], NAMES) == report


def test_that_a_single_class_is_reported():
    report = classification_report([0] * 12, np.ones((12, 1)), ["part"])
    assert report.metrics == {"accuracy": 1, "macro_f1": 1}
    assert report.confusion == ((12,),)
    assert all(0.7 < span.low < 0.9 and span.high == 1 for span in report.intervals.values())


def test_that_answers_of_the_wrong_shape_are_refused():
    with pytest.raises(ValueError):
        classification_report([0, 1], np.ones((2, 4)), NAMES)


def test_that_the_bootstrap_agrees_with_redrawing_images_one_by_one():
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 3, 120)
    answers = np.where(rng.random(120) < 0.8, truth, rng.integers(0, 3, 120))
    report = classification_report(truth, certain(answers, 3), NAMES)
    redrawn = []
    for _ in range(1000):
        pick = rng.integers(0, 120, 120)
        t, a = truth[pick], answers[pick]
        redrawn.append(np.mean([2 * ((t == k) & (a == k)).sum() / ((t == k).sum() + (a == k).sum()) for k in range(3)]))
    interval = report.intervals["macro_f1"]
    assert (interval.low, interval.high) == pytest.approx(np.percentile(redrawn, [2.5, 97.5]), abs=0.015)
    assert interval.low < report.metrics["macro_f1"] < interval.high
    assert report == classification_report(truth, certain(answers, 3), NAMES)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=30))
def test_that_every_report_adds_up_and_holds_no_number_that_is_none(classes, pairs):
    truth = [min(t, classes - 1) for t, _ in pairs]
    answers = [min(a, classes - 1) for _, a in pairs]
    report = classification_report(truth, certain(answers, classes), [str(k) for k in range(classes)])
    table = np.array(report.confusion)
    assert table.sum() == len(pairs) == report.images
    for k, scores in enumerate(report.classes):
        row, column = table[k].sum(), table[:, k].sum()
        assert scores.count == row
        assert scores.recall == (pytest.approx(table[k, k] / row) if row else None)
        assert scores.precision == (pytest.approx(table[k, k] / column) if column else None)
    assert all(np.isfinite(value) for value in report.metrics.values())
    for name, interval in report.intervals.items():
        assert interval.low <= report.metrics[name] + 1e-9
        assert np.isfinite([interval.low, interval.high]).all()
