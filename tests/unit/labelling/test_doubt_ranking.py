"""The order of doubts: planted errors first, against a reference, on simulated models."""

from random import Random

import numpy as np
import pytest

from core.domain.annotation import Box
from core.domain.prediction import FoundBox
from core.labelling.doubt_ranking import (
    BoxCase,
    ClassCase,
    confidence_thresholds,
    judge_labels,
    rank_boxes,
    rank_classes,
)

# Drawn by lot; what cleanlab 2.9 makes of it: quality by rank.get_label_quality_scores(method="normalized_margin"),
# thresholds by count.get_confident_thresholds, and the off-diagonals of count.compute_confident_joint.
GIVEN = np.array([0, 1, 2, 2, 1, 2, 0, 0, 2, 0, 1, 2, 0, 1])
PROBABILITIES = np.array(
    [
        [0.739, 0.08, 0.181],
        [0.296, 0.659, 0.045],
        [0.397, 0.299, 0.304],
        [0.605, 0.26, 0.135],
        [0.267, 0.443, 0.29],
        [0.601, 0.026, 0.373],
        [0.497, 0.461, 0.042],
        [0.065, 0.328, 0.607],
        [0.141, 0.356, 0.503],
        [0.508, 0.344, 0.148],
        [0.01, 0.955, 0.035],
        [0.637, 0.056, 0.307],
        [0.744, 0.021, 0.235],
        [0.19, 0.798, 0.012],
    ]
)
QUALITY = [0.779, 0.6815, 0.4535, 0.265, 0.5765, 0.386, 0.518, 0.229, 0.5735, 0.582, 0.96, 0.335, 0.7545, 0.804]
THRESHOLDS = [0.5106, 0.71375, 0.3244]
CONFIDENTLY_WRONG = [3, 5, 7, 11]


def test_that_quality_and_confident_disagreement_are_those_of_cleanlab() -> None:
    quality, answer = judge_labels(GIVEN, PROBABILITIES)
    assert quality == pytest.approx(QUALITY)
    assert confidence_thresholds(GIVEN, PROBABILITIES) == pytest.approx(THRESHOLDS)
    # And number 2, which another class fits better than its own, if not confidently.
    assert np.flatnonzero(answer != GIVEN).tolist() == sorted([*CONFIDENTLY_WRONG, 2])


def test_that_classes_come_worst_first_with_what_the_model_says() -> None:
    ids = (7, 3, 9)
    cases = [ClassCase(str(n), ids[GIVEN[n]], tuple(row)) for n, row in enumerate(PROBABILITIES)]
    ranked = rank_classes(cases, ids)
    assert [one.hash for one in ranked] == ["7", "3", "11", "5", "2"]
    doubt = ranked[0].doubts[0]
    assert (doubt.kind, doubt.given, doubt.answer, doubt.certainty) == ("wrong_class", 7, 9, 0.607)


def test_that_equally_doubtful_pictures_keep_their_order() -> None:
    cases = [ClassCase(name, 1, (0.2, 0.8)) for name in "dbca"] + [ClassCase(name, 1, (0.9, 0.1)) for name in "xyz"]
    assert [one.hash for one in rank_classes(cases, (1, 2))] == list("dbca")


def test_that_no_pictures_and_a_class_without_pictures_are_nothing_to_stumble_over() -> None:
    assert rank_classes([], (1, 2)) == []
    assert rank_boxes([], (1, 2)) == []
    assert rank_classes([ClassCase("a", 1, (0.6, 0.4, 0.0))], (1, 2, 3)) == []


def test_that_planted_classes_are_first() -> None:
    """A model that is right nine times out of ten, and 5 % wrong labels."""
    draw = np.random.default_rng(0)
    truth = draw.integers(4, size=400)
    seen = np.where(draw.random(400) < 0.9, truth, draw.integers(4, size=400))
    probabilities = draw.dirichlet([0.4] * 4, 400) * 0.4
    probabilities[np.arange(400), seen] += 0.6
    wrong = set(draw.choice(400, 20, replace=False).tolist())
    cases = [
        ClassCase(str(n), int((truth[n] + 1) % 4 if n in wrong else truth[n]), tuple(probabilities[n]))
        for n in range(400)
    ]
    first = {int(one.hash) for one in rank_classes(cases, range(4))[:40]}
    assert len(first & wrong) >= 15


# Boxes

IDS = (1, 2)


def found(box: Box, score: float, *, class_id: int | None = None, by: float = 0.0) -> FoundBox:
    index = IDS.index(class_id or box.class_id)
    return FoundBox(box.x_min + by, box.y_min, box.x_max + by, box.y_max, score, index)


def page(number: int, score: float = 0.4) -> BoxCase:
    """Four boxes, all found a little beside themselves by a model that is never sure."""
    boxes = [
        Box(x, 10.0 * number % 50, x + 40, 10.0 * number % 50 + 40, 1 + n % 2) for n, x in enumerate((0, 60, 120, 180))
    ]
    return BoxCase(str(number), boxes, sorted((found(b, score, by=1) for b in boxes), key=lambda b: -b.score))


