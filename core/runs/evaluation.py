"""The report of a run, computed on the ONNX file that ships."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import onnx
import onnx.checker
import onnx.shape_inference

from core import __version__
from core.data.images import read
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.event import ArtifactReady, Phase, Progress, Warned
from core.domain.model_card import ModelCard
from core.domain.prediction import BoxPrediction, ClassPrediction, PredictionSet
from core.domain.report import MAIN_METRIC, Parity, Report, SplitReport
from core.domain.run import mode_of
from core.domain.task import Split, Task
from core.domain.usage import Usage
from core.inference.onnx_model import OnnxModel, attach_card
from core.inference.preprocess import Pixels
from core.metrics import classification_report, detection_report
from core.runs.forgetting import measure as measure_forgetting
from core.runs.latency import latency_ms
from core.runs.parity import PROBABILITY_TOLERANCE, SCORE_TOLERANCE, box_gap, probability_gap
from core.store.codec import write_json
from core.store.files import file_sha256
from core.training.contract import Backend, Reporter, TrainingJob

WEIGHTS = "best.safetensors"
ONNX = "model.onnx"
PREDICTIONS = "predictions.json"
REPORT = "report.json"
_PARITY_SAMPLE = 200  # training images for parity when there is no validation split

Predictions = Sequence[ClassPrediction] | Sequence[BoxPrediction]


def evaluate(
    job: TrainingJob,
    backend: Backend,
    card: ModelCard,
    report: Reporter,
    seconds: Callable[[], tuple[float, float]],
    usage: Callable[[], Usage | None] = lambda: None,
) -> Report:
    """Complete ``model.onnx`` with its card, measure it, write ``predictions.json`` and ``report.json``.

    ``seconds`` tells, when the report is written, how long the whole run and its training took, ``usage`` what it took.
    The detection threshold is the one with the best F1 on the validation split; the test split only judges.
    Without validation images parity is measured on up to 200 training images, and the threshold stays as it was.
    """
    path = job.run_dir / ONNX
    progress = _Verifying(job, report)
    card = msgspec.structs.replace(card, made_by=f"lensmith {__version__}")
    attach_card(path, card)
    val_images, val_answers = _answers(path, job.snapshot.part(Split.VAL), progress, report)
    val = _judge(job, val_images, val_answers)
    if val is not None and val.threshold is not None:
        card = msgspec.structs.replace(card, threshold=val.threshold)
        attach_card(path, card)
    _check(path)
    test_images, test_answers = _answers(path, job.snapshot.part(Split.TEST), progress, report)
    test = _judge(job, test_images, test_answers, card.threshold)
    report.emit(ArtifactReady(kind="onnx", path=ONNX))

    if not val_images:
        sample = job.snapshot.part(Split.TRAIN)[:_PARITY_SAMPLE]
        val_images, val_answers = _answers(path, sample, progress, report)
    parity = _parity(job, card, val_images, backend.predict(job, val_images, report), val_answers)
    if parity is not None and not parity.passed:
        report.emit(_parity_warning(parity))
    progress.advance(len(val_images))

    _write_predictions(job, {"val": val_answers if val else [], "test": test_answers})
    report.emit(ArtifactReady(kind="predictions", path=PREDICTIONS))
    measure_forgetting(
        job,
        [*(val_answers if val else []), *test_answers],
        card.threshold,
        lambda images: _answers(path, images, progress, report)[1],
        report,
    )
    speed = latency_ms(path, test_images or val_images)
    plain = _report(job, path, (val, test, parity), seconds())
    result = msgspec.structs.replace(plain, usage=usage(), latency_ms=speed)
    write_json(job.run_dir / REPORT, result)
    report.emit(ArtifactReady(kind="report", path=REPORT))
    return result


def _check(path: Path) -> None:
    """ONNX's own checker, with inference of all shapes."""
    try:
        onnx.checker.check_model(str(path), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise LensmithError(
            f"{path} is not valid ONNX: {error}", "Report this: it is a mistake of Lensmith."
        ) from error


class _Verifying:
    """Counts images through all steps of the evaluation."""

    def __init__(self, job: TrainingJob, report: Reporter) -> None:
        val, test = len(job.snapshot.part(Split.VAL)), len(job.snapshot.part(Split.TEST))
        compared = val or 2 * min(_PARITY_SAMPLE, len(job.snapshot.part(Split.TRAIN)))
        self._total, self._done, self._report = val + test + compared, 0, report

    def advance(self, images: int) -> None:
        self._done = min(self._done + images, self._total)
        self._report.emit(Progress(phase=Phase.VERIFYING, done=self._done, total=self._total))


def _answers(
    path: Path, images: Sequence[Image], progress: _Verifying, report: Reporter
) -> tuple[list[Image], Predictions]:
    """What the file says about ``images``; those that cannot be read any more are named and left out."""
    readable: list[Image] = []

    def pictures() -> Iterator[tuple[str, Pixels]]:
        for image in images:
            progress.advance(1)
            try:
                picture = read(Path(image.path))
            except LensmithError as error:
                report.emit(Warned(cause=f"{error.cause} It is left out of the report.", remedy=error.remedy))
                continue
            readable.append(image)
            yield image.hash, picture

    answers = cast(Predictions, list(OnnxModel.open(path).predict(pictures())) if images else [])
    return readable, answers


def _judge(
    job: TrainingJob, images: Sequence[Image], answers: Predictions, threshold: float | None = None
) -> SplitReport | None:
    """Metrics by the one referee; ``None`` when there are no images."""
    if not images:
        return None
    snapshot = job.snapshot
    names = [image_class.name for image_class in snapshot.classes]
    if snapshot.task is Task.CLASSIFICATION:
        truth = [snapshot.class_index(image) for image in images]
        return classification_report(
            truth, np.array([a.probabilities for a in cast(list[ClassPrediction], answers)]), names
        )
    return detection_report(images, snapshot.index_of(), cast(list[BoxPrediction], answers), names, threshold)


def _parity(
    job: TrainingJob, card: ModelCard, images: Sequence[Image], by_engine: Predictions, by_file: Predictions
) -> Parity | None:
    engine_report, file_report = (_judge(job, images, found, card.threshold) for found in (by_engine, by_file))
    if engine_report is None or file_report is None:
        return None
    if card.task is Task.CLASSIFICATION:
        scores = probability_gap(cast(list[ClassPrediction], by_engine), cast(list[ClassPrediction], by_file))
        tolerance, boxes, passed = PROBABILITY_TOLERANCE, None, scores <= PROBABILITY_TOLERANCE
    else:
        boxes = box_gap(images, cast(list[BoxPrediction], by_engine), cast(list[BoxPrediction], by_file), card)
        tolerance, scores, passed = SCORE_TOLERANCE, boxes.scores, boxes.passed
    metric = MAIN_METRIC[card.task]
    return Parity(
        passed=passed,
        images=len(images),
        max_abs_diff=scores,
        tolerance=tolerance,
        max_box_diff=boxes.boxes if boxes else None,
        unmatched=boxes.unmatched if boxes else 0,
        metric=metric,
        metric_torch=engine_report.metrics[metric],
        metric_onnx=file_report.metrics[metric],
    )


def _parity_warning(parity: Parity) -> Warned:
    lost = f" {parity.unmatched} boxes were found by one of both only." if parity.unmatched else ""
    return Warned(
        cause=f"The ONNX file answers otherwise than PyTorch: difference {parity.max_abs_diff:.2g},"
        f" allowed {parity.tolerance:.2g}.{lost}",
        remedy="The report's metrics are those of the ONNX file; look at them before you ship it.",
    )


def _write_predictions(job: TrainingJob, answers: dict[str, Predictions]) -> None:
    stored = {name: list(found) for name, found in answers.items() if found}
    if job.snapshot.task is Task.CLASSIFICATION:
        whole = PredictionSet(classes=cast(dict[str, list[ClassPrediction]], stored))
    else:
        whole = PredictionSet(boxes=cast(dict[str, list[BoxPrediction]], stored))
    write_json(job.run_dir / PREDICTIONS, whole)


def _report(
    job: TrainingJob,
    path: Path,
    results: tuple[SplitReport | None, SplitReport | None, Parity | None],
    seconds: tuple[float, float],
) -> Report:
    val, test, parity = results
    return Report(
        run=job.run_dir.name,
        task=job.spec.task,
        architecture=job.spec.architecture,
        mode=mode_of(job.spec.start),
        classes=tuple(image_class.name for image_class in job.snapshot.classes),
        data_hash=job.snapshot.data_hash(),
        test_hash=job.snapshot.test_hash(),
        seed=job.spec.seed,
        val=val,
        test=test,
        parity=parity,
        seconds_total=seconds[0],
        seconds_training=seconds[1],
        onnx=ONNX,
        onnx_sha256=file_sha256(path),
    )
