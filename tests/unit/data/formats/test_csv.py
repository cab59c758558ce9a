from pathlib import Path

import pytest

from core.data.formats import csv
from core.domain.errors import LensmithError
from core.domain.task import Split, Task
from tests.unit.data.formats.folders import by_name, corners, kinds, lay, put, where


def table(tmp_path: Path, content: str | bytes, name: str = "labels.csv"):
    lay(tmp_path, "a.jpg", "sub/b.jpg")
    put(tmp_path, name, content)
    return csv.read(tmp_path)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("header", ["", "path{}label\n", "Filename{}Class\n"])
def test_that_labels_are_read_with_any_separator_and_header(tmp_path: Path, separator: str, header: str) -> None:
    content = header.format(separator) + f"a.jpg{separator}cat\nsub/b.jpg{separator}dog\n"
    dataset = table(tmp_path, content)
    assert dataset.task is Task.CLASSIFICATION
    assert dataset.classes == ("cat", "dog")
    assert [(Path(i.path).name, i.label) for i in dataset.images] == [("a.jpg", 0), ("b.jpg", 1)]
    assert kinds(dataset) == {}


@pytest.mark.parametrize(
    "content",
    [
        "a.jpg,1,2,3.5,4,cat\na.jpg,10,20,30,40,dog\nsub/b.jpg,,,,,\n",
        "path,x_min,y_min,x_max,y_max,label\na.jpg,1,2,3.5,4,cat\na.jpg,10,20,30,40,dog\nsub/b.jpg,,,,,\n",
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,99,99,cat,1,2,3.5,4\na.jpg,99,99,dog,10,20,30,40\n"
        "sub/b.jpg,99,99,,,,,\n",
    ],
)
def test_that_boxes_are_read_and_an_empty_row_is_background(tmp_path: Path, content: str) -> None:
    dataset = table(tmp_path, content)
    assert dataset.task is Task.DETECTION
    assert corners(by_name(dataset)["a.jpg"]) == [(1, 2, 3.5, 4, 0), (10, 20, 30, 40, 1)]
    assert by_name(dataset)["b.jpg"].boxes == ()
    assert kinds(dataset) == {}


def test_that_decimal_commas_are_read_where_the_separator_allows(tmp_path: Path) -> None:
    dataset = table(tmp_path, "a.jpg;1,5;2;3,5;4;cat\n")
    assert corners(by_name(dataset)["a.jpg"]) == [(1.5, 2, 3.5, 4, 0)]
    assert where(dataset, "decimal_comma") == ["labels.csv:1"]


def test_that_quoted_names_may_hold_separators_quotes_and_new_lines(tmp_path: Path) -> None:
    lay(tmp_path, "two\nlines.jpg", 'x, "y".jpg')
    dataset = table(tmp_path, 'path,label\n"two\nlines.jpg","a\nb"\n"x, ""y"".jpg","c,d"\n')
    assert dataset.classes == ("a\nb", "c,d")
    assert by_name(dataset)["two\nlines.jpg"].label == 0
    assert by_name(dataset)['x, "y".jpg'].label == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_that_other_encodings_are_read_and_noted(tmp_path: Path, encoding: str) -> None:
    dataset = table(tmp_path, "path;label\r\na.jpg;Käfer\r\nsub/b.jpg;Bär\r\n".encode(encoding))
    assert dataset.classes == ("Bär", "Käfer")
    assert kinds(dataset) == {"text_encoding": 1}


