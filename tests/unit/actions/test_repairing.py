"""Repairs that findings offer: whole or not at all, and nothing of the user's is lost."""

from pathlib import Path

import pytest

from core.actions.checking import check_project
from core.actions.importing import opened, run_import
from core.actions.repairing import locate_images
from core.domain.annotation import Boxes
from core.domain.errors import LensmithError
from core.store import classes
from core.store.project_store import ProjectStore
from tests.e2e.pictures import draw, draw_classes, draw_yolo, fingerprint


def imported(project: Path, source: Path) -> ProjectStore:
    store = ProjectStore.create(project)
    with opened(store, source) as dataset:
        run_import(store, dataset)
    return store


def kinds(store: ProjectStore) -> set[str]:
    return {finding.kind for finding in check_project(store).findings}


def test_that_merged_classes_are_one_and_the_finding_is_gone(tmp_path: Path) -> None:
    with imported(tmp_path / "p", draw_classes(tmp_path / "set", {"Cat": 12, "cat ": 11, "dog": 12})) as store:
        assert "near_class_names" in kinds(store)
        ids = {each.name: each.id for each in store.classes()}
        classes.merge(store, ids["Cat"], [ids["cat "]])
        assert check_project(store).classes == {"Cat": 23, "dog": 12}
        assert "near_class_names" not in kinds(store)


def test_that_only_boxes_of_the_merged_class_change(tmp_path: Path) -> None:
    rows = "0 0.5 0.5 0.2 0.2\n1 0.2 0.2 0.1 0.1\n2 0.7 0.7 0.1 0.1\n"
    source = draw_yolo(tmp_path / "set", [rows, "2 0.5 0.5 0.2 0.2\n"], ("nut", "Nut", "bolt"))
    with imported(tmp_path / "p", source) as store:
        ids = {each.name: each.id for each in store.classes()}
        before = {image.hash: image.annotation for image in store.images()}
        classes.merge(store, ids["nut"], [ids["Nut"]])
        for image in store.images():
            was = before[image.hash]
            assert isinstance(image.annotation, Boxes)
            assert isinstance(was, Boxes)
            for box, old in zip(image.annotation.boxes, was.boxes, strict=True):
                assert (box.x_min, box.y_max) == (old.x_min, old.y_max)
                assert box.class_id == (ids["nut"] if old.class_id == ids["Nut"] else old.class_id)


def test_that_a_moved_folder_is_found_by_content_with_labels_and_parts_kept(tmp_path: Path) -> None:
    source = draw_classes(tmp_path / "set", {"cat": 6, "dog": 6})
    with imported(tmp_path / "p", source) as store:
        before = {image.hash: (image.annotation, image.split) for image in store.images()}
        moved = tmp_path / "elsewhere" / "renamed"
        moved.parent.mkdir()
        source.rename(moved)
        draw(moved / "cat" / "001.png", 77)  # another picture in the place of one
        untouched = fingerprint(moved)
        located = locate_images(store, tmp_path / "elsewhere")
        assert (located.found, located.missing) == (11, 1)
        assert {image.hash: (image.annotation, image.split) for image in store.images()} == before
        assert sum(Path(image.path).exists() for image in store.images()) == 11
        assert fingerprint(moved) == untouched


def test_that_a_folder_without_any_missing_picture_is_refused(tmp_path: Path) -> None:
    source = draw_classes(tmp_path / "set", {"cat": 3})
    other = draw_classes(tmp_path / "other", {"cat": 3}, first=500)
    with imported(tmp_path / "p", source) as store:
        source.rename(tmp_path / "gone")
        with pytest.raises(LensmithError, match="None of the 3"):
            locate_images(store, other)
