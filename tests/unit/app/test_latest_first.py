"""Threads that do the newest request first."""

import threading

from app.latest_first import LatestFirst

LONG = 20  # seconds; reached only by a failure


class Worker:
    """Notes what was done; the work on "gate" lasts until ``opened``."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.begun, self.opened, self.last = threading.Event(), threading.Event(), threading.Event()
        self.threads = LatestFirst("test", self._work)

    def _work(self, key: str) -> None:
        if key == "gate":
            self.begun.set()
            assert self.opened.wait(LONG)
        self.done.append(key)
        if key == "last":
            self.last.set()

    def finish(self) -> list[str]:
        """What was done after the gate."""
        self.threads.ask("end", [])
        self.opened.set()
        assert self.last.wait(LONG)
        self.threads.close()
        return self.done[1:]


def at_the_gate() -> Worker:
    worker = Worker()
    worker.threads.ask("gate", ["gate"])
    assert worker.begun.wait(LONG)
    return worker


def test_that_what_was_asked_last_is_done_first_and_each_list_from_its_start() -> None:
    worker = at_the_gate()
    worker.threads.ask("old", ["c", "last"])
    worker.threads.ask("new", ["a", "b"])

    assert worker.finish() == ["a", "b", "c", "last"]


def test_that_a_new_list_of_the_same_asker_replaces_what_was_not_begun() -> None:
    worker = at_the_gate()
    worker.threads.ask("gallery", ["scrolled", "away", "stays"])
    worker.threads.ask("gallery", ["stays", "last"])

    assert worker.finish() == ["stays", "last"]


def test_that_what_is_being_made_is_not_begun_again() -> None:
    worker = at_the_gate()
    worker.threads.ask("gallery", ["gate", "last"])

    assert worker.finish() == ["last"]


def test_that_closing_ends_the_threads_and_forgets_the_rest() -> None:
    worker = at_the_gate()
    worker.threads.ask("gallery", ["never"])
    worker.threads.close(0)
    worker.opened.set()
    worker.threads.close(LONG)
    worker.threads.ask("gallery", ["after the end"])

    assert worker.done == ["gate"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("test ")]


def test_that_nothing_runs_before_the_first_request() -> None:
    threads = LatestFirst("idle", lambda key: None, threads=2)

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("idle ")]
    threads.close()
