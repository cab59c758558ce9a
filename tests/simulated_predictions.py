"""Classifiers and detectors that exist as numbers only, whose true accuracy and mAP are known.

What is difficult in an image is difficult for all models, as in life; what else decides is chance. Images are drawn
anew each time, as if somebody had taken other pictures of the same kind.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from core.metrics.average_precision import IOUS, Matches, class_matches, mean_average_precisions
from core.metrics.classification import Answers

_SHARED = 0.8  # correlation of two classifiers' luck on an image
_CLASSES = (0.7, 0.3)  # shares of the objects
_OBJECTS = 3.0  # an image, on average
POPULATION = 40_000  # images that stand for all there are


def classifiers(rng: np.random.Generator, images: int, accuracies: Sequence[float]) -> list[Answers]:
    """Of two classes, each right with its probability."""
    difficulty = rng.normal(0, 1, images)
    truth = rng.integers(0, 2, images)
    found = []
    for accuracy in accuracies:
        luck = np.sqrt(_SHARED) * difficulty + np.sqrt(1 - _SHARED) * rng.normal(0, 1, images)
        right = luck < NormalDist().inv_cdf(accuracy)
        found.append(Answers(truth, np.where(right, truth, 1 - truth), 2))
    return found


def detectors(rng: np.random.Generator, images: int, skills: Sequence[float]) -> list[Matches]:
    """Of two classes; a skill of 0 reaches an mAP50-95 of about 0.3, of 1 about 0.55, of 2 about 0.8."""
    counts = rng.poisson(_OBJECTS, images)
    image = np.repeat(np.arange(images), counts)
    difficulty = rng.normal(0, 1, images)
    of_object = rng.normal(0, 1, len(image))
    kind = rng.choice(len(_CLASSES), len(image), p=_CLASSES)
    truth = [np.bincount(image[kind == k], minlength=images).astype(float) for k in range(len(_CLASSES))]
    found = []
    for skill in skills:
        quality = skill + rng.normal(0, 0.7, len(image)) - 0.7 * difficulty[image] - 0.7 * of_object
        overlap = 0.3 + 0.7 / (1 + np.exp(-quality))
        seen = overlap > 0.42
        alarms = rng.poisson(np.exp(0.4 * difficulty - 0.3 * skill))
        where = np.concatenate([image[seen], np.repeat(np.arange(images), alarms)])
        sure = np.concatenate([quality[seen] + rng.normal(0, 0.8, seen.sum()), rng.normal(-1.2, 1, alarms.sum())])
        what = np.concatenate([kind[seen], rng.integers(0, len(_CLASSES), alarms.sum())])
        iou = np.concatenate([overlap[seen], np.zeros(alarms.sum())])
        hits = iou[None, :] >= IOUS[:, None]
        order = np.argsort(where, kind="stable")
        classes = []
        for k in range(len(_CLASSES)):
            mine = order[what[order] == k]
            classes.append(class_matches(truth[k], where[mine], sure[mine], hits[:, mine]))
        found.append(Matches(images, tuple(classes)))
    return found


def true_precisions(skills: Sequence[float]) -> list[tuple[float, float]]:
    """mAP50-95 and mAP50 over all images there are, up to a chance error of about 0.002."""
    whole = np.ones((1, POPULATION), np.uint8)
    models = detectors(np.random.default_rng(1), POPULATION, skills)
    return [(float(both[0, 0]), float(both[1, 0])) for both in (mean_average_precisions(m, whole) for m in models)]
