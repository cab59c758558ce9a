"""ultralytics' detection trainer, fed from a snapshot and talking in events.

Its loop, losses, augmentation and metrics are used as they are. Replaced are: where data comes from, what is frozen
when, optimizer and schedule, checkpoints, and every callback (analytics, platform, loggers).
"""

import io
import random
import shutil
import time
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn, optim
from ultralytics.models.rtdetr.val import RTDETRValidator
from ultralytics.models.yolo.detect import DetectionTrainer, DetectionValidator

from core.backends import ultralytics_network as networks
from core.backends.devices import Device
from core.backends.optimization import make_optimizer, rate_factor, refuse_non_finite, set_learning_rate
from core.backends.team import Team, alone, in_parallel
from core.backends.ultralytics_data import EpochShuffle, SnapshotDataset, loader
from core.domain.dataset import Image
from core.domain.event import (
    CheckpointSaved,
    DeviceChosen,
    EpochFinished,
    Phase,
    Progress,
    SamplePredictions,
    Warned,
)
from core.domain.model_card import ResizeRule
from core.domain.prediction import BoxPrediction, FoundBox, PredictionSet
from core.domain.run import FineTune, RunSpec, Transfer
from core.domain.task import Split
from core.inference.preprocess import place
from core.store.codec import write_json
from core.store.files import newest_whole, save_generation
from core.training.contract import Reporter, TrainingJob

AUGMENTATION: dict[str, dict[str, float]] = {
    "off": {"mosaic": 0.0, "hsv_h": 0.0, "hsv_s": 0.0, "hsv_v": 0.0, "fliplr": 0.0, "scale": 0.0, "translate": 0.0},
    "light": {"mosaic": 0.5, "hsv_h": 0.01, "hsv_s": 0.4, "hsv_v": 0.3, "fliplr": 0.5, "scale": 0.3, "translate": 0.1},
    "medium": {
        "mosaic": 1.0,
        "hsv_h": 0.015,
        "hsv_s": 0.7,
        "hsv_v": 0.4,
        "fliplr": 0.5,
        "scale": 0.5,
        "translate": 0.1,
    },
    "strong": {"mosaic": 1.0, "hsv_h": 0.03, "hsv_s": 0.7, "hsv_v": 0.5, "fliplr": 0.5, "scale": 0.8, "translate": 0.2}
    | {"degrees": 10.0, "mixup": 0.15},
}
SAMPLES = 8  # validation images whose predictions are kept after each epoch
SAMPLE_SCORE = 0.1
_PROGRESS_EVERY = 0.05  # seconds; more often nobody can see


