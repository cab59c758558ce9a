"""Numbers stay readable on every fill, in both palettes."""

import pytest

from app import theme
from app.widgets.plots.shades import contrast, mix, ramp, shade

PALETTES = [theme.LIGHT, theme.DARK]


def test_that_contrast_is_that_of_wcag():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert contrast("#FFFFFF", "#FFFFFF") == 1


def test_that_a_mix_goes_from_one_end_to_the_other():
    assert [mix("#000000", "#FF8000", share) for share in (0, 0.5, 1)] == ["#000000", "#804000", "#FF8000"]


@pytest.mark.parametrize("colours", PALETTES, ids=theme.name_of)
def test_that_every_number_can_be_read_on_its_fill(colours):
    assert min(contrast(fill, text) for fill, text in ramp(colours)) >= 4.5
    assert contrast(shade(0, colours)[0], colours.muted) >= 4.5  # a nought


@pytest.mark.parametrize("colours", PALETTES, ids=theme.name_of)
def test_that_a_larger_share_never_looks_like_less(colours):
    distances = [contrast(fill, colours.surface) for fill, _ in ramp(colours)]
    assert distances == sorted(distances)
    assert shade(1, colours)[0] == colours.accent
    assert shade(0, colours)[0] != colours.surface
