"""What a project holds after its writer was killed or its disk was full."""

import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from core.domain.task import Task
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import posix_only, row, run_child, small_disk, start_child

pytestmark = posix_only

EDIT = """
import itertools, sys
from pathlib import Path
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import annotate, boxes
store = ProjectStore.open(Path(sys.argv[1]))
assert not store.read_only
begin = int(sys.argv[2])
print("begun", flush=True)
for count in itertools.count(begin):
    annotate(store, count % 50, boxes(*[(count, 0, count + 1.5, 9, 1)] * 20))
    print(count, flush=True)
"""

IMPORT = """
import sys
from pathlib import Path
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import boxes, row
store = ProjectStore.open(Path(sys.argv[1]))
begin = int(sys.argv[2])
print("begun", flush=True)
store.import_images(row(begin + n, f"/pictures/{begin + n}.jpg", boxes((0, 0, 1, 1, 1))) for n in range(20_000))
print("done", flush=True)
"""


def check_whole(project: Path) -> None:
    with closing(sqlite3.connect(project / "lensmith.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.fixture
def project(tmp_path):
    with ProjectStore.create(tmp_path / "project", "Parts", Task.DETECTION) as store:
        store.add_classes(["bolt"])
        store.import_images(row(number, tmp_path / f"{number}.jpg") for number in range(50))
    return tmp_path / "project"


def test_that_a_writer_killed_at_any_moment_loses_no_edit_that_it_had_made(project):
    chance = random.Random(3)
    begin = 0
    for _ in range(20):
        child = start_child(EDIT, project, begin)
        assert child.stdout.readline() == "begun\n"
        time.sleep(chance.uniform(0.0, 0.06))
        child.kill()
        output, _ = child.communicate()
        made = [int(line) for line in output.splitlines(keepends=True) if line.endswith("\n")]
        check_whole(project)
        with ProjectStore.open(project) as store:
            assert not store.read_only
            images = store.images()
        for count in made[-50:]:
            # The edit after the last one reported may be there too, whole.
            seen = {box.x_min for box in images[count % 50].annotation.boxes}
            assert seen in ({count}, {made[-1] + 1}), f"edit {count} of {made[-1]}"
            assert len(images[count % 50].annotation.boxes) == 20
        begin = (made[-1] if made else begin) + 1
    assert begin > 20, "no writer came as far as one edit"


def test_that_a_killed_import_leaves_nothing_of_itself(project):
    chance = random.Random(4)
    for attempt in range(5):
        with ProjectStore.open(project) as store:
            before = len(store.images())
        child = start_child(IMPORT, project, 100 + 100_000 * attempt)
        assert child.stdout.readline() == "begun\n"
        time.sleep(chance.uniform(0.0, 0.3))
        child.kill()
        output, _ = child.communicate()
        check_whole(project)
        with ProjectStore.open(project) as store:
            after = len(store.images())
        assert after in ((before + 20_000,) if "done" in output else (before, before + 20_000))


FULL_DISK = """
import sys
from pathlib import Path
from core.domain.errors import LensmithError
from core.domain.task import Task
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import annotate, boxes, row
project = Path(sys.argv[1])
store = ProjectStore.open(project) if project.exists() else ProjectStore.create(project, "p", Task.DETECTION)
store.add_classes(["bolt"])
store.import_images([row(1, "/pictures/1.jpg", boxes((1, 2, 3, 4, 1)))])
FILL
try:
    store.import_images(row(n, f"/pictures/{n}.jpg", boxes((0, 0, 1, 1, 1))) for n in range(2, 30_000))
except LensmithError as error:
    print(error.cause)
print(len(store.images()), store.images()[0].annotation == boxes((1, 2, 3, 4, 1)))
EMPTY
annotate(store, 1, boxes())
print(store.import_images(row(n, f"/pictures/{n}.jpg") for n in range(2, 5)).images_added)
store.close()
with ProjectStore.open(project) as again:
    print(len(again.images()), again.images()[0].annotation == boxes())
"""


def judge(output: str, project: Path) -> None:
    cause, untouched, added, again = output.splitlines()
    assert cause == (
        f"Not saved: the disk of {project}/lensmith.db is full or failing. Everything saved before is still there."
    )
    assert untouched == "1 True"
    assert added == "3"
    assert again == "4 True"


def test_that_a_full_disk_rolls_back_the_edit_and_the_next_one_works_once_there_is_room(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    script = FULL_DISK.replace("FILL", "").replace("EMPTY", "(project.parent / 'filler').unlink()")
    script = script.replace("project = Path(sys.argv[1])", "project = Path(sys.argv[1]) / 'project'")
    script = script.replace("store = ", "(project.parent / 'filler').write_bytes(bytes(500_000))\nstore = ", 1)
    judge(run_child(script, disk, prefix=("env", f"DISK={disk}", *small_disk("2m"))), disk / "project")


def test_that_a_file_size_limit_rolls_back_the_edit_too(tmp_path):
    script = FULL_DISK.replace(
        "FILL", "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))"
    ).replace("EMPTY", "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)")
    judge(run_child(script, tmp_path / "project"), tmp_path / "project")
