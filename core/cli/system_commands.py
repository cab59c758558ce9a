"""doctor, support, demo, screenshots, window."""

import argparse
import runpy
import sys
import tempfile
from pathlib import Path

from msgspec.structs import replace

from core.cli import console
from core.domain.errors import LensmithError

SHOWN_EPOCHS = (10, 22)  # of two runs: three minutes on two cores without a card
MARKS = {"ok": "[green]✓[/green]", "caution": "[yellow]![/yellow]", "bad": "[red]✗[/red]"}


def doctor(options: argparse.Namespace) -> int:
    from core.actions.doctor import doctor as examine

    report = examine()
    if options.json:
        console.print_json(report)
    else:
        for line in report.lines:
            console.out.print(
                f"{MARKS[line.state]} [bold]{console.escape(line.name)}[/bold]  {console.escape(line.text)}"
            )
            if line.remedy:
                console.out.print(f"  {console.escape(line.remedy)}", style="dim")
    return 1 if any(line.state == "bad" for line in report.lines) else 0


def support(options: argparse.Namespace) -> int:
    from core.actions.support import support_bundle

    project = Path(options.project) if options.project else None
    with console.progress_bar() as progress:
        written = support_bundle(Path(options.target), project, progress)
    if options.json:
        console.print_json({"bundle": str(written)})
    else:
        console.out.print(
            f"{console.escape(str(written))} is made. It holds no pictures; README.txt in it says what it holds."
        )
    return 0


def demo(options: argparse.Namespace) -> int:
    from core.cli.demo import run_demo

    return run_demo(Path(options.folder), as_json=options.json, window=not options.no_window)


def screenshots(options: argparse.Namespace) -> int:
    """Of the project given, or of one drawn and trained for the occasion."""
    with tempfile.TemporaryDirectory(prefix="lensmith-") as folder:
        return _run_window(["--screenshots", options.folder, options.project or str(_make_shown(Path(folder)))])


def _make_shown(folder: Path) -> Path:
    """Boxes, which show most, and two runs, the second of which goes on from the first."""
    from core.cli.demo import PARTS, make, train

    part = PARTS[-1]
    scratch = replace(part.choices, epochs=SHOWN_EPOCHS[0])
    make(replace(part, choices=scratch), folder)
    fine_tune = replace(scratch, mode="finetune", epochs=SHOWN_EPOCHS[1])
    train(folder / part.name, part.model, fine_tune, weights="run:1")
    return folder / part.name


def window(options: argparse.Namespace) -> int:
    return _run_window([options.project] if options.project else [])


def _run_window(arguments: list[str]) -> int:
    """Start the window in this process, by name: nothing in ``core`` may import Qt."""
    sys.argv = ["lensmith", *arguments]
    try:
        runpy.run_module("app", run_name="__main__")
    except SystemExit as end:
        return int(end.code or 0)
    except ImportError as error:
        raise LensmithError(
            f"The window cannot open: {error}.", "Run: lensmith doctor, which names what is missing."
        ) from error
    return 0
