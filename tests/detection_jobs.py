"""Small detection jobs for tests: drawn pictures, ultralytics shut in as in a worker, events kept in a list."""

import atexit
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.runs.environment import prepare_ultralytics, shield

# ultralytics reads its environment when it is imported, so this comes before any import of a back-end.
_home = tempfile.mkdtemp(prefix="lensmith-tests-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
with pytest.MonkeyPatch.context() as _patch:
    _patch.setenv("LENSMITH_HOME", _home)
    shield()
    prepare_ultralytics()

from core.domain.dataset import Snapshot  # noqa: E402
from core.domain.event import EpochFinished, RunEvent  # noqa: E402
from core.domain.run import FromScratch, RunSpec, Start  # noqa: E402
from core.domain.task import Split, Task  # noqa: E402
from core.training.contract import TrainingJob  # noqa: E402
from tests.simulated_runs import draw_snapshot  # noqa: E402


class Recorder:
    """A reporter that keeps events and can ask to stop, or do anything else, when one arrives."""

    def __init__(self, react: Callable[[RunEvent], None] = lambda event: None) -> None:
        self.events: list[RunEvent] = []
        self.react = react
        self.stop: BaseException | None = None

    def emit(self, event: RunEvent) -> None:
        self.events.append(event)
        self.react(event)

    def check_stop(self) -> None:
        if self.stop:
            raise self.stop

    @property
    def epochs(self) -> list[EpochFinished]:
        return [event for event in self.events if isinstance(event, EpochFinished)]


def make_job(folder: Path, *, train: int = 8, val: int = 4, start: Start | None = None, **changes: Any) -> TrainingJob:
    """Two colours of squares on 64 px pictures; ``changes`` are fields of ``RunSpec`` or ``TrainingJob``."""
    snapshot: Snapshot = changes.pop("snapshot", None) or draw_snapshot(
        folder / "pictures", Task.DETECTION, ((Split.TRAIN, train), (Split.VAL, val))
    )
    run_dir = folder / changes.pop("run", "run")
    run_dir.mkdir(exist_ok=True)
    of_job = {name: changes.pop(name) for name in ("weights", "previous_classes", "resume") if name in changes}
    spec = {
        "architecture": "yolov8n",
        "epochs": 2,
        "batch_size": 4,
        "image_size": 64,
        "augmentation": "light",
        "precision": "fp32",
        "device": "cpu",
        "gradient_clip": 10.0,
    } | changes
    return TrainingJob(
        run_dir=run_dir,
        cache_dir=folder / "cache",
        spec=RunSpec(
            task=Task.DETECTION,
            engine="ultralytics",
            start=start or FromScratch(),
            snapshot=snapshot.data_hash(),
            **spec,
        ),
        snapshot=snapshot,
        **of_job,
    )
