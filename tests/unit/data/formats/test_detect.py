import json
from pathlib import Path

import pytest

from core.data.formats.detect import detect, open_source
from core.domain.errors import LensmithError
from tests.unit.data.formats.folders import lay, put
from tests.unit.data.formats.test_voc import item, xml

COCO = json.dumps({"images": [], "annotations": [], "categories": []})
ROW = "0 .5 .5 .5 .5"


@pytest.mark.parametrize(
    ("pictures", "labels", "expected"),
    [
        (["cat/a.jpg", "dog/b.jpg"], {}, "imagefolder"),
        (["cat/a.jpg"], {}, "imagefolder"),
        (["train/cat/a.jpg", "val/cat/b.jpg"], {}, "imagefolder"),
        (["wrap/train/cat/a.jpg"], {}, "imagefolder"),
        (
            ["cat/a.jpg"],
            {"cat/about.txt": "my cat", "readme.txt": "1 2 3 4 5", "prices.csv": "a,b\n1,2\n"},
            "imagefolder",
        ),
        (["cat/a.jpg"], {"docker-compose.yaml": "services: {}", "package.json": "{}"}, "imagefolder"),
        (["a.jpg", "b.png"], {}, "unlabelled"),
        (["images/a.jpg"], {}, "unlabelled"),
        (["train/a.jpg", "test/b.jpg"], {}, "unlabelled"),
        (["images/a.jpg"], {"data.yaml": "train: images\nnames: [cat]"}, "yolo"),
        (["images/a.jpg"], {"labels/a.txt": ROW}, "yolo"),
        (["train/images/a.jpg"], {"train/labels/a.txt": ""}, "yolo"),
        (["a.jpg"], {"a.txt": ROW, "classes.txt": "cat"}, "yolo"),
        (["a.jpg"], {"a.txt": ROW.encode("utf-16")}, "yolo"),
        (["train/a.jpg"], {"train/a.txt": ROW}, "yolo"),
        (["train/a.jpg"], {"annotations/instances_train.json": COCO}, "coco"),
        (["train/a.jpg"], {"train/_annotations.coco.json": COCO}, "coco"),
        (["wrap/a.jpg"], {"wrap/labels.json": COCO}, "coco"),
        (["JPEGImages/a.jpg"], {"Annotations/a.xml": xml(item(1, 1, 9, 9))}, "voc"),
        (["wrap/JPEGImages/a.jpg"], {"wrap/Annotations/a.xml": xml(item(1, 1, 9, 9))}, "voc"),
        (["a.jpg"], {"a.xml": xml()}, "voc"),
        (["img/a.jpg"], {"labels.csv": "img/a.jpg,cat\n"}, "csv"),
        (["img/a.jpg"], {"labels.tsv": "path\tlabel\nimg/a.jpg\tcat\n"}, "csv"),
    ],
)
def test_that_the_format_is_seen(tmp_path: Path, pictures: list[str], labels: dict[str, str], expected: str) -> None:
    lay(tmp_path, *pictures)
    for name, content in labels.items():
        put(tmp_path, name, content)
    assert detect(tmp_path) == expected
    dataset = open_source(tmp_path)
    assert dataset.format == expected
    assert all(Path(image.path).is_absolute() for image in dataset.images)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x.yaml", "yolo"),
        ("X.YML", "yolo"),
        ("x.json", "coco"),
        ("x.csv", "csv"),
        ("x.zip", "archive"),
        ("x.tar.gz", "archive"),
    ],
)
def test_that_a_file_is_seen_by_its_name(tmp_path: Path, name: str, expected: str) -> None:
    assert detect(put(tmp_path, name, "")) == expected


def test_that_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "no picture")
    with pytest.raises(LensmithError, match="No picture was found"):
        detect(tmp_path)


def test_that_a_missing_path_and_an_unknown_file_are_refused(tmp_path: Path) -> None:
    for form in ("auto", "imagefolder"):
        with pytest.raises(LensmithError, match="does not exist"):
            open_source(tmp_path / "gone", form)
    with pytest.raises(LensmithError, match="no file that data can be read from"):
        open_source(put(tmp_path, "x.docx", ""))
    with pytest.raises(LensmithError, match="is no format"):
        open_source(tmp_path, "tfrecord")


def test_that_a_format_can_be_forced(tmp_path: Path) -> None:
    lay(tmp_path, "cat/a.jpg")
    assert open_source(tmp_path, "unlabelled").task is None


def test_that_reading_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    lay(tmp_path, "images/a.jpg", "images/b.jpg")
    put(tmp_path, "labels/a.txt", ROW)
    open_source(tmp_path, progress=lambda done, total, what: told.append((done, total, what)))
    assert told[-1] == (2, 2, "Reading labels")


def test_that_nothing_is_written_beside_the_pictures(tmp_path: Path) -> None:
    lay(tmp_path, "images/a.jpg")
    put(tmp_path, "labels/a.txt", ROW)
    before = sorted((p, p.stat().st_mtime_ns) for p in tmp_path.rglob("*"))
    for path in [tmp_path, *tmp_path.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    open_source(tmp_path)
    assert sorted((p, p.stat().st_mtime_ns) for p in tmp_path.rglob("*")) == before
