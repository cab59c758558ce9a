"""Ants and bees through the command line: what the README promises of transfer, on real photographs."""

from pathlib import Path

import pytest

from core.domain.history import RunHistory
from core.runs.event_log import EVENTS, read_events
from tests.benchmarks.lensmith import DATA, lensmith

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (DATA / "hymenoptera").is_dir(), reason="the real data are not on this machine"),
]


@pytest.fixture(scope="module")
def insects(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A Lensmith home and a project with the photographs, whose features both modes can share."""
    folder = tmp_path_factory.mktemp("insects")
    home, project = folder / "home", folder / "mravenci a včely"
    lensmith(home, "import", str(project), str(DATA / "hymenoptera"), "--yes")
    return home, project


def test_that_transfer_tells_ants_from_bees_and_the_file_that_ships_agrees(insects: tuple[Path, Path]) -> None:
    home, project = insects
    train = ("train", str(project), "--model", "tf_efficientnet_lite0", "--mode", "transfer")
    first, _ = lensmith(home, *train)
    assert first["metrics"]["val"]["accuracy"] >= 0.93  # one picture is 0.0065
    assert first["parity"]["passed"]
    assert first["parity"]["metric_torch"] == first["parity"]["metric_onnx"]
    assert Path(first["onnx"]).is_file()

    again, _ = lensmith(home, *train)
    assert again["metrics"] == first["metrics"], "the same seed on the same processor"


def test_that_fine_tuning_does_not_undo_the_head(insects: tuple[Path, Path]) -> None:
    home, project = insects
    arguments = ["--model", "tf_efficientnet_lite0", "--mode", "finetune", "--epochs", "1"]
    answer, _ = lensmith(home, "train", str(project), *arguments)
    assert answer["metrics"]["val"]["accuracy"] >= 0.93
    assert answer["parity"]["passed"]
    # What ships may be the head alone (epoch 0): the epoch that trained everything must not have lost it either.
    epochs = RunHistory().extend(read_events(project / "runs" / answer["run"] / EVENTS)).epochs
    assert [epoch.epoch for epoch in epochs] == [0, 1]
    assert epochs[1].metrics["accuracy"] >= 0.9
