import os

import pytest

from core.domain.errors import LensmithError
from core.domain.run import CatalogueWeights, FineTune, Transfer
from core.store.run_store import RunStore
from tests.unit.store.helpers import empty_snapshot, kill, posix_only, spec, start_child

CREATE = """
import sys
from pathlib import Path
from core.store.run_store import RunStore
from tests.unit.store.helpers import empty_snapshot, spec
runs = RunStore(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
"""


def ids(runs):
    return [run.id for run in runs.list()]


def test_that_a_run_is_called_by_number_mode_and_architecture(tmp_path):
    runs = RunStore(tmp_path)
    weights = CatalogueWeights("x")
    runs.create(spec("resnet18", start=Transfer(weights)), empty_snapshot())
    runs.create(spec("hf_hub:timm/vit: ž..", start=FineTune(weights)), empty_snapshot())
    runs.create(spec("../../outside"), empty_snapshot())
    assert ids(runs) == ["0001-transfer-resnet18", "0002-finetune-hf_hub-timm-vit", "0003-scratch-outside"]
    assert {run.path.parent for run in runs.list()} == {tmp_path.resolve() / "runs"}


def test_that_a_run_holds_what_it_was_made_of_and_no_report_yet(tmp_path):
    run = RunStore(tmp_path).create(spec(epochs=3), empty_snapshot())
    assert (run.spec(), run.snapshot(), run.report()) == (spec(epochs=3), empty_snapshot(), None)
    assert sorted(entry.name for entry in run.path.iterdir()) == ["snapshot.json", "spec.json"]
    assert RunStore(tmp_path).get(run.id) == run


def test_that_a_run_is_found_by_number_or_unique_beginning(tmp_path):
    runs = RunStore(tmp_path)
    created = [runs.create(spec("resnet18"), empty_snapshot()) for _ in range(12)]
    for reference in ("7", "0007", "007", "0007-", "0007-scratch-resnet18"):
        assert runs.get(reference) == created[6]
    assert runs.get("1") == created[0]
    assert runs.get("12") == created[11]


@pytest.mark.parametrize(
    "reference", ["", "0", "3", "99", "0001-transfer", "resnet18", "../p", "0001-scratch-resnet18/", "²", "-1", "last"]
)
def test_that_a_wrong_id_is_refused_and_never_another_run(tmp_path, reference):
    runs = RunStore(tmp_path)
    for _ in range(2):
        runs.create(spec("resnet18"), empty_snapshot())
    with pytest.raises(LensmithError, match="There is no run"):
        runs.get(reference)


def test_that_an_ambiguous_beginning_is_refused(tmp_path):
    runs = RunStore(tmp_path)
    run = runs.create(spec("resnet18"), empty_snapshot())
    (run.path.parent / "0001-scratch-resnet50").mkdir()
    (run.path.parent / "0001-scratch-resnet50" / "spec.json").write_bytes((run.path / "spec.json").read_bytes())
    for reference in ("1", "0001", "0001-scratch"):
        with pytest.raises(LensmithError, match="may mean several runs"):
            runs.get(reference)
    assert runs.get("0001-scratch-resnet18") == run


def test_that_a_number_is_never_used_twice_even_if_the_run_was_deleted(tmp_path):
    runs = RunStore(tmp_path)
    runs.create(spec(), empty_snapshot())
    second = runs.create(spec(), empty_snapshot())
    for file in second.path.iterdir():
        file.unlink()
    second.path.rmdir()
    assert runs.create(spec(), empty_snapshot()).number == 3


def test_that_runs_are_in_order_of_their_numbers_whatever_the_clock_said(tmp_path):
    runs = RunStore(tmp_path)
    for number in range(12):
        run = runs.create(spec(), empty_snapshot())
        for file in (run.path / "spec.json", run.path):
            os.utime(file, (4_000_000_000 - 10_000_000 * number,) * 2)
    (run.path.parent / ".last").write_text("10050")
    runs.create(spec(), empty_snapshot())
    assert [run.number for run in runs.list()] == [*range(1, 13), 10051]


def test_that_other_things_among_the_runs_are_no_runs(tmp_path):
    runs = RunStore(tmp_path)
    assert runs.list() == []
    runs.create(spec(), empty_snapshot())
    (tmp_path / "runs" / "0002-copy").mkdir()
    (tmp_path / "runs" / "notes.txt").touch()
    assert ids(runs) == ["0001-scratch-resnet18"]


def test_that_processes_that_start_runs_at_once_get_different_numbers(tmp_path):
    script = CREATE + "for _ in range(10): runs.create(spec(sys.argv[2]), empty_snapshot())"
    children = [start_child(script, tmp_path, architecture) for architecture in ("a", "b", "c")]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        with child:
            _, errors = child.communicate(timeout=60)
        assert child.returncode == 0, errors
    assert [run.number for run in RunStore(tmp_path).list()] == list(range(1, 31))


@posix_only
def test_that_a_full_disk_leaves_no_half_run(tmp_path):
    runs = RunStore(tmp_path)
    runs.create(spec(), empty_snapshot())
    script = CREATE + (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400))\n"
        "runs.create(spec('x' * 1000), empty_snapshot())"
    )
    with start_child(script, tmp_path) as child:
        _, errors = child.communicate("go\n", timeout=60)
    assert "The disk is full" in errors
    assert ids(runs) == ["0001-scratch-resnet18"]
    assert not (tmp_path / "runs" / ".new").exists()


@posix_only
@pytest.mark.parametrize("rename", [1, 2, 3, 4])
def test_that_a_process_killed_while_making_a_run_leaves_none_or_a_whole_one(tmp_path, rename):
    script = CREATE + (
        "import os\n"
        "left = int(sys.argv[2])\n"
        "def die(event, _):\n"
        "    global left\n"
        "    left -= event == 'os.rename'\n"
        "    if left == 0: os._exit(9)\n"
        "sys.addaudithook(die)\n"
        "runs.create(spec(), empty_snapshot())"
    )
    with start_child(script, tmp_path, rename) as child:
        _, errors = child.communicate("go\n", timeout=60)
    assert child.returncode == 9, errors
    assert RunStore(tmp_path).list() == []
    run = RunStore(tmp_path).create(spec(), empty_snapshot())
    assert run.snapshot() == empty_snapshot()
    assert RunStore(tmp_path).list() == [run]


@posix_only
def test_that_a_killed_process_does_not_keep_others_from_starting_runs(tmp_path):
    script = CREATE + (
        "from filelock import FileLock\n"
        "FileLock(Path(sys.argv[1]) / 'runs' / '.lock').acquire()\n"
        "print('held', flush=True)\n"
        "sys.stdin.readline()"
    )
    (tmp_path / "runs").mkdir()
    child = start_child(script, tmp_path)
    child.stdin.write("go\n")
    child.stdin.flush()
    assert [child.stdout.readline() for _ in range(2)] == ["ready\n", "held\n"]
    kill(child)
    assert RunStore(tmp_path).create(spec(), empty_snapshot()).number == 1
