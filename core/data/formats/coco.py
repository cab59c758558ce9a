"""COCO: JSON files with images, annotations and categories; boxes are ``[x, y, width, height]`` in pixels.

An image that the file lists without an annotation is background, as in COCO's own evaluation.
"""

import json
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from core.data.formats.class_names import distinct
from core.data.formats.convert import fault_of
from core.data.formats.exporting import class_index, copy_images, fresh_folder, refuse, split_folder, unlike, verify
from core.data.formats.finding_pictures import PictureIndex
from core.data.formats.listing import UNASSIGNED, counted, list_images, split_of, split_of_name, unwrap
from core.data.formats.text import decode, to_number
from core.domain.annotation import Boxes, ClassLabel
from core.domain.dataset import Image, ImageClass
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.domain.source import Problem, SourceBox, SourceDataset, SourceImage
from core.domain.task import Split, Task


# Fields are Any: one odd value must cost one annotation, not the file. Outlines are kept as undecoded bytes.
class CocoImage(Struct, gc=False):
    id: Any = None
    file_name: Any = None


class CocoCategory(Struct, gc=False):
    id: Any = None
    name: Any = None


class CocoAnnotation(Struct):
    id: Any = None
    image_id: Any = None
    category_id: Any = None
    bbox: Any = None
    iscrowd: Any = 0
    segmentation: msgspec.Raw = msgspec.Raw(b"")


class CocoFile(Struct):
    images: list[CocoImage]
    annotations: list[CocoAnnotation] = []
    categories: list[CocoCategory] = []


def json_files(place: str) -> list[str]:
    """COCO files in a folder or its ``annotations``: those named ``instances…`` when there are such."""
    if os.path.isfile(place):
        return [place]
    found = []
    for folder in (place, os.path.join(place, "annotations"), *_split_folders(place)):
        if os.path.isdir(folder):
            names = sorted(name for name in os.listdir(folder) if name.lower().endswith(".json"))
            found += [path for name in names if looks_like_coco(path := os.path.join(folder, name))]
    instances = [path for path in found if os.path.basename(path).startswith("instances")]
    return instances or found


def _split_folders(place: str) -> list[str]:
    names = sorted(os.listdir(place)) if os.path.isdir(place) else []
    return [os.path.join(place, name) for name in names if split_of(name)]


def looks_like_coco(path: str) -> bool:
    """From both ends of the file: it may be gigabytes."""
    try:
        with open(path, "rb") as file:
            head = file.read(1 << 14)
            file.seek(max(os.path.getsize(path) - (1 << 14), 0))
            tail = file.read()
    except OSError:
        return False
    text = (head + tail).replace(b"\0", b"")
    return b"{" in head[:64] and sum(key in text for key in (b'"images"', b'"annotations"', b'"categories"')) >= 2


class Picture(Struct):
    """What the files read so far say about one picture."""

    split: Split | None
    boxes: list[SourceBox] = []
    left_out: int = 0


def read(root: Path, progress: Progress = silent) -> SourceDataset:
    """``root`` is a folder or one JSON file. A file's name, or its pictures' folder, gives the split."""
    place = os.path.abspath(root)
    one_file = os.path.isfile(place)
    folder = os.path.dirname(place) if one_file else unwrap(place)
    files = json_files(place if one_file else folder)
    if not files:
        raise LensmithError(f"No COCO file was found in “{folder}”.", "Choose the JSON file itself.")
    if os.path.basename(folder) == "annotations":
        folder = os.path.dirname(folder)
    problems: list[Problem] = []
    index = PictureIndex(folder, list_images(folder, problems))
    names: list[str] = []
    pictures: dict[str, Picture] = {}
    for path in files:
        content = load(path, problems)
        labels = _labels(content, path, names, problems)
        by_id = _pictures(content, path, index, pictures, problems)
        _annotations(content, path, labels, by_id, problems, progress)
    images = [SourceImage(path, None, _boxes(picture), picture.split) for path, picture in pictures.items()]
    others = index.others(pictures.keys(), beside_only=one_file)
    problems += [Problem("image_not_listed", path) for path in others]
    images += [SourceImage(path, split=split_of(path, folder)) for path in others]
    images.sort(key=lambda image: image.path)
    return SourceDataset(
        format="coco",
        root=place,
        task=Task.DETECTION,
        classes=tuple(names),
        images=images,
        problems=tuple(problems),
    )


