"""Every finding has a name."""

from app.widgets.data.finding_texts import _TITLES
from core.data.findings import KINDS


def test_that_every_kind_of_finding_has_a_title_and_no_title_is_left_over() -> None:
    assert set(_TITLES) == set(KINDS)
