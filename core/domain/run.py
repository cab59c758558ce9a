"""What a run is asked to do. ``spec.json`` is exactly one ``RunSpec``."""

from msgspec import Struct

from core.domain.data_choice import DataUse
from core.domain.dataset import ImageClass
from core.domain.task import Task


class CatalogueWeights(Struct, frozen=True, tag="catalogue"):
    """Published weights of a catalogue entry, kept in the vault under their hash."""

    name: str
    sha256: str = ""
    licence: str = ""
    classes: tuple[str, ...] = ()


class VaultWeights(Struct, frozen=True, tag="vault"):
    """A file that the user imported into the weights vault."""

    name: str
    sha256: str
    licence: str = ""
    classes: tuple[str, ...] = ()


class RunWeights(Struct, frozen=True, tag="run"):
    """The best weights of an earlier run of this project; head rows of classes with equal ids are copied."""

    run: str
    sha256: str
    classes: tuple[ImageClass, ...]


WeightsRef = CatalogueWeights | VaultWeights | RunWeights


class FromScratch(Struct, frozen=True, tag="scratch"):
    """Random weights, everything trains."""


class Transfer(Struct, frozen=True, tag="transfer"):
    """The backbone is frozen, its batch-norm statistics too; only the new head trains.

    ``unfreeze_after``: epochs after which everything trains; ``None`` never.
    """

    weights: WeightsRef
    unfreeze_after: int | None = None


class FineTune(Struct, frozen=True, tag="finetune"):
    """A short warm-up of the head alone, then everything trains, the backbone at a fraction of the head's rate."""

    weights: WeightsRef
    backbone_lr_scale: float = 0.1


Start = FromScratch | Transfer | FineTune


def mode_of(start: Start) -> str:
    """The mode's one-word name: ``scratch``, ``transfer`` or ``finetune``."""
    return str(start.__struct_config__.tag)


def weights_of(start: Start) -> WeightsRef | None:
    return None if isinstance(start, FromScratch) else start.weights


class RunSpec(Struct, frozen=True, kw_only=True):
    """Everything that decides a run's result, all values resolved: nothing is left for the worker to choose
    but ``batch_size`` (``None``: as large as the device takes), ``device`` ``auto`` and ``precision`` ``auto``.
    """

    schema_version: int = 1
    task: Task
    engine: str  # module of core.backends without its task: "timm", "ultralytics", "simulated"
    architecture: str  # the engine's own model name
    start: Start
    snapshot: str  # Snapshot.data_hash()
    epochs: int
    batch_size: int | None = None
    image_size: int  # pixels, square
    optimizer: str = "adamw"  # adamw, sgd, radam
    learning_rate: float = 1e-3  # of the head; the backbone's is scaled in fine-tune
    weight_decay: float = 0.01
    schedule: str = "cosine"  # cosine, one_cycle, step, constant
    warmup_epochs: float = 0.0
    augmentation: str = "light"  # off, light, medium, strong
    mirror: bool = True  # augmentation may turn left to right
    label_smoothing: float = 0.0
    class_weights: bool = False
    gradient_clip: float = 0.0  # largest norm; 0 leaves gradients alone
    head_layers: tuple[int, ...] = ()  # widths of dense layers before the last; empty: linear head
    head_dropout: float = 0.0
    patience: int = 0  # epochs without a better validation metric before the run stops; 0: never
    precision: str = "auto"  # auto, fp32, bf16, fp16
    seed: int = 0
    device: str = "auto"  # auto, cpu, cuda:0 …; several, as cuda:0,cuda:1, share every batch
    data_use: DataUse | None = None  # for information, where not all images of the project train

    @property
    def devices(self) -> tuple[str, ...]:
        """Those that compute together; the first leads."""
        return tuple(self.device.split(","))


def number_of(run_id: str) -> int:
    """Orders runs, and is what people call them by; clocks jump, this does not."""
    return int(run_id.split("-")[0])
