"""Which epoch is kept, and how good an epoch is on the validation images."""

import torch
from msgspec import Struct
from torch import Tensor
from torch.nn.functional import cross_entropy


class Score(Struct, frozen=True):
    """Validation loss (cross-entropy, plain) and metrics; both empty when there are no validation images."""

    loss: float | None = None
    metrics: dict[str, float] = {}


def score(logits: Tensor, labels: Tensor) -> Score:
    """``logits`` ``[n, classes]`` against ``labels`` ``[n]``; macro F1 over classes that were seen or predicted."""
    if not len(labels):
        return Score()
    classes = logits.shape[1]
    predicted = logits.argmax(1)
    right = torch.bincount(labels[predicted == labels], minlength=classes).double()
    involved = torch.bincount(labels, minlength=classes) + torch.bincount(predicted, minlength=classes)
    f1 = (2 * right / involved.clamp(min=1))[involved > 0]
    return Score(
        float(cross_entropy(logits, labels)),
        {"accuracy": float((predicted == labels).double().mean()), "macro_f1": float(f1.mean())},
    )


class Standing(Struct, frozen=True):
    """The best epoch so far: highest accuracy, of equal ones the lower loss; without validation images the latest."""

    epoch: int
    score: Score

    def is_beaten_by(self, other: Score) -> bool:
        if not other.metrics or not self.score.metrics:
            return True
        mine, theirs = self.score.metrics["accuracy"], other.metrics["accuracy"]
        return theirs > mine or (theirs == mine and (other.loss or 0.0) < (self.score.loss or 0.0))
