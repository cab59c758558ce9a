"""Every kind of finding: how severe it is, why it matters, what to do about it."""

from collections.abc import Iterable
from typing import NamedTuple

from core.domain.dataset import Finding
from core.domain.source import Problem

SHOWN = 1000  # places named in one finding; ``count`` goes on counting
SEVERITIES = ("bad", "caution", "note")


class Kind(NamedTuple):
    severity: str  # of SEVERITIES, as in ``Finding``
    why: str
    remedy: str


# Label files and folders, found by the readers of core.data.formats and by core.data.preview.
LABEL_KINDS = {
    "label_row_unreadable": Kind(
        "bad",
        "These rows of label files could not be understood and were left out.",
        "Correct the rows named, then import again; nothing is imported twice.",
    ),
    "label_file_unreadable": Kind(
        "bad",
        "These label files could not be read, so their images come in unlabelled.",
        "Replace or repair the files, then import again.",
    ),
    "xml_refused": Kind(
        "bad",
        "These XML files define entities, a way to exhaust memory or read other files; they were not opened further.",
        "Get clean annotation files from where they came from.",
    ),
    "label_without_image": Kind(
        "caution",
        "These labels belong to no picture, so they were left out.",
        "Put the pictures where the labels expect them, then import again.",
    ),
    "image_missing": Kind(
        "bad",
        "The label file names these pictures, but they were not found.",
        "Put them back, or correct the names in the label file, then import again.",
    ),
    "image_not_listed": Kind(
        "note",
        "These pictures lie beside listed ones, but no label file names them, so they come in unlabelled.",
        "Label them here, or leave them: unlabelled images never train.",
    ),
    "class_id_out_of_range": Kind(
        "bad",
        "These rows name a class number that the list of classes does not have; the boxes were left out.",
        "Complete the list of class names, or correct the numbers, then import again.",
    ),
    "class_id_not_whole": Kind(
        "bad",
        "These rows give a class number that is no whole number; the boxes were left out.",
        "Correct the numbers, then import again.",
    ),
    "class_id_as_float": Kind(
        "note",
        "These rows write the class number with a decimal point; it was taken as the whole number.",
        "Nothing to do.",
    ),
    "class_name_for_id": Kind(
        "note",
        "These rows give a class name in place of its number; the name is known and was taken.",
        "Nothing to do.",
    ),
    "class_unknown": Kind(
        "bad",
        "These labels name a class that the list of classes does not have; they were left out.",
        "Add the class to the list, or correct the name, then import again.",
    ),
    "class_names_missing": Kind(
        "caution",
        "No list of class names was found, so classes are called by their numbers.",
        "Rename them in the preview, or put a classes.txt with one name a line beside the images folder.",
    ),
    "class_list_odd": Kind(
        "caution",
        "The list of class names is not in order: names are missing, empty or not as many as stated.",
        "Look at the classes in the preview and rename them where needed.",
    ),
    "duplicate_class_name": Kind(
        "caution",
        "The same class name is listed twice; the later one got a number so that nothing is mixed up.",
        "Give both the same name in the preview to merge them.",
    ),
    "near_class_names": Kind(
        "caution",
        "These class names differ only in capitals, spaces, hyphens or a number, so a model would learn them apart.",
        "If they mean the same, merge them: in the preview, or later among the classes of the project.",
    ),
    "class_skipped": Kind(
        "note",
        "These classes were left out by choice.",
        "Nothing to do; to have them, import again without skipping them.",
    ),
    "conflicting_labels": Kind(
        "bad",
        "The same picture is given different labels. A label that the project had stays; else none was taken.",
        "Look at them and give each the right label here.",
    ),
    "in_two_splits": Kind(
        "caution",
        "These pictures are listed in more than one split; the first of train, val, test was taken.",
        "Keep each picture in one split, else the score says nothing about new pictures.",
    ),
    "split_unknown": Kind(
        "caution",
        "These rows name a split other than train, val and test, so their pictures keep the split of their folder.",
        "Write train, val or test.",
    ),
    "split_folder_missing": Kind(
        "caution",
        "The data file names folders or lists that do not exist.",
        "Put the folders back or correct the paths; the other splits were read.",
    ),
    "path_relocated": Kind(
        "note",
        "Paths in the data file lead elsewhere; the folders were found beside it.",
        "Nothing to do if the counts are right.",
    ),
    "image_outside_class_folder": Kind(
        "caution",
        "These pictures lie outside the class folders, so they come in unlabelled.",
        "Move them into their class's folder and import again, or label them here.",
    ),
    "unlabelled_image": Kind(
        "caution",
        "Nothing says what these images show, so they are kept unlabelled and do not train.",
        "Label them here. If they show none of the classes, say in the preview that missing labels mean background.",
    ),
    "background_image": Kind(
        "note",
        "These images are labelled as empty, so they train as background: looked at, and nothing is there.",
        "If they were never labelled, say in the preview that empty labels mean unlabelled.",
    ),
    "all_background": Kind(
        "bad",
        "Every label is empty, so there is nothing to learn from.",
        "Check that the right label folder was imported, or say in the preview that empty labels mean unlabelled.",
    ),
    "text_encoding": Kind(
        "note",
        "These label files are not plain UTF-8 text; they were converted while reading.",
        "Nothing to do; check class names with accents in the preview.",
    ),
    "decimal_comma": Kind(
        "note",
        "These rows write decimals with a comma; they were read as numbers.",
        "Nothing to do.",
    ),
    "odd_separator": Kind(
        "note",
        "These rows are separated by commas or semicolons instead of spaces; they were read all the same.",
        "Nothing to do.",
    ),
    "extra_columns": Kind(
        "caution",
        "These rows have a column too many, as predictions with a score have; the score was left out.",
        "Make sure that these labels were checked by a person.",
    ),
    "polygon_as_box": Kind(
        "note",
        "These rows hold an outline; its bounding box was taken.",
        "Nothing to do: Lensmith detects boxes.",
    ),
    "outlines_not_kept": Kind(
        "note",
        "The label file holds outlines or masks besides boxes; only the boxes were taken.",
        "Nothing to do: Lensmith detects boxes.",
    ),
    "rle_mask": Kind(
        "note",
        "These objects hold a run-length mask; where a box is given it was taken, else the object was left out.",
        "Give a bbox to objects that should be kept.",
    ),
    "crowd_region": Kind(
        "note",
        "These regions mark crowds, not single objects; they were left out.",
        "Draw single boxes here if the objects matter.",
    ),
    "number_as_text": Kind(
        "note",
        "These boxes are written as text instead of numbers; they were read as numbers.",
        "Nothing to do.",
    ),
    "duplicate_id": Kind(
        "caution",
        "Numbers that must be unique occur twice; the first was kept, equal copies were left out.",
        "Look at the images named and correct the label file.",
    ),
    "label_without_image_id": Kind(
        "bad",
        "These annotations belong to an image number that the file does not list; they were left out.",
        "Correct the label file, then import again.",
    ),
    "box_not_finite": Kind(
        "bad",
        "These boxes hold something that is no finite number; they were left out.",
        "Correct the rows, or draw the boxes here.",
    ),
    "box_no_area": Kind(
        "caution",
        "These boxes have no width or no height, mostly a click without a drag; they were left out.",
        "Draw the boxes here if there is an object.",
    ),
    "box_negative_size": Kind(
        "bad",
        "These boxes end before they begin; they were left out.",
        "Correct the rows, or draw the boxes here.",
    ),
    "box_outside": Kind(
        "caution",
        "These boxes reach over the edge of the picture; they were cut at the edge.",
        "Look at a few of them: shifted boxes can mean labels of other pictures.",
    ),
    "box_all_outside": Kind(
        "bad",
        "These boxes lie wholly outside the picture; they were left out.",
        "Check that labels and pictures belong together.",
    ),
    "box_in_pixels": Kind(
        "bad",
        "These rows seem to be in pixels, where fractions of the picture's size belong; they were left out.",
        "Export the labels again as YOLO fractions, or import them as CSV or VOC.",
    ),
    "voc_zero_based": Kind(
        "note",
        "Boxes of this set begin at pixel 0, so coordinates were taken as counted from 0, not from 1 as VOC does.",
        "Nothing to do.",
    ),
    "download_ignored": Kind(
        "note",
        "The data file asks to download or run something; Lensmith never does that.",
        "Nothing to do if the pictures are there.",
    ),
    "cache_ignored": Kind(
        "note",
        "These files (caches, arrays, pickles) can carry program code; they were not opened.",
        "Nothing to do.",
    ),
    "file_ignored": Kind(
        "note",
        "These label files are of another kind than the data set; they were not read.",
        "Import them by themselves if they are needed.",
    ),
    "file_name_not_text": Kind(
        "bad",
        "The names of these files are not valid text on this system, so they cannot be kept.",
        "Rename the files, then import again.",
    ),
    "folder_unreadable": Kind(
        "bad",
        "These folders could not be opened.",
        "Give yourself the right to read them, then import again.",
    ),
    "archive_entry_refused": Kind(
        "bad",
        "These entries of the archive lead outside it or are no plain files; they were not unpacked.",
        "Ask where the archive comes from before you trust the rest of it.",
    ),
    "outside_archive": Kind(
        "bad",
        "Labels in the archive point to files outside it; these were left out.",
        "Ask where the archive comes from before you trust the rest of it.",
    ),
}

