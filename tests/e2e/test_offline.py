"""The whole job with the network cut off, on pictures that may not be touched, in folders with unusual names."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from core.data import sample
from core.domain.task import Task
from tests.offline import CutOff

STRANGE = "Snímky dílů – łożyska подшипник 軸受 #1 100%"


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in sorted(folder.rglob("*"))
    }


def make_read_only(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def lensmith(cut_off: CutOff, *arguments: str | Path) -> Any:
    """Run one command as a user would; its JSON document."""
    command = [sys.executable, "-m", "core.cli", *map(str, arguments), "--json"]
    done = cut_off.run(command, cwd=cut_off.folder, timeout=500)
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}\n{cut_off.attempts()}"
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "count", "train"),
    [
        (Task.CLASSIFICATION, 40, ["--model", "tf_efficientnet_lite0", "--mode", "transfer", "--epochs", "2"]),
        (Task.DETECTION, 16, ["--model", "yolov8n", "--mode", "scratch", "--epochs", "1", "--size", "128"]),
    ],
    ids=["classification", "detection"],
)
def test_that_the_whole_job_needs_no_network_and_leaves_the_pictures_alone(
    tmp_path: Path, task: Task, count: int, train: list[str]
) -> None:
    cut_off = CutOff(tmp_path / "cut off")
    pictures = sample.draw(tmp_path / STRANGE / "Zdrojová data", task, count, seed=3)
    before = contents(pictures)
    make_read_only(pictures)
    project = tmp_path / STRANGE / "Projekt 1"

    assert lensmith(cut_off, "new", project, "--task", task.value)["task"] == task.value
    assert lensmith(cut_off, "import", project, pictures, "--yes")["images_added"] == count
    lensmith(cut_off, "split", project, "--val", "0.25", "--test", "0.25")
    found = lensmith(cut_off, "check", project)
    assert found["images"] == count
    result = lensmith(cut_off, "train", project, *train, "--device", "cpu")
    one = next(path for path in sorted(pictures.rglob("*")) if path.suffix in (".jpg", ".png"))
    (prediction,) = lensmith(cut_off, "predict", result["onnx"], one)

    assert result["outcome"] == "completed"
    assert result["parity"]["passed"]
    assert ("probabilities" if task is Task.CLASSIFICATION else "boxes") in prediction
    assert Path(prediction["path"]) == one
    assert cut_off.attempts() == []
    assert any("core.runs.worker" in process for process in cut_off.processes())
    assert cut_off.telemetry() == []
    assert contents(pictures) == before


def test_that_the_doctor_needs_no_network(tmp_path: Path) -> None:
    cut_off = CutOff(tmp_path)

    names = [line["name"] for line in lensmith(cut_off, "doctor")["lines"]]

    assert "PyTorch" in names
    assert cut_off.attempts() == []
    assert any("core.backends.probe" in process for process in cut_off.processes())


def test_that_the_window_opens_without_network(tmp_path: Path) -> None:
    cut_off = CutOff(tmp_path)
    code = """
import sys
from PySide6.QtWidgets import QApplication

def show_once(*_):
    QApplication.processEvents()
    print("shown", len(QApplication.topLevelWidgets()))
    return 0

QApplication.exec = show_once
from app.__main__ import main
sys.exit(main([sys.argv[1]]))
"""
    done = cut_off.run([sys.executable, "-c", code, str(tmp_path / STRANGE)], timeout=60)

    assert done.returncode == 0, done.stderr
    assert "shown" in done.stdout
    assert cut_off.attempts() == []
