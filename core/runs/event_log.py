"""``events.jsonl``: one event a line, appended by one writer, read by anybody at any time."""

import contextlib
import io
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import msgspec

from core.domain.event import Event, RunEvent
from core.store.files import translated_errors

EVENTS = "events.jsonl"
_PROGRESS = b'{"type":"progress"'  # how the line of a ``Progress`` begins

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


class EventLog:
    """Appends events to a file; every event is in the file, as one whole line, when ``append`` returns.

    An existing file is continued: a last line that a crash left torn is closed off, so that it can never swallow
    the next event, and numbering goes on after the highest number there. May be called from several threads.
    """

    def __init__(self, path: Path) -> None:
        events, torn = _scan(path)
        self._next = max((event.seq for event in events), default=-1) + 1
        self._torn = torn
        self._path = path
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)

    def append(self, event: RunEvent) -> RunEvent:
        """Write ``event`` with its ``seq`` and ``time`` filled in, and return it so.

        Raises ``LensmithError`` if the disk is full.
        """
        with self._lock:
            stamped = msgspec.structs.replace(event, seq=self._next, time=time.time())
            line = _encoder.encode(stamped) + b"\n"
            with translated_errors(self._path):
                self._write(b"\n" + line if self._torn else line)
            self._next += 1
            return stamped

    def _write(self, line: bytes) -> None:
        written = 0
        try:
            while written < len(line):
                written += os.write(self._file, line[written:])
        finally:
            if written:
                self._torn = written < len(line)

    def close(self) -> None:
        os.close(self._file)

    def __enter__(self) -> "EventLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class EventTail:
    """Reads what a file gained since the last look. ``skipped`` counts lines that are no event (torn by a crash)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.skipped = 0

    def poll(self) -> list[Event]:
        """The events whose lines were completed since the last call; none while the file does not exist."""
        return list(self.stream())

    def stream(self) -> Iterator[Event]:
        """Like ``poll``, one by one: of a long file no more than one event is in memory."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                fresh = file.read()
        except FileNotFoundError:
            return
        whole, newline, _rest = fresh.rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        for line in io.BytesIO(whole):
            if (event := self._decode(line.rstrip(b"\n"))) is not None:
                yield event

    def _decode(self, line: bytes) -> Event | None:
        if not line:
            return None
        try:
            return _decoder.decode(line)
        except msgspec.MsgspecError:
            self.skipped += 1
            return None


def read_events(path: Path) -> list[Event]:
    """All whole events of a file, in the order of their numbers; ``[]`` when there is no file yet."""
    return EventTail(path).poll()


def read_milestones(path: Path) -> Iterator[Event]:
    """What decides where a run stands: every event but progress, and the last progress of each stretch of it.

    Of a long run nearly all events are progress; they are not even decoded.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    waiting = b""
    for line in io.BytesIO(data[: data.rfind(b"\n") + 1]):
        if line.startswith(_PROGRESS):
            waiting = line
            continue
        for one in filter(None, (waiting, line)):
            with contextlib.suppress(msgspec.MsgspecError):
                yield _decoder.decode(one)
        waiting = b""
    if waiting:
        with contextlib.suppress(msgspec.MsgspecError):
            yield _decoder.decode(waiting)


def _scan(path: Path) -> tuple[list[Event], bool]:
    """The events of a file, and whether its last line lacks the end."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], False
    return read_events(path), bool(data) and not data.endswith(b"\n")