# Pictures, found by core.data.images and core.data.checks.
PICTURE_KINDS = {
    "missing_file": Kind(
        "bad",
        "These pictures were there when the folder was listed, but are gone now.",
        "Bring the files back, then import again.",
    ),
    "unreadable_file": Kind(
        "bad",
        "These files could not be read from the disk; they were skipped.",
        "Check that you may read them and that the disk is connected, then import again.",
    ),
    "empty_file": Kind(
        "bad",
        "These files are empty (0 bytes); they were skipped.",
        "Copy them again from where they came from, then import again.",
    ),
    "not_an_image": Kind(
        "bad",
        "These files are named like pictures, but hold none that Lensmith reads (JPEG, PNG, BMP, TIFF, WebP).",
        "Remove them, or convert them to PNG or JPEG and import those.",
    ),
    "truncated": Kind(
        "bad",
        "These pictures are cut off or damaged, so part of them would be grey; they were skipped.",
        "Copy them again from where they came from, then import again.",
    ),
    "gif": Kind(
        "bad",
        "These are GIFs: animations, or “image not found” placeholders of web sites; they were skipped.",
        "If one shows what you want to teach, save it as PNG and import that.",
    ),
    "too_small": Kind(
        "bad",
        "These pictures are under 10 pixels wide or high, too small to show anything; they were skipped.",
        "Import the original pictures instead of icons or previews of them.",
    ),
    "too_many_pixels": Kind(
        "bad",
        "These pictures say that they have more than 537 megapixels, more than memory should be risked for.",
        "Cut them into tiles or scale them down, then import those.",
    ),
    "unsupported_depth": Kind(
        "bad",
        "These pictures hold signed, 32-bit or coloured floating-point values, whose white is not known; "
        "they were skipped.",
        "Export them as 8-bit or 16-bit pictures from the program that made them.",
    ),
    "undecodable_name": Kind(
        "bad",
        "The names of these files are not valid text on this system, so they cannot be kept.",
        "Rename the files, then import again.",
    ),
    "nothing_labelled": Kind(
        "bad",
        "No image has a label, so there is nothing to train on.",
        "Label images, or import a folder with labels.",
    ),
    "no_train_split": Kind(
        "bad",
        "No labelled image is in train, so there is nothing to learn from.",
        "Move images to train, or import more.",
    ),
    "class_not_in_train": Kind(
        "bad",
        "These classes are met in val or test but never in train, so no model can learn them.",
        "Add images of them to train.",
    ),
    "only_one_class": Kind(
        "bad",
        "All labelled images show the same class, so a model would always answer with it.",
        "Add images of at least one other class, such as “other” or “good”.",
    ),
    "duplicate_across_splits": Kind(
        "caution",
        "The same picture lies in several splits of the source; the split met first was kept.",
        "Delete the copies: a picture met in training says nothing about new pictures when it is tested on.",
    ),
    "file_replaced": Kind(
        "caution",
        "These files hold another picture than when they were imported; the labels of the old one were not taken over.",
        "Label the new pictures, or bring the old files back.",
    ),
    "picture_changed": Kind(
        "caution",
        "These files were edited or replaced since they were labelled: the labels are of the picture before.",
        "Bring the old files back, keep labels that still fit, or import the new pictures: they come unlabelled.",
    ),
    "large_picture": Kind(
        "caution",
        "These pictures have more than 67 megapixels: a network sees them shrunk to its input, where small objects "
        "vanish, and each takes gigabytes of memory while it trains.",
        "Cut them into overlapping tiles.",
    ),
    "class_without_images": Kind(
        "caution",
        "No image shows these classes, so a model cannot learn them.",
        "Add images of them, or delete the classes.",
    ),
    "class_with_few_images": Kind(
        "caution",
        "These are all images of a class that has fewer than 10, too few to learn it and to judge how well.",
        "Add images of it; 50 and more make a dependable class.",
    ),
    "near_empty_split": Kind(
        "caution",
        "These are all images of a split that has fewer than 10, so one alone moves its score by ten points.",
        "Add images, or split again with larger fractions.",
    ),
    "no_val_split": Kind(
        "caution",
        "No labelled image is in val, which decides when training is best stopped.",
        "Split with a val fraction; a part of train is moved to val.",
    ),
    "no_test_split": Kind(
        "caution",
        "No labelled image is in test, so no score will be on pictures that had no say in training.",
        "Split with a test fraction; a part of train is moved to test.",
    ),
    "small_object": Kind(
        "caution",
        "These images have objects under 8 pixels at the training size, which a detector hardly sees.",
        "Train at a larger image size, or cut the pictures into tiles.",
    ),
    "all_transparent": Kind(
        "caution",
        "These pictures are wholly transparent; the colours below are used, which nobody may have looked at.",
        "Open a few of them: if they are blank, delete them.",
    ),
    "class_imbalance": Kind(
        "caution",
        "These classes have less than a tenth of the images of the largest, so a model may neglect them.",
        "Add images of them, or train with class weights.",
    ),
    "animated": Kind(
        "caution",
        "These files hold several frames or pages; the first is used.",
        "Save the others as pictures of their own if they matter.",
    ),
    "not_split": Kind(
        "note",
        "The images are not split into train, val and test yet.",
        "Split them; else training does so by itself.",
    ),
    "image_without_split": Kind(
        "note",
        "These images came after the split and belong to no part yet.",
        "Split again: images that have a part keep it.",
    ),
    "exact_duplicate": Kind(
        "note",
        "These files are byte-for-byte copies of another; together they count as one image.",
        "Nothing to do.",
    ),
    "wrong_extension": Kind(
        "note",
        "These files are of another format than their names say; they were read by their content.",
        "Nothing to do here; other programs may refuse them.",
    ),
    "trailing_bytes": Kind(
        "note",
        "Bytes follow the end of these pictures, as some cameras write them; the files are left as they are.",
        "Nothing to do.",
    ),
    "exif_rotation": Kind(
        "note",
        "The camera stored these pictures turned or mirrored; they are shown, labelled and trained upright.",
        "If boxes drawn elsewhere look turned, that program ignored the rotation: draw them again.",
    ),
    "16_bit": Kind(
        "note",
        "These pictures have up to 16 bits a channel; they are scaled to 8 bits by the bits that each one uses.",
        "Nothing to do, unless brightness must be comparable between pictures: then export 8-bit pictures yourself.",
    ),
    "float": Kind(
        "note",
        "These grey pictures hold floating-point numbers; each is scaled from its 0.1 % to its 99.9 % quantile.",
        "Nothing to do, unless brightness must be comparable between pictures: then export 8-bit pictures yourself.",
    ),
    "cmyk": Kind(
        "note",
        "These pictures are in printing colours (CMYK); they are converted to RGB.",
        "Nothing to do, unless colours matter: then convert them with their colour profile.",
    ),
    "palette": Kind(
        "note",
        "These pictures have a palette of at most 256 colours; they are converted to RGB.",
        "Nothing to do, unless they are masks: those are labels, not pictures.",
    ),
    "1_bit": Kind(
        "note",
        "These pictures are pure black and white.",
        "Nothing to do, unless they are masks: those are labels, not pictures.",
    ),
    "alpha": Kind(
        "note",
        "These pictures have transparency, which is dropped; the colours below it are used.",
        "Nothing to do, unless the background should be seen: then save them without transparency.",
    ),
}

KINDS = LABEL_KINDS | PICTURE_KINDS


def findings_from(problems: Iterable[Problem]) -> tuple[Finding, ...]:
    """Problems of one kind become one finding; bad ones first, then in the order of ``KINDS``.

    A kind that is not in the table is an error of the program: ``KeyError``.
    """
    groups: dict[str, list[Problem]] = {}
    for problem in problems:
        groups.setdefault(problem.kind, []).append(problem)
    rank = {kind: (SEVERITIES.index(row.severity), place) for place, (kind, row) in enumerate(KINDS.items())}
    return tuple(_finding(kind, groups[kind]) for kind in sorted(groups, key=rank.__getitem__))


def _finding(kind: str, problems: list[Problem]) -> Finding:
    row = KINDS[kind]
    shown = problems[:SHOWN]
    return Finding(
        kind=kind,
        severity=row.severity,
        count=len(problems),
        images=tuple(problem.where for problem in shown),
        details=tuple(problem.detail for problem in shown),
        why=row.why,
        remedy=row.remedy,
    )
