"""What a run took from the machine, and what that costs."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct


class EnergySource(StrEnum):
    """Who counted the energy; an estimate is never shown as if it were measured."""

    NVML = "nvml"  # the card's own counter; the rest of the machine is estimated
    RAPL = "rapl"  # the processor's own counter
    ESTIMATE = "estimate"  # time × the power that a processor of this size usually takes


class Usage(Struct, frozen=True, kw_only=True):
    """Of one run, all attempts together. ``None``: could not be measured here."""

    seconds: float  # wall time
    kwh: float | None = None
    energy_source: EnergySource | None = None
    peak_memory_mb: float | None = None  # main memory of the worker and its children, 10**6 bytes
    peak_gpu_memory_mb: float | None = None


def together(usages: Iterable[Usage]) -> Usage | None:
    """Of several attempts; ``None`` of none. Where one was estimated, the sum is called an estimate."""
    every = list(usages)
    if not every:
        return None
    energies = [one.kwh for one in every if one.kwh is not None]
    sources = {one.energy_source for one in every} - {None}
    return Usage(
        seconds=sum(one.seconds for one in every),
        kwh=sum(energies) if energies else None,
        energy_source=sources.pop() if len(sources) == 1 else EnergySource.ESTIMATE if sources else None,
        peak_memory_mb=max((one.peak_memory_mb for one in every if one.peak_memory_mb is not None), default=None),
        peak_gpu_memory_mb=max(
            (one.peak_gpu_memory_mb for one in every if one.peak_gpu_memory_mb is not None), default=None
        ),
    )


class Prices(Struct, frozen=True, kw_only=True):
    """What the user pays. ``currency``: an ISO 4217 code; both prices in it."""

    kwh: float = 0.0
    machine_hour: float = 0.0
    currency: str = "EUR"


def cost(usage: Usage, prices: Prices) -> float | None:
    """In the currency of ``prices``; ``None`` where nothing has a price, or energy has one and was not counted."""
    if not prices.kwh and not prices.machine_hour:
        return None
    if prices.kwh and usage.kwh is None:
        return None
    return usage.seconds / 3600 * prices.machine_hour + (usage.kwh or 0.0) * prices.kwh
