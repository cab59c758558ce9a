"""What planning is told of the data."""

from core.domain.annotation import Box, Boxes, Unlabelled
from core.domain.dataset import Image
from core.domain.task import Split, Task
from core.training.facts import facts_of


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
