import re
from pathlib import Path

import pytest

from core.data.findings import KINDS, SEVERITIES, SHOWN, findings_from
from core.domain.source import Problem

SOURCES = sorted((Path(__file__).parents[3] / "core" / "data").rglob("*.py"))


def test_that_problems_of_one_kind_become_one_finding_bad_ones_first() -> None:
    problems = [
        Problem("background_image", "c.jpg"),
        Problem("box_outside", "a.jpg", "over the edge"),
        Problem("image_missing", "b.jpg"),
        Problem("box_outside", "d.jpg"),
    ]
    findings = findings_from(problems)
    assert [(f.kind, f.severity, f.count) for f in findings] == [
        ("image_missing", "bad", 1),
        ("box_outside", "caution", 2),
        ("background_image", "note", 1),
    ]
    assert findings[1].images == ("a.jpg", "d.jpg")
    assert findings[1].details == ("over the edge", "")


def test_that_a_long_list_is_cut_and_counted() -> None:
    (finding,) = findings_from(Problem("image_missing", f"{n}.jpg") for n in range(SHOWN + 5))
    assert (finding.count, len(finding.images)) == (SHOWN + 5, SHOWN)


def test_that_an_unknown_kind_is_an_error_of_the_program() -> None:
    with pytest.raises(KeyError):
        findings_from([Problem("no_such_kind", "a.jpg")])


@pytest.mark.parametrize("kind", KINDS)
def test_that_every_kind_is_told_in_whole_sentences(kind: str) -> None:
    row = KINDS[kind]
    assert row.severity in SEVERITIES
    assert row.why[0].isupper()
    assert row.why.endswith(".")
    assert row.remedy.endswith(".")


def test_that_every_kind_of_problem_in_the_code_is_in_the_table() -> None:
    used = {kind for path in SOURCES for kind in re.findall(r'Problem\(\s*"(\w+)"', path.read_text(encoding="utf-8"))}
    assert len(used) > 30
    assert used <= KINDS.keys()
