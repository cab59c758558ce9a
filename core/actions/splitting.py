"""Split: which images train, which choose, and which judge."""

from collections import Counter
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from core.data import splits
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.task import Split
from core.store.project_store import ProjectStore
from core.store.run_store import RunStore


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


def resplit_project(store: ProjectStore, *, val: float, test: float, seed: int = 0) -> dict[str, Split | None]:
    """Split all labelled images anew, whatever parts they have. Returns the parts from before, by hash: handed to
    ``ProjectStore.set_splits``, they undo it.

    Only before the first run: afterwards another test part would make scores incomparable.
    """
    if RunStore(store.path).list():
        raise LensmithError(
            "The split is locked because runs were measured on its test part.",
            "Add images instead: those that come without a part are spread over the parts there are.",
        )
    if not (0 <= val < 1 and 0 <= test < 1 and val + test < 1):
        raise LensmithError(
            f"val {val:g} and test {test:g} leave nothing to train on.", "Choose fractions that add up to less than 1."
        )
    images = store.images()
    store.set_splits(splits.assign([replace(image, split=None) for image in images], val, test, seed))
    return {image.hash: image.split for image in images}


def count_splits(store: ProjectStore) -> dict[str, int]:
    """``train``, ``val``, ``test``, ``none`` -> images."""
    counts = Counter(str(image.split) if image.split else "none" for image in store.images())
    return {name: counts.get(name, 0) for name in (*(str(split) for split in Split), "none")}


def is_split(store: ProjectStore) -> bool:
    """Whether every labelled image has its part, and something is there to choose by."""
    return missing_split(store.images()) is None


def missing_split(images: Sequence[Image], seed: int = 0) -> dict[str, Split] | None:
    """The parts that a run would give first, by image hash; ``None`` when every labelled image has its part, and
    something is there to choose by.

    Test is left as the source brought it; only a data set without any split at all gets one.
    """
    parts = {image.split for image in images if image.is_labelled}
    if Split.VAL in parts and None not in parts:
        return None
    untouched = all(image.split is None for image in images)
    return splits.assign(images, 0.2, 0.2 if untouched else 0.0, seed)


def fill_missing_split(store: ProjectStore, seed: int) -> str | None:
    """Before a run: split what was never split, so that something chooses. Returns a sentence if anything moved."""
    parts = missing_split(store.images(), seed)
    if parts is None:
        return None
    before = count_splits(store)
    store.set_splits(parts)
    after = count_splits(store)
    if after == before:
        return None
    return (
        f"Split into {after['train']} train, {after['val']} val and {after['test']} test images (seed {seed}); "
        "use “split” beforehand to choose the parts yourself."
    )
