"""Which pictures pass a filter, judged by hand."""

import os

import pytest

from app.widgets.data.gallery_filter import Filter, FindingIndex, chosen, index_findings, index_images, missing_folders
from core.domain.annotation import Annotation, Box, Boxes, ClassLabel, Unlabelled
from core.domain.dataset import Finding, Image, ImageClass
from core.domain.task import Split

CLASSES = (ImageClass(4, "Nut"), ImageClass(9, "bolt"), ImageClass(2, "unused"))


def image(name: str, annotation: Annotation, split: Split | None = None) -> Image:
    path = os.path.join(os.sep, "data", "nut set", *name.split("/"))  # noqa: PTH118
    return Image(hash=name, path=path, width=100, height=100, annotation=annotation, split=split)


def boxes(*class_ids: int) -> Boxes:
    return Boxes(tuple(Box(0, 0, 10, 10, class_id) for class_id in class_ids))


IMAGES = (
    image("a/one.jpg", boxes(4, 4, 9), Split.TRAIN),
    image("a/two.jpg", boxes(9), Split.TEST),
    image("b/three.jpg", boxes(), Split.TRAIN),
    image("b/four.jpg", Unlabelled()),
    image("b/two.png", boxes(4), None),
)


def finding(kind: str, severity: str, *places: str) -> Finding:
    return Finding(kind=kind, severity=severity, count=len(places), images=places, why="", remedy="")


def names(wanted: Filter, findings: FindingIndex | None = None) -> list[str]:
    index = index_images(CLASSES, IMAGES)
    return [each.hash for each in chosen(index, findings or FindingIndex(), wanted)]


def test_that_counts_are_of_boxes_and_of_images_and_add_up() -> None:
    index = index_images(CLASSES, IMAGES)
    counts = {class_id: (count.annotations, count.images) for class_id, count in index.counts.items()}
    assert counts == {4: (3, 2), 9: (2, 2), 2: (0, 0)}
    assert index.parts == {"train": 2, "val": 0, "test": 1, "none": 2}
    assert index.labelled_parts == {"train": 2, "val": 0, "test": 1, "none": 1}
    assert index.labelled == 4


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(), ["a/one.jpg", "a/two.jpg", "b/three.jpg", "b/four.jpg", "b/two.png"]),
        (Filter(what="class", class_id=4), ["a/one.jpg", "b/two.png"]),
        (Filter(what="class", class_id=4, part="train"), ["a/one.jpg"]),
        (Filter(what="class", class_id=2), []),
        (Filter(what="class", class_id=77), []),
        (Filter(part="none"), ["b/four.jpg", "b/two.png"]),
        (Filter(what="unlabelled"), ["b/four.jpg"]),
        (Filter(text=" TWO "), ["a/two.jpg", "b/two.png"]),
        (Filter(text="bolt"), ["a/one.jpg", "a/two.jpg"]),
        (Filter(text="nut"), ["a/one.jpg", "b/two.png"]),  # the class, not the folder that all pictures are in
        (Filter(part="train", text="three"), ["b/three.jpg"]),
    ],
)
def test_that_a_filter_lets_through_what_it_names_in_the_project_s_order(wanted: Filter, expected: list[str]) -> None:
    assert names(wanted) == expected


def test_that_findings_name_pictures_by_path_and_by_label_line_but_never_by_guess() -> None:
    labels = os.path.join(os.sep, "data", "labels")  # noqa: PTH118
    findings = index_findings(
        IMAGES,
        [
            finding("box_outside", "caution", IMAGES[2].path, f"{labels}{os.sep}one.txt:17"),
            finding("label_row_unreadable", "bad", f"{labels}{os.sep}two.txt:3"),  # two pictures have this name
            finding("unlabelled_image", "caution", IMAGES[3].path),
            finding("exif_rotation", "note", IMAGES[4].path),
            finding("class_without_images", "caution", "unused"),
        ],
    )
    assert names(Filter(what="finding", kind="box_outside"), findings) == ["a/one.jpg", "b/three.jpg"]
    assert names(Filter(what="finding", kind="label_row_unreadable"), findings) == []
    assert names(Filter(what="finding", kind="exif_rotation"), findings) == ["b/two.png"]
    assert names(Filter(what="finding", kind="class_without_images"), findings) == []
    assert names(Filter(what="problems"), findings) == ["a/one.jpg", "b/three.jpg"]


def test_that_classes_another_window_just_added_are_left_out_and_nothing_falls() -> None:
    index = index_images(CLASSES[:1], IMAGES)
    assert list(index.counts) == [4]
    assert index_images((), ()).parts == {"train": 0, "val": 0, "test": 0, "none": 0}


def test_that_folders_that_are_gone_are_named_once(tmp_path) -> None:
    (tmp_path / "here").mkdir()
    paths = [tmp_path / folder / name for folder in ("here", "gone") for name in ("1.jpg", "2.jpg")]
    images = [Image(hash=str(p), path=str(p), width=9, height=9, annotation=ClassLabel(1)) for p in paths]
    assert missing_folders(images) == [str(tmp_path / "gone")]
