"""How good a model is. ``report.json`` of a run is one ``Report``, computed on its ONNX file."""

from msgspec import Struct

from core.domain.task import Task
from core.domain.usage import Usage


class Interval(Struct, frozen=True, array_like=True):
    """95 % confidence interval."""

    low: float
    high: float


class ClassScores(Struct, frozen=True, kw_only=True):
    """One class of a report; ``ap50_95`` and ``ap50`` only for boxes. ``None``: undefined (no such images)."""

    name: str
    count: int  # images or boxes of this class in the ground truth
    precision: float | None
    recall: float | None
    f1: float | None
    ap50_95: float | None = None
    ap50: float | None = None


class PrCurve(Struct, frozen=True, kw_only=True):
    """Precision over recall at IoU 0.5, 101 recall points 0, 0.01 … 1 (COCO)."""

    name: str
    precision: tuple[float, ...]


class SplitReport(Struct, frozen=True, kw_only=True):
    """Metrics on one split.

    ``metrics``: ``accuracy`` and ``macro_f1``, or ``mAP50-95``, ``mAP50``, ``precision``, ``recall``.
    ``confusion[t][p]``: images (or boxes at ``threshold`` and IoU 0.5) of truth ``t`` predicted ``p``; for
    boxes a last row and column stand for background.
    """

    images: int
    metrics: dict[str, float]
    intervals: dict[str, Interval]
    classes: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]
    curves: tuple[PrCurve, ...] = ()
    threshold: float | None = None


class Parity(Struct, frozen=True, kw_only=True):
    """The gap between PyTorch and the ONNX file over the whole validation split.

    ``max_abs_diff``: of probabilities, or of scores after matching; ``max_box_diff``: pixels of the input square;
    ``unmatched``: boxes above the threshold that only one of both found.
    """

    passed: bool
    images: int
    max_abs_diff: float
    tolerance: float
    max_box_diff: float | None = None
    unmatched: int = 0
    metric: str  # "accuracy" or "mAP50-95"
    metric_torch: float
    metric_onnx: float


class Report(Struct, frozen=True, kw_only=True):
    schema_version: int = 1
    run: str
    task: Task
    architecture: str
    mode: str
    classes: tuple[str, ...]
    data_hash: str
    test_hash: str
    seed: int
    val: SplitReport | None
    test: SplitReport | None
    parity: Parity | None
    seconds_total: float
    seconds_training: float
    onnx: str  # file name in the run directory
    onnx_sha256: str
    usage: Usage | None = None  # of all attempts; ``None`` in reports of before it was counted
    latency_ms: float | None = None  # median of one picture through the ONNX file on the processor, decoding left out


MAIN_METRIC = {Task.CLASSIFICATION: "accuracy", Task.DETECTION: "mAP50-95"}