def load(path: str, problems: list[Problem]) -> CocoFile:
    """The file's content; Python's own ``NaN`` and odd encodings are understood. Raises ``LensmithError``."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        try:
            return msgspec.json.decode(data, type=CocoFile)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            text, encoding = decode(data)
            tidy = json.dumps(json.loads(text.lstrip("\ufeff"), parse_constant=str))
            if encoding != "utf-8":
                problems.append(Problem("text_encoding", path, encoding))
            return msgspec.json.decode(tidy, type=CocoFile)
    except (ValueError, RecursionError) as error:  # the decoders' own errors are ValueErrors
        raise LensmithError(f"“{path}” is no COCO file: {error}.", "Export the annotations again.") from error


def _labels(content: CocoFile, path: str, names: list[str], problems: list[Problem]) -> dict[str, int]:
    """Category id -> index in ``names``, which grows by the categories that it lacks."""
    labels: dict[str, int] = {}
    given = [str(category.name if category.name is not None else "") for category in content.categories]
    for category, name in zip(content.categories, distinct(given, path, problems), strict=True):
        if str(category.id) in labels:
            problems.append(Problem("duplicate_id", path, f"category {category.id}"))
            continue
        if name not in names:
            names.append(name)
        labels[str(category.id)] = names.index(name)
    return labels


def _pictures(
    content: CocoFile, path: str, index: PictureIndex, pictures: dict[str, Picture], problems: list[Problem]
) -> dict[str, tuple[str, Picture] | None]:
    """Image id -> path and picture; ``None`` for images that are missing or were taken from another file."""
    folder = os.path.dirname(path)
    split = split_of_name(path) or split_of(folder, index.root)
    by_id: dict[str, tuple[str, Picture] | None] = {}
    for image in content.images:
        name, key = str(image.file_name or ""), str(image.id)
        if key in by_id:
            problems.append(Problem("duplicate_id", path, f"image {key}, {name}"))
            continue
        by_id[key] = None
        found = index.find(name, folder, split)
        if found is None:
            problems.append(Problem("image_missing", name or path, f"image {key} of {os.path.basename(path)}"))
            continue
        own_split = split or split_of(found, index.root)
        picture = pictures.setdefault(found, Picture(own_split))
        if picture.split == own_split:
            by_id[key] = (found, picture)
        else:
            problems.append(Problem("in_two_splits", found, f"{picture.split} and {own_split}"))
    return by_id


def _annotations(
    content: CocoFile,
    path: str,
    labels: dict[str, int],
    by_id: dict[str, tuple[str, Picture] | None],
    problems: list[Problem],
    progress: Progress,
) -> None:
    outlines = 0
    seen: set[str] = set()
    for annotation in counted(content.annotations, progress, f"Reading {os.path.basename(path)}"):
        key = str(annotation.image_id)
        if key not in by_id:
            problems.append(Problem("label_without_image_id", path, f"annotation {annotation.id}, image {key}"))
            continue
        target = by_id[key]
        if target is None:
            continue
        where, picture = target
        kind = "class_unknown"
        label = labels.get(str(annotation.category_id))
        box: SourceBox | None = None
        if label is not None:
            box, kind = _box(annotation, label)
        outlines += bytes(annotation.segmentation).startswith(b"[[")
        if annotation.id is not None and str(annotation.id) in seen:
            problems.append(Problem("duplicate_id", where, f"annotation {annotation.id} of {os.path.basename(path)}"))
            if box in picture.boxes:
                continue
        seen.add(str(annotation.id))
        if kind:
            problems.append(Problem(kind, where, f"annotation {annotation.id} of {os.path.basename(path)}"))
        if box is None:
            picture.left_out += 1
        else:
            picture.boxes.append(box)
    if outlines:
        problems.append(Problem("outlines_not_kept", path, f"{outlines:,} outlines"))


def _box(annotation: CocoAnnotation, label: int) -> tuple[SourceBox | None, str]:
    """The annotation's box, if it has one of use, and the kind of what is wrong or odd about it."""
    note = ""
    outline = bytes(annotation.segmentation)
    given = annotation.bbox
    if annotation.iscrowd not in (0, None, "0", False):
        return None, "crowd_region"
    if outline[:1] == b"{":
        note = "rle_mask"
        if not given:
            return None, note
    if isinstance(given, str):
        given = given.strip("[]() ").split(",")
    if not given and outline[:2] == b"[[":
        given, note = _around(outline), "polygon_as_box"
    try:
        x, y, width, height = (_number(value) for value in given)
    except (TypeError, ValueError):
        return None, "label_row_unreadable"
    if given is not annotation.bbox or any(isinstance(value, str) for value in given):
        note = note or "number_as_text"
    corners = (x, y, x + width, y + height)
    fault = fault_of(*corners)
    return (None, fault) if fault else (SourceBox(*corners, label), note)


