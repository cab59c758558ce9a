"""How far answers are apart, on cases that can be counted by hand and on boxes drawn at random."""

import numpy as np
import pytest

from core.domain.annotation import Box
from core.domain.prediction import FoundBox
from core.metrics.disagreement import ImageDisagreement, box_disagreement, class_disagreements

CAT, DOG, EMU = 4, 9, 2
TRUE_CAT = Box(10, 10, 50, 50, CAT)


def classes(truth: int, *answers: tuple[float, float, float]) -> ImageDisagreement:
    """One image; probabilities of cat, dog and emu by each model."""
    (told,) = class_disagreements(["one"], [truth], [CAT, DOG, EMU], [np.array([answer]) for answer in answers])
    return told


def boxes(truth: list[Box], *found: list[FoundBox]) -> ImageDisagreement:
    """One image; output 0 is cat and output 1 is dog."""
    return box_disagreement("one", truth, found, [[CAT, DOG]] * len(found))


def cat(score: float = 0.9, left: float = 10) -> FoundBox:
    return FoundBox(left, 10, left + 40, 50, score, 0)


def dog(score: float = 0.9, left: float = 10) -> FoundBox:
    return FoundBox(left, 10, left + 40, 50, score, 1)


def test_that_another_class_weighs_half_and_the_distance_of_probabilities_the_other_half() -> None:
    told = classes(CAT, (0.7, 0.2, 0.1), (0.3, 0.6, 0.1))
    assert told.score == pytest.approx(0.5 + 0.5 * 0.4)
    assert told.differs
    assert told.right == (True, False)
    assert told.kind == "only_0"


def test_that_opposite_certainties_are_the_widest_disagreement_there_is() -> None:
    assert classes(DOG, (1, 0, 0), (0, 1, 0)).score == 1
    assert classes(DOG, (1, 0, 0), (1, 0, 0)).score == 0


def test_that_one_class_with_other_certainty_differs_only_from_a_quarter_on() -> None:
    assert not classes(CAT, (0.9, 0.1, 0), (0.7, 0.3, 0)).differs
    told = classes(CAT, (0.9, 0.1, 0), (0.6, 0.4, 0))
    assert told.differs
    assert (told.kind, told.score) == ("all", pytest.approx(0.15))


def test_that_the_two_models_furthest_apart_decide() -> None:
    told = classes(CAT, (0.8, 0.1, 0.1), (0.7, 0.2, 0.1), (0.0, 0.0, 1.0))
    assert told.score == pytest.approx(0.5 + 0.5 * 0.9)
    assert (told.right, told.kind) == ((True, True, False), "some")


def test_that_the_likeliest_classes_are_kept_in_their_order() -> None:
    told = classes(CAT, (0.2, 0.5, 0.3), (1 / 3, 1 / 3, 1 / 3))
    assert [chance.class_id for chance in told.top[0]] == [DOG, EMU, CAT]
    assert [chance.class_id for chance in told.top[1]] == [CAT, DOG, EMU]


def test_that_equal_boxes_are_no_disagreement() -> None:
    told = boxes([TRUE_CAT], [cat(0.9)], [cat(0.4)])
    assert (told.score, told.differs, told.kind) == (0, False, "all")


def test_that_a_box_of_one_model_only_weighs_by_its_score() -> None:
    told = boxes([TRUE_CAT], [cat(0.8)], [])
    assert told.score == pytest.approx(0.9)
    assert told.kind == "only_0"
    (place,) = told.places
    assert place.seen[0].right
    assert place.seen[1] is None


def test_that_another_class_at_one_place_is_one_disagreement() -> None:
    told = boxes([TRUE_CAT], [dog(0.6)], [cat(0.8)])
    assert len(told.places) == 1
    assert told.score == pytest.approx(0.9)
    assert told.kind == "only_1"


def test_that_a_true_box_is_missed_only_where_nothing_at_all_is_seen() -> None:
    truth = [TRUE_CAT, Box(200, 10, 240, 50, DOG)]
    told = boxes(truth, [dog()], [dog(left=200)], [])
    assert told.missed == ((1,), (0,), (0, 1))


def test_that_a_looser_box_is_as_far_as_its_overlap_is_short_of_one() -> None:
    told = boxes([TRUE_CAT], [cat()], [cat(left=20)])
    assert told.score == pytest.approx(1 - 30 / 50)
    assert (told.differs, told.kind) == (True, "all")


def test_that_boxes_that_hardly_overlap_are_two_places() -> None:
    told = boxes([TRUE_CAT], [cat()], [cat(left=40)])
    assert len(told.places) == 2
    assert told.kind == "only_0"


def test_that_a_box_goes_to_its_own_class_before_a_closer_one_of_another() -> None:
    told = boxes([TRUE_CAT], [cat(left=12), dog()], [cat()])
    together = next(place for place in told.places if None not in place.seen)
    assert {one.box.class_id for one in together.seen} == {CAT}


def test_that_the_widest_gap_of_an_image_comes_first_and_the_score_is_their_mean() -> None:
    told = boxes([TRUE_CAT], [cat(), dog(0.5, left=200)], [cat()])
    assert [place.gap for place in told.places] == [0.75, 0]
    assert told.score == pytest.approx(0.375)


def test_that_an_empty_image_is_agreed_upon_by_models_that_see_nothing() -> None:
    told = boxes([], [], [], [])
    assert (told.score, told.differs, told.kind) == (0, False, "all")
    assert boxes([], [cat()], []).kind == "only_1"
    assert boxes([TRUE_CAT], [dog()], []).kind == "none"


def test_that_models_may_number_their_classes_differently() -> None:
    told = box_disagreement("one", [TRUE_CAT], [[cat()], [dog()]], [[CAT, DOG], [DOG, CAT]])
    assert (told.score, told.kind) == (0, "all")


@pytest.mark.parametrize("seed", range(5))
def test_that_every_box_is_in_exactly_one_place_and_the_order_of_models_is_no_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = [Box(x, y, x + 30, y + 30, CAT if k else DOG) for x, y, k in rng.integers(0, 200, (6, 3)).tolist()]
    drawn = [zip(rng.integers(0, 200, (20, 3)).tolist(), rng.random(20).tolist(), strict=True) for _ in range(2)]
    found = [[FoundBox(x, y, x + 30, y + 30, score, k % 2) for (x, y, k), score in one] for one in drawn]
    told = boxes(truth, *found)
    for model, some in enumerate(found):
        seen = [place.seen[model] for place in told.places if place.seen[model] is not None]
        assert sorted(one.score for one in seen) == sorted(one.score for one in some)
    assert all(0 <= place.gap <= 1 for place in told.places)
    back = boxes(truth, *found[::-1])
    assert back.right == told.right[::-1]
