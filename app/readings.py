"""Readings of the machine every two seconds, as long as somebody looks."""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from PySide6.QtCore import QObject, Signal

from core.actions.readings import MachineReading, read_machine

PERIOD = 2.0  # seconds
KEPT = 120  # readings: four minutes
LONGEST_GOODBYE = 0.5  # seconds


class Readings(QObject):
    """``recent`` holds the last readings, oldest first; ``worker`` may be set at any time to a process to look at too.

    The thread is Python's and not Qt's: a driver that hangs would keep a ``QThread`` from ever ending, and with it
    the window from closing; this one is left behind then, and what it says later is not heard.
    """

    changed = Signal(object)  # MachineReading, in the window's thread
    _seen = Signal(object, object)  # whose, MachineReading

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        read: Callable[[int | None], MachineReading] = read_machine,
        period: float = PERIOD,
    ) -> None:
        super().__init__(parent)
        self.recent: deque[MachineReading] = deque(maxlen=KEPT)
        self.worker: int | None = None
        self._read = read
        self._period = period
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        self._seen.connect(self._keep)

    def start(self) -> None:
        """Begin to look, at once and then every two seconds; nothing new when that goes on already."""
        if self._thread is not None:
            return
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, args=(self._over,), name="readings", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No reading is told once this returns, within half a second. May be called twice, and ``start`` again."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(LONGEST_GOODBYE)
            self._thread = None

    def _look(self, over: threading.Event) -> None:
        while not over.is_set():
            reading = self._read(self.worker)
            if over.is_set():
                return
            with suppress(RuntimeError):  # the window is gone without having said goodbye
                self._seen.emit(over, reading)
            over.wait(self._period)

    def _keep(self, whose: threading.Event, reading: MachineReading) -> None:
        """In the window's thread. A reading that was under way when ``stop`` was called is not told any more."""
        if whose is self._over and not whose.is_set():
            self.recent.append(reading)
            self.changed.emit(reading)
