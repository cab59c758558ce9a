"""What planning is told of the data."""

import pytest

from core.domain.annotation import Box, Boxes, Unlabelled
from core.domain.dataset import Image, ImageClass
from core.domain.task import Split, Task
from core.training.facts import facts_of, is_sided


def image(number: int, *classes: int, split: Split | None = Split.TRAIN, done: bool = True) -> Image:
    boxes = Boxes(tuple(Box(0, 0, 5, 5, class_id) for class_id in classes))
    return Image(
        hash=f"{number:032x}", path=f"/{number}.jpg", width=40, height=30, annotation=boxes, split=split, done=done
    )


def test_that_pictures_in_progress_count_for_nothing_but_are_told() -> None:
    images = [image(1, 1), image(2, 1, 2), image(3, 3, done=False), image(4, split=Split.VAL)]
    unlabelled = Image(hash="f" * 32, path="/5.jpg", width=40, height=30, annotation=Unlabelled())
    facts = facts_of(Task.DETECTION, [*images, unlabelled])
    assert (facts.train, facts.val, facts.test, facts.classes, facts.in_progress) == (2, 1, 0, 2, 1)


@pytest.mark.parametrize(
    ("names", "sided"),
    [
        (["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], True),
        (["A", "B", "blank"], True),
        (["left hand", "right hand"], True),
        (["Schraube_links", "Schraube_rechts", "leer"], True),
        (["right", "wrong"], False),
        (["scratch", "dent"], False),
        (["A"], False),
        (["x", "bird", "penguin"], False),
        ([], False),
    ],
)
def test_that_class_names_tell_whether_a_mirrored_picture_would_be_wrong(names, sided):
    assert is_sided(names) is sided


def test_that_only_classes_in_training_images_decide_about_mirroring() -> None:
    classes = [ImageClass(1, "left"), ImageClass(2, "right")]
    assert facts_of(Task.DETECTION, [image(1, 1, 2)], classes=classes).sided
    assert not facts_of(Task.DETECTION, [image(1, 1)], classes=classes).sided
