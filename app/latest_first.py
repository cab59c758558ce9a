"""Background threads that do what was asked last first, and never what nobody waits for any more."""

import threading
import time
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class LatestFirst(Generic[Key]):
    """``work(key)`` runs in one of ``threads`` threads; it hands on its own result (by a signal) and its own errors.

    The threads start with the first request. They keep the normal priority: a thread of low priority that holds
    the interpreter lock would make the window wait for it whenever the processors are busy training.
    """

    def __init__(self, name: str, work: Callable[[Key], None], threads: int = 1) -> None:
        self._work = work
        self._turn = threading.Condition()
        self._wanted: dict[Hashable, list[Key]] = {}  # by asker, the last of the last first
        self._running: set[Key] = set()
        self._closed = False
        self._threads = [threading.Thread(target=self._run, name=f"{name} {n}", daemon=True) for n in range(threads)]

    def ask(self, asker: Hashable, keys: Iterable[Key]) -> None:
        """Do ``keys``, the first one first, instead of whatever else ``asker`` still waits for."""
        with self._turn:
            if self._closed:
                return
            self._wanted.pop(asker, None)
            queue = [key for key in keys if key not in self._running]
            if not queue:
                return
            self._wanted[asker] = queue[::-1]
            self._turn.notify_all()
            for thread in self._threads:
                if thread.ident is None:
                    thread.start()

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self, seconds: float = 1.0) -> None:
        """End the threads. One that decodes a huge picture may outlast ``seconds``; its result goes nowhere."""
        with self._turn:
            self._closed = True
            self._wanted.clear()
            self._turn.notify_all()
        end = time.monotonic() + seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, end - time.monotonic()))

    def _run(self) -> None:
        while True:
            with self._turn:
                while not self._wanted and not self._closed:
                    self._turn.wait()
                if self._closed:
                    return
                key = self._next()
                if key in self._running:
                    continue
                self._running.add(key)
            try:
                self._work(key)
            finally:
                with self._turn:
                    self._running.discard(key)

    def _next(self) -> Key:
        asker = next(reversed(self._wanted))
        queue = self._wanted[asker]
        key = queue.pop()
        if not queue:
            del self._wanted[asker]
        return key
