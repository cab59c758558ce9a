"""What a run came to: the result of one, the list of all."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from core.domain.errors import LensmithError
from core.domain.history import RunHistory, RunState
from core.domain.report import MAIN_METRIC, Interval, Report, SplitReport
from core.domain.run import mode_of
from core.domain.usage import EnergySource
from core.runs import supervisor
from core.runs.event_log import EVENTS, read_milestones
from core.runs.status import is_alive
from core.store.run_notes import read_notes
from core.store.run_store import RunFolder, RunStore

DAMAGED = "damaged"  # the state of a run whose files cannot be read


class RunResult(Struct, frozen=True, kw_only=True):
    """The JSON that ``train`` prints. ``seconds``: ``total`` and ``training``; ``onnx``: path or ``None``."""

    run: str
    outcome: str
    mode: str
    model: str
    seconds: dict[str, float]
    metrics: dict[str, dict[str, float] | None] | None
    onnx: str | None
    parity: dict[str, Any] | None
    reason: str = ""
    remedy: str = ""


class RunSummary(Struct, frozen=True, kw_only=True):
    """One row of the run list; ``val`` and ``test`` are the task's main metric, ``metric``, on the ONNX file.

    ``state``: one of ``RunState``, or ``DAMAGED``. ``reason`` and ``remedy`` say why a run ended as it did.
    """

    run: str
    state: str
    mode: str
    model: str
    epochs: int
    val: float | None
    test: float | None
    seconds: float | None
    path: str
    metric: str = ""
    val_interval: Interval | None = None
    test_interval: Interval | None = None
    test_images: int = 0
    test_hash: str = ""  # empty without a test set; runs compare on test only where it is equal
    onnx_bytes: int | None = None
    reason: str = ""
    remedy: str = ""
    star: bool = False
    tags: tuple[str, ...] = ()
    archived: bool = False
    note: str = ""
    kwh: float | None = None  # of all attempts; ``None`` of before it was counted
    energy_source: EnergySource | None = None
    peak_memory_mb: float | None = None  # main memory, 10**6 bytes
    peak_gpu_memory_mb: float | None = None


def history_of(run: RunFolder) -> RunHistory:
    """Where a run stands now; one whose worker died without a word is told as interrupted."""
    history = _read_history(run)
    if history.state in (RunState.WAITING, RunState.RUNNING) and not is_alive(run.path):
        with suppress(LensmithError, OSError):  # the folder cannot be written: its last word is all there is
            supervisor.settle(run.path)
        history = _read_history(run)
    return history


def run_result(run: RunFolder, history: RunHistory) -> RunResult:
    spec, report, finished = run.spec(), run.report(), history.finished
    return RunResult(
        run=run.id,
        outcome=str(finished.outcome) if finished else str(history.state),
        mode=mode_of(spec.start),
        model=spec.architecture,
        seconds={"total": report.seconds_total, "training": report.seconds_training} if report else {},
        metrics={"val": _metrics(report.val), "test": _metrics(report.test)} if report else None,
        onnx=str(run.path / report.onnx) if report else None,
        parity=_parity(report),
        reason=finished.reason if finished else "",
        remedy=finished.remedy if finished else "",
    )


def summary_of(run: RunFolder) -> RunSummary:
    spec, report, history = run.spec(), run.report(), history_of(run)
    metric, finished, notes = MAIN_METRIC[spec.task], history.finished, read_notes(run.path)
    val, test = (report.val, report.test) if report else (None, None)
    usage = history.usage or (report.usage if report else None)
    return RunSummary(
        run=run.id,
        state=str(history.state),
        mode=mode_of(spec.start),
        model=spec.architecture,
        epochs=history.epochs[-1].epoch if history.epochs else 0,
        val=val.metrics.get(metric) if val else None,
        test=test.metrics.get(metric) if test else None,
        seconds=report.seconds_total if report else None,
        path=str(run.path),
        metric=metric,
        val_interval=val.intervals.get(metric) if val else None,
        test_interval=test.intervals.get(metric) if test else None,
        test_images=test.images if test else 0,
        test_hash=report.test_hash if report and test else "",
        onnx_bytes=_size(run.path / report.onnx) if report else None,
        reason=finished.reason if finished else "",
        remedy=finished.remedy if finished else "",
        star=notes.star,
        tags=notes.tags,
        archived=notes.archived,
        note=notes.note,
        kwh=usage.kwh if usage else None,
        energy_source=usage.energy_source if usage else None,
        peak_memory_mb=usage.peak_memory_mb if usage else None,
        peak_gpu_memory_mb=usage.peak_gpu_memory_mb if usage else None,
    )


def summaries(runs: RunStore) -> tuple[RunSummary, ...]:
    """All runs, oldest first. One that cannot be read is among them with what its name tells, and why."""
    return tuple(summary_or_damage(run) for run in runs.list())


def summary_or_damage(run: RunFolder) -> RunSummary:
    """A row whatever has happened to the files of the run."""
    try:
        return summary_of(run)
    except LensmithError as error:  # one damaged run must not hide the others
        _, mode, model = (*run.id.split("-", 2), "", "")[:3]
        return RunSummary(
            run=run.id,
            state=DAMAGED,
            mode=mode,
            model=model,
            epochs=0,
            val=None,
            test=None,
            seconds=None,
            path=str(run.path),
            reason=error.cause,
            remedy=error.remedy,
        )


def finished_run(runs: RunStore, name: str | None) -> RunFolder:
    """The run called ``name``, or the newest one with a report."""
    if name is not None:
        return runs.get(name)
    for run in reversed(runs.list()):
        if run.report() is not None:
            return run
    raise LensmithError("No run of this project has finished yet.", "Start one with: lensmith train PROJECT …")


def report_of(run: RunFolder) -> Report:
    report = run.report()
    if report is None:
        raise LensmithError(f"Run {run.id} has no report yet.", "Wait until it has finished, or resume it.")
    return report


def _read_history(run: RunFolder) -> RunHistory:
    return RunHistory().extend(read_milestones(run.path / EVENTS))


def _size(file: Path) -> int | None:
    """Bytes; ``None`` for a file that is gone."""
    try:
        return file.stat().st_size
    except OSError:
        return None


def _metrics(part: SplitReport | None) -> dict[str, float] | None:
    return dict(part.metrics) if part else None


def _parity(report: Report | None) -> dict[str, Any] | None:
    if report is None or report.parity is None:
        return None
    parity = report.parity
    return {name: getattr(parity, name) for name in parity.__struct_fields__}
