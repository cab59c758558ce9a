"""Pictures that are edited or replaced after they were labelled are noticed, and nothing is lost."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.actions.checking import changed_since, check_project
from core.actions.importing import opened, run_import
from core.actions.repairing import take_changed
from core.domain.annotation import Unlabelled
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.store.project_store import ProjectStore
from tests.e2e.pictures import draw, draw_yolo

ROW = "0 0.5 0.5 0.2 0.2\n"


@pytest.fixture
def store(tmp_path: Path):
    draw_yolo(tmp_path / "set", [ROW] * 4, ("nut",))
    with ProjectStore.create(tmp_path / "p") as made, opened(made, tmp_path / "set") as dataset:
        run_import(made, dataset)
        yield made


def flagged(store: ProjectStore) -> tuple[str, ...]:
    return next((one.images for one in check_project(store).findings if one.kind == "picture_changed"), ())


def replace_picture(image: Image, seed: int = 99) -> bytes:
    """Draw another picture into its file; what it held before."""
    path = Path(image.path)
    before = path.read_bytes()
    draw(path, seed)
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 10**9))
    return before


def test_that_a_replaced_picture_is_flagged_on_that_image_alone(store: ProjectStore) -> None:
    first, *others = store.images()
    assert not any(changed_since(store, image) for image in store.images())
    replace_picture(first)
    assert changed_since(store, first)
    assert not any(changed_since(store, image) for image in others)
    assert flagged(store) == (first.path,)


def test_that_a_file_that_was_only_touched_or_brought_back_is_as_good_as_before(store: ProjectStore) -> None:
    first, second, *_ = store.images()
    os.utime(second.path)
    assert not changed_since(store, second)
    before = replace_picture(first)
    assert changed_since(store, first)
    Path(first.path).write_bytes(before)
    assert not changed_since(store, first)
    assert flagged(store) == ()


def test_that_a_changed_picture_can_keep_its_labels_and_those_of_the_old_one_stay(store: ProjectStore) -> None:
    first, *others = store.images()
    before = replace_picture(first)
    assert changed_since(store, first)
    assert take_changed(store, [first.path]) == 1
    now = {image.path: image for image in store.images()}
    assert now[first.path].annotation == first.annotation
    assert now[first.path].hash != first.hash
    assert len(now) == 1 + len(others)
    assert {one.kind for one in check_project(store).findings} & {"picture_changed", "file_replaced"} == set()
    Path(first.path).with_name("old.png").write_bytes(before)  # the old picture comes back under another name
    with opened(store, Path(first.path).parent) as dataset:
        run_import(store, dataset)
    back = next(image for image in store.images() if image.hash == first.hash)
    assert back.annotation == first.annotation


def test_that_a_picture_of_another_size_does_not_keep_boxes(store: ProjectStore) -> None:
    first = store.images()[0]
    Path(first.path).write_bytes(cv2.imencode(".png", np.zeros((40, 50, 3), np.uint8))[1].tobytes())
    assert changed_since(store, first)
    with pytest.raises(LensmithError, match="another size"):
        take_changed(store, [first.path])
    assert flagged(store) == (first.path,)


def test_that_importing_the_folder_again_makes_a_new_unlabelled_picture_of_it(
    store: ProjectStore, tmp_path: Path
) -> None:
    first = store.images()[0]
    replace_picture(first)
    assert changed_since(store, first)
    Path(first.path).parent.parent.joinpath("labels", f"{Path(first.path).stem}.txt").unlink(missing_ok=True)
    with opened(store, tmp_path / "set") as dataset:
        run_import(store, dataset)
    now = {image.path: image for image in store.images()}
    assert isinstance(now[first.path].annotation, Unlabelled)
    assert flagged(store) == ()
