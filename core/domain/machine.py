"""What a machine is found to have."""

from msgspec import Struct


class Card(Struct, frozen=True, kw_only=True):
    """One NVIDIA card as PyTorch sees it."""

    name: str
    capability: tuple[int, int]  # compute capability, major and minor
    memory_free: int  # bytes
    memory_total: int


class TorchFacts(Struct, frozen=True, kw_only=True):
    """What importing PyTorch in a process of its own told.

    ``obstacle``: one sentence why the first card cannot be used; ``None`` once a kernel ran on it.
    """

    version: str
    cuda: str | None  # the CUDA version of this build
    architectures: tuple[str, ...]  # what this build has kernels for
    cards: tuple[Card, ...]
    obstacle: str | None
    threads: int


class MachineLine(Struct, frozen=True, kw_only=True):
    """One thing looked at. ``state``: "ok", "caution" (works, but look) or "bad" (something will not work)."""

    name: str
    state: str
    text: str
    remedy: str = ""


class MachineReport(Struct, frozen=True, kw_only=True):
    lines: tuple[MachineLine, ...]
