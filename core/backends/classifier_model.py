"""A classifier: a timm backbone that turns images into features, and a head that turns features into logits."""

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import timm
import torch
from msgspec import Struct
from timm.data import resolve_model_data_config
from torch import Tensor, nn

from core.domain.dataset import ImageClass
from core.domain.errors import LensmithError
from core.domain.model_card import ResizeRule
from core.domain.run import RunSpec

State = dict[str, Tensor]

SIMPLE_CNN = "simple_cnn"
HIDDEN = "head_layers."  # prefix of dense head layers in a weights file; the last layer has the classifier's own name


class Preprocessing(Struct, frozen=True):
    """How a picture becomes what the backbone was trained on.

    Pictures are stretched, not cropped: a defect often sits at the border, and a crop would hide it from training
    and inspection alike. Five-fold cross-validation inside the training images of ants and bees, Lite0, two views:
    crop to 87.5 % .957 to .961, stretch .947 to .953, letterbox .939 to .945; the animals are in the middle there.
    """

    size: int  # pixels, square
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str  # bilinear or bicubic, for growing
    resize: ResizeRule = ResizeRule.STRETCH


class SimpleCnn(nn.Module):
    """Five 3×3 convolutions, each with ReLU and max-pooling, then one dense layer: the baseline of one of our sources.

    ``[n, 3, size, size]`` -> ``[n, 512]``. Pooling rounds up, so that 28-pixel digits survive all five.
    """

    num_features = 512

    def __init__(self, size: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width in (16, 32, 64, 64, 128):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True)]
            channels, size = width, -(-size // 2)
        self.convolutions = nn.Sequential(*layers)
        self.dense = nn.Sequential(nn.Flatten(), nn.Linear(channels * size * size, 512), nn.ReLU(), nn.Dropout(0.2))

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.dense(self.convolutions(images))
        return features


class Classifier(nn.Module):
    """Images ``[n, 3, size, size]``, RGB, 0 to 1 -> logits ``[n, classes]``."""

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: nn.Module, head: nn.Sequential, classifier: str, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.classifier = classifier  # name of the last layer in timm's state dicts: "fc", "head.fc" …
        self.preprocessing = preprocessing
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(preprocessing.std).view(1, 3, 1, 1), persistent=False)

    @property
    def classes(self) -> int:
        last = self.head[-1]
        assert isinstance(last, nn.Linear)
        return last.out_features

    def features(self, images: Tensor) -> Tensor:
        """``[n, 3, size, size]`` -> ``[n, features]``."""
        features: Tensor = self.backbone((images - self.mean) / self.std)
        return features

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images))
        return logits

    def weights(self) -> State:
        """All weights under the names that timm gives them, so that timm itself can load a linear-headed model."""
        last = len(self.head) - 1
        state = dict(self.backbone.state_dict())
        for name, tensor in self.head.state_dict().items():
            index, _, kind = name.partition(".")
            state[f"{self.classifier}.{kind}" if int(index) == last else f"{HIDDEN}{name}"] = tensor
        return {name: tensor.detach().to("cpu").contiguous().clone() for name, tensor in state.items()}

    def load_weights(self, state: State) -> None:
        """The inverse of ``weights``; raises ``RuntimeError`` when anything is missing or of another shape."""
        backbone, head = self.split(state)
        self.backbone.load_state_dict(backbone)
        self.head.load_state_dict(head)

    def split(self, state: State) -> tuple[State, State]:
        """What of a weights file belongs to the backbone, and what to a head of this structure."""
        last = len(self.head) - 1
        head: State = {}
        backbone: State = {}
        for name, tensor in state.items():
            if name.startswith(HIDDEN):
                head[name.removeprefix(HIDDEN)] = tensor
            elif name.startswith(f"{self.classifier}."):
                head[f"{last}.{name.removeprefix(f'{self.classifier}.')}"] = tensor
            else:
                backbone[name] = tensor
        return backbone, head


def build(spec: RunSpec, classes: int) -> Classifier:
    """The classifier that ``spec`` names, with random weights drawn from torch's generator.

    Raises:
        LensmithError: there is no such model, or it takes no images of that size.
    """
    backbone, config = _backbone(spec.architecture, spec.image_size)
    features = _feature_count(backbone, spec)
    preprocessing = Preprocessing(
        spec.image_size,
        tuple(config["mean"]),
        tuple(config["std"]),
        "bicubic" if config["interpolation"] == "bicubic" else "bilinear",
    )
    head = make_head(features, spec.head_layers, spec.head_dropout, classes)
    return Classifier(backbone, head, config["classifier"], preprocessing)


def make_head(features: int, layers: Sequence[int], dropout: float, classes: int) -> nn.Sequential:
    """Dense layers with ReLU and dropout, then the linear layer that gives one logit a class."""
    parts: list[nn.Module] = []
    for width in layers:
        parts += [nn.Linear(features, width), nn.ReLU(), nn.Dropout(dropout)]
        features = width
    if not layers:
        parts.append(nn.Dropout(dropout))
    return nn.Sequential(*parts, nn.Linear(features, classes))


