"""YOLO: a ``data.yaml`` or ``classes.txt``, pictures, and one ``.txt`` of rows for each picture.

A label file without rows means background, a missing one means unlabelled; neither is guessed from the other.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from core.data.formats.class_names import CLASS_FILES, read_class_file
from core.data.formats.exporting import class_index, copy_images, fresh_folder, refuse, split_folder, verify
from core.data.formats.listing import (
    UNASSIGNED,
    Folder,
    counted,
    is_image,
    list_images,
    names_in,
    split_of,
    unsafe_files,
    unwrap,
    walk,
)
from core.data.formats.text import read_text
from core.data.formats.yolo_config import DataFile, data_files, read_data_file
from core.data.formats.yolo_rows import Legend, parse_rows
from core.domain.annotation import Box, Boxes, ClassLabel
from core.domain.dataset import Image, ImageClass
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.domain.source import Problem, SourceBox, SourceDataset, SourceImage
from core.domain.task import Split, Task

NO_LABELS = {
    *CLASS_FILES,
    "readme.txt",
    "notes.txt",
    "license.txt",
    "train.txt",
    "val.txt",
    "test.txt",
    "requirements.txt",
}
MOST_UNNAMED_CLASSES = 1_000


def read(root: Path, progress: Progress = silent) -> SourceDataset:
    """``root`` is a folder or the yaml file itself. Raises ``LensmithError`` when the folder holds several."""
    problems: list[Problem] = []
    place = os.path.abspath(root)
    data_file = _data_file(place, problems)
    folder = os.path.dirname(place) if os.path.isfile(place) else unwrap(place)
    splits = _listed(data_file, problems) if data_file else {}
    listed = bool(splits)
    if not listed:
        splits = {path: split_of(path, folder) for path in sorted(list_images(folder, problems))}
    names, legend = _legend(data_file, folder, splits, problems)
    images = _read_labels(splits, legend, problems, progress)
    problems += _rest(folder, splits, problems, listed=listed)
    if names is None:
        names = _number_classes(images, folder, problems)
    return SourceDataset(
        format="yolo",
        root=place,
        task=Task.DETECTION,
        classes=tuple(names),
        images=images,
        problems=tuple(problems),
    )


def _data_file(place: str, problems: list[Problem]) -> DataFile | None:
    if os.path.isfile(place):
        return read_data_file(place, problems)
    found = data_files(unwrap(place))
    usual = [path for path in found if os.path.basename(path).lower() in ("data.yaml", "dataset.yaml", "data.yml")]
    found = usual if len(usual) == 1 else found
    if len(found) > 1:
        names = ", ".join(os.path.basename(path) for path in found)
        raise LensmithError(f"“{place}” holds several data sets: {names}.", f"Choose one, such as “{found[0]}”.")
    return read_data_file(found[0], problems) if found else None


def _listed(data_file: DataFile, problems: list[Problem]) -> dict[str, Split | None]:
    """Every picture that the data file names -> its split, sorted by path."""
    splits: dict[str, Split | None] = {}
    for split, source in data_file.sources:
        paths = list_images(source, problems) if os.path.isdir(source) else _list_file(source, problems)
        for path in paths:
            if splits.setdefault(path, split) != split:
                problems.append(Problem("in_two_splits", path, f"{splits[path]} and {split}"))
    return dict(sorted(splits.items()))


def _list_file(source: str, problems: list[Problem]) -> list[str]:
    """Pictures named in a text file, one a line, relative to the file's folder."""
    folder = os.path.dirname(source)
    if is_image(source):
        return [source]
    try:
        lines = read_text(source)[0].split("\n")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem("label_file_unreadable", source, str(error)))
        return []
    paths = []
    for number, line in enumerate(lines, start=1):
        path = os.path.normpath(os.path.join(folder, line.strip()))
        if not line.strip():
            continue
        if is_image(path) and os.path.isfile(path):
            paths.append(path)
        else:
            problems.append(Problem("image_missing", f"{source}:{number}", line.strip()))
    return paths


