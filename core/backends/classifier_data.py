"""Pictures for the classifier: decoded once where memory allows, handed out in batches that threads prepare ahead."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import numpy as np
import psutil
import torch
from torch import Tensor

from core.backends.classifier_model import Preprocessing
from core.data.images import read
from core.domain.dataset import Image
from core.inference.preprocess import resize

MEMORY_SHARE = 0.25  # of what is free now; decoded pictures beyond it are decoded again in each epoch
AHEAD = 3  # batches prepared while one is computed
THREADS = min(4, psutil.cpu_count(logical=False) or 1)


class Pictures:
    """Training or validation images as squares of the model's size. Usable from several threads."""

    def __init__(self, images: Sequence[Image], preprocessing: Preprocessing) -> None:
        self.images = images
        self._preprocessing = preprocessing
        self._kept: dict[int, Tensor] = {}
        bytes_each = 3 * preprocessing.size**2
        self._room = int(psutil.virtual_memory().available * MEMORY_SHARE) // bytes_each

    def __len__(self) -> int:
        return len(self.images)

    def square(self, index: int) -> Tensor:
        """``uint8 [3, size, size]``, RGB, by the same decoder and resizing as the shipped model's."""
        if index in self._kept:
            return self._kept[index]
        how = self._preprocessing
        pixels, _ = resize(read(self.images[index].path), how.size, how.resize, how.interpolation)
        square = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))
        if len(self._kept) < self._room:
            self._kept[index] = square
        return square


Alter = Callable[[Tensor, int], Tensor]


def unaltered(square: Tensor, index: int) -> Tensor:
    return square


def batches(
    pictures: Pictures, order: Sequence[int], batch_size: int, alter: Alter = unaltered
) -> Iterator[tuple[Tensor, Sequence[int]]]:
    """Batches ``(uint8 [n, 3, size, size], indices)`` of ``order``, prepared by threads a few batches ahead."""
    parts = (order[start : start + batch_size] for start in range(0, len(order), batch_size))
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="pictures")
    waiting: deque[tuple[list[Future[Tensor]], Sequence[int]]] = deque()

    def begin(count: int) -> None:
        for part in islice(parts, count):
            waiting.append(([pool.submit(lambda i: alter(pictures.square(i), i), index) for index in part], part))

    try:
        begin(AHEAD)
        while waiting:
            futures, part = waiting.popleft()
            begin(1)
            yield torch.stack([future.result() for future in futures]), part
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def as_input(batch: Tensor, device: str) -> Tensor:
    """``uint8 [n, 3, size, size]`` -> float32 on ``device``, values 0 to 1; equal to ``preprocess.to_input``."""
    on_device = batch.to(device, non_blocking=True)
    return on_device.to(torch.float32).div_(255).contiguous(memory_format=torch.channels_last)
