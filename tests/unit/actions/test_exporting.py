"""Exports: class numbers that never shift, whatever becomes of classes; only what is labelled to the end is written."""

from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
import supervision
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pycocotools.coco import COCO

from core.actions import exporting, importing
from core.data.formats import coco, csv, imagefolder, voc, yolo
from core.data.formats.convert import to_pixel_boxes
from core.domain.annotation import Annotation, Box, Boxes
from core.domain.errors import LensmithError
from core.domain.labels import LabelledBox, Proposal, labels_of
from core.store import classes, labels
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import boxes, label, row

NAMES = ("bolt", "nut", "washer", "gear")
SIDE = 64
READERS = {"yolo": yolo, "coco": coco, "voc": voc, "csv": csv, "imagefolder": imagefolder}
BOX_FORMATS = ("yolo", "coco", "voc", "csv")
LABEL_FORMATS = ("imagefolder", "csv")


class Seen(NamedTuple):
    """A box of an export: whose picture, where, and what the format calls it; a number where it has numbers."""

    picture: str
    corners: tuple[int, ...]
    name: str
    number: int | None


def draw(path: Path, level: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((SIDE, SIDE, 3), level, np.uint8))
    return path


def project_of(folder: Path, annotations: list[Annotation]) -> ProjectStore:
    store = ProjectStore.create(folder / "p")
    store.add_classes(NAMES)
    rows = []
    for number, annotation in enumerate(annotations, start=1):
        one = row(number, draw(folder / "pictures" / f"{number}.png", number * 20), annotation)
        rows.append(replace(one, facts=replace(one.facts, width=SIDE, height=SIDE)))
    store.import_images(rows)
    return store


@pytest.fixture
def with_boxes(tmp_path: Path) -> Iterator[ProjectStore]:
    shown: list[Annotation] = [
        boxes((2, 3, 10, 20, 1), (5, 5, 30, 31, 2), (8, 9, 40, 41, 3)),
        boxes((1, 2, 22, 23, 2), (3, 4, 33, 34, 4)),
        boxes((10, 10, 50, 60, 4)),
        boxes(),
    ]
    with project_of(tmp_path, shown) as store:
        yield store


@pytest.fixture
def with_labels(tmp_path: Path) -> Iterator[ProjectStore]:
    with project_of(tmp_path, [label(1), label(2), label(3), label(4), label(4)]) as store:
        yield store


# What readers of our own, and of others, say about an export


def read_back(form: str, folder: Path) -> set[Seen]:
    dataset = READERS[form].read(folder)
    seen = set()
    for image in dataset.images:
        name = Path(image.path).stem
        if image.label is not None:
            seen.add(Seen(name, (), dataset.classes[image.label], None))
        for *corners, index in to_pixel_boxes(image, SIDE, SIDE)[0]:
            number = index if form == "yolo" else None
            seen.add(Seen(name, tuple(map(round, corners)), dataset.classes[index], number))
    return seen


def read_by_others(form: str, folder: Path) -> set[Seen]:
    """supervision for YOLO and VOC, pycocotools for COCO; both read class numbers as they stand."""
    if form == "coco":
        return _read_by_pycocotools(folder / "annotations" / "instances_unassigned.json")
    if form == "yolo":
        places = (folder / "images" / "unassigned", folder / "labels" / "unassigned", folder / "data.yaml")
        dataset = supervision.DetectionDataset.from_yolo(*map(str, places))
    else:
        places = (folder / "JPEGImages", folder / "Annotations")
        dataset = supervision.DetectionDataset.from_pascal_voc(*map(str, places))
    return {
        Seen(Path(path).stem, _rounded(corners), dataset.classes[index], int(index) if form == "yolo" else None)
        for path, _, found in dataset
        for corners, index in zip(found.xyxy, found.class_id, strict=True)
    }


def _read_by_pycocotools(path: Path) -> set[Seen]:
    with redirect_stdout(StringIO()):
        file = COCO(str(path))
    seen = set()
    for found in file.loadAnns(file.getAnnIds()):
        x, y, width, height = found["bbox"]
        (image,), (category,) = file.loadImgs(found["image_id"]), file.loadCats(found["category_id"])
        corners = _rounded((x, y, x + width, y + height))
        seen.add(Seen(Path(image["file_name"]).stem, corners, category["name"], category["id"]))
    return seen


def _rounded(corners: object) -> tuple[int, ...]:
    return tuple(round(float(value)) for value in corners)


