"""new, import, restore, check, split."""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

from core.actions import checking, importing, merging, splitting
from core.actions.projects import project_to_import_into, writable_project
from core.cli import console
from core.data import splits
from core.data.preview import edit_classes, empty_as_unlabelled, missing_as_background, preview
from core.domain.errors import LensmithError
from core.domain.source import ClassEdit, ImportResult, Preview, SourceDataset
from core.domain.task import Task
from core.store.backups import backups
from core.store.project_store import ProjectStore


def new(options: argparse.Namespace) -> int:
    path = Path(options.project)
    with ProjectStore.create(path, path.name, Task(options.task) if options.task else None) as store:
        if options.json:
            console.print_json(store.info)
        else:
            console.out.print(f"Made the project {console.escape(store.info.name)} in {console.escape(str(path))}.")
    return 0


def import_(options: argparse.Namespace) -> int:
    with project_to_import_into(Path(options.project)) as store, ExitStack() as stack:
        with console.progress_bar() as progress:
            opened = importing.opened(store, Path(options.source), options.format, progress)
            dataset = _edited(stack.enter_context(opened), options)
        shown = preview(dataset)
        if not options.json:
            _print_preview(shown)
        if options.preview:
            if options.json:
                console.print_json(shown)
            return 0
        if not options.yes and not options.json and not _agreed():
            console.err.print("Nothing was imported.")
            return 1
        with console.progress_bar() as progress:
            result = importing.run_import(store, dataset, progress)
    if options.json:
        console.print_json(result)
    else:
        _print_result(result)
    return 0


def _edited(dataset: SourceDataset, options: argparse.Namespace) -> SourceDataset:
    if options.missing_labels == "background":
        dataset = missing_as_background(dataset)
    if options.empty_labels == "unlabelled":
        dataset = empty_as_unlabelled(dataset)
    return edit_classes(dataset, [*(ClassEdit(name, None) for name in options.skip), *options.rename])


def _agreed() -> bool:
    """Asked only where somebody can answer."""
    if not sys.stdin.isatty():
        return True
    console.err.print("Import this? \\[Y/n] ", end="")
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")


def _print_preview(shown: Preview) -> None:
    task = f" for {shown.task}" if shown.task else ", no labels"
    console.out.print(f"{shown.format}{task}: {shown.images} pictures in {console.escape(shown.root)}")
    if shown.classes:
        unit = "boxes" if shown.task is Task.DETECTION else "images"
        console.print_table(["class", unit], list(shown.classes.items()))
    parts = ", ".join(f"{count} {name}" for name, count in shown.splits.items() if count)
    console.out.print(f"splits found: {parts or 'none'}")
    console.print_findings(shown.findings)


def _print_result(result: ImportResult) -> None:
    console.out.print(
        f"Imported {result.images_added} new images ({result.images_known} known already), "
        f"{result.boxes_added} boxes; {result.skipped} pictures skipped."
    )
    console.print_findings(result.findings)


def restore(options: argparse.Namespace) -> int:
    path = Path(options.project)
    known = {str(one.number): one for one in backups(path)}
    if options.list:
        rows = [{"backup": name, "time": one.time.isoformat()} for name, one in known.items()]
        if options.json:
            console.print_json(rows)
        else:
            console.print_table(["backup", "made"], [(row["backup"], row["time"]) for row in rows])
        return 0
    if options.backup is not None and options.backup not in known:
        raise LensmithError(f"There is no backup “{options.backup}”.", f"There are: {', '.join(known) or 'none'}.")
    restored = ProjectStore.restore_backup(path, known.get(options.backup))
    if options.json:
        kept = None if restored.kept is None else str(restored.kept)
        console.print_json({"backup": str(restored.backup.number), "kept": kept})
        return 0
    console.out.print(f"Restored the backup of {restored.backup.time.astimezone():%Y-%m-%d %H:%M}.")
    if restored.kept is not None:
        console.out.print(f"What was there before is kept as {console.escape(str(restored.kept))}.")
    return 0


def check(options: argparse.Namespace) -> int:
    with ProjectStore.open(Path(options.project), for_writing=False) as store:
        report = checking.check_project(store, options.size)
    if options.json:
        console.print_json(report)
        return 0
    console.out.print(f"{report.images} images in {report.files} files, {report.annotations} annotations")
    console.print_table(["class", "annotations"], list(report.classes.items()))
    console.print_table(["split", "images"], [(name, count) for name, count in report.splits.items() if count])
    console.print_findings(report.findings)
    if not report.findings:
        console.out.print("[green]Nothing to complain about.[/green]")
    return 0


def split(options: argparse.Namespace) -> int:
    group_of = None
    if options.group:
        group_of = splits.group_by_pattern(options.group)
    elif options.group_by_folder:
        group_of = splits.group_by_folder
    with writable_project(Path(options.project)) as store:
        counts = splitting.split_project(
            store, val=options.val, test=options.test, seed=options.seed, group_of=group_of
        )
    if options.json:
        console.print_json({"splits": counts})
    else:
        console.print_table(["split", "images"], list(counts.items()))
    return 0


def merge(options: argparse.Namespace) -> int:
    with writable_project(Path(options.project)) as store, console.progress_bar() as progress:
        found = merging.compare(store, Path(options.other), progress)
        if found.conflicts and not options.prefer:
            return _refuse_to_choose(found, options.json)
        choices = dict.fromkeys((one.image.hash for one in found.conflicts), options.prefer)
        done = merging.merge(store, found, choices, progress)
    told = {"merged": True, **_told(found), "ours": done.ours, "theirs": done.theirs}
    if options.json:
        console.print_json(told)
        return 0
    console.out.print(
        f"Merged “{console.escape(found.name)}”: {found.new_images} new images, labels of {len(found.taken)} images; "
        f"{found.same} were labelled alike, {done.theirs} took theirs, {done.ours} kept ours."
    )
    return 0


def _refuse_to_choose(found: merging.Comparison, as_json: bool) -> int:
    if as_json:
        console.print_json({"merged": False, **_told(found)})
    for one in found.conflicts:
        console.err.print(console.escape(one.image.path))
    console.err.print(
        f"[red]{len(found.conflicts)} pictures are labelled differently in “{console.escape(found.name)}”; nothing was "
        "merged.[/red]"
    )
    console.err.print("Say whose labels count (--prefer ours, --prefer theirs), or choose one by one in the window.")
    return 1


def _told(found: merging.Comparison) -> dict[str, object]:
    return {
        "other": found.name,
        "images_added": found.new_images,
        "labels_taken": len(found.taken),
        "same": found.same,
        "classes_added": list(found.new_classes),
        "conflicts": [one.image.path for one in found.conflicts],
    }