class SnapshotTraining(DetectionTrainer):
    """One attempt at a run. ``train()`` returns when all epochs are done or patience has run out.

    The name lacks the word by which ultralytics finds objects to attach its platform callbacks to.
    """

    def __init__(
        self, job: TrainingJob, report: Reporter, chosen: DeviceChosen, scratch: Path, member: Team | None = None
    ) -> None:
        self.job, self.report, self.chosen = job, report, chosen
        self.team = member or Team()
        self.spec: RunSpec = job.spec
        self.images = {split: job.snapshot.part(split) for split in (Split.TRAIN, Split.VAL)}
        self.judged = bool(self.images[Split.VAL])
        self.finished_epochs = 0
        self._announced_batch: int | None = None
        self._progress_shown = 0.0
        super().__init__(overrides=_arguments(job, chosen, scratch))

    # Data and network

    def get_dataset(self) -> dict[str, Any]:
        names = {index: image_class.name for index, image_class in enumerate(self.job.snapshot.classes)}
        # With nothing to validate on, the loader that ultralytics insists on gets an image that is never looked at.
        val = self.images[Split.VAL] or self.images[Split.TRAIN][:1]
        return {
            "train": self.images[Split.TRAIN],
            "val": val,
            "nc": len(names),
            "names": names,
            "channels": 3,
            "path": "",
        }

    def build_dataset(self, img_path: Any, mode: str = "train", batch: int | None = None) -> SnapshotDataset:
        return SnapshotDataset(
            img_path,
            self.job.snapshot.index_of(),
            self.args.imgsz,
            batch or 1,
            self.args,
            augment=mode == "train",
            names=self.data["names"],
            progress=self._show_preparing,
        )

    def get_dataloader(self, dataset_path: Any, batch_size: int = 16, rank: int = 0, mode: str = "train") -> Any:
        dataset = self.build_dataset(dataset_path, mode, batch_size)
        shuffle = None
        if mode == "train":
            shuffle = EpochShuffle(len(dataset), self.spec.seed, self.team, batch_size * self.team.size)
        return loader(dataset, batch_size, self.args.workers, shuffle, pin_memory=self.device.type == "cuda")

    def setup_model(self) -> None:
        self.model = start_network(self.job)

    def get_validator(self) -> DetectionValidator:
        kind = _TransformerValidator if networks.is_rtdetr(self.spec.architecture) else _YoloValidator
        validator = kind(self.test_loader, save_dir=self.save_dir, args=copy(self.args))
        validator.watch(self.report, self.images[Split.VAL])
        return validator

    # What trains, and how fast

    def body_is_frozen(self, epoch: int) -> bool:
        """Whether everything but the head stands still in ``epoch`` (from 0)."""
        match self.spec.start:
            case Transfer(unfreeze_after=epochs):
                return epochs is None or epoch < epochs
            case FineTune():
                return epoch < head_warmup_epochs(self.spec.epochs)
        return False

    def _model_train(self) -> None:
        super()._model_train()
        frozen = self.body_is_frozen(self.epoch)
        for layer in networks.body_of(alone(self.model)):
            layer.requires_grad_(not frozen)
            layer.train(not frozen)  # in eval mode batch norm neither uses nor updates the statistics of the batch

    def build_optimizer(self, model: Any, *args: object, **kwargs: object) -> optim.Optimizer:
        spec = self.spec
        body_scale = spec.start.backbone_lr_scale if isinstance(spec.start, FineTune) else 1.0
        head, body = networks.head_of(alone(model)), nn.ModuleList(networks.body_of(alone(model)))
        optimizer = make_optimizer(spec, [(head, 1.0), (body, body_scale)])
        set_learning_rate(optimizer, spec.learning_rate)
        return optimizer

    def _setup_scheduler(self) -> None:
        """A rate for each epoch; the warm-up, batch by batch, is ultralytics'."""
        self.lf = lambda epoch: rate_factor(self.spec.schedule, epoch / self.epochs, warmup=0.0)
        self.scheduler = optim.lr_scheduler.LambdaLR(self.optimizer, lr_lambda=self.lf)

    def optimizer_step(self) -> None:
        self.scaler.unscale_(self.optimizer)
        if self.spec.gradient_clip > 0:
            nn.utils.clip_grad_norm_(self.model.parameters(), max_norm=self.spec.gradient_clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        self.ema.update(self.model)

    def _build_train_pipeline(self) -> None:
        """Called again by ultralytics with half the batch after an out-of-memory error in the first epoch."""
        if self.team.size > 1 and alone(self.model) is self.model:
            # ultralytics' own wrapping and joining is for CUDA alone; from here on it shares batches and losses.
            self.model = in_parallel(self.model, Device(self.chosen.device, ""), self.team, all_train=False)
            self.world_size = self.team.size
        if self._announced_batch is None:
            self.args.nbs = self.spec.batch_size or self.batch_size  # gradients of as many images make one step
        super()._build_train_pipeline()
        self.train_loader.sampler.epoch = self.start_epoch
        if self._announced_batch is not None and self.batch_size < self._announced_batch:
            self.report.emit(out_of_memory(self._announced_batch, self.batch_size))
        if self._announced_batch != self.batch_size:
            self._announced_batch = self.batch_size
            chosen = self.chosen
            self.report.emit(
                DeviceChosen(
                    device=chosen.device, precision=chosen.precision, batch_size=self.batch_size, why=chosen.why
                )
            )

    # The course of training

    def run_callbacks(self, event: str) -> None:
        """The only callbacks: those below. ultralytics' own would speak to its platform and to loggers."""
        if event in ("on_train_epoch_start", "on_train_batch_end"):
            getattr(self, event)()

    def on_train_epoch_start(self) -> None:
        """All randomness of an epoch follows from seed and epoch: a resumed run goes on as it would have."""
        seed = (self.spec.seed * 1_000_003 + self.epoch + self.team.rank * 7919) % 2**32
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        self._epoch_began = time.monotonic()
        self._batches = 0

    def on_train_batch_end(self) -> None:
        self._batches += 1
        total, epoch = len(self.train_loader), self.epoch + 1
        refuse_non_finite(float(self.loss.detach()), self.spec, epoch, self._batches)
        now = time.monotonic()
        if self._batches == total or now - self._progress_shown > _PROGRESS_EVERY:
            self._progress_shown = now
            loss = float(sum(self.loss_items.values()))
            self.report.emit(
                Progress(
                    phase=Phase.TRAINING,
                    done=self._batches,
                    total=total,
                    epoch=epoch,
                    loss=loss,
                    learning_rate=self.learning_rate,
                )
            )
        self.report.check_stop()

    @property
    def learning_rate(self) -> float:
        """The head's rate now."""
        return float(self.optimizer.param_groups[0]["lr"])

    def validate(self) -> tuple[dict[str, float], float]:
        """Metrics, and the fitness that decides which epoch is the best: mAP50-95, or simply the latest epoch."""
        if not self.team.leads:
            return {}, 0.0
        if not self.judged:
            self.best_fitness = float(self.epoch + 1)
            return {}, self.best_fitness
        size, self.world_size = self.world_size, 1  # nobody else has losses to add
        metrics = self.validator(self)
        self.world_size = size
        fitness = float(metrics.pop("fitness"))
        self._improved = self.best_fitness is None or fitness > self.best_fitness
        if self._improved:
            self.best_fitness = fitness
        return metrics, fitness

    def save_metrics(self, metrics: dict[str, float]) -> None:
        """No results.csv: the events hold it all."""

    def save_model(self) -> bool:
        """Best weights first, then the event, then the checkpoint: a kill in between costs this epoch at most."""
        epoch = self.epoch + 1
        best = not self.judged or self._improved
        if best:
            path = self.job.run_dir / "best.safetensors"
            networks.save_weights(path, self.ema.ema.state_dict(), self.spec.architecture, self.job.snapshot.classes)
        self.report.emit(self._epoch_finished(epoch, best))
        save_generation(self.job.run_dir / "last.ckpt", self._write_checkpoint)
        self.report.emit(CheckpointSaved(epoch=epoch, path="last.ckpt"))
        self.finished_epochs = epoch
        if self.judged:
            self._save_samples(epoch)
        return True

    def final_eval(self) -> None:
        """Nothing: the report is computed on the ONNX file, and checkpoints are already as they should be."""

    # Resuming

    def resume_training(self, ckpt: object) -> None:
        saved = load_checkpoint(self.job)
        if saved is None:
            return
        network: Any = alone(self.model)
        network.load_state_dict(saved["model"])
        self.ema.ema.load_state_dict(saved["ema"])
        self.ema.updates = saved["ema_updates"]
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scaler.load_state_dict(saved["scaler"])
        self.best_fitness = saved["best_fitness"]
        self.stopper.best_fitness, self.stopper.best_epoch = saved["stopper"]
        self.start_epoch = self.finished_epochs = saved["epoch"]
        self.train_loader.sampler.epoch = self.start_epoch
        criterion = network.init_criterion()
        if hasattr(criterion, "updates"):
            # YOLO26 shifts weight between its two heads from epoch to epoch.
            network.criterion = criterion
            criterion.updates = self.start_epoch - 1
            criterion.update()

    def _write_checkpoint(self, file: Any) -> None:
        content = {
            "epoch": self.epoch + 1,
            "architecture": self.spec.architecture,
            "batch_size": self.batch_size,
            "model": alone(self.model).state_dict(),
            "ema": self.ema.ema.state_dict(),
            "ema_updates": self.ema.updates,
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "best_fitness": self.best_fitness,
            "stopper": (float(self.stopper.best_fitness), int(self.stopper.best_epoch)),
            "done": bool(self.stop),
        }
        buffer = io.BytesIO()
        torch.save(content, buffer)
        file.write(buffer.getbuffer())

    # Events

    def _epoch_finished(self, epoch: int, best: bool) -> EpochFinished:
        losses = [value for name, value in self.metrics.items() if name.startswith("val/")]
        return EpochFinished(
            epoch=epoch,
            train_loss=float(sum(self.tloss.values())),
            val_loss=float(sum(losses)) if self.judged else None,
            metrics={name: self.metrics[f"metrics/{name}(B)"] for name in ("mAP50-95", "mAP50") if self.judged},
            learning_rate=self.learning_rate,
            seconds=time.monotonic() - self._epoch_began,
            best=best,
        )

    def _save_samples(self, epoch: int) -> None:
        name = f"samples/epoch-{epoch:04d}.json"
        (self.job.run_dir / "samples").mkdir(exist_ok=True)
        write_json(self.job.run_dir / name, PredictionSet(boxes={"val": self.validator.samples}))
        self.report.emit(SamplePredictions(epoch=epoch, path=name))

    def _show_preparing(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - self._progress_shown > _PROGRESS_EVERY:
            self._progress_shown = now
            self.report.emit(Progress(phase=Phase.PREPARING, done=done, total=total))
            self.report.check_stop()


class _Watched(DetectionValidator):
    """A validator that can be stopped, and that keeps what it found on the first few images."""

    def watch(self, report: Reporter, images: tuple[Image, ...]) -> None:
        self._report, self._images = report, images

    def run_callbacks(self, event: str) -> None:
        if event == "on_val_start":
            self.samples: list[BoxPrediction] = []
        elif event == "on_val_batch_start":
            self._report.check_stop()

    def gather_stats(self) -> None:
        """Nothing: the leader of several processes validates alone."""

    def update_metrics(self, preds: list[dict[str, torch.Tensor]], batch: dict[str, Any]) -> None:
        super().update_metrics(preds, batch)
        for found in preds[: SAMPLES - len(self.samples)]:
            image = self._images[len(self.samples)]
            self.samples.append(_sample(image, found, int(batch["img"].shape[-1])))


class _YoloValidator(_Watched):
    pass


class _TransformerValidator(_Watched, RTDETRValidator):
    pass


def start_network(job: TrainingJob) -> nn.Module:
    """The network before its first step: random, or with the start weights in it."""
    classes = job.snapshot.classes
    if job.weights is None:
        return networks.build(job.spec.architecture, len(classes))
    state = networks.load_weights(job.weights)
    network = networks.build(job.spec.architecture, len(classes), like=state)
    networks.start_from(network, state, job.previous_classes, classes)
    return network


def load_checkpoint(job: TrainingJob) -> dict[str, Any] | None:
    """The newest whole checkpoint of a run that is to be resumed; ``None`` if the run starts at its beginning."""
    path = newest_whole(job.run_dir / "last.ckpt") if job.resume else None
    return torch.load(path, map_location="cpu", weights_only=True) if path else None


def head_warmup_epochs(epochs: int) -> int:
    """Epochs of a fine-tune in which only the head trains: a tenth, one at least, three at most, never all."""
    return min(3, max(1, round(epochs / 10)), epochs - 1)


def out_of_memory(before: int, now: int) -> Warned:
    return Warned(
        cause=f"The device ran out of memory with {before} images a batch; the run goes on with {now}, "
        "adding up gradients so that a step still sees as many images.",
        remedy="Choose a smaller batch, image size or model if this is too slow.",
    )


def clean_up(scratch: Path) -> None:
    """Remove what ultralytics insists on writing (its arguments and an empty folder)."""
    shutil.rmtree(scratch, ignore_errors=True)


def _sample(image: Image, found: dict[str, torch.Tensor], size: int) -> BoxPrediction:
    spot = place(image.width, image.height, size, ResizeRule.LETTERBOX)
    sure = found["conf"] > SAMPLE_SCORE
    rows = torch.cat([found["bboxes"], found["conf"][:, None], found["cls"][:, None]], dim=1)[sure].tolist()
    boxes = []
    for *corners, score, index in rows:
        x1, y1, x2, y2 = map(float, spot.to_image(*corners))
        boxes.append(FoundBox(x1, y1, x2, y2, score, int(index)))
    return BoxPrediction(image.hash, tuple(boxes))


def _arguments(job: TrainingJob, chosen: DeviceChosen, scratch: Path) -> dict[str, Any]:
    spec = job.spec
    cuda = chosen.device.startswith("cuda")
    mosaic = AUGMENTATION[spec.augmentation]["mosaic"] > 0
    return {
        "task": "detect",
        "mode": "train",
        "model": f"{spec.architecture}.yaml",
        "save_dir": str(scratch),
        "exist_ok": True,
        "pretrained": False,
        "verbose": False,
        "plots": False,
        "epochs": spec.epochs,
        "patience": spec.patience,
        "batch": chosen.batch_size,
        "imgsz": spec.image_size,
        "device": chosen.device.removeprefix("cuda:"),
        "workers": 4,
        "seed": spec.seed,
        "deterministic": not cuda,
        "amp": {"bf16": "bf16", "fp16": True}.get(chosen.precision, False),
        "lr0": spec.learning_rate,
        "momentum": 0.9,
        "weight_decay": spec.weight_decay,
        "warmup_epochs": spec.warmup_epochs,
        "warmup_bias_lr": 0.0,
        "warmup_momentum": 0.9,
        "cls_pw": 1.0 if spec.class_weights else 0.0,
        "close_mosaic": min(10, max(1, spec.epochs // 6)) if mosaic else 0,
        **AUGMENTATION[spec.augmentation],
        **({} if spec.mirror else {"fliplr": 0.0}),
    }
