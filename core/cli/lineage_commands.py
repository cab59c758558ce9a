"""lineage, and what ``report`` says about forgetting."""

import argparse
from pathlib import Path

from core.actions.forgetting import sentence
from core.actions.lineage import lineage as lineage_of
from core.actions.projects import runs_of
from core.cli import console
from core.domain.comparison import Measured
from core.domain.forgetting import Change, Forgetting
from core.domain.lineage import DataChange, Step


def lineage(options: argparse.Namespace) -> int:
    with console.progress_bar() as progress:
        found = lineage_of(runs_of(Path(options.project)), progress)
    if options.json:
        console.print_json(found)
        return 0
    for step in found.steps:
        _print_step(step)
    for drift in found.drift:
        console.out.print("")
        console.print_table(
            ["generation", "run", drift.points[0].metric.name, "drop"],
            [(p.generation, p.run, _measured(p.metric), f"{p.drop:+.3f}") for p in drift.points],
            numbers_from=2,
        )
        console.out.print(console.escape(drift.advice))
    return 0


def print_forgetting(found: Forgetting) -> None:
    console.out.print(f"what run {found.ancestor} knew, on {found.images} {found.split} images of its own")
    console.print_table(
        ["", "before", "after", "loss", "95 %"],
        [(change.name, *_numbers(change)) for change in found.metrics],
    )
    names = [change.name for change in next((one.metrics for one in found.classes if one.metrics), ())]
    console.print_table(
        ["class", "count", "kept", "lost", "gained", *(f"{name} before → after" for name in names)],
        [
            (one.name, one.count, one.kept, one.lost, one.gained,
             *(f"{change.before:.3f} → {change.after:.3f}" for change in one.metrics))
            for one in found.classes
            if one.count
        ],
    )  # fmt: skip
    console.out.print(console.escape(sentence(found)))


def _numbers(change: Change) -> tuple[str, ...]:
    around = f"{change.interval.low:+.3f} to {change.interval.high:+.3f}" if change.interval else ""
    return f"{change.before:.3f}", f"{change.after:.3f}", f"{change.loss:+.3f}", around


def _print_step(step: Step) -> None:
    indent = "  " * step.depth
    tested = f"  {step.metric.name} {_measured(step.metric)}" if step.metric else ""
    gone = "  (started from " + step.parent + ", which is gone)" if step.parent and not step.depth else ""
    console.out.print(console.escape(f"{indent}{step.run}  {step.mode}{tested}{gone}"))
    told = [*(_data(step.data) if step.data else ())]
    told += [f"{one.name} {' → '.join(value or 'none' for value in one.values)}" for one in step.settings]
    if step.effect:
        around = step.effect.interval
        between = f" [{around.low:+.3f} to {around.high:+.3f}]" if around else ""
        told.append(f"{step.effect.metric} {step.effect.difference:+.3f}{between} on the same test images")
    if told:
        console.out.print(console.escape(f"{indent}  {' · '.join(told)}"), style="dim")


def _data(change: DataChange) -> list[str]:
    counts = [
        ("images", change.images_added, change.images_removed),
        ("boxes", change.boxes_added, change.boxes_removed),
    ]
    told = [f"{what} +{added} −{removed}" for what, added, removed in counts if added or removed]
    told += [f"labels of {change.relabelled} images changed"] if change.relabelled else []
    told += [f"new class “{name}”" for name in change.classes_added]
    return told + [f"without class “{name}”" for name in change.classes_removed]


def _measured(metric: Measured) -> str:
    around = f" [{metric.low:.3f}–{metric.high:.3f}]" if metric.low is not None and metric.high is not None else ""
    return f"{metric.value:.3f}{around}"
