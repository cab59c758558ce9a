import json
from pathlib import Path

import pytest

from core.data.formats import coco
from core.domain.errors import LensmithError
from core.domain.task import Split
from tests.unit.data.formats.folders import by_name, corners, kinds, lay, put, where

CATEGORIES = [{"id": 5, "name": "dog"}, {"id": 2, "name": "cat"}]


def image(number: object, name: str) -> dict[str, object]:
    return {"id": number, "file_name": name, "width": 100, "height": 80}


def annotation(number: object, bbox: object, image_id: object = 1, **more: object) -> dict[str, object]:
    return {"id": number, "image_id": image_id, "category_id": 5, "bbox": bbox, "iscrowd": 0} | more


def one(tmp_path: Path, *annotations: dict[str, object]):
    """A data set of one picture, ``a.jpg`` with id 1."""
    lay(tmp_path, "a.jpg")
    content = {"images": [image(1, "a.jpg")], "annotations": annotations, "categories": CATEGORIES}
    put(tmp_path, "labels.json", json.dumps(content))
    return coco.read(tmp_path)


def test_that_categories_keep_the_order_of_the_file(tmp_path: Path) -> None:
    dataset = one(tmp_path, annotation(1, [10, 20, 30, 40]), annotation(2, [0, 0, 5.5, 5], category_id=2))
    assert dataset.classes == ("dog", "cat")
    assert corners(dataset.images[0]) == [(10, 20, 40, 60, 0), (0, 0, 5.5, 5, 1)]
    assert kinds(dataset) == {}


def test_that_an_image_without_annotation_is_background_and_an_unlisted_one_unlabelled(tmp_path: Path) -> None:
    lay(tmp_path, "other.jpg")
    dataset = one(tmp_path)
    assert by_name(dataset)["a.jpg"].boxes == ()
    assert by_name(dataset)["other.jpg"].boxes is None
    assert where(dataset, "image_not_listed") == ["other.jpg"]


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (annotation(2, [1, 1, 0, 5]), "box_no_area"),
        (annotation(2, [1, 1, -4, 5]), "box_negative_size"),
        (annotation(2, [1, 1, float("nan"), 5]), "box_not_finite"),
        (annotation(2, [1, 1, 5]), "label_row_unreadable"),
        (annotation(2, None), "label_row_unreadable"),
        (annotation(2, {"x": 1}), "label_row_unreadable"),
        (annotation(2, [1, 1, 5, "wide"]), "label_row_unreadable"),
        (annotation(2, [1, 1, 5, 5], category_id=9), "class_unknown"),
        (annotation(2, [1, 1, 5, 5], image_id=9), "label_without_image_id"),
        (annotation(2, [1, 1, 5, 5], iscrowd=1, segmentation={"counts": [5, 6], "size": [80, 100]}), "crowd_region"),
        (annotation(2, [], segmentation={"counts": "abc", "size": [80, 100]}), "rle_mask"),
    ],
)
def test_that_an_annotation_of_no_use_is_listed_and_the_rest_imported(tmp_path: Path, bad, kind: str) -> None:
    dataset = one(tmp_path, annotation(1, [10, 20, 30, 40]), bad, annotation(3, [0, 0, 5, 5]))
    assert corners(dataset.images[0]) == [(10, 20, 40, 60, 0), (0, 0, 5, 5, 0)]
    assert {k: n for k, n in kinds(dataset).items() if k != "number_as_text"} == {kind: 1}


@pytest.mark.parametrize(
    ("odd", "kind"),
    [
        (annotation(1, "[1, 2, 3, 4]"), "number_as_text"),
        (annotation(1, ["1", "2", "3.0", "4"]), "number_as_text"),
        (annotation(1, [1, 2, 3, 4], segmentation={"counts": "abc", "size": [80, 100]}), "rle_mask"),
        (annotation(1, [1, 2, 3, 4], segmentation=[[1, 2, 4, 2, 4, 6]]), "outlines_not_kept"),
        (annotation(1, None, segmentation=[[1, 2, 4, 2], [4, 6]]), "polygon_as_box"),
    ],
)
def test_that_an_odd_annotation_is_understood_and_noted(tmp_path: Path, odd, kind: str) -> None:
    dataset = one(tmp_path, odd)
    assert corners(dataset.images[0]) == [(1, 2, 4, 6, 0)]
    assert kind in kinds(dataset)


def test_that_an_image_of_unusable_annotations_does_not_become_background(tmp_path: Path) -> None:
    assert one(tmp_path, annotation(1, [0, 0, 9, 9], iscrowd=1)).images[0].boxes is None


