"""A folder of label files when the program dies, or may not write: nothing of ours is taken for somebody else's."""

import pytest

from core.actions import mirroring
from core.store.project_store import ProjectStore
from tests.e2e.commands import plain_user
from tests.unit.actions.test_mirroring import files, fill, put
from tests.unit.store.helpers import posix_only, run_child

KILLED = """
import os, sys
from pathlib import Path
from core.actions import mirroring
from core.store.project_store import ProjectStore

store = ProjectStore.open(Path(sys.argv[1]))
left = int(sys.argv[2])
write = mirroring.write_atomic

def write_some(path, content):
    global left
    if left == 0:
        sys.stdout.flush()
        os._exit(0)
    left -= 1
    write(path, content)

mirroring.write_atomic = write_some
mirroring.open_mirror(store).follow()
"""


@pytest.mark.parametrize("written", [0, 1, 2])
def test_that_files_of_a_program_that_died_are_known_as_its_own(tmp_path, written):
    folder = tmp_path / "labels"
    with ProjectStore.create(tmp_path / "p") as store:
        fill(store, tmp_path / "pictures")
        mirroring.set_up(store, folder, "yolo")
        for number in (1, 2, 3):
            put(store, number, (1, 1, 5, 5, 2))
    run_child(KILLED, tmp_path / "p", written)
    with ProjectStore.open(tmp_path / "p") as store:
        put(store, 1, (2, 2, 9, 9, 1))
        mirror = mirroring.open_mirror(store)
        mirror.follow()
        assert mirror.waiting == {}
        assert [files(folder)[f"{n}.txt"][0] for n in (1, 2, 3)] == ["0", "1", "1"]


FOLLOWED = """
import sys
from pathlib import Path
from core.actions import mirroring
from core.domain.errors import LensmithError
from core.store.project_store import ProjectStore

with ProjectStore.open(Path(sys.argv[1])) as store:
    try:
        mirroring.open_mirror(store).follow()
    except LensmithError as error:
        print(error)
"""


@posix_only
def test_that_a_folder_that_cannot_be_written_is_said_and_tried_again(tmp_path):
    folder = tmp_path / "labels"
    with ProjectStore.create(tmp_path / "p") as store:
        fill(store, tmp_path / "pictures")
        mirroring.set_up(store, folder, "yolo")
        put(store, 4, (1, 1, 5, 5, 2))
    before = files(folder)
    folder.chmod(0o500)
    said = run_child(FOLLOWED, tmp_path / "p", prefix=tuple(plain_user()))
    folder.chmod(0o700)
    assert "4.txt cannot be written" in said
    assert files(folder) == before
    assert run_child(FOLLOWED, tmp_path / "p") == ""
    assert "4.txt" in files(folder)
