"""Split: which images train, which choose, and which judge."""

from collections import Counter
from collections.abc import Callable

from core.data import splits
from core.domain.annotation import Unlabelled
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.task import Split
from core.store.project_store import ProjectStore


def split_project(
    store: ProjectStore,
    *,
    val: float,
    test: float,
    seed: int = 0,
    group_of: Callable[[Image], str] | None = None,
) -> dict[str, int]:
    """Give every labelled image a split; those that have one keep it. Returns split name -> images.

    A part that no image has yet (a source that brought only train and test, say) is carved out of train.
    """
    if not (0 <= val < 1 and 0 <= test < 1 and val + test < 1):
        raise LensmithError(
            f"val {val:g} and test {test:g} leave nothing to train on.", "Choose fractions that add up to less than 1."
        )
    images = store.images()
    store.set_splits(splits.assign(images, val, test, seed, group_of))
    return count_splits(store)


def count_splits(store: ProjectStore) -> dict[str, int]:
    """``train``, ``val``, ``test``, ``none`` -> images."""
    counts = Counter(str(image.split) if image.split else "none" for image in store.images())
    return {name: counts.get(name, 0) for name in (*(str(split) for split in Split), "none")}


def is_split(store: ProjectStore) -> bool:
    """Whether every labelled image has its part, and something is there to choose by."""
    splits = {image.split for image in store.images() if not isinstance(image.annotation, Unlabelled)}
    return Split.VAL in splits and None not in splits


def fill_missing_split(store: ProjectStore, seed: int) -> str | None:
    """Before a run: split what was never split, so that something chooses. Returns a sentence if anything moved.

    Test is left as the source brought it; only a data set without any split at all gets one.
    """
    if is_split(store):
        return None
    before = count_splits(store)
    untouched = not (before["train"] or before["val"] or before["test"])
    after = split_project(store, val=0.2, test=0.2 if untouched else 0.0, seed=seed)
    if after == before:
        return None
    return (
        f"Split into {after['train']} train, {after['val']} val and {after['test']} test images (seed {seed}); "
        "use “split” beforehand to choose the parts yourself."
    )
