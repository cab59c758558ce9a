"""Features of a frozen backbone, computed once for each (image, view) and kept below the project's cache folder."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from core.backends.augmentation import PLAIN, View, look
from core.backends.classifier_data import Pictures, as_input, batches
from core.backends.classifier_model import Classifier
from core.backends.devices import in_pieces
from core.domain.event import Phase, Progress
from core.store.files import write_atomic
from core.training.contract import Reporter

VERSION = 1  # to be raised when a view or the preprocessing changes its meaning
BATCH = 16  # images a forward pass; on two cores larger ones are not faster
SHARD = 1024  # features a file: what a kill costs at most


class FeatureCache:
    """Features by (image hash, view) for one backbone at one size.

    ``folder`` holds shards ``<digest>.safetensors``, each a matrix ``[n, features]`` and the keys of its rows. Shards
    are written whole or not at all and never changed; one that cannot be read is computed again.
    """

    def __init__(self, cache_dir: Path, weights_sha256: str, model: Classifier) -> None:
        named = [VERSION, weights_sha256, msgspec.to_builtins(model.preprocessing)]
        self.folder = cache_dir / "features" / hashlib.sha256(json.dumps(named).encode()).hexdigest()[:24]
        self._known: dict[str, Tensor] = {}
        for shard in sorted(self.folder.glob("*.safetensors")):
            with suppress(SafetensorError, OSError, KeyError, ValueError), safe_open(shard, framework="pt") as file:
                keys = json.loads(file.metadata()["keys"])
                self._known.update(zip(keys, file.get_tensor("features"), strict=True))

    def complete(
        self, model: Classifier, sets: Sequence[tuple[Pictures, Sequence[View]]], device: str, report: Reporter
    ) -> list[Tensor]:
        """Features ``[images, views, features]`` of every set, on the processor; only unknown ones are computed."""
        total = sum(len(pictures) * len(views) for pictures, views in sets)
        done = 0
        fresh: dict[str, Tensor] = {}
        for pictures, views in sets:
            for key, feature in self._compute(model, pictures, views, device, report):
                fresh[key] = feature
                done += 1
                report.emit(Progress(phase=Phase.PREPARING, done=done, total=total))
                if len(fresh) >= SHARD:
                    fresh = self._keep(fresh)
        self._keep(fresh)
        report.emit(Progress(phase=Phase.PREPARING, done=total, total=total))
        return [
            torch.stack(
                [torch.stack([self._known[_key(image.hash, view)] for view in views]) for image in pictures.images]
            )
            if len(pictures)
            else torch.empty(0, len(views), 0)
            for pictures, views in sets
        ]

    def _compute(
        self, model: Classifier, pictures: Pictures, views: Sequence[View], device: str, report: Reporter
    ) -> Iterator[tuple[str, Tensor]]:
        model.eval()
        for view in views:
            wanted = [i for i, image in enumerate(pictures.images) if _key(image.hash, view) not in self._known]
            for batch, indices in batches(pictures, wanted, BATCH, partial(_look, view)):
                report.check_stop()
                with torch.inference_mode():
                    features = in_pieces(lambda part: model.features(as_input(part, device)).float().cpu(), batch)
                yield from (
                    (_key(pictures.images[i].hash, view), row) for i, row in zip(indices, features, strict=True)
                )

    def _keep(self, fresh: dict[str, Tensor]) -> dict[str, Tensor]:
        """Write ``fresh`` as a shard; returns the empty dictionary to go on with."""
        if fresh:
            keys = sorted(fresh)
            features = torch.stack([fresh[key] for key in keys])
            data = save({"features": features}, metadata={"keys": json.dumps(keys)})
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomic(self.folder / f"{hashlib.sha256(data).hexdigest()[:16]}.safetensors", data)
            self._known.update(zip(keys, features, strict=True))
        return {}


def _look(view: View, square: Tensor, index: int) -> Tensor:
    return look(square, view)


def _key(image_hash: str, view: View) -> str:
    return image_hash if view == PLAIN else f"{image_hash} {view.name}"
