from pathlib import Path
from typing import Any

import pytest
import torch
from msgspec.structs import replace
from ultralytics.data.augment import RandomFlip

from core.backends import ultralytics_detector as detector
from core.backends import ultralytics_network as networks
from core.backends.ultralytics_training import SnapshotTraining, head_warmup_epochs
from core.domain.dataset import ImageClass
from core.domain.errors import LensmithError
from core.domain.event import CheckpointSaved, DeviceChosen, EpochFinished, Progress, SamplePredictions, Warned
from core.domain.prediction import PredictionSet
from core.domain.run import FineTune, RunWeights, Transfer
from core.store.codec import read_json
from core.store.files import newest_whole
from core.training.contract import StopRequested
from tests.detection_jobs import Recorder, make_job
from tests.simulated_runs import CLASSES

REF = RunWeights(run="0001", sha256="", classes=CLASSES)


@pytest.fixture(scope="module")
def start_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "best.safetensors"
    networks.save_weights(path, networks.build("yolov8n", 2).state_dict(), "yolov8n", CLASSES)
    return path


def split_state(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Tensors of body and head, batch-norm statistics among them."""
    state = networks.load_weights(path)
    head = f"model.{max(int(name.split('.')[1]) for name in state)}."
    return {n: t for n, t in state.items() if head not in n}, {n: t for n, t in state.items() if head in n}


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}


def without_time(epoch: EpochFinished) -> EpochFinished:
    return replace(epoch, seconds=0.0)


def test_that_a_run_from_scratch_tells_its_course_and_leaves_only_its_own_files(tmp_path: Path) -> None:
    job = make_job(tmp_path)
    pictures = sorted((tmp_path / "pictures").iterdir())
    report = Recorder()
    detector.fit(job, report)

    kinds = [type(event) for event in report.events]
    assert kinds.index(DeviceChosen) < kinds.index(EpochFinished)
    assert [e.epoch for e in report.epochs] == [1, 2]
    assert all(set(e.metrics) == {"mAP50-95", "mAP50"} and e.val_loss for e in report.epochs)
    assert [e.epoch for e in report.events if isinstance(e, CheckpointSaved)] == [1, 2]
    batches = [e for e in report.events if isinstance(e, Progress) and e.epoch == 2]
    assert batches[-1].done == batches[-1].total == 2
    assert batches[-1].loss is not None
    assert batches[-1].learning_rate == pytest.approx(0.0005)  # half a cosine of 0.001

    samples = [e for e in report.events if isinstance(e, SamplePredictions)]
    shown = read_json(job.run_dir / samples[-1].path, PredictionSet)
    assert len(shown.boxes["val"]) == 4

    kept = {path.name for path in job.run_dir.iterdir()}
    assert kept == {"best.safetensors", "last.ckpt", "last.ckpt.previous", "last.ckpt.whole.json", "samples"}
    assert sorted((tmp_path / "pictures").iterdir()) == pictures


def test_that_transfer_leaves_the_body_bit_equal_with_its_batch_norm_statistics(
    tmp_path: Path, start_weights: Path
) -> None:
    job = make_job(tmp_path, start=Transfer(REF), weights=start_weights, previous_classes=CLASSES, learning_rate=0.01)
    detector.fit(job, Recorder())
    body, head = split_state(start_weights)
    body_now, head_now = split_state(job.run_dir / "best.safetensors")
    assert any("running_mean" in name for name in body)
    assert changed(body, body_now) == set()
    assert any("running_mean" in name for name in changed(head, head_now))
    assert any(name.endswith("cv3.0.2.weight") for name in changed(head, head_now))


def test_that_transfer_can_unfreeze_after_some_epochs(tmp_path: Path, start_weights: Path) -> None:
    start = Transfer(REF, unfreeze_after=1)
    job = make_job(tmp_path, start=start, weights=start_weights, previous_classes=CLASSES, learning_rate=0.01)
    checkpoints: list[dict[str, torch.Tensor]] = []

    def look(event: object) -> None:
        if isinstance(event, CheckpointSaved):
            checkpoints.append(torch.load(job.run_dir / "last.ckpt", weights_only=True)["model"])

    detector.fit(job, Recorder(look))
    body, _ = split_state(start_weights)
    first, second = ({n: t for n, t in checkpoint.items() if n in body} for checkpoint in checkpoints)
    assert changed(body, first) == set()
    assert len(changed(first, second)) > len(body) / 2


def test_that_fine_tune_warms_up_the_head_and_then_moves_the_body_at_its_own_rate(
    tmp_path: Path, start_weights: Path
) -> None:
    start = FineTune(REF, backbone_lr_scale=0.25)
    job = make_job(tmp_path, start=start, weights=start_weights, previous_classes=CLASSES, learning_rate=0.004)
    checkpoints: list[dict[str, Any]] = []

    def look(event: object) -> None:
        if isinstance(event, CheckpointSaved):
            checkpoints.append(torch.load(job.run_dir / "last.ckpt", weights_only=True))

    detector.fit(job, Recorder(look))
    body, _ = split_state(start_weights)
    first, second = ({n: t for n, t in saved["model"].items() if n in body} for saved in checkpoints)
    assert changed(body, first) == set()
    assert len(changed(first, second)) > len(body) / 2
    rates = {group["initial_lr"] for group in checkpoints[0]["optimizer"]["param_groups"]}
    assert rates == {0.004, 0.001}


@pytest.mark.parametrize("mirror", [True, False])
def test_that_pictures_are_mirrored_only_where_that_is_right(tmp_path: Path, mirror: bool) -> None:
    job = make_job(tmp_path, augmentation="strong", mirror=mirror)
    chosen = DeviceChosen(device="cpu", precision="fp32", batch_size=2, why="")
    training = SnapshotTraining(job, Recorder(), chosen, tmp_path / "scratch")
    training._setup_train()
    flips = [one for one in training.train_loader.dataset.transforms.tolist() if isinstance(one, RandomFlip)]
    assert {one.direction: one.p for one in flips} == {"vertical": 0.0, "horizontal": 0.5 if mirror else 0.0}


def test_that_the_head_alone_warms_up_for_a_tenth_of_the_epochs() -> None:
    assert [head_warmup_epochs(epochs) for epochs in (1, 2, 10, 20, 30, 300)] == [0, 1, 1, 2, 3, 3]


def test_that_a_stopped_run_resumes_to_the_same_weights_as_one_that_was_never_stopped(tmp_path: Path) -> None:
    whole, broken = make_job(tmp_path, run="whole", epochs=3), make_job(tmp_path, run="broken", epochs=3)
    undisturbed = Recorder()
    detector.fit(whole, undisturbed)

    report = Recorder()

    def stop_in_second_epoch(event: object) -> None:
        if isinstance(event, Progress) and event.epoch == 2:
            report.stop = StopRequested()

    report.react = stop_in_second_epoch
    with pytest.raises(StopRequested):
        detector.fit(broken, report)
    assert len(report.epochs) == 1
    assert (broken.run_dir / "best.safetensors").exists()

    second = Recorder()
    detector.fit(replace(broken, resume=True), second)
    assert [*map(without_time, report.epochs + second.epochs)] == [*map(without_time, undisturbed.epochs)]
    states = [networks.load_weights(job.run_dir / "best.safetensors") for job in (whole, broken)]
    assert changed(*states) == set()


def test_that_resuming_a_finished_run_trains_no_more(tmp_path: Path) -> None:
    job = make_job(tmp_path, epochs=1)
    detector.fit(job, Recorder())
    report = Recorder()
    detector.fit(replace(job, resume=True), report)
    assert report.events == []


def test_that_the_newest_whole_checkpoint_is_resumed_when_the_last_is_torn(tmp_path: Path) -> None:
    job = make_job(tmp_path, epochs=2)
    detector.fit(job, Recorder())
    whole = (job.run_dir / "last.ckpt").read_bytes()
    (job.run_dir / "last.ckpt").write_bytes(whole[: len(whole) // 2])
    assert newest_whole(job.run_dir / "last.ckpt") == job.run_dir / "last.ckpt.previous"
    report = Recorder()
    detector.fit(replace(job, resume=True), report)
    assert [e.epoch for e in report.epochs] == [2]


def test_that_patience_ends_a_run_that_no_longer_gets_better(tmp_path: Path) -> None:
    class Flat(SnapshotTraining):
        def validate(self) -> tuple[dict[str, float], float]:
            return super().validate()[0], 0.5

    report = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detector, "SnapshotTraining", Flat)
        detector.fit(make_job(tmp_path, epochs=9, patience=2), report)
    assert [e.epoch for e in report.epochs] == [1, 2, 3]


def test_that_the_last_epoch_is_the_best_when_nothing_can_be_validated(tmp_path: Path) -> None:
    report = Recorder()
    detector.fit(make_job(tmp_path, val=0), report)
    assert [(e.best, e.metrics, e.val_loss) for e in report.epochs] == [(True, {}, None)] * 2
    assert not [e for e in report.events if isinstance(e, SamplePredictions)]


@pytest.mark.parametrize("epoch", [1, 2])
def test_that_a_loss_that_is_no_number_ends_the_run_and_names_epoch_and_batch(tmp_path: Path, epoch: int) -> None:
    report = Recorder()
    job = make_job(tmp_path, epochs=3, optimizer="sgd")

    class Poisoned(SnapshotTraining):
        def optimizer_step(self) -> None:
            super().optimizer_step()
            if self.epoch + 1 == epoch:
                with torch.no_grad():
                    next(iter(self.model.parameters())).fill_(float("nan"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detector, "SnapshotTraining", Poisoned)
        with pytest.raises(LensmithError, match=f"epoch {epoch}, batch 2") as caught:
            detector.fit(job, report)
    assert "learning rate" in caught.value.remedy
    assert len(report.epochs) == epoch - 1


@pytest.mark.parametrize("epoch", [1, 2])
def test_that_running_out_of_memory_halves_the_batch_and_goes_on(tmp_path: Path, epoch: int) -> None:
    """The device is pretended: the first forward pass of an epoch raises what CUDA would. Not run on CUDA."""
    report, job = Recorder(), make_job(tmp_path, epochs=3)
    steps: list[tuple[int, int]] = []

    class Scarce(SnapshotTraining):
        def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
            if self.epoch + 1 == epoch and self.batch_size > 2:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            steps.append((self.epoch, len(batch["img"])))
            return super().preprocess_batch(batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detector, "SnapshotTraining", Scarce)
        detector.fit(replace(job, resume=False), report)
    warned = [event for event in report.events if isinstance(event, Warned)]
    assert ["4 images a batch" in event.cause and "with 2" in event.cause for event in warned] == [True]
    assert [e.epoch for e in report.epochs] == [1, 2, 3]
    assert [e.batch_size for e in report.events if isinstance(e, DeviceChosen)] == [4, 2]
    assert {size for at, size in steps if at >= epoch} == {2}


def test_that_old_classes_start_with_what_they_knew(tmp_path: Path) -> None:
    first = make_job(tmp_path, run="first", epochs=1)
    detector.fit(first, Recorder())
    weights = first.run_dir / "best.safetensors"
    more = replace(first.snapshot, classes=(ImageClass(99, "green"), *CLASSES))
    job = make_job(
        tmp_path, run="second", snapshot=more, start=Transfer(REF), weights=weights, previous_classes=CLASSES
    )
    before = networks.load_weights(weights)
    from core.backends.ultralytics_training import start_network

    network = start_network(job)
    for name in networks.class_tensors(network):
        assert torch.equal(network.state_dict()[name][1:], before[name]), name
    detector.fit(job, Recorder())


def test_that_missing_images_are_counted_before_anything_is_trained(tmp_path: Path) -> None:
    job = make_job(tmp_path)
    Path(job.snapshot.images[0].path).unlink()
    with pytest.raises(LensmithError, match=r"1 of 12 images .* are not where they were"):
        detector.fit(job, Recorder())


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["rtdetr-l", "yolo26n"])
def test_that_other_kinds_of_head_train_transfer_and_resume(tmp_path: Path, architecture: str) -> None:
    first = make_job(tmp_path, run="first", architecture=architecture, train=4, val=2, epochs=1)
    detector.fit(first, Recorder())
    weights = first.run_dir / "best.safetensors"
    changes: dict[str, Any] = {"weights": weights, "previous_classes": CLASSES, "start": Transfer(REF)}
    job = make_job(tmp_path, run="second", architecture=architecture, train=4, val=2, learning_rate=0.01, **changes)
    report = Recorder()

    def stop_in_second_epoch(event: object) -> None:
        if isinstance(event, Progress) and event.epoch == 2:
            report.stop = StopRequested()

    report.react = stop_in_second_epoch
    with pytest.raises(StopRequested):
        detector.fit(job, report)
    second = Recorder()
    detector.fit(replace(job, resume=True), second)
    assert [e.epoch for e in report.epochs + second.epochs] == [1, 2]
    body, head = split_state(weights)
    saved = torch.load(job.run_dir / "last.ckpt", weights_only=True)["ema"]
    assert changed(body, {name: saved[name] for name in body}) == set()
    assert changed(head, {name: saved[name] for name in head})
