"""An engine without torch: deterministic curves, real files, faults on demand. It stands in for minutes of computing.

What it trains is real but tiny: a linear model of a picture's mean colour. Checkpoints, resume, ONNX and parity are
therefore the same as those of the other engines, only faster. ``RunSpec.architecture`` sets it up, for example
``simulated?epoch_seconds=0.05&kill_at=3``.
"""

import ctypes
import math
import os
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl

import msgspec
import numpy as np
import safetensors.numpy
from msgspec import Struct
from numpy.typing import NDArray

from core.data.images import read
from core.domain.annotation import Box, Boxes, class_ids
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.event import CheckpointSaved, DeviceChosen, EpochFinished, Phase, Progress
from core.domain.model_card import ModelCard, ResizeRule
from core.domain.prediction import BoxPrediction, ClassPrediction
from core.domain.task import Split, Task
from core.inference.onnx_model import INPUT, OUTPUT, found_boxes
from core.inference.preprocess import Placement, resize, to_input
from core.store.files import newest_whole, save_generation, write_atomic
from core.training.contract import Reporter, TrainingJob

_SAMPLE = 200  # training images that are looked at
_RESIZE = {Task.CLASSIFICATION: ResizeRule.STRETCH, Task.DETECTION: ResizeRule.LETTERBOX}
_SHARPNESS = 100.0  # of the softmax over squared colour distances

Weights = dict[str, NDArray[np.float32]]


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """What ``architecture`` may ask for. Faults named ``…_at`` strike once, in the middle of that epoch (1-based),
    and not again when the run is resumed."""

    epoch_seconds: float = 0.02
    batches: int = 10  # an epoch
    kill_at: int = 0  # ends itself by SIGKILL, as the system does when memory runs out
    segfault_at: int = 0
    exit_at: int = 0  # leaves with status 3, as a library that gives up
    hang_at: int = 0  # says nothing any more
    raise_at: int = 0  # an exception that nobody foresaw
    words: str = ""  # of that exception
    eat_at: int = 0  # takes memory until there is no more, up to ``megabytes``
    print_at: int = 0  # prints ``megabytes``
    megabytes: int = 1000
    nan_at: int = 0  # a loss that is not a number
    checkpoint_bytes: int = 0  # by which checkpoints are larger than they need to be
    library: str = ""  # a shared library to load first, such as one that does not exist
    parity_gap: float = 0.0  # by which ``predict`` departs from the exported file


class _State(Struct):
    """Everything to resume."""

    epoch: int
    best: float
    best_epoch: int
    noise: tuple[int, ...]  # of Python's Mersenne twister
    padding: str = ""


def fit(job: TrainingJob, report: Reporter) -> None:
    options = _options(job)
    if options.library:
        ctypes.CDLL(options.library)
    batch_size = job.spec.batch_size or 8
    report.emit(DeviceChosen(device="cpu", precision="fp32", batch_size=batch_size, why="The engine is simulated."))
    target = _learn(job, report)
    noise, state = _begin(job)
    while state.epoch < job.spec.epochs and not _is_patience_over(job, state):
        epoch = state.epoch + 1
        began = time.monotonic()
        loss = 2.0 * math.exp(-epoch / 5) + 0.05 * noise.random()
        _train(job, options, report, epoch, loss)
        finished = _finish(job, epoch, loss, noise.random(), state.best, time.monotonic() - began)
        report.emit(finished)
        if finished.best:
            progress = 1 - math.exp(-epoch)
            weights = {name: (values * progress).astype(np.float32) for name, values in target.items()}
            write_atomic(
                job.run_dir / "best.safetensors", safetensors.numpy.save(weights | {"places": target["places"]})
            )
        quality = max(state.best, _quality(finished.metrics))
        state = _State(
            epoch,
            quality,
            epoch if finished.best else state.best_epoch,
            noise.getstate()[1],
            " " * options.checkpoint_bytes,
        )
        save_generation(job.run_dir / "last.ckpt", lambda file: file.write(msgspec.json.encode(state)))  # noqa: B023
        report.emit(CheckpointSaved(epoch=epoch, path="last.ckpt"))


