"""One writer at a time, real processes."""

import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from core.domain.errors import LensmithError
from core.domain.task import Task
from core.store.project_store import ProjectStore
from tests.unit.store.helpers import kill, label, posix_only, row, run_child, small_disk, start_child

HOLD = """
import sys
from pathlib import Path
from core.store.project_store import ProjectStore
store = ProjectStore.open(Path(sys.argv[1]))
store.add_classes(["of the holder"])
print("read-only" if store.read_only else "holding", flush=True)
sys.stdin.readline()
"""


def make(folder: Path) -> Path:
    with ProjectStore.create(folder, "Parts", Task.CLASSIFICATION) as store:
        store.add_classes(["bolt"])
        store.import_images([row(1, folder / "a.jpg", label(1))])
    return folder


def test_that_a_second_process_opens_read_only_and_is_told_by_whom_it_is_held(tmp_path):
    project = make(tmp_path / "project")
    with start_child(HOLD, project) as child:
        assert child.stdout.readline() == "holding\n"
        with ProjectStore.open(project) as second:
            assert second.read_only
            assert second.holder.pid == child.pid
            assert second.holder.host
            assert second.holder.user
            assert second.holder.since.startswith("20")
            assert [c.name for c in second.classes()] == ["bolt", "of the holder"]
            assert len(second.images()) == 1
            with pytest.raises(LensmithError, match=f"process {child.pid}"):
                second.add_classes(["nut"])
        with ProjectStore.open(project) as third:
            assert third.read_only
        child.communicate("done\n", timeout=30)
    with ProjectStore.open(project) as after:
        assert not after.read_only
        after.add_classes(["nut"])


def test_that_a_reader_sees_what_the_holder_commits(tmp_path):
    project = make(tmp_path / "project")
    with ProjectStore.open(project) as writer, ProjectStore.open(project) as reader:
        assert reader.read_only
        writer.add_classes(["nut"])
        assert [c.name for c in reader.classes()] == ["bolt", "nut"]


@posix_only
def test_that_kill_9_of_the_holder_frees_the_project_and_keeps_its_edits(tmp_path):
    project = make(tmp_path / "project")
    for _ in range(5):
        child = start_child(HOLD, project)
        assert child.stdout.readline() == "holding\n"
        kill(child)
        with ProjectStore.open(project) as after:
            assert not after.read_only
            assert [c.name for c in after.classes()] == ["bolt", "of the holder"]


def test_that_closing_frees_the_project_within_one_process(tmp_path):
    project = make(tmp_path / "project")
    first = ProjectStore.open(project)
    with ProjectStore.open(project) as second:
        assert second.read_only
        assert second.holder.pid == os.getpid()
    first.close()
    with ProjectStore.open(project) as third:
        assert not third.read_only


def test_that_a_failed_opening_does_not_keep_the_lock(tmp_path):
    project = make(tmp_path / "project")
    good = (project / "lensmith.db").read_bytes()
    (project / "lensmith.db").write_bytes(b"garbage" * 1000)
    with pytest.raises(LensmithError):
        ProjectStore.open(project)
    (project / "lensmith.db").write_bytes(good)
    with ProjectStore.open(project) as store:
        assert not store.read_only


READ_AS_NOBODY = """
import os, sys
from pathlib import Path
from core.domain.errors import LensmithError
from core.store.project_store import ProjectStore
if os.getuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
project = Path(sys.argv[1])
with ProjectStore.open(project) as store:
    print(store.read_only, store.holder, [c.name for c in store.classes()], len(store.images()))
    try:
        store.add_classes(["nut"])
    except LensmithError as error:
        print(error)
print(sorted(entry.name for entry in project.iterdir()))
"""


@pytest.fixture
def foreign_folder():
    """A folder that another user may read; pytest's own are private."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | stat.S_IRWXU)
    shutil.rmtree(folder)


def forbid_writing(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)


@posix_only
def test_that_a_project_in_a_read_only_folder_opens_for_reading(foreign_folder):
    project = make(foreign_folder / "project")
    names = sorted(entry.name for entry in project.iterdir())
    forbid_writing(project)
    seen, refusal, after = run_child(READ_AS_NOBODY, project).splitlines()
    assert seen == "True None ['bolt'] 1"
    assert "is open for reading only" in refusal
    assert after == str(names)


@posix_only
def test_that_edits_in_the_log_of_a_killed_writer_are_seen_in_a_read_only_folder(foreign_folder):
    project = make(foreign_folder / "project")
    child = start_child(HOLD, project)
    assert child.stdout.readline() == "holding\n"
    kill(child)
    assert (project / "lensmith.db-wal").stat().st_size > 0
    (project / "lensmith.db-shm").unlink()
    forbid_writing(project)
    assert run_child(READ_AS_NOBODY, project).splitlines()[0] == "True None ['bolt', 'of the holder'] 1"


@posix_only
def test_that_a_project_on_a_read_only_medium_opens_for_reading(tmp_path):
    project = make(tmp_path / "project")
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f"""
import shutil, subprocess, sys
shutil.copytree({str(project)!r}, sys.argv[1] + "/project")
subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], check=True)
sys.argv[1] += "/project"
""" + READ_AS_NOBODY.replace("os.getuid() == 0", "False")
    output = run_child(script, disk, prefix=("env", f"DISK={disk}", *small_disk("4m")))
    seen, refusal, _ = output.splitlines()
    assert seen == "True None ['bolt'] 1"
    assert "is open for reading only" in refusal


@posix_only
def test_that_making_a_project_where_writing_is_forbidden_is_refused_in_words(foreign_folder):
    foreign_folder.chmod(0o555)
    script = READ_AS_NOBODY.split("project =")[0] + 'ProjectStore.create(Path(sys.argv[1]) / "project", "p")'
    with start_child(script, foreign_folder) as child:
        _, errors = child.communicate(timeout=60)
    assert "cannot be written: the folder is read-only" in errors
    assert subprocess.run(["ls", foreign_folder], capture_output=True, check=True).stdout == b""