def _legend(
    data_file: DataFile | None, folder: str, paths: Iterable[str], problems: list[Problem]
) -> tuple[list[str] | None, Legend]:
    """Class names and how rows refer to them; no names where nothing lists them."""
    if data_file is None or not data_file.names:
        label_folders = dict.fromkeys(f for path in _folders(paths) for f in label_folders_of(path))
        found = read_class_file([folder, os.path.join(folder, "labels"), *label_folders], problems)
        if found:
            names = found[1]
            return names, Legend(range_map(len(names)), {name: index for index, name in enumerate(names)})
        data_file = _data_file_above(folder)
    if data_file is None:
        return None, Legend(range_map(MOST_UNNAMED_CLASSES), {})
    by_name = {name: index for index, name in enumerate(data_file.names)}
    return data_file.names, Legend(data_file.labels, by_name, data_file.key_points)


def _rest(folder: str, paths: Iterable[str], problems: list[Problem], *, listed: bool) -> list[Problem]:
    """Files that are never opened, and, unless a data file says what belongs to the set (``listed``), label files
    in folders that no picture led to."""
    visited = {place for path in _folders(paths) for place in label_folders_of(path)}
    if listed:
        near = visited | {os.path.dirname(place) for place in visited}
        places = [Folder(place, sorted(names_in(place)), []) for place in sorted(near)]
    else:
        places = list(walk(folder, []))
    found = [problem for place in places for problem in unsafe_files(place)]
    for place in () if listed else places:
        if "labels" in place.path.split(os.sep) and place.path not in visited:
            labels = [name for name in place.files if name.endswith(".txt") and name.lower() not in NO_LABELS]
            found += [Problem("label_without_image", os.path.join(place.path, name)) for name in labels]
    known = {problem.where for problem in problems}
    return [problem for problem in found if problem.where not in known]


def range_map(count: int) -> dict[int, int]:
    return {number: number for number in range(count)}


def _data_file_above(folder: str) -> DataFile | None:
    """The one data file in the folder above whose pictures all lie in ``folder``, if there is one."""
    fitting = []
    for path in data_files(os.path.dirname(folder)):
        data_file = read_data_file(path, [])
        if data_file.sources and all(source.startswith(folder + os.sep) for _, source in data_file.sources):
            fitting.append(data_file)
    return fitting[0] if len(fitting) == 1 else None


def _folders(paths: Iterable[str]) -> dict[str, list[str]]:
    """Pictures by the folder that holds them, order kept."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(os.path.dirname(path), []).append(path)
    return folders


def label_folders_of(folder: str) -> list[str]:
    """Where labels of pictures in ``folder`` may lie: the last ``images`` of its path as ``labels``, else beside
    the pictures, else in a folder ``labels`` beside them."""
    candidates = [folder, os.path.join(folder, "labels")]
    head, found, tail = f"{folder}{os.sep}".rpartition(f"{os.sep}images{os.sep}")
    if found:
        candidates.insert(0, os.path.join(head, "labels", tail).rstrip(os.sep))
    return candidates


def _read_labels(
    splits: dict[str, Split | None], legend: Legend, problems: list[Problem], progress: Progress
) -> list[SourceImage]:
    images: list[SourceImage] = []
    found: dict[str, list[tuple[str, set[str]]]] = {}  # folder of pictures -> its label folders and their files
    for path, split in counted(splits.items(), progress, "Reading labels"):
        folder, _, name = path.rpartition(os.sep)
        label_files = found.get(folder)
        if label_files is None:
            label_files = [(os.path.join(f, ""), names_in(f)) for f in label_folders_of(folder)]
            found[folder] = label_files
            problems.extend(_orphans(folder, label_files))
        label_name = name[: name.rindex(".")] + ".txt"
        boxes = None
        for prefix, names in label_files:
            if label_name in names:
                boxes = _read_file(prefix + label_name, legend, problems)
                break
        images.append(SourceImage(path, None, boxes, split))
    return images


def _read_file(path: str, legend: Legend, problems: list[Problem]) -> tuple[SourceBox, ...] | None:
    try:
        with open(path, "rb", buffering=0) as file:
            return parse_rows(file.read(), path, legend, problems)
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem("label_file_unreadable", path, str(error)))
        return None


def _orphans(folder: str, label_files: list[tuple[str, set[str]]]) -> Iterator[Problem]:
    """Label files for this folder's pictures that have no picture."""
    stems = {os.path.splitext(name)[0] for name in names_in(folder) if is_image(name)}
    for prefix, names in label_files:
        for name in sorted(names):
            if name.endswith(".txt") and name[:-4] not in stems and name.lower() not in NO_LABELS:
                yield Problem("label_without_image", prefix + name)


