"""What an import would do, and the choices a user makes before it is done."""

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from core.data.findings import findings_from
from core.data.formats.class_names import near_names
from core.domain.errors import LensmithError
from core.domain.source import ClassEdit, Preview, Problem, SourceBox, SourceDataset, SourceImage
from core.domain.task import Split, Task


def preview(dataset: SourceDataset) -> Preview:
    """Counts and findings of ``dataset`` as it stands, edits included; no picture is opened."""
    counts: Counter[int] = Counter(image.label for image in dataset.images if image.label is not None)
    counts.update(box.label for image in dataset.images for box in image.boxes or ())
    splits = Counter(str(image.split) if image.split else "none" for image in dataset.images)
    return Preview(
        format=dataset.format,
        root=dataset.root,
        task=dataset.task,
        images=len(dataset.images),
        classes={name: counts[index] for index, name in enumerate(dataset.classes)},
        splits={name: splits[name] for name in (*map(str, Split), "none")},
        findings=findings_from([*_found(dataset), *dataset.problems]),
    )


def _found(dataset: SourceDataset) -> list[Problem]:
    """What shows only in the whole, or changes with the user's choices."""
    problems = [
        Problem("near_class_names", dataset.root, ", ".join(f"“{name}”" for name in names))
        for names in near_names(dataset.classes)
    ]
    if dataset.task is None:
        return problems
    problems += [Problem("unlabelled_image", image.path) for image in dataset.images if not _is_labelled(image)]
    empty = [image.path for image in dataset.images if image.boxes == ()]
    problems += [Problem("background_image", path) for path in empty]
    if empty and not any(image.boxes for image in dataset.images):
        problems.append(Problem("all_background", dataset.root, f"{len(empty)} images"))
    return problems


def _is_labelled(image: SourceImage) -> bool:
    return image.label is not None or image.boxes is not None


def edit_classes(dataset: SourceDataset, edits: Sequence[ClassEdit]) -> SourceDataset:
    """Rename, merge (equal targets, or the name of a class that stays) and skip classes, all at once.

    Images of a skipped class (classification) are left out; boxes of a skipped class go and their images stay.
    Raises ``LensmithError`` for a class that is not there, an empty name, or two edits of one class.
    """
    targets: dict[str, str | None] = {name: name for name in dataset.classes}
    seen: set[str] = set()
    for edit in edits:
        if edit.source not in targets:
            raise LensmithError(f"There is no class “{edit.source}”.", f"The classes are {', '.join(dataset.classes)}.")
        if edit.source in seen or (edit.target is not None and not edit.target.strip()):
            raise LensmithError(f"The class “{edit.source}” has two new names, or an empty one.", "Give it one name.")
        seen.add(edit.source)
        targets[edit.source] = edit.target
    names = list(dict.fromkeys(name for name in targets.values() if name is not None))
    place = {name: index for index, name in enumerate(names)}
    labels = [None if (target := targets[name]) is None else place[target] for name in dataset.classes]
    images = [image for image in (_edited(image, labels) for image in dataset.images) if image is not None]
    skipped = [name for name, target in targets.items() if target is None]
    problems = [Problem("class_skipped", dataset.root, f"“{name}”: {_count(dataset, name)}") for name in skipped]
    return replace(dataset, classes=tuple(names), images=images, problems=(*dataset.problems, *problems))


def _edited(image: SourceImage, labels: Sequence[int | None]) -> SourceImage | None:
    if image.label is not None:
        label = labels[image.label]
        return None if label is None else replace(image, label=label)
    if not image.boxes:
        return image
    boxes = [
        SourceBox(box.x_min, box.y_min, box.x_max, box.y_max, label, box.relative)
        for box in image.boxes
        if (label := labels[box.label]) is not None
    ]
    return replace(image, boxes=tuple(boxes))


def _count(dataset: SourceDataset, name: str) -> str:
    label = dataset.classes.index(name)
    if dataset.task is Task.CLASSIFICATION:
        return f"{sum(image.label == label for image in dataset.images)} images"
    return f"{sum(box.label == label for image in dataset.images for box in image.boxes or ())} boxes"


def empty_as_unlabelled(dataset: SourceDataset) -> SourceDataset:
    """The user says that pictures with an empty label were never looked at."""
    return replace(dataset, images=[replace(i, boxes=None) if i.boxes == () else i for i in dataset.images])


def missing_as_background(dataset: SourceDataset) -> SourceDataset:
    """The user says that pictures without a label were looked at and show nothing. Only for boxes."""
    if dataset.task is not Task.DETECTION:
        raise LensmithError("Only sets of boxes know background.", "Label the images, or leave them unlabelled.")
    return replace(dataset, images=[i if _is_labelled(i) else replace(i, boxes=()) for i in dataset.images])
