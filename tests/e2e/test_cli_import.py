"""``lensmith import``: preview, choices, importing twice, archives, cancel; folders are only ever read."""

import os
import shutil
import subprocess
import tarfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.store.project_store import ProjectStore
from tests.e2e.commands import Lensmith, finish, interrupt
from tests.e2e.pictures import draw, draw_classes, draw_yolo, fingerprint

ROW = "0 0.5 0.5 0.25 0.25\n"


def test_that_import_makes_the_project_and_says_what_it_did(lensmith: Lensmith, place: Path) -> None:
    source = draw_classes(place / "snímky", {"šroub": 3, "гайка": 2, "部品 100%": 1})

    result = lensmith.json("import", "projekt ż", source, "--yes")

    assert {name: value for name, value in result.items() if name != "findings"} == {
        "images_added": 6,
        "images_known": 0,
        "files_added": 6,
        "boxes_added": 0,
        "skipped": 0,
    }
    found = lensmith.json("check", "projekt ż")
    assert set(found) == {"images", "files", "annotations", "classes", "splits", "findings"}
    assert (found["images"], found["files"], found["annotations"]) == (6, 6, 6)
    assert found["classes"] == {"гайка": 2, "部品 100%": 1, "šroub": 3}
    assert found["splits"] == {"train": 0, "val": 0, "test": 0, "none": 6}
    assert {"kind", "count", "images", "remedy"} <= set(found["findings"][0])


def test_that_importing_twice_adds_nothing(lensmith: Lensmith, place: Path) -> None:
    source = draw_yolo(place / "set", [ROW, "", None])
    first = lensmith.json("import", "p", source)
    before = lensmith.json("check", "p")

    second = lensmith.json("import", "p", source)

    assert (first["images_added"], first["boxes_added"]) == (3, 1)
    assert (second["images_added"], second["files_added"], second["boxes_added"]) == (0, 0, 0)
    assert second["images_known"] == 3
    assert lensmith.json("check", "p") == before


def test_that_one_name_in_two_folders_is_two_images_and_one_picture_under_two_paths_is_one(
    lensmith: Lensmith, place: Path
) -> None:
    draw(place / "a" / "cat" / "1.png", 1)
    draw(place / "a" / "dog" / "1.png", 2)
    (place / "b" / "cat").mkdir(parents=True)
    shutil.copy(place / "a" / "cat" / "1.png", place / "b" / "cat" / "another name.png")
    lensmith.ok("import", "p", "a", "--yes")
    assert lensmith.json("check", "p")["images"] == 2

    again = lensmith.json("import", "p", "b")

    assert (again["images_added"], again["images_known"], again["files_added"]) == (0, 1, 1)
    found = lensmith.json("check", "p")
    assert (found["images"], found["files"]) == (2, 3)


def test_that_a_preview_writes_nothing_and_makes_no_project(lensmith: Lensmith, place: Path) -> None:
    source = draw_classes(place / "set", {"cat": 2, "dog": 1})

    shown = lensmith.json("import", "p", source, "--preview")

    assert shown["format"] == "imagefolder"
    assert shown["classes"] == {"cat": 2, "dog": 1}
    assert shown["splits"] == {"train": 0, "val": 0, "test": 0, "none": 3}
    assert not (place / "p").exists()


def test_that_classes_are_renamed_merged_and_skipped_on_the_way_in(lensmith: Lensmith, place: Path) -> None:
    source = draw_classes(place / "set", {"Cat": 2, "cat ": 2, "dog": 2, "blurred": 2})

    lensmith.ok("import", "p", source, "--yes", "--rename", "Cat=kočka", "--rename", "cat =kočka", "--skip", "blurred")

    assert lensmith.json("check", "p")["classes"] == {"kočka": 4, "dog": 2}


def test_that_near_equal_class_names_are_a_finding_that_offers_the_merge(lensmith: Lensmith, place: Path) -> None:
    source = draw_classes(place / "set", {"Cat": 1, "cat ": 1})
    kinds = {finding["kind"] for finding in lensmith.json("import", "p", source, "--preview")["findings"]}
    assert "near_class_names" in kinds


def test_that_missing_and_empty_labels_are_told_apart_and_the_user_decides(lensmith: Lensmith, place: Path) -> None:
    source = draw_yolo(place / "set", [ROW, "", "", None, None, None])

    shown = lensmith.json("import", "p", source, "--preview")
    counts = {finding["kind"]: finding["count"] for finding in shown["findings"]}
    assert (counts["unlabelled_image"], counts["background_image"]) == (3, 2)
    assert all(f["remedy"] for f in shown["findings"])

    cases: dict[str, tuple[tuple[str, ...], int]] = {
        "as it is": ((), 3),
        "missing is background": (("--missing-labels", "background"), 6),
        "empty is unlabelled": (("--empty-labels", "unlabelled"), 1),
    }
    for name, (options, trainable) in cases.items():
        lensmith.ok("import", name, source, "--yes", *options)
        with ProjectStore.open(place / name) as store:
            tags = [image.annotation.__struct_config__.tag for image in store.images()]
        assert tags.count("boxes") == trainable, name


