"""What lies below the pointer."""

from hypothesis import given
from hypothesis import strategies as st

from app.widgets.canvas.box_editing import HANDLES, Edge
from app.widgets.canvas.hit_testing import Item, Target, edges_at, items_at, items_in, next_of, target_at
from core.domain.annotation import Box

LARGE, MIDDLE, SMALL = Box(0, 0, 300, 300, 1), Box(50, 50, 200, 200, 2), Box(90, 90, 120, 120, 3)
WHERE = {
    Edge.LEFT | Edge.TOP: (50, 50),
    Edge.TOP: (125, 50),
    Edge.RIGHT | Edge.TOP: (200, 50),
    Edge.RIGHT: (200, 125),
    Edge.RIGHT | Edge.BOTTOM: (200, 200),
    Edge.BOTTOM: (125, 200),
    Edge.LEFT | Edge.BOTTOM: (50, 200),
    Edge.LEFT: (50, 125),
}


def own(index: int) -> Item:
    return Item(False, index)


@given(st.permutations([LARGE, MIDDLE, SMALL]))
def test_that_the_smallest_comes_first_in_whatever_order_they_were_drawn(boxes):
    found = [boxes[item.number] for item in items_at(boxes, [], (100, 100), 0)]
    assert found == [SMALL, MIDDLE, LARGE]


def test_that_boxes_and_proposals_are_found_together():
    assert items_at([LARGE], [SMALL], (100, 100), 0) == [Item(True, 0), own(0)]
    assert items_at([LARGE], [SMALL], (301, 100), 0) == []
    assert items_at([LARGE], [SMALL], (301, 100), 2) == [own(0)]


@given(st.integers(1, 6))
def test_that_clicks_go_through_all_and_begin_again(count):
    hits = [own(n) for n in range(count)]
    current, seen = None, []
    for _ in range(count + 1):
        current = next_of(hits, current)
        seen.append(current)
    assert seen == [*hits, hits[0]]
    assert next_of(hits, own(99)) == hits[0]


def test_that_each_of_the_eight_handles_is_found_inside_and_beside_the_box():
    assert set(WHERE) == set(HANDLES)
    for edges, (x, y) in WHERE.items():
        out_x = 5 if edges & Edge.RIGHT else -5 if edges & Edge.LEFT else 0
        out_y = 5 if edges & Edge.BOTTOM else -5 if edges & Edge.TOP else 0
        for share in (-1, 0, 1):
            assert edges_at(MIDDLE, (x + share * out_x, y + share * out_y), 6, 6) == edges
    assert edges_at(MIDDLE, (125, 125), 6, 6) == Edge(0)
    assert edges_at(MIDDLE, (43, 125), 6, 6) == Edge(0)


@given(st.floats(3, 40), st.floats(3, 40), st.floats(0.1, 32))
def test_that_the_middle_of_any_box_moves_it(width, height, factor):
    box = Box(10, 10, 10 + width, 10 + height, 1)
    middle = (10 + width / 2, 10 + height / 2)
    assert target_at([box], [], [own(0)], middle, factor) == Target(own(0), Edge(0))


def test_that_handles_of_the_chosen_box_come_before_what_lies_there():
    beside = Box(200, 120, 260, 130, 1)
    assert target_at([MIDDLE, beside], [], [own(0)], (203, 125), 1) == Target(own(0), Edge.RIGHT)
    assert target_at([MIDDLE, beside], [], [], (204, 125), 1) == Target(own(1), Edge.LEFT)


def test_that_a_chosen_box_is_taken_before_a_smaller_one():
    boxes = [LARGE, SMALL]
    assert target_at(boxes, [], [], (105, 105), 1).item == own(1)
    assert target_at(boxes, [], [own(0)], (105, 105), 1) == Target(own(0))
    assert target_at(boxes, [], [], (400, 400), 1) == Target()


def test_that_a_rubber_band_leaves_out_what_surrounds_it():
    boxes = [LARGE, MIDDLE, SMALL]
    assert items_in(boxes, [SMALL], (80, 80), (130, 130)) == [own(2), Item(True, 0)]
    assert items_in(boxes, [], (130, 130), (40, 40)) == [own(1), own(2)]
    assert items_in(boxes, [], (400, 400), (500, 500)) == []
