"""Training the head alone, on features of a frozen backbone that were computed once.

Features are standardised with the statistics of the training images, which makes one learning rate fit every backbone.
At the end mean and deviation are folded into the head's first linear layer: what ships is the plain backbone and head.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from core.backends.augmentation import PLAIN, views_of
from core.backends.classifier_model import State
from core.backends.classifier_session import Session, Stopwatch, epoch_seed
from core.backends.feature_cache import FeatureCache
from core.backends.optimization import make_loss, make_optimizer, rate_factor, refuse_non_finite, set_learning_rate
from core.backends.selection import Standing, score
from core.domain.event import Phase, Progress
from core.domain.run import RunSpec

BATCH = 64  # feature vectors a step, when the run leaves the batch size open
SAVE_EVERY = 2.0  # seconds between checkpoints: an epoch takes milliseconds, a checkpoint does not


class Features(NamedTuple):
    """Standardised features: ``train`` ``[images × views, features]`` with ``labels`` of its rows, and ``val``
    ``[images, features]``, one plain view an image. ``center`` and ``spread`` ``[features]`` undo it."""

    train: Tensor
    labels: Tensor
    val: Tensor
    center: Tensor
    spread: Tensor


def gather(session: Session, weights_sha256: str) -> Features:
    """Compute or recall the features of all images."""
    views = views_of(session.spec.augmentation, session.spec.mirror)
    cache = FeatureCache(session.job.cache_dir, weights_sha256, session.model)
    sets = [(session.train, views), (session.val, (PLAIN,))]
    train, val = cache.complete(session.model, sets, session.device.name, session.report)
    train, labels = train.flatten(0, 1), session.train_labels.repeat_interleave(len(views))
    return standardise(train, labels, val.flatten(0, 1) if len(val) else train[:0])


def standardise(train: Tensor, labels: Tensor, val: Tensor) -> Features:
    """Plain features ``[rows, features]`` brought to mean 0 and deviation 1, by the statistics of ``train``."""
    variance, center = torch.var_mean(train, 0, correction=0)
    # The floor keeps a feature that hardly ever moved in training from shouting when it moves later.
    spread = torch.sqrt(variance + 1e-3 * variance.mean() + 1e-12)
    return Features((train - center) / spread, labels, (val - center) / spread, center, spread)


@contextmanager
def one_thread() -> Iterator[None]:
    """These products are small: two threads would mostly wait for each other, on a busy machine fifty times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@one_thread()
def train_head(session: Session, data: Features, spec: RunSpec, resumed: dict[str, Any] | None = None) -> None:
    """Train the head up to epoch ``spec.epochs``; afterwards the model and ``best.safetensors`` hold the best one.

    Epochs are told and checkpointed; ``resumed`` is the checkpoint to go on from.
    """
    head, optimizer = prepare(session, data, spec)
    best = _copy(head)
    if resumed:
        head.load_state_dict(resumed["head"])
        optimizer.load_state_dict(resumed["optimizer"])
        best = resumed["best"]
    val_logits = torch.empty(0, session.classes)
    began, saved_epoch, saved_at, watch = session.epoch, session.epoch, time.monotonic(), Stopwatch()

    def save() -> None:
        nonlocal saved_epoch, saved_at
        fold(best, data, session.model.head)
        session.save_best(session.model.weights())
        state = {"head": head.state_dict(), "optimizer": optimizer.state_dict(), "best": best}
        session.save_checkpoint("head", state)
        session.show_samples(val_logits)
        saved_epoch, saved_at = session.epoch, time.monotonic()

    try:
        for epoch in range(began + 1, spec.epochs + 1):
            train_loss, rate = run_epoch(session, head, optimizer, data, spec, epoch)
            val_logits = logits_of(head, data.val)
            if session.finish_epoch(epoch, train_loss, val_logits, rate, watch.lap()):
                best = _copy(head)
            if time.monotonic() - saved_at > SAVE_EVERY:
                save()
            if session.is_out_of_patience(began):
                break
    finally:
        # Also when stopped or failed: epochs that were told must have left their best weights.
        if session.epoch > saved_epoch:
            save()
    fold(best, data, session.model.head)


