"""What commands print: one JSON document on stdout, everything meant for people on stderr or as tables."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from core.domain.dataset import Finding
from core.domain.errors import LensmithError
from core.domain.progress import Progress

# Into a file or pipe nothing is folded: somebody searches it with other tools.
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True, highlight=False, soft_wrap=True)

SEVERITY_MARKS = {"bad": "[red]✗[/red]", "caution": "[yellow]![/yellow]", "note": "[dim]·[/dim]"}


class WrongUse(LensmithError):
    """Arguments that do not fit together; exit code 2."""


def print_json(value: object) -> None:
    """Exactly one document, and the only thing on stdout."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
    sys.stdout.flush()


def print_error(error: LensmithError) -> None:
    err.print(f"[red]{escape(error.cause)}[/red]")
    if error.remedy:
        err.print(escape(error.remedy))


def escape(text: str) -> str:
    """Keep square brackets of file names from being read as markup."""
    from rich.markup import escape as escape_markup

    return escape_markup(text)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, numbers_from: int = 1) -> None:
    """Columns from ``numbers_from`` on are aligned right."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index >= numbers_from else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    out.print(table)


def print_findings(findings: Sequence[Finding], *, shown: int = 3) -> None:
    """Each finding with its first few places, why it matters and what to do."""
    for finding in findings:
        out.print(f"{SEVERITY_MARKS[finding.severity]} [bold]{finding.kind.replace('_', ' ')}[/bold]  {finding.count}")
        for place in finding.images[:shown]:
            out.print(f"    {escape(place)}")
        if finding.count > shown:
            out.print(f"    … and {finding.count - shown} more")
        out.print(f"  {escape(finding.why)} {escape(finding.remedy)}", style="dim")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar with time left on a terminal; silence elsewhere. Ctrl+C reaches the job as ``KeyboardInterrupt``."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Bar(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=None)
        drawn = 0.0

        def show(done: int, total: int, what: str) -> None:
            nonlocal drawn
            now = time.monotonic()
            if now - drawn > 0.1 or done == total:
                drawn = now
                bar.update(task, completed=done, total=total or None, description=what)

        yield show
