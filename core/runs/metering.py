"""What an attempt takes from the machine, counted from inside the worker about once a second.

Energy of the processor: from its own counter (RAPL) where that may be read, else an estimate. Energy of a card: from
its own counter through NVIDIA's management library (NVML). Both counters are of the whole chip: what other programs
took meanwhile is in them. The parts about cards are written from documentation and tested on a pretended driver: not
run on CUDA.
"""

import contextlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from core.domain.usage import EnergySource, Usage

# Of a core at work, with its share of the processor's other parts. Source: Green Algorithms (Lannelongue, Grealey and
# Inouye, Advanced Science 2021), the calculator's value for a processor that it does not know.
WATTS_PER_CORE = 12.0
JOULES_PER_KWH = 3.6e6
_MEGABYTE = 1e6
_LOOK_FOR_CHILDREN = 3.0  # seconds; the list of all processes takes longer to read than everything else here


class Meter:
    """``sample`` about once a second, from any thread; ``usage`` at any time. Neither ever raises.

    ``nvml``: the module ``pynvml`` or what a test puts in its place, asked once ``use_cards`` named one.
    """

    def __init__(self, *, nvml: Any = None, powercap: Path = Path("/sys/class/powercap")) -> None:
        self._began = time.monotonic()
        self._slept = 0.0
        self._lock = threading.Lock()
        self._tree = _Tree()
        self._rapl = _Rapl(powercap)
        self._nvml = nvml
        self._cards: list[_Card] = []
        self._peak = 0.0

    def use_cards(self, device: str) -> None:
        """The run computes on ``device``: ``cuda:0``, or several with commas; anything else is no card."""
        if not device.startswith("cuda") or self._cards:
            return
        with contextlib.suppress(Exception):  # no driver library, or one that fails in a way of its own
            if self._nvml is None:
                import pynvml

                self._nvml = pynvml
            cards = [_Card(self._nvml, int(one.partition(":")[2] or 0)) for one in device.split(",")]
            with self._lock:
                self._cards = cards

    def sleep(self, seconds: float) -> None:
        """The machine or this process stood still for so long: it is not counted as time of the run."""
        with self._lock:
            self._slept += seconds

    def sample(self) -> None:
        with self._lock:
            self._tree.look()
            self._rapl.look()
            for card in self._cards:
                card.look()
            self._peak = max(self._peak, self._tree.memory, _own_peak())

    def usage(self) -> Usage:
        """Up to now; takes a sample first."""
        self.sample()
        with self._lock:
            measured = self._rapl.joules
            joules = self._tree.seconds * WATTS_PER_CORE if measured is None else measured
            source = EnergySource.ESTIMATE if measured is None else EnergySource.RAPL
            counted = [card.joules for card in self._cards if card.joules is not None]
            if counted:
                joules, source = joules + sum(counted), EnergySource.NVML
            gpu_memory = max((card.peak_memory for card in self._cards), default=0.0)
            return Usage(
                seconds=time.monotonic() - self._began - self._slept,
                kwh=joules / JOULES_PER_KWH,
                energy_source=source,
                peak_memory_mb=self._peak / _MEGABYTE,
                peak_gpu_memory_mb=gpu_memory / _MEGABYTE if gpu_memory else None,
            )


class _Tree:
    """This process and its children: ``seconds`` of processor time, resident ``memory`` in bytes.

    Pages that a child shares with its parent are counted once, as far as the system tells (Linux).
    """

    def __init__(self) -> None:
        self._self = psutil.Process()
        self._children: dict[psutil.Process, float] = {}  # seconds of processor time of each, also of those now gone
        self._looked_at = -_LOOK_FOR_CHILDREN
        self.seconds = self.memory = 0.0

    def look(self) -> None:
        own = self._self.cpu_times()
        waited_for = own.children_user + own.children_system  # children that are gone; 0 where the system does not tell
        self.memory, gone, alive = float(self._self.memory_info().rss), 0.0, 0.0
        self._look_for_children()
        for child, before in self._children.items():
            try:
                times, held = child.cpu_times(), child.memory_info()
            except psutil.Error:
                gone += before
                continue
            self._children[child] = times.user + times.system
            alive += self._children[child]
            self.memory += held.rss - getattr(held, "shared", 0)
        self.seconds = own.user + own.system + alive + max(gone, waited_for)

    def _look_for_children(self) -> None:
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_FOR_CHILDREN:
            self._looked_at = now
            with contextlib.suppress(psutil.Error):
                for child in self._self.children(recursive=True):
                    self._children.setdefault(child, 0.0)


