"""Detection networks of ultralytics: built from their own yaml, started from a state dict, saved as safetensors."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn
from ultralytics.nn.modules.head import Detect, RTDETRDecoder
from ultralytics.nn.tasks import DetectionModel, RTDETRDetectionModel
from ultralytics.utils import LOGGER

from core.backends.weights_file import write_weights
from core.domain.dataset import ImageClass
from core.domain.errors import LensmithError
from core.domain.task import Task

LOGGER.setLevel(logging.ERROR)  # its progress bars go quiet with it; what matters is told as events

LICENCE = "AGPL-3.0"
State = Mapping[str, Tensor]

_HIDDEN_CLASS_LAYER = re.compile(r"model\.\d+\.cv3\.0\.2\.weight")


def build(architecture: str, classes: int, like: State | None = None) -> DetectionModel:
    """A network with random weights and ``classes`` outputs.

    ``like``: weights to be loaded afterwards. The hidden layers of a YOLO class branch grow with the number of
    classes the network was made for, so the branch is built as wide as it is in there.
    """
    yaml = re.sub(r"^(yolov[35].?)u$", r"\1", architecture) + ".yaml"  # yolov5nu is what yolov5n.yaml makes today
    make = RTDETRDetectionModel if is_rtdetr(architecture) else DetectionModel
    width = _class_branch_width(like or {})
    try:
        network = make(yaml, ch=3, nc=width or classes, verbose=False)
    except (FileNotFoundError, KeyError, TypeError) as error:
        raise LensmithError(
            f"There is no detection architecture “{architecture}”.", "Choose a detection model of the catalogue."
        ) from error
    if width is not None:
        _set_classes(network, classes)
    network.nc = classes
    network.task = "detect"
    return network


def is_rtdetr(architecture: str) -> bool:
    return architecture.startswith("rtdetr")


def head_of(network: DetectionModel) -> Detect | RTDETRDecoder:
    """The detection head: the last layer. All before it, backbone and neck, is what transfer freezes."""
    return network.model[-1]


def body_of(network: DetectionModel) -> Sequence[nn.Module]:
    return network.model[:-1]


def start_from(
    network: DetectionModel, state: State, previous: Sequence[ImageClass], now: Sequence[ImageClass]
) -> None:
    """Copy every weight but the rows of the class outputs; of these, copy the classes whose id was known before.

    ``previous``: what the outputs of ``state`` mean, empty for published weights: then all class rows stay random.
    Raises ``LensmithError`` if the weights belong to another architecture.
    """
    own = network.state_dict()
    per_class = class_tensors(network)
    foreign = [
        name
        for name, tensor in own.items()
        if name not in state
        or state[name].shape[_row_axis(name, per_class) :] != tensor.shape[_row_axis(name, per_class) :]
    ]
    if foreign:
        raise LensmithError(
            f"The start weights do not fit the architecture: {len(foreign)} of {len(own)} tensors differ, "
            f"the first is {foreign[0]}.",
            "Choose weights of the same architecture.",
        )
    position = {image_class.id: row for row, image_class in enumerate(previous)}
    rows = [(row, position[c.id]) for row, c in enumerate(now) if c.id in position]
    with torch.no_grad():
        for name, tensor in own.items():
            if name not in per_class:
                tensor.copy_(state[name])
            elif rows:
                new, old = zip(*rows, strict=True)
                tensor[list(new)] = state[name][list(old)].to(tensor.dtype)


def class_tensors(network: DetectionModel) -> frozenset[str]:
    """Names of the tensors with one row a class, along their first axis."""
    head, prefix = head_of(network), f"model.{len(network.model) - 1}."
    if isinstance(head, RTDETRDecoder):
        layers = ["enc_score_head", *(f"dec_score_head.{i}" for i in range(len(head.dec_score_head)))]
        return frozenset(
            [prefix + "denoising_class_embed.weight"]
            + [f"{prefix}{layer}.{part}" for layer in layers for part in ("weight", "bias")]
        )
    branches = [name for name in ("cv3", "one2one_cv3") if getattr(head, name, None) is not None]
    return frozenset(
        f"{prefix}{branch}.{level}.{len(layers) - 1}.{part}"
        for branch in branches
        for level, layers in enumerate(getattr(head, branch))
        for part in ("weight", "bias")
    )


def save_weights(path: Path, state: State, architecture: str, classes: Sequence[ImageClass]) -> None:
    """Write fp32 weights atomically, with what they are in the metadata."""
    metadata = {
        "engine": "ultralytics",
        "architecture": architecture,
        "task": Task.DETECTION.value,
        "classes": json.dumps([c.name for c in classes], ensure_ascii=False),
        "licence": LICENCE,
    }
    tensors = {
        name: (tensor.float() if tensor.is_floating_point() else tensor).detach().cpu().contiguous()
        for name, tensor in state.items()
    }
    write_weights(path, tensors, metadata)


def load_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file; raises ``LensmithError`` if it is missing or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except Exception as error:  # safetensors raises its own type and OSError
        raise LensmithError(f"{path} cannot be read as weights: {error}.", "Import the weights again.") from error


def _set_classes(network: DetectionModel, classes: int) -> None:
    head = head_of(network)
    for branch in (head.cv3, getattr(head, "one2one_cv3", None)):
        for layers in branch or ():
            layers[-1] = nn.Conv2d(layers[-1].in_channels, classes, 1)
    head.nc, head.no = classes, classes + head.reg_max * 4
    network.yaml["nc"] = classes
    network.names = {index: str(index) for index in range(classes)}
    head.bias_init()


def _class_branch_width(state: State) -> int | None:
    return next((w.shape[1] for name, w in state.items() if _HIDDEN_CLASS_LAYER.fullmatch(name)), None)


def _row_axis(name: str, per_class: frozenset[str]) -> int:
    """The first axis that must agree: class rows may differ in number."""
    return 1 if name in per_class else 0
