"""Track to the next: the boxes of a picture as proposals on the one that follows it."""

import os
import re
from collections.abc import Sequence

from msgspec import Struct

from core.data import images as pictures
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.labels import Proposal
from core.domain.progress import Progress, silent
from core.labelling import additions
from core.labelling.tracking import carry_on
from core.store.journal import Edited
from core.store.labels import edit, read_labels
from core.store.project_store import ProjectStore

SOURCE = "tracking"
_NUMBER = re.compile(r"(\d+)")


class Tracked(Struct, frozen=True, kw_only=True):
    """What came of it. ``boxes`` of the picture before; ``found`` of them are proposed now on ``image``.

    ``lost``: could not be found again. Those that ``image`` has already are neither. ``edited``: the edit to undo it
    by, ``None`` where nothing changed.
    """

    image: Image
    edited: Edited | None
    boxes: int
    found: int
    lost: int


def natural(path: str) -> tuple[object, ...]:
    """Key that sorts files of a folder as people count: frame 9 before frame 10, whatever the case of letters."""
    stem, ending = os.path.splitext(os.path.basename(path))  # noqa: PTH119, PTH122  (100,000 of them)
    parts = _NUMBER.split(stem.casefold())
    return (tuple(int(part) if place % 2 else part for place, part in enumerate(parts)), ending, path)


def following(images: Sequence[Image], image_hash: str) -> Image | None:
    """The picture after this one: the next file of the same folder, names sorted as people count."""
    path = next((one.path for one in images if one.hash == image_hash), None)
    if path is None:
        return None
    folder, own = os.path.dirname(path), natural(path)  # noqa: PTH120
    beside = ((natural(one.path), one) for one in images if os.path.dirname(one.path) == folder)  # noqa: PTH120
    found = min((pair for pair in beside if pair[0] > own), key=lambda pair: pair[0], default=None)
    return None if found is None else found[1]


def track(store: ProjectStore, images: Sequence[Image], image_hash: str, progress: Progress = silent) -> Tracked:
    """Propose the boxes of an image on the picture that follows it, as one edit, in place of earlier tracking.

    Boxes that are there stay, and are not proposed again.

    Raises:
        LensmithError: no picture follows, this one has no boxes, or one of both cannot be read.
    """
    target = following(images, image_hash)
    if target is None:
        raise LensmithError(
            "No picture of the same folder comes after this one.",
            "Pictures follow one another by the numbers in their file names; choose an earlier one.",
        )
    before, after = (read_labels(store, [one])[one] for one in (image_hash, target.hash))
    if not before.boxes:
        raise LensmithError("This picture has no boxes to carry on.", "Draw or accept its boxes first.")
    path = next(one.path for one in images if one.hash == image_hash)
    progress(0, 2, "Reading pictures")
    first, second = pictures.read(path), pictures.read(target.path)
    progress(1, 2, "Following the boxes")
    carried = carry_on(first, [one.box for one in before.boxes], second)
    progress(2, 2, "Following the boxes")
    found = [Proposal(box, score, SOURCE) for box, score in carried]
    new = additions.proposed(after, found, SOURCE)
    count = sum(one.source == SOURCE for one in new.proposals)
    return Tracked(
        image=target,
        edited=edit(store, "track", (str(count),), {target.hash: new}),
        boxes=len(before.boxes),
        found=count,
        lost=len(before.boxes) - len(carried),
    )
