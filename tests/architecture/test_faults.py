"""The table of faults names tests that exist, and every fault that was promised."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "resources" / "docs" / "FAULTS.md").read_text("utf-8")
ROWS = re.findall(r"^\| (\d+) \|(.*)\|$", PAGE, re.MULTILINE)
PROMISED = {
    *range(1, 59),
    61,
    62,
}


def test_that_every_promised_fault_has_its_row() -> None:
    assert [int(number) for number, _ in ROWS] == sorted(PROMISED)


@pytest.mark.parametrize(("number", "row"), ROWS, ids=[number for number, _ in ROWS])
def test_that_the_tests_of_a_fault_exist(number: str, row: str) -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", row)
    assert named, f"fault {number} has no test"
    for file, name in named:
        text = (ROOT / "tests" / file).read_text("utf-8")
        assert re.search(rf"^def {name}\(", text, re.MULTILINE), f"{file}::{name}"
