"""``lensmith new``, ``check``, ``split`` and ``export --format``, and what they refuse."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.store.project_store import ProjectStore
from tests.e2e.commands import ROOT, Lensmith
from tests.e2e.pictures import draw, draw_classes, draw_yolo, fingerprint

HOLDER = """
import sys
from pathlib import Path
from core.store.project_store import ProjectStore
with ProjectStore.open(Path(sys.argv[1])) as store:
    print("held" if not store.read_only else "not held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(project: Path) -> Iterator[int]:
    """Another process that has the project open for writing, as a window has; its process id."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(project)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == b"held"
    try:
        yield child.pid
    finally:
        child.communicate()


VERBS = {
    "new": "--task",
    "import": "--missing-labels",
    "check": "--json",
    "split": "--group",
    "train": "--mode",
    "runs": "--resume",
    "report": "--run",
    "export": "--format",
    "predict": "--draw",
    "weights": "{list,import,fetch}",
    "doctor": "--json",
    "demo": "--json",
    "screenshots": "DIR",
}


def test_that_help_names_every_verb(lensmith: Lensmith) -> None:
    said = lensmith.ok("--help").out
    assert [verb for verb in VERBS if not re.search(rf"^    {verb}\s", said, re.MULTILINE)] == []


@pytest.mark.parametrize(("verb", "option"), VERBS.items())
def test_that_every_verb_explains_itself(lensmith: Lensmith, verb: str, option: str) -> None:
    assert option in lensmith.ok(verb, "--help").out


@pytest.mark.parametrize(
    "arguments",
    [
        ["swim"],
        ["new"],
        ["new", "p", "--task", "segmentation"],
        ["import", "p", "set", "--rename", "cat"],
        ["train", "p", "--model", "resnet18"],
        ["train", "p", "--model", "resnet18", "--mode", "magic"],
        ["train", "p", "--model", "resnet18", "--mode", "scratch", "--epochs", "many"],
        ["split", "p", "--val", "a fifth"],
        ["runs", "p", "--stop", "--kill"],
        ["weights", "import"],
        ["weights", "fetch"],
    ],
    ids=" ".join,
)
def test_that_wrong_use_is_exit_code_2_with_a_sentence(lensmith: Lensmith, arguments: list[str]) -> None:
    done = lensmith.run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.strip()


def test_that_what_is_not_there_is_exit_code_1_with_a_sentence_that_names_it(lensmith: Lensmith, place: Path) -> None:
    (place / "folder").mkdir()
    for verb in (["check"], ["split"], ["runs"], ["report"], ["export", "--to", "x.onnx"]):
        assert "folder" in lensmith.refused(verb[0], "folder", *verb[1:], "--json")
    assert "nowhere" in lensmith.refused("import", "p", "nowhere", "--json")
    assert not (place / "p").exists()
    lensmith.ok("new", "p")
    assert "is a Lensmith project already" in lensmith.refused("new", "p")
    assert "no run “7”" in lensmith.refused("runs", "p", "7", "--json").lower().replace("there is ", "")
    assert "not empty" in lensmith.refused("new", place)


def test_that_a_project_that_another_process_holds_is_read_and_names_its_holder(
    lensmith: Lensmith, place: Path
) -> None:
    lensmith.ok("import", "p", draw_classes(place / "set", {"cat": 3, "dog": 3}), "--yes")
    with held(place / "p") as pid:
        assert lensmith.json("check", "p")["images"] == 6
        for command in (["split", "p"], ["import", "p", "set", "--yes"]):
            said = lensmith.refused(*command, "--json")
            assert f"process {pid}" in said
    assert sum(lensmith.json("split", "p")["splits"].values()) == 6


def test_that_a_project_folder_that_cannot_be_written_is_read(lensmith: Lensmith, place: Path) -> None:
    lensmith.ok("import", "p", draw_classes(place / "set", {"cat": 3, "dog": 3}), "--yes")
    before = fingerprint(place / "p")
    folders = [place / "p", *(path for path in (place / "p").iterdir() if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert lensmith.json("check", "p")["images"] == 6
        assert lensmith.json("runs", "p") == []
        train = ["train", "p", "--model", "simple_cnn", "--mode", "scratch"]
        for command in (["split", "p"], ["import", "p", "set"], train):
            assert "writ" in lensmith.refused(*command, "--json")
        assert fingerprint(place / "p") == before
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_that_a_split_is_repeatable_keeps_lots_together_and_stays_when_images_come(
    lensmith: Lensmith, place: Path
) -> None:
    for lot in range(12):
        for name in ("cat", "dog"):
            for number in range(2):
                draw(
                    place / f"set{lot // 10}" / name / f"lot{lot:02d}_{number}.png",
                    100 * lot + 10 * number + (name == "dog"),
                )
    rule = ("split", "p", "--val", "0.25", "--test", "0.25", "--seed", "3", "--group", r"(lot\d+)_")
    lensmith.ok("import", "p", "set0", "--yes")
    assert lensmith.json(*rule) == {"splits": {"train": 24, "val": 8, "test": 8, "none": 0}}
    first = parts(place / "p")
    lots = {(Path(image).name[:5], split) for image, split in first.items()}
    assert len(lots) == 10

    lensmith.ok("import", "p", "set1", "--yes")
    lensmith.ok(*rule)

    second = parts(place / "p")
    assert len(second) == 48
    assert first.items() <= second.items()


def parts(project: Path) -> dict[str, str]:
    """Path -> split, of every image."""
    with ProjectStore.open(project) as store:
        return {image.path: str(image.split) for image in store.images()}


def test_that_exported_classes_come_back_as_they_were(lensmith: Lensmith, place: Path) -> None:
    draw_classes(place / "set", {"šroub 100%": 3, "гайка #1": 3, "con": 3})
    check_round_trips(lensmith, "imagefolder", "csv")


def test_that_exported_boxes_come_back_as_they_were(lensmith: Lensmith, place: Path) -> None:
    rows = [f"{n % 2} 0.{n + 2} 0.5 0.21 0.33\n" for n in range(6)]
    draw_yolo(place / "set", ["".join(rows), *rows, ""], names=("šroub 100%", "部品 #1"))
    check_round_trips(lensmith, "yolo", "coco", "voc", "csv")


def check_round_trips(lensmith: Lensmith, *formats: str) -> None:
    lensmith.ok("import", "one", "set", "--yes")
    lensmith.ok("split", "one", "--val", "0.3", "--test", "0.2")
    before = lensmith.json("check", "one")
    for name in formats:
        written = lensmith.json("export", "one", "--format", name, "--to", f"vývoz 輸出 {name}")
        assert (written["format"], written["images"]) == (name, before["images"])
        lensmith.ok("import", f"from {name}", f"vývoz 輸出 {name}", "--yes")
        assert without_places(lensmith.json("check", f"from {name}")) == without_places(before), name


def without_places(found: dict[str, Any]) -> dict[str, Any]:
    """A check with the names of pictures left out of its findings: copies lie elsewhere."""
    findings = [{k: v for k, v in finding.items() if k not in ("images", "details")} for finding in found["findings"]]
    return {**found, "findings": findings}


def test_that_an_export_that_cannot_be_is_refused_and_leaves_nothing(lensmith: Lensmith, place: Path) -> None:
    lensmith.ok("import", "p", draw_classes(place / "set", {"cat": 2, "dog": 2}), "--yes")
    assert "cannot hold" in lensmith.refused("export", "p", "--format", "yolo", "--to", "out")
    assert not (place / "out").exists()
    assert "not empty" in lensmith.refused("export", "p", "--format", "csv", "--to", "set")
    assert "No run" in lensmith.refused("export", "p", "--to", "model.onnx")
    assert "not empty" in lensmith.refused("export", "p", "--format", "csv", "--to", "p")
