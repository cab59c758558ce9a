"""Detection with ultralytics: the functions of ``core.training.contract.Backend``."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from msgspec.structs import replace

from core import __version__
from core.backends import ultralytics_network as networks
from core.backends.devices import (
    Device,
    Precision,
    autocast,
    choose_device,
    choose_precision,
    in_pieces,
    reuse_memory,
)
from core.backends.team import Team, device_of_member, short_of_memory, team, together
from core.backends.ultralytics_export import DetectorWithSuppression, export_onnx
from core.backends.ultralytics_training import SnapshotTraining, clean_up, load_checkpoint, out_of_memory
from core.data import images as pictures
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.event import DeviceChosen, Phase, Progress
from core.domain.model_card import ModelCard, ResizeRule
from core.domain.prediction import BoxPrediction
from core.domain.task import Split
from core.inference.onnx_model import found_boxes
from core.inference.preprocess import resize, to_input
from core.training.contract import Reporter, TrainingJob

_CPU_BATCH = 8
_PREDICT_BATCH = 8


def fit(job: TrainingJob, report: Reporter) -> None:
    """Train; out of memory halves the batch and goes on from the last finished epoch."""
    _check_images(job)
    device = choose_device(device_of_member(job.spec.device, team()))
    with together(device) as member:
        _train(job, report, device, member)


def _train(job: TrainingJob, report: Reporter, device: Device, member: Team) -> None:
    batch_size = job.spec.batch_size
    while True:
        saved = load_checkpoint(job)
        if saved is not None and (saved["done"] or saved["epoch"] >= job.spec.epochs):
            return
        if saved is not None:
            batch_size = min(batch_size or saved["batch_size"], saved["batch_size"])
        elif batch_size is None and member.size > 1:
            batch_size = _CPU_BATCH * member.size  # ultralytics measures what a card takes for a single one only
        chosen = _choose(job, device, batch_size)
        scratch = job.run_dir / ".ultralytics"
        training = SnapshotTraining(job, report, chosen, scratch, member)
        try:
            training.train()
            return
        except RuntimeError as error:
            if "out of memory" not in str(error).lower() or training.batch_size <= 1:
                raise
            if member.size > 1:
                raise short_of_memory(device, training.batch_size) from error
        finally:
            clean_up(scratch)
        batch_size = training.batch_size // 2
        report.emit(out_of_memory(training.batch_size, batch_size))
        job = replace(job, resume=job.resume or training.finished_epochs > 0)


def export(job: TrainingJob, target: Path, report: Reporter) -> ModelCard:
    """Write the best weights as ONNX; they always compute in fp32 on the processor here."""
    report.emit(Progress(phase=Phase.EXPORTING, done=0, total=1))
    export_onnx(_best(job), target)
    report.emit(Progress(phase=Phase.EXPORTING, done=1, total=1))
    spec, snapshot = job.spec, job.snapshot
    return ModelCard(
        task=snapshot.task,
        architecture=spec.architecture,
        classes=tuple(c.name for c in snapshot.classes),
        image_size=spec.image_size,
        resize=ResizeRule.LETTERBOX,
        run=job.run_dir.name,
        data_hash=snapshot.data_hash(),
        licence=networks.LICENCE,
        made_by=f"lensmith {__version__}",
    )


def predict(job: TrainingJob, images: Sequence[Image], report: Reporter) -> list[BoxPrediction]:
    """Answers of the best weights by PyTorch in fp32, on the device that trained."""
    device = torch.device(choose_device(job.spec.devices[0]).name)
    torch.backends.cudnn.allow_tf32 = False  # a convolution in TF32 differs from ONNX Runtime by 1e-3
    model = _best(job).to(device)
    answers: list[BoxPrediction] = []
    for start in range(0, len(images), _PREDICT_BATCH):
        batch = images[start : start + _PREDICT_BATCH]
        placed = [resize(pictures.read(image.path), job.spec.image_size, ResizeRule.LETTERBOX) for image in batch]
        inputs = torch.from_numpy(np.stack([to_input(square) for square, _ in placed]))
        with torch.inference_mode():
            rows = in_pieces(lambda part: model(part.to(device)).cpu(), inputs).numpy()
        for image, (_, placement), found in zip(batch, placed, rows, strict=True):
            answers.append(BoxPrediction(image.hash, found_boxes(found, placement, len(job.snapshot.classes))))
    return answers


def _choose(job: TrainingJob, device: Device, batch_size: int | None) -> DeviceChosen:
    """``batch_size`` -1 leaves it to ultralytics, which measures what the card takes."""
    spec = job.spec
    if not device.is_cuda:
        reuse_memory()
        precision = Precision("fp32" if spec.precision == "auto" else spec.precision, "")
        return DeviceChosen(
            device=device.name, precision=precision.name, batch_size=batch_size or _CPU_BATCH, why=device.why
        )
    precision = choose_precision(spec.precision, device, _training_step(job, device))
    return DeviceChosen(
        device=device.name,
        precision=precision.name,
        batch_size=batch_size or -1,
        why=f"{device.why} {precision.why}",
    )


def _training_step(job: TrainingJob, device: Device) -> Callable[[str], object]:
    """One forward and backward pass in a named precision, to be timed. Not run on CUDA."""
    network = networks.build(job.spec.architecture, len(job.snapshot.classes)).to(device.name).train()
    batch = torch.rand(job.spec.batch_size or 4, 3, job.spec.image_size, job.spec.image_size, device=device.name)

    def step(precision: str) -> None:
        with autocast(device, precision):
            answers = network(batch)
        torch.stack([tensor.float().mean() for tensor in _tensors(answers)]).sum().backward()

    return step


def _tensors(answers: object) -> Iterator[torch.Tensor]:
    """The tensors in a nest of tuples and dicts that depend on a weight."""
    if isinstance(answers, torch.Tensor):
        if answers.requires_grad:
            yield answers
    elif isinstance(answers, dict | list | tuple):
        for answer in answers.values() if isinstance(answers, dict) else answers:
            yield from _tensors(answer)


def _best(job: TrainingJob) -> DetectorWithSuppression:
    state = networks.load_weights(job.run_dir / "best.safetensors")
    network = networks.build(job.spec.architecture, len(job.snapshot.classes), like=state)
    network.load_state_dict(state)
    return DetectorWithSuppression(network, job.spec.architecture, job.spec.image_size)


def _check_images(job: TrainingJob) -> None:
    wanted = [image.path for split in (Split.TRAIN, Split.VAL) for image in job.snapshot.part(split)]
    missing = [path for path in wanted if not Path(path).is_file()]
    if missing:
        raise LensmithError(
            f"{len(missing)} of {len(wanted)} images of this run are not where they were, the first is {missing[0]}.",
            "Tell the project where the folder is now, or import it again.",
        )
    if job.spec.image_size % 32:
        raise LensmithError(f"{job.spec.image_size} px is no multiple of 32.", "Choose a size like 320 or 640.")
