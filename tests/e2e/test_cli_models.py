"""``lensmith predict``, ``export`` of ONNX files, ``weights`` and ``doctor``."""

import json
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import safetensors.numpy

from core.data.images import read
from core.domain.task import Task
from core.store.project_store import ProjectStore
from tests.e2e.commands import Lensmith
from tests.e2e.pictures import fingerprint
from tests.offline import CutOff
from tests.simulated_runs import make_run


class Shipped(NamedTuple):
    """A finished run of each task, and where commands are called."""

    lensmith: Lensmith
    boxes: Path
    classes: Path
    pictures: Path


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    place = tmp_path_factory.mktemp("shipped") / "výroba 部品 #1"
    place.mkdir()
    lensmith = Lensmith(place)
    models = []
    for task in (Task.DETECTION, Task.CLASSIFICATION):
        ProjectStore.create(place / task).close()
        run = make_run(place / task, task=task, epochs=3)
        lensmith.ok("runs", task, "1", "--resume")
        models.append(run / "model.onnx")
    return Shipped(lensmith, *models, place / "detection" / "pictures")


def test_that_boxes_and_classes_are_predicted_one_record_an_image(shipped: Shipped) -> None:
    boxes = shipped.lensmith.json("predict", shipped.boxes, shipped.pictures)
    classes = shipped.lensmith.json("predict", shipped.classes, shipped.pictures)

    names = [str(shipped.pictures / name) for name in sorted(path.name for path in shipped.pictures.iterdir())]
    assert [answer["path"] for answer in boxes] == [answer["path"] for answer in classes] == names
    assert all(set(answer) == {"path", "boxes"} for answer in boxes)
    found = [box for answer in boxes for box in answer["boxes"]]
    assert found
    assert all(0 <= x1 < x2 <= 64 and 0 <= y1 < y2 <= 64 and 0 < score <= 1 for x1, y1, x2, y2, score, _ in found)
    assert {name for *_, name in found} <= {"blue", "orange"}
    assert all(set(answer) == {"path", "label", "probabilities"} for answer in classes)
    assert all(answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get) for answer in classes)


def test_that_a_threshold_of_one_leaves_no_box(shipped: Shipped) -> None:
    answers = shipped.lensmith.json("predict", shipped.boxes, shipped.pictures, "--threshold", "1")
    assert [answer["boxes"] for answer in answers] == [[]] * 18


def test_that_an_unreadable_picture_is_a_record_and_the_rest_goes_on(shipped: Shipped, place: Path) -> None:
    good = next(shipped.pictures.iterdir())
    (place / "bad.jpg").write_bytes(b"nothing to see")
    done = shipped.lensmith.ok("predict", shipped.classes, good, place / "bad.jpg", good, "--json")
    first, bad, last = done.json
    assert first == last
    assert set(bad) == {"path", "error"}
    assert shipped.lensmith.run("predict", shipped.classes, place / "bad.jpg", "--json").code == 1


def test_that_drawn_copies_have_distinct_names_and_the_pictures_stay_untouched(shipped: Shipped, place: Path) -> None:
    for folder in ("a", "b"):
        (place / folder).mkdir()
        shutil.copy(sorted(shipped.pictures.iterdir())[0], place / folder / "díl 部品.png")
    (place / "b" / "bad.png").write_bytes(b"")
    before = fingerprint(place)

    for model in (shipped.boxes, shipped.classes):
        shipped.lensmith.ok("predict", model, place / "a", place / "b", "--draw", place / "drawn")

    drawn = sorted(path.name for path in (place / "drawn").iterdir())
    assert drawn == ["díl 部品-2.jpg", "díl 部品-3.jpg", "díl 部品-4.jpg", "díl 部品.jpg"]
    plain = read(place / "a" / "díl 部品.png")
    for name in drawn:
        picture = read(place / "drawn" / name)
        assert picture.shape == (1280, 1280, 3)
        assert np.abs(picture[::20, ::20].astype(int) - plain).max() > 60
    assert before.items() <= fingerprint(place).items()


