"""Zoom and pan: what is below the pointer stays there, and the picture never leaves the window."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.widgets.canvas.view import LARGEST, View

sides = st.floats(1, 20_000)
windows = st.tuples(st.floats(100, 4000), st.floats(100, 4000))
views = st.builds(
    lambda image, window, ratio, margin: View(image=image, window=window, ratio=ratio, margin=margin).fit(),
    st.tuples(sides, sides),
    windows,
    st.sampled_from([1.0, 1.25, 2.0, 3.0]),
    st.sampled_from([0.0, 12.0]),
)
shares = st.tuples(st.floats(0, 1), st.floats(0, 1))


def part(of: tuple[float, float], share: tuple[float, float]) -> tuple[float, float]:
    return of[0] * share[0], of[1] * share[1]


def is_in_sight(view: View) -> bool:
    """No more empty room than there must be, on any side."""
    for n in (0, 1):
        start, end = view.to_window((0, 0))[n], view.to_window(view.image)[n]
        slack = view.margin + 1e-3 * max(1, view.factor)
        if end - start >= view.window[n]:
            inside = start <= slack and end >= view.window[n] - slack
        else:
            inside = start >= -slack and end <= view.window[n] + slack
        if not inside:
            return False
    return True


@given(views)
def test_that_a_fitted_picture_is_seen_as_a_whole_with_its_margin(view):
    for n in (0, 1):
        start, end = view.to_window((0, 0))[n], view.to_window(view.image)[n]
        assert start >= view.margin - 1e-3
        assert end <= view.window[n] - view.margin + 1e-3


@given(views, st.floats(0.01, 64), shares, shares)
def test_that_points_go_to_the_window_and_back(view, scale, at, share):
    view = view.scaled(scale, part(view.window, at))
    point = part(view.image, share)
    assert view.to_image(view.to_window(point)) == pytest.approx(point, abs=1e-3)


@given(views, st.floats(0.01, 64), shares)
def test_that_a_zoomed_picture_does_not_leave_the_window(view, scale, share):
    view = view.scaled(scale, part(view.window, share))
    assert is_in_sight(view)
    assert view.scale <= LARGEST * (1 + 1e-9)


@given(views, st.floats(0.5, 16), shares, st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_that_panning_stops_at_the_edges(view, scale, share, across, down):
    view = view.scaled(scale, part(view.window, share)).panned(across, down)
    assert is_in_sight(view)


@given(shares, st.floats(1.1, 8))
def test_that_what_is_below_the_pointer_stays_there_when_zooming_in(share, factor):
    view = View(image=(4000, 3000), window=(1000, 750)).fit().scaled(0.5, (500, 375))
    at = part(view.window, share)
    zoomed = view.scaled(view.scale * factor, at)
    assert zoomed.to_image(at) == pytest.approx(view.to_image(at), abs=1e-6)


def test_that_one_hundred_percent_is_one_pixel_of_the_screen():
    view = View(image=(4000, 3000), window=(1000, 750), ratio=2.0).fit().scaled(1.0, (0, 0))
    assert (view.scale, view.factor) == (1.0, 0.5)
    moved = view.placed((1000, 750), 1.0)
    assert (moved.scale, moved.factor) == (1.0, 1.0)


def test_that_a_window_that_grows_keeps_a_fitted_picture_fitted():
    view = View(image=(4000, 3000), window=(1000, 750)).fit().placed((2000, 1500), 1.0)
    assert view.fitted
    assert view.scale == 0.5


@given(views, shares, shares)
def test_that_a_part_that_is_zoomed_to_is_in_sight(view, one, other):
    assume(abs(one[0] - other[0]) > 0.01 and abs(one[1] - other[1]) > 0.01)
    (left, right), (top, bottom) = sorted((one[0], other[0])), sorted((one[1], other[1]))
    start, end = part(view.image, (left, top)), part(view.image, (right, bottom))
    seen = view.onto(start, end)
    assume(seen.scale > min(view.scale, 1.0) * 1.001)  # nothing gets smaller than all of the picture
    for n in (0, 1):
        assert seen.to_window(start)[n] >= -1
        assert seen.to_window(end)[n] <= seen.window[n] + 1


def test_that_two_windows_of_one_shape_show_the_same_part():
    large = View(image=(4000, 3000), window=(1000, 750)).fit().scaled(0.8, (700.0, 200.0))
    small = View(image=(4000, 3000), window=(200, 150)).fit().like(large)
    for corner in ((0.0, 0.0), (1.0, 1.0)):
        seen = [view.to_image((corner[0] * view.window[0], corner[1] * view.window[1])) for view in (large, small)]
        assert seen[0] == pytest.approx(seen[1])
    assert small.like(large.fit()).fitted


def test_that_no_picture_is_no_trouble():
    view = View(window=(300, 200))
    assert view.scaled(2, (10, 10)) == view
    assert view.onto((0, 0), (1, 1)) == view
    assert replace(view, zoom=1.0).panned(10, 10).scale == 1.0
