import os
import pickle
import sys
from pathlib import Path

import pytest

from core.data.formats import yolo
from core.domain.errors import LensmithError
from core.domain.task import Split
from tests.unit.data.formats.folders import by_name, corners, kinds, lay, put, where

YAML = "train: images/train\nval: images/val\nnames: [cat, dog]\n"


def one(tmp_path: Path, rows: str | bytes, names: str = "[cat, dog]"):
    """A data set of one picture with these rows."""
    lay(tmp_path, "images/train/a.jpg")
    put(tmp_path, "labels/train/a.txt", rows)
    put(tmp_path, "data.yaml", f"train: images/train\nnames: {names}\n")
    return yolo.read(tmp_path)


def test_that_splits_names_and_boxes_are_read(tmp_path: Path) -> None:
    lay(tmp_path, "images/train/a.jpg", "images/val/b.png")
    put(tmp_path, "data.yaml", YAML)
    put(tmp_path, "labels/train/a.txt", "1 0.5 0.5 0.5 0.25\n0 0.25 0.25 0.5 0.5\n")
    put(tmp_path, "labels/val/b.txt", "0 0.5 0.5 1 1")
    dataset = yolo.read(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert [(Path(i.path).name, i.split) for i in dataset.images] == [("a.jpg", Split.TRAIN), ("b.png", Split.VAL)]
    assert corners(dataset.images[0]) == [(0.25, 0.375, 0.75, 0.625, 1), (0, 0, 0.5, 0.5, 0)]
    assert all(box.relative for image in dataset.images for box in image.boxes or ())
    assert kinds(dataset) == {}


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        ("['no', \"on\"]", ("no", "on")),
        ("[no, 1e3]", ("no", "1e3")),
        ("{0: cat, 1: dog}", ("cat", "dog")),
        ("\n  1: dog\n  0: cat", ("cat", "dog")),
        ("{'0': čača, '1': 東}", ("čača", "東")),
    ],
)
def test_that_names_may_be_a_list_or_a_map_of_any_words(tmp_path: Path, names: str, classes: tuple[str, str]) -> None:
    dataset = one(tmp_path, "1 .5 .5 .5 .5", names)
    assert dataset.classes == classes
    assert corners(dataset.images[0])[0][4] == 1


def test_that_a_map_with_gaps_keeps_its_numbers(tmp_path: Path) -> None:
    dataset = one(tmp_path, "7 .5 .5 .5 .5\n3 .5 .5 .5 .5\n", "{3: cat, 7: dog}")
    assert dataset.classes == ("cat", "dog")
    assert [box.label for box in dataset.images[0].boxes or ()] == [1, 0]


def test_that_nc_alone_numbers_the_classes(tmp_path: Path) -> None:
    lay(tmp_path, "images/a.jpg")
    put(tmp_path, "labels/a.txt", "2 .5 .5 .5 .5")
    put(tmp_path, "data.yaml", "train: images\nnc: 3\n")
    dataset = yolo.read(tmp_path)
    assert dataset.classes == ("class_0", "class_1", "class_2")
    assert kinds(dataset) == {"class_names_missing": 1}


@pytest.mark.parametrize(
    ("yaml", "note"),
    [
        ("path: .\ntrain: images/train\nval: images/val", None),
        ("path: set\ntrain: images/train\nval: images/val", None),
        ("path: datasets/set\ntrain: images/train\nval: images/val", None),
        ("train: ../images/train\nval: ../images/val", "path_relocated"),
        ("train: /content/set/images/train\nval: C:\\data\\set\\images\\val", "path_relocated"),
        ("train: [images/train]\nval:\n  - images/val", None),
        ("train: train.txt\nval: val.txt", None),
    ],
)
def test_that_paths_are_found_however_they_are_written(tmp_path: Path, yaml: str, note: str | None) -> None:
    root = lay(tmp_path / "set", "images/train/a.jpg", "images/val/b.jpg")
    put(root, "labels/train/a.txt", "0 .5 .5 .5 .5")
    put(root, "labels/val/b.txt", "0 .5 .5 .5 .5")
    put(root, "train.txt", "./images/train/a.jpg\n")
    put(root, "val.txt", "images/val/b.jpg\r\n\r\n")
    put(root, "data.yaml", f"{yaml}\nnames: [cat]\n")
    dataset = yolo.read(root)
    assert {name: image.split for name, image in by_name(dataset).items()} == {"a.jpg": "train", "b.jpg": "val"}
    assert all(image.boxes for image in dataset.images)
    assert set(kinds(dataset)) == ({note} if note else set())


