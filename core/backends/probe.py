"""``python -m core.backends.probe``: one JSON line with what PyTorch finds on this machine.

A process of its own, since whoever asks must not import torch and must survive a driver that takes it down.
"""

import sys
from collections.abc import Callable

import msgspec
import torch

from core.backends.devices import Cuda, CudaLayer, obstacle_to_cuda
from core.domain.machine import Card, TorchFacts


def probe(cuda: CudaLayer, memory: Callable[[int], tuple[int, int]] = torch.cuda.mem_get_info) -> TorchFacts:
    """``memory``: free and total bytes of a card."""
    build = cuda.build()
    count = cuda.count()[0] if build else 0
    return TorchFacts(
        version=str(torch.__version__),
        cuda=build,
        architectures=tuple(cuda.architectures()) if count else (),
        cards=tuple(_card(cuda, index, memory) for index in range(count)),
        obstacle=obstacle_to_cuda(cuda),
        threads=torch.get_num_threads(),
    )


def _card(cuda: CudaLayer, index: int, memory: Callable[[int], tuple[int, int]]) -> Card:
    free, total = memory(index)
    return Card(
        name=cuda.name(index), capability=cuda.capability(index), memory_free=int(free), memory_total=int(total)
    )


def main() -> None:
    sys.stdout.buffer.write(msgspec.json.encode(probe(Cuda())) + b"\n")


if __name__ == "__main__":
    main()
