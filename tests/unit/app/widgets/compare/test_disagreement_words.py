"""What models disagree about, in words, and what one of them says about a picture."""

import pytest

from app.widgets.compare.answers import answers_of
from app.widgets.compare.disagreement_words import kind_words, kinds_of, row_words
from app.widgets.gallery.overlay import ClassLook
from core.domain.annotation import Box, Boxes, ClassLabel
from core.metrics.disagreement import Chance, ImageDisagreement, Place, SeenBox

CAT, DOG = 4, 9
LOOKS = {CAT: ClassLook(0, "cat"), DOG: ClassLook(1, "dog")}


def seen(class_id: int, left: float = 0, score: float = 0.9, right: bool = True) -> SeenBox:
    return SeenBox(Box(left, 0, left + 10, 10, class_id), score, right)


def row(
    *places: Place, right: tuple[bool, ...] = (True, False), missed: tuple[tuple[int, ...], ...] = ((), ())
) -> ImageDisagreement:
    return ImageDisagreement(hash="one", score=1, differs=True, right=right, places=places, missed=missed)


def named(*classes: int, right: tuple[bool, ...]) -> ImageDisagreement:
    top = tuple((Chance(one, 0.8 - number / 5),) for number, one in enumerate(classes))
    return ImageDisagreement(hash="one", score=1, differs=True, right=right, top=top)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (row(Place((seen(CAT), None), 0.9)), "cat only in A"),
        (row(Place((None, seen(DOG), seen(DOG)), 0.9), right=(True, False, False)), "dog only in BC"),
        (row(Place((seen(CAT), seen(DOG)), 0.9)), "A cat, B dog"),
        (row(Place((seen(CAT), seen(CAT, 4)), 0.4)), "cat lies otherwise"),
        (row(*[Place((seen(CAT), None), 0.9)] * 4), "cat only in A; cat only in A +2"),
        (row(Place((seen(CAT), seen(CAT)), 0.1)), "No difference worth a look"),
        (named(CAT, DOG, CAT, right=(True, False, True)), "AC cat, B dog"),
        (named(CAT, CAT, right=(True, True)), "cat: A 80 %, B 60 %"),
        (named(CAT, 77, right=(True, False)), "A cat, B ?"),
    ],
)
def test_that_a_row_says_who_says_what(told, words) -> None:
    assert row_words(told, LOOKS) == words


def test_that_every_kind_has_words_of_its_own() -> None:
    for models in (2, 3, 6):
        words = [kind_words(kind, models) for kind in kinds_of(models)]
        assert len(set(words)) == len(words) == models + (2 if models == 2 else 3)


def test_that_a_wrong_class_is_wrong_and_not_missed_as_well() -> None:
    truth = Boxes((Box(0, 0, 10, 10, CAT), Box(100, 0, 110, 10, DOG)))
    places = (Place((seen(DOG, right=False), seen(CAT)), 0.9), Place((None, seen(DOG, 100)), 0.9))
    wrong, right = answers_of(row(*places, right=(False, True), missed=((1,), ())), truth, LOOKS)
    assert wrong.words == "1 wrong, 1 missed"
    assert [box.text for box in wrong.missed] == ["dog missed"]
    assert [(box.text, fits) for box, fits in wrong.marks] == [("dog 90 %", False)]
    assert (right.words, right.missed) == ("right", ())


def test_that_boxes_that_all_agree_on_carry_no_mark() -> None:
    same = Place((seen(CAT), seen(CAT)), 0.0)
    first, _ = answers_of(row(same, right=(True, True)), Boxes((Box(0, 0, 10, 10, CAT),)), LOOKS)
    assert len(first.boxes) == 1
    assert first.marks == ()


def test_that_the_true_class_is_marked_among_the_likeliest() -> None:
    first, second = answers_of(named(CAT, DOG, right=(True, False)), ClassLabel(CAT), LOOKS)
    assert [chance.true for chance in first.chances] == [True]
    assert [chance.true for chance in second.chances] == [False]
    assert (first.words, second.words) == ("right", "wrong")
