"""A pretended NVIDIA driver for machines without a card: what ``pynvml`` offers, with faults on demand."""

import threading
from types import SimpleNamespace
from typing import Any

import pynvml

GIGABYTE = 2**30


class PretendedCard:
    """``unsupported``: functions of NVML that this card does not know; ``error``: what every question to it raises."""

    def __init__(self, name: str | bytes, total: int = 24 * GIGABYTE) -> None:
        self.name, self.total = name, total
        self.use, self.used, self.degrees, self.milliwatts = 92, 18 * GIGABYTE, 71, 212_500
        self.millijoules = 5_000_000  # since the driver was loaded
        self.processes: dict[int, int] = {}  # process id -> bytes of the card's memory
        self.unsupported: set[str] = set()
        self.error: int | None = None


class PretendedDriver:
    """Stands in for the module ``pynvml``; constants and errors are its own.

    ``error``: what connecting and every question raises; ``wait``: a question waits for it, as a driver that hangs.
    """

    def __init__(self, *cards: PretendedCard) -> None:
        self.cards = list(cards)
        self.error: int | None = None
        self.connections = 0
        self.open = False
        self.wait: threading.Event | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("NVML"):
            return getattr(pynvml, name)
        raise AttributeError(name)

    def nvmlInit(self) -> None:  # noqa: N802 (NVML's name, as all below)
        self.connections += 1
        self._fail(self.error)
        self.open = True

    def nvmlShutdown(self) -> None:  # noqa: N802
        self._fail(self.error)
        self.open = False

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        if self.wait is not None:
            self.wait.wait()
        self._fail(self.error)
        self._fail(None if self.open else pynvml.NVML_ERROR_UNINITIALIZED)
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> PretendedCard:  # noqa: N802
        self._fail(self.cards[index].error)
        return self.cards[index]

    def nvmlDeviceGetName(self, card: PretendedCard) -> str | bytes:  # noqa: N802
        return card.name

    def nvmlDeviceGetUtilizationRates(self, card: PretendedCard) -> SimpleNamespace:  # noqa: N802
        self._ask(card, "use")
        return SimpleNamespace(gpu=card.use, memory=0)

    def nvmlDeviceGetMemoryInfo(self, card: PretendedCard) -> SimpleNamespace:  # noqa: N802
        self._ask(card, "memory")
        return SimpleNamespace(used=card.used, total=card.total, free=card.total - card.used)

    def nvmlDeviceGetTemperature(self, card: PretendedCard, sensor: int) -> int:  # noqa: N802
        assert sensor == pynvml.NVML_TEMPERATURE_GPU
        self._ask(card, "temperature")
        return card.degrees

    def nvmlDeviceGetPowerUsage(self, card: PretendedCard) -> int:  # noqa: N802
        self._ask(card, "power")
        return card.milliwatts

    def nvmlDeviceGetTotalEnergyConsumption(self, card: PretendedCard) -> int:  # noqa: N802
        self._ask(card, "energy")
        return card.millijoules

    def nvmlDeviceGetComputeRunningProcesses(self, card: PretendedCard) -> list[SimpleNamespace]:  # noqa: N802
        self._ask(card, "processes")
        return [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in card.processes.items()]

    def _ask(self, card: PretendedCard, value: str) -> None:
        self._fail(card.error)
        self._fail(pynvml.NVML_ERROR_NOT_SUPPORTED if value in card.unsupported else None)

    def _fail(self, error: int | None) -> None:
        if error is not None:
            raise pynvml.NVMLError(error)