@one_thread()
def warm_up(session: Session, data: Features, spec: RunSpec) -> Tensor:
    """Train a head of which no epoch is told, for fine-tuning to start from. The model then holds its best epoch,
    whose validation logits ``[n, classes]`` are returned."""
    head, optimizer = prepare(session, data, spec)
    standing, best = None, _copy(head)
    for epoch in range(1, spec.epochs + 1):
        run_epoch(session, head, optimizer, data, spec, epoch)
        session.report.emit(Progress(phase=Phase.PREPARING, done=epoch, total=spec.epochs))
        judged = score(logits_of(head, data.val), session.val_labels)
        if standing is None or standing.is_beaten_by(judged):
            standing, best = Standing(epoch, judged), _copy(head)
    head.load_state_dict(best)
    fold(best, data, session.model.head)
    return logits_of(head, data.val)


def prepare(session: Session, data: Features, spec: RunSpec) -> tuple[nn.Sequential, torch.optim.Optimizer]:
    """The model's head as it is for standardised features (on the processor), and an optimizer over it."""
    head = deepcopy(session.model.head).cpu()
    first = _first_linear(head)
    with torch.no_grad():
        first.bias.add_(first.weight @ data.center)
        first.weight.mul_(data.spread)
    return head, make_optimizer(spec, [(head, 1.0)])


def fold(state: State, data: Features, head: nn.Sequential) -> None:
    """Load ``state``, a head for standardised features, into ``head`` so that it gives the same for plain ones:
    ``W (f - center) / spread + b = (W / spread) f + (b - W center / spread)``."""
    head.load_state_dict(state)
    first = _first_linear(head)
    with torch.no_grad():
        first.weight.div_(data.spread.to(first.weight.device))
        first.bias.sub_(first.weight @ data.center.to(first.weight.device))


def run_epoch(
    session: Session, head: nn.Sequential, optimizer: torch.optim.Optimizer, data: Features, spec: RunSpec, epoch: int
) -> tuple[float, float]:
    """One pass over all feature vectors; returns the mean loss and the last learning rate."""
    torch.manual_seed(epoch_seed(spec.seed, epoch))  # order and dropout: the same after a resume
    head.train()
    loss_of = make_loss(spec, data.labels, session.classes)
    order = torch.randperm(len(data.train)).split(spec.batch_size or BATCH)
    total = 0.0
    rate = 0.0
    for step, rows in enumerate(order):
        session.report.check_stop()
        progress = (epoch - 1 + step / len(order)) / spec.epochs
        rate = spec.learning_rate * rate_factor(spec.schedule, progress, spec.warmup_epochs / spec.epochs)
        set_learning_rate(optimizer, rate)
        loss = loss_of(head(data.train[rows]), data.labels[rows])
        refuse_non_finite(loss.item(), spec, epoch, step + 1)
        optimizer.zero_grad()
        loss.backward()
        if spec.gradient_clip:
            nn.utils.clip_grad_norm_(head.parameters(), spec.gradient_clip)
        optimizer.step()
        total += loss.item() * len(rows)
    return total / len(data.train), rate


def logits_of(head: nn.Sequential, features: Tensor) -> Tensor:
    """``[rows, features]``, standardised, -> ``[rows, classes]``."""
    head.eval()
    with torch.inference_mode():
        logits: Tensor = head(features)
    return logits


def _copy(head: nn.Sequential) -> State:
    return {name: tensor.clone() for name, tensor in head.state_dict().items()}


def _first_linear(head: nn.Sequential) -> nn.Linear:
    return next(layer for layer in head if isinstance(layer, nn.Linear))
