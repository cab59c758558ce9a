"""Repairs that findings offer: pictures that were moved are found again, changed ones are taken as they are."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from core.data import images as pictures
from core.data.formats.listing import list_images
from core.domain.annotation import Boxes
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.domain.source import ImportedImage
from core.store import picture_files
from core.store.project_store import ProjectStore


class Located(Struct, frozen=True):
    """``found``: images that have a file again; ``missing``: those that still have none."""

    found: int
    missing: int


def locate_images(store: ProjectStore, folder: Path, progress: Progress = silent) -> Located:
    """Look in and below ``folder`` for the pictures whose files are gone, and remember where they are now.

    A picture is known by its content, so nothing but the very same picture is taken; only files called like a missing
    one are opened. Labels and parts stay as they are. Raises ``LensmithError`` when there is none of them.
    """
    missing = {image.hash: image for image in store.images() if not Path(image.path).exists()}
    names = {os.path.basename(image.path) for image in missing.values()}  # noqa: PTH119  (100,000 of them)
    candidates = [path for path in list_images(str(folder), []) if os.path.basename(path) in names]  # noqa: PTH119
    rows = {row.facts.hash: row for row in _looked_at(candidates, progress) if row.facts.hash in missing}
    if not rows:
        raise LensmithError(
            f"None of the {len(missing):,} missing pictures is in “{folder}”.",
            "Choose the folder that was moved or renamed, or the disk that holds it.",
        )
    store.import_images(rows.values())
    return Located(found=len(rows), missing=len(missing) - len(rows))


def take_changed(store: ProjectStore, paths: Sequence[str]) -> int:
    """Give the pictures that files hold now the labels and parts of those that they held before; how many.

    The labels of the picture before stay with it, should its file come back. A file whose picture has another size now
    is left as it is: boxes are pixels. Raises ``LensmithError`` when none can be taken.
    """
    by_path = {image.path: image for image in store.images()}
    rows = []
    for path in paths:
        image = by_path.get(path)
        with suppress(pictures.UnreadableImage, OSError):
            facts, mtime_ns = pictures.inspect(path), Path(path).stat().st_mtime_ns
            if image is None or facts.hash == image.hash:
                continue
            if isinstance(image.annotation, Boxes) and (facts.width, facts.height) != (image.width, image.height):
                continue
            annotation, part = image.annotation, image.split
            rows.append(ImportedImage(facts=facts, path=path, mtime_ns=mtime_ns, annotation=annotation, split=part))
    if not rows:
        raise LensmithError(
            "None of these pictures can keep its labels: it is as it was, gone, or of another size than before.",
            "Bring the old files back, or import the folder again.",
        )
    with store.transaction():
        store.import_images(rows)
        for row in rows:
            picture_files.forget_problems(store, row.path, picture_files.CHANGED, "file_replaced")
    return len(rows)


def _looked_at(paths: Sequence[str], progress: Progress) -> list[ImportedImage]:
    found = []
    for done, path in enumerate(paths, start=1):
        with suppress(pictures.UnreadableImage, OSError):  # one of the missing, perhaps, but it cannot be shown either
            facts, mtime_ns = pictures.inspect(path), Path(path).stat().st_mtime_ns
            found.append(ImportedImage(facts=facts, path=path, mtime_ns=mtime_ns))
        progress(done, len(paths), "Looking for pictures")
    return found