def pages_with(case: BoxCase) -> list[BoxCase]:
    return [*(page(number) for number in range(20)), case]


def only_doubt(case: BoxCase) -> tuple[str, int | None, int | None, Box | None]:
    """What is said about ``case`` among twenty pages in order, about which nothing is said."""
    (one,) = rank_boxes(pages_with(case), IDS)
    (doubt,) = one.doubts
    assert one.hash == case.hash
    assert type(doubt.quality) is type(doubt.certainty) is float
    return doubt.kind, doubt.given, doubt.answer, doubt.box


def test_that_a_swapped_class_is_told() -> None:
    right = page(20)
    wrong = Box(*[getattr(right.boxes[1], n) for n in ("x_min", "y_min", "x_max", "y_max")], 1)
    case = right._replace(boxes=[right.boxes[0], wrong, *right.boxes[2:]])
    assert only_doubt(case) == ("wrong_class", 1, 2, wrong)


def test_that_a_missing_box_is_told_once_however_often_it_was_found() -> None:
    right = page(20)
    again = found(right.boxes[1], 0.3, by=2)
    case = right._replace(boxes=[right.boxes[0], *right.boxes[2:]], found=[*right.found, again])
    assert only_doubt(case) == ("missing_box", None, 2, None)


def test_that_a_box_on_nothing_is_told() -> None:
    right, extra = page(20), Box(100, 200, 140, 240, 1)
    assert only_doubt(right._replace(boxes=[*right.boxes, extra])) == ("extra_box", 1, None, extra)


@pytest.mark.parametrize("shift", [12.0, 20.0])
def test_that_a_shifted_box_is_told_as_loose_and_not_as_missing_and_extra(shift: float) -> None:
    right = page(20)
    b = right.boxes[3]
    loose = Box(b.x_min + shift, b.y_min, b.x_max + shift, b.y_max, b.class_id)
    assert only_doubt(right._replace(boxes=[*right.boxes[:3], loose])) == ("loose_box", 2, 2, loose)


def test_that_a_weak_find_beside_the_usual_score_is_no_missing_box() -> None:
    right = page(20)
    faint = FoundBox(100, 200, 140, 240, 0.05, 0)
    assert rank_boxes(pages_with(right._replace(found=[*right.found, faint])), IDS) == []


def test_that_a_page_on_which_nothing_was_found_or_labelled_is_ranked_too() -> None:
    empty = BoxCase("empty", [], [])
    assert rank_boxes(pages_with(empty), IDS) == []
    overlooked = BoxCase("overlooked", [], page(20).found)
    (one,) = rank_boxes(pages_with(overlooked), IDS)
    assert [doubt.kind for doubt in one.doubts] == ["missing_box"] * 4
    blind = BoxCase("blind", page(20).boxes, [])
    (one,) = rank_boxes(pages_with(blind), IDS)
    assert [doubt.kind for doubt in one.doubts] == ["extra_box"] * 4


def test_that_planted_boxes_are_first_although_the_model_errs() -> None:
    """A detector that hardly sees 5 %, takes 10 % rather for the other class, and sees ghosts; errors of all kinds."""
    draw, cases, planted = Random(0), [], []
    for number in range(100):
        boxes, seen = list(page(number).boxes), []
        for box in boxes:
            faint, mistaken = draw.random() < 0.05, draw.random() < 0.1
            score, by = draw.uniform(0.3, 0.6) * (0.2 if faint else 1), draw.uniform(-3, 3)
            seen.append(found(box, score * (0.7 if mistaken else 1), by=by))
            if mistaken:
                seen.append(found(box, score, class_id=3 - box.class_id, by=by))
        if draw.random() < 0.2:
            seen.append(FoundBox(0, 150, 40, 190, draw.uniform(0.01, 0.2), 0))
        if number % 5 == 0:
            box = boxes.pop(draw.randrange(4))
            kind = ("missing_box", "wrong_class", "loose_box", "extra_box")[number // 5 % 4]
            if kind == "wrong_class":
                boxes.append(Box(box.x_min, box.y_min, box.x_max, box.y_max, 3 - box.class_id))
            elif kind == "loose_box":
                boxes.append(Box(box.x_min + 16, box.y_min, box.x_max + 16, box.y_max, box.class_id))
            elif kind == "extra_box":
                boxes += [box, Box(100, 200, 140, 240, 1)]
            planted.append((str(number), kind))
        cases.append(BoxCase(str(number), boxes, sorted(seen, key=lambda one: -one.score)))
    rows = [(one.hash, doubt) for one in rank_boxes(cases, IDS) for doubt in one.doubts]
    rows.sort(key=lambda row: row[1].quality)
    first = {(key, doubt.kind) for key, doubt in rows[:40]}
    assert sum(error in first for error in planted) >= 14
