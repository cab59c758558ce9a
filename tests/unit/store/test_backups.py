"""Backups are made by the way, and whatever happens to the database, one of them brings the project back."""

import os
import random
import sqlite3
import time
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from core.domain.errors import LensmithError
from core.domain.task import Task
from core.store import backups
from core.store.backups import DamagedProject
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import annotate, boxes, kill, posix_only, row, run_child, small_disk, start_child

IMAGES = 200


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Closed, and so backed up once: every image has the box 0."""
    with ProjectStore.create(tmp_path / "project", "Parts", Task.DETECTION) as store:
        store.add_classes(["bolt"])
        store.import_images(row(n, tmp_path / f"{n}.jpg", boxes((0, 0, 9, 9, 1))) for n in range(IMAGES))
    assert len(backups.backups(tmp_path / "project")) == 1
    return tmp_path / "project"


def state(project: Path) -> dict[str, float]:
    """Image hash -> where its first box begins."""
    with ProjectStore.open(project) as store:
        assert not store.read_only
        return {image.hash: image.annotation.boxes[0].x_min for image in store.images()}  # type: ignore[union-attr]


def draw(project: Path, x: float, number: int = 0) -> None:
    with ProjectStore.open(project) as store:
        annotate(store, number, boxes((x, 0, x + 9, 9, 1)))


def damage(project: Path) -> None:
    """Noise over some pages in the middle, as a failing disk leaves them."""
    file = project / "lensmith.db"
    with file.open("r+b") as handle:
        handle.seek(file.stat().st_size // 2)
        handle.write(random.Random(0).randbytes(3 * 4096))


def refusal(project: Path) -> DamagedProject:
    with pytest.raises(DamagedProject) as caught:
        ProjectStore.open(project)
    return caught.value


def test_that_copies_are_made_when_something_changed_and_the_five_newest_are_kept(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(project, 1)
    assert [one.number for one in backups.backups(project)] == [1]  # the last one is not an hour old
    monkeypatch.setattr(backups.back_up, "__defaults__", (timedelta(0),))
    ProjectStore.open(project).close()
    assert [one.number for one in backups.backups(project)] == [2, 1]  # what was drawn before
    ProjectStore.open(project).close()
    assert [one.number for one in backups.backups(project)] == [2, 1]  # nothing changed
    for x in range(10, 17):
        draw(project, x)
    assert [one.number for one in backups.backups(project)] == [9, 8, 7, 6, 5]
    assert {entry.name for entry in (project / "backups").iterdir()} == {
        one.path.name for one in backups.backups(project)
    }


def test_that_a_copy_made_while_somebody_edits_is_whole(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups.back_up, "__defaults__", (timedelta(0),))
    with ProjectStore.open(project) as store:
        annotate(store, 0, boxes((5, 0, 9, 9, 1)))
        with store.transaction():
            annotate(store, 1, boxes((6, 0, 9, 9, 1)))
            made = store.back_up()  # of what is saved so far
        assert made is not None
    with closing(sqlite3.connect(made.path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert [x for (x,) in db.execute("SELECT x_min FROM boxes WHERE image <= 2 ORDER BY image")] == [5, 0]


@pytest.mark.parametrize("harm", ["page", "garbage", "cut", "index"])
def test_that_a_damaged_database_is_told_kept_and_replaced_by_the_newest_backup(project: Path, harm: str) -> None:
    draw(project, 3)  # after the backup: lost with the damaged file, which is kept
    file = project / "lensmith.db"
    if harm == "page":
        damage(project)
    elif harm == "garbage":
        file.write_bytes(b"no database" * 9000)
    elif harm == "cut":
        os.truncate(file, file.stat().st_size // 2)
    else:  # a row that an index does not know
        with closing(sqlite3.connect(file)) as db:
            (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'edits_by_standing'").fetchone()
            (size,) = db.execute("PRAGMA page_size").fetchone()
        with file.open("r+b") as handle:
            handle.seek((root - 1) * size + 8)
            handle.write(bytes(8))
    broken = file.read_bytes()
    error = refusal(project)
    assert str(file) in error.cause
    assert error.backup is not None
    assert "Restore the backup of " in error.remedy
    restored = ProjectStore.restore_backup(project)
    assert restored.backup == error.backup
    assert restored.kept is not None
    assert restored.kept.read_bytes() == broken
    assert set(state(project).values()) == {0.0}


def test_that_a_damaged_backup_gives_way_to_the_one_before(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups.back_up, "__defaults__", (timedelta(0),))
    draw(project, 3)
    newest, first = backups.backups(project)
    newest.path.write_bytes(newest.path.read_bytes()[:5000])
    damage(project)
    assert refusal(project).backup == first
    assert ProjectStore.restore_backup(project).backup == first
    assert set(state(project).values()) == {0.0}


def test_that_without_a_backup_the_damaged_file_stays_and_nothing_is_promised(project: Path) -> None:
    for one in backups.backups(project):
        one.path.unlink()
    damage(project)
    before = (project / "lensmith.db").read_bytes()
    assert "no backup" in refusal(project).remedy
    with pytest.raises(LensmithError, match="no whole backup"):
        ProjectStore.restore_backup(project)
    assert (project / "lensmith.db").read_bytes() == before


def test_that_an_open_project_is_not_restored(project: Path) -> None:
    with ProjectStore.open(project), pytest.raises(LensmithError, match="is open in another window"):
        ProjectStore.restore_backup(project)


DRAW = """
import sys
from datetime import timedelta
from pathlib import Path
from core.store import backups
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import annotate, boxes
backups.back_up.__defaults__ = (timedelta(0),)
store = ProjectStore.open(Path(sys.argv[1]))
for number in range(50):
    annotate(store, number, boxes((7, 0, 9, 9, 1)))