def export(store: ProjectStore, form: str, folder: Path) -> set[Seen]:
    exporting.export_data(store, form, folder)
    own = read_back(form, folder)
    if form in ("yolo", "coco", "voc"):
        others = read_by_others(form, folder)
        assert {seen._replace(number=None) for seen in others} == {seen._replace(number=None) for seen in own}
        return others if form != "voc" else own
    return own


# What becomes of classes


class ClassEdit(NamedTuple):
    """``touches``: the names of the classes, before it, that it is about."""

    do: Callable[[ProjectStore], object]
    touches: frozenset[str]


CHANGES = {
    "add": ClassEdit(lambda store: classes.add(store, "screw"), frozenset()),
    "rename": ClassEdit(lambda store: classes.rename(store, 2, "matka"), frozenset({"nut"})),
    "recolour": ClassEdit(lambda store: classes.set_look(store, 2, 7), frozenset()),
    "key": ClassEdit(lambda store: classes.set_shortcut(store, 2, "n"), frozenset()),
    "reorder": ClassEdit(lambda store: classes.reorder(store, [4, 2, 1, 3]), frozenset()),
    "merge": ClassEdit(lambda store: classes.merge(store, 3, [1, 2]), frozenset({"bolt", "nut"})),
    "remove": ClassEdit(lambda store: classes.retire(store, 1), frozenset({"bolt"})),
    "remove and add": ClassEdit(
        lambda store: (classes.retire(store, 1), classes.add(store, "screw")), frozenset({"bolt"})
    ),
    "remove and undo": ClassEdit(lambda store: (classes.retire(store, 1), labels.undo(store)), frozenset()),
}


@pytest.mark.parametrize("form", BOX_FORMATS)
@pytest.mark.parametrize("change", CHANGES)
def test_that_no_change_of_classes_shifts_a_box_of_another_class_in_any_export(with_boxes, tmp_path, change, form):
    before = export(with_boxes, form, tmp_path / "before")
    CHANGES[change].do(with_boxes)
    after = export(with_boxes, form, tmp_path / "after")
    untouched = {seen for seen in before if seen.name not in CHANGES[change].touches}
    assert len(before) == 6
    assert untouched <= after


@pytest.mark.parametrize("form", LABEL_FORMATS)
@pytest.mark.parametrize("change", CHANGES)
def test_that_no_change_of_classes_shifts_a_picture_of_another_class(with_labels, tmp_path, change, form):
    before = export(with_labels, form, tmp_path / "before")
    CHANGES[change].do(with_labels)
    after = export(with_labels, form, tmp_path / "after")
    assert len(before) == 5
    assert {seen for seen in before if seen.name not in CHANGES[change].touches} <= after


NEW_NAMES = iter(f"class {number}" for number in range(10**9))


def any_change(store: ProjectStore, kind: str, first: int, second: int) -> None:
    known = [one.id for one in store.classes()]
    one, other = known[first % len(known)], known[second % len(known)]
    if kind == "add":
        classes.add(store, next(NEW_NAMES))
    elif kind == "rename":
        classes.rename(store, one, next(NEW_NAMES))
    elif kind == "reorder":
        classes.reorder(store, known[first % len(known) :] + known[: first % len(known)])
    elif kind == "merge" and one != other:
        classes.merge(store, one, [other])
    elif kind == "remove" and len(known) > 1:
        classes.retire(store, one)
    elif kind == "undo":
        labels.undo(store)
    elif kind == "number":
        classes.numbered(store)


KINDS = st.sampled_from(["add", "rename", "reorder", "merge", "remove", "undo", "number"])


@given(steps=st.lists(st.tuples(KINDS, st.integers(0, 9), st.integers(0, 9)), max_size=14))
@settings(max_examples=40, deadline=None)
def test_that_a_number_once_given_stays_with_its_class_and_numbers_have_no_gaps(tmp_path_factory, steps):
    with ProjectStore.create(tmp_path_factory.mktemp("p") / "p") as store:
        store.add_classes(NAMES)
        given_before: list[int] = []
        for step in steps:
            any_change(store, *step)
            if step[0] != "number":
                continue
            known, unused = classes.numbered(store)
            ids = [one.id for one in known]
            assert ids[: len(given_before)] == given_before
            assert len(set(ids)) == len(ids)
            assert {one.id for one in known} - unused == {one.id for one in store.classes()}
            given_before = ids


