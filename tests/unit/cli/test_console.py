"""What the command line prints for people."""

import pytest

from core.cli import console
from core.domain.dataset import Finding


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (47.6, "48 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")],
)
def test_that_a_duration_is_told_in_the_units_that_people_use(seconds: float, text: str) -> None:
    assert console.duration(seconds) == text


def test_that_file_names_with_square_brackets_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding(
        kind="empty_file", severity="bad", count=5, images=("[red]a[/red].png", "b.png"), why="Why.", remedy="[x] Do."
    )
    console.print_findings([finding], shown=1)
    shown = capsys.readouterr().out
    assert "[red]a[/red].png" in shown
    assert "… and 4 more" in shown
    assert "[x] Do." in shown
