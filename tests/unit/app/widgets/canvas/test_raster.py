"""Boxes as pixels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.widgets.canvas import raster

RED = (0, 0, 255, 255)


def sheet(width: int = 60, height: int = 40) -> np.ndarray:
    return np.zeros((height, width, 4), np.uint8)


def drawn(pixels: np.ndarray) -> set[tuple[int, int]]:
    return {(int(x), int(y)) for y, x in np.argwhere(pixels[..., 3])}


def test_that_a_line_lies_on_the_edge_pixels_of_its_box():
    pixels = sheet()
    raster.draw_rings(pixels, np.array([[10, 5, 20, 15]]), 0, 2, RED)
    inner = {(x, y) for x in range(12, 18) for y in range(7, 13)}
    assert drawn(pixels) == {(x, y) for x in range(10, 20) for y in range(5, 15)} - inner


@given(st.integers(-30, 80), st.integers(-30, 60), st.integers(0, 4), st.integers(0, 4), st.integers(1, 6))
def test_that_the_line_of_a_tiny_box_stays_in_it(x, y, width, height, count):
    pixels = sheet()
    raster.draw_rings(pixels, np.array([[x, y, x + width, y + height]]), 0, count, RED)
    assert all(x - 1 <= at < x + max(1, width) and y - 1 <= down < y + max(1, height) for at, down in drawn(pixels))


def test_that_a_box_far_larger_than_the_view_draws_nothing_into_it():
    pixels = sheet()
    raster.draw_rings(pixels, np.array([[-(10**9), -(10**9), 10**9, 10**9]]), -3, 6, RED)
    assert drawn(pixels) == set()


def test_that_dashes_move_with_the_picture():
    first, second = sheet(), sheet()
    raster.draw_dashed(first, np.array([[10, 5, 40, 25]]), 0, 1, RED, (0, 0), 3, 2)
    raster.draw_dashed(second, np.array([[17, 9, 47, 29]]), 0, 1, RED, (7, 4), 3, 2)
    assert drawn(second) == {(x + 7, y + 4) for x, y in drawn(first)}
    top = [(x, 5) in drawn(first) for x in range(10, 40)]
    assert top[:10] == [True, True, True, False, False] * 2


def test_that_the_grid_lies_between_pixels_and_ends_with_the_picture():
    pixels = sheet()
    raster.draw_grid(pixels, (2, 2), 8.0, (5, 6), RED)
    lines = {(x, y) for x in (5, 13, 21) for y in range(6, 22)} | {(x, y) for y in (6, 14, 22) for x in range(5, 21)}
    assert drawn(pixels) == lines


def test_that_boxes_out_of_sight_are_left_out():
    rects = np.array([[0, 0, 5, 5], [-20, 0, -10, 5], [61, 0, 70, 5], [10, 45, 20, 50]])
    assert raster.in_sight(rects, 60, 40, 3).tolist() == [True, False, True, False]
