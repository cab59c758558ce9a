"""Faults of TRAPS that show only in the whole: files, tables, disks and classes that go wrong on the way to a model."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.data.images import cv2
from core.domain.annotation import Boxes
from core.domain.run import FromScratch, RunSpec
from core.store.project_store import ProjectStore
from core.store.run_store import RunStore
from tests.e2e.commands import Lensmith, finish
from tests.e2e.pictures import draw, draw_classes, draw_yolo, fingerprint

ODD_NAMES = ["100%.png", "#1 mezera 🔧.png", "łódź Шестерня 部品.png", "q\"uote's, comma;.png", "dot..png", "-dash.png"]
if os.name != "nt":
    ODD_NAMES += ["new\nline.png", "back\\slash.png", "tab\t.png", "star*?.png"]


def simulated_run(project: Path, epochs: int = 2) -> None:
    """A run on the project's own data that waits to be started."""
    with ProjectStore.open(project) as store:
        snapshot = store.snapshot()
    spec = RunSpec(
        task=snapshot.task,
        engine="simulated",
        architecture="simulated",
        start=FromScratch(),
        snapshot=snapshot.data_hash(),
        epochs=epochs,
        batch_size=4,
        image_size=32,
        device="cpu",
    )
    RunStore(project).create(spec, snapshot)


def test_that_odd_file_names_go_from_import_to_model_and_table_and_back(lensmith: Lensmith, place: Path) -> None:
    for number, name in enumerate(ODD_NAMES * 2):
        draw(place / "set" / f"třída {number % 2} #%" / f"{number // len(ODD_NAMES)}{name}", number)
    assert lensmith.json("import", "p", "set")["images_added"] == 2 * len(ODD_NAMES)
    lensmith.ok("split", "p", "--val", "0.3", "--test", "0.2")
    simulated_run(place / "p")
    result = lensmith.json("runs", "p", "1", "--resume")
    assert result["outcome"] == "completed"

    answers = lensmith.json("predict", result["onnx"], "set")
    drawn = {str(path) for path in (place / "set").rglob("*.png")}
    assert {str(place / answer["path"]) for answer in answers} == drawn
    assert not any("error" in answer for answer in answers)

    lensmith.ok("export", "p", "--format", "csv", "--to", "out")
    lensmith.ok("import", "q", "out", "--yes")
    before, after = lensmith.json("check", "p"), lensmith.json("check", "q")
    for part in ("images", "annotations", "classes", "splits"):
        assert after[part] == before[part]


def exif(jpeg: bytes, orientation: int) -> bytes:
    """A JPEG with an EXIF block that says how it is turned."""
    tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + bytes([orientation, 0, 0, 0]) + b"\0\0\0\0"
    block = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + jpeg[2:]


