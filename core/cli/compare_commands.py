"""compare, queue, clone."""

import argparse
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from core.actions import experimenting, queueing, reporting
from core.actions.advice import names_of
from core.actions.comparing import compare_runs
from core.actions.comparison_files import save_comparison
from core.actions.pricing import read_prices
from core.actions.projects import project_to_train, runs_of
from core.cli import console
from core.cli.queue_live import follow_runs
from core.domain.comparison import Comparison, Difference, Measured, Row
from core.domain.errors import LensmithError
from core.domain.experiment import Experiment, ExperimentPlan
from core.domain.history import RunState
from core.domain.task import Effort
from core.domain.units import duration
from core.store.run_store import RunStore
from core.training.plan import Choices


def compare(options: argparse.Namespace) -> int:
    project = Path(options.project)
    _targets(options)
    if options.runs:
        if options.modes or options.models:
            raise console.WrongUse("Runs are either made or there.", "Give --runs, or --modes and --models.")
        store = runs_of(project)
        return _show(store, [store.get(name).id for name in _listed(options.runs)], options)
    if not options.modes or not options.models:
        raise console.WrongUse(
            "What is to be compared?", "Give --modes and --models, or --runs for runs that are there."
        )
    with project_to_train(project) as opened, console.progress_bar() as progress:
        experiment, note = experimenting.prepare_experiment(opened, _plan(options), options.title, progress)
    if note:
        console.err.print(note)
    _start(project, experiment)
    if options.detach:
        return _print_queued(project, experiment, options.json)
    follow_runs(project, experiment.runs)
    return _show(runs_of(project), experiment.runs, options)


def queue(options: argparse.Namespace) -> int:
    project = Path(options.project)
    runs = runs_of(project)
    if options.add:
        queueing.enqueue(project, [runs.get(name).id for name in options.add])
    elif options.move:
        name, turn = options.move
        if not turn.isdigit() or int(turn) < 1:
            raise console.WrongUse(f"“{turn}” is no turn.", "Give a number; 1 is the next.")
        queueing.move(project, runs.get(name).id, int(turn) - 1)
    elif options.remove:
        queueing.remove(project, [runs.get(name).id for name in options.remove])
    elif options.pause or options.go:
        queueing.set_paused(project, options.pause)
    return _print_queue(project, runs, options.json)


def clone(options: argparse.Namespace) -> int:
    project = Path(options.project)
    runs = runs_of(project)
    run = runs.get(options.run)
    names = ("epochs", "image_size", "batch_size", "learning_rate", "device")
    changes = {name: value for name in names if (value := getattr(options, name)) is not None}
    snapshot = None
    if options.new_data:
        with project_to_train(project) as opened:
            snapshot = experimenting.frozen_now(opened)
    seeds = [{"seed": seed} for seed in options.seed or []] or [{}]
    made = experimenting.clones(runs, run, [{**changes, **seed} for seed in seeds], snapshot)
    queueing.enqueue(project, [copy.id for copy in made])
    if options.json:
        console.print_json({"runs": [copy.id for copy in made]})
    else:
        console.out.print("\n".join(f"Run {copy.id} waits in the queue." for copy in made))
    return 0


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _plan(options: argparse.Namespace) -> ExperimentPlan:
    names = [name for name in Choices.__struct_fields__ if name not in ("mode", "weights", "effort", "head_layers")]
    values = {name: getattr(options, name) for name in names if hasattr(options, name)}
    choices = Choices(mode="", head_layers=tuple(options.head), **values)
    return ExperimentPlan(
        modes=_listed(options.modes),
        models=_listed(options.models),
        weights=tuple(options.weights),
        seeds=options.seeds,
        budget_minutes=options.budget,
        effort=Effort(options.effort),
        overrides=experimenting.overrides_of(choices),
    )


def _start(project: Path, experiment: Experiment) -> None:
    console.err.print(
        f"Experiment {experiment.number}: {len(experiment.runs)} runs, {console.escape(experiment.title)}"
    )
    if queueing.go_on(project).paused:
        console.err.print("The queue is paused; it goes on with: lensmith queue PROJECT --go")


def _print_queued(project: Path, experiment: Experiment, as_json: bool) -> int:
    if as_json:
        console.print_json({"experiment": experiment.number, "runs": experiment.runs})
    else:
        runs = ",".join(str(int(run.split("-")[0])) for run in experiment.runs)
        console.out.print(f"Compare them once they are done with: lensmith compare PROJECT --runs {runs}")
    return 0