def test_that_an_accent_late_in_a_large_file_does_not_break_the_read(tmp_path: Path) -> None:
    rows = b"a.jpg,cat\n" * 150_000
    dataset = table(tmp_path, rows + "sub/b.jpg,Käfer\n".encode("latin-1"))
    assert dataset.classes == ("Käfer", "cat")


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("a.jpg,5,5,5,9,cat", "box_no_area"),
        ("a.jpg,9,5,5,9,cat", "box_negative_size"),
        ("a.jpg,nan,5,9,9,cat", "box_not_finite"),
        ("a.jpg,x,5,9,9,cat", "label_row_unreadable"),
        ("a.jpg,1,5,9,9,", "label_row_unreadable"),
        ("a.jpg,1,5", "label_row_unreadable"),
        ("gone.jpg,1,5,9,9,cat", "image_missing"),
        ("total,1,5,9,9,cat", "label_row_unreadable"),
        ('"a".jpg,1,5,9,9,cat', "label_row_unreadable"),
    ],
)
def test_that_a_row_of_no_use_is_listed_with_its_line(tmp_path: Path, row: str, kind: str) -> None:
    dataset = table(tmp_path, f"a.jpg,1,2,3,4,cat\n{row}\na.jpg,2,2,3,4,cat\nsub/b.jpg,1,2,3,4,cat\n")
    assert where(dataset, kind) == ["labels.csv:2"]
    assert len(by_name(dataset)["a.jpg"].boxes or ()) == 2
    assert sum(kinds(dataset).values()) == 1


def test_that_a_quote_never_closed_is_listed_from_its_line(tmp_path: Path) -> None:
    dataset = table(tmp_path, 'a.jpg,cat\nsub/b.jpg,"dog\nc.jpg,cat\n')
    assert where(dataset, "label_row_unreadable") == ["labels.csv:2"]
    assert by_name(dataset)["a.jpg"].label == 0


def test_that_a_column_or_the_file_name_gives_the_split(tmp_path: Path) -> None:
    dataset = table(tmp_path, "path,label,split\na.jpg,cat,train\nsub/b.jpg,cat,VALID\n")
    assert [image.split for image in dataset.images] == [Split.TRAIN, Split.VAL]
    put(tmp_path, "test.csv", "a.jpg,cat\n")
    assert by_name(csv.read(tmp_path / "test.csv"))["a.jpg"].split is Split.TEST


def test_that_an_unknown_split_is_listed(tmp_path: Path) -> None:
    dataset = table(tmp_path, "path,label,split\na.jpg,cat,holdout\nsub/b.jpg,dog,test\n")
    assert where(dataset, "split_unknown") == ["labels.csv:2"]


def test_that_rows_that_contradict_each_other_leave_the_image_unlabelled(tmp_path: Path) -> None:
    dataset = table(tmp_path, "a.jpg,cat\nsub/b.jpg,dog\na.jpg,dog\na.jpg,cat\n")
    assert by_name(dataset)["a.jpg"].label is None
    assert by_name(dataset)["b.jpg"].label == 1
    assert set(kinds(dataset)) == {"conflicting_labels"}


def test_that_spaces_behind_the_comma_are_no_part_of_the_class(tmp_path: Path) -> None:
    assert table(tmp_path, "a.jpg, cat\nsub/b.jpg,cat\n").classes == ("cat",)


def test_that_pictures_without_a_row_are_unlabelled(tmp_path: Path) -> None:
    dataset = table(tmp_path, "a.jpg,cat\n")
    assert where(dataset, "image_not_listed") == ["sub/b.jpg"]


@pytest.mark.parametrize("written", ["C:\\data\\set\\sub\\b.jpg", "sub\\b.jpg", "/home/me/set/sub/b.jpg", "b.jpg"])
def test_that_pictures_are_found_by_the_end_of_a_foreign_path(tmp_path: Path, written: str) -> None:
    assert by_name(table(tmp_path, f"a.jpg,cat\n{written},dog\n"))["b.jpg"].label == 1


def test_that_a_name_that_fits_two_pictures_is_not_guessed(tmp_path: Path) -> None:
    lay(tmp_path, "other/b.jpg")
    assert where(table(tmp_path, "a.jpg,cat\nb.jpg,dog\n"), "image_missing") == ["labels.csv:2"]


@pytest.mark.parametrize("content", ["", "name,price\nbolt,3\n", "just a text\n", "a.jpg\n", b"\x00\x01\x02\xff"])
def test_that_a_table_of_something_else_is_refused(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(LensmithError, match="no table of pictures"):
        table(tmp_path, content)
