from pathlib import Path

import pytest

from core.data.formats import voc
from core.domain.task import Split
from tests.unit.data.formats.folders import by_name, corners, kinds, lay, put, where


def xml(*objects: str, name: str = "a.jpg") -> str:
    return f"<annotation><filename>{name}</filename>{''.join(objects)}</annotation>"


def item(x_min: object, y_min: object, x_max: object, y_max: object, name: str = "cat") -> str:
    box = f"<xmin>{x_min}</xmin><ymin>{y_min}</ymin><xmax>{x_max}</xmax><ymax>{y_max}</ymax>"
    return f"<object><name>{name}</name><bndbox>{box}</bndbox></object>"


def one(tmp_path: Path, content: str | bytes):
    lay(tmp_path, "JPEGImages/a.jpg")
    put(tmp_path, "Annotations/a.xml", content)
    return voc.read(tmp_path)


def test_that_pixels_are_counted_from_one_and_the_last_belongs_to_the_object(tmp_path: Path) -> None:
    dataset = one(tmp_path, xml(item(1, 1, 640, 480), item(11, 21, 30, 40)))
    assert corners(dataset.images[0]) == [(0, 0, 640, 480, 0), (10, 20, 30, 40, 0)]
    assert kinds(dataset) == {}


def test_that_a_set_that_begins_at_zero_is_counted_from_zero_and_says_so(tmp_path: Path) -> None:
    dataset = one(tmp_path, xml(item(0, 0, 640, 480), item(1, 20, 30, 40)))
    assert corners(dataset.images[0]) == [(0, 0, 640, 480, 0), (1, 20, 30, 40, 0)]
    assert kinds(dataset) == {"voc_zero_based": 1}


def test_that_image_sets_give_splits(tmp_path: Path) -> None:
    for stem in "abcd":
        lay(tmp_path, f"JPEGImages/{stem}.jpg")
        put(tmp_path, f"Annotations/{stem}.xml", xml(item(1, 1, 9, 9)))
    put(tmp_path, "ImageSets/Main/train.txt", "a\r\nb\r\n")
    put(tmp_path, "ImageSets/Main/val.txt", "c\ngone\nb\n")
    put(tmp_path, "ImageSets/Main/trainval.txt", "a\nb\nc\n")
    put(tmp_path, "ImageSets/Main/cat_train.txt", "a 1\nb -1\n")
    dataset = voc.read(tmp_path)
    splits = {name[0]: image.split for name, image in by_name(dataset).items()}
    assert splits == {"a": Split.TRAIN, "b": Split.TRAIN, "c": Split.VAL, "d": None}
    assert where(dataset, "image_missing") == ["ImageSets/Main/val.txt:2"]
    assert where(dataset, "in_two_splits") == ["ImageSets/Main/val.txt:3"]


def test_that_xml_beside_pictures_in_split_folders_is_read(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        lay(tmp_path, f"{split}/a.jpg")
        put(tmp_path, f"{split}/a.xml", xml(item(1, 1, 9, 9), name="renamed.jpg"))
    dataset = voc.read(tmp_path)
    assert [(image.split, len(image.boxes or ())) for image in dataset.images] == [(Split.TRAIN, 1), (Split.VAL, 1)]


def test_that_a_file_name_inside_helps_where_stems_differ(tmp_path: Path) -> None:
    lay(tmp_path, "JPEGImages/a.jpg")
    put(tmp_path, "Annotations/0001.xml", xml(item(1, 1, 9, 9)))
    put(tmp_path, "Annotations/0002.xml", xml(item(1, 1, 9, 9), name="gone.jpg"))
    dataset = voc.read(tmp_path)
    assert len(dataset.images[0].boxes or ()) == 1
    assert where(dataset, "label_without_image") == ["Annotations/0002.xml"]


def test_that_no_object_is_background_and_no_xml_unlabelled(tmp_path: Path) -> None:
    lay(tmp_path, "JPEGImages/b.jpg")
    images = by_name(one(tmp_path, xml()))
    assert images["a.jpg"].boxes == ()
    assert images["b.jpg"].boxes is None


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (item(5, 5, 5, 5), "box_no_area"),
        (item(9, 5, 5, 9), "box_negative_size"),
        (item("nan", 5, 5, 9), "box_not_finite"),
        (item("", 5, 5, 9), "label_row_unreadable"),
        ("<object><name>cat</name></object>", "label_row_unreadable"),
        (item(1, 1, 9, 9, name=""), "class_unknown"),
    ],
)
def test_that_an_object_of_no_use_is_listed_and_the_rest_imported(tmp_path: Path, bad: str, kind: str) -> None:
    dataset = one(tmp_path, xml(item(1, 1, 9, 9), bad, item(2, 2, 9, 9)))
    assert corners(dataset.images[0]) == [(0, 0, 9, 9, 0), (1, 1, 9, 9, 0)]
    assert kinds(dataset) == {kind: 1}


def test_that_decimal_commas_are_numbers(tmp_path: Path) -> None:
    dataset = one(tmp_path, xml(item("1,5", 2, "9,5", 9)))
    assert corners(dataset.images[0]) == [(0.5, 1, 9.5, 9, 0)]
    assert kinds(dataset) == {"decimal_comma": 1}


ENTITIES = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<!DOCTYPE a [<!ENTITY a0 "aaaaaaaaaa">{ENTITIES}]><annotation><filename>&a9;</filename></annotation>'


def test_that_an_xml_bomb_is_refused_and_the_rest_imported(tmp_path: Path) -> None:
    lay(tmp_path, "JPEGImages/b.jpg")
    put(tmp_path, "Annotations/b.xml", xml(item(1, 1, 9, 9)))
    dataset = one(tmp_path, BOMB)
    assert where(dataset, "xml_refused") == ["Annotations/a.xml"]
    assert by_name(dataset)["a.jpg"].boxes is None
    assert len(by_name(dataset)["b.jpg"].boxes or ()) == 1


def test_that_an_external_entity_is_refused(tmp_path: Path) -> None:
    secret = put(tmp_path, "secret.txt", "class-of-the-secret")
    bad = f'<!DOCTYPE a [<!ENTITY s SYSTEM "file://{secret}">]>' + xml(item(1, 1, 9, 9, name="&s;"))
    dataset = one(tmp_path, bad)
    assert where(dataset, "xml_refused") == ["Annotations/a.xml"]
    assert dataset.classes == ()


@pytest.mark.parametrize("content", ["<annotation>", "", b"\xff\xfe\x00", "<html></html>"])
def test_that_a_broken_file_is_listed_and_its_picture_unlabelled(tmp_path: Path, content: str | bytes) -> None:
    dataset = one(tmp_path, content)
    assert sum(kinds(dataset).values()) == 1
    assert dataset.images[0].boxes is None


def test_that_masks_are_no_pictures(tmp_path: Path) -> None:
    lay(tmp_path, "SegmentationClass/a.png", "SegmentationObject/a.png")
    assert [Path(image.path).name for image in one(tmp_path, xml(item(1, 1, 9, 9))).images] == ["a.jpg"]
