"""The classification back-end on drawn pictures: what trains, what stays, and what a resumed run must equal."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from core.backends import classifier_model, timm_classifier
from core.backends.classifier_session import read_checkpoint
from core.domain.dataset import ImageClass
from core.domain.errors import LensmithError
from core.domain.event import CheckpointSaved, DeviceChosen, EpochFinished, LogLine, SamplePredictions, Warned
from core.domain.prediction import PredictionSet
from core.domain.task import Split
from core.training.contract import StopRequested, TrainingJob
from tests.classification_jobs import TINY, Listener, after_epoch, best_of, finetune, make_job, previous, transfer

STATISTICS = ("running_mean", "running_var")


def run(job: TrainingJob) -> Listener:
    listener = Listener()
    timm_classifier.fit(job, listener)
    return listener


def assert_equal(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> None:
    assert left.keys() == right.keys()
    assert [name for name in left if not torch.equal(left[name], right[name])] == []


def test_that_a_small_network_learns_two_colours_from_scratch(tmp_path: Path) -> None:
    job = make_job(tmp_path / "run", epochs=8, learning_rate=2e-3, augmentation="light")
    heard = run(job)
    assert max(epoch.metrics["accuracy"] for epoch in heard.all(EpochFinished)) == 1.0
    assert [event.epoch for event in heard.all(CheckpointSaved)] == list(range(1, 9))
    assert heard.all(DeviceChosen)[0].device == "cpu"
    samples = heard.all(SamplePredictions)[-1]
    said = msgspec.json.decode((job.run_dir / samples.path).read_bytes(), type=PredictionSet).classes["val"]
    assert [answer.hash for answer in said] == [image.hash for image in job.snapshot.part(Split.VAL)]
    assert all(abs(sum(answer.probabilities) - 1) < 1e-5 for answer in said)


@pytest.mark.parametrize("mode", ["scratch", "finetune", "transfer", "unfrozen"])
def test_that_a_stopped_and_resumed_run_is_bit_equal_to_one_that_was_never_stopped(tmp_path: Path, mode: str) -> None:
    start = {"scratch": None, "finetune": finetune(), "transfer": transfer(), "unfrozen": transfer(unfreeze_after=2)}
    settings = {"architecture": TINY, "epochs": 6, "augmentation": "medium", "head_layers": (8,), "head_dropout": 0.3}
    whole = make_job(tmp_path / "whole", start[mode], **settings)
    straight = run(whole)

    halved = make_job(tmp_path / "halved", start[mode], **settings)
    first = Listener(after_epoch(3))
    with pytest.raises(StopRequested):
        timm_classifier.fit(halved, first)
    assert (halved.run_dir / "best.safetensors").exists()
    rest = run(msgspec.structs.replace(halved, resume=True))

    assert rest.curve()[0][0] == 4
    assert first.curve() + rest.curve() == straight.curve()
    assert_equal(best_of(halved), best_of(whole))
    last = [read_checkpoint(job.run_dir / "last.ckpt") for job in (whole, halved)]
    part = "head" if mode == "transfer" else "model"
    assert_equal(last[0][part], last[1][part])


def test_that_the_same_seed_gives_the_same_run_and_another_seed_another(tmp_path: Path) -> None:
    curves = [
        run(make_job(tmp_path / name, architecture=TINY, epochs=2, seed=seed)).curve()
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert curves[0] == curves[1] != curves[2]


def test_that_another_runs_checkpoint_is_refused(tmp_path: Path) -> None:
    run(make_job(tmp_path / "run", epochs=1))
    other = msgspec.structs.replace(make_job(tmp_path / "run", epochs=2, learning_rate=0.5), resume=True)
    with pytest.raises(LensmithError, match="belongs to another run"):
        timm_classifier.fit(other, Listener())


@pytest.mark.parametrize("mode", ["scratch", "transfer"])
def test_that_a_learning_rate_that_blows_up_is_named_with_epoch_and_batch(tmp_path: Path, mode: str) -> None:
    start = transfer() if mode == "transfer" else None
    settings = {"optimizer": "sgd", "learning_rate": 1e30, "epochs": 5}
    job = make_job(tmp_path / "run", start, architecture=TINY, **settings)
    with pytest.raises(LensmithError, match=r"became (nan|inf|-inf) in epoch \d+, batch \d+") as caught:
        timm_classifier.fit(job, Listener())
    assert "1e+29" in caught.value.remedy


def test_that_running_out_of_memory_halves_what_is_computed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(tmp_path / "plain", epochs=2, batch_size=8, augmentation="off")
    undisturbed = run(job)
    forward = classifier_model.Classifier.forward

    def limited(model: classifier_model.Classifier, images: torch.Tensor) -> torch.Tensor:
        if len(images) > 3 and model.training:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
        return forward(model, images)

    monkeypatch.setattr(classifier_model.Classifier, "forward", limited)
    heard = run(make_job(tmp_path / "limited", epochs=2, batch_size=8, augmentation="off"))
    assert [event.cause.split(":")[1].split(" ")[1] for event in heard.all(Warned)] == ["4", "2"]
    assert len(heard.all(EpochFinished)) == len(undisturbed.all(EpochFinished)) == 2

    monkeypatch.setattr(
        classifier_model.Classifier, "forward", lambda *_: (_ for _ in ()).throw(torch.OutOfMemoryError())
    )
    with pytest.raises(LensmithError, match="not enough memory for one image"):
        run(make_job(tmp_path / "hopeless", epochs=1))


def test_that_transfer_changes_nothing_but_the_head(tmp_path: Path) -> None:
    job = make_job(tmp_path / "run", transfer(), architecture=TINY, epochs=20, augmentation="light")
    heard = run(job)
    assert job.weights is not None
    before, after = load_file(job.weights), best_of(job)
    assert [name for name in after if not name.startswith("fc.") and not torch.equal(after[name], before[name])] == []
    assert after["fc.weight"].shape[0] == 2
    assert len(heard.all(EpochFinished)) == 20
    with safe_open(job.run_dir / "best.safetensors", framework="pt") as file:
        assert file.metadata()["architecture"] == TINY


def test_that_the_head_trained_on_features_is_the_head_of_the_shipped_network(tmp_path: Path) -> None:
    job = make_job(tmp_path / "run", transfer(), architecture=TINY, epochs=10, head_layers=(16,), augmentation="off")
    best = [epoch for epoch in run(job).all(EpochFinished) if epoch.best][-1]
    images = job.snapshot.part(Split.VAL)
    found = np.array([answer.probabilities for answer in timm_classifier.predict(job, images, Listener())])
    truth = [job.snapshot.class_index(image) for image in images]
    assert -np.log(found[np.arange(len(truth)), truth]).mean() == pytest.approx(best.val_loss, rel=1e-4)


def test_that_a_second_transfer_on_the_same_images_computes_no_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    features = classifier_model.Classifier.features

    def counted(model: classifier_model.Classifier, images: torch.Tensor) -> torch.Tensor:
        seen.append(len(images))
        return features(model, images)

    jobs = [make_job(tmp_path / name, transfer(), architecture=TINY, augmentation="light") for name in "abc"]
    monkeypatch.setattr(classifier_model.Classifier, "features", counted)
    first = run(jobs[0])
    assert sum(seen) == 18 * 2 + 6  # two views of a training image, one of a validation image
    seen.clear()
    second = run(jobs[1])
    assert seen == []
    assert second.curve() == first.curve()
    for shard in (tmp_path / "cache" / "features").rglob("*.safetensors"):
        shard.write_bytes(shard.read_bytes()[:-100])
    assert run(jobs[2]).curve() == first.curve()
    assert sum(seen) == 18 * 2 + 6


def test_that_fine_tuning_starts_from_a_trained_head_and_is_never_worse_than_it(tmp_path: Path) -> None:
    job = make_job(tmp_path / "run", finetune(), architecture=TINY, epochs=3, learning_rate=0.5)  # far too high
    epochs = run(job).all(EpochFinished)
    assert [epoch.epoch for epoch in epochs] == [0, 1, 2, 3]
    kept = timm_classifier.predict(job, job.snapshot.part(Split.VAL), Listener())
    right = [
        int(np.argmax(answer.probabilities)) == job.snapshot.class_index(image)
        for answer, image in zip(kept, job.snapshot.part(Split.VAL), strict=True)
    ]
    assert np.mean(right) >= epochs[0].metrics["accuracy"]


def test_that_fine_tuning_moves_the_backbone_but_not_its_batch_norm_statistics(tmp_path: Path) -> None:
    job = make_job(tmp_path / "run", finetune(), architecture=TINY, epochs=1)
    run(job)
    assert job.weights is not None
    before = load_file(job.weights)
    after = read_checkpoint(job.run_dir / "last.ckpt")["model"]
    moved = {name for name in before if not name.startswith("fc.") and not torch.equal(before[name], after[name])}
    assert any("conv" in name for name in moved)
    assert not any(name.endswith(STATISTICS) for name in moved)


def test_that_a_transfer_run_unfreezes_when_it_was_told_to(tmp_path: Path) -> None:
    job = make_job(tmp_path / "run", transfer(unfreeze_after=2), architecture=TINY, epochs=3)
    heard = run(job)
    assert [epoch.epoch for epoch in heard.all(EpochFinished)] == [1, 2, 3]
    assert job.weights is not None
    after = read_checkpoint(job.run_dir / "last.ckpt")["model"]
    assert not torch.equal(after["conv1.0.weight"], load_file(job.weights)["conv1.0.weight"])


def test_that_classes_that_stay_keep_their_head_rows(tmp_path: Path) -> None:
    job = make_job(tmp_path / "run", transfer(), architecture=TINY, epochs=1, learning_rate=1e-12, weight_decay=0.0)
    assert job.weights is not None
    known = (
        ImageClass(9, "gone"),
        ImageClass(3, "orange"),
        ImageClass(11, "a"),
        ImageClass(12, "b"),
        ImageClass(13, "c"),
    )
    heard = run(previous(job, job.weights, known))
    before, after = load_file(job.weights), best_of(job)
    row = [image_class.id for image_class in job.snapshot.classes].index(3)
    torch.testing.assert_close(after["fc.weight"][row], before["fc.weight"][1], atol=1e-5, rtol=1e-3)
    assert not torch.allclose(after["fc.weight"][1 - row], before["fc.weight"][0], atol=1e-3)
    assert any("orange" in line.text for line in heard.all(LogLine))


def test_that_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    other = make_job(tmp_path / "other", transfer(), architecture="test_convnext")
    job = make_job(tmp_path / "run", transfer(), architecture=TINY)
    with pytest.raises(LensmithError, match="do not fit"):
        run(msgspec.structs.replace(job, weights=other.weights))


def test_that_an_unknown_architecture_is_refused_with_a_proposal(tmp_path: Path) -> None:
    with pytest.raises(LensmithError, match=r"no model called “resnet19”.* Did you mean .*resnet"):
        run(make_job(tmp_path / "run", architecture="resnet19"))


def test_that_patience_ends_a_run_and_the_best_epoch_is_kept(tmp_path: Path) -> None:
    job = make_job(tmp_path / "run", architecture=TINY, epochs=40, patience=3, learning_rate=5e-3)
    heard = run(job)
    epochs = heard.all(EpochFinished)
    best = max(epoch.epoch for epoch in epochs if epoch.best)
    assert epochs[-1].epoch == best + 3 < 40
    assert "Stopped early" in heard.all(LogLine)[-1].text
    with safe_open(job.run_dir / "best.safetensors", framework="pt") as file:
        assert file.metadata()["epoch"] == str(best)


@pytest.mark.parametrize("mode", ["scratch", "transfer"])
def test_that_without_validation_images_the_last_epoch_is_kept(tmp_path: Path, mode: str) -> None:
    start = transfer() if mode == "transfer" else None
    job = make_job(tmp_path / "run", start, architecture=TINY, epochs=2, patience=1, splits=((Split.TRAIN, 6),))
    heard = run(job)
    assert [(epoch.epoch, epoch.best, epoch.val_loss, epoch.metrics) for epoch in heard.all(EpochFinished)] == [
        (1, True, None, {}),
        (2, True, None, {}),
    ]
    assert (job.run_dir / "best.safetensors").exists()


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "radam"])
def test_that_every_optimizer_brings_the_loss_down(tmp_path: Path, optimizer: str) -> None:
    rate = 0.05 if optimizer == "sgd" else 3e-3
    job = make_job(tmp_path / "run", epochs=4, optimizer=optimizer, learning_rate=rate, schedule="one_cycle")
    losses = [epoch.train_loss for epoch in run(job).all(EpochFinished)]
    assert losses[-1] < losses[0]
