"""Tables of light: none when nothing changes, never upside down."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.widgets.canvas.light import Light, table


def test_that_no_change_needs_no_table():
    assert table(Light()) is None


@given(st.builds(Light, st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 5)).filter(lambda light: light != Light()))
def test_that_what_was_darker_is_never_shown_lighter(light):
    values = table(light)
    assert values.shape == (256,)
    assert (np.diff(values.astype(int)) >= 0).all()


def test_that_each_slider_does_what_it_says():
    assert table(Light(brightness=0.2))[100] == 151
    assert table(Light(gamma=2))[64] > 100
    steep = table(Light(contrast=0.5))
    assert steep[64] < 64
    assert steep[192] > 192
    assert set(table(Light(contrast=-1))) == {128}