def test_that_predict_says_what_is_wrong_with_its_arguments(shipped: Shipped, place: Path) -> None:
    (place / "empty").mkdir()
    (place / "no.onnx").write_bytes(b"no model")
    cases: list[tuple[Path, Path, str]] = [
        (shipped.classes, place / "missing.png", "missing.png"),
        (shipped.classes, place / "empty", "no picture"),
        (place / "gone.onnx", shipped.pictures, "gone.onnx"),
        (place / "no.onnx", shipped.pictures, "no.onnx"),
    ]
    for model, pictures, sentence in cases:
        assert sentence in shipped.lensmith.refused("predict", model, pictures, "--json")


def test_that_the_shipped_file_is_the_measured_one(shipped: Shipped, place: Path) -> None:
    written = shipped.lensmith.json("export", "classification", "--to", place / "out" / "model.onnx")
    assert Path(written["onnx"]).read_bytes() == shipped.classes.read_bytes()
    into_folder = shipped.lensmith.json("export", "classification", "--run", "1", "--to", place / "folder")
    assert Path(into_folder["onnx"]) == place / "folder" / f"{written['run']}.onnx"


def test_that_an_onnx_file_changed_after_its_report_is_not_shipped(shipped: Shipped, place: Path) -> None:
    project = place / "copy"
    shutil.copytree(shipped.classes.parents[2], project)
    model = next(project.glob("runs/0*/model.onnx"))
    model.write_bytes(model.read_bytes() + b"\0")
    assert "not the one that was measured" in shipped.lensmith.refused("export", project, "--to", place / "x.onnx")
    assert not (place / "x.onnx").exists()


def test_that_doctor_tells_about_everything_a_run_needs(lensmith: Lensmith) -> None:
    done = lensmith.run("doctor", "--json")
    lines = done.json["lines"]
    names = {line["name"] for line in lines}
    assert {"Python", "Qt", "PyTorch", "CUDA", "Display", "Weights", "Disk"} <= names
    assert all(line["state"] in ("ok", "caution", "bad") for line in lines)
    assert done.code == int(any(line["state"] == "bad" for line in lines))


def test_that_weights_are_listed_by_vault_and_catalogue(lensmith: Lensmith) -> None:
    listed = lensmith.json("weights", "list")
    assert listed["vault"] == []
    assert listed["catalogue"]["tf_efficientnet_lite0"] is True
    assert listed["catalogue"]["resnet50"] is False
    assert "resnet50" in lensmith.ok("weights", "list").out


@pytest.mark.slow
def test_that_a_weights_file_is_imported_and_a_malicious_one_never_runs(lensmith: Lensmith, place: Path) -> None:
    safetensors.numpy.save_file({"conv.weight": np.zeros((2, 2), np.float32)}, place / "moje váhy.safetensors")
    kept = lensmith.json("weights", "import", "moje váhy.safetensors", "--name", "mine")
    assert lensmith.json("weights", "list")["vault"] == [kept]
    assert kept["name"] == "mine"

    evil = b"cos\nsystem\n(S'touch " + str(place / "marker").encode() + b"'\ntR."
    (place / "evil.pt").write_bytes(evil)
    assert "evil.pt" in lensmith.refused("weights", "import", "evil.pt", "--json")
    assert "no file" in lensmith.refused("weights", "import", "gone.pt", "--json")
    assert not (place / "marker").exists()


def test_that_fetching_offline_says_what_to_bring_and_how_to_import_it(place: Path) -> None:
    done = CutOff(place).run(
        [sys.executable, "-m", "core.cli", "weights", "fetch", "resnet18", "--json"], cwd=place, timeout=120
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "https://huggingface.co/timm/resnet18" in done.stderr
    assert "weights import" in done.stderr
    assert "Traceback" not in done.stderr


def test_that_json_is_utf_8_and_text_never_fails_whatever_the_terminal_takes(shipped: Shipped) -> None:
    command = ("predict", shipped.classes, shipped.pictures)
    as_json = shipped.lensmith.run(*command, "--json", PYTHONIOENCODING="ascii")
    assert "部品" in json.loads(as_json.out)[0]["path"]
    as_text = shipped.lensmith.run(*command, PYTHONIOENCODING="ascii")
    assert (as_json.code, as_text.code) == (0, 0)
    assert "orange" in as_text.out
