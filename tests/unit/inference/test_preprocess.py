"""From any picture to the model's square and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.model_card import ResizeRule
from core.inference.preprocess import Placement, place, resize, to_input

sides = st.integers(1, 1200)
sizes = st.sampled_from([32, 224, 320, 333, 640])


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


# Numbers of ultralytics' LetterBox (8.4.190, auto=False, centred): width, height, size -> left, top, right, bottom.
@pytest.mark.parametrize(
    ("width", "height", "size", "bars"),
    [
        (640, 480, 640, (0, 80, 0, 80)),
        (1000, 333, 320, (0, 106, 0, 107)),  # 107 rows inside: the odd row of padding is below
        (333, 1000, 320, (106, 0, 107, 0)),
        (100, 99, 320, (0, 1, 0, 2)),
        (1, 3000, 640, (319, 0, 320, 0)),  # rounds to no width at all: one pixel is kept
        (28, 28, 640, (0, 0, 0, 0)),  # growing is allowed
    ],
)
def test_that_letterbox_bars_lie_where_ultralytics_puts_them(width, height, size, bars):
    square, _ = resize(np.zeros((height, width, 3), np.uint8), size, ResizeRule.LETTERBOX)
    rows, columns = np.nonzero((square == 0).all(axis=2))
    left, top = columns.min(), rows.min()
    assert (left, top, size - 1 - columns.max(), size - 1 - rows.max()) == bars
    assert (square[(square != 0).any(axis=2)] == 114).all()


@settings(max_examples=150, deadline=None)
@given(sides, sides, sizes, st.sampled_from(list(ResizeRule)), st.sampled_from([1.0, 0.875]), st.data())
def test_that_a_box_inside_the_square_returns_to_its_image_pixels(width, height, size, rule, fraction, data):
    placement = place(width, height, size, rule, fraction)
    corner = st.tuples(st.floats(0, width), st.floats(0, height))
    (xa, ya), (xb, yb) = data.draw(corner), data.draw(corner)
    box = (min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb))
    square = placement.to_square(*box)
    assert all(0 <= value <= size for value in square)
    cut = any(value in (0, size) for value in square)
    if rule is not ResizeRule.CROP or not cut:
        assert placement.to_image(*square) == pytest.approx(box, abs=1e-6 * max(width, height))


def test_that_boxes_outside_the_picture_are_clipped_to_it():
    placement = place(640, 480, 640, ResizeRule.LETTERBOX)
    assert placement.to_image(-5.0, 0.0, 700.0, 639.0) == (0, 0, 640, 480)
    arrays = placement.to_image(*np.array([[0.0, 10], [80, 90], [10, 20], [100, 110]]))
    np.testing.assert_allclose(np.stack(arrays, axis=1), [[0, 0, 10, 20], [10, 10, 20, 30]])


@pytest.mark.parametrize("rule", list(ResizeRule))
def test_that_a_mark_in_the_picture_is_found_where_its_placement_says(rule):
    image = np.zeros((300, 400, 3), np.uint8)
    image[100:200, 150:250] = 255
    square, placement = resize(image, 200, rule, crop_fraction=0.875)
    rows, columns = np.nonzero(square[..., 0] == 255)
    found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert found == pytest.approx(placement.to_square(150, 100, 250, 200), abs=1.01)


def test_that_shrinking_averages_instead_of_picking_pixels():
    checkerboard = np.indices((512, 512)).sum(axis=0) % 2 * 255
    image = np.repeat(checkerboard[..., None], 3, axis=2).astype(np.uint8)
    for rule in ResizeRule:
        square, _ = resize(image, 100, rule)
        assert np.abs(square.astype(float) - 127.5).max() < 20


def test_that_a_picture_shrinking_one_way_and_growing_the_other_is_averaged_and_interpolated():
    image = np.zeros((4, 1000, 3), np.uint8)
    image[:, ::2] = 200
    square, placement = resize(image, 100, ResizeRule.STRETCH)
    assert (square == 100).all()
    assert placement == Placement(0.1, 25.0, 0.0, 0.0, 1000, 4, 100)


def test_that_bicubic_growing_differs_from_bilinear_and_unknown_names_are_refused():
    image = noise(20, 20)
    bilinear, _ = resize(image, 64, ResizeRule.CROP)
    bicubic, _ = resize(image, 64, ResizeRule.CROP, "bicubic")
    assert (bilinear != bicubic).any()
    with pytest.raises(KeyError):
        resize(image, 64, ResizeRule.CROP, "lanczos")


def test_that_a_crop_of_a_very_long_strip_needs_no_very_large_picture():
    square, placement = resize(noise(2, 30_000), 224, ResizeRule.CROP, crop_fraction=0.875)
    assert square.shape == (224, 224, 3)
    assert placement.offset_x == -((30_000 - 2) // 2) * 112


def test_that_a_picture_of_the_right_size_is_not_touched():
    image = noise(64, 64)
    for rule in ResizeRule:
        np.testing.assert_array_equal(resize(image, 64, rule)[0], image)


def test_that_the_model_input_is_planes_of_zero_to_one_in_rgb_order():
    image = np.zeros((4, 4, 3), np.uint8)
    image[..., 0] = 255
    image[1, 2] = (10, 20, 30)
    planes = to_input(image)
    assert planes.dtype == np.float32
    assert planes.shape == (3, 4, 4)
    assert planes[0, 0, 0] == 1
    assert planes[1, 0, 0] == 0
    np.testing.assert_array_equal(planes[:, 1, 2], np.float32([10, 20, 30]) / np.float32(255))
