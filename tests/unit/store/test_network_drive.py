"""Projects on drives of other machines, told by a mount table written for the test."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.store import database
from core.store.database import on_network
from core.store.project_store import DATABASE, ProjectStore


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    table = tmp_path / "mounts"
    table.write_text(
        "rootfs / rootfs rw 0 0\n/dev/sda1 / ext4 rw 0 0\n"
        "nas:/lab /mnt/lab nfs4 rw 0 0\n/dev/sdb1 /mnt/lab/scratch xfs rw 0 0\n"
        "//nas/my\\040share /mnt/my\\040share cifs rw 0 0\n"
        "me@host: /home/me/remote fuse.sshfs rw 0 0\n"
        f"nas:/p {tmp_path}/share nfs rw 0 0\n"
    )
    monkeypatch.setattr(database, "MOUNTS", table)
    return table


@pytest.mark.parametrize(
    ("path", "remote"),
    [
        ("/home/me/project", False),
        ("/home/me/remote/project", True),
        ("/mnt/lab", True),
        ("/mnt/lab/project", True),
        ("/mnt/laboratory/project", False),
        ("/mnt/lab/scratch/project", False),
        ("/mnt/my share/project", True),
    ],
)
def test_that_the_nearest_mount_decides(mounts: Path, path: str, remote: bool) -> None:
    assert on_network(Path(path)) is remote


def test_that_without_a_mount_table_every_drive_is_a_local_one(mounts: Path) -> None:
    mounts.unlink()
    assert on_network(Path("/mnt/lab/project")) is False


def test_that_a_project_on_a_share_uses_no_wal_and_keeps_its_edits(mounts: Path, tmp_path: Path) -> None:
    with ProjectStore.create(tmp_path / "share" / "p") as store:
        assert store.on_network
        store.add_classes(["cat"])
        assert not list(store.path.glob(f"{DATABASE}-*"))
        with store.transaction():
            store.add_classes(["dog"])
            # A reader of its own sees what was there before, and does not wait.
            with closing(sqlite3.connect(store.path / DATABASE, timeout=0)) as other:
                assert other.execute("SELECT name FROM classes").fetchall() == [("cat",)]
    with ProjectStore.open(tmp_path / "share" / "p") as store:
        assert [one.name for one in store.classes()] == ["cat", "dog"]


def test_that_a_project_copied_to_a_share_leaves_wal_behind(mounts: Path, tmp_path: Path) -> None:
    ProjectStore.create(tmp_path / "p").close()
    (tmp_path / "share").mkdir()
    (tmp_path / "p").rename(tmp_path / "share" / "p")
    with (
        ProjectStore.open(tmp_path / "share" / "p"),
        closing(sqlite3.connect(tmp_path / "share" / "p" / DATABASE)) as other,
    ):
        assert other.execute("PRAGMA journal_mode").fetchone() == ("delete",)
