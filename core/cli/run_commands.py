"""train, runs, report."""

import argparse
from pathlib import Path

import msgspec
from msgspec.structs import replace

from core.actions import reporting, training
from core.actions.curve_remarks import remarks_of
from core.actions.forgetting import forgetting_of
from core.actions.projects import project_to_train, runs_of
from core.cli import console, cost_commands, organise_commands
from core.cli.lineage_commands import print_forgetting
from core.cli.live import follow
from core.domain.errors import LensmithError
from core.domain.event import Outcome
from core.domain.history import RunHistory
from core.domain.report import MAIN_METRIC, Report, SplitReport
from core.domain.task import Effort
from core.runs import supervisor
from core.runs.status import is_alive
from core.store.run_store import RunFolder, RunStore
from core.training.plan import Choices, describe


def train(options: argparse.Namespace) -> int:
    if options.probe:
        return cost_commands.probe(options, _choices(options))
    with project_to_train(Path(options.project)) as store, console.progress_bar() as progress:
        data = training.data_choice(store, options.only_class, options.mix, new_only=options.new_only)
        choices = replace(_choices(options), data=data)
        run, note = training.prepare_run(store, options.model, choices, options.weights, progress)
    if note:
        console.err.print(note)
    console.err.print(f"Run {run.id}: {describe(run.spec())}")
    training.start_run(run.path)
    if options.detach:
        _print_started(run, options.json)
        return 0
    return _show_until_the_end(run, options.json)


# Fields of ``Choices`` that the options hold in another form.
_NOT_ALIKE = ("weights", "effort", "head_layers", "data")


def _choices(options: argparse.Namespace) -> Choices:
    values = {name: getattr(options, name) for name in Choices.__struct_fields__ if name not in _NOT_ALIKE}
    return Choices(**values, effort=Effort(options.effort), head_layers=tuple(options.head))


def _print_started(run: RunFolder, as_json: bool) -> None:
    if as_json:
        console.print_json({"run": run.id, "path": str(run.path)})
    else:
        console.out.print(f"Run {run.id} has started; follow it with: lensmith runs PROJECT {run.id} --follow")


def _show_until_the_end(run: RunFolder, as_json: bool) -> int:
    history = follow(run)
    finished = history.finished
    if finished is None:
        raise LensmithError(f"Run {run.id} was never started.", "Start it with: lensmith runs PROJECT RUN --resume.")
    result = reporting.run_result(run, history)
    if as_json:
        console.print_json(result)
    elif result.metrics is not None:
        _print_report(run, reporting.report_of(run))
    if finished.outcome in (Outcome.COMPLETED, Outcome.STOPPED) and result.onnx:
        return 0
    console.print_error(LensmithError(finished.reason or f"The run ended as {finished.outcome}.", finished.remedy))
    return 1


def runs(options: argparse.Namespace) -> int:
    store = runs_of(Path(options.project))
    if organise_commands.are_meant(options):
        return organise_commands.organise(options)
    if options.run is None:
        if options.follow or options.stop or options.kill or options.resume:
            raise console.WrongUse("Which run is meant?", "Give its number or name; without options, runs are listed.")
        return _list(store, options.json)
    run = store.get(options.run)
    if options.resume:
        supervisor.resume(run.path)
    if options.resume or options.follow:
        return _show_until_the_end(run, options.json)
    if options.stop or options.kill:
        _end(run, at_once=options.kill)
    history = reporting.history_of(run)
    if options.json:
        console.print_json(reporting.run_result(run, history))
    else:
        _print_state(run, history)
    return 0


def _end(run: RunFolder, *, at_once: bool) -> None:
    if not is_alive(run.path):
        supervisor.settle(run.path)
        state = reporting.history_of(run).state
        raise LensmithError(f"Run {run.id} is not running: it is {state}.", "There is nothing to end.")
    if at_once:
        supervisor.kill(run.path)
    else:
        supervisor.request_stop(run.path)
        console.err.print("Asked to stop; the best weights so far are exported.")


def _print_state(run: RunFolder, history: RunHistory) -> None:
    console.out.print(f"Run {run.id} is {history.state}, {len(history.epochs)} of {history.planned_epochs} epochs.")
    if history.finished and history.finished.reason:
        console.out.print(console.escape(f"{history.finished.reason} {history.finished.remedy}"))
    found = run.report()
    if found:
        _print_report(run, found)
    else:
        _print_remarks(run)


def _list(store: RunStore, as_json: bool) -> int:
    rows = []
    for run in store.list():
        try:
            rows.append(reporting.summary_of(run))
        except LensmithError as error:  # one damaged run must not hide the others
            console.print_error(error)
    if as_json:
        console.print_json(rows)
    else:
        organise_commands.print_runs([row for row in rows if not row.archived])
        hidden = sum(row.archived for row in rows)
        if hidden:
            console.err.print(f"Not listed because archived: {hidden}. See them with --archive.")
    return 0


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def report(options: argparse.Namespace) -> int:
    run = reporting.finished_run(runs_of(Path(options.project)), options.run)
    found = reporting.report_of(run)
    if options.json:
        console.print_json({**msgspec.to_builtins(found), "remarks": _told(run), "forgetting": forgetting_of(run)})
    else:
        _print_report(run, found)
    return 0


def _told(run: RunFolder) -> list[dict[str, object]]:
    """What its curves say, as data."""
    return [
        {"kind": remark.kind, "epoch": remark.epoch, "seen": remark.seen, "remedy": remark.remedy}
        for remark in remarks_of(run)
    ]


def _print_remarks(run: RunFolder) -> None:
    """What its curves say, in words."""
    for remark in remarks_of(run):
        console.out.print(f"[yellow]![/yellow] {console.escape(f'{remark.seen} {remark.remedy}')}")


def _print_report(run: RunFolder, found: Report) -> None:
    main = MAIN_METRIC[found.task]
    console.out.print(f"[bold]Run {run.id}[/bold]  {found.mode} · {found.architecture} · seed {found.seed}")
    rows = [
        (name, part.images, *(_with_interval(part, metric) for metric in part.metrics))
        for name, part in (("val", found.val), ("test", found.test))
        if part
    ]
    metrics = next((list(part.metrics) for part in (found.val, found.test) if part), [main])
    console.print_table(["split", "images", *metrics], rows)
    judged = found.test or found.val
    if judged:
        console.print_table(
            ["class", "count", "precision", "recall", *(["AP50-95"] if judged.threshold is not None else ["F1"])],
            [
                (c.name, c.count, _number(c.precision), _number(c.recall),
                 _number(c.ap50_95 if judged.threshold is not None else c.f1))
                for c in judged.classes
            ],
        )  # fmt: skip
    if found.parity:
        verdict = "[green]passed[/green]" if found.parity.passed else "[red]failed[/red]"
        console.out.print(
            f"parity {verdict}: largest difference {found.parity.max_abs_diff:.2g} over {found.parity.images} images; "
            f"{found.parity.metric} {found.parity.metric_torch:.4f} by PyTorch, {found.parity.metric_onnx:.4f} by ONNX"
        )
    forgetting = forgetting_of(run)
    if forgetting is not None:
        print_forgetting(forgetting)
    _print_remarks(run)
    console.out.print(console.escape(str(run.path / found.onnx)))


def _with_interval(part: SplitReport, metric: str) -> str:
    interval = part.intervals.get(metric)
    around = f" [{interval.low:.3f}–{interval.high:.3f}]" if interval else ""
    return f"{part.metrics[metric]:.3f}{around}"
