"""Training on pictures: everything trains, forward and backward through the whole network."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from core.backends.augmentation import augment, level_of
from core.backends.classifier_data import Pictures, as_input, batches
from core.backends.classifier_model import Classifier, frozen_batch_norm
from core.backends.classifier_session import Session, Stopwatch, epoch_seed
from core.backends.devices import Precision, autocast, choose_precision, free_memory, in_pieces, largest_batch
from core.backends.optimization import make_loss, make_optimizer, rate_factor, refuse_non_finite, set_learning_rate
from core.backends.team import in_parallel, short_of_memory
from core.domain.errors import OutOfMemory
from core.domain.event import Phase, Progress
from core.domain.run import FromScratch
from core.store.files import write_atomic
from core.training.contract import Reporter

CPU_BATCH, CUDA_BATCH = 16, 128  # images a step when the run leaves it open; on CUDA the most that is tried
TRIAL_BATCH = 8  # images of a step that is only timed
EVALUATION_BATCH = 16

Trial = Callable[[int, str], None]  # (images, precision): one training step that changes nothing


class Trainer:
    """The network's weights on their way. ``micro`` is how many images go through it at once: the batch size until
    memory ran out, then less, with gradients accumulated over a batch."""

    def __init__(self, session: Session, backbone_scale: float, resumed: dict[str, Any] | None = None) -> None:
        self.session, self.spec, self.model, self.device = session, session.spec, session.model, session.device
        if resumed:
            self.batch_size, self.micro = resumed["batch_size"], resumed["micro"]
            precision = Precision(resumed["precision"], "As before the interruption.")
        else:
            self.batch_size, precision = _chosen(session)
            self.micro = self.batch_size
        self.precision = precision.name
        session.tell_device(precision.name, self.batch_size, precision.why)
        if resumed:
            self.model.load_weights(resumed["model"])
        self.loss = make_loss(self.spec, session.train_labels, session.classes).to(self.device.name)
        self.network = in_parallel(self.model, self.device, session.team)
        parts = [(self.model.backbone, backbone_scale), (self.model.head, 1.0)]
        self.optimizer = make_optimizer(self.spec, parts)
        self.scaler = torch.amp.GradScaler("cuda", enabled=self.precision == "fp16" and self.device.is_cuda)
        if resumed:
            self.optimizer.load_state_dict(resumed["optimizer"])
            self.scaler.load_state_dict(resumed["scaler"])

    def state(self) -> dict[str, Any]:
        """All to go on from, beside what the session keeps."""
        return {
            "model": self.model.weights(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "batch_size": self.batch_size,
            "micro": self.micro,
            "precision": self.precision,
        }

    def run_epoch(self, epoch: int, began: int) -> tuple[float, float]:
        """One pass over the training images; returns the mean loss and the last learning rate. ``began`` epochs were
        over when this stage started: its schedule counts from there."""
        spec, session, member = self.spec, self.session, self.session.team
        torch.manual_seed(epoch_seed(spec.seed, epoch))  # order, dropout and drop path: the same after a resume
        self.model.train()
        if not isinstance(spec.start, FromScratch):
            frozen_batch_norm(self.model)
        order = torch.randperm(len(session.train)).tolist()
        batch_size = self.batch_size // member.size
        if member.size > 1:
            order = member.share(order, self.batch_size)
            torch.manual_seed(epoch_seed(spec.seed, epoch) + member.rank)  # each drops out what it likes
        elif len(order) > batch_size and len(order) % batch_size == 1:
            order.pop()  # batch norm cannot learn from a single image; another one is left out next time
        level = level_of(spec.augmentation, spec.mirror)
        pictures = batches(session.train, order, batch_size, lambda s, i: augment(s, level, spec.seed, epoch, i))
        steps = -(-len(order) // batch_size)
        total = rate = 0.0
        for step, (squares, indices) in enumerate(pictures):
            session.report.check_stop()
            progress = (epoch - 1 - began + step / steps) / (spec.epochs - began)
            warmup = min(1.0, spec.warmup_epochs / (spec.epochs - began))
            rate = spec.learning_rate * rate_factor(spec.schedule, progress, warmup)
            set_learning_rate(self.optimizer, rate)
            loss = self._step(squares, session.train_labels[indices])
            refuse_non_finite(loss, spec, epoch, step + 1)
            total += loss * len(indices)
            session.report.emit(
                Progress(phase=Phase.TRAINING, done=step + 1, total=steps, epoch=epoch, loss=loss, learning_rate=rate)
            )
        return member.mean(total / len(order)), rate

    def _step(self, squares: Tensor, labels: Tensor) -> float:
        """One change of the weights, in as many pieces as memory asks for."""
        while True:
            try:
                self.optimizer.zero_grad()
                loss = self._accumulate(squares, labels)
                break
            except torch.OutOfMemoryError as error:
                self._take_less(error)
        if self.spec.gradient_clip:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), self.spec.gradient_clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss

    def _accumulate(self, squares: Tensor, labels: Tensor) -> float:
        total = 0.0
        for piece, truth in zip(squares.split(self.micro), labels.split(self.micro), strict=True):
            with autocast(self.device, self.precision):
                logits = self.network(as_input(piece, self.device.name))
            loss = self.loss(logits.float(), truth.to(self.device.name)) * (len(piece) / len(squares))
            total += loss.item()
            self.scaler.scale(loss).backward()
        return total

    def _take_less(self, error: torch.OutOfMemoryError) -> None:
        """Halve what goes through the network at once; the batch, and so the result, stays what it was."""
        free_memory()
        if self.session.team.size > 1:  # the others are in the middle of a step that this one cannot repeat
            raise short_of_memory(self.device, self.batch_size) from error
        if self.micro == 1:
            raise OutOfMemory(
                f"{self.device.name} has not enough memory for one image of {self.spec.image_size} px "
                f"with {self.spec.architecture}.",
                "Choose a smaller image size or model, or close other programs that use the card.",
            ) from error
        self.micro = -(-self.micro // 2)
        self.session.warn(
            f"Memory of {self.device.name} ran out: {self.micro} images are now computed at once, "
            f"with gradients accumulated over the batch of {self.batch_size}.",
            "A smaller batch size or image size avoids this.",
        )

    def validate(self) -> Tensor:
        """Logits ``[n, classes]`` of all validation images in fp32, as the shipped model computes."""
        return predict_logits(self.model, self.session.val, self.device.name, self.session.report)


def train_everything(session: Session, backbone_scale: float, resumed: dict[str, Any] | None = None) -> None:
    """Train all weights from the session's epoch to the last one planned, keeping the best."""
    trainer = Trainer(session, backbone_scale, resumed)
    began = resumed["began"] if resumed else session.epoch
    watch = Stopwatch()
    for epoch in range(session.epoch + 1, session.spec.epochs + 1):
        train_loss, rate = trainer.run_epoch(epoch, began)
        if session.team.leads:
            val_logits = trainer.validate()
            if session.finish_epoch(epoch, train_loss, val_logits, rate, watch.lap()):
                session.save_best(session.model.weights())
            session.save_checkpoint("everything", {"began": began, **trainer.state()})
            session.show_samples(val_logits)
        if session.team.agree(session.is_out_of_patience(began)):
            break


