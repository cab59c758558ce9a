"""Small copies of pictures and the disk cache below them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.actions.thumbnails import SIDE, picture_levels, thumbnail
from core.data.images import UnreadableImage, inspect
from core.domain.annotation import Unlabelled
from core.domain.dataset import Image
from core.store.thumbnail_files import thumbnail_path

RED_LEFT_BLUE_RIGHT = np.zeros((600, 900, 3), np.uint8)
RED_LEFT_BLUE_RIGHT[:, :450] = (0, 0, 255)  # OpenCV's order: blue, green, red
RED_LEFT_BLUE_RIGHT[:, 450:] = (255, 0, 0)


def draw(path: Path, pixels: np.ndarray) -> Image:
    path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())
    facts = inspect(path)
    return Image(hash=facts.hash, path=str(path), width=facts.width, height=facts.height, annotation=Unlabelled())


def looks_like_red_left_blue_right(pixels: np.ndarray) -> bool:
    height, width = pixels.shape[:2]
    left, right = pixels[height // 2, width // 4], pixels[height // 2, 3 * width // 4]
    return bool(left[2] > 200 > 60 > left[0] and right[0] > 200 > 60 > right[2])


@pytest.fixture
def photograph(tmp_path: Path) -> Image:
    return draw(tmp_path / "photograph.jpg", RED_LEFT_BLUE_RIGHT)


def test_that_a_thumbnail_fits_keeps_the_ratio_and_has_the_order_of_screens(photograph: Image) -> None:
    made = thumbnail(None, photograph, 160, 160)

    assert made.shape == (107, 160, 4)
    assert looks_like_red_left_blue_right(made)
    assert (made[..., 3] == 255).all()


def test_that_a_kept_thumbnail_serves_when_the_picture_is_gone(tmp_path: Path, photograph: Image) -> None:
    thumbnail(tmp_path, photograph, 100, 100)
    Path(photograph.path).unlink()

    assert looks_like_red_left_blue_right(thumbnail(tmp_path, photograph, 120, 120))
    assert max(cv2.imread(str(thumbnail_path(tmp_path, photograph.hash))).shape) == SIDE


@pytest.mark.parametrize("remains", [0, 40, 700])
def test_that_a_damaged_cache_file_is_made_anew(tmp_path: Path, photograph: Image, remains: int) -> None:
    thumbnail(tmp_path, photograph, 100, 100)
    kept = thumbnail_path(tmp_path, photograph.hash)
    whole = kept.read_bytes()
    kept.write_bytes(whole[:remains])

    assert looks_like_red_left_blue_right(thumbnail(tmp_path, photograph, 100, 100))
    assert kept.read_bytes() == whole


def test_that_small_pictures_are_enlarged_and_not_put_into_the_cache(tmp_path: Path) -> None:
    digit = draw(tmp_path / "digit.png", np.full((28, 28, 3), 200, np.uint8))

    assert thumbnail(tmp_path / "cache", digit, 100, 150).shape == (100, 100, 4)
    assert not (tmp_path / "cache").exists()


def test_that_a_strip_thinner_than_a_pixel_of_its_thumbnail_is_shown_and_read_back(tmp_path: Path) -> None:
    strip = draw(tmp_path / "strip.png", np.full((12, 9000, 3), 90, np.uint8))

    assert thumbnail(tmp_path, strip, 200, 150).shape == (1, 200, 4)
    Path(strip.path).unlink()
    assert thumbnail(tmp_path, strip, 200, 150).shape == (1, 200, 4)


def test_that_a_picture_that_cannot_be_read_says_why(tmp_path: Path, photograph: Image) -> None:
    Path(photograph.path).write_bytes(b"not a picture")

    with pytest.raises(UnreadableImage, match="no picture in a format"):
        thumbnail(tmp_path, photograph, 100, 100)


def test_that_levels_halve_down_to_the_size_of_a_window(photograph: Image) -> None:
    levels = picture_levels(photograph.path, least=100)

    assert [level.shape for level in levels] == [(600, 900, 3), (300, 450, 3), (150, 225, 3), (75, 112, 3)]
    assert all(level[-1, 0, 0] > 200 and level[-1, -1, 2] > 200 for level in levels)  # red, green, blue