@pytest.mark.slow
def test_that_odd_pictures_train_a_real_detector_and_their_files_stay_as_they_are(
    lensmith: Lensmith, place: Path
) -> None:
    source = draw_yolo(place / "set", ["0 0.5 0.5 0.5 0.5\n"] * 6, names=("nut",))
    rng = np.random.default_rng(0)
    jpeg = cv2.imencode(".jpg", rng.integers(0, 256, (40, 80, 3), dtype=np.uint8))[1].tobytes()
    odd = {
        "trailing.jpg": jpeg + b"bytes after the end",
        "turned.jpg": exif(jpeg, 6),
        "png inside.jpg": (source / "images" / "000.png").read_bytes(),
        "without end.jpg": jpeg[:-2],
        "cut off.jpg": jpeg[: len(jpeg) // 2],
    }
    for name, data in odd.items():
        (source / "images" / name).write_bytes(data)
        # Upper half of the left half, on the upright picture.
        (source / "labels" / name).with_suffix(".txt").write_text("0 0.25 0.25 0.5 0.5\n")
    before = fingerprint(source)

    lensmith.ok("import", "p", source, "--yes")
    with ProjectStore.open(place / "p") as store:
        images = {Path(image.path).name: image for image in store.images()}
    assert (images["turned.jpg"].width, images["turned.jpg"].height) == (40, 80)
    drawn = images["turned.jpg"].annotation
    assert isinstance(drawn, Boxes)
    (box,) = drawn.boxes
    assert (box.x_min, box.y_min, box.x_max, box.y_max) == (0, 0, 20, 40)
    kinds = {finding["kind"] for finding in lensmith.json("check", "p")["findings"]}
    assert {"trailing_bytes", "exif_rotation", "truncated"} <= kinds

    options = ("--model", "yolov8n", "--mode", "scratch", "--epochs", "1", "--size", "64", "--device", "cpu")
    assert lensmith.json("train", "p", *options)["outcome"] == "completed"
    lensmith.ok("export", "p", "--format", "yolo", "--to", "out")
    lensmith.ok("import", "q", "out", "--yes")
    with ProjectStore.open(place / "q") as store:
        again = {image.hash: image for image in store.images()}
    turned = again[images["turned.jpg"].hash]
    assert (turned.width, turned.height) == (40, 80)
    assert isinstance(turned.annotation, Boxes)
    (box,) = turned.annotation.boxes
    assert (round(box.x_max, 3), round(box.y_max, 3)) == (20, 40)
    assert fingerprint(source) == before


def test_that_classes_with_one_picture_or_none_still_give_a_report(lensmith: Lensmith, place: Path) -> None:
    source = draw_classes(place / "set", {"many": 12, "also many": 12, "single": 1})
    (source / "nothing").mkdir()
    lensmith.ok("import", "p", source, "--yes")
    lensmith.ok("split", "p", "--val", "0.3", "--test", "0.2")
    with ProjectStore.open(place / "p") as store:
        (single,) = [image for image in store.images() if "single" in image.path]
    assert single.split == "train"
    kinds = {finding["kind"] for finding in lensmith.json("check", "p")["findings"]}
    assert {"class_without_images", "class_with_few_images"} <= kinds

    simulated_run(place / "p")
    done = lensmith.ok("runs", "p", "1", "--resume", "--json")
    assert done.json["outcome"] == "completed"
    rows = {row["name"]: row for row in lensmith.json("report", "p")["val"]["classes"]}
    assert rows["nothing"]["recall"] is None
    assert rows["single"]["count"] == 0


def test_that_a_single_class_is_refused_before_a_run_is_made(lensmith: Lensmith, place: Path) -> None:
    lensmith.ok("import", "p", draw_classes(place / "set", {"only": 6}), "--yes")
    said = lensmith.refused("train", "p", "--model", "simple_cnn", "--mode", "scratch", "--json")
    assert "one class" in said
    assert lensmith.json("runs", "p") == []


LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.executable, [sys.executable, "-m", "core.cli", *sys.argv[2:]])
"""


@pytest.mark.skipif(os.name == "nt", reason="needs the file size limit of POSIX")
def test_that_a_disk_that_fills_up_in_a_commit_is_told_and_the_project_is_as_it_was(
    lensmith: Lensmith, place: Path
) -> None:
    lensmith.ok("import", "p", draw_classes(place / "set", {"cat": 2, "dog": 2}), "--yes")
    before = lensmith.json("check", "p")
    size = (place / "p" / "lensmith.db").stat().st_size
    draw_classes(place / "more", {"cat": 400, "dog": 400}, first=50_000)

    child = subprocess.Popen(
        [sys.executable, "-c", LIMITED, str(size), "import", "p", "more", "--json"],
        cwd=place,
        env=lensmith.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    done = finish(child)

    assert (done.code, done.out) == (1, "")
    assert "Not saved" in done.err
    assert "Traceback" not in done.err
    assert lensmith.json("check", "p") == before
    assert lensmith.json("import", "p", "more")["images_added"] == 800


def test_that_a_table_of_many_rows_is_read_to_its_end(lensmith: Lensmith, place: Path) -> None:
    draw(place / "set" / "a.png", 1)
    draw(place / "set" / "b.png", 2)
    rows = 200_000
    with (place / "set" / "boxes.csv").open("w", encoding="utf-8") as table:
        table.write("path,x_min,y_min,x_max,y_max,label\n")
        table.writelines(f"{'ab'[n % 2]}.png,{n % 20},{n % 17},{n % 20 + 5},{n % 17 + 5},nut\n" for n in range(rows))
        table.write("b.png,here,is,a,fault,nut\n")
    shown = lensmith.json("import", "p", "set", "--preview")
    assert shown["classes"] == {"nut": rows}
    (fault,) = [finding for finding in shown["findings"] if finding["kind"] == "label_row_unreadable"]
    assert fault["images"][0].endswith(f"boxes.csv:{rows + 2}")
