"""What a back-end must offer and what it may rely on.

The worker calls, in this order: ``fit``, ``export``, ``predict``. A back-end writes only below
``job.run_dir`` and ``job.cache_dir``, never beside the user's pictures, and talks only through the reporter.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from core.domain.dataset import Image, ImageClass, Snapshot
from core.domain.event import RunEvent
from core.domain.model_card import ModelCard
from core.domain.prediction import BoxPrediction, ClassPrediction
from core.domain.run import RunSpec


class StopRequested(Exception):
    """The user asked to stop. ``fit`` may let it pass: the worker then exports the best weights so far."""


class TrainingJob(Struct, frozen=True, kw_only=True):
    """All that ``fit`` needs. ``weights`` is a readable safetensors file unless the start is scratch."""

    run_dir: Path
    cache_dir: Path
    spec: RunSpec
    snapshot: Snapshot
    weights: Path | None = None
    previous_classes: tuple[ImageClass, ...] = ()  # of the run that weights come from, in output order
    resume: bool = False  # continue from run_dir/last.ckpt


class Reporter(Protocol):
    """The back-end's only way out."""

    def emit(self, event: RunEvent) -> None:
        """Append one event; on disk when this returns."""

    def check_stop(self) -> None:
        """To be called at every batch; raises ``StopRequested`` once the user asked to stop."""


class Backend(Protocol):
    """One training engine. Raises ``LensmithError`` for every failure it can name."""

    def fit(self, job: TrainingJob, report: Reporter) -> None:
        """Train; emit ``DeviceChosen``, ``Progress``, ``EpochFinished``, ``CheckpointSaved``.

        ``EpochFinished`` comes before the checkpoint of its epoch is written, so that no finished epoch stays untold
        when the worker dies in between; after a resume it may be told again. Checkpoints are written with
        ``core.store.files.save_generation`` and found with ``newest_whole``. If all epochs are done already, a
        resumed ``fit`` only returns.

        When this returns or raises ``StopRequested`` after at least one epoch, ``run_dir/best.safetensors``
        holds the weights of the epoch with the best validation metric (the last epoch if there is no validation
        image), written atomically. ``run_dir/last.ckpt`` holds everything to resume.
        """

    def export(self, job: TrainingJob, target: Path, report: Reporter) -> ModelCard:
        """Write ``best.safetensors`` as one ONNX file as ``ModelCard`` describes it, without metadata."""

    def predict(
        self, job: TrainingJob, images: Sequence[Image], report: Reporter
    ) -> Sequence[ClassPrediction] | Sequence[BoxPrediction]:
        """The best weights' answers by PyTorch in fp32, for parity; same preprocessing as ``core.inference``."""
