"""How a batch is shared by processes that train together."""

import pytest

from core.backends.team import Team, device_of_member


@pytest.mark.parametrize(("images", "batch", "size"), [(18, 6, 2), (19, 6, 2), (17, 8, 4), (100, 16, 3), (2, 6, 2)])
def test_that_every_member_gets_its_own_images_and_as_many_as_the_others(images: int, batch: int, size: int) -> None:
    order = list(range(images))[::-1]
    parts = [Team(rank, size).share(order, batch) for rank in range(size)]
    assert len({len(part) for part in parts}) == 1
    shared = [number for part in parts for number in part]
    assert len(set(shared)) == len(shared)
    assert images - len(shared) < max(batch, 2 * size)
    first = {number for part in parts for number in part[: batch // size]}
    assert first <= set(order[:batch])  # the same batch at the same time


def test_that_nobody_is_left_with_a_single_image() -> None:
    """Batch norm cannot learn from one."""
    assert [len(Team(rank, 2).share(list(range(9)), 6)) for rank in range(2)] == [3, 3]


def test_that_one_process_alone_agrees_with_itself() -> None:
    alone = Team()
    assert (alone.leads, alone.agree("x"), alone.mean(2.5)) == (True, "x", 2.5)


def test_that_each_member_has_a_device_of_its_own() -> None:
    assert [device_of_member("cuda:0,cuda:2", Team(rank, 2)) for rank in range(2)] == ["cuda:0", "cuda:2"]
    assert device_of_member("cuda:0,cuda:2", Team()) == "cuda:0"
