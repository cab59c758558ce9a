"""Notes, tags, star, archive and the trash, on real run folders."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.actions import organising, queueing
from core.actions.reporting import summaries
from core.domain.errors import LensmithError
from core.domain.run import FineTune, RunWeights
from core.domain.run_notes import RunNotes
from core.runs.status import record_worker
from core.store.run_notes import ABOUT, read_notes
from core.store.run_store import RunStore
from tests.simulated_runs import make_run, project_without_leaks


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with project_without_leaks(tmp_path, monkeypatch) as made:
        yield made


def ids(project: Path) -> list[str]:
    return [run.id for run in RunStore(project).list()]


def child_of(project: Path, parent: Path) -> Path:
    return make_run(project, start=FineTune(RunWeights(run=parent.name, sha256="0" * 64, classes=())))


def test_that_notes_tags_star_and_archive_are_in_the_run_and_in_the_list(project):
    run, other = make_run(project), make_run(project)
    organising.change_runs(project, ["1"], star=True, add_tags=["#Line 3, night", "line 3"], note=" Lamp was dirty. ")
    organising.change_runs(project, [run.name, other.name], archived=True)

    assert read_notes(run) == RunNotes(note="Lamp was dirty.", tags=("Line 3", "night"), star=True, archived=True)
    first, second = summaries(RunStore(project))
    assert (first.star, first.tags, first.archived, first.note) == (True, ("Line 3", "night"), True, "Lamp was dirty.")
    assert (second.star, second.tags, second.archived) == (False, (), True)

    organising.change_runs(project, ["1"], star=False, remove_tags=["LINE 3"], note="")
    assert read_notes(run) == RunNotes(tags=("night",), archived=True)


def test_that_damaged_notes_hide_no_run_and_are_not_overwritten_unread(project):
    run = make_run(project)
    (run / ABOUT).write_text('{"star": 7')
    assert [summary.star for summary in summaries(RunStore(project))] == [False]
    with pytest.raises(LensmithError, match=ABOUT):
        organising.change_runs(project, ["1"], star=True)
    assert (run / ABOUT).read_text() == '{"star": 7'


def test_that_notes_of_a_newer_lensmith_are_not_overwritten(project):
    run = make_run(project)
    (run / ABOUT).write_text('{"schema_version": 2, "note": "from the future"}')
    with pytest.raises(LensmithError, match="newer"):
        organising.change_runs(project, ["1"], star=True)
    assert "from the future" in (run / ABOUT).read_text()


def test_that_a_run_goes_to_the_trash_whole_and_comes_back_whole(project):
    run = make_run(project)
    organising.change_runs(project, ["1"], note="worth keeping")
    before = {file.name: file.read_bytes() for file in run.iterdir() if not file.name.endswith("lock")}

    assert organising.delete_runs(project, ["1"]) == (run.name,)
    assert ids(project) == []
    assert organising.trash(project).runs == (run.name,)
    assert organising.trash(project).bytes >= sum(map(len, before.values()))
    assert make_run(project).name.startswith("0002-")  # its number stays its own

    assert organising.restore_runs(project, ["1"]) == (run.name,)
    assert ids(project)[0] == run.name
    assert {file.name: file.read_bytes() for file in run.iterdir() if not file.name.endswith("lock")} == before
    assert organising.trash(project).runs == ()


def test_that_a_run_others_started_from_goes_only_with_all_of_them_and_comes_back_with_one(project):
    parent = make_run(project)
    child = child_of(project, parent)
    grandchild = child_of(project, child)
    with pytest.raises(LensmithError, match="Run 1 is what these runs started from: 2"):
        organising.delete_runs(project, ["1"])
    with pytest.raises(LensmithError, match="started from: 3"):
        organising.delete_runs(project, ["1", "2"])
    assert ids(project) == [parent.name, child.name, grandchild.name]

    organising.delete_runs(project, ["1", "2", "3"])
    assert ids(project) == []
    assert organising.restore_runs(project, ["2"]) == (parent.name, child.name)
    assert ids(project) == [parent.name, child.name]


def test_that_a_running_or_queued_run_is_not_deleted_and_says_why(project):
    running, queued = make_run(project), make_run(project)
    record_worker(running, os.getpid(), 1)  # this process works on it
    queueing.set_paused(project, True)
    queueing.enqueue(project, [queued.name])
    for number, why in ((1, "is running"), (2, "waits in the queue")):
        with pytest.raises(LensmithError, match=why):
            organising.delete_runs(project, [str(number)])
    assert len(ids(project)) == 2


def test_that_only_what_was_named_is_deleted_for_good(project):
    first, second = make_run(project), make_run(project)
    organising.delete_runs(project, ["1"])
    told = organising.trash(project)
    organising.delete_runs(project, ["2"])  # after the user was told of one

    organising.empty_trash(project, told.runs)

    assert organising.trash(project).runs == (second.name,)
    with pytest.raises(LensmithError, match="no run “1” in the trash"):
        organising.restore_runs(project, ["1"])
    assert first.name not in ids(project)


def test_that_a_process_that_died_while_emptying_leaves_nothing_that_looks_like_a_run(project):
    make_run(project)
    organising.delete_runs(project, ["1"])
    (run,) = organising.trash(project).runs
    trash = project / "runs" / ".trash"
    (trash / run).rename(trash / f".{run}")  # as it is renamed before its files go one by one
    assert organising.trash(project).runs == ()
    organising.empty_trash(project, ())
    assert list(trash.iterdir()) == []
