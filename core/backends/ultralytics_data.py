"""The images of a snapshot as ultralytics' data set, in memory: no label file, no cache file, no folder of its own."""

from collections.abc import Callable, Iterator, Sequence
from multiprocessing.pool import ThreadPool
from typing import Any

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from torch.utils.data import Sampler
from ultralytics.data import YOLODataset
from ultralytics.data.build import InfiniteDataLoader, seed_worker

from core.backends.team import Team
from core.data import images as pictures
from core.domain.annotation import Boxes
from core.domain.dataset import Image
from core.domain.model_card import ResizeRule
from core.inference.preprocess import place, scale

CACHED_SHARE = 0.25  # of the memory that is free: the rest belongs to the network and to other programs
_READERS = 4  # threads that decode; JPEG decoding runs outside the interpreter lock

Loaded = tuple[NDArray[np.uint8], tuple[int, int], tuple[int, int]]


class SnapshotDataset(YOLODataset):
    """Images with boxes, decoded by Lensmith's own decoder and scaled as the shipped model scales them.

    Small sets stay decoded and scaled in memory (``cache == "ram"``); of large ones only ultralytics' mosaic buffer.
    """

    ims: Any  # a list of pictures, or ultralytics' packed store of them

    def __init__(
        self,
        images: Sequence[Image],
        class_index: dict[int, int],
        size: int,
        batch_size: int,
        hyperparameters: Any,
        *,
        augment: bool,
        names: dict[int, str],
        progress: Callable[[int, int], None],
    ) -> None:
        self.images = images
        self._class_index = class_index
        self._progress = progress
        super().__init__(
            img_path="",
            imgsz=size,
            batch_size=batch_size,
            augment=augment,
            hyp=hyperparameters,
            rect=False,  # the ONNX file takes squares, so squares are what validation sees
            cache="ram" if fits_in_memory(images, size) else None,
            data={"names": names, "channels": 3},
            task="detect",
        )

    def get_img_files(self, img_path: object) -> list[str]:
        return [image.path for image in self.images]

    def get_labels(self) -> list[dict[str, Any]]:
        return [_label(image, self._class_index) for image in self.images]

    def check_cache_ram(self, safety_margin: float = 1.0) -> bool:
        return True  # answered by fits_in_memory, from sizes and not from pictures drawn by lot

    def cache_images(self) -> None:
        self._progress(0, self.ni)
        with ThreadPool(_READERS) as pool:
            for i, loaded in enumerate(pool.imap(self._load, range(self.ni))):
                self.ims[i], self.im_hw0[i], self.im_hw[i] = loaded
                self._progress(i + 1, self.ni)
        self.ims = self._ImageCache(self.ims)

    def load_image(self, i: int, rect_mode: bool = True, resize_short: bool = False) -> Loaded:
        """BGR, long side at the training size. The original reads ``.npy`` files that lie beside the picture."""
        if self.ims[i] is not None:
            return self.ims[i], self.im_hw0[i], self.im_hw[i]
        loaded = self._load(i)
        if self.augment and self.cache != "ram":
            self._keep_for_mosaic(i, loaded)
        return loaded

    def _load(self, i: int) -> Loaded:
        image = pictures.read(self.im_files[i])
        height, width = image.shape[:2]
        spot = place(width, height, self.imgsz, ResizeRule.LETTERBOX)
        scaled = scale(image, round(width * spot.scale_x), round(height * spot.scale_y))
        return np.ascontiguousarray(scaled[..., ::-1]), (height, width), scaled.shape[:2]

    def _keep_for_mosaic(self, i: int, loaded: Loaded) -> None:
        self.ims[i], self.im_hw0[i], self.im_hw[i] = loaded
        self.buffer.append(i)
        if 1 < len(self.buffer) >= self.max_buffer_length:
            oldest = self.buffer.pop(0)
            self.ims[oldest] = self.im_hw0[oldest] = self.im_hw[oldest] = None

    def __getstate__(self) -> dict[str, Any]:
        """For data loader processes on Windows; they report nothing."""
        return {**self.__dict__, "_progress": None}


class EpochShuffle(Sampler[int]):
    """A permutation that follows from the seed and the epoch alone, so that a resumed run draws the same ones.

    Of several processes that train together each gets its share of every batch of ``batch_size`` images.
    """

    def __init__(self, count: int, seed: int, member: Team | None = None, batch_size: int = 1) -> None:
        self.count, self.seed, self.epoch = count, seed, 0
        self._member, self._batch_size = member or Team(), batch_size

    def __len__(self) -> int:
        return len(self._part(list(range(self.count))))

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        self.epoch += 1
        yield from self._part(torch.randperm(self.count, generator=generator).tolist())

    def set_epoch(self, epoch: int) -> None:
        """ultralytics asks for it where several train together; epochs are counted here anyway."""

    def _part(self, order: list[int]) -> list[int]:
        return order if self._member.size == 1 else self._member.share(order, self._batch_size)


def loader(
    dataset: SnapshotDataset, batch_size: int, workers: int, sampler: EpochShuffle | None, *, pin_memory: bool
) -> InfiniteDataLoader:
    """Batches in the sampler's order, or in that of the data set."""
    batch_size = min(batch_size, len(dataset))
    processes = min(workers, -(-len(dataset) // batch_size))
    return InfiniteDataLoader(
        dataset,
        batch_size=batch_size,
        sampler=sampler,
        num_workers=processes if processes > 1 else 0,
        prefetch_factor=4 if processes > 1 else None,
        pin_memory=pin_memory,
        collate_fn=dataset.collate_fn,
        worker_init_fn=seed_worker,
        generator=torch.Generator().manual_seed(0),
    )


def fits_in_memory(images: Sequence[Image], size: int) -> bool:
    """Whether all images, scaled to ``size`` pixels on the long side, take a modest share of the free memory."""
    needed = sum(3 * size * size * min(i.width, i.height) // max(i.width, i.height) for i in images)
    return needed < CACHED_SHARE * psutil.virtual_memory().available


def _label(image: Image, class_index: dict[int, int]) -> dict[str, Any]:
    """Boxes as ultralytics takes them: ``bboxes`` ``[n, 4]`` centre and size as fractions, ``cls`` ``[n, 1]``."""
    assert isinstance(image.annotation, Boxes)
    boxes = image.annotation.boxes
    corners = np.array([(b.x_min, b.y_min, b.x_max, b.y_max) for b in boxes], np.float32).reshape(-1, 4)
    corners /= np.array([image.width, image.height] * 2, np.float32)
    centres, sizes = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
    return {
        "im_file": image.path,
        "shape": (image.height, image.width),
        "cls": np.array([[class_index[b.class_id]] for b in boxes], np.float32).reshape(-1, 1),
        "bboxes": np.concatenate([centres, sizes], axis=1),
        "segments": [],
        "keypoints": None,
        "normalized": True,
        "bbox_format": "xywh",
    }
