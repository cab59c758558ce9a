"""Pascal VOC: one XML file for each picture, lists of splits in ``ImageSets/Main``.

VOC counts pixels from 1 and its corners are pixels that belong to the object ("Top left pixel co-ordinates :
(1, 1)", VOC annotation files of 2006; VOC 2007 development kit), so the box of pixels ``xmin … xmax`` reaches
from ``xmin - 1`` to ``xmax`` here, where coordinates lie between pixels. Many tools write VOC counted from 0;
that shows when more boxes begin at 0 than at 1, and then coordinates are taken as they stand.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse
from msgspec import Struct

from core.data.formats.class_names import read_class_file, write_class_file
from core.data.formats.convert import fault_of
from core.data.formats.exporting import copy_images, fresh_folder, refuse, verify
from core.data.formats.finding_pictures import PictureIndex
from core.data.formats.listing import counted, is_image, split_of, unsafe_files, unwrap, walk
from core.data.formats.text import read_text, to_number
from core.domain.annotation import Box, Boxes, ClassLabel
from core.domain.dataset import Image, ImageClass
from core.domain.progress import Progress, silent
from core.domain.source import Problem, SourceBox, SourceDataset, SourceImage
from core.domain.task import Split, Task

SIDES = ("xmin", "ymin", "xmax", "ymax")


class VocObject(Struct, gc=False):
    """One object as written: class, corners, and whether all corners are whole numbers."""

    name: str
    corners: tuple[float, float, float, float]
    whole: bool


class VocFile(Struct):
    """The objects of one XML file in its order; ``left_out`` of them could not be used."""

    objects: list[VocObject]
    left_out: int
    file_name: str


def read(root: Path, progress: Progress = silent) -> SourceDataset:
    """Classes are sorted by name, or as listed in a ``classes.txt`` in ``root``. An XML file without objects is
    background; a picture without XML is unlabelled."""
    place = unwrap(os.path.abspath(root))
    problems: list[Problem] = []
    pictures, xml_files, set_files = _listing(place, problems)
    index = PictureIndex(place, pictures)
    by_stem = _by_stem(pictures)
    read_files: dict[str, VocFile] = {}
    for path in counted(xml_files, progress, "Reading XML"):
        content = _read_xml(path, problems)
        picture = _picture(path, content, by_stem, index) if content else None
        if content and picture is None:
            problems.append(Problem("label_without_image", path, content.file_name))
        elif content and picture is not None:
            if picture in read_files:
                problems.append(Problem("conflicting_labels", picture, path))
            read_files.setdefault(picture, content)
    names = _names(place, {o.name for content in read_files.values() for o in content.objects}, problems)
    shift = _shift(read_files.values(), place, problems)
    labels = {name: number for number, name in enumerate(names)}
    splits = _splits(set_files, by_stem.keys(), problems)
    images = []
    for path in sorted(pictures):
        stem = os.path.splitext(os.path.basename(path))[0]
        split = splits.get(stem) if splits else split_of(path, place)
        boxes = _boxes(read_files.get(path), path, labels, shift, problems)
        images.append(SourceImage(path, None, boxes, split))
    return SourceDataset(
        format="voc", root=place, task=Task.DETECTION, classes=tuple(names), images=images, problems=tuple(problems)
    )


def _listing(place: str, problems: list[Problem]) -> tuple[list[str], list[str], list[str]]:
    """Pictures, XML files and lists of splits; ``SegmentationClass`` and its like hold masks, not pictures."""
    pictures, xml_files, set_files = [], [], []
    for folder in walk(place, problems):
        prefix = os.path.join(folder.path, "")
        if os.path.basename(folder.path).startswith("Segmentation"):
            continue
        pictures += [prefix + name for name in folder.files if is_image(name)]
        xml_files += [prefix + name for name in folder.files if name.lower().endswith(".xml")]
        if folder.path.endswith(os.path.join("ImageSets", "Main")):
            set_files += [prefix + name for name in folder.files if name in ("train.txt", "val.txt", "test.txt")]
        problems.extend(unsafe_files(folder))
    return pictures, xml_files, set_files


def _read_xml(path: str, problems: list[Problem]) -> VocFile | None:
    try:
        root = parse(path).getroot()
    except DefusedXmlException as error:
        problems.append(Problem("xml_refused", path, type(error).__name__))
        return None
    except (ParseError, OSError, ValueError, LookupError) as error:
        problems.append(Problem("label_file_unreadable", path, str(error)))
        return None
    if root is None or root.tag != "annotation":
        problems.append(Problem("file_ignored", path, "no VOC annotation"))
        return None
    objects: list[VocObject] = []
    left_out = 0
    for number, element in enumerate(root.findall("object"), start=1):
        found, kind = _object(element)
        if kind:
            problems.append(Problem(kind, path, f"object {number}"))
        if found is None:
            left_out += 1
        else:
            objects.append(found)
    return VocFile(objects, left_out, root.findtext("filename") or "")


def _object(element: Element) -> tuple[VocObject | None, str]:
    """One object and the kind of what is wrong or odd about it."""
    name = element.findtext("name")
    texts = [element.findtext(f"bndbox/{side}") or "" for side in SIDES]
    try:
        numbers = [to_number(text) for text in texts]
    except ValueError:
        return None, "label_row_unreadable"
    if not name or not name.strip():
        return None, "class_unknown"
    corners = (numbers[0][0], numbers[1][0], numbers[2][0], numbers[3][0])
    whole = all(text.strip().lstrip("-").isdigit() for text in texts)
    return VocObject(name, corners, whole), "decimal_comma" if any(comma for _, comma in numbers) else ""


def _by_stem(pictures: Sequence[str]) -> dict[str, list[str]]:
    stems: dict[str, list[str]] = {}
    for path in pictures:
        stems.setdefault(os.path.splitext(os.path.basename(path))[0], []).append(path)
    return stems


def _picture(path: str, content: VocFile, by_stem: dict[str, list[str]], index: PictureIndex) -> str | None:
    """The picture of an XML file: equal stem in the same folder, in the neighbour ``JPEGImages``, or the only one
    of that stem; else what ``<filename>`` says, which renamed data sets leave wrong."""
    folder, name = os.path.split(path)
    candidates = by_stem.get(os.path.splitext(name)[0], [])
    neighbours = (folder, os.path.join(os.path.dirname(folder), "JPEGImages"))
    near = [found for place in neighbours for found in candidates if os.path.dirname(found) == place]
    if near:
        return near[0]
    if len(candidates) == 1:
        return candidates[0]
    return index.find(content.file_name, folder) if content.file_name else None


def _names(place: str, used: set[str], problems: list[Problem]) -> list[str]:
    listed = read_class_file([place], problems)
    names = listed[1] if listed and (not used or used & set(listed[1])) else []
    return names + sorted(used.difference(names))


def _shift(files: Iterable[VocFile], place: str, problems: list[Problem]) -> int:
    """What to take from ``xmin`` and ``ymin``: 1, or 0 in a set that counts from 0."""
    begins = [value for content in files for o in content.objects for value in o.corners[:2]]
    zeros, ones = sum(0 <= value < 1 for value in begins), begins.count(1.0)
    if zeros <= ones:
        return 1
    problems.append(Problem("voc_zero_based", place, f"{zeros} coordinates are 0, {ones} are 1"))
    return 0


def _boxes(
    content: VocFile | None, path: str, labels: dict[str, int], shift: int, problems: list[Problem]
) -> tuple[SourceBox, ...] | None:
    """``None`` without XML, and when there were objects and none could be used."""
    if content is None:
        return None
    boxes = []
    for item in content.objects:
        x_min, y_min, x_max, y_max = item.corners
        corners = (x_min - shift, y_min - shift, x_max, y_max)
        # In whole numbers equal corners are a click without a drag, though VOC would call it one pixel wide.
        fault = fault_of(*(item.corners if item.whole else corners))
        if fault:
            problems.append(Problem(fault, path, f"{item.name}: {x_min:g}, {y_min:g}, {x_max:g}, {y_max:g}"))
        else:
            boxes.append(SourceBox(*corners, labels[item.name]))
    return tuple(boxes) if boxes or not (content.objects or content.left_out) else None


def _splits(set_files: Sequence[str], stems: Collection[str], problems: list[Problem]) -> dict[str, Split]:
    """Picture's stem -> split, from ``train.txt``, ``val.txt`` and ``test.txt``, in this order of precedence."""
    splits: dict[str, Split] = {}
    for path in sorted(set_files, key=lambda path: list(Split).index(Split(os.path.basename(path)[:-4]))):
        split = Split(os.path.basename(path)[:-4])
        for number, line in enumerate(read_text(path)[0].split("\n"), start=1):
            if not line.strip():
                continue
            stem = next((s for s in (line, line.strip(), line.split()[0]) if s in stems), None)
            if stem is None:
                problems.append(Problem("image_missing", f"{path}:{number}", line.strip()))
            elif splits.setdefault(stem, split) != split:
                problems.append(Problem("in_two_splits", f"{path}:{number}", f"{stem}: {splits[stem]} and {split}"))
    return splits


