"""A doubt, how long it stands, and what each answer makes of the labels."""

import pytest
from msgspec.structs import replace

from core.domain.annotation import Box, iou
from core.domain.labels import ImageLabels, LabelledBox, Origin
from core.labelling.doubts import Doubt, ImageDoubts, confirm, standing, stands, take_answer

NAMES = {1: "bolt", 2: "nut"}
SOURCE = "cross-validation"
BOLT, NUT, FAR = Box(10, 10, 30, 30, 1), Box(10, 10, 30, 30, 2), Box(60, 60, 80, 80, 1)
MOVED = Box(14, 10, 34, 30, 1)
TWO = ImageLabels(boxes=(LabelledBox(FAR), LabelledBox(BOLT, Origin("imported"))))
SWAPPED = Doubt(kind="wrong_class", quality=0.1, certainty=0.9, given=1, answer=2, box=BOLT, found=NUT)
LOOSE = Doubt(kind="loose_box", quality=0.1, certainty=0.9, given=1, answer=1, box=BOLT, found=MOVED)
EXTRA = Doubt(kind="extra_box", quality=0.1, certainty=0.9, given=1, box=BOLT)
MISSING = Doubt(kind="missing_box", quality=0.1, certainty=0.9, answer=2, found=Box(40, 0, 50, 10, 2))
WHOLE = Doubt(kind="wrong_class", quality=0.1, certainty=0.9, given=1, answer=2)


@pytest.mark.parametrize(
    ("doubt", "verb", "detail", "last"),
    [
        (SWAPPED, "change_class", ("bolt", "nut"), NUT),
        (LOOSE, "resize", ("bolt",), MOVED),
        (EXTRA, "delete", ("bolt",), FAR),
        (MISSING, "accept", ("1",), MISSING.found),
    ],
)
def test_that_the_answer_changes_the_box_in_question_and_no_other(
    doubt: Doubt, verb: str, detail: tuple[str, ...], last: Box
) -> None:
    answer = take_answer(doubt, replace(TWO, confirmed=True), NAMES, SOURCE)
    boxes = answer.labels.boxes
    assert (answer.verb, answer.detail) == (verb, detail)
    assert boxes is not None
    assert boxes[0] == LabelledBox(FAR)
    assert boxes[-1].box == last
    if doubt is not EXTRA:
        assert boxes[-1].origin == Origin("accepted", SOURCE)
    assert len(boxes) == 2 + (doubt is MISSING) - (doubt is EXTRA)
    assert not answer.labels.confirmed
    assert not stands(doubt, answer.labels)


def test_that_a_picture_gets_the_class_that_the_model_says() -> None:
    answer = take_answer(WHOLE, ImageLabels(label=1), NAMES, SOURCE)
    assert (answer.verb, answer.detail) == ("label", ("nut",))
    assert answer.labels == ImageLabels(label=2, origin=Origin("accepted", SOURCE))


@pytest.mark.parametrize("doubt", [SWAPPED, LOOSE, EXTRA, MISSING])
def test_that_a_doubt_about_a_box_stands_until_that_box_changes_or_the_labels_are_confirmed(doubt: Doubt) -> None:
    assert stands(doubt, TWO)
    other = replace(TWO, boxes=(LabelledBox(BOLT), LabelledBox(replace(FAR, x_max=90))))
    assert stands(doubt, other), "another box changed, not this one"
    assert not stands(doubt, confirm(TWO).labels)
    assert not stands(doubt, ImageLabels()), "somebody took all labels away"
    if doubt is not MISSING:
        assert not stands(doubt, ImageLabels(boxes=(LabelledBox(replace(BOLT, x_max=31)),)))


def test_that_a_missing_box_is_no_doubt_once_something_is_drawn_there() -> None:
    drawn = LabelledBox(Box(41, 0, 50, 10, 1))  # of whatever class: somebody looked
    assert not stands(MISSING, replace(TWO, boxes=(*(TWO.boxes or ()), drawn)))


def test_that_a_doubt_about_a_class_stands_until_the_class_changes() -> None:
    assert stands(WHOLE, ImageLabels(label=1))
    assert not stands(WHOLE, ImageLabels(label=2))
    assert not stands(WHOLE, ImageLabels(label=1, confirmed=True))


def test_that_the_other_doubts_about_a_picture_outlast_an_answer_to_one() -> None:
    both = ImageDoubts("a", (EXTRA, MISSING))
    after = take_answer(EXTRA, TWO, NAMES, SOURCE).labels
    assert standing(both, after) == ImageDoubts("a", (MISSING,))
    assert standing(both, take_answer(MISSING, after, NAMES, SOURCE).labels) is None


def test_that_overlap_is_shared_over_united_area() -> None:
    assert iou(BOLT, NUT) == 1
    assert iou(BOLT, MOVED) == pytest.approx(16 * 20 / (2 * 400 - 16 * 20))
    assert iou(BOLT, FAR) == 0
    assert iou(Box(5, 5, 5, 5, 1), Box(5, 5, 5, 5, 1)) == 0