def test_that_a_missing_split_is_listed_and_never_replaced_by_another_folder(tmp_path: Path) -> None:
    lay(tmp_path, "images/a.jpg")
    put(tmp_path, "data.yaml", "train: images\nval: ../valid/images\nnames: [cat]\n")
    dataset = yolo.read(tmp_path)
    assert [image.split for image in dataset.images] == [Split.TRAIN]
    assert kinds(dataset) == {"split_folder_missing": 1}


def test_that_a_folder_of_several_data_sets_asks_for_one(tmp_path: Path) -> None:
    lay(tmp_path, "one/images/a.jpg", "two/images/b.jpg")
    put(tmp_path, "one.yaml", "train: one/images\nnames: [cat]")
    put(tmp_path, "two.yaml", "train: two/images\nnames: [dog]")
    with pytest.raises(LensmithError, match=r"one\.yaml, two\.yaml"):
        yolo.read(tmp_path)
    assert list(by_name(yolo.read(tmp_path / "two.yaml"))) == ["b.jpg"]
    assert yolo.read(tmp_path / "one").classes == ("cat",), "names come from the yaml above that means this folder"


@pytest.mark.parametrize("place", ["classes.txt", "labels/classes.txt", "labels/train/classes.txt"])
def test_that_classes_may_stand_in_a_text_file_alone(tmp_path: Path, place: str) -> None:
    lay(tmp_path, "images/train/a.jpg")
    put(tmp_path, place, "cat\r\ndog\r\n")
    put(tmp_path, "labels/train/a.txt", "1 .5 .5 .5 .5")
    dataset = yolo.read(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert dataset.images[0].split == Split.TRAIN
    assert kinds(dataset) == {}


def test_that_labels_beside_the_pictures_are_found(tmp_path: Path) -> None:
    lay(tmp_path, "train/a.jpg", "valid/b.jpg")
    put(tmp_path, "train/a.txt", "0 .5 .5 .5 .5")
    put(tmp_path, "valid/b.txt", "")
    put(tmp_path, "classes.txt", "cat")
    dataset = yolo.read(tmp_path)
    assert [(len(i.boxes or ()), i.split) for i in dataset.images] == [(1, Split.TRAIN), (0, Split.VAL)]


def test_that_empty_means_background_and_missing_means_unlabelled(tmp_path: Path) -> None:
    lay(tmp_path, "images/a.jpg", "images/b.jpg", "images/c.jpg")
    put(tmp_path, "labels/a.txt", "0 .5 .5 .5 .5\n")
    put(tmp_path, "labels/b.txt", "\n \r\n")
    put(tmp_path, "classes.txt", "cat")
    images = by_name(yolo.read(tmp_path))
    assert len(images["a.jpg"].boxes or ()) == 1
    assert images["b.jpg"].boxes == ()
    assert images["c.jpg"].boxes is None


def test_that_a_file_of_unusable_rows_does_not_become_background(tmp_path: Path) -> None:
    dataset = one(tmp_path, "9 .5 .5 .5 .5\n")
    assert dataset.images[0].boxes is None


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("2 .5 .5 .5 .5", "class_id_out_of_range"),
        ("-1 .5 .5 .5 .5", "class_id_out_of_range"),
        ("0.5 .5 .5 .5 .5", "class_id_not_whole"),
        ("nan .5 .5 .5 .5", "class_id_not_whole"),
        ("bird .5 .5 .5 .5", "class_unknown"),
        ("0 .5 .5 .5", "label_row_unreadable"),
        ("0", "label_row_unreadable"),
        ("hello world", "label_row_unreadable"),
        ("0 .5 .5 x .5", "label_row_unreadable"),
        ("0 .5 .5 1_0 .5", "label_row_unreadable"),
        ("0 .1 .2 .3 .4 .5 .6 .7", "label_row_unreadable"),
        ("0 nan .5 .5 .5", "box_not_finite"),
        ("0 .5 .5 inf .5", "box_not_finite"),
        ("0 .5 .5 0 .5", "box_no_area"),
        ("0 .5 .5 .5 -.5", "box_negative_size"),
        ("0 1.5 .5 .2 .2", "box_all_outside"),
        ("0 320 240 64 48", "box_in_pixels"),
        ("0 .1 .1 nan .1 .2 .2", "box_not_finite"),
    ],
)
def test_that_a_row_of_no_use_is_listed_with_its_line(tmp_path: Path, row: str, kind: str) -> None:
    dataset = one(tmp_path, f"1 .5 .5 .5 .5\n{row}\n0 .5 .5 .5 .5\n")
    assert where(dataset, kind) == ["labels/train/a.txt:2"]
    assert [box.label for box in dataset.images[0].boxes or ()] == [1, 0]
    assert sum(kinds(dataset).values()) == 1


