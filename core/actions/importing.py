"""Import: a source is opened and previewed, edited, and then written in one transaction."""

import hashlib
import os
import shutil
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from core.data import images
from core.data.findings import findings_from
from core.data.formats.archives import is_archive
from core.data.formats.convert import to_pixel_boxes
from core.data.formats.detect import open_source
from core.data.preview import edit_classes, empty_as_unlabelled, missing_as_background, preview
from core.domain.annotation import Annotation, Box, Boxes, ClassLabel, Unlabelled
from core.domain.dataset import Image, ImageFacts
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.domain.source import (
    ClassEdit,
    ImportedImage,
    ImportResult,
    Preview,
    Problem,
    SourceDataset,
    SourceImage,
)
from core.store.project_store import ProjectStore

# Pictures inspected ahead of the writer; bounds memory, not speed.
AHEAD = 256
SAMPLES = 12


@contextmanager
def opened(
    store: ProjectStore, source: Path, format_name: str = "auto", progress: Progress = silent
) -> Iterator[SourceDataset]:
    """Read a folder, yaml, JSON, CSV or archive; the project's records are not touched.

    An archive is unpacked into ``<project>/images/<name>-<digest of its bytes>``, so the same archive twice is the same
    folder. What was unpacked is removed again unless ``run_import`` took it.
    """
    if not is_archive(str(source)):
        yield open_source(source, format_name, progress=progress)
        return
    staging = store.path / "images" / _archive_folder(source)
    try:
        yield open_source(source, format_name, staging=staging, progress=progress)
    finally:
        if not _in_use(store, staging):
            shutil.rmtree(staging, ignore_errors=True)


def _in_use(store: ProjectStore, folder: Path) -> bool:
    inside = f"{folder}{os.sep}"
    return any(path.startswith(inside) for path, _ in store.files())


def _archive_folder(source: Path) -> str:
    try:
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).hexdigest()
    except OSError as error:
        raise LensmithError(f"“{source}” cannot be read ({error.strerror}).", "Check that you may read it.") from error
    return f"{source.name.split('.')[0][:60]}-{digest}"


class ImportChoices(Struct, frozen=True, kw_only=True):
    """What the user decided about a source before it is written."""

    edits: tuple[ClassEdit, ...] = ()
    missing_is_background: bool = False
    empty_is_unlabelled: bool = False


class OpenedSource:
    """A source that was read and waits for the user's choices, with some of its pictures as they will be.

    ``samples``: the class ids of their annotations are positions in ``dataset.classes``. To be closed: what an archive
    was unpacked to goes then, unless it was imported.
    """

    def __init__(self, path: Path, dataset: SourceDataset, samples: tuple[Image, ...], held: ExitStack) -> None:
        """For ``open_for_preview`` only."""
        self.path, self.dataset, self.samples = path, dataset, samples
        self.preview: Preview = preview(dataset)
        self.waits = True  # for the user's choices
        self._held = held

    def close(self) -> None:
        """May be called twice, and from any thread."""
        self._held.close()


def open_for_preview(store: ProjectStore, source: Path, progress: Progress = silent) -> OpenedSource:
    """Read ``source``, of any format, and look at a few of its pictures; nothing is written to the project."""
    with ExitStack() as stack:
        dataset = stack.enter_context(opened(store, source, progress=progress))
        if not dataset.images:
            raise LensmithError(f"“{source}” names no picture that is there.", "Choose the folder with the pictures.")
        progress(0, 0, "Looking at some pictures")
        return OpenedSource(source, dataset, _samples(dataset), stack.pop_all())


