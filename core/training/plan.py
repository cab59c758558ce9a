"""From what a user chose to a complete ``RunSpec``, or to the list of what is missing; pure."""

import math
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from core.domain.data_choice import DataChoice, PerClass
from core.domain.dataset import Snapshot
from core.domain.run import FineTune, FromScratch, RunSpec, RunWeights, Start, Transfer, WeightsRef
from core.domain.task import Effort, Task
from core.training.catalog import Entry
from core.training.facts import DataFacts, facts_of

FULL_EPOCHS_UP_TO = 1000  # training images
MODES = ("scratch", "transfer", "finetune")


class Choices(Struct, frozen=True, kw_only=True):
    """A filled-in form. ``None`` leaves a value to the effort dial."""

    mode: str
    weights: WeightsRef | None = None
    effort: Effort = Effort.BALANCED
    epochs: int | None = None
    image_size: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    patience: int | None = None
    optimizer: str | None = None
    schedule: str | None = None
    augmentation: str | None = None
    mirror: bool | None = None  # ``None``: unless class names say that left and right matter
    weight_decay: float | None = None
    label_smoothing: float | None = None
    class_weights: bool = False
    gradient_clip: float | None = None
    head_layers: tuple[int, ...] = ()
    head_dropout: float = 0.0
    backbone_lr_scale: float | None = None
    unfreeze_after: int | None = None
    precision: str = "auto"
    seed: int = 0
    device: str = "auto"
    data: DataChoice | None = None  # which images train; ``None``: all


class Obstacle(Struct, frozen=True):
    """One reason why a run cannot start yet; ``field``: the one of ``Choices`` that has to change, if one has."""

    cause: str
    remedy: str
    field: str = ""


NO_ANCESTOR = Obstacle(
    "“New images only” and a mix of old ones need an earlier run to start from.",
    "Start from a run of this project, or train on all images.",
    "data",
)


class Dial(Struct, frozen=True):
    """What an effort means for one task and mode, before the data set is looked at."""

    epochs: int
    learning_rate: float
    patience: int
    augmentation: str
    optimizer: str = "adamw"
    schedule: str = "cosine"
    weight_decay: float = 0.01
    warmup_epochs: float = 0.0


# Rates and epochs were set on the data sets of tests/benchmarks; transfer epochs for classification
# run on cached features and cost milliseconds.
DIALS: dict[tuple[Task, str, Effort], Dial] = {
    (Task.CLASSIFICATION, "scratch", Effort.QUICK): Dial(20, 1e-3, 0, "light", warmup_epochs=1),
    (Task.CLASSIFICATION, "scratch", Effort.BALANCED): Dial(60, 1e-3, 20, "medium", warmup_epochs=2),
    (Task.CLASSIFICATION, "scratch", Effort.THOROUGH): Dial(200, 1e-3, 40, "strong", warmup_epochs=5),
    (Task.CLASSIFICATION, "transfer", Effort.QUICK): Dial(50, 1e-3, 0, "light"),
    (Task.CLASSIFICATION, "transfer", Effort.BALANCED): Dial(100, 1e-3, 0, "light"),
    (Task.CLASSIFICATION, "transfer", Effort.THOROUGH): Dial(200, 1e-3, 0, "medium"),
    (Task.CLASSIFICATION, "finetune", Effort.QUICK): Dial(5, 5e-4, 0, "light"),
    (Task.CLASSIFICATION, "finetune", Effort.BALANCED): Dial(15, 5e-4, 6, "light"),
    (Task.CLASSIFICATION, "finetune", Effort.THOROUGH): Dial(50, 5e-4, 12, "medium"),
    (Task.DETECTION, "scratch", Effort.QUICK): Dial(60, 2e-3, 0, "medium", warmup_epochs=3),
    (Task.DETECTION, "scratch", Effort.BALANCED): Dial(200, 2e-3, 50, "medium", warmup_epochs=3),
    (Task.DETECTION, "scratch", Effort.THOROUGH): Dial(500, 2e-3, 100, "strong", warmup_epochs=3),
    (Task.DETECTION, "transfer", Effort.QUICK): Dial(20, 2e-3, 0, "light", warmup_epochs=1),
    (Task.DETECTION, "transfer", Effort.BALANCED): Dial(50, 2e-3, 15, "light", warmup_epochs=1),
    (Task.DETECTION, "transfer", Effort.THOROUGH): Dial(120, 2e-3, 30, "medium", warmup_epochs=2),
    (Task.DETECTION, "finetune", Effort.QUICK): Dial(20, 1e-3, 0, "light", warmup_epochs=2),
    (Task.DETECTION, "finetune", Effort.BALANCED): Dial(60, 1e-3, 15, "medium", warmup_epochs=3),
    (Task.DETECTION, "finetune", Effort.THOROUGH): Dial(150, 1e-3, 40, "medium", warmup_epochs=3),
}


