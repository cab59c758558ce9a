"""prices, and train --probe: what a run costs."""

import argparse
from pathlib import Path
from typing import Any

import msgspec

from core.actions.pricing import read_prices, write_prices
from core.actions.probing import ProbeResult, probe_run
from core.actions.projects import project_to_train
from core.cli import console
from core.domain.errors import LensmithError
from core.domain.units import duration
from core.domain.usage import EnergySource, Prices, Usage, cost
from core.training.plan import Choices

SOURCES = {EnergySource.NVML: "counted by the card", EnergySource.RAPL: "counted by the processor"}


def prices(options: argparse.Namespace) -> int:
    """Without options, show them."""
    given = {"kwh": options.kwh, "machine_hour": options.hour, "currency": options.currency}
    changed = {name: value for name, value in given.items() if value is not None}
    known = msgspec.structs.replace(read_prices(), **changed)
    if changed:
        write_prices(known)
    if options.json:
        console.print_json(known)
    else:
        console.out.print(
            f"{known.kwh:g} {known.currency} per kWh, {known.machine_hour:g} {known.currency} per machine hour"
        )
    return 0


def probe(options: argparse.Namespace, choices: Choices) -> int:
    """Print what a run with these choices would take; nothing is trained. Exit code 1 when it does not fit."""
    with project_to_train(Path(options.project)) as store, console.progress_bar() as progress:
        found = probe_run(store, options.model, choices, options.weights, progress)
    known = read_prices()
    if options.json:
        price = _cost(found, known)
        told: dict[str, Any] = {**msgspec.to_builtins(found), "cost": price, "currency": known.currency}
        console.print_json(told)
    else:
        _print(found, known)
    return 0 if found.fits else 1


def _print(found: ProbeResult, known: Prices) -> None:
    for warning in found.warnings:
        console.err.print(f"[yellow]![/yellow] {console.escape(warning)}")
    if found.obstacle is not None:
        console.print_error(LensmithError(found.obstacle.cause, found.obstacle.remedy))
        return
    rows = [
        ("one epoch", *(_duration(value) for value in (found.seconds_per_epoch, found.low, found.high))),
        ("whole run", *(_duration(value) for value in (found.total_seconds, found.total_low, found.total_high))),
    ]
    console.print_table(["", "about", "at least", "at most"], rows)
    parts = [found.device, f"batch {found.batch_size}"]
    if found.peak_memory_mb is not None:
        parts.append(f"{found.peak_memory_mb / 1000:.1f} GB of memory")
    if found.peak_gpu_memory_mb is not None:
        parts.append(f"{found.peak_gpu_memory_mb / 1000:.1f} GB of the card's")
    if found.kwh is not None:
        parts.append(f"{found.kwh:.3g} kWh ({SOURCES.get(found.energy_source, 'estimated')})")  # type: ignore[arg-type]
    price = _cost(found, known)
    if price is not None:
        parts.append(f"{price:.2f} {known.currency}")
    console.out.print(" · ".join(parts))


def _cost(found: ProbeResult, known: Prices) -> float | None:
    return None if found.total_seconds is None else cost(Usage(seconds=found.total_seconds, kwh=found.kwh), known)


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)
