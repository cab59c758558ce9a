import json
import random
import time
from pathlib import Path

import pytest

from core.store.files import newest_whole, replace_atomic, save_generation, write_atomic
from tests.unit.store.helpers import kill, posix_only, run_child, small_disk, start_child

FILE_SIZE_LIMIT = """
import resource, sys
from pathlib import Path
from core.domain.errors import LensmithError
from core.store.files import save_generation, write_atomic
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
"""


def leftovers(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if file.name.endswith(".part")]


def save(path: Path, content: bytes) -> None:
    save_generation(path, lambda file: file.write(content))


def test_that_a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "spec.json"
    write_atomic(file, b"old")

    def half(target):
        target.write(b"ne")
        raise RuntimeError("stopped in the middle")

    with pytest.raises(RuntimeError):
        replace_atomic(file, half)
    assert file.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["spec.json"]


@posix_only
def test_that_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_file(tmp_path):
    script = """
import sys
from pathlib import Path
from core.store.files import write_atomic
print("started", flush=True)
for letter in iter(lambda: b"abc", None):
    for one in letter:
        write_atomic(Path(sys.argv[1]), bytes([one]) * 3_000_000)
"""
    file = tmp_path / "file"
    write_atomic(file, b"c" * 3_000_000)
    chance = random.Random(1)
    for _ in range(8):
        child = start_child(script, file)
        child.stdout.readline()
        time.sleep(chance.uniform(0, 0.05))
        kill(child)
        content = file.read_bytes()
        assert len(content) == 3_000_000
        assert len(set(content)) == 1


@posix_only
def test_that_a_full_disk_is_told_in_words_and_the_old_file_survives(tmp_path):
    file = tmp_path / "predictions.json"
    write_atomic(file, b"old")
    script = FILE_SIZE_LIMIT + "write_atomic(Path(sys.argv[1]), bytes(300_000))"
    with start_child(script, file) as child:
        _, errors = child.communicate(timeout=60)
    assert child.returncode == 1
    assert f"The disk is full: {file} could not be written; its earlier version is untouched." in errors
    assert file.read_bytes() == b"old"
    assert leftovers(tmp_path) == []


@posix_only
def test_that_a_disk_that_fills_up_in_a_checkpoint_keeps_the_last_good_one(tmp_path):
    script = """
import sys
from pathlib import Path
from core.domain.errors import LensmithError
from core.store.files import newest_whole, save_generation
file = Path(sys.argv[1]) / "last.ckpt"
for epoch in range(1, 9):
    try:
        save_generation(file, lambda target: target.write(bytes([epoch]) * 500_000))
    except LensmithError as error:
        print(epoch, newest_whole(file).name, newest_whole(file).read_bytes() == bytes([epoch - 1]) * 500_000)
        print(error.cause)
        print(sorted(entry.name for entry in file.parent.iterdir()))
        (file.parent / "filler").unlink()
        save_generation(file, lambda target: target.write(b"resumed"))
        print(newest_whole(file).read_bytes())
        break
    if epoch == 2:
        (file.parent / "filler").write_bytes(bytes(800_000))
"""
    disk = tmp_path / "disk"
    disk.mkdir()
    prefix = ("env", f"DISK={disk}", *small_disk("2m"))
    first, cause, names, resumed = run_child(script, disk, prefix=prefix).splitlines()
    assert first == "3 last.ckpt True"
    assert cause.startswith("The disk is full: ")
    assert names == "['filler', 'last.ckpt', 'last.ckpt.previous', 'last.ckpt.whole.json']"
    assert resumed == "b'resumed'"


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "removed"])
def test_that_a_damaged_checkpoint_is_detected_and_the_one_before_is_used(tmp_path, damage):
    file = tmp_path / "last.ckpt"
    for content in (b"epoch 1" * 100, b"epoch 2" * 100, b"epoch 3" * 100):
        save(file, content)
    assert newest_whole(file) == file
    whole = file.read_bytes()
    match damage:
        case "cut":
            file.write_bytes(whole[:300])
        case "flipped":
            file.write_bytes(whole[:300] + b"?" + whole[301:])
        case "emptied":
            file.write_bytes(b"")
        case "removed":
            file.unlink()
    assert newest_whole(file).read_bytes() == b"epoch 2" * 100