def write(classes: Sequence[ImageClass], images: Sequence[Image], target: Path, progress: Progress = silent) -> None:
    """``JPEGImages``, ``Annotations``, ``ImageSets/Main``, and ``classes.txt``, which keeps the order of classes."""
    refuse(ClassLabel, images, "Export as class folders or CSV.")
    names = {image_class.id: image_class.name for image_class in classes}
    with fresh_folder(target) as folder:
        placed = copy_images(images, folder, lambda _: "JPEGImages", progress)
        for inner in ("JPEGImages", "Annotations", "ImageSets/Main"):
            os.makedirs(os.path.join(folder, inner), exist_ok=True)
        for copy in counted(placed, progress, "Writing XML"):
            if isinstance(copy.image.annotation, Boxes):
                path = os.path.join(folder, "Annotations", f"{copy.stem}.xml")
                with open(path, "w", encoding="utf-8", newline="\n") as file:
                    file.write(xml_of(copy.image, copy.path.rpartition("/")[2], names))
        for split in Split:
            stems = [copy.stem for copy in placed if copy.image.split == split]
            if stems:
                path = os.path.join(folder, "ImageSets", "Main", f"{split}.txt")
                with open(path, "w", encoding="utf-8", newline="\n") as file:
                    file.writelines(f"{stem}\n" for stem in stems)
        write_class_file(folder, names.values())
        verify(read(Path(folder)), classes, placed, folder)


