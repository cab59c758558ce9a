"""Classification with timm's networks: the back-end ``timm`` of ``core.training.contract``."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import torch
from safetensors.torch import load_file

from core.backends.classifier_data import Pictures
from core.backends.classifier_folds import judge_folds
from core.backends.classifier_head import BATCH, gather, train_head, warm_up
from core.backends.classifier_model import Classifier, State, build, start_from
from core.backends.classifier_session import BEST, Session, Stopwatch, answers
from core.backends.classifier_training import predict_logits, train_everything
from core.backends.devices import choose_device, reuse_memory
from core.backends.onnx_export import export_classifier
from core.backends.team import device_of_member, team, together
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.event import LogLine, Phase, Progress
from core.domain.model_card import ModelCard
from core.domain.prediction import ClassPrediction
from core.domain.run import FineTune, FromScratch, RunSpec, Transfer, weights_of
from core.domain.task import Task
from core.store.files import file_sha256
from core.training.contract import Reporter, TrainingJob

UNFROZEN_SCALE = 0.1  # the backbone's share of the learning rate once a transfer run unfreezes it
WARM_UP = {
    "epochs": 60,
    "batch_size": BATCH,
    "learning_rate": 1e-3,
    "optimizer": "adamw",
    "schedule": "cosine",
    "warmup_epochs": 0.0,
}


def fit(job: TrainingJob, report: Reporter) -> None:
    """Train as ``job.spec`` says: from scratch, the head on cached features, or the head first and then everything."""
    reuse_memory()
    spec = job.spec
    device = choose_device(device_of_member(spec.device, team()))
    with _repeatable(on_cuda=device.is_cuda), together(device) as member:
        torch.manual_seed(spec.seed)
        model = build(spec, len(job.snapshot.classes))
        session = Session(job, report, device, model, member)
        resumed = session.restore() if job.resume else None
        stage = resumed["stage"] if resumed else None
        if stage != "everything" and not isinstance(spec.start, FromScratch):
            _start_from_weights(session)

        match spec.start:
            case FromScratch():
                train_everything(session, 1.0, resumed)
            case Transfer(unfreeze_after=unfreeze):
                if stage != "everything" and member.leads:
                    _transfer(session, spec if unfreeze is None else _shortened(spec, unfreeze), resumed)
                session.epoch = member.agree(session.epoch)
                if unfreeze is not None and session.epoch < spec.epochs:
                    train_everything(session, UNFROZEN_SCALE, resumed if stage == "everything" else None)
            case FineTune(backbone_lr_scale=scale):
                if stage != "everything" and member.leads:
                    _warm_up(session)
                train_everything(session, scale, resumed)


def export(job: TrainingJob, target: Path, report: Reporter) -> ModelCard:
    """Write the best weights as one ONNX file: normalisation and softmax inside, any batch size."""
    report.emit(Progress(phase=Phase.EXPORTING, done=0, total=1))
    model = _best_model(job)
    export_classifier(model, target)
    report.emit(Progress(phase=Phase.EXPORTING, done=1, total=1))
    how, start = model.preprocessing, weights_of(job.spec.start)
    return ModelCard(
        task=Task.CLASSIFICATION,
        architecture=job.spec.architecture,
        classes=tuple(image_class.name for image_class in job.snapshot.classes),
        image_size=how.size,
        resize=how.resize,
        interpolation=how.interpolation,
        mean=how.mean,
        std=how.std,
        run=job.run_dir.name,
        data_hash=job.snapshot.data_hash(),
        licence=getattr(start, "licence", ""),
    )


def predict(job: TrainingJob, images: Sequence[Image], report: Reporter) -> Sequence[ClassPrediction]:
    """The best weights' probabilities by PyTorch in fp32 on the processor."""
    reuse_memory()
    model = _best_model(job)
    logits = predict_logits(model, Pictures(images, model.preprocessing), "cpu", report)
    return answers([image.hash for image in images], logits)


def out_of_fold(job: TrainingJob, folds: Sequence[Sequence[str]], report: Reporter) -> list[ClassPrediction]:
    """Answers about every image of ``folds`` (hashes) by heads that trained on the other folds; the start weights'
    backbone is frozen, so it looks at each picture once. All images are of the part train."""
    reuse_memory()
    device = choose_device(job.spec.devices[0])
    with _repeatable(on_cuda=device.is_cuda):
        torch.manual_seed(job.spec.seed)
        session = Session(job, report, device, build(job.spec, len(job.snapshot.classes)))
        _start_from_weights(session)
        return judge_folds(session, _sha256(job.weights), folds, msgspec.structs.replace(job.spec, **WARM_UP))


def _start_from_weights(session: Session) -> None:
    job = session.job
    state = read_weights(job.weights)
    kept = start_from(session.model, state, job.previous_classes, job.snapshot.classes)
    if kept:
        session.report.emit(LogLine(text=f"The head keeps what it knew of: {', '.join(kept)}."))


def _transfer(session: Session, spec: RunSpec, resumed: dict[str, object] | None) -> None:
    """Only the head trains, on features that are computed once."""
    session.tell_device("fp32", spec.batch_size or BATCH, "Features are computed once, the head trains on them.")
    data = gather(session, _sha256(session.job.weights))
    train_head(session, data, spec, resumed)


def _warm_up(session: Session) -> None:
    """Give fine-tuning a trained head to start from; as epoch 0 it is a candidate for the best epoch."""
    watch = Stopwatch()
    session.tell_device("fp32", BATCH, "The head is trained first, on features that are computed once.")
    data = gather(session, _sha256(session.job.weights))
    logits = warm_up(session, data, msgspec.structs.replace(session.spec, **WARM_UP))
    session.finish_epoch(0, 0.0, logits, 0.0, watch.lap())
    session.save_best(session.model.weights())
    session.show_samples(logits)


def _shortened(spec: RunSpec, epochs: int) -> RunSpec:
    """The head's part of a run that unfreezes later: its own schedule, and no end before its time."""
    return msgspec.structs.replace(spec, epochs=min(epochs, spec.epochs), patience=0)


def _best_model(job: TrainingJob) -> Classifier:
    model = build(job.spec, len(job.snapshot.classes))
    model.load_weights(read_weights(job.run_dir / BEST))
    return model.eval().to(memory_format=torch.channels_last)


def read_weights(path: Path | None) -> State:
    """Tensors of a safetensors file; raises ``LensmithError`` when it cannot be read."""
    if path is None:
        raise LensmithError("This run has no start weights.", "Import weights, or choose the mode scratch.")
    try:
        return load_file(path)
    except Exception as error:  # safetensors has its own error class, and OSError for the rest
        raise LensmithError(f"{path} cannot be read as safetensors.", "Import or train these weights again.") from error


def _sha256(path: Path | None) -> str:
    assert path is not None
    return file_sha256(path)


@contextmanager
def _repeatable(*, on_cuda: bool) -> Iterator[None]:
    """Deterministic algorithms on the processor, where they cost nothing; on CUDA they would cost a tenth and more."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(not on_cuda)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
