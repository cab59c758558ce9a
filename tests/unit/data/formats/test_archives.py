"""Fault 46: nothing outside the target, and no bomb goes off."""

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from core.data.formats import archives
from core.data.formats.detect import open_source
from core.domain.errors import Cancelled, LensmithError
from core.domain.task import Split
from tests.unit.data.formats.folders import by_name, kinds, put


def a_zip(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for entry, data in entries:
            file.writestr(entry, data)
    return path


def a_tar(path: Path, *entries: tuple[str | tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as file:
        for entry, data in entries:
            info = tarfile.TarInfo(entry) if isinstance(entry, str) else entry
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return path


def tar_special(name: str, kind: bytes, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = link
    return info, b""


def zip_link(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, target.encode()


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


SET = (("set/train/cat/a.jpg", b"a"), ("set/train/dog/b.jpg", b"b"), ("./set/val/cat/c.jpg", b"c"))


@pytest.mark.parametrize("name", ["set.zip", "set.tar.gz", "SET.TGZ", "set.tar"])
def test_that_an_archive_is_read_as_the_folder_in_it(tmp_path: Path, name: str) -> None:
    if name.endswith(".zip"):
        a_zip(tmp_path / name, *SET)
    else:
        a_tar(tmp_path / name, *SET, mode="w" if name.endswith(".tar") else "w:gz")
    dataset = open_source(tmp_path / name, staging=tmp_path / "staging")
    assert dataset.format == "imagefolder"
    assert dataset.classes == ("cat", "dog")
    assert {n: i.split for n, i in by_name(dataset).items()} == {
        "a.jpg": Split.TRAIN,
        "b.jpg": Split.TRAIN,
        "c.jpg": Split.VAL,
    }
    assert kinds(dataset) == {}
    again = open_source(tmp_path / name, staging=tmp_path / "staging")
    assert again == dataset, "unpacking twice into the same place changes nothing"


CLIMBING = [
    "../evil.jpg",
    "a/../../evil.jpg",
    "/evil.jpg",
    "C:/evil.jpg",
    "C:evil.jpg",
    "..\\evil.jpg",
    "\\\\host\\evil.jpg",
]


@pytest.mark.parametrize("name", CLIMBING)
@pytest.mark.parametrize("make", [a_zip, a_tar])
def test_that_a_climbing_name_is_listed_and_nothing_written_outside(tmp_path: Path, make, name: str) -> None:
    box = tmp_path / "box"
    archive = box / ("x.zip" if make is a_zip else "x.tar.gz")
    box.mkdir()
    make(archive, (name, b"evil"), ("cat/good.jpg", b"good"))
    dataset = open_source(archive, staging=box / "in" / "staging")
    assert kinds(dataset) == {"archive_entry_refused": 1}
    assert list(by_name(dataset)) == ["good.jpg"]
    assert files_below(tmp_path) == sorted([f"box/{archive.name}", "box/in/staging/cat/good.jpg"])
    assert not Path("/evil.jpg").exists()


def test_that_links_and_devices_in_a_tar_are_listed_and_never_made(tmp_path: Path) -> None:
    secret = put(tmp_path, "secret.jpg", "secret")
    archive = a_tar(
        tmp_path / "x.tar.gz",
        tar_special("cat/soft.jpg", tarfile.SYMTYPE, str(secret)),
        tar_special("cat/hard.jpg", tarfile.LNKTYPE, "../secret.jpg"),
        tar_special("cat/pipe.jpg", tarfile.FIFOTYPE),
        tar_special("cat/device.jpg", tarfile.CHRTYPE),
        tar_special("way", tarfile.SYMTYPE, str(tmp_path)),
        ("way/evil.jpg", b"evil"),
        ("cat/good.jpg", b"good"),
    )
    problems = archives.unpack(archive, tmp_path / "staging")
    assert [problem.kind for problem in problems] == ["archive_entry_refused"] * 5
    assert files_below(tmp_path / "staging") == ["cat/good.jpg", "way/evil.jpg"]
    assert not any(path.is_symlink() for path in (tmp_path / "staging").rglob("*"))
    assert not (tmp_path / "evil.jpg").exists()


def test_that_links_in_a_zip_are_listed_and_never_made(tmp_path: Path) -> None:
    archive = a_zip(tmp_path / "x.zip", zip_link("way", str(tmp_path)), ("way/evil.jpg", b"evil"))
    problems = archives.unpack(archive, tmp_path / "staging")
    assert [problem.where for problem in problems] == [f"{archive}:way"]
    assert files_below(tmp_path / "staging") == ["way/evil.jpg"]
    assert not (tmp_path / "evil.jpg").exists()


def test_that_a_name_that_occurs_twice_keeps_the_first(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = a_zip(tmp_path / "x.zip", ("cat/a.jpg", b"first"), ("cat/a.jpg", b"second"))
    problems = archives.unpack(archive, tmp_path / "staging")
    assert [problem.detail for problem in problems] == ["the name occurs twice"]
    assert (tmp_path / "staging" / "cat" / "a.jpg").read_bytes() == b"first"


def bomb(path: Path, claimed: int | None = None) -> Path:
    """300 MB of zeros in 300 kB; with ``claimed`` the zip says that it is that small."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file,
        file.open("cat/a.jpg", "w", force_zip64=True) as entry,
    ):
        for _ in range(300):
            entry.write(bytes(1 << 20))
    if claimed is not None:
        data = path.read_bytes()
        path.write_bytes(data.replace((300 << 20).to_bytes(4, "little"), claimed.to_bytes(4, "little")))
    return path


def test_that_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with pytest.raises(LensmithError, match="unpacks to more than 100 MB"):
        archives.unpack(bomb(tmp_path / "x.zip"), tmp_path / "staging")
    assert files_below(tmp_path / "staging") == []


def test_that_a_zip_bomb_that_lies_about_its_size_writes_no_more_than_it_claims(tmp_path: Path) -> None:
    archive = bomb(tmp_path / "x.zip", claimed=1000)
    with zipfile.ZipFile(archive) as file:
        assert file.infolist()[0].file_size == 1000, "the lie is told"
    with pytest.raises(LensmithError):
        archives.unpack(archive, tmp_path / "staging")
    assert sum(path.stat().st_size for path in (tmp_path / "staging").rglob("*") if path.is_file()) <= 100 << 20


def test_that_a_tar_bomb_is_refused(tmp_path: Path) -> None:
    archive = a_tar(tmp_path / "x.tar.gz", ("cat/a.jpg", bytes(150 << 20)))
    with pytest.raises(LensmithError, match="unpacks to more than 100 MB"):
        archives.unpack(archive, tmp_path / "staging")


def test_that_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "LARGEST_COUNT", 3)
    archive = a_zip(tmp_path / "x.zip", *((f"cat/{n}.jpg", b"x") for n in range(4)))
    with pytest.raises(LensmithError, match="more files"):
        archives.unpack(archive, tmp_path / "staging")


@pytest.mark.parametrize("name", ["x.zip", "x.tar.gz", "x.tar"])
@pytest.mark.parametrize("content", [b"", b"no archive", "cut"])
def test_that_a_damaged_archive_is_refused_by_name(tmp_path: Path, name: str, content: bytes | str) -> None:
    path = tmp_path / name
    if isinstance(content, str):
        entries = [(f"cat/{n}.jpg", os.urandom(2000)) for n in range(20)]
        whole = (
            a_zip(path, *entries) if name == "x.zip" else a_tar(path, *entries, mode="w:gz" if "gz" in name else "w")
        )
        content = whole.read_bytes()[:30_000]
    path.write_bytes(content)
    with pytest.raises(LensmithError, match=name.replace(".", r"\.")):
        open_source(path, staging=tmp_path / "staging")


def test_that_an_encrypted_entry_is_listed(tmp_path: Path) -> None:
    archive = a_zip(tmp_path / "x.zip", ("cat/a.jpg", b"x"), ("cat/b.jpg", b"y"))
    data = bytearray(archive.read_bytes())
    directory = data.index(b"PK\x01\x02")
    data[directory + 8] |= 1  # the flag in the central directory's first entry
    archive.write_bytes(bytes(data))
    problems = archives.unpack(archive, tmp_path / "staging")
    assert [problem.detail for problem in problems] == ["encrypted"]


def test_that_labels_in_an_archive_cannot_fetch_pictures_from_elsewhere(tmp_path: Path) -> None:
    private = put(tmp_path, "private/me.jpg", "private")
    archive = a_zip(
        tmp_path / "x.zip",
        ("data.yaml", f"train: images\nval: {private.parent}\nnames: [cat]".encode()),
        ("images/a.jpg", b"a"),
    )
    dataset = open_source(archive, staging=tmp_path / "staging")
    assert list(by_name(dataset)) == ["a.jpg"]
    assert kinds(dataset) == {"outside_archive": 1}


def test_that_a_cancelled_unpacking_stops(tmp_path: Path) -> None:
    def cancel(done: int, total: int, what: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        archives.unpack(a_zip(tmp_path / "x.zip", *SET), tmp_path / "staging", cancel)
