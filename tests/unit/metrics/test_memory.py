"""What the second of two models still knows, worked out by hand."""

import pytest

from core.domain.annotation import Box, Boxes, ClassLabel
from core.domain.dataset import Image, ImageClass
from core.domain.forgetting import Change
from core.domain.prediction import BoxPrediction, ClassPrediction, FoundBox
from core.domain.task import Task
from core.metrics import classification_report
from core.metrics.memory import Memory, ModelAnswers, compare

CAT, DOG, OWL = ImageClass(5, "cat"), ImageClass(2, "dog"), ImageClass(8, "owl")
PLACE = (10.0, 10.0, 50.0, 50.0)


def labelled(*classes: ImageClass) -> list[Image]:
    return [
        Image(hash=f"{n}", path=f"/{n}.png", width=64, height=64, annotation=ClassLabel(one.id))
        for n, one in enumerate(classes)
    ]


def boxed(*classes: ImageClass) -> list[Image]:
    """One box an image, all at one place."""
    return [
        Image(hash=f"{n}", path=f"/{n}.png", width=64, height=64, annotation=Boxes((Box(*PLACE, one.id),)))
        for n, one in enumerate(classes)
    ]


def names(outputs: tuple[ImageClass, ...], *answers: ImageClass) -> ModelAnswers:
    """A classifier that is sure."""
    said = {
        f"{n}": ClassPrediction(f"{n}", tuple(float(one.id == answer.id) for one in outputs))
        for n, answer in enumerate(answers)
    }
    return ModelAnswers(classes=outputs, by_hash=said)


def draws(outputs: tuple[ImageClass, ...], *answers: tuple[ImageClass, float] | None) -> ModelAnswers:
    """A detector that finds the place, or nothing; threshold 0.5."""
    said = {
        f"{n}": BoxPrediction(f"{n}", (FoundBox(*PLACE, one[1], outputs.index(one[0])),) if one else ())
        for n, one in enumerate(answers)
    }
    return ModelAnswers(classes=outputs, by_hash=said, threshold=0.5)


def counts(memory: Memory) -> dict[str, tuple[int, int, int, int]]:
    return {one.name: (one.count, one.kept, one.lost, one.gained) for one in memory.classes}


def change(changes: tuple[Change, ...], name: str) -> tuple[float, float]:
    found = next(one for one in changes if one.name == name)
    assert found.loss == found.before - found.after
    return found.before, found.after


def test_that_a_new_class_that_takes_old_images_is_a_loss_whatever_the_order_of_outputs() -> None:
    images = labelled(CAT, CAT, DOG, DOG)
    before = names((CAT, DOG), CAT, CAT, DOG, CAT)
    after = names((OWL, DOG, CAT), CAT, OWL, OWL, DOG)
    memory = compare(Task.CLASSIFICATION, images, (CAT, DOG), before, after)
    assert change(memory.metrics, "accuracy") == (0.75, 0.5)
    assert counts(memory) == {"cat": (2, 1, 1, 0), "dog": (2, 0, 1, 1)}
    assert change(memory.classes[0].metrics, "recall") == (1.0, 0.5)


def test_that_boxes_are_kept_lost_and_gained_at_the_models_own_thresholds() -> None:
    images = boxed(CAT, CAT, DOG, DOG)
    before = draws((CAT, DOG), (CAT, 0.9), (CAT, 0.9), (DOG, 0.9), None)
    after = draws((DOG, OWL, CAT), (CAT, 0.8), (CAT, 0.2), (OWL, 0.9), (DOG, 0.7))
    memory = compare(Task.DETECTION, images, (CAT, DOG), before, after)
    assert counts(memory) == {"cat": (2, 1, 1, 0), "dog": (2, 0, 1, 1)}
    # A box below the threshold still counts for average precision, as in every report.
    assert change(memory.classes[0].metrics, "AP50") == (1.0, 1.0)
    assert change(memory.classes[1].metrics, "AP50") == pytest.approx((51 / 101, 51 / 101))
    assert change(memory.metrics, "recall") == (0.75, 0.5)
    assert change(memory.metrics, "precision") == (1.0, pytest.approx(2 / 3))


def test_that_a_detector_that_finds_nothing_any_more_has_lost_everything() -> None:
    images = boxed(CAT, DOG, DOG)
    before = draws((CAT, DOG), (CAT, 0.9), (DOG, 0.9), (DOG, 0.9))
    after = draws((CAT, DOG, OWL), None, None, None)
    memory = compare(Task.DETECTION, images, (CAT, DOG), before, after)
    assert change(memory.metrics, "mAP50") == (1.0, 0.0)
    assert change(memory.metrics, "mAP50-95") == (1.0, 0.0)
    assert counts(memory) == {"cat": (1, 0, 1, 0), "dog": (2, 0, 2, 0)}


def test_that_a_class_without_images_says_nothing() -> None:
    memory = compare(Task.CLASSIFICATION, labelled(CAT), (CAT, DOG), names((CAT, DOG), CAT), names((CAT, DOG), CAT))
    assert counts(memory)["dog"] == (0, 0, 0, 0)
    assert memory.classes[1].metrics == ()


@pytest.mark.parametrize("lost", [0, 12])
def test_that_the_interval_is_of_the_loss_and_paired(lost: int) -> None:
    images = labelled(*[CAT, DOG] * 20)
    truth = [CAT, DOG] * 20
    before = names((CAT, DOG), *truth)
    after = names((CAT, DOG), *[DOG if one is CAT and n < 2 * lost else one for n, one in enumerate(truth)])
    memory = compare(Task.CLASSIFICATION, images, (CAT, DOG), before, after)
    accuracy = next(one for one in memory.metrics if one.name == "accuracy")
    assert accuracy.loss == pytest.approx(lost / 40)
    assert accuracy.interval is not None
    assert accuracy.interval.low <= accuracy.loss <= accuracy.interval.high
    assert (accuracy.interval.low > 0) == (lost > 0)


def test_that_what_the_ancestor_was_is_what_its_own_report_says() -> None:
    images = labelled(CAT, DOG, DOG, CAT, DOG)
    before = names((CAT, DOG), CAT, DOG, CAT, CAT, DOG)
    memory = compare(Task.CLASSIFICATION, images, (CAT, DOG), before, names((CAT, DOG), CAT, CAT, CAT, CAT, CAT))
    rows = [before.by_hash[one.hash].probabilities for one in images]  # type: ignore[union-attr]
    report = classification_report([0, 1, 1, 0, 1], rows, ["cat", "dog"])  # type: ignore[arg-type]
    for name, value in report.metrics.items():
        assert change(memory.metrics, name)[0] == value
