import pytest

from core.data.preview import edit_classes, empty_as_unlabelled, missing_as_background, preview
from core.domain.errors import LensmithError
from core.domain.source import ClassEdit, Problem, SourceBox, SourceDataset, SourceImage
from core.domain.task import Split, Task


def box(label: int) -> SourceBox:
    return SourceBox(0, 0, 9, 9, label)


def boxes_of(dataset: SourceDataset) -> list[list[str] | None]:
    """Class names of each image's boxes."""
    return [None if i.boxes is None else [dataset.classes[b.label] for b in i.boxes] for i in dataset.images]


def detection(*classes: str) -> SourceDataset:
    return SourceDataset(
        format="yolo",
        root="/data",
        task=Task.DETECTION,
        classes=classes or ("Cat", "cat ", "dog"),
        images=[
            SourceImage("/data/a.jpg", None, (box(0), box(2), box(1)), Split.TRAIN),
            SourceImage("/data/b.jpg", None, (box(2),), Split.VAL),
            SourceImage("/data/c.jpg", None, (), Split.VAL),
            SourceImage("/data/d.jpg"),
        ],
        problems=(Problem("box_no_area", "/data/labels/a.txt:4"),),
    )


def classification() -> SourceDataset:
    images = [SourceImage(f"/data/{n}.jpg", n % 3, None, Split.TRAIN) for n in range(7)]
    classes = ("ant", "bee", "wasp")
    return SourceDataset(format="imagefolder", root="/data", task=Task.CLASSIFICATION, classes=classes, images=images)


def kinds(dataset: SourceDataset) -> dict[str, int]:
    return {finding.kind: finding.count for finding in preview(dataset).findings}


def test_that_counts_classes_splits_and_findings_are_shown() -> None:
    shown = preview(detection())
    assert (shown.format, shown.task, shown.images) == ("yolo", Task.DETECTION, 4)
    assert shown.classes == {"Cat": 1, "cat ": 1, "dog": 2}
    assert shown.splits == {"train": 1, "val": 2, "test": 0, "none": 1}
    assert {finding.kind: finding.count for finding in shown.findings} == {
        "box_no_area": 1,
        "near_class_names": 1,
        "background_image": 1,
        "unlabelled_image": 1,
    }
    assert preview(classification()).classes == {"ant": 3, "bee": 2, "wasp": 2}


def test_that_near_names_offer_the_merge_and_are_silent_once_merged() -> None:
    near = [finding for finding in preview(detection()).findings if finding.kind == "near_class_names"]
    assert near[0].details == ("“Cat”, “cat ”",)
    merged = edit_classes(detection(), [ClassEdit("cat ", "Cat")])
    assert merged.classes == ("Cat", "dog")
    assert boxes_of(merged) == [["Cat", "dog", "Cat"], ["dog"], [], None]
    assert "near_class_names" not in kinds(merged)


@pytest.mark.parametrize("other", ["cat (2)", "CAT", " cat", "cat_", "-cat"])
def test_that_names_easily_taken_for_one_are_near(other: str) -> None:
    assert "near_class_names" in kinds(detection("cat", other, "dog"))


@pytest.mark.parametrize("other", ["cat2", "cats", "bobcat", "kočka"])
def test_that_other_names_are_not_near(other: str) -> None:
    assert "near_class_names" not in kinds(detection("cat", other, "dog"))


def test_that_classes_can_swap_names() -> None:
    swapped = edit_classes(detection(), [ClassEdit("Cat", "dog"), ClassEdit("dog", "Cat")])
    assert boxes_of(swapped)[0] == ["dog", "Cat", "cat "]


def test_that_boxes_of_a_skipped_class_go_and_their_images_stay() -> None:
    skipped = edit_classes(detection(), [ClassEdit("dog", None)])
    assert skipped.classes == ("Cat", "cat ")
    assert boxes_of(skipped) == [["Cat", "cat "], [], [], None]
    assert skipped.problems[-1] == Problem("class_skipped", "/data", "“dog”: 2 boxes")


def test_that_images_of_a_skipped_class_are_left_out() -> None:
    skipped = edit_classes(classification(), [ClassEdit("bee", None), ClassEdit("wasp", "ant")])
    assert skipped.classes == ("ant",)
    assert [image.label for image in skipped.images] == [0] * 5
    assert preview(skipped).findings[0].details == ("“bee”: 2 images",)


@pytest.mark.parametrize(
    "edits",
    [[ClassEdit("bird", "cat")], [ClassEdit("dog", " ")], [ClassEdit("dog", "a"), ClassEdit("dog", "b")]],
)
def test_that_an_edit_of_nothing_is_refused(edits: list[ClassEdit]) -> None:
    with pytest.raises(LensmithError):
        edit_classes(detection(), edits)


def test_that_the_user_says_what_empty_and_missing_labels_mean() -> None:
    """Fault 32: nothing is guessed."""
    assert boxes_of(empty_as_unlabelled(detection()))[2:] == [None, None]
    assert boxes_of(missing_as_background(detection()))[2:] == [[], []]
    with pytest.raises(LensmithError):
        missing_as_background(classification())


def test_that_a_set_of_empty_labels_only_is_bad() -> None:
    images = [SourceImage("/data/a.jpg", None, ()), SourceImage("/data/b.jpg", None, ())]
    empty = SourceDataset(format="yolo", root="/data", task=Task.DETECTION, classes=("cat",), images=images)
    assert kinds(empty) == {"all_background": 1, "background_image": 2}
    assert kinds(empty_as_unlabelled(empty)) == {"unlabelled_image": 2}
