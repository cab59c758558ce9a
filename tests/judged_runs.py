"""Runs with answers that a test chooses: real run directories, no engine, no ONNX file and no figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from core.domain.annotation import Boxes
from core.domain.dataset import Image, Snapshot
from core.domain.prediction import BoxPrediction, ClassPrediction, FoundBox, PredictionSet
from core.domain.report import Report, SplitReport
from core.domain.run import FromScratch, RunSpec
from core.domain.task import Split, Task
from core.store.codec import write_json
from core.store.run_store import RunFolder, RunStore

THRESHOLD = 0.5
Answers = Mapping[str, Sequence[FoundBox]] | Mapping[str, Sequence[float]]  # by hash: boxes, or probabilities


def judged_run(
    project: Path, snapshot: Snapshot, answers: Answers, split: Split = Split.TEST, architecture: str = "simulated"
) -> RunFolder:
    """A run whose ONNX file gave ``answers`` about ``split``; boxes count from ``THRESHOLD`` up."""
    boxes = snapshot.task is Task.DETECTION
    spec = RunSpec(
        task=snapshot.task,
        engine="simulated",
        architecture=architecture,
        start=FromScratch(),
        snapshot=snapshot.data_hash(),
        epochs=1,
        batch_size=4,
        image_size=64,
        seed=0,
        patience=0,
        device="cpu",
        precision="fp32",
    )
    run = RunStore(project).create(spec, snapshot)
    if boxes:
        stored = PredictionSet(boxes={split.value: [BoxPrediction(name, tuple(one)) for name, one in answers.items()]})
    else:
        stored = PredictionSet(
            classes={split.value: [ClassPrediction(name, tuple(one)) for name, one in answers.items()]}
        )
    size = len(snapshot.classes) + boxes  # background comes last
    part = SplitReport(
        images=len(answers),
        metrics={},
        intervals={},
        classes=(),
        confusion=((0,) * size,) * size,
        threshold=THRESHOLD if boxes else None,
    )
    report = Report(
        run=run.id,
        task=snapshot.task,
        architecture=architecture,
        mode="scratch",
        classes=tuple(one.name for one in snapshot.classes),
        data_hash=snapshot.data_hash(),
        test_hash=snapshot.test_hash(),
        seed=0,
        val=part if split is Split.VAL else None,
        test=part if split is Split.TEST else None,
        parity=None,
        seconds_total=1.0,
        seconds_training=1.0,
        onnx="model.onnx",
        onnx_sha256="",
    )
    write_json(run.path / "predictions.json", stored)
    write_json(run.path / "report.json", report)
    return run


def true_boxes(snapshot: Snapshot, image: Image, score: float = 0.9) -> list[FoundBox]:
    """What a model would say that knows the truth."""
    assert isinstance(image.annotation, Boxes)
    place = snapshot.index_of()
    return [
        FoundBox(one.x_min, one.y_min, one.x_max, one.y_max, score, place[one.class_id])
        for one in image.annotation.boxes
    ]
