"""Down-sampling that loses no extreme, buffers that grow, read-outs."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.widgets.plots.curve_data import CurveBuffer, lonely, nearest, smoothed, spoken, spoken_x, step, thin, trend

values = st.floats(-1e6, 1e6) | st.just(math.nan)
lengths = st.integers(1, 600)


@st.composite
def curves(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    count = draw(lengths)
    steps = draw(hnp.arrays(np.float64, count, elements=st.floats(1e-3, 50)))
    return np.cumsum(steps), draw(hnp.arrays(np.float64, count, elements=values))


@given(curves(), st.integers(1, 40))
def test_that_every_extreme_of_every_pixel_column_is_kept(curve, pixels):
    x, y = curve
    thin_x, thin_y = thin(x, y, pixels)
    edges = np.linspace(x[0], x[-1], pixels + 1)

    assert len(thin_x) <= 2 * pixels + 2
    for left, right in pairwise(edges):
        # Points on an edge may fall on either side of it by a rounding.
        column = (x > left + 1e-9 * x[-1]) & (x < right - 1e-9 * x[-1]) & ~np.isnan(y)
        if column.any():
            inside = thin_y[(thin_x >= left - 1e-9 * x[-1]) & (thin_x <= right + 1e-9 * x[-1])]
            assert np.nanmin(inside) <= y[column].min()
            assert np.nanmax(inside) >= y[column].max()


@given(curves(), st.integers(1, 40))
def test_that_thinning_gives_points_of_the_curve_its_ends_and_its_extremes(curve, pixels):
    x, y = curve
    thin_x, thin_y = thin(x, y, pixels)
    where = np.searchsorted(x, thin_x)

    np.testing.assert_array_equal(x[where], thin_x)
    np.testing.assert_array_equal(y[where], thin_y)
    assert (np.diff(thin_x) > 0).all()
    assert (thin_x[0], thin_x[-1]) == (x[0], x[-1])
    if not np.isnan(y).all():
        assert (np.nanmin(thin_y), np.nanmax(thin_y)) == (np.nanmin(y), np.nanmax(y))


@given(curves(), st.integers(1, 40), st.floats(0, 1), st.floats(0, 1))
def test_that_the_visible_part_keeps_its_extremes_and_a_point_on_each_side(curve, pixels, one, other):
    x, y = curve
    left, right = (x[0] + (x[-1] - x[0]) * part for part in sorted((one, other)))
    thin_x, thin_y = thin(x, y, pixels, (left, right))
    inside = (x >= left) & (x <= right) & ~np.isnan(y)

    if inside.any():
        shown = thin_y[(thin_x >= left) & (thin_x <= right)]
        at_most = [*y[inside], *thin_y[(thin_x < left) | (thin_x > right)]]
        assert np.nanmin(thin_y) == np.nanmin(at_most)
        assert np.nanmax(thin_y) == np.nanmax(at_most)
        assert set(shown[~np.isnan(shown)]) <= set(y[inside])
    assert thin_x[0] <= max(left, x[0])
    assert thin_x[-1] >= min(right, x[-1])


def test_that_one_spike_in_a_hundred_thousand_points_is_seen_at_every_width():
    x, y = np.arange(100_000.0), np.zeros(100_000)
    y[61_803], y[27_182] = 7, -3
    for pixels in (1, 2, 333, 640, 3840):
        thin_x, thin_y = thin(x, y, pixels)
        assert (61_803, 7) in zip(thin_x, thin_y, strict=True)
        assert (27_182, -3) in zip(thin_x, thin_y, strict=True)


def test_that_a_long_gap_stays_a_gap():
    x, y = np.arange(10_000.0), np.ones(10_000)
    y[4_000:5_000] = math.nan
    thin_x, thin_y = thin(x, y, 100)
    assert np.isnan(thin_y[(thin_x > 4_100) & (thin_x < 4_900)]).all()
    assert ((thin_x > 4_100) & (thin_x < 4_900)).sum() >= 7


@given(st.lists(st.tuples(st.integers(0, 50), st.none() | st.floats(allow_infinity=True)), max_size=300))
def test_that_a_buffer_holds_what_was_told_last(points):
    buffer, told = CurveBuffer(), {}
    for x, y in points:
        buffer.append(x, y)
        told = {old: value for old, value in told.items() if old < x} | {x: y}
    assert buffer.x.tolist() == list(told)
    assert [buffer.at(x) for x in told] == [y if y is not None and math.isfinite(y) else None for y in told.values()]


def test_that_a_buffer_grows_by_doubling():
    buffer, capacities = CurveBuffer(), set()
    for x in range(100_000):
        buffer.append(x, 1.0)
        capacities.add(len(buffer.x.base))
    assert len(buffer) == 100_000
    assert len(capacities) <= 12


@given(st.lists(st.lists(st.tuples(st.integers(0, 30), st.floats()), max_size=8), max_size=6))
def test_that_many_points_at_once_are_taken_as_one_by_one(pieces):
    at_once, one_by_one = CurveBuffer(), CurveBuffer()
    for piece in pieces:
        at_once.extend([x for x, _ in piece], [y for _, y in piece])
        for x, y in piece:
            one_by_one.append(x, y)
    assert at_once.x.tolist() == one_by_one.x.tolist()
    np.testing.assert_array_equal(at_once.y, one_by_one.y)


def test_that_points_given_whole_are_put_in_order():
    buffer = CurveBuffer.of([3, 1, math.nan, 2, 1], [0.3, 0.1, 9, None, 0.5])
    assert buffer.x.tolist() == [1, 2, 3]
    assert [buffer.at(x) for x in (1, 2, 3, 4)] == [0.5, None, 0.3, None]
    assert len(CurveBuffer.of([], [])) == 0


def test_that_the_numbers_given_are_not_changed():
    y = np.array([1.0, math.inf])
    CurveBuffer.of([1, 2], y)
    assert math.isinf(y[1])


def test_that_a_value_between_two_gaps_is_lonely():
    nan = math.nan
    assert lonely(np.array([1, nan, 1, nan, 1, 1])).tolist() == [True, False, True, False, False, False]
    assert lonely(np.array([1.0])).tolist() == [True]


def test_that_the_cursor_snaps_to_the_nearest_point_of_any_curve():
    pair = [CurveBuffer.of([1, 5], [0, 0]), CurveBuffer.of([3.5], [0])]
    assert [nearest(pair, x) for x in (-9, 2, 3, 4.6, 99)] == [1, 1, 3.5, 5, 5]
    assert nearest([], 1) is None
    assert [step(pair, x, forward=True) for x in (1, 3.5, 5)] == [3.5, 5, 5]
    assert [step(pair, x, forward=False) for x in (1, 3.5, 5)] == [1, 1, 3.5]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.4312, "0.431"),
        (0, "0.000"),
        (0.00071, "0.00071"),
        (-12.3456, "-12.346"),
        (523.44, "523.4"),
        (12_345, "12,345"),
    ],
)
def test_that_values_are_spoken_with_fitting_digits(value, text):
    assert spoken(value) == text


def test_that_epochs_are_spoken_whole_and_recall_with_two_decimals():
    assert [spoken_x(x) for x in (12, 100_000, 0.8, 0, 1)] == ["12", "100,000", "0.80", "0", "1"]


def test_that_a_trend_is_the_mean_of_each_stretch_and_knows_gaps():
    x = np.arange(1000.0)
    y = np.where(x % 2, 1.0, 3.0)
    y[:100] = math.nan
    y[100] = math.nan
    trend_x, trend_y = trend(x, y, 10)
    assert trend_x[1] == pytest.approx(149.5)
    assert np.isnan(trend_y).tolist() == [True] + [False] * 9
    assert trend_y[1:] == pytest.approx([1.98] + [2] * 8, abs=0.02)


def test_that_smoothing_keeps_a_level_gaps_and_the_first_value():
    y = np.array([2.0, 2.0, np.nan, 2.0])
    assert np.array_equal(smoothed(y, 0.9), y, equal_nan=True)
    noisy = np.array([1.0, 3.0, 1.0, 3.0])
    assert smoothed(noisy, 0.0) is noisy
    told = smoothed(noisy, 0.5)
    assert told[0] == 1.0
    assert told[1] == pytest.approx((0.5 * 1 + 3) / 1.5)
    assert np.ptp(told[1:]) < np.ptp(noisy[1:])
