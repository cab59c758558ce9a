"""Boxes from contours, on drawn pictures whose truth is known to the pixel."""

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from core.data.images import cv2
from core.labelling.contours import ContourSettings, find_boxes, is_dark

EXACT = ContourSettings(margin=0, merge_distance=0)
SPOTS = [(20, 30, 60, 70), (100, 20, 112, 90), (30, 120, 130, 140)]


def page(*spots: tuple[int, int, int, int], ground: int = 240, ink: int = 30, side: int = 200) -> np.ndarray:
    pixels = np.full((side, side, 3), ground, np.uint8)
    for left, top, right, bottom in spots:
        pixels[top:bottom, left:right] = ink
    return pixels


@pytest.mark.parametrize(("ground", "ink"), [(240, 30), (20, 200), (120, 150), (255, 0)])
@pytest.mark.parametrize("threshold", ["otsu", "adaptive"])
def test_that_every_spot_is_found_to_the_pixel_whichever_is_darker(ground: int, ink: int, threshold: str) -> None:
    settings = replace(EXACT, threshold=threshold, window=151)
    assert find_boxes(page(*SPOTS, ground=ground, ink=ink), settings) == sorted(SPOTS, key=lambda box: box[1])
    assert is_dark(page(*SPOTS, ground=ground, ink=ink)[..., 0]) == (ink < ground)


def test_that_a_tone_that_was_chosen_is_kept_to_where_the_edge_would_mislead() -> None:
    sheet = page((0, 0, 200, 20), (0, 0, 20, 200), (180, 0, 200, 200), (60, 60, 90, 90))  # a dark table round the sheet
    assert not is_dark(sheet[..., 0])
    assert (60, 60, 90, 90) not in find_boxes(sheet, EXACT)
    assert find_boxes(sheet, replace(EXACT, tone="dark", largest=100)) == [(60, 60, 90, 90)]


def test_that_parts_up_to_the_merge_distance_apart_are_one_object() -> None:
    broken = page((20, 20, 60, 40), (20, 45, 60, 80))  # five empty rows between them
    whole, parts = [(20, 20, 60, 80)], [(20, 20, 60, 40), (20, 45, 60, 80)]
    assert find_boxes(broken, replace(EXACT, merge_distance=5)) == whole
    assert find_boxes(broken, replace(EXACT, merge_distance=4)) == parts
    slanted = page((20, 20, 60, 40), (64, 44, 90, 80))
    assert len(find_boxes(slanted, replace(EXACT, merge_distance=4))) == 1
    assert len(find_boxes(slanted, replace(EXACT, merge_distance=3))) == 2


def test_that_a_box_at_the_edge_of_the_picture_keeps_its_size_when_parts_are_joined() -> None:
    corner = page((180, 170, 200, 200), (0, 0, 15, 25))
    assert find_boxes(corner, replace(EXACT, merge_distance=9)) == [(0, 0, 15, 25), (180, 170, 200, 200)]


def test_that_sizes_outside_the_limits_are_left_out_and_the_margin_stays_inside() -> None:
    spots = page((0, 2, 5, 6), (20, 20, 60, 60), (70, 70, 199, 199))
    assert find_boxes(spots, replace(EXACT, smallest=6, largest=50)) == [(20, 20, 60, 60)]
    assert find_boxes(spots, replace(EXACT, smallest=1, margin=4)) == [
        (0, 0, 9, 10),
        (16, 16, 64, 64),
        (66, 66, 200, 200),
    ]


def test_that_opening_removes_what_is_thin_and_closing_fills_gaps() -> None:
    thin = page((20, 20, 60, 60), (60, 39, 120, 41))
    assert find_boxes(thin, replace(EXACT, open_radius=2)) == [(20, 20, 60, 60)]
    gap = page((20, 20, 60, 40), (20, 43, 60, 80))
    assert find_boxes(gap, replace(EXACT, close_radius=3)) == [(20, 20, 60, 80)]