@pytest.mark.parametrize(
    ("row", "kind", "box"),
    [
        ("1.0 .5 .5 .5 .5", "class_id_as_float", (0.25, 0.25, 0.75, 0.75, 1)),
        ("dog .5 .5 .5 .5", "class_name_for_id", (0.25, 0.25, 0.75, 0.75, 1)),
        ("big red dog .5 .5 .5 .5", "class_name_for_id", (0.25, 0.25, 0.75, 0.75, 2)),
        ("1 0,5 0,5 0,5 0,5", "decimal_comma", (0.25, 0.25, 0.75, 0.75, 1)),
        ("1;0.5;0.5;0.5;0.5", "odd_separator", (0.25, 0.25, 0.75, 0.75, 1)),
        ("1,0.5,0.5,0.5,0.5", "odd_separator", (0.25, 0.25, 0.75, 0.75, 1)),
        ("1, 0.5, 0.5, 0.5, 0.5", "odd_separator", (0.25, 0.25, 0.75, 0.75, 1)),
        ("1 .5 .5 .5 .5 0.93", "extra_columns", (0.25, 0.25, 0.75, 0.75, 1)),
        ("1 .25 .5 .75 .25 .5 .75", "polygon_as_box", (0.25, 0.25, 0.75, 0.75, 1)),
        ("1 .9 .5 .5 .5", "box_outside", (0.65, 0.25, 1.15, 0.75, 1)),
    ],
)
def test_that_an_odd_row_is_understood_and_noted(tmp_path: Path, row: str, kind: str, box: tuple[float, ...]) -> None:
    dataset = one(tmp_path, row, "[cat, dog, big red dog]")
    assert corners(dataset.images[0]) == [pytest.approx(box)]
    assert where(dataset, kind) == ["labels/train/a.txt:1"]
    assert sum(kinds(dataset).values()) == 1


def test_that_decimal_commas_behind_semicolons_are_both_noted(tmp_path: Path) -> None:
    dataset = one(tmp_path, "1;0,5;0,5;0,5;0,5")
    assert corners(dataset.images[0]) == [(0.25, 0.25, 0.75, 0.75, 1)]
    assert kinds(dataset) == {"odd_separator": 1, "decimal_comma": 1}


@pytest.mark.parametrize(
    ("rows", "noted"),
    [
        ("0 .5 .5 .5 .5\n1 .5 .5 .5 .5\n".encode("utf-16"), True),
        ("0 .5 .5 .5 .5\r\n1 .5 .5 .5 .5\r\n".encode("utf-16-le"), True),
        (b"\xef\xbb\xbf0 .5 .5 .5 .5\n1 .5 .5 .5 .5\n", True),
        (b"0 .5 .5 .5 .5\r\n1 .5 .5 .5 .5\r\n", False),
        (b"0 .5 .5 .5 .5\r1 .5 .5 .5 .5\r", False),
        (b"0\t.5\t.5\t.5\t.5\n1\t.5\t.5\t.5\t.5", False),
    ],
)
def test_that_rows_are_read_whatever_editor_wrote_them(tmp_path: Path, rows: bytes, noted: bool) -> None:
    dataset = one(tmp_path, rows)
    assert [box.label for box in dataset.images[0].boxes or ()] == [0, 1]
    assert kinds(dataset) == ({"text_encoding": 1} if noted else {})


def test_that_given_boxes_are_kept_boxes_plus_listed_ones(tmp_path: Path) -> None:
    """Fault 33: the counts add up."""
    rows = ["0 .5 .5 .5 .5"] * 5 + ["0 .5 .5 0 .5", "0 nan .5 .5 .5", "0 .5 .5 -1 .5", "0 3 .5 .1 .1", "0 .9 .5 .5 .5"]
    dataset = one(tmp_path, "\n".join(rows))
    left_out = sum(count for kind, count in kinds(dataset).items() if kind != "box_outside")
    assert len(dataset.images[0].boxes or ()) + left_out == len(rows)


def test_that_key_points_behind_a_box_are_not_taken_for_an_outline(tmp_path: Path) -> None:
    lay(tmp_path, "images/a.jpg")
    put(tmp_path, "labels/a.txt", "0 .5 .5 .5 .5 .1 .1 2 .9 .9 2\n")
    put(tmp_path, "data.yaml", "train: images\nnames: [cat]\nkpt_shape: [2, 3]\n")
    assert corners(yolo.read(tmp_path).images[0]) == [(0.25, 0.25, 0.75, 0.75, 0)]


