"""Thumbnails on disk: whole or absent, and never a reason to stop."""

from pathlib import Path

from core.store.thumbnail_files import keep_thumbnail, read_thumbnail, thumbnail_path

HASH = "ab" + "0" * 30


def test_that_what_was_kept_is_read_again_from_a_folder_of_its_first_two_digits(tmp_path: Path) -> None:
    assert keep_thumbnail(tmp_path, HASH, b"jpeg")

    assert read_thumbnail(tmp_path, HASH) == b"jpeg"
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")] == [f"thumbnails/ab/{HASH}.jpg"]


def test_that_nothing_is_read_where_nothing_was_kept(tmp_path: Path) -> None:
    assert read_thumbnail(tmp_path, HASH) is None


def test_that_a_cache_that_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "thumbnails").write_bytes(b"a file where the folder should be")

    assert not keep_thumbnail(tmp_path, HASH, b"jpeg")
    assert [path.name for path in tmp_path.rglob("*")] == ["thumbnails"]


def test_that_a_thumbnail_that_cannot_replace_the_old_one_leaves_no_half_file(tmp_path: Path) -> None:
    thumbnail_path(tmp_path, HASH).mkdir(parents=True)  # a folder in the place of the file

    assert not keep_thumbnail(tmp_path, HASH, b"jpeg")
    assert list(tmp_path.rglob("*.part")) == []
