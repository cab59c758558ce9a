"""What the command line prints for people."""

import pytest

from core.cli import console
from core.domain.dataset import Finding


def test_that_file_names_with_square_brackets_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding(
        kind="empty_file", severity="bad", count=5, images=("[red]a[/red].png", "b.png"), why="Why.", remedy="[x] Do."
    )
    console.print_findings([finding], shown=1)
    shown = capsys.readouterr().out
    assert "[red]a[/red].png" in shown
    assert "… and 4 more" in shown
    assert "[x] Do." in shown
