"""Where the borders of a split may go."""

from hypothesis import given
from hypothesis import strategies as st

from app.widgets.data.split_bar import Parts, moved

_PARTS = st.tuples(st.integers(1, 500), st.integers(0, 500), st.integers(0, 500)).map(lambda sizes: Parts(*sizes))


@given(_PARTS, st.sampled_from([0, 1]), st.integers(-100, 2000))
def test_that_no_image_is_lost_and_one_always_trains(parts: Parts, handle: int, to: int) -> None:
    after = moved(parts, handle, to)
    assert after.total == parts.total
    assert after.train >= 1
    assert min(after) >= 0


def test_that_a_border_pushes_the_other_only_where_it_is_in_the_way() -> None:
    assert moved(Parts(60, 20, 20), 0, 70) == Parts(70, 10, 20)
    assert moved(Parts(60, 20, 20), 0, 90) == Parts(90, 0, 10)
    assert moved(Parts(60, 20, 20), 1, 90) == Parts(60, 30, 10)
    assert moved(Parts(60, 20, 20), 1, 40) == Parts(40, 0, 60)
