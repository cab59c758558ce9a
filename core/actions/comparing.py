"""Finished runs beside each other: what each reached and took, and how far they are apart on the same images."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import combinations
from statistics import fmean, stdev

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core.actions.advice import advice
from core.actions.evidence import Judged, judged_sets
from core.actions.reporting import DAMAGED, RunSummary, summary_or_damage
from core.domain.comparison import Comparison, Difference, Group, Measured, Row, Setting, pareto_front
from core.domain.errors import LensmithError
from core.domain.history import RunState
from core.domain.progress import Progress, silent
from core.domain.report import MAIN_METRIC, Report, SplitReport
from core.domain.run import RunSpec, RunWeights, weights_of
from core.domain.task import Split
from core.domain.usage import EnergySource, Prices, Usage, cost
from core.metrics import paired
from core.store.run_store import RunFolder, RunStore


class _Run(Struct, frozen=True, kw_only=True):
    """What its files tell about one run; of a damaged one only ``summary``."""

    folder: RunFolder
    summary: RunSummary
    spec: RunSpec | None = None
    report: Report | None = None


def compare_runs(
    runs: RunStore, ids: Sequence[str], prices: Prices, progress: Progress = silent, metric: str | None = None
) -> Comparison:
    """Compare the runs called ``ids``, in that order, by ``metric``; ``None``: the main one of their task.

    Rows, groups and differences are judged by the stored predictions on the test split, all with the same bootstrap
    draws. Where no run has a test split, by those on the validation split, with a warning. A run without readable
    predictions has its row, with the figures of its report, and no difference.

    Raises:
        LensmithError: no such run.
    """
    read: list[_Run] = []
    for name in dict.fromkeys(runs.get(one).id for one in ids):
        progress(len(read), len(ids), "Reading")
        read.append(_read(runs.get(name)))
    if metric is None:
        metric = next((MAIN_METRIC[run.spec.task] for run in read if run.spec), "")
    split = Split.TEST if any(run.report and run.report.test for run in read) else Split.VAL
    reported = [run.folder for run in read if run.report and _part(run.report, split)]
    judged, warnings = judged_sets(reported, split, metric, progress)
    rows = _with_front([_row(run, judged.get(run.folder.id), split, metric, prices) for run in read])
    groups = _groups(read, rows, judged)
    differences, unsure = _differences(groups, judged)
    return Comparison(
        rows=rows,
        differences=differences,
        advice=advice(groups, differences, {one.test_set: one.images for one in judged.values()}, split.value),
        groups=groups,
        warnings=(*_warnings(read, rows, split), *warnings, *unsure),
        currency=prices.currency,
        test_images=_test_images(read, rows, judged, split),
        metric=metric,
        split=split.value,
        settings=differing_settings([run.spec for run in read]),
    )


def _test_images(runs: Sequence[_Run], rows: Sequence[Row], judged: Mapping[str, Judged], split: Split) -> int:
    """How many images all figures rest on; 0 where they are not the same ones."""
    shown = [(run, row) for run, row in zip(runs, rows, strict=True) if row.metric is not None]
    counts = {
        judged[row.run].images if row.run in judged else part.images
        for run, row in shown
        if run.report and (part := _part(run.report, split))
    }
    return counts.pop() if len(counts) == 1 and len({row.test_set for _, row in shown}) == 1 else 0


def differing_settings(specs: Sequence[RunSpec | None]) -> tuple[Setting, ...]:
    """Only the settings in which ``specs`` differ, in the order of ``RunSpec``; ``None``: could not be read."""
    told = [_settings(spec) if spec else {} for spec in specs]
    known = [each for each, spec in zip(told, specs, strict=True) if spec]
    names = dict.fromkeys(name for each in known for name in each)
    return tuple(
        Setting(name, tuple(each.get(name, "") for each in told))
        for name in names
        if len({each.get(name, "") for each in known}) > 1
    )


def _settings(spec: RunSpec) -> dict[str, str]:
    """Every setting by name as text, those of the start among them."""
    found: dict[str, str] = {}
    for name, value in msgspec.to_builtins(spec).items():
        if name == "start":
            weights = weights_of(spec.start)
            found["mode"] = value["type"]
            if weights is not None:
                found["weights"] = f"run {weights.run}" if isinstance(weights, RunWeights) else weights.name
            found |= {key: _told(one) for key, one in value.items() if key not in ("type", "weights")}
        elif name == "snapshot":
            found["data"] = str(value)[:8]
        elif name == "data_use":
            use = spec.data_use
            found["images"] = f"{use.chosen} chosen, {use.mixed} mixed in" if use else "all"
        else:
            found[name] = _told(value)
    return found


def _told(value: object) -> str:
    if value is None:
        return "automatic"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _read(folder: RunFolder) -> _Run:
    summary = summary_or_damage(folder)
    if summary.state == DAMAGED:
        return _Run(folder=folder, summary=summary)
    return _Run(folder=folder, summary=summary, spec=folder.spec(), report=folder.report())


def _part(report: Report, split: Split) -> SplitReport | None:
    return report.test if split is Split.TEST else report.val


def _row(run: _Run, judged: Judged | None, split: Split, metric: str, prices: Prices) -> Row:
    summary, report = run.summary, run.report
    row = Row(
        run=run.folder.id,
        mode=summary.mode,
        model=summary.model,
        seed=run.spec.seed if run.spec else 0,
        state=summary.state,
        size_mb=summary.onnx_bytes / 1e6 if summary.onnx_bytes is not None else None,
    )
    if report is None:
        return row
    usage = report.usage or Usage(seconds=report.seconds_total)
    card = usage.peak_gpu_memory_mb
    return replace(
        row,
        metric=_measured(judged) if judged else _as_reported(_part(report, split), metric),
        seconds=usage.seconds,
        kwh=usage.kwh,
        cost=cost(usage, prices),
        peak_memory_mb=card if card is not None else usage.peak_memory_mb,
        latency_ms=report.latency_ms,
        energy_source=usage.energy_source,
        test_set=judged.test_set if judged else _test_set(run, split),
    )


def _test_set(run: _Run, split: Split) -> str:
    """As of a run that was judged; empty where its snapshot cannot be read either."""
    with suppress(LensmithError):
        return run.folder.snapshot().split_hash(split)
    return run.report.test_hash if run.report and split is Split.TEST else ""


def _measured(*judged: Judged) -> Measured:
    """Of one run, or the mean of several seeds."""
    figure = paired.mean([one.figure for one in judged])
    span = paired.interval(figure, judged[0].images)
    value = paired.value(figure)
    return Measured(
        name=judged[0].metric, value=value, low=span.low if span else None, high=span.high if span else None
    )


def _as_reported(part: SplitReport | None, metric: str) -> Measured | None:
    if part is None or metric not in part.metrics:
        return None
    span = part.intervals.get(metric)
    return Measured(
        name=metric, value=part.metrics[metric], low=span.low if span else None, high=span.high if span else None
    )


def _with_front(rows: Sequence[Row]) -> tuple[Row, ...]:
    front = set()
    for test_set in {row.test_set for row in rows}:
        same = [row for row in rows if row.test_set == test_set]
        flags = pareto_front([(row.seconds, row.metric.value if row.metric else None) for row in same])
        front |= {row.run for row, on_front in zip(same, flags, strict=True) if on_front}
    return tuple(replace(row, on_front=row.run in front) for row in rows)


def _groups(runs: Sequence[_Run], rows: Sequence[Row], judged: Mapping[str, Judged]) -> tuple[Group, ...]:
    """Runs with a metric that differ in nothing but their seed; one that was stopped early trained differently."""
    members: dict[tuple[RunSpec, str, bool], list[Row]] = {}
    for run, row in zip(runs, rows, strict=True):
        if run.spec is not None and row.metric is not None:
            key = (replace(run.spec, seed=0), row.test_set, row.state == RunState.STOPPED)
            members.setdefault(key, []).append(row)
    return tuple(_group(same, judged) for same in members.values())


def _group(rows: Sequence[Row], judged: Mapping[str, Judged]) -> Group:
    """Runs whose predictions cannot be read do not count in the metric, unless that is so for all."""
    sure = [judged[row.run] for row in rows if row.run in judged]
    metrics = [row.metric for row in rows if row.metric and (row.run in judged or not sure)]
    if sure:
        metric = _measured(*sure)
    else:
        metric = (
            metrics[0]
            if len(metrics) == 1
            else replace(metrics[0], value=fmean(m.value for m in metrics), low=None, high=None)
        )
    seconds = [row.seconds for row in rows if row.seconds is not None]
    return Group(
        runs=tuple(row.run for row in rows),
        mode=rows[0].mode,
        model=rows[0].model,
        metric=metric,
        spread=stdev(one.value for one in metrics) if len(metrics) > 1 else None,
        seconds=fmean(seconds) if seconds else None,
        test_set=rows[0].test_set,
    )


def _differences(
    groups: Sequence[Group], judged: Mapping[str, Judged]
) -> tuple[tuple[Difference, ...], tuple[str, ...]]:
    """Of every two groups on the same test images, the later minus the earlier; and why some are missing."""
    figures = {}
    for group in groups:
        if same := [judged[run] for run in group.runs if run in judged]:
            figures[group.runs[0]] = (paired.mean([one.figure for one in same]), same[0])
    found, missing = [], 0
    for (a, (figure_a, judged_a)), (b, (figure_b, judged_b)) in combinations(figures.items(), 2):
        if judged_a.test_set != judged_b.test_set:
            continue
        span = paired.difference(figure_a, figure_b, judged_a.images)
        if span is None:
            missing += 1
        else:
            value = paired.value(figure_b) - paired.value(figure_a)
            found.append(Difference(a=a, b=b, value=value, low=span.low, high=span.high))
    unsure = f"{missing} of the differences cannot be told: too few test images for an interval."
    return tuple(found), (unsure,) if missing else ()


def _warnings(runs: Sequence[_Run], rows: Sequence[Row], split: Split) -> list[str]:
    """What a reader of the rows must know before ranking them."""
    said = []
    for state in dict.fromkeys(row.state for row in rows if row.metric is None):
        names = [row.run for row in rows if row.metric is None and row.state == state]
        said.append(f"No result on the {split.value} split, state “{state}”: {', '.join(names)}.")
    if stopped := [row.run for row in rows if row.metric and row.state == RunState.STOPPED]:
        said.append(f"Stopped before the end, so not what these settings can reach: {', '.join(stopped)}.")
    if split is Split.VAL and any(row.metric for row in rows):
        said.append(
            "No run has a test split: all figures are on the validation images, which also chose the best epoch and"
            " flatter."
        )
    sets: dict[str, list[str]] = {}
    for row in rows:
        if row.metric is not None:
            sets.setdefault(row.test_set, []).append(row.run)
    if len(sets) > 1:
        parts = "; ".join(", ".join(names) for names in sets.values())
        said.append(f"Judged on different {split.value} images, so never to be ranked among each other: {parts}.")
    if guessed := [row.run for row in rows if row.energy_source is EnergySource.ESTIMATE]:
        said.append(f"Energy is estimated from time, not measured: {', '.join(guessed)}.")
    if unsure := [row.run for row in rows if row.metric is not None and row.metric.low is None]:
        said.append(f"No interval, for too few images: {', '.join(unsure)}.")
    damaged = [f"{run.folder.id}: {run.summary.reason}" for run in runs if run.summary.state == DAMAGED]
    return said + damaged
