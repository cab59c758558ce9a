"""How busy this machine is now: processor, memory, and NVIDIA cards through the driver's management library (NVML).

The part about cards is written from NVIDIA's documentation and tested on a pretended driver: not run on CUDA.
"""

import contextlib
import math
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
from msgspec import Struct

RETRY_SECONDS = 30.0  # between two tries to reach a driver that does not answer
_FIRST_SAMPLE = 0.1  # seconds; a share of time needs a stretch of time, and the first reading has no other
# What a card says about a value that it does not have; anything else means that the card itself is in trouble.
_NO_VALUE = ("NOT_SUPPORTED", "NO_PERMISSION", "FUNCTION_NOT_FOUND", "NO_DATA")


class GpuReading(Struct, frozen=True, kw_only=True):
    """One NVIDIA card; ``None`` where its driver does not tell."""

    index: int  # the driver's own count, from 0
    name: str
    utilisation: int | None  # % of the last stretch in which at least one kernel ran
    memory_used: int | None  # bytes
    memory_total: int | None
    temperature: int | None  # °C
    power: float | None  # W


class WorkerReading(Struct, frozen=True, kw_only=True):
    """One process with all its children. Memory that they share counts several times."""

    cpu: float  # % of all processors together
    memory: int  # bytes, resident


class MachineReading(Struct, frozen=True, kw_only=True):
    """``gpus``: the cards that answer; ``trouble``: one sentence why there are fewer than there should be, or empty.

    ``worker`` is ``None`` unless a process was asked about and lives.
    """

    processors: int
    cpu: float  # % of all processors together
    memory_used: int  # bytes that nobody else can have
    memory_total: int
    gpus: tuple[GpuReading, ...] = ()
    trouble: str = ""
    worker: WorkerReading | None = None


class Driver:
    """The NVIDIA driver, reached once and kept; one that fails is tried again every ``RETRY_SECONDS``, never faster.

    ``api``: the module ``pynvml`` or what a test puts in its place. May be asked by several threads: while the
    driver keeps one of them waiting for longer than ``patience`` seconds, the others are told so.
    """

    def __init__(self, api: Any = None, *, clock: Callable[[], float] = time.monotonic, patience: float = 1.0) -> None:
        self._api = api
        self._clock = clock
        self._patience = patience
        self._turn = threading.Lock()
        self._connected = False
        self._tried_at = -math.inf
        self._trouble = ""
        self._most_cards = 0

    def read(self) -> tuple[tuple[GpuReading, ...], str]:
        """The cards that answer, and one sentence of trouble, empty if there is none. Never raises."""
        if not self._turn.acquire(timeout=self._patience):
            return (), "The NVIDIA driver does not answer."
        try:
            if self._trouble or not self._connected:
                self._connect_if_due()
            cards: tuple[GpuReading, ...] = ()
            if self._connected:
                cards, self._trouble = self._look()
            return cards, self._trouble
        finally:
            self._turn.release()

    def _connect_if_due(self) -> None:
        if self._clock() - self._tried_at < RETRY_SECONDS:
            return
        self._tried_at = self._clock()
        try:
            if self._api is None:
                import pynvml

                self._api = pynvml
            if self._connected:  # a driver that was reset forgets who had been connected, and says so at any call
                self._connected = False
                with contextlib.suppress(Exception):
                    self._api.nvmlShutdown()
            self._api.nvmlInit()
            self._connected = True
        except Exception as error:  # a broken driver library fails in ways of its own
            self._trouble = f"No NVIDIA driver answers ({_words(error)})."

    def _look(self) -> tuple[tuple[GpuReading, ...], str]:
        try:
            count = self._api.nvmlDeviceGetCount()
        except Exception as error:
            return (), f"The NVIDIA driver no longer answers ({_words(error)})."
        self._most_cards = max(self._most_cards, count)
        cards, complaint = [], "it is no longer listed"
        for index in range(count):
            try:
                cards.append(self._card(index))
            except Exception as error:
                complaint = _words(error)
        if not self._most_cards:
            return (), "The NVIDIA driver lists no card."
        lost = self._most_cards - len(cards)
        if not lost:
            return tuple(cards), ""
        if self._most_cards == 1:
            return (), f"The NVIDIA card no longer answers ({complaint})."
        return tuple(cards), (
            f"{lost} of {self._most_cards} NVIDIA cards no longer {'answers' if lost == 1 else 'answer'} ({complaint})."
        )

    def _card(self, index: int) -> GpuReading:
        api = self._api
        handle = api.nvmlDeviceGetHandleByIndex(index)
        name = api.nvmlDeviceGetName(handle)
        use = self._value(lambda: api.nvmlDeviceGetUtilizationRates(handle).gpu)
        memory = self._value(lambda: api.nvmlDeviceGetMemoryInfo(handle))
        milliwatts = self._value(lambda: api.nvmlDeviceGetPowerUsage(handle))
        return GpuReading(
            index=index,
            name=name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name),
            utilisation=use,
            memory_used=None if memory is None else int(memory.used),
            memory_total=None if memory is None else int(memory.total),
            temperature=self._value(lambda: api.nvmlDeviceGetTemperature(handle, api.NVML_TEMPERATURE_GPU)),
            power=None if milliwatts is None else milliwatts / 1000,
        )

    def _value(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except self._api.NVMLError as error:
            if error.value in {getattr(self._api, f"NVML_ERROR_{name}") for name in _NO_VALUE}:
                return None
            raise


_driver = Driver()
_this_thread = threading.local()
_known_processes: dict[psutil.Process, psutil.Process] = {}  # psutil measures shares of time from call to call


def read_machine(pid: int | None = None, driver: Driver | None = None) -> MachineReading:
    """One look, in some milliseconds (a tenth of a second when a thread asks first). ``pid``: a worker to look at too.

    Shares of time are of the stretch since the same thread last asked. Never raises.
    """
    memory = psutil.virtual_memory()
    gpus, trouble = (driver or _driver).read()
    return MachineReading(
        processors=os.cpu_count() or 1,
        cpu=_processor_use(),
        memory_used=memory.total - memory.available,
        memory_total=memory.total,
        gpus=gpus,
        trouble=trouble,
        worker=None if pid is None else _worker(pid),
    )


def _processor_use() -> float:
    asked_before = getattr(_this_thread, "asked", False)
    _this_thread.asked = True
    return float(psutil.cpu_percent(interval=None if asked_before else _FIRST_SAMPLE))


def _worker(pid: int) -> WorkerReading | None:
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.Error:
        _known_processes.clear()
        return None
    kept = {process: _known_processes.get(process, process) for process in tree}
    _known_processes.clear()
    _known_processes.update(kept)
    cpu, memory = 0.0, 0
    for process in kept.values():
        with contextlib.suppress(psutil.Error):  # it ended while we looked
            cpu += process.cpu_percent()
            memory += process.memory_info().rss
    return WorkerReading(cpu=cpu / (os.cpu_count() or 1), memory=memory)


def _words(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "").rstrip(".") or type(error).__name__
