"""Published data sets, read as users would give them; skipped where they are not on this machine."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from core.data.formats import coco, csv, imagefolder, voc, yolo
from core.data.formats.convert import to_pixel_boxes
from core.data.formats.detect import open_source
from core.data.preview import preview
from core.domain.annotation import Box, Boxes, ClassLabel
from core.domain.dataset import Image, ImageClass
from core.domain.errors import LensmithError
from core.domain.source import Preview, SourceDataset
from core.domain.task import Task

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data are not on this machine")


def shown(name: str) -> Preview:
    return preview(open_source(DATA / name))


def found(seen: Preview) -> dict[str, int]:
    return {finding.kind: finding.count for finding in seen.findings}


@pytest.mark.parametrize(
    ("name", "splits", "classes"),
    [
        ("2plysaci", (23, 3), {"oslik": 26, "ovecka": 26}),
        ("prasatko", (8, 2), {"prasatko": 10}),
        ("3plysaci", (32, 5), {"oslik": 32, "ovecka": 26, "prasatko": 11}),
    ],
)
def test_that_plush_is_read_by_its_yaml_with_paths_that_lead_elsewhere(name, splits, classes) -> None:
    seen = shown(f"plush/{name}.yaml")
    assert (seen.format, seen.task) == ("yolo", Task.DETECTION)
    assert (seen.splits["train"], seen.splits["val"], seen.splits["test"]) == (*splits, 0)
    assert seen.classes == classes
    assert found(seen) == {"split_folder_missing": 1, "path_relocated": 2}, (
        "the test folder that the yaml names is not there"
    )


@pytest.mark.parametrize(
    ("name", "test_images", "unlabelled"), [("2plysaci", 2, 2), ("prasatko", 2, 1), ("3plysaci", 0, 0)]
)
def test_that_plush_is_read_by_its_folders_with_names_from_the_yaml_above(name, test_images, unlabelled) -> None:
    seen, by_yaml = shown(f"plush/{name}"), shown(f"plush/{name}.yaml")
    assert list(seen.classes) == list(by_yaml.classes)
    assert (seen.splits["train"], seen.splits["val"]) == (by_yaml.splits["train"], by_yaml.splits["val"])
    assert seen.splits["test"] == test_images
    assert found(seen) == ({"unlabelled_image": unlabelled} if unlabelled else {})


def test_that_the_folder_of_all_three_asks_which() -> None:
    with pytest.raises(LensmithError, match=r"2plysaci\.yaml, 3plysaci\.yaml, prasatko\.yaml"):
        open_source(DATA / "plush")


def test_that_hymenoptera_has_its_placeholder_listed_for_the_decoder() -> None:
    dataset = open_source(DATA / "hymenoptera")
    seen = preview(dataset)
    assert (seen.format, seen.classes, seen.findings) == ("imagefolder", {"ants": 194, "bees": 204}, ())
    assert seen.splits == {"train": 245, "val": 153, "test": 0, "none": 0}
    assert sum(image.path.endswith("imageNotFound.gif") for image in dataset.images) == 1


def test_that_scenes_and_digits_are_read_whole() -> None:
    scenes, digits = shown("scenes"), shown("digits")
    assert (scenes.splits["train"], scenes.splits["test"], set(scenes.classes.values())) == (1200, 360, {260})
    assert (digits.images, list(digits.classes), digits.findings) == (10_000, list("0123456789"), ())


def test_that_bccd_lists_its_two_boxes_without_area() -> None:
    seen = shown("bccd")
    assert seen.classes == {"Platelets": 361, "RBC": 4153, "WBC": 372}
    assert seen.splits == {"train": 205, "val": 87, "test": 72, "none": 0}
    (finding,) = seen.findings
    assert (finding.kind, finding.count) == ("box_no_area", 2)
    assert [Path(place).name for place in finding.images] == ["BloodImage_00338.jpg", "BloodImage_00343.jpg"]


def pixel_boxes(dataset: SourceDataset, width: int, height: int) -> dict[str, list[tuple[float, ...]]]:
    return {Path(image.path).name: to_pixel_boxes(image, width, height)[0] for image in dataset.images}


def test_that_digits_pages_are_equal_as_yolo_and_as_coco() -> None:
    by_yolo, by_coco = open_source(DATA / "digits_pages"), open_source(DATA / "digits_pages", "coco")
    assert by_yolo.classes == by_coco.classes == tuple("0123456789")
    assert [(image.path, image.split) for image in by_yolo.images] == [(i.path, i.split) for i in by_coco.images]
    first, second = pixel_boxes(by_yolo, 416, 416), pixel_boxes(by_coco, 416, 416)
    for name, boxes in first.items():
        np.testing.assert_allclose(boxes, second[name], atol=1e-3)


def test_that_pycocotools_reads_the_same_boxes() -> None:
    from pycocotools.coco import COCO

    oracle = COCO(str(DATA / "digits_pages" / "instances_val.json"))
    ours = pixel_boxes(open_source(DATA / "digits_pages" / "instances_val.json"), 416, 416)
    assert len(ours) == len(oracle.imgs) == 80
    for image in oracle.imgs.values():
        wanted = [a["bbox"] for a in oracle.imgToAnns[image["id"]]]
        got = [(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1, _ in ours[image["file_name"]]]
        np.testing.assert_allclose(got, wanted, atol=1e-9)


def oracle_boxes(oracle) -> dict[str, list[tuple[float, ...]]]:
    return {
        Path(path).name: [
            (*xyxy, oracle.classes[k]) for xyxy, k in zip(d.xyxy.tolist(), d.class_id.tolist(), strict=True)
        ]
        for path, _, d in oracle
    }


@pytest.mark.filterwarnings("ignore")  # supervision's own deprecations
def test_that_supervision_reads_the_same_yolo_boxes() -> None:
    import supervision

    part = DATA / "digits_pages"
    oracle = supervision.DetectionDataset.from_yolo(
        str(part / "images" / "val"), str(part / "labels" / "val"), str(part / "digits.yaml")
    )
    dataset = open_source(part)
    ours = pixel_boxes(dataset, 416, 416)
    wanted = oracle_boxes(oracle)
    assert len(wanted) == 80
    for name, boxes in wanted.items():
        got = [(*corners, dataset.classes[label]) for *corners, label in ours[name]]
        assert [box[4] for box in got] == [box[4] for box in boxes]
        np.testing.assert_allclose([b[:4] for b in got], [b[:4] for b in boxes], atol=1e-2)  # theirs are float32


@pytest.mark.filterwarnings("ignore")
def test_that_supervision_reads_the_same_voc_boxes() -> None:
    import supervision

    part = DATA / "bccd"
    oracle = supervision.DetectionDataset.from_pascal_voc(str(part / "JPEGImages"), str(part / "Annotations"))
    ours = open_source(part)
    ours_by_name = {Path(image.path).name: image for image in ours.images}
    counts: Counter[str] = Counter()
    for name, boxes in oracle_boxes(oracle).items():
        found_boxes = ours_by_name[name].boxes or ()
        got = [(b.x_min, b.y_min, b.x_max, b.y_max, ours.classes[b.label]) for b in found_boxes]
        wanted = [box for box in boxes if box[2] - box[0] > 1]  # to supervision a click is an object of one pixel
        counts.update(box[4] for box in wanted)
        assert got == wanted
    assert counts == {"Platelets": 361, "RBC": 4153, "WBC": 372}


def as_images(dataset: SourceDataset, width: int, height: int) -> tuple[list[ImageClass], list[Image]]:
    classes = [ImageClass(number + 1, name) for number, name in enumerate(dataset.classes)]
    images = []
    for number, source in enumerate(dataset.images):
        boxes = tuple(Box(*corners, label + 1) for *corners, label in to_pixel_boxes(source, width, height)[0])
        annotation = Boxes(boxes) if source.label is None else ClassLabel(source.label + 1)
        images.append(
            Image(
                hash=f"{number:032x}",
                path=source.path,
                width=width,
                height=height,
                annotation=annotation,
                split=source.split,
            )
        )
    return classes, images


@pytest.mark.parametrize("form", [yolo, coco, voc, csv])
def test_that_blood_cells_survive_a_round_trip(form, tmp_path: Path) -> None:
    source = open_source(DATA / "bccd")
    classes, images = as_images(source, 640, 480)
    form.write(classes, images, tmp_path / "out")
    again = preview(form.read(tmp_path / "out"))
    before = preview(source)
    assert (again.classes, again.splits, again.findings) == (before.classes, before.splits, ())


def test_that_whole_pixels_are_written_as_the_whole_numbers_they_came_from(tmp_path: Path) -> None:
    classes, images = as_images(open_source(DATA / "bccd"), 640, 480)
    voc.write(classes, images[:20], tmp_path / "out")
    text = (tmp_path / "out" / "Annotations" / "BloodImage_00000.xml").read_text()
    assert "<xmin>260</xmin><ymin>177</ymin><xmax>491</xmax><ymax>376</ymax>" in text


@pytest.mark.parametrize("form", [imagefolder, csv])
def test_that_ants_and_bees_survive_a_round_trip(form, tmp_path: Path) -> None:
    source = open_source(DATA / "hymenoptera")
    form.write(*as_images(source, 1, 1), tmp_path / "out")
    again, before = preview(form.read(tmp_path / "out")), preview(source)
    assert (again.classes, again.splits, again.findings) == (before.classes, before.splits, ())
