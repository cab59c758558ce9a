import re
from pathlib import Path

import pytest

import core
from core.data.checks import check
from core.data.findings import KINDS
from core.domain.annotation import Annotation, Box, Boxes, ClassLabel, Unlabelled
from core.domain.dataset import TRAITS, Finding, Image, ImageClass, count_classes
from core.domain.source import Problem
from core.domain.task import Split, Task

CLASSES = (ImageClass(1, "bolt"), ImageClass(2, "gear"))


def image(number: int, annotation: Annotation, split: Split | None = Split.TRAIN, **more: object) -> Image:
    facts = {"width": 640, "height": 480} | more
    return Image(hash=f"{number:032x}", path=f"/p/{number}.jpg", annotation=annotation, split=split, **facts)


def good(count: int = 60, task: Task = Task.CLASSIFICATION) -> list[Image]:
    """Two classes in three parts, nothing to find."""
    splits = (Split.TRAIN, Split.VAL, Split.TEST)
    return [
        image(
            n,
            ClassLabel(1 + n % 2) if task is Task.CLASSIFICATION else Boxes((Box(0, 0, 99, 99, 1 + n % 2),)),
            splits[n * 3 // count],
        )
        for n in range(count)
    ]


def found(
    images: list[Image],
    task: Task | None = Task.CLASSIFICATION,
    classes: tuple[ImageClass, ...] = CLASSES,
    files: list[tuple[str, str]] | None = None,
    problems: list[Problem] | None = None,
    size: int = 640,
) -> dict[str, Finding]:
    files = files if files is not None else [(i.path, i.hash) for i in images]
    findings = check(task, classes, images, files, problems or [], size)
    assert all(finding.why and finding.remedy and finding.images for finding in findings)
    return {finding.kind: finding for finding in findings}


@pytest.mark.parametrize("task", list(Task))
def test_that_good_data_gives_no_finding(task: Task) -> None:
    assert found(good(task=task), task) == {}


def test_that_unlabelled_images_are_named() -> None:
    kinds = found([*good(), image(100, Unlabelled(), None)])
    assert list(kinds) == ["unlabelled_image"]
    assert kinds["unlabelled_image"].images == ("/p/100.jpg",)


def test_that_what_was_unlabelled_at_import_and_is_labelled_now_is_no_longer_told() -> None:
    assert found(good(), problems=[Problem("unlabelled_image", "/p/1.jpg")]) == {}


def test_that_a_class_without_images_and_one_with_few_are_named() -> None:
    classes = (*CLASSES, ImageClass(3, "nut"), ImageClass(4, "pin"))
    kinds = found([*good(), *(image(100 + n, ClassLabel(4)) for n in range(9))], classes=classes)
    assert set(kinds) == {"class_without_images", "class_with_few_images"}
    assert kinds["class_without_images"].images == ("nut",)
    assert kinds["class_with_few_images"].count == 9
    assert kinds["class_with_few_images"].details[0] == "pin: 9 in all"


def test_that_ten_images_of_a_class_are_enough() -> None:
    classes = (*CLASSES, ImageClass(3, "nut"))
    assert found([*good(), *(image(100 + n, ClassLabel(3)) for n in range(10))], classes=classes) == {}


def test_that_one_class_alone_is_told_for_classification_and_not_for_detection() -> None:
    assert "only_one_class" in found([image(n, ClassLabel(1)) for n in range(20)])
    boxes = [image(n, Boxes((Box(0, 0, 99, 99, 1),))) for n in range(20)]
    assert "only_one_class" not in found(boxes, Task.DETECTION)


def test_that_a_strong_imbalance_is_told() -> None:
    images = [image(n, ClassLabel(1)) for n in range(150)] + [image(200 + n, ClassLabel(2)) for n in range(15)]
    assert found(images)["class_imbalance"].details == ("15 images against 150 of bolt",)
    assert "class_imbalance" not in found(images[1:])


@pytest.mark.parametrize(
    ("empty", "kind"),
    [(Split.TRAIN, "no_train_split"), (Split.VAL, "no_val_split"), (Split.TEST, "no_test_split")],
)
def test_that_a_missing_split_is_told(empty: Split, kind: str) -> None:
    kinds = found([i for i in good() if i.split is not empty])
    assert kind in kinds
    assert kinds[kind].images == (empty,)


def test_that_a_near_empty_split_names_its_images() -> None:
    val = [i for i in good() if i.split is Split.VAL]
    kinds = found([i for i in good() if i.split is not Split.VAL or i in val[:3]])
    assert list(kinds) == ["near_empty_split"]
    assert kinds["near_empty_split"].images == tuple(i.path for i in val[:3])


def test_that_data_never_split_is_told_once_and_late_comers_by_name() -> None:
    assert list(found([image(n, ClassLabel(1 + n % 2), None) for n in range(40)])) == ["not_split"]
    kinds = found([*good(), image(100, ClassLabel(1), None)])
    assert kinds["image_without_split"].images == ("/p/100.jpg",)


def test_that_a_class_that_train_never_meets_is_told() -> None:
    images = [*good(), *(image(100 + n, ClassLabel(3), Split.TEST) for n in range(12))]
    kinds = found(images, classes=(*CLASSES, ImageClass(3, "nut")))
    assert kinds["class_not_in_train"].images == ("nut",)


def test_that_exact_duplicates_name_the_copy_and_the_first() -> None:
    files = [(i.path, i.hash) for i in good()] + [("/copy/1.jpg", good()[0].hash), ("/copy/2.jpg", good()[0].hash)]
    duplicate = found(good(), files=files)["exact_duplicate"]
    assert duplicate.images == ("/copy/1.jpg", "/copy/2.jpg")
    assert duplicate.details == ("/p/0.jpg", "/p/0.jpg")


def test_that_small_objects_are_judged_at_the_training_size() -> None:
    images = [*good(task=Task.DETECTION), image(100, Boxes((Box(0, 0, 10, 40, 1), Box(0, 0, 99, 99, 2))))]
    assert found(images, Task.DETECTION, size=640) == {}
    kinds = found(images, Task.DETECTION, size=320)
    assert list(kinds) == ["small_object"]
    assert kinds["small_object"].images == ("/p/100.jpg",)
    assert kinds["small_object"].details == ("1 of 2 boxes, the smallest 5.0 px at 320",)


def test_that_background_is_noted_and_nothing_but_background_is_bad() -> None:
    kinds = found([*good(task=Task.DETECTION), image(100, Boxes(()))], Task.DETECTION)
    assert list(kinds) == ["background_image"]
    assert "all_background" in found([image(n, Boxes(())) for n in range(30)], Task.DETECTION)


@pytest.mark.parametrize("trait", TRAITS)
def test_that_every_trait_of_a_picture_becomes_a_finding(trait: str) -> None:
    kinds = found([*good(), image(100, ClassLabel(1), traits=(trait,))])
    assert list(kinds) == [trait]
    assert kinds[trait].images == ("/p/100.jpg",)


def test_that_exif_rotation_is_noted() -> None:
    assert list(found([*good(), image(100, ClassLabel(1), orientation=6)])) == ["exif_rotation"]


def test_that_problems_of_the_import_come_with_the_others_and_the_worst_first() -> None:
    problems = [
        Problem("duplicate_across_splits", "/val/1.jpg", "/train/1.jpg"),
        Problem("conflicting_labels", "/b.jpg", "/a.jpg"),
        Problem("truncated", "/t.jpg"),
        Problem("truncated", "/u.jpg"),
    ]
    kinds = found([*good(), image(100, ClassLabel(1), orientation=6)], problems=problems)
    assert list(kinds) == ["conflicting_labels", "truncated", "duplicate_across_splits", "exif_rotation"]
    assert kinds["truncated"].count == 2


def test_that_an_empty_project_gives_findings_and_no_error() -> None:
    assert found([], None, ()) == {}
    assert list(found([], Task.DETECTION, ())) == ["nothing_labelled"]
    assert list(found([image(1, Unlabelled(), None)], None, ())) == []


def test_that_every_kind_named_in_the_program_has_its_row() -> None:
    text = "\n".join(path.read_text("utf-8") for path in Path(core.__file__).parent.rglob("*.py"))
    kinds = set(re.findall(r"(?:Problem|UnreadableImage)\(\s*\"(\w+)\"", text))
    assert {"truncated", "unlabelled_image"} <= kinds
    assert kinds - set(KINDS) == set()
    assert set(TRAITS) <= set(KINDS)


def test_that_a_class_made_since_the_list_of_classes_was_read_is_not_counted() -> None:
    images = [image(1, Boxes((Box(0, 0, 9, 9, 1), Box(0, 0, 9, 9, 14))))]
    assert count_classes([ImageClass(1, "nut")], images) == {"nut": 1}
    assert check(Task.DETECTION, [ImageClass(1, "nut")], images, [], [], 640)
