"""Sentences of advice, rule by rule, and that none claims more than its intervals carry."""

from collections.abc import Sequence

import pytest

from core.actions.advice import advice, names_of
from core.domain.comparison import Difference, Group, Measured

IMAGES = {"t": 120, "other": 50}


def group(number: int, mode: str, value: float, **more: object) -> Group:
    seeds = int(str(more.pop("seeds", 1)))
    runs = tuple(f"{number + seed:04d}-{mode}-net" for seed in range(seeds))
    metric = Measured(name="accuracy", value=value, low=value - 0.05, high=value + 0.05)
    fields = {"model": "net", "seconds": 60.0, "test_set": "t"} | more
    return Group(runs=runs, mode=mode, metric=metric, **fields)


def apart(a: Group, b: Group, half: float) -> Difference:
    assert a.metric is not None
    assert b.metric is not None
    value = b.metric.value - a.metric.value
    return Difference(a=a.runs[0], b=b.runs[0], value=value, low=value - half, high=value + half)


def said(groups: Sequence[Group], differences: Sequence[Difference], split: str = "test") -> str:
    return advice(groups, differences, IMAGES, split)


TRANSFER = group(1, "transfer", 0.809, seconds=100.0)
FINETUNE = group(2, "finetune", 0.85, seconds=300.0)
SCRATCH = group(3, "scratch", 0.6, seconds=30.0)


def test_that_a_certain_difference_is_told_with_its_interval_and_what_it_takes() -> None:
    assert said([TRANSFER, FINETUNE], [apart(TRANSFER, FINETUNE, 0.029)]) == (
        "Fine-tune is better than transfer by 4.1 points (95 %: 1.2 to 7.0) on 120 test images and takes 3 times as"
        " long. Each was trained with one seed only: another seed may turn it."
    )


def test_that_the_order_of_the_runs_does_not_matter() -> None:
    forth = said([TRANSFER, FINETUNE], [apart(TRANSFER, FINETUNE, 0.029)])
    assert said([FINETUNE, TRANSFER], [apart(FINETUNE, TRANSFER, 0.029)]) == forth


def test_that_without_a_difference_the_faster_one_is_advised() -> None:
    fast = group(1, "transfer", 0.83, seconds=25.0)
    text = said([fast, FINETUNE], [apart(fast, FINETUNE, 0.06)])
    assert text.startswith(
        "Between fine-tune and transfer (2.0 points behind, 95 %: −4.0 to 8.0) there is no difference that these 120"
        " test images can show; take transfer, which is 12 times as fast."
    )
    assert "better" not in text


def test_that_equally_fast_ones_are_told_so_and_a_faster_best_one_is_taken() -> None:
    same = group(1, "transfer", 0.83, seconds=310.0)
    assert "both take about as long." in said([same, FINETUNE], [apart(same, FINETUNE, 0.06)])
    slow = group(1, "transfer", 0.83, seconds=3000.0)
    assert "take fine-tune, which is the fastest too." in said([slow, FINETUNE], [apart(slow, FINETUNE, 0.06)])


def test_that_the_best_is_only_called_so_against_each_that_it_beats() -> None:
    groups = [TRANSFER, FINETUNE, SCRATCH]
    pairs = [apart(TRANSFER, FINETUNE, 0.08), apart(SCRATCH, FINETUNE, 0.05), apart(SCRATCH, TRANSFER, 0.05)]
    text = said(groups, pairs)
    assert "Between fine-tune and transfer" in text
    assert "take transfer, which is 3 times as fast" in text
    assert (
        "Fine-tune is better than training from scratch by 25.0 points (95 %: 20.0 to 30.0) and takes 10 times as long."
        in text
    )
    assert "better than transfer" not in text


def test_that_an_interval_just_without_zero_is_not_enough_among_many() -> None:
    """0.0 is left out by a hair: true of one pair, but Holm asks for more where three are compared."""
    groups = [TRANSFER, FINETUNE, SCRATCH]
    pairs = [apart(TRANSFER, FINETUNE, 0.04), apart(SCRATCH, FINETUNE, 0.3), apart(SCRATCH, TRANSFER, 0.3)]
    text = said(groups, pairs)
    assert "better than" not in text
    assert "no difference that these 120 test images can show" in text
    assert "among 3 comparisons" in text
    assert "Fine-tune is better than transfer" in said(groups[:2], pairs[:1])


@pytest.mark.parametrize("spread", [0.004, 0.06])
def test_that_seeds_are_weighed_when_there_are_several(spread: float) -> None:
    transfer = group(1, "transfer", 0.80, seeds=3, spread=spread)
    finetune = group(4, "finetune", 0.85, seeds=3, spread=spread)
    text = said([transfer, finetune], [apart(transfer, finetune, 0.02)])
    assert f"fine-tune by {100 * spread:.1f} points over 3 seeds" in text
    assert ("within what seeds alone do" in text) == (spread > 0.01)
    assert "one seed only" not in text


def test_that_a_single_seed_among_several_is_named() -> None:
    finetune = group(4, "finetune", 0.85, seeds=3, spread=0.01)
    assert "Transfer: one seed only" in said([TRANSFER, finetune], [apart(TRANSFER, finetune, 0.02)])


def test_that_runs_on_other_images_are_never_ranked() -> None:
    elsewhere = group(9, "scratch", 0.99, test_set="other")
    text = said([TRANSFER, FINETUNE, elsewhere], [apart(TRANSFER, FINETUNE, 0.029)])
    assert text.startswith("Fine-tune is better than transfer")
    assert "Training from scratch was judged on other images and cannot be ranked with the rest." in text


def test_that_nothing_is_claimed_without_intervals_or_without_results() -> None:
    assert said([], []) == "No run has a result yet: there is nothing to compare."
    assert "nothing to compare it with" in said([FINETUNE], [])
    assert "decides nothing" in said([TRANSFER, FINETUNE], [])
    assert "About training from scratch nothing can be said" in said(
        [TRANSFER, FINETUNE, SCRATCH], [apart(TRANSFER, FINETUNE, 0.029)]
    )


def test_that_validation_images_are_called_so() -> None:
    assert "on 120 validation images" in said([TRANSFER, FINETUNE], [apart(TRANSFER, FINETUNE, 0.029)], "val")


def test_that_groups_are_called_by_what_tells_them_apart() -> None:
    other_model = group(4, "transfer", 0.8, model="large")
    assert names_of([TRANSFER, other_model]) == {"0001-transfer-net": "net", "0004-transfer-net": "large"}
    assert names_of([TRANSFER, FINETUNE, other_model])["0002-finetune-net"] == "fine-tune with net"
    assert list(names_of([TRANSFER, group(5, "transfer", 0.7)]).values()) == ["transfer (run 1)", "transfer (run 5)"]