def make_spec(entry: Entry, choices: Choices, snapshot: Snapshot, *, cuda: bool) -> RunSpec | list[Obstacle]:
    """Everything resolved. ``cuda``: an NVIDIA card is there, so batch size ``None`` may mean as large as it takes."""
    made = plan(entry, choices, facts_of(snapshot.task, snapshot.images, classes=snapshot.classes), cuda=cuda)
    return replace(made, snapshot=snapshot.data_hash()) if isinstance(made, RunSpec) else made


def plan(entry: Entry, choices: Choices, facts: DataFacts, *, cuda: bool) -> RunSpec | list[Obstacle]:
    """What ``make_spec`` would give, without the snapshot's hash: quick enough for every move in a form."""
    obstacles = _obstacles(entry, choices, facts)
    if obstacles:
        return obstacles
    dial = DIALS[entry.task, choices.mode, choices.effort]
    epochs = choices.epochs or suggested_epochs(dial, entry.task, choices.mode, facts.train)

    def chosen(name: str) -> object:
        value = getattr(choices, name)
        return getattr(dial, name) if value is None else value

    return RunSpec(
        task=entry.task,
        engine=entry.engine,
        architecture=entry.name,
        start=_start(choices),
        snapshot="",
        epochs=epochs,
        batch_size=choices.batch_size or (None if cuda else _cpu_batch(entry.task, facts.train, choices.device)),
        image_size=choices.image_size or suggested_size(entry, choices.effort, facts.side),
        optimizer=str(chosen("optimizer")),
        learning_rate=float(str(chosen("learning_rate"))),
        weight_decay=float(str(chosen("weight_decay"))),
        schedule=str(chosen("schedule")),
        warmup_epochs=min(dial.warmup_epochs, epochs / 4),
        augmentation=str(chosen("augmentation")),
        mirror=not facts.sided if choices.mirror is None else choices.mirror,
        label_smoothing=choices.label_smoothing or 0.0,
        class_weights=choices.class_weights,
        gradient_clip=(10.0 if entry.task is Task.DETECTION else 1.0)
        if choices.gradient_clip is None
        else choices.gradient_clip,
        head_layers=choices.head_layers,
        head_dropout=choices.head_dropout,
        patience=dial.patience if choices.patience is None else choices.patience,
        precision=choices.precision,
        seed=choices.seed,
        device=choices.device,
    )


def describe(spec: RunSpec) -> str:
    """What the effort dial and the user's own values came to, in one line."""
    parts = [
        f"{spec.epochs} epochs",
        f"{spec.image_size} px",
        f"batch {spec.batch_size or 'as large as the card takes'}",
        f"{spec.optimizer} at {spec.learning_rate:g}",
        f"augmentation {spec.augmentation}" + ("" if spec.mirror or spec.augmentation == "off" else ", never mirrored"),
    ]
    if spec.patience:
        parts.append(f"stops after {spec.patience} epochs without gain")
    return " · ".join([*parts, f"seed {spec.seed}"])


