"""Names as long as a file system takes, or that some take for one: every picture keeps its label."""

import os
import unicodedata
from pathlib import Path

import pytest

from core.actions.exporting import export_data
from core.actions.importing import opened, run_import
from core.actions.thumbnails import thumbnail
from core.data import images
from core.domain.annotation import Annotation, Boxes
from core.store.project_store import ProjectStore
from tests.e2e.pictures import draw, fingerprint

LONG = ("a" * 240, "a" * 239 + "b", "部" * 80)  # 240 letters, or as many bytes
ALIKE = ("Part", "part", "PART", unicodedata.normalize("NFC", "díl"), unicodedata.normalize("NFD", "díl"))


def yolo_set(folder: Path, stems: tuple[str, ...]) -> Path:
    """A picture each, with a box of its own; skips where the file system has no such names."""
    (folder / "labels").mkdir(parents=True)
    for number, stem in enumerate(stems):
        draw(folder / "images" / f"{stem}.png", number)
        (folder / "labels" / f"{stem}.txt").write_text(f"{number % 2} 0.5 0.5 0.{number + 1} 0.5\n")
    (folder / "data.yaml").write_text("path: .\ntrain: images\nnames: [nut, bolt]\n")
    if len(list((folder / "images").iterdir())) != len(stems):
        pytest.skip("this file system takes some of these names for one")
    return folder


def project_of(folder: Path, source: Path) -> ProjectStore:
    store = ProjectStore.create(folder)
    with opened(store, source) as dataset:
        run_import(store, dataset)
    return store


def annotations(store: ProjectStore) -> dict[str, Annotation]:
    return {image.hash: image.annotation for image in store.images()}


def rounded(annotation: Annotation) -> list[tuple[float, ...]]:
    assert isinstance(annotation, Boxes)
    return [(*(round(x, 2) for x in (b.x_min, b.y_min, b.x_max, b.y_max)), b.class_id) for b in annotation.boxes]


@pytest.mark.parametrize("stems", [LONG, ALIKE], ids=["long", "alike"])
@pytest.mark.parametrize("format_name", ["yolo", "coco", "voc", "csv"])
def test_that_long_and_nearly_equal_names_come_in_go_out_and_come_back(
    tmp_path: Path, stems: tuple[str, ...], format_name: str
) -> None:
    source = yolo_set(tmp_path / "set", stems)
    before = fingerprint(source)
    with project_of(tmp_path / "p", source) as store:
        known = {Path(image.path).stem: image for image in store.images()}
        assert set(known) == set(stems)
        for number, stem in enumerate(stems):
            (box,) = rounded(known[stem].annotation)
            assert box[2] - box[0] == pytest.approx(3.2 * (number + 1), abs=0.02)
            assert images.read(known[stem].path).shape == (32, 32, 3)
            assert thumbnail(store.cache_dir, known[stem], 32, 32).shape == (32, 32, 4)
        export_data(store, format_name, tmp_path / "out")
        written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
        assert max(len(os.fsencode(path.name)) for path in written) <= 220  # room for what other programs add
        folded = [unicodedata.normalize("NFC", str(path)).casefold() for path in written]
        assert len(set(folded)) == len(folded)  # distinct on Windows and macOS as well
        with project_of(tmp_path / "q", tmp_path / "out") as again:
            assert {key: rounded(one) for key, one in annotations(again).items()} == {
                key: rounded(one) for key, one in annotations(store).items()
            }
    assert fingerprint(source) == before


def test_that_a_label_in_the_other_unicode_form_is_listed_and_not_given_to_a_wrong_picture(tmp_path: Path) -> None:
    source = yolo_set(tmp_path / "set", ("díl", "other"))
    label = source / "labels" / "díl.txt"
    label.rename(label.with_name(unicodedata.normalize("NFD", "díl") + ".txt"))
    if label.exists():
        pytest.skip("this file system takes both for one name")
    store = ProjectStore.create(tmp_path / "p")
    with store, opened(store, source) as dataset:
        result = run_import(store, dataset)
        assert {one.kind for one in result.findings} & {"label_without_image", "unlabelled_image"}
        assert result.boxes_added == 1