if "back up" in sys.argv:
    assert store.back_up() is not None
print("drawn", flush=True)
sys.stdin.read()
"""


@posix_only
def test_that_a_deleted_log_is_noticed_where_a_backup_has_what_was_in_it(project: Path) -> None:
    child = start_child(DRAW, project, "back up")
    assert child.stdout is not None
    assert child.stdout.readline() == "drawn\n"
    kill(child)
    (project / "lensmith.db-wal").unlink()
    error = refusal(project)
    assert "lensmith.db-wal" in error.cause
    ProjectStore.restore_backup(project)
    assert sorted(state(project).values()) == [0.0] * (IMAGES - 50) + [7.0] * 50


@posix_only
def test_that_a_deleted_log_that_no_backup_knows_leaves_the_last_state_of_the_database(project: Path) -> None:
    child = start_child(DRAW, project)
    assert child.stdout is not None
    assert child.stdout.readline() == "drawn\n"
    kill(child)
    (project / "lensmith.db-wal").unlink()
    assert set(state(project).values()) == {0.0}  # whole, and as it was when it was closed before


RESTORE = """
import sys
from pathlib import Path
from core.store.project_store import ProjectStore
print("begun", flush=True)
for _ in range(20):
    ProjectStore.restore_backup(Path(sys.argv[1]))
"""


@posix_only
def test_that_restoring_killed_at_any_moment_leaves_the_damaged_project_or_the_restored_one(project: Path) -> None:
    chance = random.Random(5)
    draw(project, 3)
    for _ in range(8):
        damage(project)
        child = start_child(RESTORE, project)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0, 0.08))
        kill(child)
        with suppress(DamagedProject):
            assert set(state(project).values()) == {0.0}
            continue
        ProjectStore.restore_backup(project)
        assert set(state(project).values()) == {0.0}


FULL = """
import os, sys
from pathlib import Path
from core.domain.task import Task
from core.store import backups
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import annotate, boxes, row
project = Path(os.environ["DISK"]) / "project"
store = ProjectStore.create(project, "p", Task.DETECTION)
store.add_classes(["bolt"])
store.import_images(row(n, f"/pictures/{n}.jpg", boxes((0, 0, 1, 1, 1))) for n in range(3000))
with open(project / "filler", "wb") as filler:
    try:
        while True:
            filler.write(bytes(65536))
            filler.flush()
    except OSError:
        pass
store.close()
print(backups.backups(project), os.listdir(project / "backups"))
(project / "filler").unlink()
with ProjectStore.open(project) as again:
    print(len(again.images()), again.back_up() is not None)
"""


@posix_only
def test_that_a_full_disk_costs_the_copy_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk").mkdir()
    monkeypatch.setenv("DISK", str(tmp_path / "disk"))
    assert run_child(FULL, prefix=small_disk("8m")).splitlines() == ["[] []", "3000 True"]
