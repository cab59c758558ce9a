"""Thumbnails made in the background: memory bound, failures told, no thread left."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QSize

from app.thumbnails import Thumbnails
from core.domain.dataset import Image
from core.store.thumbnail_files import thumbnail_path
from tests.gui.pictures import draw_numbered, draw_picture

SIZE = QSize(64, 48)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Image]:
    return draw_numbered(tmp_path_factory.mktemp("pictures"), 20)


@pytest.fixture
def thumbnails(tmp_path: Path) -> Iterator[Thumbnails]:
    made = Thumbnails(tmp_path / "cache", memory=10 * 64 * 48 * 4)
    yield made
    made.close()


def grey(thumbnails: Thumbnails, image: Image, size: QSize = SIZE) -> int | None:
    found = thumbnails.get(image, size)
    return None if found is None else found.pixelColor(1, 1).red()


def test_that_a_picture_is_asked_for_once_and_there_when_told(qtbot, thumbnails, pictures):
    with qtbot.waitSignal(thumbnails.ready) as told:
        assert grey(thumbnails, pictures[3]) is None
        assert grey(thumbnails, pictures[3]) is None

    assert told.args == [pictures[3].hash]
    assert grey(thumbnails, pictures[3]) == 43


def test_that_memory_holds_the_latest_and_no_more_than_it_may(qtbot, thumbnails, pictures):
    for image in pictures:
        with qtbot.waitSignal(thumbnails.ready):
            thumbnails.get(image, SIZE)
    kept = [image for image in pictures if thumbnails.find(image, SIZE)[0] is not None]

    assert kept == pictures[-10:]


def test_that_another_size_shows_the_old_one_until_it_is_there(qtbot, thumbnails, pictures):
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.get(pictures[0], SIZE)
    with qtbot.waitSignal(thumbnails.ready):
        assert thumbnails.get(pictures[0], SIZE / 2).size() == SIZE

    assert thumbnails.get(pictures[0], SIZE / 2).size() == SIZE / 2


def test_that_a_picture_that_cannot_be_read_is_told_once_and_tried_again_when_asked_to(
    qtbot, thumbnails, pictures, tmp_path
):
    missing = replace(pictures[0], hash="e" * 32, path=str(tmp_path / "not yet.png"))
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.get(missing, SIZE)
    assert "is not there" in thumbnails.failure(missing).cause
    with qtbot.assertNotEmitted(thumbnails.ready, wait=100):
        thumbnails.get(missing, SIZE)

    draw_picture(tmp_path / "not yet.png", np.full((48, 64, 3), 99, np.uint8))
    thumbnails.retry()
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.get(missing, SIZE)
    assert grey(thumbnails, missing) == 99
    assert thumbnails.failure(missing) is None


def test_that_a_project_that_cannot_be_written_shows_its_pictures_all_the_same(qtbot, tmp_path):
    (tmp_path / "cache").write_bytes(b"a file where the cache should be")
    large = draw_picture(tmp_path / "large.jpg", np.full((480, 640, 3), 77, np.uint8))
    thumbnails = Thumbnails(tmp_path / "cache")
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.get(large, SIZE)

    assert grey(thumbnails, large) in (76, 77, 78)
    thumbnails.close()


def test_that_large_pictures_are_kept_on_disk_for_the_next_time(qtbot, tmp_path, thumbnails):
    large = draw_picture(tmp_path / "large.jpg", np.full((480, 640, 3), 77, np.uint8))
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.get(large, SIZE)

    assert thumbnail_path(tmp_path / "cache", large.hash).is_file()


def test_that_closing_in_the_midst_of_work_leaves_no_thread(qtbot, thumbnails, pictures):
    thumbnails.ask("gallery", pictures, SIZE)
    thumbnails.close()
    thumbnails.close()
    thumbnails.ask("gallery", pictures, SIZE)

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("thumbnails")]
