"""The time of one picture through a real small ONNX file."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from core.domain.report import Report
from core.domain.task import Split, Task
from core.runs import latency
from core.runs.latency import latency_ms
from core.runs.worker import work
from core.store.codec import read_json
from core.store.run_store import RunFolder
from tests.simulated_runs import make_run


@pytest.fixture
def run(project: Path) -> Path:
    path = make_run(project, task=Task.DETECTION, splits=((Split.TRAIN, 8), (Split.TEST, 4)))
    assert work(path, resume=False) == 0
    return path


def test_that_the_report_tells_how_long_the_file_takes_for_a_picture(run: Path) -> None:
    told = read_json(run / "report.json", Report).latency_ms
    assert told is not None
    assert 0 < told < 1000


def test_that_a_slow_model_is_timed_for_two_seconds_and_not_longer(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that moves 0.4 s at every look: every picture seems to take that long."""
    looks = iter(range(1000))
    monkeypatch.setattr(latency, "perf_counter", lambda: 0.4 * next(looks))
    images = RunFolder(run.name, run).snapshot().images
    assert latency_ms(run / "model.onnx", images) == pytest.approx(400)
    assert next(looks) < 15


def test_that_pictures_that_are_gone_are_passed_over_and_none_at_all_has_no_time(run: Path) -> None:
    first, *others = RunFolder(run.name, run).snapshot().images
    gone = replace(first, path=str(run / "gone.png"))
    assert latency_ms(run / "model.onnx", [gone, *others]) is not None
    assert latency_ms(run / "model.onnx", [gone]) is None
