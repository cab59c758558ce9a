"""Classification jobs for tests that drive the back-end in their own process: drawn pictures, tiny networks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import torch
from safetensors.torch import load_file, save_file

from core.backends.classifier_model import State, build
from core.domain.dataset import ImageClass
from core.domain.event import EpochFinished, RunEvent
from core.domain.run import FineTune, FromScratch, RunSpec, Start, Transfer, VaultWeights
from core.domain.task import Split, Task
from core.training.contract import StopRequested, TrainingJob
from tests.simulated_runs import draw_snapshot

TINY = "test_resnet"  # timm's own network for tests: 0.5 M parameters, batch norm, named like a ResNet
SPLITS = ((Split.TRAIN, 18), (Split.VAL, 6), (Split.TEST, 4))
WEIGHTS = VaultWeights("drawn", "0" * 64)
Kind = TypeVar("Kind", bound=RunEvent)


class Listener:
    """A reporter that keeps what it hears; ``stop_when`` (an event -> bool) is the user pressing Stop."""

    def __init__(self, stop_when: Callable[[RunEvent], bool] = lambda event: False) -> None:
        self.events: list[RunEvent] = []
        self._stop_when = stop_when
        self._stopped = False

    def emit(self, event: RunEvent) -> None:
        self.events.append(event)
        self._stopped = self._stopped or self._stop_when(event)

    def check_stop(self) -> None:
        if self._stopped:
            raise StopRequested

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    def curve(self) -> list[tuple[object, ...]]:
        """Everything about the epochs that must not depend on the clock."""
        return [
            (e.epoch, e.train_loss, e.val_loss, e.metrics, e.learning_rate, e.best) for e in self.all(EpochFinished)
        ]


def after_epoch(epoch: int) -> Callable[[RunEvent], bool]:
    return lambda event: isinstance(event, EpochFinished) and event.epoch == epoch


def make_job(folder: Path, start: Start | None = None, *, splits: Any = SPLITS, **settings: Any) -> TrainingJob:
    """A job on drawn pictures, in ``folder``; pictures and cache are shared by all jobs of one parent folder."""
    folder.mkdir(parents=True, exist_ok=True)
    snapshot = draw_snapshot(folder.parent / "pictures", Task.CLASSIFICATION, splits)
    defaults: dict[str, Any] = {
        "architecture": "simple_cnn",
        "epochs": 3,
        "batch_size": 6,
        "image_size": 64,
        "device": "cpu",
        "precision": "fp32",
    }
    spec = RunSpec(
        task=Task.CLASSIFICATION,
        engine="timm",
        start=start or FromScratch(),
        snapshot=snapshot.data_hash(),
        **{**defaults, **settings},
    )
    weights = None if isinstance(spec.start, FromScratch) else random_weights(folder.parent, spec)
    return TrainingJob(run_dir=folder, cache_dir=folder.parent / "cache", spec=spec, snapshot=snapshot, weights=weights)


def random_weights(folder: Path, spec: RunSpec, classes: int = 5) -> Path:
    """A weights file of the job's architecture, always the same, its batch-norm statistics other than 0 and 1."""
    path = folder / f"{spec.architecture} {classes}.safetensors"
    if not path.exists():
        with torch.random.fork_rng():
            torch.manual_seed(7)
            model = build(msgspec.structs.replace(spec, head_layers=()), classes).train()
            with torch.no_grad():
                model(torch.rand(8, 3, spec.image_size, spec.image_size))
        save_file(model.weights(), path)
    return path


def transfer(**changes: Any) -> Transfer:
    return Transfer(WEIGHTS, **changes)


def finetune(**changes: Any) -> FineTune:
    return FineTune(WEIGHTS, **changes)


def best_of(job: TrainingJob) -> State:
    return load_file(job.run_dir / "best.safetensors")


def previous(job: TrainingJob, weights: Path, classes: tuple[ImageClass, ...]) -> TrainingJob:
    """The same job, starting from an earlier run with those classes."""
    return msgspec.structs.replace(job, weights=weights, previous_classes=classes)
