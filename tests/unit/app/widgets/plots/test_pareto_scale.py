"""Axes of the chart: logarithmic only where needed, round values, everything within."""

import pytest

from app.widgets.plots.pareto_scale import Scale


@pytest.mark.parametrize(("values", "is_log"), [((1, 20), False), ((1, 20.1), True), ((0, 500), False), ((5,), False)])
def test_that_an_axis_is_logarithmic_from_twenty_times_on(values, is_log):
    assert Scale(values, may_be_log=True).is_log is is_log
    assert not Scale(values).is_log


@pytest.mark.parametrize("values", [(0.1, 0.9), (61, 127, 200), (0.02, 0.5, 40), (3,), (0, 0), ()])
def test_that_all_values_and_ticks_lie_within(values):
    scale = Scale(values, may_be_log=True)
    shares = [scale.share(value) for value in (*values, *scale.ticks(6))]
    assert all(-1e-9 <= share <= 1 + 1e-9 for share in shares)
    assert 1 <= len(scale.ticks(6)) <= 9


def test_that_ticks_are_round_numbers():
    assert Scale((61, 127, 200)).ticks(9) == pytest.approx([60, 80, 100, 120, 140, 160, 180, 200])
    assert Scale((1, 300), may_be_log=True).ticks(9) == pytest.approx([1, 2, 5, 10, 20, 50, 100, 200])
    assert Scale((1, 30_000), may_be_log=True).ticks(6) == pytest.approx([1, 10, 100, 1000, 10_000])


def test_that_higher_values_lie_further_on_the_axis():
    for values in ((1.0, 2.0, 3.0), (1.0, 50.0, 3000.0)):
        scale = Scale(values, may_be_log=True)
        shares = [scale.share(value) for value in values]
        assert shares == sorted(shares)
        assert shares[1] == pytest.approx(0.5, abs=0.02)
