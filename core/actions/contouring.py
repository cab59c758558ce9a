"""Contours: boxes round whatever stands out from the ground, on one picture or on all that are to do."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from msgspec import Struct

from core.data import images as pictures
from core.domain.annotation import Box
from core.domain.dataset import Image
from core.domain.labels import ImageLabels, Proposal
from core.domain.progress import Progress, silent
from core.labelling import additions
from core.labelling.contours import ContourSettings, Corners, find_boxes
from core.store.journal import Edited
from core.store.labels import edit, read_labels
from core.store.project_store import ProjectStore

SOURCE = "contours"
_LARGE = 3e7  # pixels; larger ones are looked at one at a time
MOST_BOXES = 2000  # on one picture: more is texture or noise, and nobody would look through them


class Found(Struct, frozen=True, kw_only=True):
    """What stands out on pictures, before any of it is in the project.

    ``boxes`` by image hash, also where there are none. ``unread``: one sentence for each picture that was skipped.
    ``crowded``: pictures with more than ``MOST_BOXES``.
    """

    boxes: dict[str, list[Corners]]
    unread: tuple[str, ...] = ()
    crowded: int = 0


class Contoured(Struct, frozen=True, kw_only=True):
    """What came of it: ``boxes`` on ``images`` pictures. ``finished``: those that somebody labelled to the end
    meanwhile, which stay as they are. ``edited``: the edit to undo it by, ``None`` where nothing changed."""

    edited: Edited | None
    images: int
    boxes: int
    finished: int = 0


def find(images: Sequence[Image], settings: ContourSettings, progress: Progress = silent) -> Found:
    """Look for contours on ``images``. Nothing is written, so it may take long and be cancelled at any time."""
    boxes: dict[str, list[Corners]] = {}
    unread = []
    crowded = 0
    for done, (image, found) in enumerate(zip(images, _looked_at(images, settings), strict=True)):
        progress(done, len(images), "Looking for contours")
        if isinstance(found, pictures.UnreadableImage):
            unread.append(str(found))
        elif len(found) > MOST_BOXES:
            crowded += 1
        else:
            boxes[image.hash] = found
    progress(len(images), len(images), "Looking for contours")
    return Found(boxes=boxes, unread=tuple(unread), crowded=crowded)


def add(
    store: ProjectStore, found: Found, class_id: int, *, as_boxes: bool = False, finished_too: bool = False
) -> Contoured:
    """Give pictures what was found on them, as boxes or proposals of ``class_id``: one edit for all of them.

    With ``finished_too`` also those that are labelled to the end. What a picture has stays; a contour on a box that is
    there already (IoU ≥ 0.5) is left out.
    """
    labels: dict[str, ImageLabels] = {}
    boxes = images = finished = 0
    for image_hash, before in read_labels(store, found.boxes).items():
        if before.done and before.boxes is not None and not finished_too:
            finished += 1
            continue
        labels[image_hash] = after = with_contours(before, found.boxes[image_hash], class_id, as_boxes=as_boxes)
        added = count_new(before, after)
        boxes, images = boxes + added, images + bool(added)
    edited = edit(store, SOURCE, (str(boxes),), labels)
    return Contoured(edited=edited, images=images, boxes=boxes, finished=finished)


def with_contours(
    labels: ImageLabels, corners: Sequence[Corners], class_id: int, *, as_boxes: bool = False
) -> ImageLabels:
    """``labels`` with boxes of ``class_id`` at ``corners``, in place of what contours had proposed before."""
    boxes = [
        Box(float(left), float(top), float(right), float(bottom), class_id) for left, top, right, bottom in corners
    ]
    if as_boxes:
        return additions.drawn(labels, boxes, SOURCE)
    return additions.proposed(labels, [Proposal(box, 1.0, SOURCE) for box in boxes], SOURCE)


def count_new(before: ImageLabels, after: ImageLabels) -> int:
    """How many boxes and proposals contours have given a picture."""
    boxes = len(after.boxes or ()) - len(before.boxes or ())
    return boxes + sum(one.source == SOURCE for one in after.proposals)


def _looked_at(
    images: Sequence[Image], settings: ContourSettings
) -> Iterator[list[Corners] | pictures.UnreadableImage]:
    """Order kept; a few pictures ahead in threads, since OpenCV releases the interpreter lock."""
    # A picture of 100 megapixels takes a gigabyte while it is looked at.
    large = any(image.width * image.height > _LARGE for image in images)
    threads = 1 if large else min(4, os.cpu_count() or 2)
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[list[Corners] | pictures.UnreadableImage]] = deque()
        try:
            for image in images:
                waiting.append(pool.submit(_look, image.path, settings))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()


def _look(path: str, settings: ContourSettings) -> list[Corners] | pictures.UnreadableImage:
    try:
        return find_boxes(pictures.read(path), settings)
    except pictures.UnreadableImage as error:
        return error
