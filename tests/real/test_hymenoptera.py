"""Ants and bees through the command line: what the README promises of transfer, on real photographs."""

from pathlib import Path

import pytest

from tests.benchmarks.lensmith import DATA, lensmith

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (DATA / "hymenoptera").is_dir(), reason="the real data are not on this machine"),
]


def test_that_transfer_tells_ants_from_bees_and_the_file_that_ships_agrees(tmp_path: Path) -> None:
    home, project = tmp_path / "home", tmp_path / "mravenci a včely"
    lensmith(home, "import", str(project), str(DATA / "hymenoptera"), "--yes")
    train = ("train", str(project), "--model", "tf_efficientnet_lite0", "--mode", "transfer")
    first, _ = lensmith(home, *train)
    assert first["metrics"]["val"]["accuracy"] >= 0.93  # one picture is 0.0065
    assert first["parity"]["passed"]
    assert first["parity"]["metric_torch"] == first["parity"]["metric_onnx"]
    assert Path(first["onnx"]).is_file()

    again, _ = lensmith(home, *train)
    assert again["metrics"] == first["metrics"], "the same seed on the same processor"


def test_that_fine_tuning_does_not_undo_the_head(tmp_path: Path) -> None:
    home, project = tmp_path / "home", tmp_path / "p"
    lensmith(home, "import", str(project), str(DATA / "hymenoptera"), "--yes")
    arguments = ["--model", "tf_efficientnet_lite0", "--mode", "finetune", "--epochs", "2"]
    answer, _ = lensmith(home, "train", str(project), *arguments)
    assert answer["metrics"]["val"]["accuracy"] >= 0.93
    assert answer["parity"]["passed"]
