"""Boxes stay in the picture and keep a size, whatever is done to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.widgets.canvas.box_editing import CORNERS, HANDLES, SMALLEST, Edge, beside, drawn, inside, moved, resized
from core.domain.annotation import Box

SIZE = (640.0, 480.0)
ways = st.floats(-2000, 2000)
points = st.tuples(st.floats(-500, 1500), st.floats(-500, 1500))


@st.composite
def boxes(draw) -> Box:
    x, y = draw(st.floats(0, 600)), draw(st.floats(0, 440))
    return Box(x, y, draw(st.floats(x + SMALLEST, 640)), draw(st.floats(y + SMALLEST, 480)), 1)


def is_inside(box: Box) -> bool:
    return 0 <= box.x_min < box.x_max <= SIZE[0] and 0 <= box.y_min < box.y_max <= SIZE[1]


@given(points, points)
def test_that_a_drawn_box_is_in_the_picture_and_large_enough_or_not_there(start, end):
    box = drawn(start, end, 3, SIZE)
    assert box is None or (is_inside(box) and min(box.width, box.height) >= SMALLEST and box.class_id == 3)
    assert drawn(end, start, 3, SIZE) == box


@given(st.lists(boxes(), min_size=1, max_size=5), ways, ways)
def test_that_boxes_that_move_keep_size_and_distance_and_stay_in_the_picture(several, across, down):
    after = moved(several, across, down, SIZE)
    assert all(is_inside(box) for box in after)
    for old, new in zip(several, after, strict=True):
        assert (new.width, new.height) == pytest.approx((old.width, old.height))
        assert new.x_min - old.x_min == pytest.approx(after[0].x_min - several[0].x_min, abs=1e-6)
        assert new.y_min - old.y_min == pytest.approx(after[0].y_min - several[0].y_min, abs=1e-6)


@given(boxes(), st.sampled_from(HANDLES), ways, ways)
def test_that_a_resized_box_stays_in_the_picture_and_never_vanishes(box, edges, across, down):
    after, held = resized(box, edges, across, down, SIZE)
    assert is_inside(after)
    assert min(after.width, after.height) >= SMALLEST - 1e-6
    assert held in HANDLES
    assert (held in CORNERS) == (edges in CORNERS)


@given(boxes(), st.sampled_from(HANDLES), ways, ways)
def test_that_only_the_edges_of_the_handle_move(box, edges, across, down):
    after, _ = resized(box, edges, across, down, SIZE)
    if not edges & (Edge.LEFT | Edge.RIGHT):
        assert (after.x_min, after.x_max) == (box.x_min, box.x_max)
    elif edges & Edge.RIGHT and box.x_max + across > box.x_min + SMALLEST:
        assert after.x_min == box.x_min
    if not edges & (Edge.TOP | Edge.BOTTOM):
        assert (after.y_min, after.y_max) == (box.y_min, box.y_max)


def test_that_a_corner_over_the_opposite_one_turns_the_handle():
    box = Box(100, 100, 200, 200, 1)
    assert resized(box, Edge.RIGHT | Edge.BOTTOM, -150, -160, SIZE) == (
        Box(50, 40, 100, 100, 1),
        Edge.LEFT | Edge.TOP,
    )
    assert resized(box, Edge.LEFT, 150, 0, SIZE) == (Box(200, 100, 250, 200, 1), Edge.RIGHT)


def test_that_an_edge_at_the_rim_of_the_picture_does_not_turn_out_of_it():
    box = Box(0, 100, 50, 200, 1)
    assert resized(box, Edge.RIGHT, -100, 0, SIZE) == (Box(0, 100, SMALLEST, 200, 1), Edge.RIGHT)


def test_that_a_box_beyond_the_picture_comes_into_it_when_it_is_moved():
    """The file may have been replaced by a smaller picture."""
    beyond = [Box(700, 100, 1500, 200, 1), Box(10, 10, 20, 20, 1)]
    assert moved(beyond, 5, 5, SIZE) == [Box(0, 105, 640, 205, 1), Box(10, 15, 20, 25, 1)]


def test_that_a_box_larger_than_the_picture_is_cut():
    assert inside(Box(-50, 10, 900, 20, 1), SIZE) == Box(0, 10, 640, 20, 1)
    assert inside(Box(600, 470, 700, 500, 1), SIZE) == Box(540, 450, 640, 480, 1)


@given(st.lists(boxes(), min_size=1, max_size=4, unique=True), st.floats(1, 30))
def test_that_copies_do_not_hide_their_originals(several, step):
    copies = beside(several, several, step, SIZE)
    assert all(is_inside(box) for box in copies)
    whole = any(box.width > 640 - 1e-6 and box.height > 480 - 1e-6 for box in several)
    assert whole or len(several) > 1 or copies[0] != several[0]


def test_that_copies_keep_their_place_where_it_is_free():
    assert beside([Box(1, 2, 30, 40, 1)], [], 10, SIZE) == [Box(1, 2, 30, 40, 1)]
