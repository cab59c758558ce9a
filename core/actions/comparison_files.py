"""A comparison as a file to hand on: a page to read and print, a table of its runs, or all of it as data."""

import csv
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

import msgspec

from core.actions.advice import names_of
from core.actions.html_page import page, table
from core.actions.pareto_chart import STYLE, pareto_chart
from core.domain.comparison import Comparison, Group, Measured, Row
from core.domain.errors import LensmithError
from core.domain.units import duration
from core.domain.usage import EnergySource
from core.store.files import translated_errors, write_atomic

KINDS = (".html", ".csv", ".json")
_STYLE = STYLE + (
    ".advice{font-size:1.15em;border-left:4px solid #1F6FEB;padding-left:1rem}.warnings li{margin:.25rem 0}"
    "td:first-child{overflow-wrap:anywhere}"
)
_SPLITS = {"test": "test images", "val": "validation images"}


def save_comparison(comparison: Comparison, target: Path) -> None:
    """Write ``comparison`` to ``target``; its ending, one of ``KINDS``, says as what.

    Raises:
        LensmithError: another ending, or the file cannot be written.
    """
    makers = {".html": _page, ".csv": _table, ".json": _data}
    maker = makers.get(target.suffix.lower())
    if maker is None:
        raise LensmithError(
            f"A comparison cannot be saved as “{target.name}”.", f"Choose a name with {', '.join(KINDS)}."
        )
    with translated_errors(target):
        write_atomic(target, maker(comparison))


def _data(comparison: Comparison) -> bytes:
    return msgspec.json.format(msgspec.json.encode(comparison), indent=2)


def _table(comparison: Comparison) -> bytes:
    """One row a run; empty where nothing was measured."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [field for field in Row.__struct_fields__ if field != "metric"]
    measured = Measured.__struct_fields__
    writer.writerow([*names, "currency", *(f"metric_{name}" for name in measured)])
    for row in comparison.rows:
        metric = [getattr(row.metric, name) if row.metric else None for name in measured]
        writer.writerow([*(getattr(row, name) for name in names), comparison.currency, *metric])
    return text.getvalue().encode("utf-8-sig")  # with its mark, or spreadsheets misread every accent


def _page(comparison: Comparison) -> bytes:
    title = f"Comparison of {len(comparison.rows)} runs"
    body = [f"<h1>{title}</h1>"]
    if comparison.test_images:
        words = _SPLITS.get(comparison.split, comparison.split)
        body.append(f"<p>{escape(comparison.metric)} on the same {comparison.test_images:,} {words}.</p>")
    body.append(f"<p class='advice'>{escape(comparison.advice)}</p>")
    if comparison.warnings:
        lines = "".join(f"<li>{escape(warning)}</li>" for warning in comparison.warnings)
        body.append(f"<h2>To be known first</h2><ul class='warnings'>{lines}</ul>")
    sets = list(dict.fromkeys(row.test_set for row in comparison.rows if row.metric))
    for number, test_set in enumerate(sets, start=1):
        body += _one_set(comparison, test_set, f", test set {number} of {len(sets)}" if len(sets) > 1 else "")
    if others := [row for row in comparison.rows if row.metric is None]:
        body += ["<h2>Runs without a result</h2>", _runs(others, comparison)]
    if comparison.settings:
        names = [row.run for row in comparison.rows]
        rows = [(one.name.replace("_", " "), *(value or "–" for value in one.values)) for one in comparison.settings]
        body += ["<h2>Settings that differ</h2>", table(["setting", *names], rows)]
    body.append(
        "<p>Intervals hold the truth in 95 of 100 cases for other images of the same kind; they say nothing about other"
        " seeds. Runs that differ only in their seed are one group; its spread is the standard deviation over seeds."
        "</p>"
    )
    return page(title, body, _STYLE)


def _one_set(comparison: Comparison, test_set: str, which: str) -> list[str]:
    """Tables and chart of the runs that may be ranked among each other."""
    rows = [row for row in comparison.rows if row.metric and row.test_set == test_set]
    groups = [group for group in comparison.groups if group.test_set == test_set]
    body = [f"<h2>Runs{which}</h2>", _runs(rows, comparison)]
    if chart := pareto_chart(rows):
        words = f"{comparison.metric} against time, with 95 % intervals. Numbers are those of the runs."
        body.append(f"<figure>{chart}<figcaption>{escape(words)}</figcaption></figure>")
    names = names_of(comparison.groups)
    if any(len(group.runs) > 1 for group in groups):
        body += [f"<h2>Means over seeds{which}</h2>", _groups(groups, names, comparison.metric)]
    here = {group.runs[0] for group in groups}
    if lines := [
        (
            names[one.b],
            names[one.a],
            _points(one.value),
            f"{_points(one.low)} to {_points(one.high)}",
            _word(one.is_certain),
        )
        for one in comparison.differences
        if one.a in here
    ]:
        head = ["", "minus", "points", "95 % interval", "zero left out"]
        body += [f"<h2>Differences, paired over the same images{which}</h2>", table(head, lines)]
    return body


def _runs(rows: Sequence[Row], comparison: Comparison) -> str:
    """Only the columns in which something was measured."""
    columns = {
        "run": [row.run for row in rows],
        "mode": [row.mode for row in rows],
        "model": [row.model for row in rows],
        "seed": [str(row.seed) for row in rows],
        "state": [row.state for row in rows],
        f"{comparison.metric} (%)": [_percent(row.metric.value) if row.metric else "" for row in rows],
        "95 % interval": [_span(row.metric) for row in rows],
        "time": ["" if row.seconds is None else duration(row.seconds) for row in rows],
        "energy (kWh)": [_energy(row) for row in rows],
        f"cost ({comparison.currency})": [_figure(row.cost, 2) for row in rows],
        "memory (MB)": [_figure(row.peak_memory_mb, 0) for row in rows],
        "one picture (ms)": [_figure(row.latency_ms, 1) for row in rows],
        "ONNX (MB)": [_figure(row.size_mb, 1) for row in rows],
        "front": ["yes" if row.on_front else "" for row in rows],
    }
    used = {name: cells for name, cells in columns.items() if any(cells)}
    return table(list(used), [[cell or "–" for cell in line] for line in zip(*used.values(), strict=True)])


def _groups(groups: Sequence[Group], names: dict[str, str], metric: str) -> str:
    rows = [
        (
            names[group.runs[0]],
            len(group.runs),
            _percent(group.metric.value) if group.metric else "–",
            _span(group.metric) or "–",
            "–" if group.spread is None else _percent(group.spread),
            "–" if group.seconds is None else duration(group.seconds),
        )
        for group in groups
    ]
    return table(["training", "seeds", f"mean {metric} (%)", "95 % interval", "spread (points)", "mean time"], rows)


def _span(metric: Measured | None) -> str:
    if metric is None or metric.low is None or metric.high is None:
        return ""
    return f"{_percent(metric.low)} – {_percent(metric.high)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _energy(row: Row) -> str:
    estimated = " (estimate)" if row.energy_source is EnergySource.ESTIMATE else ""
    return f"{row.kwh:.2g}{estimated}" if row.kwh is not None else ""


def _figure(value: float | None, digits: int) -> str:
    if value is None:
        return ""
    return f"{value:,.{digits}f}" if value == 0 or value >= 10.0**-digits else f"{value:.2g}"


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def _word(flag: bool) -> str:
    return "yes" if flag else "no"
