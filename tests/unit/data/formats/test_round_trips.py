"""Every format written out and read back gives equal boxes and classes in the same order."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.formats import coco, csv, imagefolder, voc, yolo
from core.data.formats.convert import to_pixel_boxes
from core.data.formats.detect import detect
from core.domain.annotation import Annotation, Box, Boxes, ClassLabel, Unlabelled
from core.domain.dataset import Image, ImageClass
from core.domain.errors import Cancelled, LensmithError
from core.domain.source import SourceDataset
from core.domain.task import Split
from tests.unit.data.formats.folders import put

WIDTH, HEIGHT = 4096, 3112
BOX_FORMATS = [yolo, coco, voc, csv]
# Characters that label files of some format give a meaning to are drawn more often.
LETTERS = st.one_of(
    st.sampled_from(" ,;:'\"#%&<>/\\.|-_()[]{}@!?*=$ěščř东猫🐈"),
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Cn", "Co", "Zl", "Zp")),
)
CLASS_NAMES = st.text(LETTERS, min_size=1, max_size=12).filter(lambda name: name.strip() != "")
CLASSES = st.lists(CLASS_NAMES, min_size=1, max_size=5, unique=True).map(
    lambda names: [ImageClass(10 + 3 * number, name) for number, name in enumerate(names)]
)
FILE_NAMES = st.text(LETTERS.filter(lambda c: c not in '/\\<>:"|?*'), min_size=1, max_size=8)
FILE_NAMES = FILE_NAMES.filter(lambda name: name[0] != ".").map(lambda name: name + ".jpg")
ASet = tuple[list[ImageClass], list[Image]]
SPLITS = st.sampled_from([None, Split.TRAIN, Split.VAL, Split.TEST])


@st.composite
def a_box(draw: st.DrawFn, classes: Sequence[ImageClass]) -> Box:
    """A box of at least a thousandth of a pixel, in whole pixels half of the time, often at an edge."""
    number = st.integers if draw(st.booleans()) else st.floats

    def span(size: int) -> tuple[float, float]:
        a, b = draw(number(0, size)), draw(number(0, size))
        low, high = min(a, b), max(a, b)
        return (low, high) if high - low >= 1e-3 else (0.0, float(size))

    x, y = span(WIDTH), span(HEIGHT)
    return Box(float(x[0]), float(y[0]), float(x[1]), float(y[1]), draw(st.sampled_from(classes)).id)


@st.composite
def a_set(draw: st.DrawFn, *, boxes: bool) -> ASet:
    classes = draw(CLASSES)
    if boxes:
        labelled: st.SearchStrategy[Annotation] = st.lists(a_box(classes), max_size=4).map(lambda b: Boxes(tuple(b)))
    else:
        labelled = st.sampled_from(classes).map(lambda image_class: ClassLabel(image_class.id))
    annotations = st.one_of(labelled, labelled, labelled, st.just(Unlabelled()))
    rows = draw(st.lists(st.tuples(FILE_NAMES, annotations, SPLITS), min_size=1, max_size=5))
    if not any(not isinstance(annotation, Unlabelled) for _, annotation, _ in rows):
        rows.append(("labelled.jpg", draw(labelled), Split.TRAIN))
    images = [
        Image(hash=f"{n:032x}", path=f"{n}/{name}", width=WIDTH, height=HEIGHT, annotation=annotation, split=split)
        for n, (name, annotation, split) in enumerate(rows)
    ]
    return classes, images


def round_trip(form: ModuleType, classes: Sequence[ImageClass], images: Sequence[Image]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        images = [msgspec.structs.replace(image, path=f"{folder}/in/{image.path}") for image in images]
        for image in images:
            put(Path("/"), image.path, f"picture {image.hash}")
        target = Path(folder) / "out"
        form.write(classes, images, target)
        assert_equal(form.read(target), classes, images)
        assert detect(target) == name_of(form)


def name_of(form: ModuleType) -> str:
    return form.__name__.rpartition(".")[2]


def assert_equal(dataset: SourceDataset, classes: Sequence[ImageClass], images: Sequence[Image]) -> None:
    assert list(dataset.classes) == [image_class.name for image_class in classes]
    assert len(dataset.images) == len(images)
    index = {image_class.id: number for number, image_class in enumerate(classes)}
    by_content = {Path(image.path).read_bytes(): image for image in dataset.images}
    for image in images:
        found = by_content[Path(image.path).read_bytes()]
        assert found.split == image.split
        match image.annotation:
            case Unlabelled():
                assert (found.label, found.boxes) == (None, None)
            case ClassLabel(class_id):
                assert found.label == index[class_id]
            case Boxes(boxes):
                assert found.boxes is not None
                read, problems = to_pixel_boxes(found, image.width, image.height)
                assert problems == []
                assert [box[4] for box in read] == [index[box.class_id] for box in boxes]
                for got, box in zip(read, boxes, strict=True):
                    assert got[:4] == pytest.approx((box.x_min, box.y_min, box.x_max, box.y_max), rel=0, abs=1e-4)


@pytest.mark.parametrize("form", BOX_FORMATS, ids=name_of)
@given(made=a_set(boxes=True))
@settings(max_examples=30)
def test_that_boxes_written_and_read_back_are_equal(form: ModuleType, made: ASet) -> None:
    round_trip(form, *made)


@pytest.mark.parametrize("form", [imagefolder, csv], ids=name_of)
@given(made=a_set(boxes=False))
@settings(max_examples=30)
def test_that_class_labels_written_and_read_back_are_equal(form: ModuleType, made: ASet) -> None:
    round_trip(form, *made)


def a_few(tmp_path: Path, *names: str) -> list[Image]:
    images = []
    for number, name in enumerate(names):
        path = tmp_path / "originals" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"picture {number}".encode())
        boxes = Boxes((Box(1.0, 2.0, 30.5, 40.25, 7),))
        images.append(
            Image(hash=f"{number:032x}", path=str(path), width=64, height=48, annotation=boxes, split=Split.TRAIN)
        )
    return images


@pytest.mark.parametrize("form", BOX_FORMATS, ids=name_of)
def test_that_equal_names_in_other_folders_stay_two_pictures(form: ModuleType, tmp_path: Path) -> None:
    images = a_few(tmp_path, "a/x.jpg", "b/x.jpg", "c/x.png", "c/X.jpg", "d/x_2.jpg", "e/č %#.jpg")
    form.write([ImageClass(7, "bolt")], images, tmp_path / "out")
    assert_equal(form.read(tmp_path / "out"), [ImageClass(7, "bolt")], images)


@pytest.mark.parametrize("form", BOX_FORMATS, ids=name_of)
def test_that_a_full_target_is_refused_and_left_alone(form: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(LensmithError, match="not empty"):
        form.write([ImageClass(7, "bolt")], a_few(tmp_path, "a.jpg"), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("form", BOX_FORMATS, ids=name_of)
def test_that_a_cancelled_export_leaves_nothing(form: ModuleType, tmp_path: Path) -> None:
    def cancel(done: int, total: int, what: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        form.write([ImageClass(7, "bolt")], a_few(tmp_path, "a.jpg"), tmp_path / "out", cancel)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["originals"]


def test_that_a_lost_original_is_named(tmp_path: Path) -> None:
    images = a_few(tmp_path, "a.jpg")
    Path(images[0].path).unlink()
    with pytest.raises(LensmithError, match=r"a\.jpg.* is gone"):
        yolo.write([ImageClass(7, "bolt")], images, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_that_boxes_do_not_fit_into_class_folders(tmp_path: Path) -> None:
    with pytest.raises(LensmithError, match="cannot hold boxes"):
        imagefolder.write([ImageClass(7, "bolt")], a_few(tmp_path, "a.jpg"), tmp_path / "out")