def _show(runs: RunStore, ids: Sequence[str], options: argparse.Namespace) -> int:
    """The comparison on stdout; 1 when a run has no result that it should have."""
    with console.progress_bar() as progress:
        comparison = compare_runs(runs, ids, read_prices(), progress)
    for target in _targets(options):
        save_comparison(comparison, target)
        console.err.print(f"Written: {console.escape(str(target))}")
    if options.json:
        console.print_json(comparison)
    else:
        _print_comparison(comparison)
    lost = [row.run for row in comparison.rows if row.state in (RunState.FAILED, RunState.INTERRUPTED)]
    if lost or not any(row.metric for row in comparison.rows):
        names = ", ".join(lost) or "none has finished"
        console.print_error(LensmithError(f"Not every run has a result: {names}.", "lensmith runs PROJECT tells why."))
        return 1
    return 0


def _targets(options: argparse.Namespace) -> list[Path]:
    """The files that are asked for; told to be no good before hours of training and not after."""
    targets = []
    for name, ending in ((options.html, ".html"), (options.csv, ".csv")):
        if name is None:
            continue
        target = Path(name) if Path(name).suffix else Path(f"{name}{ending}")
        if target.suffix.lower() != ending:
            raise console.WrongUse(f"“{name}” is no name for such a file.", f"Let it end in {ending}.")
        if not target.absolute().parent.is_dir():
            raise console.WrongUse(f"There is no folder “{target.parent}”.", "Make it, or choose another one.")
        targets.append(target)
    return targets


def _print_comparison(comparison: Comparison) -> None:
    columns = ["run", "mode", "model", "seed", comparison.metric or "metric", "time", "energy"]
    columns += ["cost", "memory", "latency", "size", "front"]
    console.print_table(columns, [_cells(row, comparison.currency) for row in comparison.rows], numbers_from=3)
    if any(len(group.runs) > 1 for group in comparison.groups):
        console.print_table(
            ["mode", "model", "seeds", f"mean {comparison.metric}", "spread over seeds", "mean time"],
            [
                (group.mode, group.model, len(group.runs), _measured(group.metric), _number(group.spread, ".3f"),
                 duration(group.seconds) if group.seconds is not None else "")
                for group in comparison.groups
            ],
            numbers_from=2,
        )  # fmt: skip
    if comparison.differences:
        names = names_of(comparison.groups)
        console.print_table(
            ["difference", comparison.metric, ""], [_apart(one, names) for one in comparison.differences]
        )
    for warning in comparison.warnings:
        console.out.print(f"[yellow]![/yellow] {console.escape(warning)}")
    if comparison.advice:
        console.out.print(console.escape(comparison.advice))


def _cells(row: Row, currency: str) -> tuple[object, ...]:
    return (
        row.run,
        row.mode,
        row.model,
        row.seed,
        _measured(row.metric) or row.state,
        duration(row.seconds) if row.seconds is not None else "",
        _energy(row.kwh),
        _number(row.cost, ".2f", f" {currency}"),
        _number(row.peak_memory_mb, ".0f", " MB"),
        _number(row.latency_ms, ".1f", " ms"),
        _number(row.size_mb, ".1f", " MB"),
        "*" if row.on_front else "",
    )


def _apart(one: Difference, names: dict[str, str]) -> tuple[object, ...]:
    a, b = (names.get(run, run) for run in (one.a, one.b))
    verdict = "" if one.is_certain else "may be chance"
    return f"{b} against {a}", f"{one.value:+.3f} [{one.low:+.3f} to {one.high:+.3f}]", verdict


def _measured(metric: Measured | None) -> str:
    if metric is None:
        return ""
    known = metric.low is not None and metric.high is not None
    return f"{metric.value:.3f}" + (f" [{metric.low:.3f}–{metric.high:.3f}]" if known else "")


def _energy(kwh: float | None) -> str:
    """Small runs in watt hours: nobody reads 0.0003 kWh."""
    return _number(kwh, ".2f", " kWh") if kwh is None or kwh >= 0.1 else _number(1000 * kwh, ".2g", " Wh")


def _number(value: float | None, form: str, unit: str = "") -> str:
    return "" if value is None else f"{value:{form}}{unit}"


def _print_queue(project: Path, runs: RunStore, as_json: bool) -> int:
    found = queueing.go_on(project)
    rows = []
    for turn, entry in enumerate(found.entries, start=1):
        with suppress(LensmithError):  # its folder is gone; the queue will notice
            state = str(reporting.history_of(runs.get(entry.run)).state)
            rows.append({"turn": turn, "run": entry.run, "state": state, "device": entry.device})
    if as_json:
        left = [{"run": one.run, "reason": one.reason} for one in found.left]
        console.print_json({"paused": found.paused, "runs": rows, "left": left})
        return 0
    if found.paused:
        console.out.print("The queue is paused.")
    if not rows:
        console.out.print("No run waits.")
    else:
        console.print_table(["turn", "run", "state", "device"], [tuple(row.values()) for row in rows])
    for one in found.left[-5:]:
        console.err.print(console.escape(f"{one.run} left the queue undone: {one.reason}"))
    return 0
