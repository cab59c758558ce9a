"""Very large pictures are cut into tiles: every pixel and every box is there, and the user's file is only read."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.actions.checking import check_project
from core.actions.importing import opened, run_import
from core.actions.splitting import split_project
from core.actions.tiling import tile_images
from core.data import checks, images
from core.domain.annotation import Box, Boxes, Unlabelled
from core.domain.errors import Cancelled, LensmithError
from core.domain.labels import ImageLabels
from core.domain.task import Split, Task
from core.store import labels as stored
from core.store.project_store import ProjectStore
from tests.e2e.pictures import draw_classes, fingerprint

WIDTH, HEIGHT = 300, 220


def draw_scan(path: Path, seed: int) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path


@pytest.fixture
def store(tmp_path: Path):
    """One scan with boxes: in a corner, over the edge of a tile, hardly over it, and larger than a tile."""
    lines = [f"scan.png,{x},{y},{right},{bottom},{name}" for x, y, right, bottom, name in BOXES]
    draw_scan(tmp_path / "set" / "scan.png", 1)
    table = "file,x_min,y_min,x_max,y_max,label\n" + "\n".join(lines) + "\n"
    (tmp_path / "set" / "labels.csv").write_text(table)
    with ProjectStore.create(tmp_path / "p") as made, opened(made, tmp_path / "set" / "labels.csv") as dataset:
        run_import(made, dataset)
        assert len(made.images()[0].annotation.boxes) == len(BOXES)
        yield made


BOXES = [(0, 0, 20, 20, "a"), (90, 90, 130, 110, "b"), (94, 30, 124, 50, "a"), (10, 120, 290, 210, "b")]


def tiles_of(store: ProjectStore) -> dict[tuple[int, int], object]:
    """Where a tile begins in its picture -> the image."""
    return {tuple(map(int, Path(one.path).stem.split("-"))): one for one in store.images()}


def test_that_tiles_show_every_pixel_and_overlap_as_wished(store: ProjectStore) -> None:
    (scan,) = store.images()
    before, whole = fingerprint(Path(scan.path).parent), images.read(scan.path)
    made = tile_images(store, [scan], size=100, overlap=20)
    tiles = tiles_of(store)
    assert made.tiles == len(tiles) == 4 * 3
    seen = np.zeros((HEIGHT, WIDTH), int)
    for (x, y), tile in tiles.items():
        pixels = images.read(tile.path)
        assert pixels.shape == (100, 100, 3)
        np.testing.assert_array_equal(pixels, whole[y : y + 100, x : x + 100])
        seen[y : y + 100, x : x + 100] += 1
        assert Path(tile.path).is_relative_to(store.path)
    assert seen.min() == 1
    columns = sorted({x for x, _ in tiles})
    assert all(100 - (after - x) >= 20 for x, after in pairwise(columns))
    assert fingerprint(Path(scan.path).parent) == before


def test_that_boxes_are_cut_at_the_tile_and_left_out_under_a_third(store: ProjectStore) -> None:
    ids = {one.name: one.id for one in store.classes()}
    tile_images(store, store.images(), size=100, overlap=0)
    tiles = tiles_of(store)
    assert set(tiles) == {(x, y) for x in (0, 100, 200) for y in (0, 60, 120)}
    a, b = ids["a"], ids["b"]
    found = {place: one.annotation.boxes for place, one in tiles.items()}
    assert found[0, 0] == (Box(0, 0, 20, 20, a),)  # of the second it shows 13 %, of the third 20 %
    assert found[100, 0] == (Box(0, 90, 30, 100, b), Box(0, 30, 24, 50, a))  # 38 % and 80 %
    assert found[0, 120] == (Box(10, 0, 100, 90, b),)  # 32 % of a box that is larger than a tile
    assert found[200, 0] == ()  # looked at, and nothing is there


def test_that_the_picture_makes_way_and_comes_back_with_its_labels_when_it_is_imported(
    store: ProjectStore, tmp_path: Path
) -> None:
    (scan,) = store.images()
    tile_images(store, [scan], size=100, overlap=20)
    assert scan.hash not in {one.hash for one in store.images()}
    assert len(stored.read_labels(store, [scan.hash])[scan.hash].boxes) == len(BOXES)
    (tmp_path / "set" / "labels.csv").unlink()
    with opened(store, tmp_path / "set") as dataset:
        run_import(store, dataset)
    back = next(one for one in store.images() if one.hash == scan.hash)
    assert isinstance(back.annotation, Boxes)
    assert len(back.annotation.boxes) == len(BOXES)


def test_that_tiles_of_one_picture_are_never_parted_by_a_split(tmp_path: Path) -> None:
    for number in range(8):
        draw_scan(tmp_path / "set" / f"{number}.png", number)
    with ProjectStore.create(tmp_path / "p", task=Task.DETECTION) as store:
        with opened(store, tmp_path / "set") as dataset:
            run_import(store, dataset)
        tile_images(store, store.images(), size=128, overlap=16)
        for one in store.images():
            assert isinstance(one.annotation, Unlabelled)
            stored.edit(store, "background", (), {one.hash: ImageLabels(boxes=())})
        split_project(store, val=0.25, test=0.25)
        parts: dict[Path, set[Split | None]] = {}
        for one in store.images():
            parts.setdefault(Path(one.path).parent, set()).add(one.split)
        assert len(parts) == 8
        assert all(len(found) == 1 for found in parts.values())
        assert {part for found in parts.values() for part in found} == set(Split)


def test_that_a_split_that_is_there_and_work_in_progress_are_handed_on(store: ProjectStore) -> None:
    (scan,) = store.images()
    store.set_splits({scan.hash: Split.TEST})
    known = stored.read_labels(store, [scan.hash])[scan.hash]
    stored.edit(store, "reopen", (), {scan.hash: ImageLabels(boxes=known.boxes, done=False)})
    tile_images(store, store.images(), 100, 20)
    assert {(one.split, one.done) for one in store.images()} == {(Split.TEST, False)}


def test_that_a_job_that_is_cancelled_half_way_leaves_the_project_as_it_was(
    store: ProjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (scan,) = store.images()
    calls = []

    def progress(done: int, total: int, what: str) -> None:
        calls.append(done)
        if done == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        tile_images(store, [scan], 100, 20, progress)
    assert store.images() == [scan]
    assert not list((store.path / "images").rglob("*.png"))
    assert calls == [1, 2, 3, 4, 5]


def test_that_pictures_labelled_as_a_whole_are_refused(tmp_path: Path) -> None:
    draw_classes(tmp_path / "set", {"cat": 2, "dog": 2})
    with ProjectStore.create(tmp_path / "p") as store:
        with opened(store, tmp_path / "set") as dataset:
            run_import(store, dataset)
        with pytest.raises(LensmithError, match="labelled as a whole"):
            tile_images(store, store.images()[:1])


def test_that_very_large_pictures_are_a_finding(store: ProjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> bool:
        return any(one.kind == "large_picture" for one in check_project(store).findings)

    assert not found()
    monkeypatch.setattr(checks, "LARGE", WIDTH * HEIGHT - 1)
    assert found()
    tile_images(store, store.images(), 100, 20)
    assert not found()
