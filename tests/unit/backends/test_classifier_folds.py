"""Out-of-fold probabilities of a frozen backbone: tiny networks with random weights, drawn pictures."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from core.backends import timm_classifier
from core.domain.annotation import ClassLabel
from core.domain.event import Phase, Progress
from core.domain.prediction import ClassPrediction
from core.domain.task import Split
from core.runs.cross_validation import deal
from core.training.contract import StopRequested, TrainingJob
from tests.classification_jobs import TINY, Listener, make_job, transfer

COUNT = 5
WRONG = (3, 14)  # positions of pictures labelled as the other colour


@pytest.fixture
def job(tmp_path: Path) -> TrainingJob:
    made = make_job(tmp_path / "folds", transfer(), splits=((Split.TRAIN, 24),), architecture=TINY)
    images = list(made.snapshot.images)
    ids = [image_class.id for image_class in made.snapshot.classes]
    for position in WRONG:
        annotation = images[position].annotation
        assert isinstance(annotation, ClassLabel)
        other = next(one for one in ids if one != annotation.class_id)
        images[position] = replace(images[position], annotation=ClassLabel(other))
    return replace(made, snapshot=replace(made.snapshot, images=tuple(images)))


def judge(job: TrainingJob, report: Listener) -> list[ClassPrediction]:
    return timm_classifier.out_of_fold(job, deal(job.snapshot.images, COUNT).folds, report)


def test_that_every_picture_is_judged_once_and_wrong_labels_are_contradicted(job: TrainingJob) -> None:
    found = judge(job, Listener())
    assert sorted(one.hash for one in found) == [image.hash for image in job.snapshot.images]
    said = {one.hash: max(range(2), key=one.probabilities.__getitem__) for one in found}
    contradicted = {n for n, one in enumerate(job.snapshot.images) if said[one.hash] != job.snapshot.class_index(one)}
    assert contradicted == set(WRONG)
    assert all(sum(one.probabilities) == pytest.approx(1) for one in found)


def test_that_each_picture_is_looked_at_once_and_never_again(job: TrainingJob) -> None:
    first, second = Listener(), Listener()
    found = judge(job, first)
    shards = sorted((job.cache_dir / "features").rglob("*.safetensors"))
    assert judge(job, second) == found
    assert sorted((job.cache_dir / "features").rglob("*.safetensors")) == shards
    looked = [event for event in first.all(Progress) if event.phase is Phase.PREPARING]
    assert max(event.done for event in looked) == len(job.snapshot.images)
    trained = [event.done for event in first.all(Progress) if event.phase is Phase.TRAINING]
    assert trained == list(range(1, trained[-1] + 1))


def test_that_it_stops_when_asked_to(job: TrainingJob) -> None:
    with pytest.raises(StopRequested):
        judge(job, Listener(lambda event: isinstance(event, Progress) and event.phase is Phase.TRAINING))


def test_that_folds_share_the_classes_and_are_the_same_for_the_same_seed(job: TrainingJob) -> None:
    images = job.snapshot.images
    folds = deal(images, COUNT).folds
    assert sorted(one for fold in folds for one in fold) == [image.hash for image in images]
    assert max(map(len, folds)) - min(map(len, folds)) <= 1
    by_hash = {image.hash: job.snapshot.class_index(image) for image in images}
    shares = [sum(by_hash[one] for one in fold) for fold in folds]
    assert max(shares) - min(shares) <= 1
    assert deal(images[::-1], COUNT).folds == folds
    assert deal(images, COUNT, seed=1).folds != folds