def test_that_what_lies_inside_another_box_is_part_of_it_and_a_frame_is_not_an_object() -> None:
    ring = page((40, 40, 160, 160))
    ring[60:140, 60:140] = 240
    ring[90:110, 90:110] = 30
    assert find_boxes(ring, EXACT) == [(40, 40, 160, 160)]
    framed = page(*SPOTS)
    framed[[0, -1]], framed[:, [0, -1]] = 30, 30
    assert find_boxes(framed, replace(EXACT, tone="dark")) == sorted(SPOTS, key=lambda box: box[1])


@pytest.mark.parametrize("threshold", ["otsu", "adaptive"])
@pytest.mark.parametrize("tone", ["auto", "dark", "light"])
@pytest.mark.parametrize("grey", [0, 77, 255])
def test_that_a_blank_picture_has_no_boxes_even_with_noise(grey: int, tone: str, threshold: str) -> None:
    settings = ContourSettings(tone=tone, threshold=threshold, offset=0, smallest=1)
    assert find_boxes(np.full((120, 90, 3), grey, np.uint8), settings) == []
    noise = np.random.default_rng(0).normal(grey, 4, (120, 90, 1)).clip(0, 255).astype(np.uint8).repeat(3, axis=2)
    assert find_boxes(noise, settings) == []


def test_that_uneven_light_needs_the_adaptive_threshold_and_gets_by_with_it() -> None:
    shade = np.linspace(90, 250, 200)[None, :, None]
    pixels = (page(*SPOTS, ground=255, ink=140) / 255 * shade).astype(np.uint8)
    assert find_boxes(pixels, replace(EXACT, tone="dark")) != sorted(SPOTS, key=lambda box: box[1])
    found = find_boxes(pixels, replace(EXACT, tone="dark", threshold="adaptive", window=121, offset=15))
    assert np.abs(np.array(found) - sorted(SPOTS, key=lambda box: box[1])).max() <= 1


EXTREMES: list[dict[str, Any]] = [
    {"smallest": 0, "largest": 1, "margin": 500},
    {"threshold": "adaptive", "window": 1, "offset": -50},
    {"threshold": "adaptive", "window": 9999, "offset": 255, "tone": "light"},
    {"open_radius": 15, "close_radius": 15, "merge_distance": 500},
]


@pytest.mark.parametrize("settings", EXTREMES)
@pytest.mark.parametrize("shape", [(10, 10), (10, 300), (64, 48)])
def test_that_extreme_settings_and_tiny_pictures_give_boxes_inside_the_picture_or_none(
    settings: dict[str, Any], shape: tuple[int, int]
) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3)).astype(np.uint8)
    for left, top, right, bottom in find_boxes(pixels, ContourSettings(**settings)):
        assert 0 <= left < right <= shape[1]
        assert 0 <= top < bottom <= shape[0]


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6])
def test_that_holes_are_no_objects_and_every_connected_part_is_one(share: float) -> None:
    """Against OpenCV's other way, which labels pixels."""
    ink = np.random.default_rng(2).random((90, 120)) < share
    pixels = np.where(ink, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    stats = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)[2][1:]
    parts = {(x, y, x + width, y + height) for x, y, width, height, _ in stats.tolist()}
    found = set(find_boxes(pixels, replace(EXACT, tone="dark", smallest=1)))
    assert found <= parts
    for left, top, right, bottom in parts - found - {(0, 0, 120, 90)}:  # inside of another one
        assert any(x <= left and y <= top and right <= a and bottom <= b for x, y, a, b in found)


def test_that_drawn_words_of_broken_strokes_are_found() -> None:
    """Letters of two strokes with a gap: each is one box, neighbours are not joined."""
    pixels = np.full((240, 640, 3), 250, np.uint8)
    truth = []
    for row in range(3):
        for column in range(8):
            x, y = 20 + 75 * column, 20 + 70 * row
            cv2.line(pixels, (x, y), (x + 40, y), (20, 20, 60), 5)
            cv2.line(pixels, (x + 20, y + 6), (x + 20, y + 45), (20, 20, 60), 5)
            truth.append((x - 2, y - 2, x + 43, y + 48))
    found = find_boxes(pixels, ContourSettings())
    assert len(found) == len(truth)
    assert np.abs(np.array(found) - truth).max() <= 3
