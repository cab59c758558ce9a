"""The file of the queue: changed by many at once, read by anybody."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.domain.errors import LensmithError
from core.domain.queue import Queue, QueueEntry, with_entries, without
from core.store.queue_file import QUEUE, change_queue, read_queue


def test_that_of_changes_made_at_the_same_time_none_is_lost(tmp_path: Path) -> None:
    def work(worker: int) -> None:
        for number in range(10):
            entry = QueueEntry(run=f"{worker}-{number}")
            change_queue(tmp_path, lambda queue, entry=entry: with_entries(queue, [entry]))
            if number % 2:
                change_queue(tmp_path, lambda queue, number=number: without(queue, [f"{worker}-{number}"]))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    left = {entry.run for entry in read_queue(tmp_path).entries}
    assert left == {f"{worker}-{number}" for worker in range(4) for number in range(0, 10, 2)}


def test_that_a_change_that_is_refused_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    change_queue(tmp_path, lambda queue: with_entries(queue, [QueueEntry(run="a")]))
    before = (tmp_path / "runs" / QUEUE).read_bytes()

    def refuse(queue: Queue) -> Queue:
        raise LensmithError("No.")

    with pytest.raises(LensmithError, match="No"):
        change_queue(tmp_path, refuse)
    assert (tmp_path / "runs" / QUEUE).read_bytes() == before
    assert change_queue(tmp_path, lambda queue: queue).find("a") is not None, "the lock is free again"


def test_that_a_queue_of_a_newer_lensmith_and_a_damaged_one_are_told_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "runs" / QUEUE
    path.parent.mkdir()
    for text, words in (('{"schema_version": 2}', "newer Lensmith"), ("{", "damaged")):
        path.write_text(text)
        with pytest.raises(LensmithError, match=words):
            change_queue(tmp_path, lambda queue: Queue())
        assert path.read_text() == text