def _chosen(session: Session) -> tuple[int, Precision]:
    """Batch size and precision; the leader's where several train together."""
    member = session.team
    trial = make_trial(session)
    size = choose_batch_size(session, trial) if member.leads else 0
    precision = choose_measured_precision(session, trial) if member.leads else Precision("fp32", "")
    size, name, why = member.agree((size, precision.name, precision.why))
    return max(member.size, size // member.size * member.size), Precision(name, why)


def predict_logits(
    model: Classifier, pictures: Pictures, device: str, report: Reporter, batch_size: int = EVALUATION_BATCH
) -> Tensor:
    """Logits ``[n, classes]`` of pictures, in fp32, on the processor."""
    model.eval()
    found = [torch.empty(0, model.classes)]
    for squares, _ in batches(pictures, range(len(pictures)), batch_size):
        report.check_stop()
        with torch.inference_mode():
            found.append(in_pieces(lambda part: model(as_input(part, device)).float().cpu(), squares))
    return torch.cat(found)


def choose_batch_size(session: Session, trial: Trial) -> int:
    """What the run says, else as much as a CUDA card holds with room to spare, or a fixed number on the processor."""
    if session.spec.batch_size:
        return session.spec.batch_size
    most = max(2, len(session.train) // 4)  # a small data set wants several steps an epoch
    if not session.device.is_cuda:
        return min(CPU_BATCH, most)
    return largest_batch(lambda size: trial(size, "fp32"), min(CUDA_BATCH, most))


def choose_measured_precision(session: Session, trial: Trial) -> Precision:
    """Measured once for each model and device of a project, then remembered: a run can be repeated exactly."""
    spec, device = session.spec, session.device
    if spec.precision != "auto":
        return choose_precision(spec.precision, device, lambda name: None)
    known = session.job.cache_dir / "precision.json"
    key = f"{spec.architecture} {spec.image_size} {device.name} torch {torch.__version__}"
    table = json.loads(known.read_text()) if known.exists() else {}
    if key in table:
        return Precision(table[key], f"{table[key]} was measured to be the right precision here before.")
    chosen = choose_precision("auto", device, lambda name: trial(TRIAL_BATCH, name))
    known.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(known, json.dumps({**table, key: chosen.name}, indent=1).encode())
    return chosen


def make_trial(session: Session) -> Trial:
    """A training step on blank images with a copy of the network: neither weights nor random numbers move."""
    spare, device = deepcopy(session.model).train(), session.device
    size = session.spec.image_size

    def step(images: int, precision: str) -> None:
        with torch.random.fork_rng(), autocast(device, precision):
            loss = spare(as_input(torch.zeros(images, 3, size, size, dtype=torch.uint8), device.name)).float().mean()
        loss.backward()
        spare.zero_grad()

    return step
