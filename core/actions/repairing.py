"""A repair that a finding offers: pictures that were moved are found again."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from core.data import images as pictures
from core.data.formats.listing import list_images
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.domain.source import ImportedImage
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


def _looked_at(paths: Sequence[str], progress: Progress) -> list[ImportedImage]:
    found = []
    for done, path in enumerate(paths, start=1):
        with suppress(pictures.UnreadableImage, OSError):  # one of the missing, perhaps, but it cannot be shown either
            facts, mtime_ns = pictures.inspect(path), Path(path).stat().st_mtime_ns
            found.append(ImportedImage(facts=facts, path=path, mtime_ns=mtime_ns))
        progress(done, len(paths), "Looking for pictures")
    return found
