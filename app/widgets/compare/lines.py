"""A comparison as lines of a table: runs, and groups of seeds with their runs below. Pure."""

import math
from collections.abc import Callable, Collection, Iterable

from msgspec import Struct
from PySide6.QtCore import QCoreApplication

from app.widgets.metric_words import UNDEFINED
from app.widgets.run.run_words import mode_title, model_title
from core.domain.comparison import Comparison, Group, Measured, Row
from core.domain.run import number_of
from core.domain.usage import EnergySource

translate = QCoreApplication.translate
SECONDS_UP_TO, MINUTES_UP_TO = 120.0, 36_000.0  # of the longest run in a table


class Line(Struct, frozen=True, kw_only=True):
    """One run, or several that differ in nothing but their seed: then figures are means of those that are known.

    ``look``: index of colour, dash and marker; the seeds of a group share one. ``group``: key of the line above.
    """

    key: str
    runs: tuple[str, ...]
    mode: str
    model: str
    look: int
    seed: int | None = None
    group: str = ""
    metric: Measured | None = None
    spread: float | None = None
    seconds: float | None = None
    kwh: float | None = None
    cost: float | None = None
    peak_memory_mb: float | None = None
    latency_ms: float | None = None
    size_mb: float | None = None
    is_estimate: bool = False  # of energy
    state: str = ""

    @property
    def is_group(self) -> bool:
        return len(self.runs) > 1


def lines_of(comparison: Comparison) -> list[Line]:
    """In the order of the rows; a group stands where its first run stood, its runs follow it."""
    rows = {row.run: row for row in comparison.rows}
    groups = {run: group for group in comparison.groups if len(group.runs) > 1 for run in group.runs}
    lines: list[Line] = []
    look = 0
    seen: set[str] = set()
    for row in comparison.rows:
        if row.run in seen:
            continue
        group = groups.get(row.run)
        members = [rows[run] for run in group.runs if run in rows] if group else [row]
        seen |= {member.run for member in members}
        if group is not None and len(members) > 1:
            lines.append(_group_line(group, members, look))
            lines += [_run_line(member, look, group=key_of_group(group)) for member in members]
        else:
            lines += [_run_line(member, look) for member in members]
        look += 1
    return lines


def key_of_group(group: Group) -> str:
    return f"seeds of {group.runs[0]}"


def title_of(line: Line) -> str:
    """``7 · Fine-tune YOLOv8n``; ``Fine-tune YOLOv8n, 3 seeds``."""
    words = f"{mode_title(line.mode)} {model_title(line.model)}"
    if line.is_group:
        return translate("Compare", "{0}, %n seed(s)", "", len(line.runs)).format(words)
    return f"{number_of(line.runs[0])} · {words}"


def short_titles(lines: Iterable[Line]) -> dict[str, str]:
    """By key: without the model where all have the same, without the mode where that is so."""
    lines = list(lines)
    words, titles = _words(lines), {}
    for line in lines:
        if line.is_group:
            titles[line.key] = translate("Compare", "{0}, %n seed(s)", "", len(line.runs)).format(words[line.key])
        elif line.group:
            told = translate("Compare", "{0} · {1}, seed {2}")
            titles[line.key] = told.format(number_of(line.key), words[line.key], line.seed)
        else:
            titles[line.key] = f"{number_of(line.key)} · {words[line.key]}"
    return titles


def names_in_differences(lines: Iterable[Line]) -> dict[str, str]:
    """By run id, as short as can be: the words that tell them apart, else the numbers; a group by its first run."""
    lines = [line for line in lines if not line.group]
    words = _words(lines)
    unique = len(set(words.values())) == len(lines)
    return {line.runs[0]: words[line.key] if unique else str(number_of(line.runs[0])) for line in lines}


