"""Arithmetic of the gallery, for every size of window and any number of pictures."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.widgets.gallery.grid_layout import MARGIN, CellSize, GridLayout

layouts = st.builds(
    GridLayout.of, st.integers(60, 4000), st.integers(1, 100_000), st.sampled_from(CellSize), st.sampled_from([0.75, 1])
)


def test_that_cells_fill_the_width_evenly() -> None:
    layout = GridLayout.of(1000, 50, CellSize.MEDIUM)
    lefts = [layout.position(column)[0] for column in range(layout.columns)]
    gaps = [right - left - layout.cell_width for left, right in pairwise(lefts)]

    assert lefts[0] == MARGIN
    assert 0 <= 1000 - MARGIN - (lefts[-1] + layout.cell_width) <= 1
    assert max(gaps) - min(gaps) <= 1


@given(layouts, st.data())
def test_that_each_point_of_a_cell_leads_back_to_it(layout: GridLayout, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, layout.count - 1))
    left, top = layout.position(index)
    right, bottom = left + layout.cell_width - 1, top + layout.cell_height - 1

    assert {layout.index_at(x, y) for x in (left, right) for y in (top, bottom)} == {index}
    assert layout.index_at(left - 1, top) != index
    assert layout.index_at(left, bottom + 1) == -1
    assert bottom < layout.height


@given(layouts, st.data())
def test_that_what_is_in_sight_is_just_the_rows_that_reach_into_the_view(layout: GridLayout, data: st.DataObject):
    top = data.draw(st.integers(0, layout.height))
    bottom = top + data.draw(st.integers(1, 3000))
    seen = layout.between(top, bottom)

    for index in (seen.start - 1, seen.start, seen.stop - 1, seen.stop):
        if 0 <= index < layout.count:
            y = layout.position(index)[1]
            if y < bottom and y + layout.cell_height > top:
                assert index in seen
            if y >= bottom or y + layout.row_height <= top:
                assert index not in seen


def test_that_down_from_above_an_empty_place_leads_to_the_last_picture() -> None:
    layout = GridLayout.of(1000, 50, CellSize.MEDIUM)
    last_full_row = 50 // layout.columns * layout.columns - 1

    assert layout.moved(last_full_row, 0, 1) == 49
    assert layout.moved(49, 0, 1) == 49
    assert layout.moved(3, 0, -5) == 3
    assert layout.moved(0, -1, 0) == 0
    assert layout.moved(49, 1, 0) == 49


def test_that_a_window_narrower_than_one_cell_still_has_a_column() -> None:
    layout = GridLayout.of(0, 3, CellSize.LARGE)

    assert layout.columns == 1
    assert layout.index_at(MARGIN, MARGIN) == 0
