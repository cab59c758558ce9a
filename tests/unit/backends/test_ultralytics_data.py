import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PilImage
from ultralytics.cfg import get_cfg

from core.backends import ultralytics_data
from core.backends.ultralytics_data import EpochShuffle, SnapshotDataset
from core.data.images import inspect, read
from core.domain.annotation import Box, Boxes
from core.domain.dataset import Image
from core.domain.model_card import ResizeRule
from core.domain.task import Split
from core.inference.preprocess import resize
from tests.detection_jobs import make_job

CLASS_INDEX = {7: 0, 3: 1}


def dataset(images: list[Image], *, augment: bool = False, size: int = 64) -> SnapshotDataset:
    return SnapshotDataset(
        images,
        CLASS_INDEX,
        size,
        4,
        get_cfg(),
        augment=augment,
        names={0: "blue", 1: "orange"},
        progress=lambda done, total: None,
    )


def image(path: Path, *boxes: Box) -> Image:
    facts = inspect(path)
    return Image(hash=facts.hash, path=str(path), width=facts.width, height=facts.height, annotation=Boxes(boxes))


@pytest.fixture
def pictures(tmp_path: Path) -> list[Image]:
    """Wide, tall, turned by EXIF, twelve bits in sixteen, larger and smaller than the training size."""
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 255, (90, 200, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "wide.png"), noise)
    cv2.imwrite(str(tmp_path / "tall.png"), noise[:, :40])
    cv2.imwrite(str(tmp_path / "small.png"), noise[:21, :17])
    cv2.imwrite(str(tmp_path / "deep.png"), rng.integers(0, 4095, (50, 80)).astype(np.uint16))
    exif = PilImage.Exif()
    exif[274] = 6
    PilImage.fromarray(noise).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    return [image(path) for path in sorted(tmp_path.iterdir())]


def test_that_validation_sees_exactly_the_pixels_that_the_shipped_model_gets(pictures: list[Image]) -> None:
    data = dataset(pictures)
    for i, picture in enumerate(pictures):
        square, _ = resize(read(picture.path), 64, ResizeRule.LETTERBOX)
        assert np.array_equal(data[i]["img"].numpy(), square.transpose(2, 0, 1)), picture.path


def test_that_boxes_and_classes_arrive_as_fractions_in_the_order_of_the_outputs(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((100, 200, 3), np.uint8))
    wide = image(tmp_path / "a.png", Box(20, 10, 60, 50, 3), Box(0, 0, 200, 100, 7))
    item = dataset([wide])[0]
    assert item["cls"].flatten().tolist() == [1, 0]
    # The picture fills the square's width and the middle half of its height.
    assert np.allclose(item["bboxes"].numpy(), [[0.2, 0.4, 0.2, 0.2], [0.5, 0.5, 1.0, 0.5]], atol=1e-6)


def test_that_a_background_image_gives_no_boxes(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((50, 50, 3), np.uint8))
    background = image(tmp_path / "a.png")
    for augment in (False, True):
        item = dataset([background], augment=augment)[0]
        assert item["bboxes"].shape == (0, 4)
        assert item["cls"].shape == (0, 1)


def test_that_planted_files_beside_the_pictures_are_neither_read_nor_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), np.full((64, 64, 3), 200, np.uint8))
    np.save(folder / "a.npy", np.zeros((64, 64, 3), np.uint8))
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (marker,)

    (folder / "labels.cache").write_bytes(pickle.dumps(Evil()))
    (tmp_path / "labels.cache").write_bytes(pickle.dumps(Evil()))
    before = sorted(tmp_path.rglob("*"))
    assert int(dataset([image(folder / "a.png")])[0]["img"].min()) == 200
    assert sorted(tmp_path.rglob("*")) == before
    assert not marker.exists()


@pytest.mark.parametrize("free", [0, 1 << 40])
def test_that_large_sets_stay_on_disk_and_small_ones_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int
) -> None:
    images = list(make_job(tmp_path).snapshot.part(Split.TRAIN))
    monkeypatch.setattr(ultralytics_data.psutil, "virtual_memory", lambda: type("Memory", (), {"available": free}))
    data = dataset(images, augment=True)
    assert (data.cache == "ram") is (free > 0)
    first = [data.load_image(i)[0].copy() for i in range(len(images))]
    for path in {Path(image.path) for image in images}:
        path.rename(path.with_suffix(".gone"))
    if free:
        assert all(np.array_equal(data.load_image(i)[0], picture) for i, picture in enumerate(first))
        assert data[0]["img"].shape == (3, 64, 64)
    else:
        assert len(data.buffer) < len(images) + 1


def test_that_an_epoch_is_shuffled_the_same_way_whenever_it_is_drawn() -> None:
    once = EpochShuffle(50, seed=3)
    epochs = [list(once) for _ in range(3)]
    again = EpochShuffle(50, seed=3)
    again.epoch = 2
    assert list(again) == epochs[2] != epochs[1]
    assert sorted(epochs[0]) == list(range(50))
    assert list(EpochShuffle(50, seed=4)) != epochs[0]