def _number(value: object) -> float:
    if isinstance(value, str):
        return to_number(value)[0]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError(value)


def _around(outline: bytes) -> list[float] | None:
    """``[x, y, width, height]`` around polygons ``[[x, y, x, y, …], …]``."""
    try:
        values = [[float(value) for value in polygon] for polygon in msgspec.json.decode(outline)]
    except (ValueError, TypeError):
        return None
    xs = [x for polygon in values for x in polygon[::2]]
    ys = [y for polygon in values for y in polygon[1::2]]
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)] if xs and ys else None


def _boxes(picture: Picture) -> tuple[SourceBox, ...] | None:
    """``None`` when there were annotations and none could be used: that does not make a background image."""
    return tuple(picture.boxes) if picture.boxes or not picture.left_out else None


def write(
    classes: Sequence[ImageClass],
    images: Sequence[Image],
    target: Path,
    progress: Progress = silent,
    unused: Collection[int] = (),
) -> None:
    """``<split>/<picture>`` and ``annotations/instances_<split>.json``; unlabelled pictures are copied, not listed.

    The id of a category is the class's number + 1; the numbers of classes out of use are left free.
    """
    refuse(ClassLabel, images, "Export as class folders or CSV.")
    with fresh_folder(target) as folder:
        placed = copy_images(images, folder, split_folder, progress)
        os.makedirs(os.path.join(folder, "annotations"))
        for part in (*(str(split) for split in Split), UNASSIGNED):
            own = [(image, path) for image, path in placed if split_folder(image) == part]
            if own or part == Split.TRAIN:
                with open(os.path.join(folder, "annotations", f"instances_{part}.json"), "wb") as file:
                    file.write(msgspec.json.encode(_content(classes, own, unused)))
        verify(read(Path(folder)), _in_use(classes, unused), placed, folder)
        _verify_ids(classes, unused, folder)


def _content(
    classes: Sequence[ImageClass], placed: Sequence[tuple[Image, str]], unused: Collection[int]
) -> dict[str, object]:
    index = class_index(classes)
    listed: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for image, path in placed:
        if not isinstance(image.annotation, Boxes):
            continue
        name = path.rpartition("/")[2]
        listed.append({"id": len(listed) + 1, "file_name": name, "width": image.width, "height": image.height})
        for box in image.annotation.boxes:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": len(listed),
                    "category_id": index[box.class_id] + 1,
                    "bbox": [box.x_min, box.y_min, box.width, box.height],
                    "area": box.width * box.height,
                    "segmentation": [],
                    "iscrowd": 0,
                }
            )
    categories = [{"id": index[c.id] + 1, "name": c.name, "supercategory": ""} for c in _in_use(classes, unused)]
    return {"images": listed, "annotations": annotations, "categories": categories}


def _in_use(classes: Sequence[ImageClass], unused: Collection[int]) -> list[ImageClass]:
    return [image_class for image_class in classes if image_class.id not in unused]


def _verify_ids(classes: Sequence[ImageClass], unused: Collection[int], folder: str) -> None:
    """Readers know categories by name alone; others of their users by id."""
    index = class_index(classes)
    wanted = {index[c.id] + 1: c.name for c in _in_use(classes, unused)}
    for path in json_files(folder):
        if {category.id: category.name for category in load(path, []).categories} != wanted:
            raise unlike("the list of categories", folder)