def export(job: TrainingJob, target: Path, report: Reporter) -> ModelCard:
    from onnx import TensorProto, checker, helper, numpy_helper

    report.emit(Progress(phase=Phase.EXPORTING, done=0, total=1))
    weights, size = _load(job), job.spec.image_size
    output = OUTPUT[job.spec.task]
    nodes = [
        helper.make_node("GlobalAveragePool", [INPUT], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["colours"]),
        helper.make_node("Gemm", ["colours", "weight", "bias"], ["logits"], transB=1),
    ]
    count = len(job.snapshot.classes)
    if job.spec.task is Task.CLASSIFICATION:
        nodes.append(helper.make_node("Softmax", ["logits"], [output]))
        shape: list[str | int] = ["n", count]
    else:
        weights["count"] = np.array([count], np.int64)
        weights["last"] = np.array([2], np.int64)
        nodes += [
            helper.make_node("Sigmoid", ["logits"], ["scores"]),
            helper.make_node("TopK", ["scores", "count"], ["sorted", "order"]),
            helper.make_node("Gather", ["places", "order"], ["corners"]),
            helper.make_node("Unsqueeze", ["sorted", "last"], ["score"]),
            helper.make_node("Cast", ["order"], ["index"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["index", "last"], ["class"]),
            helper.make_node("Concat", ["corners", "score", "class"], [output], axis=2),
        ]
        shape = ["n", count, 6]
    used = {name: values for name, values in weights.items() if any(name in node.input for node in nodes)}
    graph = helper.make_graph(
        nodes,
        "simulated",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", 3, size, size])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(values, name) for name, values in used.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    checker.check_model(model, full_check=True)
    write_atomic(target, model.SerializeToString())
    report.emit(Progress(phase=Phase.EXPORTING, done=1, total=1))
    return _card(job)


def predict(
    job: TrainingJob, images: Sequence[Image], report: Reporter
) -> Sequence[ClassPrediction] | Sequence[BoxPrediction]:
    weights, gap = _load(job), _options(job).parity_gap
    classes: list[ClassPrediction] = []
    boxes: list[BoxPrediction] = []
    for image in images:
        report.check_stop()
        colour, placement = _colour(job, image)
        logits = weights["weight"] @ colour + weights["bias"] + np.array([gap] + [0] * (len(weights["bias"]) - 1))
        if job.spec.task is Task.CLASSIFICATION:
            odds = np.exp(logits - logits.max())
            classes.append(ClassPrediction(image.hash, tuple((odds / odds.sum()).tolist())))
        else:
            scores = 1 / (1 + np.exp(-logits))
            rows = np.column_stack([weights["places"], scores, np.arange(len(scores))]).astype(np.float32)
            boxes.append(BoxPrediction(image.hash, found_boxes(rows, placement, len(scores))))
    return classes or boxes


def _options(job: TrainingJob) -> Options:
    query = job.spec.architecture.partition("?")[2]
    try:
        return msgspec.convert(dict(parse_qsl(query)), type=Options, strict=False)
    except msgspec.ValidationError as error:
        raise LensmithError(f"The simulated engine does not understand “{query}”: {error}.") from error


def _begin(job: TrainingJob) -> tuple[random.Random, _State]:
    noise = random.Random(job.spec.seed)
    checkpoint = newest_whole(job.run_dir / "last.ckpt") if job.resume else None
    if checkpoint is None:
        return noise, _State(0, -1.0, 0, noise.getstate()[1])
    state = msgspec.json.decode(checkpoint.read_bytes(), type=_State)
    noise.setstate((3, state.noise, None))
    return noise, state


def _is_patience_over(job: TrainingJob, state: _State) -> bool:
    return 0 < job.spec.patience <= state.epoch - state.best_epoch


def _train(job: TrainingJob, options: Options, report: Reporter, epoch: int, loss: float) -> None:
    for batch in range(1, options.batches + 1):
        report.check_stop()
        time.sleep(options.epoch_seconds / options.batches)
        if batch == (options.batches + 1) // 2 and not job.resume:
            _strike(options, epoch)
        value = math.nan if options.nan_at == epoch and not job.resume else loss
        rate = job.spec.learning_rate
        report.emit(
            Progress(
                phase=Phase.TRAINING, done=batch, total=options.batches, epoch=epoch, loss=value, learning_rate=rate
            )
        )


def _strike(options: Options, epoch: int) -> None:
    if epoch == options.kill_at:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    if epoch == options.segfault_at:
        ctypes.string_at(0)
    if epoch == options.exit_at:
        os._exit(3)
    if epoch == options.raise_at:
        raise RuntimeError(options.words or f"epoch {epoch} went wrong on purpose")
    if epoch == options.eat_at:
        _ = [bytearray(b"x" * 2**20) for _ in range(options.megabytes)]
    if epoch == options.print_at:
        for _ in range(options.megabytes):
            os.write(2, b"x" * (2**20 - 1) + b"\n")
    while epoch == options.hang_at:
        time.sleep(1)


def _finish(job: TrainingJob, epoch: int, loss: float, luck: float, best: float, seconds: float) -> EpochFinished:
    quality = 1 - math.exp(-epoch / 4) - 0.05 * luck
    names = ("accuracy", "macro_f1") if job.spec.task is Task.CLASSIFICATION else ("mAP50-95", "mAP50")
    has_val = bool(job.snapshot.part(Split.VAL))
    return EpochFinished(
        epoch=epoch,
        train_loss=loss,
        val_loss=loss * 1.1 if has_val else None,
        metrics=dict.fromkeys(names, quality) if has_val else {},
        learning_rate=job.spec.learning_rate,
        seconds=seconds,
        best=quality > best or not has_val,
    )


def _quality(metrics: dict[str, float]) -> float:
    return next(iter(metrics.values()), -1.0)


def _learn(job: TrainingJob, report: Reporter) -> Weights:
    """Nearest mean colour as a linear model ``weight [classes, 3]``, ``bias [classes]``; for detection each class's
    mean box of the input square, ``places [classes, 4]``, scored by how many images have the class."""
    count, index_of = len(job.snapshot.classes), job.snapshot.index_of()
    colours: list[list[NDArray[np.float32]]] = [[] for _ in range(count)]
    corners: list[list[tuple[float, ...]]] = [[] for _ in range(count)]
    images = job.snapshot.part(Split.TRAIN)[:_SAMPLE]
    for done, image in enumerate(images, start=1):
        report.check_stop()
        colour, placement = _colour(job, image)
        for class_id in class_ids(image.annotation):
            colours[index_of[class_id]].append(colour)
        for box in _boxes(image):
            corners[index_of[box.class_id]].append(placement.to_square(box.x_min, box.y_min, box.x_max, box.y_max))
        report.emit(Progress(phase=Phase.PREPARING, done=done, total=len(images)))
    means = np.array([np.mean(group, axis=0) if group else np.zeros(3) for group in colours])
    middle = (
        job.spec.image_size / 4,
        job.spec.image_size / 4,
        job.spec.image_size * 3 / 4,
        job.spec.image_size * 3 / 4,
    )
    boxes = np.array([np.mean(group or [middle], axis=0) for group in corners], np.float32)
    if job.spec.task is Task.CLASSIFICATION:
        weight, bias = 2 * _SHARPNESS * means, -_SHARPNESS * (means**2).sum(axis=1)
    else:
        share = np.clip([len(group) / max(len(images), 1) for group in colours], 0.05, 0.95)
        weight, bias = np.full((count, 3), 0.5), np.log(share / (1 - share))
    return {"weight": weight.astype(np.float32), "bias": bias.astype(np.float32), "places": boxes}


def _boxes(image: Image) -> Sequence[Box]:
    return image.annotation.boxes if isinstance(image.annotation, Boxes) else ()


def _colour(job: TrainingJob, image: Image) -> tuple[NDArray[np.float32], Placement]:
    """Mean of the three channels of the model's input."""
    square, placement = resize(read(Path(image.path)), job.spec.image_size, _RESIZE[job.spec.task])
    return to_input(square).mean(axis=(1, 2), dtype=np.float64).astype(np.float32), placement


def _load(job: TrainingJob) -> Weights:
    return safetensors.numpy.load_file(job.run_dir / "best.safetensors")


def _card(job: TrainingJob) -> ModelCard:
    return ModelCard(
        task=job.spec.task,
        architecture=job.spec.architecture,
        classes=tuple(image_class.name for image_class in job.snapshot.classes),
        image_size=job.spec.image_size,
        resize=_RESIZE[job.spec.task],
        run=job.run_dir.name,
        data_hash=job.snapshot.data_hash(),
        licence="AGPL-3.0-or-later",
    )