def test_that_a_damaged_checkpoint_never_pushes_out_the_whole_one_before_it(tmp_path):
    file = tmp_path / "last.ckpt"
    save(file, b"epoch 1")
    save(file, b"epoch 2")
    file.write_bytes(b"epo")
    save(file, b"epoch 3")
    file.write_bytes(b"epo")
    assert newest_whole(file).read_bytes() == b"epoch 1"


@pytest.mark.parametrize("deaths", [1, 5])
@pytest.mark.parametrize("earlier", [b"", b"epoch 1"])
def test_that_writers_that_died_again_and_again_cost_no_generation(tmp_path, deaths, earlier):
    file = tmp_path / "last.ckpt"
    record = tmp_path / "last.ckpt.whole.json"
    if earlier:
        save(file, earlier)
    save(file, b"epoch 2")
    for number in range(deaths):  # each died between its record and its renames
        sizes = {f"{number:064x}": 7} | json.loads(record.read_bytes())["sizes"]
        record.write_bytes(json.dumps({"sizes": sizes}).encode())
        assert newest_whole(file).read_bytes() == b"epoch 2"
    save(file, b"epoch 3")
    assert len(json.loads(record.read_bytes())["sizes"]) == 2
    assert newest_whole(file).read_bytes() == b"epoch 3"
    file.unlink()
    assert newest_whole(file).read_bytes() == b"epoch 2"


def test_that_nothing_is_called_whole_without_its_record(tmp_path):
    file = tmp_path / "last.ckpt"
    assert newest_whole(file) is None
    save(file, b"epoch 1")
    (tmp_path / "last.ckpt.whole.json").write_bytes(b"{")
    assert newest_whole(file) is None


@posix_only
@pytest.mark.parametrize("rename", [1, 2, 3, 4, 5])
def test_that_a_checkpoint_is_whole_when_the_writer_dies_before_any_of_its_renames(tmp_path, rename):
    script = """
import os, sys
from pathlib import Path
from core.store.files import save_generation
file, left = Path(sys.argv[1]), int(sys.argv[2])
save_generation(file, lambda target: target.write(b"epoch 1"))
save_generation(file, lambda target: target.write(b"epoch 2"))
def die(event, _):
    global left
    if event == "os.rename":
        left -= 1
        if left == 0:
            os._exit(9)
sys.addaudithook(die)
save_generation(file, lambda target: target.write(b"epoch 3"))
os._exit(0)
"""
    file = tmp_path / "last.ckpt"
    with start_child(script, file, rename) as child:
        child.communicate(timeout=60)
    assert child.returncode == (9 if rename <= 4 else 0)
    assert newest_whole(file).read_bytes() == (b"epoch 2" if rename <= 3 else b"epoch 3")
    save(file, b"epoch 4")
    assert newest_whole(file).read_bytes() == b"epoch 4"
    assert leftovers(tmp_path) == []


@posix_only
def test_that_a_worker_killed_while_saving_leaves_a_whole_checkpoint(tmp_path):
    script = """
import sys
from pathlib import Path
from core.store.files import save_generation
print("started", flush=True)
epoch = 0
while True:
    epoch += 1
    save_generation(Path(sys.argv[1]), lambda target: target.write(bytes([epoch % 256]) * 2_000_000))
"""
    file = tmp_path / "last.ckpt"
    save(file, bytes(2_000_000))
    chance = random.Random(2)
    for _ in range(8):
        child = start_child(script, file)
        child.stdout.readline()
        time.sleep(chance.uniform(0, 0.1))
        kill(child)
        content = newest_whole(file).read_bytes()
        assert len(content) == 2_000_000
        assert len(set(content)) == 1
    save(file, b"next")
    assert leftovers(tmp_path) == []
