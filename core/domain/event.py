"""What a run says while it goes. ``events.jsonl`` is one event a line.

Grammar of a file: ``Started body* Finished (Resumed body* Finished)*``. Every attempt ends in exactly one
``Finished``, also after ``kill -9``: then the supervisor writes it. ``seq`` counts 0, 1, 2 … over the whole
file and orders events; ``time`` (Unix seconds) is for display alone, since clocks jump.
"""

from enum import StrEnum

from msgspec import Struct

from core.domain.usage import Usage


class Outcome(StrEnum):
    """How an attempt ended."""

    COMPLETED = "completed"
    STOPPED = "stopped"  # by the user; the best weights so far are exported
    FAILED = "failed"  # by a cause the worker could name
    INTERRUPTED = "interrupted"  # the worker died; resumable


class Phase(StrEnum):
    """The stretch of work that a ``Progress`` counts."""

    PREPARING = "preparing"  # decoding pictures, computing features
    TRAINING = "training"
    EXPORTING = "exporting"
    VERIFYING = "verifying"  # evaluating the ONNX file, parity


class RunEvent(Struct, frozen=True, kw_only=True, gc=False):
    """Base of all events; the emitter fills in ``seq`` and ``time``."""

    seq: int = 0
    time: float = 0.0


class Started(RunEvent, frozen=True, tag="started"):
    """First event. ``device`` is what was really taken, with the reason when it is not what was asked for."""

    run: str
    pid: int
    epochs: int


class Resumed(RunEvent, frozen=True, tag="resumed"):
    """A further attempt begins; ``epoch`` epochs were told before (0: no whole checkpoint, it starts over).

    When the checkpoint is older than that, epochs are told again: the newest telling of an epoch counts.
    """

    epoch: int
    pid: int


class DeviceChosen(RunEvent, frozen=True, tag="device"):
    """Where and how it computes: ``precision`` fp32, bf16 or fp16; ``why`` is one sentence."""

    device: str
    precision: str
    batch_size: int
    why: str


class Progress(RunEvent, frozen=True, tag="progress"):
    """``done`` of ``total`` units of a phase. In training, units are batches of ``epoch`` (1-based)."""

    phase: Phase
    done: int
    total: int
    epoch: int = 0
    loss: float | None = None  # of this batch
    learning_rate: float | None = None


class EpochFinished(RunEvent, frozen=True, tag="epoch"):
    """One epoch is done. ``metrics`` are on the validation split by the engine ("training mAP" for boxes):
    keys ``accuracy`` and ``macro_f1``, or ``mAP50-95`` and ``mAP50``."""

    epoch: int  # 1-based; 0 is the trained head that fine-tuning starts from
    train_loss: float
    val_loss: float | None
    metrics: dict[str, float]
    learning_rate: float
    seconds: float
    best: bool  # the best validation metric so far


class CheckpointSaved(RunEvent, frozen=True, tag="checkpoint"):
    """``path`` (relative to the run directory) holds everything to resume after ``epoch`` epochs."""

    epoch: int
    path: str


class SamplePredictions(RunEvent, frozen=True, tag="samples"):
    """``path`` (relative) is a JSON file with predictions on a few validation images after ``epoch``."""

    epoch: int
    path: str


class Warned(RunEvent, frozen=True, tag="warned"):
    """Something the user should know; the run goes on."""

    cause: str
    remedy: str = ""


class LogLine(RunEvent, frozen=True, tag="log"):
    text: str


class ArtifactReady(RunEvent, frozen=True, tag="artifact"):
    """A file of the run directory is whole: ``kind``: "weights", "onnx", "predictions", "forgetting" or "report"."""

    kind: str
    path: str


class Used(RunEvent, frozen=True, tag="used"):
    """What this attempt has taken so far; the newest counts. Told every ten seconds and right before ``Finished``,
    so that of an attempt that died at most the last ten seconds are not counted."""

    usage: Usage


class Finished(RunEvent, frozen=True, tag="finished"):
    """Last event of an attempt; ``reason`` is a sentence, ``remedy`` too where there is one."""

    outcome: Outcome
    reason: str = ""
    remedy: str = ""
    out_of_memory: bool = False  # of the machine or of a card: less at once may fit


Event = (
    Started
    | Resumed
    | DeviceChosen
    | Progress
    | EpochFinished
    | CheckpointSaved
    | SamplePredictions
    | Warned
    | LogLine
    | ArtifactReady
    | Used
    | Finished
)
