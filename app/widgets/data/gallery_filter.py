"""Which pictures of a project a filter lets through: made once for all pictures in the background, then asked often."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from core.domain.annotation import Boxes, ClassLabel, Unlabelled
from core.domain.dataset import Finding, Image, ImageClass
from core.domain.task import Split

if TYPE_CHECKING:  # numpy, which the window's start does not wait for
    import numpy as np

PARTS = (*(str(split) for split in Split), "none")
# Findings about a class or a part as a whole, or told by a filter of their own: no fault of the pictures they name.
NO_PROBLEM = {"unlabelled_image", "class_with_few_images", "near_empty_split"}


class Filter(Struct, frozen=True):
    """What of the gallery is wanted. ``what``: "all", "class" (``class_id``), "unlabelled", "problems", or "finding"
    (``kind``); ``part``: one of ``PARTS``, or empty for all; ``text``: found in path or class names."""

    what: str = "all"
    class_id: int = 0
    kind: str = ""
    part: str = ""
    text: str = ""

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        return self == Filter()


class ClassCount(Struct, frozen=True):
    """``annotations``: boxes, or images of a classification project."""

    annotations: int = 0
    images: int = 0


class GalleryIndex(Struct, frozen=True):
    """Positions in ``images`` by all that they are filtered by, ascending."""

    images: Sequence[Image]
    by_class: "Mapping[int, np.ndarray]"
    counts: Mapping[int, ClassCount]
    part_of: "np.ndarray"  # int8 [images], position in PARTS
    parts: Mapping[str, int]  # part -> images
    labelled_parts: Mapping[str, int]  # part -> labelled images
    unlabelled: "np.ndarray"
    texts: Sequence[str]  # what is searched, casefolded

    @property
    def labelled(self) -> int:
        return len(self.images) - len(self.unlabelled)


class FindingIndex(Struct, frozen=True):
    """Positions of the pictures that each kind of finding names, and of all that have a problem."""

    by_kind: "Mapping[str, np.ndarray]" = {}
    problems: "np.ndarray | None" = None


def index_images(classes: Sequence[ImageClass], images: Sequence[Image]) -> GalleryIndex:
    """All that the pictures themselves tell; half a second for 100,000, so never in the window's thread.

    Classes that ``classes`` does not have, since another window added them this moment, are left out.
    """
    import numpy as np

    by_class: dict[int, list[int]] = {each.id: [] for each in classes}
    annotations = dict.fromkeys(by_class, 0)
    unlabelled: list[int] = []
    for place, image in enumerate(images):
        match image.annotation:
            case Unlabelled():
                unlabelled.append(place)
            case ClassLabel(class_id) if class_id in by_class:
                by_class[class_id].append(place)
                annotations[class_id] += 1
            case Boxes(boxes):
                known = [box.class_id for box in boxes if box.class_id in by_class]
                for class_id in known:
                    annotations[class_id] += 1
                for class_id in set(known):
                    by_class[class_id].append(place)
    codes = {None: len(PARTS) - 1} | {split: place for place, split in enumerate(Split)}
    part_of = np.fromiter((codes[image.split] for image in images), np.int8, len(images))
    no_label = np.array(unlabelled, np.int64)
    return GalleryIndex(
        images=images,
        by_class={class_id: np.array(places, np.int64) for class_id, places in by_class.items()},
        counts={class_id: ClassCount(annotations[class_id], len(places)) for class_id, places in by_class.items()},
        part_of=part_of,
        parts=_count_parts(part_of),
        labelled_parts=_count_parts(np.delete(part_of, no_label)),
        unlabelled=no_label,
        texts=_texts({each.id: each.name for each in classes}, images),
    )


def _count_parts(part_of: "np.ndarray") -> dict[str, int]:
    import numpy as np

    counts = np.bincount(part_of, minlength=len(PARTS))
    return {part: int(count) for part, count in zip(PARTS, counts, strict=True)}


def _texts(names: Mapping[int, str], images: Sequence[Image]) -> list[str]:
    """Paths below the folder that all share (else its name would be found in every picture), and class names."""
    try:
        shared = len(os.path.commonpath({_folder(image) for image in images})) if images else 0
    except ValueError:  # several drives of Windows
        shared = 0
    texts = []
    for image in images:
        text = image.path[shared:]
        match image.annotation:
            case ClassLabel(class_id):
                text = f"{text}\n{names.get(class_id, '')}"
            case Boxes(boxes):
                text = "\n".join((text, *{names.get(box.class_id, "") for box in boxes}))
        texts.append(text.casefold())
    return texts


def index_findings(images: Sequence[Image], findings: Iterable[Finding]) -> FindingIndex:
    """Findings name pictures by path, and lines of label files as ``path:line``: those count for the picture of the
    same name, where there is only one."""
    import numpy as np

    by_path = {image.path: place for place, image in enumerate(images)}
    stems: dict[str, int] = {}
    by_kind = {}
    problems: set[int] = set()
    for finding in findings:
        places = {by_path[where] for where in finding.images if where in by_path}
        others = [where for where in finding.images if where not in by_path and os.sep in where]
        if others and not stems:
            stems = _stems(images)
        places |= {place for where in others if (place := stems.get(_stem(where), -1)) >= 0}
        by_kind[finding.kind] = np.array(sorted(places), np.int64)
        if finding.severity != "note" and finding.kind not in NO_PROBLEM:
            problems |= places
    return FindingIndex(by_kind, np.array(sorted(problems), np.int64))


def _stems(images: Sequence[Image]) -> dict[str, int]:
    """Name without suffix -> the only picture of that name, or -1."""
    stems: dict[str, int] = {}
    for place, image in enumerate(images):
        stem = _stem(image.path)
        stems[stem] = -1 if stem in stems else place
    return stems


def _stem(where: str) -> str:
    return re.sub(r":\d+$", "", where).rpartition(os.sep)[2].rpartition(".")[0]


def chosen(index: GalleryIndex, findings: FindingIndex, wanted: Filter) -> Sequence[Image]:
    """The pictures that pass, in the project's order; a few milliseconds for 100,000."""
    places = _places(index, findings, wanted)
    if wanted.part:
        import numpy as np

        code = PARTS.index(wanted.part)
        places = np.flatnonzero(index.part_of == code) if places is None else places[index.part_of[places] == code]
    text = wanted.text.strip().casefold()
    if places is None and not text:
        return index.images
    order = range(len(index.images)) if places is None else places.tolist()
    if text:
        texts = index.texts
        order = [place for place in order if text in texts[place]]
    images = index.images
    return [images[place] for place in order]


def _places(index: GalleryIndex, findings: FindingIndex, wanted: Filter) -> "np.ndarray | None":
    match wanted.what:
        case "class":
            return index.by_class.get(wanted.class_id, index.unlabelled[:0])
        case "unlabelled":
            return index.unlabelled
        case "problems":
            return index.unlabelled[:0] if findings.problems is None else findings.problems
        case "finding":
            return findings.by_kind.get(wanted.kind, index.unlabelled[:0])
    return None


def missing_folders(images: Iterable[Image]) -> list[str]:
    """Folders of pictures that are not there: moved, or on a disk that is not connected."""
    return sorted(folder for folder in {_folder(image) for image in images} if not Path(folder).is_dir())


def _folder(image: Image) -> str:
    return image.path.rpartition(os.sep)[0]