def test_that_ids_that_occur_twice_are_listed(tmp_path: Path) -> None:
    lay(tmp_path, "a.jpg", "b.jpg")
    content = {
        "images": [image(1, "a.jpg"), image(1, "b.jpg")],
        "annotations": [annotation(1, [0, 0, 5, 5]), annotation(1, [0, 0, 5, 5]), annotation(1, [1, 1, 5, 5])],
        "categories": [*CATEGORIES, {"id": 5, "name": "cow"}],
    }
    put(tmp_path, "all.json", json.dumps(content))
    dataset = coco.read(tmp_path)
    assert kinds(dataset) == {"duplicate_id": 4, "image_not_listed": 1}
    assert corners(by_name(dataset)["a.jpg"]) == [(0, 0, 5, 5, 0), (1, 1, 6, 6, 0)], "an equal copy counts once"
    assert by_name(dataset)["b.jpg"].boxes is None


def test_that_ids_may_be_text_on_one_side(tmp_path: Path) -> None:
    dataset = one(tmp_path, annotation("x", [0, 0, 5, 5], image_id="1", category_id="5"))
    assert corners(dataset.images[0]) == [(0, 0, 5, 5, 0)]


def test_that_missing_images_are_listed(tmp_path: Path) -> None:
    lay(tmp_path, "a.jpg")
    content = {"images": [image(1, "a.jpg"), image(2, "gone.jpg")], "annotations": [annotation(1, [0, 0, 5, 5], 2)]}
    put(tmp_path, "all.json", json.dumps(content | {"categories": CATEGORIES}))
    dataset = coco.read(tmp_path)
    assert where(dataset, "image_missing") == ["gone.jpg"]
    assert [Path(i.path).name for i in dataset.images] == ["a.jpg"]


@pytest.mark.parametrize(
    ("names", "pictures"),
    [
        (
            ("annotations/instances_train2017.json", "annotations/instances_val2017.json"),
            ("train2017/0.jpg", "val2017/0.jpg"),
        ),
        (("train.json", "val.json"), ("images/train/0.jpg", "images/val/0.jpg")),
        (("train/_annotations.coco.json", "valid/_annotations.coco.json"), ("train/0.jpg", "valid/0.jpg")),
    ],
)
def test_that_several_files_bring_their_splits_and_find_their_own_pictures(tmp_path: Path, names, pictures) -> None:
    lay(tmp_path, *pictures)
    for position, name in enumerate(names):
        content = {"images": [image(1, "0.jpg")], "annotations": [annotation(1, [position, 0, 9, 9])]}
        put(tmp_path, name, json.dumps(content | {"categories": CATEGORIES}))
    if names[0].startswith("annotations"):  # as in COCO 2017 itself
        put(tmp_path, "annotations/captions_val2017.json", '{"images": [], "annotations": [{"caption": "x"}]}')
    dataset = coco.read(tmp_path)
    found = {
        Path(i.path).relative_to(tmp_path).as_posix(): (i.split, i.boxes and i.boxes[0].x_min) for i in dataset.images
    }
    assert found == {pictures[0]: (Split.TRAIN, 0), pictures[1]: (Split.VAL, 1)}
    assert kinds(dataset) == {}


def test_that_equal_category_names_are_told_apart(tmp_path: Path) -> None:
    lay(tmp_path, "a.jpg")
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "cat"}]
    content = {"images": [image(1, "a.jpg")], "annotations": [annotation(1, [0, 0, 5, 5], category_id=2)]}
    put(tmp_path, "all.json", json.dumps(content | {"categories": categories}))
    dataset = coco.read(tmp_path)
    assert dataset.classes == ("cat", "cat (2)")
    assert corners(dataset.images[0])[0][4] == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_that_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    lay(tmp_path, "č.jpg")
    content = {"images": [image(1, "č.jpg")], "annotations": [annotation(1, [0, 0, 5, 5])], "categories": CATEGORIES}
    put(tmp_path, "all.json", json.dumps(content, ensure_ascii=False).encode(encoding))
    dataset = coco.read(tmp_path)
    assert len(dataset.images[0].boxes or ()) == 1
    assert kinds(dataset) == {"text_encoding": 1}


@pytest.mark.parametrize("content", ["{", "[]", '{"images": 5, "annotations": []}', '{"a":' * 100_000, ""])
def test_that_a_broken_file_is_refused_by_name(tmp_path: Path, content: str) -> None:
    path = put(tmp_path, "all.json", content)
    with pytest.raises(LensmithError, match=r"all\.json.* is no COCO file"):
        coco.read(path)