def test_that_a_label_without_a_picture_is_listed(tmp_path: Path) -> None:
    lay(tmp_path, "images/train/a.jpg")
    lost = ["labels/train/lost.txt", "labels/loose.txt", "labels/val/lost.txt"]
    for name in ("labels/train/a.txt", *lost):
        put(tmp_path, name, "0 .5 .5 .5 .5")
    put(tmp_path, "classes.txt", "cat")
    dataset = yolo.read(tmp_path)
    assert where(dataset, "label_without_image") == lost


def test_that_a_picture_listed_in_two_splits_counts_once(tmp_path: Path) -> None:
    lay(tmp_path, "images/a.jpg")
    put(tmp_path, "data.yaml", "train: images\nval: images\nnames: [cat]\n")
    dataset = yolo.read(tmp_path)
    assert [image.split for image in dataset.images] == [Split.TRAIN]
    assert where(dataset, "in_two_splits") == ["images/a.jpg"]


def test_that_equal_names_are_told_apart(tmp_path: Path) -> None:
    dataset = one(tmp_path, "0 .5 .5 .5 .5\n1 .5 .5 .5 .5\n2 .5 .5 .5 .5", "[cat, cat, '']")
    assert dataset.classes == ("cat", "cat (2)", "class_2")
    assert kinds(dataset) == {"duplicate_class_name": 1, "class_list_odd": 1}


def test_that_a_download_script_is_shown_and_never_run(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    script = f"import pathlib; pathlib.Path({str(marker)!r}).touch()"
    yaml = f"train: images/train\nval: images/missing\nnames: [cat]\ndownload: |\n  {script}\n"
    lay(tmp_path, "images/train/a.jpg")
    put(tmp_path, "data.yaml", yaml)
    dataset = yolo.read(tmp_path)
    assert kinds(dataset) == {"download_ignored": 1, "split_folder_missing": 1}
    assert not marker.exists()


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!python/name:os.system", "!custom"])
def test_that_a_yaml_tag_makes_no_object(tmp_path: Path, tag: str) -> None:
    marker = tmp_path / "marker"
    lay(tmp_path, "images/a.jpg")
    put(tmp_path, "data.yaml", f"train: images\nnames: [cat, dog]\nextra: {tag} ['touch {marker}']\n")
    assert yolo.read(tmp_path).classes == ("cat", "dog")
    assert not marker.exists()


class Trap:
    """Runs a command when unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.marker}",)


def test_that_a_planted_cache_is_listed_and_never_opened(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    trap = pickle.dumps(Trap(marker))
    lay(tmp_path / "set", "images/train/a.jpg")
    put(tmp_path / "set", "data.yaml", "train: images/train\nnames: [cat]")
    put(tmp_path / "set", "labels/train/a.txt", "0 .5 .5 .5 .5")
    traps = ["images/train/a.npy", "labels/train.cache", "labels/train/x.pkl"]
    opened: list[str] = []
    for name in traps:
        put(tmp_path / "set", name, trap)
    watch = [True]  # an audit hook cannot be removed
    sys.addaudithook(lambda event, args: opened.append(str(args[0])) if watch and event == "open" else None)
    dataset = yolo.read(tmp_path / "set")
    watch.clear()
    assert where(dataset, "cache_ignored") == traps
    assert any(name.endswith("a.txt") for name in opened), "the hook sees what is opened"
    assert not [name for name in opened if name.endswith((".cache", ".npy", ".pkl"))]
    assert not marker.exists()


def test_that_names_with_any_letter_are_read(tmp_path: Path) -> None:
    names = [
        "a b.jpg",
        "100%.jpg",
        "c#1.jpg",
        "žluťoučký.jpg",
        "图片.jpg",
        "🐈.jpg",
        "two\nlines.jpg",
        "x" * 240 + ".jpg",
    ]
    for name in names:
        lay(tmp_path, f"images/{name}")
        put(tmp_path, f"labels/{name[:-4]}.txt", "0 .5 .5 .5 .5")
    put(tmp_path, "classes.txt", "cat")
    dataset = yolo.read(tmp_path)
    assert sorted(by_name(dataset)) == sorted(names)
    assert all(image.boxes for image in dataset.images)


def test_that_a_label_file_that_cannot_be_read_is_listed(tmp_path: Path) -> None:
    lay(tmp_path, "images/a.jpg")
    (tmp_path / "labels" / "a.txt").mkdir(parents=True)
    put(tmp_path, "classes.txt", "cat")
    dataset = yolo.read(tmp_path)
    assert where(dataset, "label_file_unreadable") == ["labels/a.txt"]
    assert dataset.images[0].boxes is None


def test_that_a_yaml_of_something_else_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path, "docker.yaml", "services: {}\n")
    with pytest.raises(LensmithError, match="no YOLO data file"):
        yolo.read(path)
