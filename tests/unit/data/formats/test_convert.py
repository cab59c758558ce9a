import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.formats.convert import to_pixel_boxes
from core.domain.source import SourceBox, SourceImage

W, H = 200, 100


def convert(*boxes: SourceBox):
    return to_pixel_boxes(SourceImage("a.jpg", boxes=boxes), W, H)


@pytest.mark.parametrize(
    ("corners", "kept", "kind"),
    [
        ((10, 20, 30, 40), (10, 20, 30, 40), None),
        ((0, 0, W, H), (0, 0, W, H), None),
        ((-5, 20, 30, 40), (0, 20, 30, 40), "box_outside"),
        ((10, 20, 300, 400), (10, 20, 200, 100), "box_outside"),
        ((10, 20, 200.01, 100), (10, 20, 200, 100), None),
        ((200, 20, 300, 40), None, "box_all_outside"),
        ((-9, -9, -1, -1), None, "box_all_outside"),
        ((10, 20, 10, 40), None, "box_no_area"),
        ((30, 20, 10, 40), None, "box_negative_size"),
        ((float("nan"), 20, 30, 40), None, "box_not_finite"),
        ((10, 20, float("inf"), 40), None, "box_not_finite"),
    ],
)
def test_that_pixel_boxes_are_cut_or_left_out_and_listed(corners, kept, kind: str | None) -> None:
    boxes, problems = convert(SourceBox(*corners, 3))
    assert boxes == ([(*kept, 3)] if kept else [])
    assert [problem.kind for problem in problems] == ([kind] if kind else [])
    assert all(problem.where == "a.jpg" for problem in problems)


def test_that_fractions_become_pixels_and_are_cut_without_a_second_word() -> None:
    boxes, problems = convert(SourceBox(0.25, 0.5, 0.5, 1.0, 1, True), SourceBox(0.9, 0.5, 1.3, 1.2, 1, True))
    assert boxes == [(50, 50, 100, 100, 1), (180, 50, 200, 100, 1)]
    assert problems == []


@given(st.lists(st.builds(SourceBox, *[st.floats(-400, 400) | st.just(float("nan"))] * 4, label=st.just(0))))
def test_that_counts_add_up_and_every_box_lies_inside(given_boxes: list[SourceBox]) -> None:
    boxes, problems = convert(*given_boxes)
    assert len(boxes) + sum(problem.kind != "box_outside" for problem in problems) == len(given_boxes)
    assert all(0 <= x0 < x1 <= W and 0 <= y0 < y1 <= H for x0, y0, x1, y1, _ in boxes)


def test_that_an_image_without_boxes_has_none() -> None:
    assert to_pixel_boxes(SourceImage("a.jpg"), W, H) == ([], [])