def _samples(dataset: SourceDataset) -> tuple[Image, ...]:
    """Up to ``SAMPLES`` readable pictures, spread evenly over the labelled ones; others only where none is labelled."""
    labelled = [image for image in dataset.images if image.label is not None or image.boxes]
    some = labelled or list(dataset.images)
    spread = [some[place * len(some) // SAMPLES] for place in range(SAMPLES)]
    found: list[Image] = []
    for source in [*spread, *some[: 2 * SAMPLES]]:  # others stand in for those that cannot be read
        looked = _look(source.path)
        if isinstance(looked, images.UnreadableImage) or any(image.path == source.path for image in found):
            continue
        facts, ids = looked[0], range(len(dataset.classes))
        annotation = _annotation(source, facts, ids, [])
        found.append(
            Image(hash=facts.hash, path=source.path, width=facts.width, height=facts.height, annotation=annotation)
        )
        if len(found) == SAMPLES:
            break
    return tuple(found)


def decided(dataset: SourceDataset, choices: ImportChoices) -> SourceDataset:
    """``dataset`` as the user wants it; ``LensmithError`` for class names that cannot be."""
    if choices.empty_is_unlabelled and choices.missing_is_background:
        dataset = _swapped(dataset)
    elif choices.empty_is_unlabelled:
        dataset = empty_as_unlabelled(dataset)
    elif choices.missing_is_background:
        dataset = missing_as_background(dataset)
    return edit_classes(dataset, choices.edits)


def _swapped(dataset: SourceDataset) -> SourceDataset:
    """Each choice speaks of the files as they are: done one after the other, the second would take the first back."""
    empty = {image.path for image in dataset.images if image.boxes == ()}
    filled = missing_as_background(dataset)
    return replace(filled, images=[replace(i, boxes=None) if i.path in empty else i for i in filled.images])


def run_import(store: ProjectStore, dataset: SourceDataset, progress: Progress = silent) -> ImportResult:
    """Write ``dataset`` in one transaction; cancelled or failed, the project is as it was.

    Pictures stay where they are and are only read.
    """
    task = store.info.task
    if dataset.task is not None and task not in (None, dataset.task):
        raise LensmithError(
            f"“{dataset.root}” is labelled for {dataset.task}, but this project is for {task}.",
            "Import it into a project of its own.",
        )
    problems = list(dataset.problems)
    with store.transaction():
        if dataset.task is not None and task is None:
            store.set_task(dataset.task)
        ids = store.add_classes(dataset.classes, _used_classes(dataset))
        rows = _rows(dataset, [ids[name] for name in dataset.classes], problems, progress)
        counts = store.import_images(rows, problems)
    taken = counts.images_added + counts.images_known
    return ImportResult(
        images_added=counts.images_added,
        images_known=counts.images_known,
        files_added=counts.files_added,
        boxes_added=counts.boxes_added,
        skipped=len(dataset.images) - taken,
        findings=findings_from([*problems, *counts.problems]),
    )


def _used_classes(dataset: SourceDataset) -> set[str]:
    labels = {image.label for image in dataset.images if image.label is not None}
    labels |= {box.label for image in dataset.images for box in image.boxes or ()}
    return {dataset.classes[label] for label in labels}


def _rows(
    dataset: SourceDataset, class_ids: Sequence[int], problems: list[Problem], progress: Progress
) -> Iterator[ImportedImage]:
    """Every readable picture in the source's order; the others end up in ``problems``."""
    total = len(dataset.images)
    for done, (source, looked) in enumerate(_inspected(dataset.images), start=1):
        if isinstance(looked, images.UnreadableImage):
            problems.append(Problem(looked.kind, source.path, looked.cause))
        else:
            facts, mtime_ns = looked
            yield ImportedImage(
                facts=facts,
                path=source.path,
                mtime_ns=mtime_ns,
                annotation=_annotation(source, facts, class_ids, problems),
                split=source.split,
            )
        progress(done, total, "Reading pictures")


Looked = tuple[ImageFacts, int] | images.UnreadableImage


def _inspected(sources: Sequence[SourceImage]) -> Iterator[tuple[SourceImage, Looked]]:
    """Order kept; decoding runs a bounded stretch ahead in threads, since it releases the interpreter lock."""
    with ThreadPoolExecutor(max_workers=min(8, (os.cpu_count() or 2) + 1)) as pool:
        waiting: deque[tuple[SourceImage, Future[Looked]]] = deque()
        try:
            for source in sources:
                waiting.append((source, pool.submit(_look, source.path)))
                if len(waiting) >= AHEAD:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


def _look(path: str) -> Looked:
    try:
        return images.inspect(path), os.stat(path).st_mtime_ns  # noqa: PTH116  (hot loop)
    except images.UnreadableImage as error:
        return error


def _annotation(
    source: SourceImage, facts: ImageFacts, class_ids: Sequence[int], problems: list[Problem]
) -> Annotation:
    if source.label is not None:
        return ClassLabel(class_ids[source.label])
    if source.boxes is None:
        return Unlabelled()
    boxes, found = to_pixel_boxes(source, facts.width, facts.height)
    problems.extend(found)
    if source.boxes and not boxes:
        return Unlabelled()  # its boxes were all unusable: that says nothing about what it shows
    return Boxes(tuple(Box(x1, y1, x2, y2, class_ids[label]) for x1, y1, x2, y2, label in boxes))
