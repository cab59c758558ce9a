"""export, predict, propose, weights."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from msgspec import to_builtins

from core.actions import exporting, predicting, proposing, reporting, weights
from core.actions.drawing import draw_answers
from core.actions.projects import runs_of, writable_project
from core.cli import console
from core.inference.onnx_model import OnnxModel
from core.labelling import proposals
from core.store.project_store import ProjectStore
from core.store.vault import Vault
from core.training.catalog import catalogue


def export(options: argparse.Namespace) -> int:
    target = Path(options.to)
    if options.format == "onnx":
        run = reporting.finished_run(runs_of(Path(options.project)), options.run)
        written = exporting.export_onnx(run, target)
        facts: dict[str, object] = {"run": run.id, "onnx": str(written)}
    else:
        with ProjectStore.open(Path(options.project)) as store, console.progress_bar() as progress:
            data = exporting.export_data(store, options.format, target, progress)
        facts = {"format": options.format, "folder": str(target), **to_builtins(data)}
    if options.json:
        console.print_json(facts)
    else:
        console.out.print(f"Written: {console.escape(str(facts.get('onnx') or target))}")
    return 0


def predict(options: argparse.Namespace) -> int:
    model = OnnxModel.open(Path(options.model))
    paths = predicting.picture_paths([Path(path) for path in options.paths])
    answers = []
    with console.progress_bar() as progress:
        for answer in predicting.predict(model, paths, options.threshold):
            answers.append(answer)
            progress(len(answers), len(paths), "Looking at pictures")
    if options.draw:
        with console.progress_bar() as progress:
            draw_answers(answers, model.card, Path(options.draw), progress)
    if options.json:
        console.print_json(answers)
    else:
        _print_answers(answers)
    return 1 if answers and all(answer.error for answer in answers) else 0


def _print_answers(answers: Sequence[predicting.ImageAnswer]) -> None:
    for answer in answers:
        path = console.escape(answer.path)
        if answer.error:
            console.err.print(f"[red]{path}[/red]  {console.escape(answer.error)}")
        elif answer.probabilities is not None and answer.label is not None:
            console.out.print(f"{path}  [bold]{console.escape(answer.label)}[/bold]  "
                              f"{answer.probabilities[answer.label]:.3f}")  # fmt: skip
        else:
            boxes = answer.boxes or ()
            console.out.print(f"{path}  {len(boxes)} boxes")
            for x1, y1, x2, y2, score, name in boxes:
                console.out.print(f"    {console.escape(name)} {score:.3f}  {x1:.0f},{y1:.0f} – {x2:.0f},{y2:.0f}")


def propose(options: argparse.Namespace) -> int:
    project = Path(options.project)
    runs = runs_of(project)
    if options.model:
        proposer = proposing.of_file(Path(options.model))
    else:
        proposer = proposing.of_run(reporting.finished_run(runs, options.run))
    with writable_project(project) as store, console.progress_bar() as progress:
        images = proposals.to_do(store.images(), in_progress=options.all)
        thresholds = proposing.thresholds_of(proposer, options.threshold, dict(options.class_threshold))
        done = proposing.propose(
            store, proposer, images, thresholds, add_classes=options.add_classes, progress=progress
        )
    if options.json:
        console.print_json(done)
    else:
        _print_proposed(done)
    return 1 if done.unread and not done.looked_at else 0


def _print_proposed(done: proposing.Proposed) -> None:
    for sentence in done.unread:
        console.err.print(f"[red]{console.escape(sentence)}[/red]")
    for name, count in done.left_out.items():
        console.err.print(
            f"{count} of “{console.escape(name)}” were left out: the project has no such class (see --add-classes)."
        )
    console.out.print(
        f"{console.escape(done.source)}: {done.boxes} proposals on {done.images} of {done.looked_at} pictures wait "
        "for review."
    )


def weights_(options: argparse.Namespace) -> int:
    if options.action == "list":
        return _list_weights(options.json)
    if not options.what:
        raise console.WrongUse(f"weights {options.action} needs a file or a name.", "See: lensmith weights --help")
    with console.progress_bar() as progress:
        if options.action == "import":
            entry = weights.import_file(Path(options.what), options.name, progress)
        else:
            entry = weights.fetch(options.what, progress)
    if options.json:
        console.print_json(entry)
    else:
        console.out.print(f"{console.escape(entry.name)} is in the vault ({entry.architecture}, {entry.licence}).")
    return 0


def _list_weights(as_json: bool) -> int:
    kept, at_hand = Vault().list(), weights.weights_at_hand()
    if as_json:
        console.print_json({"vault": kept, "catalogue": at_hand})
        return 0
    console.print_table(
        ["name", "architecture", "licence", "classes", "SHA-256"],
        [(e.name, e.architecture, e.licence, len(e.classes), e.sha256[:12]) for e in kept],
        numbers_from=3,
    )
    console.out.print()
    console.print_table(
        ["catalogue", "task", "licence", "here", "M parameters"],
        [
            (e.name, e.task, e.licence, "yes" if at_hand[e.name] else "fetch" if e.weights else "none",
             f"{(e.parameters or 0) / 1e6:.1f}")
            for e in catalogue()
        ],
        numbers_from=4,
    )  # fmt: skip
    return 0
