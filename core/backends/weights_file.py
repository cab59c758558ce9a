"""Weights as safetensors whose bytes depend on nothing but the weights and what is said about them."""

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from core.store.files import write_atomic


def write_weights(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write atomically. The same content gives the same file, and so the same SHA-256."""
    write_atomic(path, _in_order(save(dict(tensors), dict(metadata))))


def _in_order(data: bytes) -> bytes:
    """safetensors writes the metadata in the order of a hash table, another one in every process.

    Source of the layout (8 bytes of header length, the header as JSON, tensors at offsets from its end, header padded
    with spaces to a multiple of 8): https://huggingface.co/docs/safetensors
    """
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[end:]
