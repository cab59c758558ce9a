"""One attempt at a classification run: what its stages share, and what its checkpoints hold."""

import io
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors.torch import save
from torch import Tensor

from core.backends.classifier_data import Pictures
from core.backends.classifier_model import Classifier, State
from core.backends.devices import Device
from core.backends.selection import Score, Standing, score
from core.backends.team import Team
from core.domain.errors import LensmithError
from core.domain.event import CheckpointSaved, DeviceChosen, EpochFinished, LogLine, SamplePredictions, Warned
from core.domain.prediction import ClassPrediction, PredictionSet
from core.domain.task import Split
from core.store.files import newest_whole, save_generation, write_atomic
from core.training.contract import Reporter, TrainingJob

BEST, LAST, SAMPLES = "best.safetensors", "last.ckpt", "samples.json"
SAMPLE_COUNT = 8


class Session:
    """``epoch`` counts finished epochs; ``standing`` is the best of them; both go into every checkpoint."""

    def __init__(
        self, job: TrainingJob, report: Reporter, device: Device, model: Classifier, member: Team | None = None
    ) -> None:
        self.job, self.spec, self.report, self.device = job, job.spec, report, device
        self.team = member or Team()
        self.model = model.to(device.name).to(memory_format=torch.channels_last)
        self.classes = len(job.snapshot.classes)
        self.train = Pictures(job.snapshot.part(Split.TRAIN), model.preprocessing)
        self.val = Pictures(job.snapshot.part(Split.VAL), model.preprocessing)
        self.train_labels, self.val_labels = self._labels(self.train), self._labels(self.val)
        self.epoch = 0
        self.standing: Standing | None = None

    def _labels(self, pictures: Pictures) -> Tensor:
        return torch.tensor([self.job.snapshot.class_index(image) for image in pictures.images], dtype=torch.long)

    def finish_epoch(
        self, epoch: int, train_loss: float, val_logits: Tensor, learning_rate: float, seconds: float
    ) -> bool:
        """Judge ``epoch`` by its validation logits ``[n, classes]``, tell it, and return whether it is the best."""
        judged = score(val_logits.float().cpu(), self.val_labels)
        best = self.standing is None or self.standing.is_beaten_by(judged)
        if best:
            self.standing = Standing(epoch, judged)
        self.epoch = epoch
        self.report.emit(
            EpochFinished(
                epoch=epoch,
                train_loss=train_loss,
                val_loss=judged.loss,
                metrics=judged.metrics,
                learning_rate=learning_rate,
                seconds=seconds,
                best=best,
            )
        )
        return best

    def is_out_of_patience(self, stage_began: int) -> bool:
        """Whether the last ``patience`` epochs of this stage brought nothing better; says so."""
        if not self.spec.patience or self.standing is None or not self.standing.score.metrics:
            return False
        waited = self.epoch - max(self.standing.epoch, stage_began)
        if waited < self.spec.patience or self.epoch >= self.spec.epochs:
            return False
        self.report.emit(
            LogLine(text=f"Stopped early: no better epoch than {self.standing.epoch} in the last {waited}.")
        )
        return True

    def save_best(self, weights: State) -> None:
        """Keep ``weights`` as those of the best epoch."""
        standing = self.standing or Standing(self.epoch, Score())
        metadata = {
            "format": "pt",
            "architecture": self.spec.architecture,
            "task": self.spec.task.value,
            "classes": json.dumps([image_class.name for image_class in self.job.snapshot.classes], ensure_ascii=False),
            "image_size": str(self.spec.image_size),
            "run": self.job.run_dir.name,
            "epoch": str(standing.epoch),
        }
        write_atomic(self.job.run_dir / BEST, save(weights, metadata=metadata))

    def save_checkpoint(self, stage: str, content: dict[str, Any]) -> None:
        """Write everything to resume after ``epoch``; raises ``LensmithError`` on a full disk, earlier ones survive."""
        whole = {
            "stage": stage,
            "spec": msgspec.json.encode(self.spec).decode(),
            "epoch": self.epoch,
            "standing": msgspec.json.encode(self.standing).decode(),
            **content,
        }
        buffer = io.BytesIO()
        torch.save(whole, buffer)
        save_generation(self.job.run_dir / LAST, lambda file: file.write(buffer.getbuffer()))
        self.report.emit(CheckpointSaved(epoch=self.epoch, path=LAST))

    def restore(self) -> dict[str, Any] | None:
        """The newest whole checkpoint, ``epoch`` and ``standing`` taken over from it; ``None`` if there is none."""
        path = newest_whole(self.job.run_dir / LAST)
        if path is None:
            return None
        content = read_checkpoint(path)
        if content["spec"] != msgspec.json.encode(self.spec).decode():
            raise LensmithError(f"{path} belongs to another run.", "Start a new run instead of resuming this one.")
        self.epoch = content["epoch"]
        self.standing = msgspec.json.decode(content["standing"], type=Standing | None)
        return content

    def show_samples(self, val_logits: Tensor) -> None:
        """Write what the model now says about a few validation images, always the same ones."""
        images = self.val.images[:SAMPLE_COUNT]
        if not images:
            return
        said = answers([image.hash for image in images], val_logits[: len(images)])
        write_atomic(self.job.run_dir / SAMPLES, msgspec.json.encode(PredictionSet(classes={"val": said})))
        self.report.emit(SamplePredictions(epoch=self.epoch, path=SAMPLES))

    def tell_device(self, precision: str, batch_size: int, why: str = "") -> None:
        self.report.emit(
            DeviceChosen(
                device=self.device.name,
                precision=precision,
                batch_size=batch_size,
                why=f"{self.device.why} {why}".strip(),
            )
        )

    def warn(self, cause: str, remedy: str = "") -> None:
        self.report.emit(Warned(cause=cause, remedy=remedy))


def answers(hashes: Sequence[str], logits: Tensor) -> list[ClassPrediction]:
    """Logits ``[n, classes]`` as predictions."""
    rows = torch.softmax(logits.float().cpu(), 1).tolist()
    return [ClassPrediction(key, tuple(row)) for key, row in zip(hashes, rows, strict=True)]


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint's content; never runs code from it."""
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # unpickler and zip reader raise whatever the bytes make them stumble over
        raise LensmithError(f"{path} cannot be read as a checkpoint.", "Start the run again.") from error
    return content


def epoch_seed(seed: int, epoch: int) -> int:
    """What torch's generator is set to when an epoch begins: nothing of it has to be kept in a checkpoint."""
    return (seed + 1) * 1_000_003 + epoch


class Stopwatch:
    """Seconds since it was made or last asked."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    def lap(self) -> float:
        began, self._began = self._began, time.perf_counter()
        return self._began - began