def suggested_epochs(dial: Dial, task: Task, mode: str, train_images: int) -> int:
    """The dial's epochs up to 1,000 training images; beyond, fewer by the square root: each epoch then shows more.

    Never less than a fifth. A transferred classifier learns on cached features, where epochs cost nothing.
    """
    if train_images <= FULL_EPOCHS_UP_TO or (task, mode) == (Task.CLASSIFICATION, "transfer"):
        return dial.epochs
    return max(1, round(dial.epochs * max(0.2, math.sqrt(FULL_EPOCHS_UP_TO / train_images))))


def suggested_size(entry: Entry, effort: Effort, side: int) -> int:
    """In pixels, a multiple of 32: what the model was trained at, but hardly more than pictures of ``side`` hold."""
    if entry.fixed_size:
        return entry.image_size
    ceiling = entry.image_size
    if entry.task is Task.DETECTION:
        ceiling = {Effort.QUICK: 320, Effort.BALANCED: 640, Effort.THOROUGH: 960}[effort]
    return max(32, min(ceiling, math.ceil(side / 32) * 32))


def _start(choices: Choices) -> Start:
    if choices.mode == "scratch":
        return FromScratch()
    assert choices.weights is not None
    if choices.mode == "transfer":
        return Transfer(choices.weights, choices.unfreeze_after)
    return FineTune(choices.weights, choices.backbone_lr_scale or 0.1)


