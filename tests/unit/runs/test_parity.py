from core.domain.annotation import Boxes
from core.domain.dataset import Image
from core.domain.model_card import ModelCard, ResizeRule
from core.domain.prediction import BoxPrediction, ClassPrediction, FoundBox
from core.domain.task import Task
from core.runs.parity import box_gap, probability_gap

CARD = ModelCard(
    task=Task.DETECTION,
    architecture="any",
    classes=("a", "b"),
    image_size=100,
    resize=ResizeRule.LETTERBOX,
    threshold=0.5,
    run="r",
    data_hash="d",
)
IMAGE = Image(hash="i", path="i.png", width=1000, height=500, annotation=Boxes(()))


def gap(torch: list[FoundBox], onnx: list[FoundBox]):
    return box_gap([IMAGE], [BoxPrediction("i", tuple(torch))], [BoxPrediction("i", tuple(onnx))], CARD)


def box(x: float, score: float, index: int = 0) -> FoundBox:
    return FoundBox(x, 100, x + 200, 300, score, index)


def test_that_equal_answers_have_no_gap() -> None:
    boxes = [box(0, 0.9), box(400, 0.6, 1)]
    result = gap(boxes, boxes)
    assert (result.scores, result.boxes, result.unmatched, result.passed) == (0, 0, 0, True)


def test_that_box_differences_are_in_pixels_of_the_input_square() -> None:
    result = gap([box(0, 0.9)], [box(5, 0.9)])  # 1000 pixels of the image are 100 of the square
    assert abs(result.boxes - 0.5) < 1e-9
    assert result.passed


def test_that_a_score_that_differs_in_its_last_digit_at_the_threshold_is_no_missing_box() -> None:
    for torch, onnx in ((0.5000001, 0.4999999), (0.4999999, 0.5000001)):
        result = gap([box(0, torch)], [box(0, onnx)])
        assert result.unmatched == 0
        assert 0 < result.scores < 1e-6


def test_that_a_box_of_another_class_or_place_is_unmatched_on_both_sides() -> None:
    assert gap([box(0, 0.9, 0)], [box(0, 0.9, 1)]).unmatched == 2
    assert gap([box(0, 0.9)], [box(50, 0.9)]).unmatched == 2
    assert gap([], [box(0, 0.9)]).unmatched == 1
    assert not gap([box(0, 0.9)], []).passed


def test_that_boxes_below_the_threshold_on_both_sides_do_not_matter() -> None:
    assert gap([box(0, 0.3)], [box(700, 0.4)]).passed


def test_that_of_two_boxes_at_one_place_the_one_with_the_nearest_score_is_the_match() -> None:
    result = gap([box(0, 0.9), box(1, 0.7)], [box(1, 0.9), box(0, 0.7)])
    assert result.scores == 0


def test_that_a_score_gap_above_the_tolerance_fails() -> None:
    assert not gap([box(0, 0.9)], [box(0, 0.898)]).passed


def test_that_the_probability_gap_is_the_largest_over_images_and_classes() -> None:
    torch = [ClassPrediction("a", (0.5, 0.5)), ClassPrediction("b", (0.75, 0.25))]
    onnx = [ClassPrediction("a", (0.5, 0.5)), ClassPrediction("b", (0.875, 0.125))]
    assert probability_gap(torch, onnx) == 0.125
    assert probability_gap([], []) == 0.0
