"""Check: everything wrong with a project's data, its counts, and whether a picture is still the one labelled."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from core.data.checks import check
from core.domain.annotation import Boxes, ClassLabel
from core.domain.dataset import Finding, Image, count_classes
from core.domain.task import Split, Task
from core.store import picture_files
from core.store.project_store import ProjectStore

DEFAULT_SIZE = {None: 224, Task.CLASSIFICATION: 224, Task.DETECTION: 640}


class CheckReport(Struct, frozen=True, kw_only=True):
    """``annotations``: class labels plus boxes; ``splits``: split name or "none" -> images."""

    images: int
    files: int
    annotations: int
    classes: dict[str, int]
    splits: dict[str, int]
    findings: tuple[Finding, ...]


def check_project(
    store: ProjectStore, training_size: int | None = None, images: Sequence[Image] | None = None
) -> CheckReport:
    """``training_size``: pixels that small objects are judged at; ``images``: the store's own, if read already."""
    task, classes, files = store.info.task, store.classes(), store.files()
    images = store.images() if images is None else images
    splits = Counter(str(image.split) if image.split else "none" for image in images)
    return CheckReport(
        images=len(images),
        files=len(files),
        annotations=sum(_annotations(image.annotation) for image in images),
        classes=count_classes(classes, images),
        splits={name: splits.get(name, 0) for name in (*(str(s) for s in Split), "none")},
        findings=check(task, classes, images, files, store.problems(), training_size or DEFAULT_SIZE[task]),
    )


def changed_since(store: ProjectStore, image: Image) -> bool:
    """Whether the file of an image holds another picture than the one that was labelled; it is a finding then.

    Its size and time tell that nothing happened; else its bytes do. For a background thread. A file that is gone or
    cannot be read has not changed.
    """
    known = picture_files.remembered(store, image.path)
    try:
        found = Path(image.path).stat()
        if known is None or (known.size, known.mtime_ns) == (found.st_size, found.st_mtime_ns):
            return False
        with Path(image.path).open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError:
        return False
    changed = digest != image.hash
    if not store.read_only:
        if changed:
            picture_files.note_changed(store, image.path)
        else:
            picture_files.remember_touched(store, image.path, found.st_mtime_ns)
    return changed


def _annotations(annotation: object) -> int:
    match annotation:
        case ClassLabel():
            return 1
        case Boxes(boxes):
            return len(boxes)
        case _:
            return 0
