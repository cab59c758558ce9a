"""Predictions drawn on pictures: what must be visible, and where."""

import numpy as np
import pytest

from core.domain.prediction import FoundBox
from core.inference.draw import PALETTE, PAPER, draw_boxes, draw_label, fit, grid

NAMES = [f"class {index}" for index in range(12)]
GREY = 128


def plain(height: int = 240, width: int = 320) -> np.ndarray:
    return np.full((height, width, 3), GREY, np.uint8)


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return (before != after).any(axis=2)


def test_that_a_box_is_outlined_at_its_own_pixels_in_the_colour_of_its_class():
    image = plain()
    drawn = draw_boxes(image, [FoundBox(60, 80, 200, 180, 0.9, 3)], NAMES)
    for x, y in ((60, 130), (199, 130), (130, 80), (130, 179)):
        assert tuple(drawn[y, x]) == PALETTE[3]
    assert (drawn[90:170, 70:190] == GREY).all()
    assert (image == GREY).all()  # the input stays


def test_that_colours_repeat_when_there_are_more_classes_than_colours():
    drawn = draw_boxes(plain(), [FoundBox(60, 80, 200, 180, 0.9, 11)], NAMES)
    assert tuple(drawn[130, 60]) == PALETTE[1]


def test_that_white_text_is_legible_on_every_colour_and_neighbours_differ():
    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(colour) / 255]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))  # WCAG 2.2, relative luminance

    assert all(1.05 / (luminance(colour) + 0.05) >= 4.5 for colour in PALETTE)
    assert len(set(PALETTE)) == len(PALETTE)


@pytest.mark.parametrize("letter", "čďěňřšťůžąćęłńśźżбгдёжийщыэюяλµß°")
def test_that_letters_of_class_names_are_drawn_as_themselves(letter: str):
    # A font without a letter draws for it what it draws for a code point that nobody has assigned.
    written, missing = draw_label(plain(), letter), draw_label(plain(), "\ue000")
    assert changed(written, missing).any()


def test_that_a_label_at_the_upper_edge_goes_below_its_box():
    drawn = changed(plain(), draw_boxes(plain(), [FoundBox(40, 0, 200, 60, 0.9, 0)], NAMES))
    assert drawn[66:72, 45:90].any()


def test_that_labels_of_neighbouring_boxes_do_not_cover_each_other():
    image = plain(480, 640)
    boxes = [FoundBox(200, 200, 300, 300, 0.9, 0), FoundBox(205, 203, 305, 303, 0.8, 0)]
    both = changed(image, draw_boxes(image, boxes, NAMES))
    alone = [changed(image, draw_boxes(image, [box], NAMES)) for box in boxes]
    assert both.sum() > alone[0].sum() + alone[1].sum() - 2500  # the outlines overlap, a label is 1,500 pixels or more
    assert both.sum() > max(one.sum() for one in alone) + 1000


def test_that_a_crowded_picture_shows_scores_and_a_legend_instead_of_names():
    image = plain(480, 640)
    boxes = [FoundBox(x, y, x + 40, y + 40, 0.5, 2) for x in range(10, 600, 60) for y in range(10, 380, 60)]
    long = draw_boxes(image, boxes, ["a very long class name"] * 3)
    short = draw_boxes(image, boxes, ["b"] * 3)
    # Above the legend the two differ nowhere: no box carries a name.
    assert not changed(long[:440], short[:440]).any()
    assert changed(long[440:], short[440:]).any()


def test_that_odd_boxes_and_tiny_pictures_are_drawn_without_failing():
    odd = [FoundBox(-50, -50, 1000, 1000, 0.5, 0), FoundBox(5, 5, 5, 5, 0.5, 1), FoundBox(500, 500, 600, 600, 1.0, 2)]
    for height, width in ((1, 1), (10, 10), (3, 400), (240, 320)):
        assert draw_boxes(plain(height, width), odd, NAMES).shape == (height, width, 3)
        assert draw_label(plain(height, width), "bee 0.98").shape == (height, width, 3)
    assert (draw_boxes(plain(), [], NAMES) == GREY).all()


def test_that_a_small_picture_is_enlarged_before_it_is_written_on():
    drawn = draw_boxes(plain(30, 40), [FoundBox(10, 10, 30, 20, 0.9, 0)], NAMES, side=400)
    assert drawn.shape == (300, 400, 3)
    assert tuple(drawn[150, 100]) == PALETTE[0]
    assert draw_label(plain(30, 40), "7  0.99", side=400).shape == (300, 400, 3)


def test_that_a_label_stands_at_the_lower_left():
    drawn = changed(plain(), draw_label(plain(), "bee  0.98"))
    rows, columns = np.nonzero(drawn)
    assert rows.min() > 200
    assert columns.max() < 120


def test_that_a_contact_sheet_shows_every_picture_once_and_unstretched():
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250)]
    shapes = [(100, 200), (200, 100), (50, 50)]
    images = [np.full((*shape, 3), colour, np.uint8) for shape, colour in zip(shapes, colours, strict=True)]
    sheet = grid(images, columns=2, side=100, gap=10)
    assert sheet.shape == (100 + 100 + 3 * 10, 2 * 110 + 10, 3)
    for (height, width), colour in zip([(50, 100), (100, 50), (100, 100)], colours, strict=True):
        rows, columns = np.nonzero((sheet == colour).all(axis=2))
        assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (height, width)
    assert tuple(sheet[0, 0]) == PAPER
    assert grid([], columns=3, side=50, gap=5).shape == (5, 60, 3)


def test_that_fitting_tells_the_factor():
    picture, factor = fit(plain(100, 400), 200)
    assert picture.shape == (50, 200, 3)
    assert factor == 0.5
