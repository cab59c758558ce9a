"""Which images train, which choose (val) and which judge (test): stratified, seeded, groups kept whole.

The order in which groups are drawn comes from a hash of the seed and the group, never from file order, so the same
images give the same parts on any machine. Images that have a part keep it; new ones fill up the parts around them.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from core.domain.annotation import Boxes, ClassLabel
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.task import Split

HELD_OUT = (Split.TEST, Split.VAL)  # test first: what judges matters most
TILES = "images/lensmith-tiles"  # below a project: one folder a picture that was cut into tiles
BACKGROUND = -1  # stratum of images that show no object


def assign(
    images: Sequence[Image],
    val: float,
    test: float,
    seed: int,
    group_of: Callable[[Image], str] | None = None,
) -> dict[str, Split]:
    """The part of every labelled image, by hash; unlabelled images get none.

    ``val`` and ``test`` are fractions of all labelled images. Where a part is wished for and no image is in it, as when
    a source brings train and test alone, it is carved out of train (a fraction of train and the new images); apart from
    that, nothing that has a part moves. Classes are met in every part as well as their number of images allows; a
    class of one group stays in train. Members that join a known group go where most of it is. Without ``group_of`` the
    tiles of a picture are a group, since neighbours overlap, and any other image is one of its own.
    """
    labelled = [image for image in images if image.is_labelled]
    groups = _groups(labelled, seed, group_of)
    wishes = {Split.TEST: test, Split.VAL: val}
    present = {image.split for image in labelled}
    carved = {part for part in HELD_OUT if wishes[part] > 0 and part not in present}
    strata: dict[int, list[_Group]] = defaultdict(list)
    for group in groups:
        strata[group.stratum].append(group)
    carry = dict.fromkeys(HELD_OUT, 0.0)
    for stratum in sorted(strata):
        if len(strata[stratum]) > 1:
            _fill(strata[stratum], wishes, carved, carry)
    return {image.hash: group.part_of(image) for group in groups for image in group.images}


def group_by_folder(image: Image) -> str:
    """Pictures of one folder stay together (one folder a lot, a patient, a day)."""
    return str(Path(image.path).parent)


def group_by_pattern(pattern: str) -> Callable[[Image], str]:
    """Pictures whose path gives the same text for ``pattern`` (its first group, else the whole match) stay together.

    The path is matched with forward slashes. An image without a match is a group of its own.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise LensmithError(
            f"“{pattern}” is no regular expression: {error}.",
            "For file names such as lot42_0001.jpg, try (lot[0-9]+)_.",
        ) from error

    def group_of(image: Image) -> str:
        match = compiled.search(Path(image.path).as_posix())
        if match is None:
            return f"alone:{image.hash}"
        return str((match.group(1) if compiled.groups else match.group(0)) or "")

    return group_of


def _group_of_tiles(image: Image) -> str:
    folder = image.path.replace("\\", "/").rpartition("/")[0]
    return folder if folder.rpartition("/")[0].endswith(f"/{TILES}") else image.hash


class _Group(Struct):
    """Images that must not be parted, and where they go."""

    images: list[Image]
    draw: bytes  # the smaller, the sooner it is drawn
    stratum: int
    part: Split
    fixed: bool  # some member had a part before
    moved: bool = False  # out of train, into a held-out part

    def part_of(self, image: Image) -> Split:
        """A source may have parted a group; what it brought stays."""
        return self.part if self.moved or image.split is None else image.split


def _groups(images: Iterable[Image], seed: int, group_of: Callable[[Image], str] | None) -> list[_Group]:
    members: dict[str, list[Image]] = defaultdict(list)
    for image in images:
        members[(group_of or _group_of_tiles)(image)].append(image)
    strata = _strata(image for group in members.values() for image in group)
    groups = []
    for key, group in members.items():
        before = Counter(image.split for image in group if image.split is not None)
        most = max(before.values(), default=0)
        part = next((p for p in (Split.TRAIN, Split.VAL, Split.TEST) if most and before[p] == most), Split.TRAIN)
        kinds = Counter(strata[image.hash] for image in group)
        stratum = min(kinds, key=lambda kind: (-kinds[kind], kind))
        draw = hashlib.blake2b(f"{seed}:{key}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
        groups.append(_Group(group, draw, stratum, part, bool(before)))
    return sorted(groups, key=lambda group: group.draw)


def _strata(images: Iterable[Image]) -> dict[str, int]:
    """Hash -> the class that it is stratified by; of several classes the one that the fewest images have."""
    classes: dict[str, set[int]] = {}
    for image in images:
        match image.annotation:
            case ClassLabel(class_id):
                classes[image.hash] = {class_id}
            case Boxes(boxes):
                classes[image.hash] = {box.class_id for box in boxes}
    frequency = Counter(class_id for found in classes.values() for class_id in found)
    return {
        hash_: min(found, key=lambda class_id: (frequency[class_id], class_id), default=BACKGROUND)
        for hash_, found in classes.items()
    }


def _fill(groups: list[_Group], wishes: dict[Split, float], carved: set[Split], carry: dict[Split, float]) -> None:
    """Draw groups of one stratum into the held-out parts, at least one group staying in train.

    ``carry`` hands what rounding left over to the next stratum, so that many small classes add up to the wish.
    """
    free = [group for group in groups if not group.fixed or (carved and _only_train(group))]
    staying = sum(group.part is Split.TRAIN for group in groups)
    for part in HELD_OUT:
        sizes = Counter(group.part_of(image) for group in groups for image in group.images)
        total = sum(sizes.values())
        if part in carved:
            brought = [other for other in HELD_OUT if other not in carved]
            total -= sum(sizes[other] for other in brought)
        need = wishes[part] * total + carry[part] - sizes[part] if wishes[part] > 0 else 0.0
        for group in free:
            size = len(group.images)
            if group.part is not Split.TRAIN or (group.fixed and part not in carved):
                continue
            if staying > 1 and size < 2 * need:  # taking it comes closer to the wish than leaving it
                group.part, group.moved = part, True
                need -= size
                staying -= 1
        largest = max((len(group.images) for group in free), default=0)
        carry[part] = max(-largest / 2, min(largest / 2, need))


def _only_train(group: _Group) -> bool:
    return all(image.split in (None, Split.TRAIN) for image in group.images)
