"""Class probabilities out of fold: of every picture by a head that was trained on the others."""

from collections.abc import Sequence

import torch

from core.backends.augmentation import PLAIN
from core.backends.classifier_head import logits_of, one_thread, prepare, run_epoch, standardise
from core.backends.classifier_session import Session, answers
from core.backends.feature_cache import FeatureCache
from core.domain.event import Phase, Progress
from core.domain.prediction import ClassPrediction
from core.domain.run import RunSpec


def judge_folds(
    session: Session, weights_sha256: str, folds: Sequence[Sequence[str]], spec: RunSpec
) -> list[ClassPrediction]:
    """Answers about the images of ``folds`` (hashes), fold by fold. The backbone is frozen and looks at each once.

    Every head trains for all epochs of ``spec``: an epoch chosen because it agrees best with the labels of its fold
    would agree with the wrong ones too.
    """
    cache = FeatureCache(session.job.cache_dir, weights_sha256, session.model)
    (looked_at,) = cache.complete(session.model, [(session.train, (PLAIN,))], session.device.name, session.report)
    features, labels = looked_at.flatten(0, 1), session.train_labels
    place = {image.hash: row for row, image in enumerate(session.train.images)}
    found: list[ClassPrediction] = []
    with one_thread():
        for number, fold in enumerate(folds):
            held = torch.zeros(len(labels), dtype=torch.bool)
            rows = torch.tensor([place[one] for one in fold], dtype=torch.long)
            held[rows] = True
            data = standardise(features[~held], labels[~held], features[rows])
            head, optimizer = prepare(session, data, spec)
            for epoch in range(1, spec.epochs + 1):
                run_epoch(session, head, optimizer, data, spec, epoch)
                done = number * spec.epochs + epoch
                session.report.emit(Progress(phase=Phase.TRAINING, done=done, total=len(folds) * spec.epochs))
            found += answers(fold, logits_of(head, data.val))
    return found
