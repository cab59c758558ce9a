"""The data of a run that does not train on everything: what is chosen, and what is mixed in so that nothing is lost."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from core.data.images import thumbnail
from core.domain.annotation import Boxes, class_ids
from core.domain.data_choice import DataChoice, DataUse, PerClass, Share
from core.domain.dataset import Image, Snapshot
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.domain.task import Split
from core.training.plan import NO_ANCESTOR, Obstacle

_SIDE = 64  # pixels of the thumbnails that are compared
_READERS = 4
_SHADES = 4  # of each channel: 64 colours
_GRID, _DIRECTIONS = 4, 8  # gradients are counted in 4 × 4 fields, by direction

Features = NDArray[np.float64]  # [images, features]


def choose(
    snapshot: Snapshot, choice: DataChoice, ancestor: Snapshot | None, progress: Progress = silent
) -> tuple[Snapshot, DataUse]:
    """What of ``snapshot`` a run has; ``ancestor``: what the run that it starts from has seen.

    Classes stay, so outputs and test split are those of any other run of the project, ``test_hash`` too: a class that
    nobody trains any more is judged all the same. Validation follows the choice, and with any mix takes in all of the
    ancestor's validation images; where none is left, the last epoch counts.

    Raises:
        LensmithError: nothing is left to train on, or the choice needs an ancestor and there is none.
    """
    if ancestor is None and choice.needs_ancestor:
        raise LensmithError(NO_ANCESTOR.cause, NO_ANCESTOR.remedy)
    had = {image.hash: image.annotation for image in ancestor.images} if ancestor else {}
    wanted = {
        image.hash
        for image in snapshot.images
        if (not choice.classes or class_ids(image.annotation) & {*choice.classes})
        and not (choice.new_only and had.get(image.hash) == image.annotation)
    }
    train = snapshot.part(Split.TRAIN)
    chosen = [image for image in train if image.hash in wanted]
    if not chosen:
        raise LensmithError(
            "None of the images that were chosen would train.",
            "Label new images or choose other classes, then try again; or train on all images.",
        )
    old = [image for image in train if image.hash in had and image.hash not in wanted]
    mixed = {image.hash for image in _mixed(old, choice, progress)}
    if choice.mixes:
        mixed |= {image.hash for image in snapshot.part(Split.VAL) if image.hash in had}
    kept = tuple(i for i in snapshot.images if i.split is Split.TEST or i.hash in wanted or i.hash in mixed)
    trains = sum(image.split is Split.TRAIN for image in kept)
    use = DataUse(choice=choice, chosen=len(chosen), mixed=trains - len(chosen), left_out=len(train) - trains)
    return replace(snapshot, images=kept), use


def forgetting_risk(ancestor: Snapshot, images: Iterable[Image]) -> Obstacle | None:
    """A warning, if the run would forget classes: the ancestor trained on them, and none of ``images``, those that
    would train now, shows them any more."""
    missing = _shown(ancestor.part(Split.TRAIN)) - _shown(images)
    lost = [one.name for one in ancestor.classes if one.id in missing]
    if not lost:
        return None
    names = ", ".join(f"“{name}”" for name in lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
    return Obstacle(
        f"No training image would show {names}: the model may forget what it knows of them.",
        "Mix in images of the earlier run: all, a share, or a few per class.",
        "data",
    )


def cover(images: Sequence[Image], count: int, features: Features) -> list[Image]:
    """``count`` images of each class (boxes, where they have boxes), as far apart as possible; rare classes first.

    Farthest-point traversal: next comes the image farthest from all that were taken (T. F. Gonzalez, Clustering to
    minimize the maximum intercluster distance, Theoretical Computer Science 38, 1985). What was taken for one class
    counts for the others it shows. The same images give the same choice, whatever their order.
    """
    order = sorted(range(len(images)), key=lambda number: images[number].hash)
    shown = [_counted(image) for image in images]
    total = sum(shown, Counter())
    taken: dict[int, None] = {}  # in the order of taking
    have: Counter[int] = Counter()
    distance = np.full(len(images), np.inf)
    for class_id in sorted(total, key=lambda one: (total[one], one)):
        left = [number for number in order if shown[number][class_id] and number not in taken]
        while left and have[class_id] < count:
            best = _most_typical(features, left) if not taken else left[int(np.argmax(distance[left]))]
            left.remove(best)
            taken[best] = None
            have += shown[best]
            distance = np.minimum(distance, np.linalg.norm(features - features[best], axis=1))
    return [images[number] for number in taken]


def features_of(images: Sequence[Image], progress: Progress = silent) -> tuple[list[Image], Features]:
    """How pictures look, ``[n, 192]``: colours, and directions of gradients by place; both of length 1.

    Images that cannot be read are left out of both.
    """
    readable, rows = [], []
    with ThreadPoolExecutor(_READERS) as pool:
        for done, (image, row) in enumerate(zip(images, pool.map(_look, images), strict=True), start=1):
            if row is not None:
                readable.append(image)
                rows.append(row)
            progress(done, len(images), "Looking at earlier images")
    return readable, np.array(rows, np.float64).reshape(len(rows), -1)


def _mixed(old: Sequence[Image], choice: DataChoice, progress: Progress) -> Sequence[Image]:
    match choice.mix:
        case Share(share):
            return _share_of(old, share)
        case PerClass(count):
            readable, features = features_of(old, progress)
            return cover(readable, count, features)


def _share_of(images: Sequence[Image], share: float) -> list[Image]:
    """Of each class, by the rarest class an image shows; at least one of each. Hashes are as good as a lottery."""
    frequency = Counter(class_id for image in images for class_id in class_ids(image.annotation))
    strata: dict[int | None, list[Image]] = {}
    for image in sorted(images, key=lambda one: one.hash):
        rarest = min(class_ids(image.annotation), key=lambda one: (frequency[one], one), default=None)
        strata.setdefault(rarest, []).append(image)
    return [image for group in strata.values() for image in group[: _part_of(len(group), share)]]


def _part_of(count: int, share: float) -> int:
    return max(1, round(count * share)) if share > 0 else 0


def _shown(images: Iterable[Image]) -> set[int]:
    return set().union(*(class_ids(image.annotation) for image in images))


def _counted(image: Image) -> Counter[int]:
    """Class id -> boxes of it, or one for the class of the image."""
    if isinstance(image.annotation, Boxes):
        return Counter(box.class_id for box in image.annotation.boxes)
    return Counter(class_ids(image.annotation))


def _most_typical(features: Features, members: Collection[int]) -> int:
    """The one nearest to the mean; the first of equals."""
    rows = [*members]
    return rows[int(np.argmin(np.linalg.norm(features[rows] - features[rows].mean(axis=0), axis=1)))]


def _look(image: Image) -> Features | None:
    try:
        picture = thumbnail(Path(image.path), _SIDE)
    except LensmithError:
        return None
    shades = (picture // (256 // _SHADES)).astype(np.int64)
    colours = np.bincount((shades @ [_SHADES**2, _SHADES, 1]).ravel(), minlength=_SHADES**3)
    return np.concatenate([_unit(np.sqrt(colours)), _unit(_gradients(picture))])


def _gradients(picture: np.ndarray) -> Features:
    """Strength of the gradients in each field of the picture and direction, ``[128]``."""
    grey = picture.mean(axis=2)
    down, right = np.gradient(grey) if min(grey.shape) > 1 else (np.zeros_like(grey),) * 2
    turn = (np.arctan2(down, right) / (2 * np.pi) * _DIRECTIONS).astype(np.int64) % _DIRECTIONS
    height, width = grey.shape
    rows, columns = np.arange(height) * _GRID // height, np.arange(width) * _GRID // width
    fields = (rows[:, None] * _GRID + columns[None, :]) * _DIRECTIONS + turn
    strength = np.bincount(fields.ravel(), np.hypot(down, right).ravel(), minlength=_GRID**2 * _DIRECTIONS)
    return strength.astype(np.float64)


def _unit(values: Features) -> Features:
    length = float(np.linalg.norm(values))
    return values / length if length else values
