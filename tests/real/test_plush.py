"""Real pictures, real COCO weights: a short transfer through the command line, judged on the shipped ONNX file."""

from pathlib import Path

import pytest

from tests.benchmarks.lensmith import DATA, lensmith
from tests.benchmarks.plush import WEIGHTS, source

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not WEIGHTS.is_file(), reason="the shared pictures and weights are not on this machine"),
]


def contents(folder: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def test_that_a_few_epochs_of_transfer_find_two_toys_and_touch_none_of_their_pictures(tmp_path: Path) -> None:
    before = contents(DATA / "plush")
    home, project = tmp_path / "home", tmp_path / "plyšáci 玩具"
    lensmith(home, "import", str(project), str(source(tmp_path, "2plysaci")), "--yes")
    arguments = ["--mode", "transfer", "--epochs", "4", "--size", "320", "--batch", "8", "--device", "cpu"]
    answer, _ = lensmith(
        home, "train", str(project), "--model", "yolov8n", "--weights", str(WEIGHTS), "--seed", "0", *arguments
    )
    assert answer["outcome"] == "completed"
    assert answer["metrics"]["val"]["mAP50"] > 0.7
    assert answer["parity"]["passed"]
    assert Path(answer["onnx"]).is_file()
    assert contents(DATA / "plush") == before
