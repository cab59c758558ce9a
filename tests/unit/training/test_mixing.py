"""What of a project's images a run trains on, and what of its ancestor's comes along."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.domain.annotation import Annotation, Box, Boxes, ClassLabel
from core.domain.data_choice import DataChoice, DataUse, Mix, PerClass, Share
from core.domain.dataset import Image, ImageClass, Snapshot
from core.domain.errors import LensmithError
from core.domain.task import Split, Task
from core.training.mixing import choose, cover, features_of, forgetting_risk

DONKEY, SHEEP, PIGLET = 4, 7, 9
CLASSES = (ImageClass(DONKEY, "donkey"), ImageClass(SHEEP, "sheep"), ImageClass(PIGLET, "piglet"))


def image(number: int, annotation: Annotation, split: Split = Split.TRAIN, path: str = "/nowhere.png") -> Image:
    return Image(hash=f"{number:032x}", path=path, width=64, height=64, annotation=annotation, split=split)


def boxes(*class_ids: int) -> Boxes:
    return Boxes(tuple(Box(1.0 + n, 1.0, 20.0 + n, 20.0, class_id) for n, class_id in enumerate(class_ids)))


def snapshot(*images: Image, classes: tuple[ImageClass, ...] = CLASSES) -> Snapshot:
    return Snapshot(project="toys", task=Task.DETECTION, classes=classes, images=images)


OLD = (
    *(image(n, boxes(DONKEY)) for n in range(10)),
    *(image(n, boxes(SHEEP)) for n in range(10, 14)),
    image(20, boxes(DONKEY, SHEEP), Split.VAL),
    image(21, boxes(SHEEP), Split.TEST),
)
NEW = (
    *(image(n, boxes(PIGLET)) for n in range(30, 36)),
    image(40, boxes(PIGLET), Split.VAL),
    image(41, boxes(PIGLET), Split.TEST),
)
ANCESTOR = snapshot(*OLD, classes=CLASSES[:2])
NOW = snapshot(*OLD, *NEW)


def numbers(data: Snapshot, split: Split) -> list[int]:
    return [int(one.hash, 16) for one in data.part(split)]


def new_with(mix: Mix) -> tuple[Snapshot, DataUse]:
    return choose(NOW, DataChoice(new_only=True, mix=mix), ANCESTOR)


def test_that_new_images_only_leaves_out_what_the_ancestor_had_and_keeps_its_classes() -> None:
    data, use = choose(NOW, DataChoice(new_only=True), ANCESTOR)
    assert numbers(data, Split.TRAIN) == list(range(30, 36))
    assert numbers(data, Split.VAL) == [40]
    assert data.classes == CLASSES
    assert (use.chosen, use.mixed, use.left_out) == (6, 0, 14)


@pytest.mark.parametrize(
    "choice", [DataChoice(new_only=True), DataChoice(classes=(PIGLET,)), DataChoice(mix=Share(0.5))]
)
def test_that_the_test_split_is_never_thinned_so_that_runs_stay_comparable(choice: DataChoice) -> None:
    data, _ = choose(NOW, choice, ANCESTOR)
    assert numbers(data, Split.TEST) == [21, 41]
    assert data.test_hash() == NOW.test_hash()


def test_that_an_image_whose_labels_changed_since_the_ancestor_is_new() -> None:
    changed = snapshot(image(0, boxes(DONKEY, PIGLET)), *OLD[1:])
    data, _ = choose(changed, DataChoice(new_only=True), ANCESTOR)
    assert numbers(data, Split.TRAIN) == [0]


def test_that_chosen_classes_take_the_images_that_show_one_with_all_their_boxes() -> None:
    both = image(50, boxes(DONKEY, PIGLET))
    data, use = choose(snapshot(*OLD, *NEW, both), DataChoice(classes=(PIGLET,)), None)
    assert numbers(data, Split.TRAIN) == [*range(30, 36), 50]
    assert data.images[-1].annotation == both.annotation
    assert use.left_out == 14


def test_that_a_full_mix_is_everything_and_brings_all_validation_images() -> None:
    data, use = new_with(Share(1.0))
    assert data.images == NOW.images
    assert (use.chosen, use.mixed, use.left_out) == (6, 14, 0)


def test_that_a_share_is_taken_of_each_class_alike_and_leaves_none_out() -> None:
    data, use = new_with(Share(0.5))
    train = numbers(data, Split.TRAIN)
    assert len([n for n in train if n < 10]) == 5
    assert len([n for n in train if 10 <= n < 14]) == 2
    assert use.mixed == 7
    assert numbers(data, Split.VAL) == [20, 40]
    few = numbers(new_with(Share(0.01))[0], Split.TRAIN)
    assert [len([n for n in few if n in part]) for part in (range(10), range(10, 14))] == [1, 1]


def test_that_a_share_is_the_same_each_time_whatever_the_order() -> None:
    backwards = snapshot(*reversed(NOW.images))
    again, _ = choose(backwards, DataChoice(new_only=True, mix=Share(0.3)), ANCESTOR)
    assert sorted(numbers(again, Split.TRAIN)) == sorted(numbers(new_with(Share(0.3))[0], Split.TRAIN))


def test_that_nothing_to_train_on_is_said() -> None:
    with pytest.raises(LensmithError, match="None of the images"):
        choose(snapshot(*OLD), DataChoice(new_only=True), ANCESTOR)


def test_that_old_images_need_an_earlier_run() -> None:
    for choice in (DataChoice(new_only=True), DataChoice(mix=PerClass(3))):
        with pytest.raises(LensmithError, match="earlier run"):
            choose(NOW, choice, None)


def test_that_forgetting_is_foretold_for_classes_that_no_training_image_shows_any_more() -> None:
    risk = forgetting_risk(ANCESTOR, choose(NOW, DataChoice(new_only=True), ANCESTOR)[0].part(Split.TRAIN))
    assert risk is not None
    assert "“donkey”" in risk.cause
    assert "“sheep”" in risk.cause
    assert "Mix" in risk.remedy
    assert forgetting_risk(ANCESTOR, new_with(Share(0.1))[0].part(Split.TRAIN)) is None
    only_sheep = forgetting_risk(ANCESTOR, [image(1, boxes(DONKEY))])
    assert only_sheep is not None
    assert "donkey" not in only_sheep.cause


def test_that_coverage_takes_the_images_that_are_far_apart_and_counts_boxes() -> None:
    images = [image(n, boxes(DONKEY)) for n in range(6)] + [image(6, boxes(SHEEP, SHEEP))]
    places = np.array([[0.0], [0.1], [0.2], [5.0], [5.1], [9.0], [20.0]])
    taken = cover(images, 2, places)
    # The rare class first: one image has both its boxes. Then the donkey farthest from that, then the next.
    assert [int(one.hash, 16) for one in taken] == [6, 0, 5]
    three = {int(one.hash, 16) for one in cover(images, 3, places)}
    assert three == {6, 0, 5, 3} or three == {6, 0, 5, 4}


def test_that_coverage_does_not_depend_on_the_order_and_takes_all_where_there_are_few() -> None:
    images = [image(n, ClassLabel(DONKEY if n % 2 else SHEEP)) for n in range(12)]
    places = np.random.default_rng(0).normal(size=(12, 5))
    order = np.random.default_rng(1).permutation(12)
    taken = cover(images, 3, places)
    again = cover([images[n] for n in order], 3, places[order])
    assert [one.hash for one in again] == [one.hash for one in taken]
    assert len(taken) == 6
    assert len(cover(images, 50, places)) == 12


def test_that_a_few_per_class_are_chosen_by_how_the_pictures_look(tmp_path: Path) -> None:
    """Nine red pictures and a blue one: two of them have to be a red one and the blue one."""
    images = []
    for number in range(10):
        picture = np.full((40, 60, 3), (200, 30, 30) if number == 7 else (30, 30, 200), np.uint8)  # BGR
        picture[number : number + 5] += 3
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), picture)
        images.append(image(number, boxes(DONKEY), path=str(path)))
    data, use = choose(snapshot(*images, *NEW), DataChoice(new_only=True, mix=PerClass(2)), snapshot(*images))
    mixed = [number for number in numbers(data, Split.TRAIN) if number < 10]
    assert len(mixed) == use.mixed == 2
    assert 7 in mixed


def test_that_a_picture_that_cannot_be_read_is_not_mixed_in(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "good.png"), np.full((20, 20, 3), 90, np.uint8))
    good, gone = image(1, boxes(DONKEY), path=str(tmp_path / "good.png")), image(2, boxes(DONKEY))
    readable, features = features_of([good, gone])
    assert readable == [good]
    assert features.shape == (1, 192)