def _cpu_batch(task: Task, train_images: int, device: str) -> int:
    """Small enough that a small data set still gives several steps an epoch; a multiple of the devices."""
    largest, devices = 8 if task is Task.DETECTION else 32, len(device.split(","))
    batch = max(2, min(largest, train_images // 2))
    return max(devices, batch // devices * devices)


def _obstacles(entry: Entry, choices: Choices, facts: DataFacts) -> list[Obstacle]:
    found = _data_obstacles(facts)
    if choices.data is not None:
        found = [replace(one, remedy=f"{one.remedy} Or let other images train along.", field="data") for one in found]
    if choices.mode not in MODES:
        found.append(Obstacle(f"There is no mode “{choices.mode}”.", f"Choose {', '.join(MODES)}.", "mode"))
    elif choices.mode != "scratch" and choices.weights is None:
        found.append(
            Obstacle(
                f"{entry.title} has no start weights here.", "Import weights, or choose the mode scratch.", "weights"
            )
        )
    if entry.task is Task.DETECTION and choices.head_layers:
        found.append(
            Obstacle("Dense head layers are for classification only.", "Leave the head layers empty.", "head_layers")
        )
    return (
        found
        + _size_obstacles(entry, choices)
        + _range_obstacles(choices)
        + _mix_obstacles(choices)
        + _device_obstacles(entry, choices)
    )


def _device_obstacles(entry: Entry, choices: Choices) -> list[Obstacle]:
    """Several devices share every batch; twice the processor is allowed, which is how this can be tried anywhere."""
    devices = choices.device.split(",")
    if len(devices) == 1:
        return []
    found = []
    if len({device.partition(":")[0] for device in devices}) > 1 or "auto" in devices:
        found.append(
            Obstacle("Devices that share a run have to be of one kind.", "Name cards, as cuda:0,cuda:1.", "device")
        )
    elif devices[0] != "cpu" and len(set(devices)) < len(devices):
        found.append(Obstacle("A card can take part only once.", "Name each card once.", "device"))
    if entry.task is Task.CLASSIFICATION and choices.mode == "transfer" and choices.unfreeze_after is None:
        found.append(
            Obstacle("Transfer looks at each picture only once, on one device.", "Choose one device.", "device")
        )
    if choices.batch_size and choices.batch_size % len(devices):
        cause = f"A batch of {choices.batch_size} images cannot be shared by {len(devices)} devices."
        found.append(Obstacle(cause, f"Choose a multiple of {len(devices)}.", "batch_size"))
    return found


def _data_obstacles(facts: DataFacts) -> list[Obstacle]:
    if not facts.train:
        return [Obstacle("There is no labelled training image.", "Import labelled pictures, then split them.")]
    if facts.task is Task.CLASSIFICATION and facts.classes < 2:
        return [
            Obstacle(
                "The training images all belong to one class.",
                "Add pictures of at least one other class: with a single one there is nothing to tell apart.",
            )
        ]
    if not facts.classes:
        return [Obstacle("No training image has a box.", "Draw or import boxes.")]
    return []


def _mix_obstacles(choices: Choices) -> list[Obstacle]:
    data = choices.data
    if data is None:
        return []
    found = []
    if data.needs_ancestor and (choices.mode == "scratch" or not isinstance(choices.weights, RunWeights)):
        found.append(NO_ANCESTOR)
    mix = data.mix
    if not (mix.count >= 1 if isinstance(mix, PerClass) else 0 <= mix.share <= 1):
        found.append(
            Obstacle(
                "This mix of old images cannot be made.",
                "Choose a share between 0 and 1, or 1 or more images per class.",
                "data",
            )
        )
    return found


def _size_obstacles(entry: Entry, choices: Choices) -> list[Obstacle]:
    size = choices.image_size
    if size is None:
        return []
    if size < 32 or size % 32:
        return [Obstacle(f"{size} px is no usable size.", "Choose a multiple of 32, at least 32 px.", "image_size")]
    if entry.fixed_size and size != entry.image_size:
        return [
            Obstacle(
                f"{entry.title} takes pictures of {entry.image_size} px only.", "Leave the size empty.", "image_size"
            )
        ]
    return []


# Field of ``Choices``, whether a value can be used, what is wrong otherwise, what to do.
_RANGES: tuple[tuple[str, Callable[[float], bool], str, str], ...] = (
    ("epochs", lambda v: v >= 1, "A run needs at least one epoch.", "Choose 1 or more epochs."),
    ("batch_size", lambda v: v >= 1, "A batch needs at least one image.", "Choose 1 or more images."),
    ("learning_rate", lambda v: 0 < v <= 10, "This learning rate teaches nothing.", "Choose one between 0 and 10."),
    ("patience", lambda v: v >= 0, "Patience cannot be negative.", "Choose 0 (never stop early) or more epochs."),
    ("weight_decay", lambda v: 0 <= v < 1, "Weight decay has to be a small share.", "Choose 0 or more, below 1."),
    ("label_smoothing", lambda v: 0 <= v < 1, "Label smoothing has to be a share.", "Choose 0 or more, below 1."),
    ("gradient_clip", lambda v: v >= 0, "A norm cannot be negative.", "Choose 0 (no clipping) or more."),
    ("head_dropout", lambda v: 0 <= v < 1, "Dropout has to be a share.", "Choose 0 or more, below 1."),
    ("backbone_lr_scale", lambda v: 0 < v <= 1, "The backbone needs some rate.", "Choose more than 0, at most 1."),
    ("unfreeze_after", lambda v: v >= 0, "Epochs cannot be negative.", "Choose 0 or more epochs, or leave it empty."),
    ("seed", lambda v: 0 <= v < 2**32, "This is no usable seed.", "Choose a whole number from 0 to 4294967295."),
)


def _range_obstacles(choices: Choices) -> list[Obstacle]:
    found = []
    for name, is_usable, cause, remedy in _RANGES:
        value = getattr(choices, name)
        if value is not None and not is_usable(value):
            found.append(Obstacle(cause, remedy, name))
    if any(width < 1 for width in choices.head_layers):
        found.append(Obstacle("A layer needs at least one unit.", "Choose widths of 1 or more.", "head_layers"))
    return found