def _number_classes(images: Sequence[SourceImage], where: str, problems: list[Problem]) -> list[str]:
    """Names for classes of which only the numbers are known: ``class_0`` up to the largest number used."""
    largest = max((box.label for image in images for box in image.boxes or ()), default=-1)
    problems.append(Problem("class_names_missing", where, f"numbers up to {largest}"))
    return [f"class_{number}" for number in range(largest + 1)]


def write(
    classes: Sequence[ImageClass],
    images: Sequence[Image],
    target: Path,
    progress: Progress = silent,
    unused: Collection[int] = (),
) -> None:
    """``images/<split>``, ``labels/<split>`` and ``data.yaml``. Nine decimals: 4e-6 pixels on a picture of 4096.

    Names are a list without gaps, so a class out of use keeps its place in it, with no boxes.
    """
    refuse(ClassLabel, images, "Export as class folders or CSV.")
    with fresh_folder(target) as folder:
        placed = copy_images(images, folder, lambda image: f"images/{split_folder(image)}", progress)
        index = class_index(classes)
        parts = dict.fromkeys(split_folder(image) for image in images)
        for part in parts:
            os.makedirs(os.path.join(folder, "labels", part), exist_ok=True)
        for image, path in counted(placed, progress, "Writing labels"):
            if isinstance(image.annotation, Boxes):
                label = os.path.join(folder, "labels", os.path.splitext(path)[0].removeprefix("images/") + ".txt")
                with open(label, "w", encoding="utf-8", newline="\n") as file:
                    file.write(rows_of(image, index))
        data: dict[str, object] = {p: f"images/{p}" for p in (*map(str, Split), UNASSIGNED) if p in parts}
        with open(os.path.join(folder, "data.yaml"), "w", encoding="utf-8") as file:
            file.write(data_text(classes, data))
        verify(read(Path(folder)), classes, placed, folder)


def data_text(classes: Sequence[ImageClass], places: Mapping[str, object]) -> str:
    """What a ``data.yaml`` says: ``places`` of the pictures, then the classes by number."""
    names = {number: image_class.name for number, image_class in enumerate(classes)}
    data = {**places, "nc": len(classes), "names": names}
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False)


def read_file(path: str, names: Sequence[str], problems: list[Problem]) -> tuple[SourceBox, ...] | None:
    """The boxes of one label file, its numbers being places in ``names``; ``None`` when it cannot be read."""
    return _read_file(path, Legend(range_map(len(names)), {name: n for n, name in enumerate(names)}), problems)


def rows_of(image: Image, numbers: Mapping[int, int]) -> str:
    """The label file of an image with boxes; ``numbers``: class id -> number."""
    assert isinstance(image.annotation, Boxes)
    return "".join(_row(box, numbers[box.class_id], image) for box in image.annotation.boxes)


def _row(box: Box, label: int, image: Image) -> str:
    x = (box.x_min + box.x_max) / 2 / image.width
    y = (box.y_min + box.y_max) / 2 / image.height
    return f"{label} {x:.9f} {y:.9f} {box.width / image.width:.9f} {box.height / image.height:.9f}\n"