def _words(lines: list[Line]) -> dict[str, str]:
    """Mode and model of each line by key, without what all have in common."""
    models, modes = len({line.model for line in lines}) > 1, len({line.mode for line in lines}) > 1
    return {
        line.key: " ".join([mode_title(line.mode)] * (modes or not models) + [model_title(line.model)] * models)
        for line in lines
    }


def apart(comparison: Comparison) -> set[str]:
    """Runs judged on other images than most, or than the newest of as many; those not judged are apart from nobody."""
    sets: dict[str, list[str]] = {}
    for row in comparison.rows:
        if row.metric is not None:
            sets.setdefault(row.test_set, []).append(row.run)
    most = max(sets.values(), key=lambda runs: (len(runs), max(map(number_of, runs))), default=[])
    return {run for runs in sets.values() if runs is not most for run in runs}


def scale_of(lines: Collection[Line]) -> tuple[float, float]:
    """What intervals are drawn on: whole tenths around all of them."""
    shown = [line.metric for line in lines if line.metric is not None]
    ends = [end for one in shown for end in (one.value, one.low, one.high) if end is not None]
    if not ends:
        return 0.0, 1.0
    low = max(math.floor(min(ends) * 10 + 1e-9) / 10, 0.0)
    high = min(math.ceil(max(ends) * 10 - 1e-9) / 10, 1.0)
    return (low, high) if high > low else (max(low - 0.1, 0.0), max(high, 0.1))


def time_unit(longest: float) -> tuple[str, float]:
    """Name and seconds of the unit that a column of times is written in."""
    if longest <= SECONDS_UP_TO:
        return "s", 1.0
    return ("min", 60.0) if longest <= MINUTES_UP_TO else ("h", 3600.0)


def decimals(values: Iterable[float | None]) -> int:
    """How many all values of a column are written with: as many as the smallest one needs, at most three."""
    least = min((abs(value) for value in values if value), default=100.0)
    return next((digits for digits, floor in ((0, 100.0), (1, 1.0), (2, 0.1)) if least >= floor), 3)


def written(value: float | None, digits: int) -> str:
    return UNDEFINED if value is None else f"{value:,.{digits}f}"


def best_of(lines: Iterable[Line], value: Callable[[Line], float | None], *, highest: bool) -> set[str]:
    """Keys of the lines with the best value of a column; none where all are equal, or only one has a value.

    Groups count, and runs that belong to none. ``value``: as it is written, for what cannot be seen is no difference.
    """
    known = [(line.key, number) for line in lines if not line.group and (number := value(line)) is not None]
    numbers = {number for _, number in known}
    if len(numbers) < 2:
        return set()
    best = max(numbers) if highest else min(numbers)
    return {key for key, number in known if number == best}


def _run_line(row: Row, look: int, group: str = "") -> Line:
    return Line(
        key=row.run,
        runs=(row.run,),
        mode=row.mode,
        model=row.model,
        look=look,
        seed=row.seed,
        group=group,
        metric=row.metric,
        seconds=row.seconds,
        kwh=row.kwh,
        cost=row.cost,
        peak_memory_mb=row.peak_memory_mb,
        latency_ms=row.latency_ms,
        size_mb=row.size_mb,
        is_estimate=row.energy_source is EnergySource.ESTIMATE,
        state=row.state,
    )


def _group_line(group: Group, members: list[Row], look: int) -> Line:
    def mean(name: str) -> float | None:
        known = [value for member in members if (value := getattr(member, name)) is not None]
        return sum(known) / len(known) if known else None

    return Line(
        key=key_of_group(group),
        runs=tuple(member.run for member in members),
        mode=group.mode,
        model=group.model,
        look=look,
        metric=group.metric,
        spread=group.spread,
        seconds=group.seconds if group.seconds is not None else mean("seconds"),
        kwh=mean("kwh"),
        cost=mean("cost"),
        peak_memory_mb=mean("peak_memory_mb"),
        latency_ms=mean("latency_ms"),
        size_mb=mean("size_mb"),
        is_estimate=any(member.energy_source is EnergySource.ESTIMATE for member in members),
    )
