"""Class folders: ``cat/x.jpg``, or ``train/cat/x.jpg`` with folders for the splits."""

import os
from collections.abc import Sequence
from pathlib import Path

from core.data.formats.class_names import read_class_file, write_class_file
from core.data.formats.exporting import copy_images, fresh_folder, refuse, split_folder, verify
from core.data.formats.listing import SPLIT_NAMES, UNASSIGNED, Folder, counted, is_image, list_images, unwrap, walk
from core.domain.annotation import Boxes, ClassLabel
from core.domain.dataset import Image, ImageClass
from core.domain.progress import Progress, silent
from core.domain.source import Problem, SourceDataset, SourceImage
from core.domain.task import Split, Task

PARTS: dict[str, Split | None] = {**SPLIT_NAMES, UNASSIGNED: None}
RESERVED = {"con", "prn", "aux", "nul", *(f"{device}{n}" for device in ("com", "lpt") for n in range(1, 10))}


def read(root: Path, progress: Progress = silent) -> SourceDataset:
    """Classes are the folders' names, sorted, or as listed in a ``classes.txt`` in ``root``.

    Pictures in folders below a class folder belong to the class; pictures above are unlabelled.
    """
    problems: list[Problem] = []
    place = unwrap(os.path.abspath(root))
    class_folders, loose = _layout(place, problems)
    names = _names(place, [os.path.basename(path) for path, _ in class_folders], problems)
    labels = {spelling: index for index, name in enumerate(names) for spelling in (name, folder_name(name))}
    images = [SourceImage(path, None, None, split) for path, split in loose]
    problems += [Problem("image_outside_class_folder", path) for path, _ in loose]
    for folder, split in counted(class_folders, progress, "Listing class folders"):
        label = labels[os.path.basename(folder)]
        images += [SourceImage(path, label, None, split) for path in list_images(folder, problems)]
    images.sort(key=lambda image: image.path)
    return SourceDataset(
        format="imagefolder",
        root=place,
        task=Task.CLASSIFICATION,
        classes=tuple(names),
        images=images,
        problems=tuple(problems),
    )


Found = list[tuple[str, Split | None]]


def _layout(place: str, problems: list[Problem]) -> tuple[Found, Found]:
    """Class folders and pictures outside of them, each with its split."""
    top = _open(place, problems)
    classes: Found = []
    loose: Found = [(os.path.join(place, name), None) for name in top.files if is_image(name)]
    by_split = any(name.lower() in PARTS and _open(os.path.join(place, name), []).folders for name in top.folders)
    for name in top.folders:
        path = os.path.join(place, name)
        if not by_split:
            classes.append((path, None))
        elif name.lower() in PARTS:
            part = _open(path, problems)
            split = PARTS[name.lower()]
            classes += [(os.path.join(path, inner), split) for inner in part.folders]
            loose += [(os.path.join(path, file), split) for file in part.files if is_image(file)]
        else:
            loose += [(file, None) for file in list_images(path, problems)]
    return classes, loose


def _open(path: str, problems: list[Problem]) -> Folder:
    return next(walk(path, problems))


def _names(place: str, folders: list[str], problems: list[Problem]) -> list[str]:
    """The listed names as far as they explain the folders, then the folders that no name explains."""
    listed = read_class_file([place], problems)
    names = listed[1] if listed and {folder_name(name) for name in listed[1]} & set(folders) else []
    explained = {folder_name(name) for name in names}
    return names + sorted(set(folders) - explained)


def folder_name(name: str) -> str:
    """A folder name for a class on every system; the name itself wherever it can be one."""
    safe = "".join(f"%{ord(c):02X}" if ord(c) < 32 or c in '<>:"/\\|?*' else c for c in name)
    if safe[-1:] in (".", " "):
        safe = f"{safe[:-1]}%{ord(safe[-1]):02X}"
    if safe[:1] == "." or safe.lower() in PARTS or safe.split(".")[0].lower() in RESERVED:
        safe = f"%{ord(safe[0]):02X}{safe[1:]}"
    return safe


def write(classes: Sequence[ImageClass], images: Sequence[Image], target: Path, progress: Progress = silent) -> None:
    """``<split>/<class>/<picture>``, without ``<split>`` when no image has one; ``classes.txt`` keeps the order."""
    refuse(Boxes, images, "Export as YOLO, COCO, VOC or CSV.")
    names = {image_class.id: folder_name(image_class.name) for image_class in classes}
    parts = sorted({split_folder(image) for image in images} - {UNASSIGNED})
    parts += [UNASSIGNED] if parts and any(image.split is None for image in images) else []

    def folder_of(image: Image) -> str:
        inner = names[image.annotation.class_id] if isinstance(image.annotation, ClassLabel) else ""
        return "/".join(part for part in (split_folder(image) if parts else "", inner) if part)

    with fresh_folder(target) as folder:
        for part in parts or [""]:
            for name in names.values():
                os.makedirs(os.path.join(folder, part, name), exist_ok=True)
        placed = copy_images(images, folder, folder_of, progress)
        write_class_file(folder, [image_class.name for image_class in classes])
        verify(read(Path(folder)), classes, placed, folder)
