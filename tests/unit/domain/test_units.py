"""Quantities as people read them."""

import pytest

from core.domain.units import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (47.6, "48 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")],
)
def test_that_a_duration_is_told_in_the_units_that_people_use(seconds: float, text: str) -> None:
    assert duration(seconds) == text
