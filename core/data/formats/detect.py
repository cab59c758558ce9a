"""Which format a folder or file has, and opening it."""

import os
from pathlib import Path
from types import ModuleType

import msgspec

from core.data.formats import archives, coco, csv, imagefolder, unlabelled, voc, yolo
from core.data.formats.class_names import CLASS_FILES
from core.data.formats.listing import SPLIT_NAMES, UNASSIGNED, is_image, unwrap, walk
from core.data.formats.yolo_config import data_files
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.domain.source import Problem, SourceDataset

READERS: dict[str, ModuleType] = {
    "imagefolder": imagefolder,
    "yolo": yolo,
    "coco": coco,
    "voc": voc,
    "csv": csv,
    "unlabelled": unlabelled,
}
BY_SUFFIX = {".yaml": "yolo", ".yml": "yolo", ".json": "coco", ".csv": "csv", ".tsv": "csv", ".txt": "csv"}
LOOKED_AT = 200  # label files that a guess rests on


def detect(path: Path) -> str:
    """Name of the format, "archive" for a file to be unpacked first.

    Label files speak before folder names: a yaml file, then COCO, VOC, a table, YOLO rows, class folders. Raises
    ``LensmithError`` when there is no picture.
    """
    place = os.path.abspath(path)
    if os.path.isfile(place):
        return _detect_file(place)
    folder = unwrap(place)
    if data_files(folder):
        return "yolo"
    if coco.json_files(folder):
        return "coco"
    if csv.csv_files(folder):
        return "csv"
    found = _detect_by_files(folder)
    if found is None:
        raise LensmithError(f"No picture was found in “{place}”.", "Choose the folder that holds the pictures.")
    return found


def _detect_file(place: str) -> str:
    if archives.is_archive(place):
        return "archive"
    suffix = os.path.splitext(place)[1].lower()
    if suffix in BY_SUFFIX:
        return BY_SUFFIX[suffix]
    raise LensmithError(
        f"“{place}” is no file that data can be read from.",
        "Choose a folder, a data.yaml, a COCO JSON file, a CSV table, or a .zip or .tar.gz archive.",
    )


def _detect_by_files(folder: str) -> str | None:
    """From the files in the folders: XML and rows of numbers with a picture's stem, else where the pictures lie."""
    stems: set[str] = set()
    xml_files: list[str] = []
    text_files: list[str] = []
    in_folders = False
    for place in walk(folder, []):
        for name in place.files:
            stem, suffix = os.path.splitext(name)
            if is_image(name):
                stems.add(stem)
                in_folders = in_folders or place.path != folder
            elif suffix.lower() == ".xml" and len(xml_files) < LOOKED_AT:
                xml_files.append(os.path.join(place.path, name))
            elif suffix == ".txt" and len(text_files) < LOOKED_AT and name not in CLASS_FILES:
                text_files.append(os.path.join(place.path, name))
    if not stems:
        return None
    if any(_is_voc(path) for path in xml_files):
        return "voc"
    if any(os.path.basename(path)[:-4] in stems and _has_rows(path) for path in text_files) or _has_labels(folder):
        return "yolo"
    return "imagefolder" if in_folders and _has_class_folders(folder) else "unlabelled"


def _is_voc(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return b"<annotation" in file.read(4096).replace(b"\0", b"")
    except OSError:
        return False


def _has_rows(path: str) -> bool:
    """Whether a text file begins with a row of numbers, or is empty, as YOLO's files of background are."""
    try:
        with open(path, "rb") as file:
            cells = file.read(4096).replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").split(b"\n")[0].split()
        return all(cell.replace(b",", b".").lstrip(b"-").replace(b".", b"", 1).isdigit() for cell in cells[1:5])
    except OSError:
        return False


def _has_labels(folder: str) -> bool:
    """``images`` and ``labels`` side by side: below ``folder``, below a split's folder, or ``folder`` is the former."""
    above = [os.path.dirname(folder)] if os.path.basename(folder) == "images" else []
    for place in (
        *above,
        folder,
        *(os.path.join(folder, n) for n in _folders_in(folder) if n.lower() in SPLIT_NAMES),
    ):
        if all(os.path.isdir(os.path.join(place, name)) for name in ("images", "labels")):
            return True
    return False


def _has_class_folders(folder: str) -> bool:
    """False when the only folders are splits, or ``images``, with pictures right inside."""
    for name in _folders_in(folder):
        if name.lower() in SPLIT_NAMES or name == UNASSIGNED:
            if _folders_in(os.path.join(folder, name)):
                return True
        elif name.lower() != "images":
            return True
    return False


def _folders_in(folder: str) -> list[str]:
    return next(walk(folder, [])).folders


def open_source(
    path: Path,
    format: str = "auto",  # noqa: A002  (the word that users know)
    *,
    staging: Path | None = None,
    progress: Progress = silent,
) -> SourceDataset:
    """Read a folder, label file or archive. An archive is unpacked into ``staging``, which its pictures stay in.

    Raises ``LensmithError``, also when an archive comes without ``staging``.
    """
    if not os.path.exists(path):
        raise LensmithError(f"“{path}” does not exist.", "Check the path.")
    if format not in ("auto", *READERS):
        raise LensmithError(f"“{format}” is no format.", f"Choose one of auto, {', '.join(READERS)}.")
    found = detect(path) if format == "auto" or archives.is_archive(str(path)) else format
    if found != "archive":
        dataset: SourceDataset = READERS[found].read(path, progress)
        return dataset
    if staging is None:
        raise LensmithError(f"“{path}” is an archive and there is no place to unpack it.", "Unpack it and try again.")
    problems = archives.unpack(path, staging, progress)
    inner = unwrap(str(staging.resolve()))
    found = detect(Path(inner)) if format == "auto" else format
    return _contained(READERS[found].read(Path(inner), progress), path, inner, problems)


def _contained(dataset: SourceDataset, archive: Path, folder: str, problems: list[Problem]) -> SourceDataset:
    """Without pictures that label files in the archive fetch from elsewhere on this machine."""
    inside = [image for image in dataset.images if os.path.realpath(image.path).startswith(folder + os.sep)]
    kept = {image.path for image in inside}
    problems += [Problem("outside_archive", image.path) for image in dataset.images if image.path not in kept]
    return msgspec.structs.replace(dataset, root=str(archive), images=inside, problems=(*problems, *dataset.problems))