def read_file(path: str, names: list[str], problems: list[Problem]) -> tuple[SourceBox, ...] | None:
    """The boxes of one label file, counted from 1; ``names`` grows by classes that it lacks. ``None`` when it cannot
    be read."""
    content = _read_xml(path, problems)
    if content is not None:
        names += [name for name in dict.fromkeys(o.name for o in content.objects) if name not in names]
    return _boxes(content, path, {name: number for number, name in enumerate(names)}, 1, problems)


def xml_of(image: Image, file_name: str, names: Mapping[int, str]) -> str:
    """The label file of an image with boxes; ``names``: class id -> name."""
    assert isinstance(image.annotation, Boxes)
    rows = [
        "<annotation>",
        f"  <folder>JPEGImages</folder>\n  <filename>{_text(file_name)}</filename>",
        f"  <size><width>{image.width}</width><height>{image.height}</height><depth>3</depth></size>",
    ]
    for box in image.annotation.boxes:
        sides = zip(SIDES, _numbers(box), strict=True)
        corners = "".join(f"<{side}>{number}</{side}>" for side, number in sides)
        rows.append(f"  <object>\n    <name>{_text(names[box.class_id])}</name>")
        rows.append("    <pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult>")
        rows.append(f"    <bndbox>{corners}</bndbox>\n  </object>")
    return "\n".join([*rows, "</annotation>", ""])


def _text(text: str) -> str:
    return escape(text, {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})


def _numbers(box: Box) -> list[str]:
    """Whole numbers as such, which all tools read; a decimal point tells a box of one pixel from a mere click."""
    corners = (box.x_min + 1, box.y_min + 1, box.x_max, box.y_max)
    whole = all(value.is_integer() for value in map(float, corners)) and box.width > 1 and box.height > 1
    return [str(int(value)) if whole else repr(round(float(value), 7)) for value in corners]
