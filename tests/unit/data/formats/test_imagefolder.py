from pathlib import Path

import pytest

from core.data.formats import imagefolder
from core.domain.task import Split
from tests.unit.data.formats.folders import by_name, kinds, lay, put, where


def labels(root: Path) -> dict[str, tuple[str | None, str | None]]:
    dataset = imagefolder.read(root)
    return {
        Path(image.path).name: (None if image.label is None else dataset.classes[image.label], image.split)
        for image in dataset.images
    }


def test_that_flat_class_folders_are_read_sorted(tmp_path: Path) -> None:
    lay(tmp_path, "dog/b.jpg", "cat/a.PNG", "cat/deep/c.jpg", "cat/notes.txt", "cat/.hidden.jpg", "cat/._a.jpg")
    assert labels(tmp_path) == {"a.PNG": ("cat", None), "c.jpg": ("cat", None), "b.jpg": ("dog", None)}


@pytest.mark.parametrize("wrap", ["", "archive", "archive/Set 1"])
def test_that_split_folders_are_read_through_a_wrapping_folder(tmp_path: Path, wrap: str) -> None:
    lay(tmp_path / wrap, "train/cat/a.jpg", "valid/dog/b.jpg", "Test/cat/c.jpg")
    assert labels(tmp_path) == {
        "a.jpg": ("cat", Split.TRAIN),
        "b.jpg": ("dog", Split.VAL),
        "c.jpg": ("cat", Split.TEST),
    }


def test_that_wrapped_class_folders_are_read(tmp_path: Path) -> None:
    lay(tmp_path, "animals/cat/a.jpg", "animals/dog/b.jpg", "__MACOSX/animals/._x.jpg")
    assert labels(tmp_path) == {"a.jpg": ("cat", None), "b.jpg": ("dog", None)}


def test_that_a_single_class_folder_is_a_class(tmp_path: Path) -> None:
    lay(tmp_path, "cat/a.jpg")
    assert labels(tmp_path) == {"a.jpg": ("cat", None)}


def test_that_pictures_outside_class_folders_come_in_unlabelled(tmp_path: Path) -> None:
    lay(tmp_path, "train/cat/a.jpg", "train/b.jpg", "c.jpg", "extra/d.jpg")
    assert labels(tmp_path) == {
        "a.jpg": ("cat", Split.TRAIN),
        "b.jpg": (None, Split.TRAIN),
        "c.jpg": (None, None),
        "d.jpg": (None, None),
    }
    assert kinds(imagefolder.read(tmp_path)) == {"image_outside_class_folder": 3}


def test_that_an_empty_class_folder_is_a_class(tmp_path: Path) -> None:
    lay(tmp_path, "cat/a.jpg")
    (tmp_path / "dog").mkdir()
    assert imagefolder.read(tmp_path).classes == ("cat", "dog")


def test_that_a_folder_name_that_no_writer_would_choose_is_a_class_as_it_stands(tmp_path: Path) -> None:
    lay(tmp_path, "cat /a.jpg", "cat/b.jpg", "nul/c.jpg")
    assert labels(tmp_path) == {"a.jpg": ("cat ", None), "b.jpg": ("cat", None), "c.jpg": ("nul", None)}


def test_that_every_file_with_a_pictures_suffix_is_listed_for_the_decoder_to_judge(tmp_path: Path) -> None:
    lay(tmp_path, "cat/a.jpg", "cat/imageNotFound.gif")
    assert set(labels(tmp_path)) == {"a.jpg", "imageNotFound.gif"}


def test_that_linked_folders_are_followed_once(tmp_path: Path) -> None:
    lay(tmp_path / "store", "a.jpg")
    lay(tmp_path / "set", "dog/b.jpg")
    (tmp_path / "set" / "cat").symlink_to(tmp_path / "store")
    (tmp_path / "store" / "loop").symlink_to(tmp_path / "set")
    assert labels(tmp_path / "set") == {"a.jpg": ("cat", None), "b.jpg": ("dog", None)}


def test_that_a_file_name_of_broken_bytes_is_listed(tmp_path: Path) -> None:
    lay(tmp_path, "cat/a.jpg")
    broken = str(tmp_path / "cat" / "b").encode() + b"\xff.jpg"
    with open(broken, "wb"):
        pass
    dataset = imagefolder.read(tmp_path)
    assert list(by_name(dataset)) == ["a.jpg"]
    assert where(dataset, "file_name_not_text") == ["cat/b\\udcff.jpg"]


def test_that_caches_in_class_folders_are_listed(tmp_path: Path) -> None:
    lay(tmp_path, "cat/a.jpg")
    put(tmp_path, "cat/features.npy", b"\x93NUMPY")
    assert where(imagefolder.read(tmp_path), "cache_ignored") == ["cat/features.npy"]


@pytest.mark.parametrize("name", ["a/b", "..", "con", "x.", "train", "Unassigned", 'q"?', "tab\tbed", ".hidden", "ok"])
def test_that_a_folder_name_can_be_made_on_every_system(name: str) -> None:
    made = imagefolder.folder_name(name)
    assert not set(made) & set('<>:"/\\|?*\t')
    assert not made.startswith(".")
    assert not made.endswith((".", " "))
    assert made.lower() not in imagefolder.PARTS
    assert (made == name) == (name == "ok")
