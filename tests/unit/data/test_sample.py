import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml

from core.data import images, sample, sample_light, sample_parts
from core.data.formats import imagefolder, yolo
from core.domain.errors import Cancelled, LensmithError
from core.domain.task import Task


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha1(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("task", list(Task))
def test_that_a_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path, task: Task) -> None:
    first, again, other = (sample.draw(tmp_path / str(n), task, 16, seed) for n, seed in enumerate((3, 3, 4)))
    assert content(first) == content(again)
    pictures = [{digest for name, digest in content(f).items() if name.endswith(".jpg")} for f in (first, other)]
    assert len(pictures[0]) == len(pictures[1]) == 16
    assert not pictures[0] & pictures[1]


def test_that_a_larger_set_begins_with_the_smaller_one(tmp_path: Path) -> None:
    small = content(sample.draw(tmp_path / "small", Task.DETECTION, 6))
    large = content(sample.draw(tmp_path / "large", Task.DETECTION, 9))
    assert small.items() <= large.items()
    assert len(large) == len(small) + 6


def test_that_classes_come_as_folders_of_equal_size(tmp_path: Path) -> None:
    folder = sample.draw(tmp_path / "gears", Task.CLASSIFICATION, 24)
    found = imagefolder.read(folder)
    assert found.classes == sample.CONDITIONS
    assert not found.problems
    assert Counter(image.label for image in found.images) == dict.fromkeys(range(4), 6)
    assert {image.split for image in found.images} == {None}
    for image in found.images:
        facts = images.inspect(image.path)
        assert (facts.width, facts.height, facts.format, facts.traits) == (224, 224, "jpeg", ())


def test_that_boxes_in_the_files_are_tight_around_the_drawn_parts(tmp_path: Path) -> None:
    folder = sample.draw(tmp_path / "belt", Task.DETECTION, 20, seed=5)
    assert yaml.safe_load((folder / "data.yaml").read_text())["names"] == dict(enumerate(sample.KINDS))
    found = yolo.read(folder)
    assert found.classes == sample.KINDS
    assert len(found.images) == 20
    textures = sample_light.Textures(5)
    for number, image in enumerate(sorted(found.images, key=lambda image: image.path)):
        drawn = sample.belt_picture(textures, 5, number)
        assert image.boxes is not None
        assert 1 <= len(drawn.covered) <= 5
        taken = np.zeros((320, 320), int)
        for box, (label, x, y, cover) in zip(image.boxes, drawn.covered, strict=True):
            solid = np.zeros((320, 320), bool)
            solid[y : y + cover.shape[0], x : x + cover.shape[0]] = cover >= 0.5
            taken += solid
            x0, y0, x1, y1 = np.round(np.array((box.x_min, box.y_min, box.x_max, box.y_max)) * 320, 4)
            assert all(edge == int(edge) for edge in (x0, y0, x1, y1))
            inside = solid[int(y0) : int(y1), int(x0) : int(x1)]
            assert inside.sum() == solid.sum()
            assert inside[0].any()
            assert inside[-1].any()
            assert inside[:, 0].any()
            assert inside[:, -1].any()
            assert box.label == label
        assert taken.max() == 1  # no part lies on another


@pytest.mark.parametrize("kind", sample.KINDS)
def test_that_coverage_is_where_the_part_really_appears(kind: str) -> None:
    """Laid onto black, where a shadow cannot show, only the part is seen."""
    textures = sample_light.Textures(0)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        scene = sample_light.random_scene(rng)
        part = sample_parts.PARTS[kind](rng)
        color, cover = sample_light.surface(rng, part, scene, textures, rng.uniform(20, 60), rng.uniform(0, 6), "steel")
        canvas = np.zeros((200, 200, 3), np.float32)
        sample_light.place(canvas, color, cover, 21, 34, scene)
        rows, columns = np.nonzero(canvas.max(axis=2) > 0.12)
        drawn = sample.Drawn(canvas, ((0, 21, 34, cover),))
        seen = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert np.abs(np.subtract(seen, drawn.boxes()[0][1:])).max() <= 1


def test_that_defects_show_on_the_gear_and_only_there() -> None:
    scene, textures = sample_light.random_scene(np.random.default_rng(0)), sample_light.Textures(0)

    def gear(*defects: sample_light.Defect) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(1)
        return sample_light.surface(rng, sample_parts.gear(rng), scene, textures, 90, 0.0, "steel", defects)

    crack = sample_light.Defect(tuple(sample_parts.crack(np.random.default_rng(2))), 0.03, 0.05, -0.85)
    (whole, cover), (cracked, same) = gear(), gear(crack)
    np.testing.assert_array_equal(cover, same)
    changed = np.abs(whole - cracked).max(axis=2) > 0.1
    assert 50 < changed.sum() < 0.1 * cover.sum()


def test_that_a_cancelled_drawing_leaves_nothing_behind(tmp_path: Path) -> None:
    def cancel(done: int, total: int, what: str) -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        sample.draw(tmp_path / "set", Task.DETECTION, 100, progress=cancel)
    assert list(tmp_path.iterdir()) == []


def test_that_a_folder_with_something_in_it_is_never_drawn_into(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(LensmithError, match="not empty"):
        sample.draw(tmp_path, Task.DETECTION, 4)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_that_bulk_pictures_are_all_different_and_their_boxes_inside(tmp_path: Path) -> None:
    folder = sample.draw_bulk(tmp_path / "bulk", 1200)
    digests = content(folder / "images")
    assert len(digests) == len(set(digests.values())) == 1200
    found = yolo.read(folder)
    assert len(found.images) == 1200
    assert not found.problems
    for image in found.images:
        assert image.boxes
        for box in image.boxes:
            assert 0 <= box.x_min < box.x_max <= 1
            assert 0 <= box.y_min < box.y_max <= 1