def test_that_numbers_follow_the_order_of_the_first_export_and_a_class_out_of_use_keeps_its_place(with_boxes, tmp_path):
    classes.reorder(with_boxes, [4, 2, 1, 3])
    exporting.export_data(with_boxes, "yolo", tmp_path / "first")
    classes.retire(with_boxes, 2)
    classes.add(with_boxes, "screw")
    classes.reorder(with_boxes, [5, 1, 3, 4])
    exporting.export_data(with_boxes, "yolo", tmp_path / "second")
    exporting.export_data(with_boxes, "coco", tmp_path / "coco")

    def names(folder: str) -> dict[int, str]:
        return yaml.safe_load((tmp_path / folder / "data.yaml").read_text())["names"]

    assert names("first") == {0: "gear", 1: "nut", 2: "bolt", 3: "washer"}
    assert names("second") == {0: "gear", 1: "nut", 2: "bolt", 3: "washer", 4: "screw"}
    file = coco.load(str(tmp_path / "coco" / "annotations" / "instances_unassigned.json"), [])
    assert {one.id: one.name for one in file.categories} == {1: "gear", 3: "bolt", 4: "washer", 5: "screw"}


def test_that_reading_an_export_again_brings_no_class_back_that_was_removed(with_boxes, tmp_path):
    exporting.export_data(with_boxes, "yolo", tmp_path / "before")
    classes.retire(with_boxes, 1)
    exporting.export_data(with_boxes, "yolo", tmp_path / "after")
    with importing.opened(with_boxes, tmp_path / "after") as dataset:
        importing.run_import(with_boxes, dataset)
    assert [one.name for one in with_boxes.classes()] == ["nut", "washer", "gear"]
    with importing.opened(with_boxes, tmp_path / "before") as dataset:  # where the class has boxes
        importing.run_import(with_boxes, dataset)
    assert [one.name for one in with_boxes.classes()] == ["bolt", "nut", "washer", "gear"]


def test_that_a_reader_exports_by_the_numbers_there_are_and_never_makes_some_up(with_boxes, tmp_path):
    path = with_boxes.path
    with (
        ProjectStore.open(path, for_writing=False) as reader,
        pytest.raises(LensmithError, match="get their number in it"),
    ):
        exporting.export_data(reader, "yolo", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    classes.numbered(with_boxes)
    with ProjectStore.open(path, for_writing=False) as reader:
        assert exporting.export_data(reader, "yolo", tmp_path / "out").images == 4


@pytest.mark.parametrize("form", BOX_FORMATS)
def test_that_what_is_in_progress_or_proposed_is_left_out_and_counted(with_boxes, tmp_path, form):
    first, second, *_ = with_boxes.images()
    proposal = Proposal(Box(1, 1, 9, 9, 1), 0.5, "contours")
    labels.edit(with_boxes, "reopen", (), {first.hash: replace(labels_of(first.annotation), done=False)})
    labels.edit(with_boxes, "propose", (), {second.hash: replace(labels_of(second.annotation), proposals=(proposal,))})
    told = exporting.export_data(with_boxes, form, tmp_path / "out")
    assert told == exporting.ExportedData(images=3, in_progress=1, proposals=1)
    assert {seen.picture for seen in read_back(form, tmp_path / "out")} == {"2", "3"}
    assert len(read_back(form, tmp_path / "out")) == 3


def test_that_a_project_with_nothing_finished_is_not_exported(tmp_path):
    with project_of(tmp_path, [boxes((1, 1, 5, 5, 1))]) as store:
        (image,) = store.images()
        started = replace(labels_of(Boxes(())), boxes=(LabelledBox(Box(1, 1, 9, 9, 1)),), done=False)
        labels.edit(store, "draw", (), {image.hash: started})
        with pytest.raises(LensmithError, match="nothing that is labelled to the end"):
            exporting.export_data(store, "yolo", tmp_path / "out")


def test_that_an_export_whose_categories_read_back_otherwise_is_not_done(with_boxes, tmp_path, monkeypatch):
    real = coco.load

    def load(path: str, problems: list[object]) -> coco.CocoFile:
        file = real(path, problems)
        file.categories[0].id = 9
        for annotation in file.annotations:
            annotation.category_id = 9 if annotation.category_id == 1 else annotation.category_id
        return file

    monkeypatch.setattr(coco, "load", load)
    with pytest.raises(LensmithError, match="list of categories is not as written"):
        exporting.export_data(with_boxes, "coco", tmp_path / "out")
    assert not (tmp_path / "out").exists()
