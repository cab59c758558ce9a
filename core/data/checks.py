"""Everything that may be wrong with a project's data, from its records alone: no file is opened here."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from core.data.findings import findings_from
from core.data.formats.class_names import near_names
from core.domain.annotation import Boxes, Unlabelled, class_ids
from core.domain.dataset import Finding, Image, ImageClass
from core.domain.source import Problem
from core.domain.task import Split, Task

FEW_IMAGES = 10  # below this a class, or a part of the split, says little
SMALL_OBJECT = 8.0  # pixels at the training size: one cell of a detector's finest grid
LARGE = 2**26  # pixels
IMBALANCE = 10  # times more images in the largest class than in the smallest

# Kinds that an import notes, but that labelling and merging change since: they are found anew from the records.
_FOUND_ANEW = {"unlabelled_image", "background_image", "all_background", "near_class_names"}


def check(
    task: Task | None,
    classes: Sequence[ImageClass],
    images: Sequence[Image],
    files: Sequence[tuple[str, str]],
    problems: Sequence[Problem],
    training_size: int,
) -> tuple[Finding, ...]:
    """What the user should know, worst first. ``files``: (path, hash); ``problems``: kept from the imports;
    ``training_size``: pixels, the square that small objects are judged at.

    Where a class or a part of the split is concerned and not images, ``Finding.images`` names it instead.
    """
    found = [problem for problem in problems if problem.kind not in _FOUND_ANEW]
    found += _duplicates(files)
    found += _traits(images)
    for names in near_names([image_class.name for image_class in classes]):
        found.append(Problem("near_class_names", names[0], ", ".join(f"“{name}”" for name in names)))
    if task is not None:
        labelled = [image for image in images if not isinstance(image.annotation, Unlabelled)]
        found += (Problem("unlabelled_image", i.path) for i in images if isinstance(i.annotation, Unlabelled))
        found += _classes(task, classes, labelled)
        found += _splits(labelled)
        if task is Task.DETECTION:
            found += _boxes(labelled, training_size)
    return findings_from(found)


def _duplicates(files: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for path, hash_ in files:
        if hash_ in first:
            yield Problem("exact_duplicate", path, first[hash_])
        else:
            first[hash_] = path


def _traits(images: Sequence[Image]) -> Iterator[Problem]:
    for image in images:
        if image.width * image.height > LARGE:
            yield Problem("large_picture", image.path, f"{image.width:,} × {image.height:,} pixels")
        if image.orientation != 1:
            yield Problem("exif_rotation", image.path)
        for trait in image.traits:
            yield Problem(trait, image.path)


def _classes(task: Task, classes: Sequence[ImageClass], labelled: Sequence[Image]) -> Iterator[Problem]:
    names = {image_class.id: image_class.name for image_class in classes}
    members: dict[int, list[Image]] = {class_id: [] for class_id in names}
    for image in labelled:
        # A class may have been made or merged since they were read.
        for class_id in class_ids(image.annotation) & names.keys():
            members[class_id].append(image)
    for class_id, with_class in members.items():
        if not with_class:
            yield Problem("class_without_images", names[class_id])
        elif len(with_class) < FEW_IMAGES:
            detail = f"{names[class_id]}: {len(with_class)} in all"
            yield from (Problem("class_with_few_images", image.path, detail) for image in with_class)
        splits = {image.split for image in with_class}
        if splits & set(Split) and Split.TRAIN not in splits:
            yield Problem("class_not_in_train", names[class_id])
    yield from _balance(task, names, members)


def _balance(task: Task, names: dict[int, str], members: dict[int, list[Image]]) -> Iterator[Problem]:
    present = {class_id: len(with_class) for class_id, with_class in members.items() if with_class}
    if task is Task.CLASSIFICATION and len(present) == 1:
        yield Problem("only_one_class", names[next(iter(present))])
    if len(present) < 2:
        return
    largest = max(present, key=lambda class_id: present[class_id])
    for class_id, count in present.items():
        if count * IMBALANCE <= present[largest]:
            detail = f"{count} images against {present[largest]} of {names[largest]}"
            yield Problem("class_imbalance", names[class_id], detail)


def _splits(labelled: Sequence[Image]) -> Iterator[Problem]:
    if not labelled:
        yield Problem("nothing_labelled", "the project")
        return
    parts: dict[Split | None, list[Image]] = defaultdict(list)
    for image in labelled:
        parts[image.split].append(image)
    if set(parts) == {None}:
        yield Problem("not_split", "the project")
        return
    yield from (Problem("image_without_split", image.path) for image in parts[None])
    for split in Split:
        if not parts[split]:
            yield Problem(f"no_{split}_split", split)
        elif len(parts[split]) < FEW_IMAGES:
            detail = f"{split}: {len(parts[split])} in all"
            yield from (Problem("near_empty_split", image.path, detail) for image in parts[split])


def _boxes(labelled: Sequence[Image], training_size: int) -> Iterator[Problem]:
    boxes = Counter(bool(class_ids(image.annotation)) for image in labelled)
    if labelled and not boxes[True]:
        yield Problem("all_background", "the project")
        return
    for image in labelled:
        if not isinstance(image.annotation, Boxes):
            continue
        if not image.annotation.boxes:
            yield Problem("background_image", image.path)
            continue
        scale = training_size / max(image.width, image.height)  # letterbox: the long side becomes the training size
        sides = [min(box.width, box.height) * scale for box in image.annotation.boxes]
        if min(sides) < SMALL_OBJECT:
            small = sum(side < SMALL_OBJECT for side in sides)
            detail = f"{small} of {len(sides)} boxes, the smallest {min(sides):.1f} px at {training_size}"
            yield Problem("small_object", image.path, detail)