def pack_zip(source: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(source.rglob("*")):
            archive.write(path, path.relative_to(source.parent))
    return target


def pack_tar(source: Path, target: Path) -> Path:
    with tarfile.open(target, "w:gz") as archive:
        archive.add(source, source.name)
    return target


@pytest.mark.parametrize("name", ["sada dílů.zip", "部品.tar.gz"])
def test_that_an_archive_is_imported_once_and_leaves_nothing_after_a_preview(
    lensmith: Lensmith, place: Path, name: str
) -> None:
    source = draw_classes(place / "set", {"cat": 2, "dog": 2})
    archive = (pack_zip if name.endswith(".zip") else pack_tar)(source, place / name)
    shutil.rmtree(source)
    lensmith.ok("new", "p")
    empty = set(fingerprint(place / "p"))

    assert lensmith.json("import", "p", archive, "--preview")["images"] == 4
    assert set(fingerprint(place / "p")) - {"images"} == empty

    assert lensmith.json("import", "p", archive)["images_added"] == 4
    pictures = {path for path in fingerprint(place / "p") if path.endswith(".png")}
    os.utime(archive)  # copied or fetched again: the same bytes with another date
    again = lensmith.json("import", "p", archive)
    assert (again["images_added"], again["files_added"]) == (0, 0)
    assert {path for path in fingerprint(place / "p") if path.endswith(".png")} == pictures
    assert lensmith.json("check", "p")["classes"] == {"cat": 2, "dog": 2}


def test_that_an_archive_of_nothing_leaves_no_project(lensmith: Lensmith, place: Path) -> None:
    (place / "set").mkdir()
    (place / "set" / "readme.txt").write_text("no pictures")
    said = lensmith.refused("import", "p", pack_zip(place / "set", place / "empty.zip"), "--json")
    assert "No picture" in said
    assert not (place / "p").exists()


def test_that_a_folder_of_pictures_is_only_ever_read(lensmith: Lensmith, place: Path) -> None:
    source = draw_yolo(place / "only to read", [ROW, ROW, "", None])
    folders = [source, *(path for path in source.rglob("*") if path.is_dir())]
    for path in source.rglob("*.*"):
        path.chmod(0o444)
    for folder in folders:
        folder.chmod(0o555)  # means nothing to root; what is compared below does
    before = fingerprint(source)
    try:
        lensmith.ok("import", "p", source, "--yes")
        lensmith.ok("check", "p")
        lensmith.ok("split", "p", "--val", "0.5", "--test", "0")
        lensmith.ok("export", "p", "--format", "coco", "--to", "out")
        assert fingerprint(source) == before
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_that_bad_pictures_are_listed_and_the_rest_comes_in(lensmith: Lensmith, place: Path) -> None:
    source = draw_classes(place / "set", {"cat": 3, "dog": 3})
    whole = (source / "cat" / "000.png").read_bytes()
    (source / "cat" / "empty.jpg").write_bytes(b"")
    (source / "cat" / "garbage.jpg").write_bytes(b"not a picture at all" * 50)
    (source / "dog" / "cut off.png").write_bytes(whole[: len(whole) // 2])

    result = lensmith.json("import", "p", source)

    assert (result["images_added"], result["skipped"]) == (6, 3)
    found = {f["kind"]: Path(f["images"][0]).name for f in lensmith.json("check", "p")["findings"] if f["count"] == 1}
    assert found["empty_file"] == "empty.jpg"
    assert found["not_an_image"] == "garbage.jpg"
    assert found["truncated"] == "cut off.png"


def test_that_labels_for_another_task_are_refused_and_nothing_changes(lensmith: Lensmith, place: Path) -> None:
    lensmith.ok("new", "p", "--task", "classification")
    before = lensmith.json("check", "p")
    said = lensmith.refused("import", "p", draw_yolo(place / "set", [ROW]), "--json")
    assert "detection" in said
    assert lensmith.json("check", "p") == before


@pytest.mark.skipif(os.name == "nt", reason="needs a named pipe")
@pytest.mark.parametrize("fresh", [True, False], ids=["a new project", "an earlier project"])
def test_that_ctrl_c_leaves_the_project_as_it_was(lensmith: Lensmith, place: Path, fresh: bool) -> None:
    if not fresh:
        lensmith.ok("import", "p", draw_classes(place / "earlier", {"cat": 2}), "--yes")
    before = fingerprint(place)
    source = draw_classes(place / "set", {"cat": 40, "dog": 40}, first=10_000)
    slow = source / "dog" / "999.png"
    os.mkfifo(slow)  # a picture on a share that does not answer

    child = lensmith.start("import", "p", source, "--json")
    with stalled(slow, child):
        interrupt(child)
    done = finish(child)

    assert (done.code, done.out) == (1, ""), done.err
    assert "nothing was changed" in done.err
    assert "Traceback" not in done.err
    if fresh:
        assert not (place / "p").exists()
    else:
        assert lensmith.json("check", "p")["images"] == 2
        shutil.rmtree(source)
        assert fingerprint(place).keys() == before.keys()


@contextmanager
def stalled(pipe: Path, child: "subprocess.Popen[str]") -> Iterator[None]:
    """While ``child`` waits for the first byte of ``pipe``; afterwards the pipe turns out to be empty."""
    while True:
        try:
            writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            break
        except OSError:  # nobody reads it yet
            assert child.poll() is None, child.communicate()
            time.sleep(0.01)
    try:
        yield
        time.sleep(0.2)  # so that the signal is there before the byte that never comes
    finally:
        os.close(writer)
