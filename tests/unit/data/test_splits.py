import random
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.splits import assign, group_by_folder, group_by_pattern
from core.domain.annotation import Annotation, Box, Boxes, ClassLabel, Unlabelled
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.task import Split

TRAIN, VAL, TEST = Split.TRAIN, Split.VAL, Split.TEST


def image(number: int, annotation: Annotation, split: Split | None = None, path: str = "") -> Image:
    return Image(
        hash=f"{number:032x}", path=path or f"/p/{number}.jpg", width=9, height=9, annotation=annotation, split=split
    )


def labelled(counts: list[int], start: int = 0) -> list[Image]:
    """``counts[c]`` images of class ``c``."""
    classes = [class_id for class_id, count in enumerate(counts) for _ in range(count)]
    return [image(start + number, ClassLabel(class_id)) for number, class_id in enumerate(classes)]


def boxed(*classes: int) -> Boxes:
    return Boxes(tuple(Box(0, 0, 5, 5, class_id) for class_id in classes))


def apply(images: list[Image], parts: dict[str, Split]) -> list[Image]:
    return [msgspec.structs.replace(i, split=parts.get(i.hash, i.split)) for i in images]


def sizes(parts: dict[str, Split]) -> Counter[Split]:
    return Counter(parts.values())


class_counts = st.lists(st.integers(0, 60), min_size=1, max_size=6)
fractions = st.tuples(st.floats(0, 0.4), st.floats(0, 0.4))
seeds = st.integers(0, 1000)


@given(class_counts, fractions, seeds)
def test_that_parts_are_within_one_image_of_the_wish_in_every_class(
    counts: list[int], wish: tuple[float, float], seed: int
) -> None:
    images = labelled(counts)
    val, test = wish
    parts = assign(images, val, test, seed)
    assert len(parts) == len(images)
    for class_id, count in enumerate(counts):
        found = Counter(parts[i.hash] for i in images if i.annotation == ClassLabel(class_id))
        if count == 1:
            assert found == {TRAIN: 1}
        elif count:
            assert found[TRAIN] >= 1
            assert abs(found[VAL] - val * count) <= 1.01
            assert abs(found[TEST] - test * count) <= 1.01


@given(st.integers(20, 60), st.floats(0.05, 0.4))
def test_that_many_small_classes_add_up_to_the_wish(classes: int, val: float) -> None:
    parts = assign(labelled([3] * classes), val, 0, 0)
    assert abs(sizes(parts)[VAL] - val * 3 * classes) <= 1


@given(class_counts, st.lists(st.integers(0, 60), min_size=1, max_size=6), fractions, seeds)
def test_that_adding_images_moves_no_old_one_and_keeps_the_wish(
    old: list[int], new: list[int], wish: tuple[float, float], seed: int
) -> None:
    val, test = 0.1 + wish[0] / 2, 0.1 + wish[1] / 2
    before = labelled([10, *old])  # class 0 is large enough for each part to exist
    parts = assign(before, val, test, seed)
    added = labelled([0, *new], start=1000)
    after = assign([*apply(before, parts), *added], val, test, seed)
    assert {hash_: after[hash_] for hash_ in parts} == parts
    assert set(after) == {i.hash for i in (*before, *added)}
    for class_id, count in enumerate(new, start=1):
        total = count + (old[class_id - 1] if class_id <= len(old) else 0)
        found = Counter(after[i.hash] for i in (*before, *added) if i.annotation == ClassLabel(class_id))
        if total > 8:
            assert abs(found[VAL] - val * total) <= 2.01
            assert abs(found[TEST] - test * total) <= 2.01


@given(class_counts, fractions, seeds)
def test_that_the_order_of_the_images_means_nothing(counts: list[int], wish: tuple[float, float], seed: int) -> None:
    images = labelled(counts)
    parts = assign(images, *wish, seed)
    random.Random(seed).shuffle(images)
    assert assign(images, *wish, seed) == parts


def test_that_another_seed_draws_other_images() -> None:
    images = labelled([40, 40])
    assert assign(images, 0.2, 0.2, 0) != assign(images, 0.2, 0.2, 1)
    assert sizes(assign(images, 0.2, 0.2, 0)) == sizes(assign(images, 0.2, 0.2, 1)) == {TRAIN: 48, VAL: 16, TEST: 16}


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2)), min_size=1, max_size=30),
    fractions,
    seeds,
)
def test_that_groups_stay_whole_and_parts_are_within_one_group_of_the_wish(
    groups: list[tuple[int, int]], wish: tuple[float, float], seed: int
) -> None:
    images = [
        image(100 * lot + number, ClassLabel(class_id), path=f"/p/lot{lot}/{number}.jpg")
        for lot, (size, class_id) in enumerate(groups)
        for number in range(size)
    ]
    parts = assign(images, *wish, seed, group_by_folder)
    assert all(len({parts[i.hash] for i in images if f"lot{lot}/" in i.path}) == 1 for lot in range(len(groups)))
    largest = max(size for size, _ in groups)
    for part, fraction in zip((VAL, TEST), wish, strict=True):
        assert sizes(parts)[part] <= fraction * len(images) + largest
        lots = Counter(class_id for _, class_id in groups)
        if min(lots.values()) >= 6:
            assert sizes(parts)[part] >= fraction * len(images) - largest