class _Rapl:
    """Joules of all processor packages since the first look; ``None`` where the counters cannot be read (Linux only,
    and since 2020 mostly for root alone). Source: the kernel's Documentation/power/powercap/powercap.rst."""

    def __init__(self, powercap: Path) -> None:
        self._last: dict[Path, int] = {}
        self.joules: float | None = None
        with contextlib.suppress(OSError):
            for zone in sorted(powercap.glob("intel-rapl:*")):
                if zone.name.count(":") == 1 and (zone / "name").read_text().startswith("package"):
                    self._last[zone] = int((zone / "energy_uj").read_text())
                    self.joules = 0.0

    def look(self) -> None:
        for zone, before in self._last.items():
            with contextlib.suppress(OSError, ValueError):
                now = int((zone / "energy_uj").read_text())
                if now < before:  # the counter began again
                    before -= int((zone / "max_energy_range_uj").read_text())
                self._last[zone] = now
                self.joules = (self.joules or 0.0) + (now - before) / 1e6


class _Card:
    """Joules and the peak of memory of the card that PyTorch calls ``cuda:<index>``.

    CUDA and NVML may count cards differently: the right one is that on which NVML sees this process, which it cannot
    in some containers and under Windows, nor where other processes share the run; then the number decides, of the
    cards that ``CUDA_VISIBLE_DEVICES`` shows. Memory is that of this process where NVML tells it, else what the card
    holds beyond the first look.
    """

    def __init__(self, nvml: Any, index: int) -> None:
        self._nvml = nvml
        nvml.nvmlInit()
        count = nvml.nvmlDeviceGetCount()
        handles = [nvml.nvmlDeviceGetHandleByIndex(number) for number in range(count)]
        self._handle = next((handle for handle in handles if self._own_memory(handle)), handles[_number(index)])
        self._before = self._held()
        self._counter = self._energy()
        self._looked_at, self._sampled = time.monotonic(), 0.0
        self.joules: float | None = None
        self.peak_memory = 0.0

    def look(self) -> None:
        now = time.monotonic()
        with contextlib.suppress(Exception):  # a card that was lost has taken what it had taken
            if self._counter is not None:
                energy = self._energy()
                self.joules = self.joules if energy is None else (energy - self._counter) / 1000
            else:  # cards before Volta have no counter: their power, moment by moment
                self._sampled += self._nvml.nvmlDeviceGetPowerUsage(self._handle) / 1000 * (now - self._looked_at)
                self.joules = self._sampled
            own = self._own_memory(self._handle)
            self.peak_memory = max(self.peak_memory, own or self._held() - self._before)
        self._looked_at = now

    def _energy(self) -> int | None:
        """Millijoules since the driver was loaded."""
        try:
            return int(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle))
        except self._nvml.NVMLError:
            return None

    def _held(self) -> int:
        return int(self._nvml.nvmlDeviceGetMemoryInfo(self._handle).used)

    def _own_memory(self, handle: Any) -> int:
        with contextlib.suppress(self._nvml.NVMLError):
            for process in self._nvml.nvmlDeviceGetComputeRunningProcesses(handle):
                if process.pid == os.getpid():
                    return int(process.usedGpuMemory or 0)
        return 0


def _number(index: int) -> int:
    """NVML's number of ``cuda:<index>``: it counts all cards, CUDA only those that it is shown."""
    shown = [one.strip() for one in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")]
    return int(shown[index]) if index < len(shown) and shown[index].isdigit() else index


def _own_peak() -> float:
    """The most that this process ever held, in bytes, by the system's own count; 0 where it does not tell.

    ``ru_maxrss`` will not do: on Linux it begins with what the parent held.
    """
    if sys.platform == "win32":
        return float(psutil.Process().memory_info().peak_wset)
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) * 1024
    return 0.0
