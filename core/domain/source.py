"""What a reader found in a folder, before any of it is in a project."""

from collections.abc import Sequence

from msgspec import Struct

from core.domain.annotation import Annotation, Unlabelled
from core.domain.dataset import Finding, ImageFacts
from core.domain.task import Split, Task


class SourceBox(Struct, frozen=True, gc=False):
    """A box as a file gave it; ``label`` is an index into ``SourceDataset.classes``.

    ``relative``: corner coordinates are fractions of the upright image's width and height, else pixels.
    """

    x_min: float
    y_min: float
    x_max: float
    y_max: float
    label: int
    relative: bool = False


class SourceImage(Struct, frozen=True):
    """One picture file and what the source says about it.

    ``label``: class index of the whole image; ``boxes``: ``None`` when the source says nothing about objects,
    empty when it says that there are none (background).
    """

    path: str  # absolute
    label: int | None = None
    boxes: tuple[SourceBox, ...] | None = None
    split: Split | None = None


class Problem(Struct, frozen=True):
    """One thing in the source that could not be taken as it is.

    Problems are grouped by ``kind`` into findings; ``where`` is a path, with ``:line`` for label files.
    """

    kind: str
    where: str
    detail: str = ""


class SourceDataset(Struct, frozen=True, kw_only=True):
    """Everything a reader found; nothing has been written anywhere."""

    format: str  # "imagefolder", "yolo", "coco", "voc", "csv", "unlabelled"
    root: str
    task: Task | None  # None: the source says nothing (unlabelled)
    classes: tuple[str, ...]  # in the source's own order
    images: Sequence[SourceImage]
    problems: tuple[Problem, ...] = ()


class ClassEdit(Struct, frozen=True):
    """What becomes of a source class on import: ``target`` is a new name (equal targets merge), ``None`` skips it."""

    source: str
    target: str | None


class Preview(Struct, frozen=True, kw_only=True):
    """What an import would do, shown before anything is written."""

    format: str
    root: str
    task: Task | None
    images: int
    classes: dict[str, int]  # name -> images or boxes
    splits: dict[str, int]  # "train", "val", "test", "none" -> images
    findings: tuple[Finding, ...]


class ImportedImage(Struct, frozen=True, kw_only=True):
    """One picture file on its way into a project: looked at, its classes resolved to the project's ids."""

    facts: ImageFacts
    path: str  # absolute
    mtime_ns: int  # of the file when it was looked at
    annotation: Annotation = Unlabelled()
    split: Split | None = None


class ImportCounts(Struct, frozen=True, kw_only=True):
    """What the store did with the rows of one import. ``problems``: what the store itself found, such as
    labels that contradict those of the project; they are kept in the project with the others."""

    images_added: int
    images_known: int
    files_added: int
    labels_added: int  # images, new or known, that now have an annotation which they had not
    boxes_added: int
    problems: tuple[Problem, ...]


class ImportResult(Struct, frozen=True, kw_only=True):
    """What an import did."""

    images_added: int
    images_known: int
    files_added: int
    boxes_added: int
    skipped: int
    findings: tuple[Finding, ...]
