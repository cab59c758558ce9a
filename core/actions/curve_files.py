"""Everything as CSV: all runs of a project, a row each; the curves of one run, a row an epoch or a batch."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from core.actions.reporting import history_of, summary_of
from core.domain.errors import LensmithError
from core.domain.event import Event, Finished, Phase, Progress, Resumed, Started
from core.domain.history import RunHistory
from core.domain.report import Report, SplitReport
from core.domain.run import CatalogueWeights, FromScratch, RunSpec, RunWeights, Start, VaultWeights, mode_of, number_of
from core.domain.usage import Usage
from core.runs.event_log import EVENTS, EventTail, read_milestones
from core.store.files import translated_errors, write_atomic
from core.store.run_notes import read_notes
from core.store.run_store import RunFolder, RunStore

_SPLITS = ("val", "test")
_SETTINGS = [name for name in RunSpec.__struct_fields__ if name not in ("schema_version", "start")]
Row = dict[str, object]


class _Times(Struct, frozen=True):
    """Unix seconds; 0 where a run has not come to it."""

    began: float = 0.0
    ended: float = 0.0


def save_runs(project: Path, target: Path) -> int:
    """Write all runs, oldest first: settings, metrics, times, notes. Returns how many.

    One that cannot be read stands there with what its name tells, and why.
    """
    rows = [_run_row(run) for run in RunStore(project).list()]
    _save(target, rows)
    return len(rows)


def save_curves(run: RunFolder, target: Path) -> None:
    """Write a row an epoch: losses, metrics, learning rate, seconds."""
    rows: list[Row] = []
    for epoch in history_of(run).epochs:
        losses: Row = {"epoch": epoch.epoch, "train_loss": epoch.train_loss, "val_loss": epoch.val_loss}
        rest: Row = {"learning_rate": epoch.learning_rate, "seconds": epoch.seconds, "best": int(epoch.best)}
        rows.append({**losses, **epoch.metrics, **rest, "time": _when(epoch.time)})
    _save(target, rows, ["epoch", "train_loss", "val_loss"])


def save_batches(run: RunFolder, target: Path) -> None:
    """Write a row for each batch that was told (ten a second at most), those that a resumed run did again once."""
    rows: list[tuple[int, Row]] = []
    for event in EventTail(run.path / EVENTS).stream():
        match event:
            case Resumed(epoch=kept):
                rows = [(epoch, row) for epoch, row in rows if epoch <= kept]
            case Progress(phase=Phase.TRAINING):
                values: Row = {"epoch": event.epoch, "batch": event.done, "batches": event.total, "loss": event.loss}
                told: Row = {"learning_rate": event.learning_rate, "time": _when(event.time)}
                rows.append((event.epoch, {**values, **told}))
    _save(target, [row for _, row in rows], ["epoch", "batch", "batches", "loss", "learning_rate", "time"])


def _run_row(run: RunFolder) -> Row:
    notes = read_notes(run.path)
    row: Row = {"run": run.id, "number": number_of(run.id)}
    try:
        summary, spec, report, history = summary_of(run), run.spec(), run.report(), history_of(run)
    except LensmithError as error:
        return {**row, "state": "damaged", "reason": error.cause}
    times = _times(read_milestones(run.path / EVENTS))
    best = history.best
    row |= {
        "state": summary.state,
        "star": int(notes.star),
        "archived": int(notes.archived),
        "tags": ", ".join(notes.tags),
        "note": notes.note,
        "started": _when(times.began),
        "ended": _when(times.ended),
        "mode": mode_of(spec.start),
        "start_weights": _weights(spec.start),
        **{name: _plain(getattr(spec.start, name)) for name in spec.start.__struct_fields__ if name != "weights"},
        **{name: _plain(getattr(spec, name)) for name in _SETTINGS},
        "epochs_done": summary.epochs,
        "best_epoch": best.epoch if best else None,
        **_last_values(history),
    }
    if report is not None:
        row |= _judged(report)
    return {**row, "onnx_bytes": summary.onnx_bytes, "reason": summary.reason}


def _judged(report: Report) -> Row:
    row: Row = {"seconds_total": report.seconds_total, "seconds_training": report.seconds_training}
    for name in _SPLITS:
        part: SplitReport | None = getattr(report, name)
        if part is None:
            continue
        row[f"{name}_images"] = part.images
        for metric, value in part.metrics.items():
            span = part.intervals.get(metric)
            row[f"{name}_{metric}"] = value
            row[f"{name}_{metric}_low"] = span.low if span else None
            row[f"{name}_{metric}_high"] = span.high if span else None
    row |= {name: _plain(getattr(report.usage, name, None)) for name in Usage.__struct_fields__ if name != "seconds"}
    parity = report.parity
    row |= {"latency_ms": report.latency_ms, "parity_passed": int(parity.passed) if parity else None}
    return {**row, "data_hash": report.data_hash, "test_hash": report.test_hash, "onnx_sha256": report.onnx_sha256}


def _last_values(history: RunHistory) -> Row:
    if not history.epochs:
        return {}
    last = history.epochs[-1]
    return {"train_loss": last.train_loss, "val_loss": last.val_loss}


def _weights(start: Start) -> str:
    """What a run started from, in the words that ``--weights`` takes."""
    if isinstance(start, FromScratch):
        return ""
    match start.weights:
        case RunWeights(run=run):
            return f"run:{run}"
        case CatalogueWeights(name=name) | VaultWeights(name=name):
            return name


def _times(events: Iterable[Event]) -> _Times:
    began = ended = 0.0
    for event in events:
        if isinstance(event, Started | Resumed):
            began, ended = began or event.time, 0.0
        elif isinstance(event, Finished):
            ended = event.time
    return _Times(began, ended)


def _when(seconds: float) -> str:
    """ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else ""


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return int(value) if isinstance(value, bool) else value


def _save(target: Path, rows: Sequence[Row], first: Sequence[str] = ()) -> None:
    """Columns in the order in which they first appear; with its mark, or spreadsheets misread every accent."""
    columns = list(dict.fromkeys([*first, *(name for row in rows for name in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with translated_errors(target):
        write_atomic(target, text.getvalue().encode("utf-8-sig"))
