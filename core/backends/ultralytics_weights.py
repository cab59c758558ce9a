"""Checkpoints of ultralytics (``.pt``) as plain tensors, without ever running the code that such a file can hold.

A ``.pt`` is a pickle. It is opened by ``torch.load(weights_only=True)`` with ultralytics' own list of layer classes
(what ``ULTRALYTICS_SAFE_LOAD`` switches on, here asked for in the call, whatever the environment says).
"""

from pathlib import Path
from typing import Any

import torch
from msgspec import Struct
from torch import Tensor
from ultralytics.nn.tasks import torch_safe_load

from core.backends.ultralytics_network import LICENCE, build
from core.domain.errors import LensmithError

_REMEDY = "Use a detection checkpoint that ultralytics wrote (best.pt, yolov8n.pt …), or a .safetensors file."


class Checkpoint(Struct, frozen=True):
    """What a ``.pt`` holds: fp32 tensors under ultralytics' names, and what they are."""

    architecture: str
    classes: tuple[str, ...]
    licence: str
    tensors: dict[str, Tensor]


def read_checkpoint(path: Path) -> Checkpoint:
    """The average of the weights (EMA) if there is one, else the weights, as fp32 tensors on the processor.

    Raises ``LensmithError`` for a file that is damaged, refers to anything beyond known layers (it is not opened
    then), is no detector, or was fused for inference.
    """
    model = _open(path)
    try:
        state = {name: t.detach().float() if t.is_floating_point() else t.detach() for name, t in _state(model).items()}
        architecture = _architecture(model.yaml, path)
        names = model.names
        classes = tuple(str(names[i]) for i in range(len(names)))
    except (AttributeError, KeyError, TypeError) as error:
        raise LensmithError(f"{path} is no detection model ({error}).", _REMEDY) from error
    if not any(".bn." in name for name in state):
        raise LensmithError(f"{path} was fused for inference and cannot be trained on.", "Use the unfused checkpoint.")
    expected = build(architecture, len(classes), like=state).state_dict()
    if {name: t.shape for name, t in expected.items()} != {name: t.shape for name, t in state.items()}:
        raise LensmithError(f"{path} says that it is {architecture}, but its tensors are not those of one.", _REMEDY)
    return Checkpoint(architecture, classes, LICENCE, state)


def _open(path: Path) -> Any:
    if not path.is_file():  # ultralytics would try to download it
        raise LensmithError(f"{path} does not exist.", "Check the path.")
    try:
        checkpoint, _ = torch_safe_load(path, safe_only=True)
    except Exception as error:  # every stage of unpickling raises its own kind
        refused = "outside the supported" in str(error) or "Unsupported" in str(error) or "blocked" in str(error)
        why = "it asks for more than tensors and known layers, as a file that runs code would" if refused else error
        raise LensmithError(f"{path} was not opened: {why}.", _REMEDY) from error
    model = (checkpoint.get("ema") or checkpoint.get("model")) if isinstance(checkpoint, dict) else None
    if not isinstance(model, torch.nn.Module) or getattr(model, "task", "detect") != "detect":
        raise LensmithError(f"{path} holds no detection model.", _REMEDY)
    return model


def _state(model: torch.nn.Module) -> dict[str, Tensor]:
    return dict(torch.nn.Module.state_dict(model))


def _architecture(yaml: dict[str, Any], path: Path) -> str:
    """ultralytics notes the yaml that a network was made from; v3 and v5 are its own anchor-free ``u`` kinds."""
    name = Path(str(yaml.get("yaml_file", path.name))).stem
    if name.startswith(("yolov3", "yolov5")) and not name.endswith("u"):
        name += "u"
    return name
