"""Images, classes, snapshots and findings."""

import hashlib
from collections import Counter
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from core.domain.annotation import Annotation, Boxes, ClassLabel, Unlabelled
from core.domain.task import Split, Task


class ImageClass(Struct, frozen=True):
    """A class of the project. The id never changes and is never reused; everything else may change.

    ``look``: which colour and marker; ``shortcut``: a letter that gives it on the Label page, or empty.
    """

    id: int
    name: str
    look: int | None = None  # by id where nobody chose
    shortcut: str = ""


class ImageFacts(Struct, frozen=True, kw_only=True):
    """What looking at one picture file told, before anything is known about its labels.

    Two files with the same ``hash`` are the same image.
    """

    hash: str  # BLAKE2b-128 of the file's bytes, 32 hexadecimal digits
    width: int  # pixels, upright (after EXIF rotation)
    height: int
    size: int  # bytes
    format: str  # "jpeg", "png", "bmp", "tiff", "webp", "gif", by content, never by extension
    orientation: int = 1  # EXIF tag 274: 1 upright, 2-8 turned or mirrored
    traits: tuple[str, ...] = ()  # of TRAITS: what a check may have to speak about


TRAITS = (
    "wrong_extension",
    "animated",
    "16_bit",
    "float",
    "cmyk",
    "palette",
    "alpha",
    "all_transparent",
    "trailing_bytes",
    "1_bit",
)


class Image(Struct, frozen=True, kw_only=True, gc=False):
    """One image of a project; ``path`` is one file that holds it now (absolute).

    ``done``: false while somebody is still labelling it, and then it does not train. ``proposals`` wait for somebody to
    accept them; ``least_score`` is that of the least certain one.

    Nothing in it can lead back to it, so the garbage collector need not walk 100,000 of them while a window waits.
    """

    hash: str
    path: str
    width: int
    height: int
    annotation: Annotation
    split: Split | None = None
    traits: tuple[str, ...] = ()
    orientation: int = 1
    done: bool = True
    proposals: int = 0
    least_score: float = 1.0

    @property
    def is_labelled(self) -> bool:
        """To the end: it can train."""
        return self.done and not isinstance(self.annotation, Unlabelled)


class Snapshot(Struct, frozen=True, kw_only=True):
    """The frozen data of a run: only labelled images, each with its split, sorted by hash.

    ``classes`` is in the order of the model's outputs: class ``classes[i]`` is output ``i``.
    """

    schema_version: int = 1
    project: str
    task: Task
    classes: tuple[ImageClass, ...]
    images: tuple[Image, ...]

    def part(self, split: Split) -> tuple[Image, ...]:
        return tuple(image for image in self.images if image.split == split)

    def index_of(self) -> dict[int, int]:
        """Class id -> position of the model's output."""
        return {image_class.id: index for index, image_class in enumerate(self.classes)}

    def class_index(self, image: Image) -> int:
        """Position of the model's output that is right for a classification image."""
        assert isinstance(image.annotation, ClassLabel)
        return self.index_of()[image.annotation.class_id]

    def data_hash(self) -> str:
        """Names the data: equal exactly when classes, images, labels and splits are equal."""
        classes = [{"id": one.id, "name": one.name} for one in self.classes]
        return _digest((classes, [_content(image) for image in self.images]))

    def test_hash(self) -> str:
        """Two runs can be compared on their test metrics only when this is equal; the order of classes is no matter."""
        return self.split_hash(Split.TEST)

    def split_hash(self, split: Split) -> str:
        names = [one.name for one in sorted(self.classes, key=lambda one: one.id)]
        return _digest((names, [_content(image) for image in self.part(split)]))


def _content(image: Image) -> tuple[object, ...]:
    return (image.hash, image.annotation, image.split)


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()[:32]


class Finding(Struct, frozen=True, kw_only=True):
    """Something about the data that the user should know: which images, why it matters, what to do.

    ``images`` are paths as the user knows them, with ``:line`` appended where a line of a label file is meant.
    ``count`` may exceed ``len(images)`` where the list was cut for display. ``details[i]`` says more about
    ``images[i]`` where there is more to say, else it is empty.
    """

    kind: str
    severity: str  # "bad": cannot be used as it is; "caution": usable, but look; "note": dealt with, for information
    count: int
    images: tuple[str, ...]
    why: str
    remedy: str
    details: tuple[str, ...] = ()


def count_classes(classes: Iterable[ImageClass], images: Iterable[Image]) -> dict[str, int]:
    """Class name -> number of images (classification) or boxes (detection), every class named, in class order.

    A class that is not among ``classes`` is not counted: it may have been made or merged since they were read.
    """
    counts: Counter[int] = Counter()
    for image in images:
        match image.annotation:
            case ClassLabel(class_id):
                counts[class_id] += 1
            case Boxes(boxes):
                counts.update(box.class_id for box in boxes)
    return {image_class.name: counts[image_class.id] for image_class in classes}
