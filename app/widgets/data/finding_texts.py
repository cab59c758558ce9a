"""What findings are called, in a few words; why they matter and what to do is the core's own text."""

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from core.domain.dataset import Finding

_TITLES = {
    "label_row_unreadable": QT_TRANSLATE_NOOP("Finding", "Rows not understood"),
    "label_file_unreadable": QT_TRANSLATE_NOOP("Finding", "Label files not readable"),
    "xml_refused": QT_TRANSLATE_NOOP("Finding", "Dangerous XML refused"),
    "label_without_image": QT_TRANSLATE_NOOP("Finding", "Labels without a picture"),
    "image_missing": QT_TRANSLATE_NOOP("Finding", "Pictures not found"),
    "image_not_listed": QT_TRANSLATE_NOOP("Finding", "Pictures not listed"),
    "class_id_out_of_range": QT_TRANSLATE_NOOP("Finding", "Class number too high"),
    "class_id_not_whole": QT_TRANSLATE_NOOP("Finding", "Class number not whole"),
    "class_id_as_float": QT_TRANSLATE_NOOP("Finding", "Class number with a point"),
    "class_name_for_id": QT_TRANSLATE_NOOP("Finding", "Class name for a number"),
    "class_unknown": QT_TRANSLATE_NOOP("Finding", "Unknown class"),
    "class_names_missing": QT_TRANSLATE_NOOP("Finding", "Classes without names"),
    "class_list_odd": QT_TRANSLATE_NOOP("Finding", "Odd list of classes"),
    "duplicate_class_name": QT_TRANSLATE_NOOP("Finding", "Class listed twice"),
    "near_class_names": QT_TRANSLATE_NOOP("Finding", "Class names nearly equal"),
    "class_skipped": QT_TRANSLATE_NOOP("Finding", "Classes left out"),
    "conflicting_labels": QT_TRANSLATE_NOOP("Finding", "Contradicting labels"),
    "in_two_splits": QT_TRANSLATE_NOOP("Finding", "Listed in two parts"),
    "split_unknown": QT_TRANSLATE_NOOP("Finding", "Unknown part"),
    "split_folder_missing": QT_TRANSLATE_NOOP("Finding", "Folders not found"),
    "path_relocated": QT_TRANSLATE_NOOP("Finding", "Folders found elsewhere"),
    "image_outside_class_folder": QT_TRANSLATE_NOOP("Finding", "Outside class folders"),
    "unlabelled_image": QT_TRANSLATE_NOOP("Finding", "Not labelled"),
    "background_image": QT_TRANSLATE_NOOP("Finding", "Background only"),
    "all_background": QT_TRANSLATE_NOOP("Finding", "Every label is empty"),
    "text_encoding": QT_TRANSLATE_NOOP("Finding", "Other text encoding"),
    "decimal_comma": QT_TRANSLATE_NOOP("Finding", "Decimal commas"),
    "odd_separator": QT_TRANSLATE_NOOP("Finding", "Other separators"),
    "extra_columns": QT_TRANSLATE_NOOP("Finding", "A column too many"),
    "polygon_as_box": QT_TRANSLATE_NOOP("Finding", "Outlines taken as boxes"),
    "outlines_not_kept": QT_TRANSLATE_NOOP("Finding", "Outlines not kept"),
    "rle_mask": QT_TRANSLATE_NOOP("Finding", "Run-length masks"),
    "crowd_region": QT_TRANSLATE_NOOP("Finding", "Crowds left out"),
    "number_as_text": QT_TRANSLATE_NOOP("Finding", "Numbers written as text"),
    "duplicate_id": QT_TRANSLATE_NOOP("Finding", "Number used twice"),
    "label_without_image_id": QT_TRANSLATE_NOOP("Finding", "Labels of no listed picture"),
    "box_not_finite": QT_TRANSLATE_NOOP("Finding", "Boxes without numbers"),
    "box_no_area": QT_TRANSLATE_NOOP("Finding", "Boxes without area"),
    "box_negative_size": QT_TRANSLATE_NOOP("Finding", "Boxes inside out"),
    "box_outside": QT_TRANSLATE_NOOP("Finding", "Boxes over the edge"),
    "box_all_outside": QT_TRANSLATE_NOOP("Finding", "Boxes outside the picture"),
    "box_in_pixels": QT_TRANSLATE_NOOP("Finding", "Boxes in pixels"),
    "voc_zero_based": QT_TRANSLATE_NOOP("Finding", "Pixels counted from 0"),
    "download_ignored": QT_TRANSLATE_NOOP("Finding", "Download not run"),
    "cache_ignored": QT_TRANSLATE_NOOP("Finding", "Caches not opened"),
    "file_ignored": QT_TRANSLATE_NOOP("Finding", "Files not read"),
    "file_name_not_text": QT_TRANSLATE_NOOP("Finding", "File names not readable"),
    "folder_unreadable": QT_TRANSLATE_NOOP("Finding", "Folders not readable"),
    "archive_entry_refused": QT_TRANSLATE_NOOP("Finding", "Archive entries refused"),
    "outside_archive": QT_TRANSLATE_NOOP("Finding", "Files outside the archive"),
    "missing_file": QT_TRANSLATE_NOOP("Finding", "Pictures gone"),
    "unreadable_file": QT_TRANSLATE_NOOP("Finding", "Files not readable"),
    "empty_file": QT_TRANSLATE_NOOP("Finding", "Empty files"),
    "not_an_image": QT_TRANSLATE_NOOP("Finding", "Not a picture"),
    "truncated": QT_TRANSLATE_NOOP("Finding", "Damaged pictures"),
    "gif": QT_TRANSLATE_NOOP("Finding", "GIFs"),
    "too_small": QT_TRANSLATE_NOOP("Finding", "Tiny pictures"),
    "too_many_pixels": QT_TRANSLATE_NOOP("Finding", "Huge pictures"),
    "unsupported_depth": QT_TRANSLATE_NOOP("Finding", "Unknown brightness scale"),
    "undecodable_name": QT_TRANSLATE_NOOP("Finding", "File names not readable"),
    "nothing_labelled": QT_TRANSLATE_NOOP("Finding", "Nothing labelled"),
    "no_train_split": QT_TRANSLATE_NOOP("Finding", "Nothing to learn from"),
    "class_not_in_train": QT_TRANSLATE_NOOP("Finding", "Classes missing in train"),
    "only_one_class": QT_TRANSLATE_NOOP("Finding", "Only one class"),
    "duplicate_across_splits": QT_TRANSLATE_NOOP("Finding", "Copies in several parts"),
    "file_replaced": QT_TRANSLATE_NOOP("Finding", "Files replaced"),
    "picture_changed": QT_TRANSLATE_NOOP("Finding", "Changed since labelled"),
    "large_picture": QT_TRANSLATE_NOOP("Finding", "Very large pictures"),
    "class_without_images": QT_TRANSLATE_NOOP("Finding", "Classes without pictures"),
    "class_with_few_images": QT_TRANSLATE_NOOP("Finding", "Small classes"),
    "near_empty_split": QT_TRANSLATE_NOOP("Finding", "Small parts"),
    "no_val_split": QT_TRANSLATE_NOOP("Finding", "No validation part"),
    "no_test_split": QT_TRANSLATE_NOOP("Finding", "No test part"),
    "small_object": QT_TRANSLATE_NOOP("Finding", "Very small objects"),
    "all_transparent": QT_TRANSLATE_NOOP("Finding", "Transparent pictures"),
    "class_imbalance": QT_TRANSLATE_NOOP("Finding", "Classes out of balance"),
    "animated": QT_TRANSLATE_NOOP("Finding", "Several frames"),
    "not_split": QT_TRANSLATE_NOOP("Finding", "Not split yet"),
    "image_without_split": QT_TRANSLATE_NOOP("Finding", "In no part yet"),
    "exact_duplicate": QT_TRANSLATE_NOOP("Finding", "Copies"),
    "wrong_extension": QT_TRANSLATE_NOOP("Finding", "Wrong suffix"),
    "trailing_bytes": QT_TRANSLATE_NOOP("Finding", "Bytes after the picture"),
    "exif_rotation": QT_TRANSLATE_NOOP("Finding", "Turned by the camera"),
    "16_bit": QT_TRANSLATE_NOOP("Finding", "16-bit pictures"),
    "float": QT_TRANSLATE_NOOP("Finding", "Floating-point pictures"),
    "cmyk": QT_TRANSLATE_NOOP("Finding", "Printing colours"),
    "palette": QT_TRANSLATE_NOOP("Finding", "Palette pictures"),
    "1_bit": QT_TRANSLATE_NOOP("Finding", "Black and white"),
    "alpha": QT_TRANSLATE_NOOP("Finding", "Transparency"),
}
ICONS = {"bad": "x-circle", "caution": "warning", "note": "info"}
ROLES = {"bad": "bad", "caution": "caution", "note": "muted"}


def title_of(kind: str) -> str:
    title = _TITLES.get(kind)
    return kind.replace("_", " ") if title is None else QCoreApplication.translate("Finding", str(title))


def why_of(finding: Finding) -> str:
    return QCoreApplication.translate("Finding", finding.why)


def remedy_of(finding: Finding) -> str:
    return QCoreApplication.translate("Finding", finding.remedy)


def severity_of(finding: Finding) -> str:
    """In a word, for those who do not see the colour."""
    return {
        "bad": QCoreApplication.translate("Finding", "Fault"),
        "caution": QCoreApplication.translate("Finding", "Caution"),
        "note": QCoreApplication.translate("Finding", "Note"),
    }[finding.severity]
