"""How weights move: loss, optimizer, and the learning rate over a run."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from core.domain.errors import LensmithError
from core.domain.run import RunSpec


def make_loss(spec: RunSpec, labels: Tensor, classes: int) -> nn.CrossEntropyLoss:
    """Cross-entropy; with ``class_weights`` every class counts the same, however few images it has in ``labels``."""
    weights = None
    if spec.class_weights:
        counts = torch.bincount(labels, minlength=classes).float()
        weights = torch.where(counts > 0, counts.sum() / ((counts > 0).sum() * counts.clamp(min=1)), 0.0)
    return nn.CrossEntropyLoss(weight=weights, label_smoothing=spec.label_smoothing)


def make_optimizer(spec: RunSpec, parts: Iterable[tuple[nn.Module, float]]) -> torch.optim.Optimizer:
    """An optimizer over ``parts``, each a module and what the learning rate is multiplied by there.

    Norms and biases are not decayed. Every group carries its own ``scale``, see ``set_learning_rate``.
    """
    groups = []
    for module, scale in parts:
        trained = [p for p in module.parameters() if p.requires_grad]
        for chosen, decay in (
            ([p for p in trained if p.ndim > 1], spec.weight_decay),
            ([p for p in trained if p.ndim <= 1], 0.0),
        ):
            if chosen:
                groups.append({"params": chosen, "scale": scale, "weight_decay": decay})
    match spec.optimizer:
        case "adamw":
            return torch.optim.AdamW(groups, lr=spec.learning_rate)
        case "sgd":
            return torch.optim.SGD(groups, lr=spec.learning_rate, momentum=0.9, nesterov=True)
        case "radam":
            return torch.optim.RAdam(groups, lr=spec.learning_rate, decoupled_weight_decay=True)
        case other:
            raise LensmithError(f"There is no optimizer “{other}”.", "Choose adamw, sgd or radam.")


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]


def rate_factor(schedule: str, progress: float, warmup: float) -> float:
    """What the learning rate is multiplied by when ``progress`` (0 to 1) of all steps are done.

    ``warmup`` is the share of steps in which the rate rises linearly from nearly nothing. ``one_cycle`` brings its own:
    up over the first 30 %, down to nothing over the rest, both by half a cosine (Smith and Topin, 2018).
    ``step`` divides by ten after 60 % and again after 85 %.
    """
    if schedule == "one_cycle":
        rise = 0.3
        if progress < rise:
            return 0.04 + 0.96 * _half_cosine(1 - progress / rise)
        return _half_cosine((progress - rise) / (1 - rise))
    if progress < warmup:
        return max(progress / warmup, 0.01)
    after = (progress - warmup) / (1 - warmup) if warmup < 1 else 1.0
    match schedule:
        case "cosine":
            return _half_cosine(after)
        case "step":
            return 1.0 if after < 0.6 else 0.1 if after < 0.85 else 0.01
        case "constant":
            return 1.0
        case other:
            raise LensmithError(f"There is no schedule “{other}”.", "Choose cosine, one_cycle, step or constant.")


def _half_cosine(progress: float) -> float:
    """From 1 at 0 down to 0 at 1."""
    return 0.5 * (1 + math.cos(math.pi * min(max(progress, 0.0), 1.0)))


def refuse_non_finite(loss: float, spec: RunSpec, epoch: int, batch: int) -> None:
    """Stop a run whose loss is no number any more: every later step would only spread it."""
    if math.isfinite(loss):
        return
    tenth = f"{spec.learning_rate / 10:.3g}"
    clip = "" if spec.gradient_clip else ", gradient clipping at 1"
    raise LensmithError(
        f"The training loss became {loss} in epoch {epoch}, batch {batch}, at learning rate {spec.learning_rate:.3g}.",
        f"Try a learning rate of {tenth}{clip}, or precision fp32.",
    )
