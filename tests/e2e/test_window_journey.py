"""The window and the command line are two faces of one program: same folder, same seed, same run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.data import sample
from core.domain.event import EpochFinished
from core.domain.task import Task
from core.runs.event_log import EVENTS, read_events
from core.store.run_store import RunStore
from tests.e2e.commands import ROOT, Lensmith
from tests.simulated_runs import curve

PICTURES = 120
MOST_CLICKS = 8
PATIENCE = 300  # seconds; only a window that hangs meets it


def go(place: Path, pictures: Path, *options: str, **environment: str) -> dict[str, Any]:
    """Go the whole way in a window of its own process and home; what it told."""
    home = place / "home"
    (home / "Documents").mkdir(parents=True)
    # OpenCV, imported by some test before, points Qt at its own plugins.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "XDG_"))}
    command = [sys.executable, "-m", "tests.e2e.window_journey", str(pictures), *options]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=clean | {"HOME": str(home), "LENSMITH_HOME": str(home / "lensmith"), **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
    )
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode, told["trouble"]) == (0, ""), f"{told}\n{done.stderr}"
    return told


def assert_shipped(told: dict[str, Any]) -> None:
    """The file is the one that was measured, every epoch was shown, and PyTorch stayed out of the window."""
    run = Path(told["run"])
    assert Path(told["exported"]).read_bytes() == (run / "model.onnx").read_bytes()
    assert told["epochs shown"] == [epoch.epoch for epoch in epochs(run)]
    assert told["heavy"] == told["heavy at the end"] == []


def epochs(run: Path) -> list[EpochFinished]:
    return [event for event in read_events(run / EVENTS) if isinstance(event, EpochFinished)]


@pytest.mark.slow
def test_that_a_dropped_folder_becomes_the_model_that_the_command_line_makes_in_at_most_eight_clicks(
    lensmith: Lensmith, place: Path
) -> None:
    pictures = sample.draw(place / "ozubená kola 歯車", Task.CLASSIFICATION, PICTURES, seed=5)
    told = go(place, pictures, QT_QPA_PLATFORM="offscreen", LENSMITH_HOME=str(lensmith.home))

    assert told["drop taken"]
    assert told["clicks"] + told["keys"] <= MOST_CLICKS
    assert_shipped(told)

    lensmith.ok("import", "p", pictures, "--yes")
    lensmith.ok("train", "p", "--model", "tf_efficientnet_lite0", "--mode", "transfer", "--seed", "0", "--json")
    by_window, by_command = RunStore(Path(told["project"])).get("1"), RunStore(lensmith.place / "p").get("1")
    assert by_window.spec() == by_command.spec()
    assert curve(epochs(by_window.path)) == curve(epochs(by_command.path))
    ours, theirs = by_window.report(), by_command.report()
    assert ours is not None
    assert theirs is not None
    assert ours.test is not None
    assert (ours.val, ours.test, ours.test_hash) == (theirs.val, theirs.test, theirs.test_hash)
    assert ours.onnx_sha256 == theirs.onnx_sha256
