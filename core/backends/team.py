"""Several processes that train one network together, each on its own device: PyTorch's distributed data parallel.

Which process this is, it learns from the variables that torchrun sets (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT);
``core.runs.companions`` sets them. Without them there is one process, and everything here costs nothing. On CUDA the
processes talk by NCCL (not run on CUDA), on processors by gloo.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from msgspec import Struct
from torch import nn

from core.backends.devices import Device
from core.domain.errors import LensmithError, OutOfMemory

_PATIENCE = timedelta(hours=6)  # that others wait while the leader validates


class Team(Struct, frozen=True):
    """``rank`` 0 leads: it alone validates, tells events and writes files."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def agree(self, value: Any) -> Any:
        """What the leader says; the others wait for it."""
        if self.size == 1:
            return value
        said = [value]
        dist.broadcast_object_list(said, src=0)
        return said[0]

    def mean(self, value: float) -> float:
        """Of all members."""
        if self.size == 1:
            return value
        values: list[float] = [0.0] * self.size
        dist.all_gather_object(values, value)
        return sum(values) / self.size

    def share(self, order: Sequence[int], batch_size: int) -> list[int]:
        """This member's part of ``order``, ``batch_size / size`` of each batch, the same number for every member.

        What is left of the last batch and cannot be shared, or would leave a member a single image, is left out.
        """
        mine: list[int] = []
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            each = len(batch) // self.size
            if each > 1 or start == 0:
                mine += batch[self.rank * each : (self.rank + 1) * each]
        return mine


def team() -> Team:
    """The one that this process belongs to."""
    return Team(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))


def device_of_member(asked: str, member: Team) -> str:
    """``asked``: devices, separated by commas (``RunSpec.device``)."""
    devices = asked.split(",")
    return devices[member.rank] if member.size > 1 else devices[0]


@contextmanager
def together(device: Device) -> Iterator[Team]:
    """The members can talk to each other in here."""
    member = team()
    if member.size == 1:
        yield member
        return
    dist.init_process_group("nccl" if device.is_cuda else "gloo", timeout=_PATIENCE)
    threads = torch.get_num_threads()
    if not device.is_cuda:  # they share the processor's cores too
        torch.set_num_threads(max(1, threads // member.size))
    try:
        yield member
    finally:
        torch.set_num_threads(threads)
        dist.destroy_process_group()


def short_of_memory(device: Device, batch_size: int) -> LensmithError:
    """One member cannot take a smaller piece alone: the others are in the middle of the same step."""
    return OutOfMemory(
        f"{device.name} ran out of memory with its share of {batch_size} images a batch.",
        "Choose a smaller batch or image size, or one device: there, less is computed at once.",
    )


def alone(model: nn.Module) -> nn.Module:
    """The network itself, which ``in_parallel`` may have wrapped."""
    return model.module if isinstance(model, nn.parallel.DistributedDataParallel) else model


def in_parallel(model: nn.Module, device: Device, member: Team, *, all_train: bool = True) -> nn.Module:
    """``model``, with the leader's weights in every member, and gradients that are the mean over all members.

    ``all_train``: every weight takes part in every step; otherwise each step looks which do.
    """
    if member.size == 1:
        return model
    ids = [int(device.name.partition(":")[2] or 0)] if device.is_cuda else None
    return nn.parallel.DistributedDataParallel(model, device_ids=ids, find_unused_parameters=not all_train)
