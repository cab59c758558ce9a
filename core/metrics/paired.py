"""How far two runs are apart on the same images, and where the truth lies: 95 % intervals over images.

A figure is the accuracy as a share for each image, or mAP and macro-F1 on bootstrap draws that all runs have in common
(``core/metrics/resampling.py``). Several seeds of one training are one figure, their mean, image by image or draw by
draw; the spread between seeds is another matter and is not in these intervals.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from core.domain.report import Interval
from core.metrics import resampling
from core.metrics.average_precision import Matches
from core.metrics.classification import Answers, resampled_f1
from core.metrics.detection import resampled_map
from core.metrics.intervals import wilson
from core.metrics.resampling import Draws, Resampled, students_t

Evidence = Answers | Matches


class Shares(Struct, frozen=True):
    """How many of ``seeds`` runs were right about each image, as shares ``[n]``."""

    right: NDArray[np.float64]
    seeds: int = 1


Figure = Shares | Resampled


def draws_for(evidence: Sequence[Evidence], seed: int = 0) -> Draws:
    """Draws that serve all of several runs on the same images."""
    images = [one.images if isinstance(one, Matches) else len(one.truth) for one in evidence]
    assert len(set(images)) == 1, "runs that are compared must have been judged on the same images"
    boxes = max((one.boxes for one in evidence if isinstance(one, Matches)), default=images[0])
    return resampling.draw(images[0], boxes, seed)


def figures_of(evidence: Evidence, draws: Draws) -> dict[str, Figure]:
    """``accuracy`` and ``macro_f1``, or ``mAP50-95`` and ``mAP50``."""
    if isinstance(evidence, Matches):
        return {**resampled_map(evidence, draws)}
    right = (evidence.truth == evidence.chosen).astype(np.float64)
    return {"accuracy": Shares(right), "macro_f1": resampled_f1(evidence, draws)}


def mean(figures: Sequence[Figure]) -> Figure:
    """Of several seeds of one training, judged on the same images."""
    shares = [one for one in figures if isinstance(one, Shares)]
    if shares:
        return Shares(np.mean([one.right for one in shares], axis=0), sum(one.seeds for one in shares))
    return resampling.mean([one for one in figures if isinstance(one, Resampled)])


def value(figure: Figure) -> float:
    return float(figure.right.mean()) if isinstance(figure, Shares) else figure.value


def interval(figure: Figure, images: int) -> Interval | None:
    """Wilson's for accuracy, over as many images as one seed would need to be as steady as the mean of several;
    the bootstrap's for everything else, ``None`` where there is none."""
    if isinstance(figure, Resampled):
        return resampling.interval(figure, images)
    share, seeds = value(figure), figure.seeds
    binomial = share * (1 - share)
    steadiness = float(np.clip(figure.right.var() / binomial, 1 / seeds, 1)) if binomial > 0 else 1.0
    as_many = images / steadiness
    return wilson(share * as_many, as_many)


def difference(a: Figure, b: Figure, images: int) -> Interval | None:
    """Where ``value(b) - value(a)`` lies, paired over ``images`` images; ``None`` where no interval is due.

    Accuracy: Student's interval of the mean difference with one made-up image more, half of which only ``a`` and half
    only ``b`` got right, with one of its seeds. So it holds from few images on, and where no
    image tells the runs apart. After D. Bonett and R. Price, Adjusted Wald confidence interval for a difference of
    binomial proportions based on paired data, Journal of Educational and Behavioral Statistics 37 (2012), who add two
    whole images, which is too wide where runs seldom differ; measured by ``tests/benchmarks/intervals.py``.
    Everything else: the bootstrap of the differences.
    """
    if isinstance(a, Resampled) and isinstance(b, Resampled):
        return resampling.difference_interval(b - a, images)
    assert isinstance(a, Shares)
    assert isinstance(b, Shares)
    apart, seed, count = b.right - a.right, 1 / min(a.seeds, b.seeds), images + 1
    centre = float(apart.sum()) / count
    variance = (float((apart**2).sum()) + seed**2) / count - centre**2
    reach = students_t(images) * sqrt(variance / count)
    return Interval(max(-1.0, centre - reach), min(1.0, centre + reach))
