import json
import threading
from pathlib import Path

import pytest

from core.domain.errors import LensmithError
from core.domain.event import LogLine, Progress, Started, Warned
from core.domain.event import Phase as Stretch
from core.domain.history import RunHistory
from core.runs import event_log
from core.runs.event_log import EventLog, EventTail, read_events, read_milestones


def texts(path: Path) -> list[str]:
    return [event.text for event in read_events(path) if isinstance(event, LogLine)]


def test_that_events_are_numbered_from_zero_and_numbering_goes_on_in_an_existing_file(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for text in ("one", "two"):
        with EventLog(path) as log:
            log.append(LogLine(text=text))
            log.append(LogLine(text=text))
    assert [event.seq for event in read_events(path)] == [0, 1, 2, 3]


def test_that_an_event_is_in_the_file_when_append_returns(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        appended = log.append(Progress(phase=Stretch.TRAINING, done=1, total=2, epoch=1, loss=0.5))
        assert read_events(path) == [appended]


@pytest.mark.parametrize("kept", range(1, 60, 7))
def test_that_a_line_torn_by_a_crash_is_skipped_and_never_swallows_the_next_event(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        log.append(LogLine(text="whole"))
    line = json.dumps({"type": "log", "seq": 1, "time": 0.0, "text": "torn by a crash in the middle"}).encode()
    path.write_bytes(path.read_bytes() + line[:kept])
    tail = EventTail(path)
    assert len(tail.poll()) == 1
    with EventLog(path) as log:
        log.append(LogLine(text="after"))
    assert [event.seq for event in tail.poll()] == [1]
    assert tail.skipped == 1
    assert texts(path) == ["whole", "after"]


def test_that_a_tail_gives_a_line_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tail = EventTail(path)
    assert tail.poll() == []
    with EventLog(tmp_path / "other") as log:
        log.append(LogLine(text="příliš žluťoučký"))
    line = (tmp_path / "other").read_bytes()
    for end in range(len(line)):
        path.write_bytes(line[:end])
        assert tail.poll() == []
    path.write_bytes(line)
    assert len(tail.poll()) == 1
    assert tail.poll() == []
    assert tail.skipped == 0


def test_that_order_is_that_of_numbers_when_the_clock_jumps_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    clock = iter([2_000_000_000.0, 1_000.0, 4_000_000_000.0, 0.0])
    monkeypatch.setattr(event_log.time, "time", lambda: next(clock))
    with EventLog(path) as log:
        for text in "abcd":
            log.append(LogLine(text=text))
    assert [(event.seq, event.text) for event in read_events(path)] == list(enumerate("abcd"))


def test_that_threads_never_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        threads = [
            threading.Thread(target=lambda: [log.append(Warned(cause="x" * 5000)) for _ in range(50)]) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    tail = EventTail(path)
    assert [event.seq for event in tail.poll()] == list(range(200))
    assert tail.skipped == 0


def test_that_an_event_cut_short_by_a_full_disk_is_closed_off_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    real_write = event_log.os.write

    def write_until_full(file: int, data: bytes) -> int:
        if len(data) <= 20:
            raise OSError(28, "No space left on device")
        return real_write(file, data[:20])

    with EventLog(path) as log:
        log.append(LogLine(text="before"))
        with monkeypatch.context() as full_disk:
            full_disk.setattr(event_log.os, "write", write_until_full)
            with pytest.raises(LensmithError, match="disk is full"):
                log.append(LogLine(text="lost"))
        log.append(LogLine(text="after"))
    assert texts(path) == ["before", "after"]
    assert [event.seq for event in read_events(path)] == [0, 1]


def test_that_milestones_tell_where_a_run_stands_as_all_events_do(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        log.append(Started(run="x", pid=1, epochs=3))
        for epoch in (1, 2):
            for batch in range(50):
                log.append(Progress(phase=Stretch.TRAINING, done=batch, total=50, epoch=epoch, loss=0.5))
            log.append(Warned(cause=f"In epoch {epoch}."))
    with path.open("ab") as file:
        file.write(b'{"type":"progress","phase":"train')  # the worker died in the middle of a line
    told = list(read_milestones(path))
    assert len(told) == 5
    assert RunHistory().extend(told) == RunHistory().extend(read_events(path))
    assert list(read_milestones(tmp_path / "none")) == []
