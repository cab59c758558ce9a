"""runs, as far as it keeps many of them in order: star, tags, note, archive, trash, CSV."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from core.actions import curve_files, organising, reporting
from core.actions.projects import runs_of
from core.cli import console
from core.domain.units import duration
from core.store.run_notes import read_notes
from core.store.run_store import RunFolder


def are_meant(options: argparse.Namespace) -> bool:
    """Whether one of these options was given."""
    given = (options.tag, options.untag, options.trash, options.restore, options.empty_trash, options.csv)
    return any(given) or any(value is not None for value in (options.star, options.archive, options.note))


def organise(options: argparse.Namespace) -> int:
    project = Path(options.project)
    runs_of(project)  # says so if this is no project
    if options.empty_trash:
        return _empty_trash(project, options)
    if options.csv:
        return _write_csv(project, options)
    if options.restore:
        return _restore(project, options)
    if options.run is None:
        return _list_trash(project, options.json) if options.trash else _list_fitting(project, options)
    run = runs_of(project).get(options.run)
    if options.trash:
        organising.delete_runs(project, [run.id])
        return _say(f"Run {run.id} is in the trash.", {"trashed": [run.id]}, options.json)
    organising.change_runs(
        project,
        [run.id],
        star=options.star,
        archived=options.archive,
        note=options.note,
        add_tags=options.tag,
        remove_tags=options.untag,
    )
    return _show_notes(run, options.json)


def print_runs(rows: Sequence[reporting.RunSummary]) -> None:
    """A line a run; columns for stars and tags where there are any."""
    marked = any(row.star or row.tags for row in rows)
    console.print_table(
        ["run", "state", "mode", "model", *(["tags"] if marked else []), "epochs", "val", "test", "time"],
        [
            (row.run, row.state, row.mode, row.model, *([_marks(row)] if marked else []), row.epochs,
             _number(row.val), _number(row.test), duration(row.seconds) if row.seconds else "")
            for row in rows
        ],
        numbers_from=5 if marked else 4,
    )  # fmt: skip


def _marks(row: reporting.RunSummary) -> str:
    return " ".join(["★"] * row.star + [f"#{tag}" for tag in row.tags])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _list_fitting(project: Path, options: argparse.Namespace) -> int:
    """Archived runs are among them only where they are asked for."""
    if options.note is not None or options.untag:
        raise console.WrongUse("Which run is meant?", "Give its number or name.")
    wanted = {tag.casefold() for tag in organising.as_tags(options.tag)}
    rows = [
        row
        for row in reporting.summaries(runs_of(project))
        if wanted <= {tag.casefold() for tag in row.tags}
        and options.star in (None, row.star)
        and row.archived is bool(options.archive)
    ]
    if options.json:
        console.print_json(rows)
    else:
        print_runs(rows)
    return 0


def _show_notes(run: RunFolder, as_json: bool) -> int:
    notes = read_notes(run.path)
    told = {"star": notes.star, "tags": notes.tags, "archived": notes.archived, "note": notes.note}
    if as_json:
        console.print_json({"run": run.id, **told})
        return 0
    marks = ["★"] * notes.star + [f"#{tag}" for tag in notes.tags] + ["archived"] * notes.archived
    console.out.print(console.escape(" ".join([f"Run {run.id}", *marks])))
    if notes.note:
        console.out.print(console.escape(notes.note))
    return 0


def _restore(project: Path, options: argparse.Namespace) -> int:
    if options.run is None:
        raise console.WrongUse("Which run is meant?", "Give its number or name; --trash lists those in the trash.")
    back = organising.restore_runs(project, [options.run])
    return _say(f"Back from the trash: {', '.join(back)}.", {"restored": back}, options.json)


def _list_trash(project: Path, as_json: bool) -> int:
    found = organising.trash(project)
    if as_json:
        console.print_json(found)
    elif not found.runs:
        console.out.print("The trash is empty.")
    else:
        for run in found.runs:
            console.out.print(console.escape(run))
        console.out.print(f"{found.bytes / 1e6:.1f} MB in the trash.")
    return 0


def _empty_trash(project: Path, options: argparse.Namespace) -> int:
    found = organising.trash(project)
    size = f"{found.bytes / 1e6:.1f} MB"
    if found.runs and not options.yes:
        if not sys.stdin.isatty():
            raise console.WrongUse(
                f"This deletes {len(found.runs)} runs for good ({size}).", "Say --yes if that is meant."
            )
        console.err.print(f"Delete {len(found.runs)} runs for good ({size})? [y/N] ", end="")
        if input().strip().lower() not in ("y", "yes"):
            return _say("Nothing was deleted.", {"deleted": []}, options.json)
    organising.empty_trash(project, found.runs)
    return _say(f"The trash is empty; {size} are free again.", {"deleted": found.runs}, options.json)


def _write_csv(project: Path, options: argparse.Namespace) -> int:
    target = Path(options.csv)
    if options.run is None:
        if options.batches:
            raise console.WrongUse("Which run is meant?", "Batches are written of one run: give its number or name.")
        count = curve_files.save_runs(project, target)
        return _say(f"{count} runs are in {target}.", {"runs": count, "path": str(target)}, options.json)
    run = runs_of(project).get(options.run)
    if options.batches:
        curve_files.save_batches(run, target)
    else:
        curve_files.save_curves(run, target)
    return _say(f"The curves of run {run.id} are in {target}.", {"run": run.id, "path": str(target)}, options.json)


def _say(text: str, value: object, as_json: bool) -> int:
    if as_json:
        console.print_json(value)
    else:
        console.out.print(console.escape(text))
    return 0
