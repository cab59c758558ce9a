"""Small real runs for tests: drawn pictures, a real run directory, the simulated engine."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.data.images import inspect
from core.domain.annotation import Annotation, Box, Boxes, ClassLabel
from core.domain.dataset import Image, ImageClass, Snapshot
from core.domain.event import EpochFinished, Event, Finished, Resumed, Started
from core.domain.run import FromScratch, RunSpec, Start
from core.domain.task import Split, Task
from core.runs.status import is_alive, worker_of
from core.runs.supervisor import kill
from core.store.run_store import RunStore

CLASSES = (ImageClass(7, "blue"), ImageClass(3, "orange"))
_COLOURS = {7: (40, 60, 200), 3: (230, 140, 30)}  # RGB
_SIDE = 64


@contextmanager
def project_without_leaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project folder with a difficult name and a Lensmith home of its own; fails when a worker outlives the test."""
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    project = tmp_path / "díly ż 部品"
    project.mkdir()
    yield project
    # Some tests do a worker's work in their own process.
    leaked = [run for run in project.glob("runs/0*") if is_alive(run) and worker_of(run).process.pid != os.getpid()]
    for run in leaked:
        kill(run)
    assert not leaked, "a worker was left behind"


def draw_snapshot(folder: Path, task: Task, splits: Iterable[tuple[Split, int]]) -> Snapshot:
    """Squares of two colours on grey noise: ``count`` pictures for each split, classes taking turns."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    images = []
    for split, count in splits:
        for number in range(count):
            class_id = CLASSES[number % 2].id
            picture = rng.integers(90, 130, (_SIDE, _SIDE, 3)).astype(np.uint8)
            x, y = (int(v) for v in rng.integers(4, 24, 2))
            picture[y : y + 32, x : x + 32] = _COLOURS[class_id]
            path = folder / f"{split.value} {number}.png"
            if not path.exists():  # another run of this project may be reading it; it would be the same picture
                path.write_bytes(cv2.imencode(".png", picture[:, :, ::-1])[1].tobytes())
            annotation: Annotation = ClassLabel(class_id)
            if task is Task.DETECTION:
                annotation = Boxes((Box(float(x), float(y), x + 32.0, y + 32.0, class_id),))
            images.append(_image(path, annotation, split))
    images.sort(key=lambda image: image.hash)
    return Snapshot(project="drawn", task=task, classes=CLASSES, images=tuple(images))


def make_run(
    project: Path,
    architecture: str = "simulated",
    *,
    task: Task = Task.DETECTION,
    epochs: int = 4,
    splits: Iterable[tuple[Split, int]] = ((Split.TRAIN, 8), (Split.VAL, 6), (Split.TEST, 4)),
    engine: str = "simulated",
    image_size: int = _SIDE,
    seed: int = 0,
    patience: int = 0,
    start: Start | None = None,
) -> Path:
    """A run directory that waits to be launched."""
    snapshot = draw_snapshot(project / "pictures", task, splits)
    spec = RunSpec(
        task=task,
        engine=engine,
        architecture=architecture,
        start=start or FromScratch(),
        snapshot=snapshot.data_hash(),
        epochs=epochs,
        batch_size=4,
        image_size=image_size,
        seed=seed,
        patience=patience,
        device="cpu",
        precision="fp32",
    )
    return RunStore(project).create(spec, snapshot).path


def assert_grammar(events: list[Event], *, finished: bool = True) -> None:
    """``Started body* Finished (Resumed body* Finished)*``, numbered 0, 1, 2 …"""
    assert [event.seq for event in events] == list(range(len(events)))
    under_way = False
    for position, event in enumerate(events):
        if isinstance(event, Started | Resumed):
            assert not under_way, f"attempt within an attempt at {position}"
            assert isinstance(event, Started) == (position == 0)
            under_way = True
        else:
            assert under_way, f"{event} outside an attempt"
            under_way = not isinstance(event, Finished)
    assert under_way is not finished


def curve(epochs: Iterable[EpochFinished]) -> list[tuple[object, ...]]:
    """What must be equal in two runs of one seed: everything but times."""
    return [(e.epoch, e.train_loss, e.val_loss, sorted(e.metrics.items()), e.learning_rate, e.best) for e in epochs]


def _image(path: Path, annotation: Annotation, split: Split) -> Image:
    facts = inspect(path)
    return Image(
        hash=facts.hash, path=str(path), width=facts.width, height=facts.height, annotation=annotation, split=split
    )