def test_that_a_pattern_groups_by_its_capture_or_its_match() -> None:
    pictures = [
        image(n, ClassLabel(0), path=f"/p/{name}") for n, name in enumerate(("lot1_a.png", "lot1_b.png", "x.png"))
    ]
    by_capture, by_match = group_by_pattern(r"(lot\d+)_"), group_by_pattern(r"lot\d+_")
    assert [by_capture(p) for p in pictures[:2]] == ["lot1", "lot1"]
    assert [by_match(p) for p in pictures[:2]] == ["lot1_", "lot1_"]
    assert by_capture(pictures[2]) != by_capture(image(9, ClassLabel(0), path="/p/y.png"))


def test_that_a_broken_pattern_is_told_in_a_sentence() -> None:
    with pytest.raises(LensmithError, match="no regular expression"):
        group_by_pattern("(lot")


def test_that_a_new_member_joins_its_group() -> None:
    lots = [image(10 * lot + n, ClassLabel(0), path=f"/p/{lot}/{n}.jpg") for lot in range(10) for n in range(4)]
    parts = assign(lots, 0.2, 0.2, 0, group_by_folder)
    late = [image(1000 + lot, ClassLabel(0), path=f"/p/{lot}/late.jpg") for lot in range(10)]
    after = assign([*apply(lots, parts), *late], 0.2, 0.2, 0, group_by_folder)
    for lot, picture in enumerate(late):
        assert after[picture.hash] == parts[f"{10 * lot:032x}"]


def test_that_unlabelled_images_get_no_part_and_do_not_count() -> None:
    images = [*labelled([10]), *(image(100 + n, Unlabelled(), VAL) for n in range(10))]
    assert sizes(assign(images, 0.2, 0.2, 0)) == {TRAIN: 6, VAL: 2, TEST: 2}


def test_that_images_in_progress_get_no_part_until_they_are_done() -> None:
    images = [msgspec.structs.replace(one, done=n % 2 == 0) for n, one in enumerate(labelled([20, 20]))]
    assert set(assign(images, 0.2, 0.2, 0)) == {one.hash for one in images if one.done}


def test_that_missing_val_is_carved_from_train_and_never_from_test() -> None:
    images = [msgspec.structs.replace(i, split=TEST if n % 2 else TRAIN) for n, i in enumerate(labelled([40, 40]))]
    parts = assign(images, 0.25, 0.5, 0)
    assert sizes(parts) == {TRAIN: 30, VAL: 10, TEST: 40}
    assert all(parts[i.hash] is TEST for i in images if i.split is TEST)
    assert Counter(i.annotation for i in images if parts[i.hash] is VAL) == {ClassLabel(0): 5, ClassLabel(1): 5}


def test_that_nothing_is_carved_unless_asked_for() -> None:
    images = [msgspec.structs.replace(i, split=TEST if n % 2 else TRAIN) for n, i in enumerate(labelled([40]))]
    assert assign(images, 0, 0, 0) == {i.hash: i.split for i in images}


def test_that_parts_brought_by_the_source_stay_when_all_are_there() -> None:
    images = [msgspec.structs.replace(i, split=(TRAIN, VAL, TEST)[n % 3]) for n, i in enumerate(labelled([30]))]
    assert assign(images, 0.01, 0.01, 0) == {i.hash: i.split for i in images}


def test_that_missing_test_is_carved_from_train_and_leaves_val() -> None:
    images = [msgspec.structs.replace(i, split=VAL if n < 10 else TRAIN) for n, i in enumerate(labelled([50]))]
    parts = assign(images, 0.2, 0.2, 0)
    assert sizes(parts) == {TRAIN: 32, VAL: 10, TEST: 8}
    assert assign(apply(images, parts), 0.2, 0.2, 0) == parts


def test_that_a_group_that_is_partly_in_test_is_never_carved_from() -> None:
    """A source may part a group; then its train images stay, lest its test images be dragged along."""
    images = [
        image(10 * lot + n, ClassLabel(0), TEST if n == 0 else TRAIN, path=f"/p/{lot}/{n}.jpg")
        for lot in range(10)
        for n in range(4)
    ]
    late = [image(1000 + lot, ClassLabel(0), path=f"/p/late{lot}/0.jpg") for lot in range(10)]
    parts = assign([*images, *late], 0.2, 0.2, 0, group_by_folder)
    assert {i.hash: parts[i.hash] for i in images} == {i.hash: i.split for i in images}
    assert sizes(parts)[VAL] > 0


def test_that_boxes_are_stratified_by_their_rarest_class_and_background_too() -> None:
    images = [image(n, boxed(0, 0, 1) if n < 10 else boxed(0) if n < 90 else Boxes(())) for n in range(100)]
    parts = assign(images, 0.2, 0.2, 0)
    for low, high, held in ((0, 10, 2), (10, 90, 16), (90, 100, 2)):
        found = Counter(parts[i.hash] for i in images[low:high])
        assert (found[VAL], found[TEST]) == (held, held)


@pytest.mark.parametrize("counts", [[], [0], [1], [1, 1, 1], [2], [0, 5]])
def test_that_tiny_data_sets_split_without_an_error(counts: list[int]) -> None:
    parts = assign(labelled(counts), 0.2, 0.2, 0)
    assert len(parts) == sum(counts)
    assert not parts or TRAIN in parts.values()