def _backbone(architecture: str, size: int) -> tuple[nn.Module, dict[str, Any]]:
    if architecture == SIMPLE_CNN:
        half = (0.5, 0.5, 0.5)
        return SimpleCnn(size), {"mean": half, "std": half, "interpolation": "bilinear", "classifier": "classifier"}
    if not timm.is_model(architecture):
        close = get_close_matches(architecture, timm.list_models(), 3)
        raise LensmithError(
            f"timm has no model called “{architecture}”.",
            f"Did you mean {' or '.join(close)}?" if close else "Choose a model of the catalogue.",
        )
    fixed = timm.get_pretrained_cfg_value(architecture, "fixed_input_size")
    try:
        backbone = timm.create_model(architecture, num_classes=0, **({"img_size": size} if fixed else {}))
    except (RuntimeError, ValueError, AssertionError, TypeError) as error:
        raise LensmithError(
            f"{architecture} cannot be built for images of {size} px ({str(error).splitlines()[0]}).",
            f"Use {resolve_size(architecture)} px.",
        ) from error
    classifier = backbone.pretrained_cfg.get("classifier") or "classifier"
    if not isinstance(classifier, str):
        raise LensmithError(
            f"{architecture} has several classifier heads, which Lensmith does not train.", "Choose another model."
        )
    return backbone, {**resolve_model_data_config(backbone), "classifier": classifier}


def resolve_size(architecture: str) -> int:
    """Side of the images that the published weights of a timm model were trained with, pixels."""
    size: tuple[int, int, int] = timm.get_pretrained_cfg_value(architecture, "input_size")
    return size[-1]


def _feature_count(backbone: nn.Module, spec: RunSpec) -> int:
    """Length of a feature vector, found by asking: timm's attributes leave out some models' hidden head layers."""
    training = backbone.training
    backbone.eval()
    try:
        with torch.inference_mode():
            shape = backbone(torch.zeros(1, 3, spec.image_size, spec.image_size)).shape
    except (RuntimeError, AssertionError) as error:
        raise LensmithError(
            f"{spec.architecture} takes no images of {spec.image_size} px ({str(error).splitlines()[0]}).",
            "Choose the size that the catalogue names.",
        ) from error
    finally:
        backbone.train(training)
    return int(shape[1])


def start_from(model: Classifier, state: State, previous: Sequence[ImageClass], now: Sequence[ImageClass]) -> list[str]:
    """Copy the backbone, and of an earlier run's head what still means the same; returns the copied classes' names.

    Hidden head layers are copied when all their shapes are equal; rows of the last layer for classes whose id is in
    both lists, if what feeds them was copied too (or the head is linear).

    Raises:
        LensmithError: the weights are of another architecture.
    """
    backbone, head = model.split(state)
    _load_backbone(model, backbone)
    own = model.head.state_dict()
    last = f"{len(model.head) - 1}."
    hidden = {name for name in own if not name.startswith(last)}
    theirs = {name for name in head if not name.startswith(last)}
    weight, bias = f"{last}weight", f"{last}bias"
    usable = hidden == theirs and all(own[name].shape == head[name].shape for name in hidden)
    if not previous or not usable or weight not in head or head[weight].shape[1:] != own[weight].shape[1:]:
        return []
    rows = {image_class.id: row for row, image_class in enumerate(previous)}
    kept = [image_class.name for image_class in now if image_class.id in rows]
    with torch.no_grad():
        for name in hidden if kept else ():
            own[name].copy_(head[name])
        for row, image_class in enumerate(now):
            if image_class.id in rows:
                own[weight][row] = head[weight][rows[image_class.id]]
                own[bias][row] = head[bias][rows[image_class.id]]
    return kept


def _load_backbone(model: Classifier, state: State) -> None:
    """timm's own name translation first (torchvision's ConvNeXt, DINO's ViT …), then everything must be there."""
    translate = getattr(sys.modules[type(model.backbone).__module__], "checkpoint_filter_fn", None)
    architecture = type(model.backbone).__name__
    try:
        translated = translate(dict(state), model.backbone) if translate else state
        result = model.backbone.load_state_dict(translated, strict=False)
    except (RuntimeError, KeyError, AttributeError) as error:
        raise _misfit(architecture, next(iter(str(error).splitlines()[1:]), str(error)).strip()) from error
    missing = [name for name in result.missing_keys if not name.endswith("num_batches_tracked")]
    if missing:
        raise _misfit(architecture, f"{len(missing)} tensors are missing, the first is {missing[0]}")


def _misfit(architecture: str, detail: str) -> LensmithError:
    return LensmithError(
        f"The start weights do not fit {architecture}: {detail.rstrip('.')}.",
        "Choose the model that these weights were made for, at the same image size, or other weights.",
    )


def frozen_batch_norm(model: nn.Module) -> None:
    """Put batch-norm layers into eval mode, so that their running statistics stay; weights may still train."""
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
