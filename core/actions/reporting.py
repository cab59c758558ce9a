"""What a run came to: the result of one, the list of all."""

from contextlib import suppress
from typing import Any

from msgspec import Struct

from core.domain.errors import LensmithError
from core.domain.history import RunHistory, RunState
from core.domain.report import MAIN_METRIC, Report, SplitReport
from core.domain.run import mode_of
from core.runs import supervisor
from core.runs.event_log import EVENTS, read_events
from core.runs.status import is_alive
from core.store.run_store import RunFolder, RunStore


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
    """One row of the run list; ``val`` and ``test`` are the task's main metric on the ONNX file."""

    run: str
    state: str
    mode: str
    model: str
    epochs: int
    val: float | None
    test: float | None
    seconds: float | None
    path: str


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
    metric = MAIN_METRIC[spec.task]
    return RunSummary(
        run=run.id,
        state=str(history.state),
        mode=mode_of(spec.start),
        model=spec.architecture,
        epochs=history.epochs[-1].epoch if history.epochs else 0,
        val=report.val.metrics.get(metric) if report and report.val else None,
        test=report.test.metrics.get(metric) if report and report.test else None,
        seconds=report.seconds_total if report else None,
        path=str(run.path),
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
    return RunHistory().extend(read_events(run.path / EVENTS))


def _metrics(part: SplitReport | None) -> dict[str, float] | None:
    return dict(part.metrics) if part else None


def _parity(report: Report | None) -> dict[str, Any] | None:
    if report is None or report.parity is None:
        return None
    parity = report.parity
    return {name: getattr(parity, name) for name in parity.__struct_fields__}
