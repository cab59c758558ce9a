"""Bootstrap over images: what a figure would have been on other images of the same kind.

The same draws serve all runs that were judged on the same images, so that figures can be averaged and subtracted draw
by draw: what is difficult in an image is difficult for both runs, and falls out of their difference.
"""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from core.domain.report import Interval

Floats = NDArray[np.float64]
Weights = NDArray[np.uint8]

MIN_IMAGES = 10  # fewer resample into the same few pictures again and again: the interval would flatter
RESAMPLES = 1000
_FEWEST_RESAMPLES = 200
_BUDGET = 100_000_000  # items in all resamples together: about a second on one core
_MOST_BLOCKS = 200
_NORMAL = NormalDist()


class Draws(Struct, frozen=True):
    """How often each of ``n`` images counts: ``resamples [b, n]`` drawn with replacement; ``blocks [j, n]``: all but
    one image in turn, or all but one block of images where there are many."""

    resamples: Weights
    blocks: Weights


class Resampled(Struct, frozen=True):
    """A figure on the images as they are, on each resample ``[b]``, and without each block ``[j]``.

    ``step``: by how much one object more of each class, missed, might change it; of several classes as independent
    errors. Images that hold hardly an error say no more precisely how many there will be on others.
    """

    value: float
    resamples: Floats
    blocks: Floats
    step: float

    def __sub__(self, other: "Resampled") -> "Resampled":
        return Resampled(
            self.value - other.value,
            self.resamples - other.resamples,
            self.blocks - other.blocks,
            max(self.step, other.step),
        )


def draw(images: int, items: int = 0, seed: int = 0) -> Draws:
    """Equal arguments give equal draws. ``items``: what one resample has to count, for instance predicted boxes;
    from 100,000 on there are fewer resamples, 200 at least."""
    rng = np.random.default_rng(seed)
    count = int(np.clip(_BUDGET // max(items, 1), _FEWEST_RESAMPLES, RESAMPLES))
    drawn = (np.bincount(rng.integers(images, size=images), minlength=images) for _ in range(count))
    resamples = np.array([np.minimum(row, 255).astype(np.uint8) for row in drawn])
    block = np.arange(images) // max(1, -(-images // _MOST_BLOCKS))  # equally large ones
    blocks = (block[None, :] != np.unique(block)[:, None]).astype(np.uint8)
    return Draws(resamples.reshape(count, images), blocks)


def mean(figures: Sequence[Resampled]) -> Resampled:
    """Draw by draw, as of several seeds."""
    return Resampled(
        float(np.mean([one.value for one in figures])),
        np.mean([one.resamples for one in figures], axis=0),
        np.mean([one.blocks for one in figures], axis=0),
        max(one.step for one in figures),
    )


def step_of(counts: NDArray[np.integer] | Floats) -> float:
    """``Resampled.step`` of a mean over the classes that occur; ``counts``: objects or images of each class."""
    occurring = counts[counts > 0]
    return float(np.sqrt((1.0 / occurring**2).sum()) / len(occurring)) if len(occurring) else 0.0


def interval(figure: Resampled, images: int) -> Interval | None:
    """95 % interval of one figure: bias-corrected and accelerated (BCa), widened as Student's t is against the normal.

    The plain percentiles of mAP and F1 hold the truth too rarely on few images: both are skewed, biased, and resamples
    of ``n`` images spread less than ``n`` new images by ``sqrt((n - 1) / n)``. B. Efron, Better bootstrap confidence
    intervals, JASA 82 (1987); widening: T. Hesterberg, What teachers should know about the bootstrap, The American
    Statistician 69 (2015).

    At the ends of the scale, where hardly an image holds an error, resamples flatter all the same: the interval reaches
    at least as far as ``step`` as its standard error would. ``None`` below ten images.
    """
    resamples = _usable(figure, images)
    if resamples is None:
        return None
    below = np.mean(resamples < figure.value) + np.mean(resamples == figure.value) / 2
    bias = _NORMAL.inv_cdf(float(np.clip(below, 0.01, 0.99)))
    left_out = figure.blocks[np.isfinite(figure.blocks)]
    skew = _acceleration(left_out)
    reach = students_t(_freedom(left_out)) * sqrt(images / (images - 1))
    levels = [_NORMAL.cdf(bias + (bias + side) / (1 - skew * (bias + side))) for side in (-reach, reach)]
    low, high = (float(end) for end in np.quantile(resamples, levels))
    least = reach * figure.step
    return Interval(max(0.0, min(low, figure.value - least)), min(1.0, max(high, figure.value + least)))


def difference_interval(figure: Resampled, images: int) -> Interval | None:
    """95 % interval of the difference of two figures: as many standard errors to both sides as Student's t has.

    Bias and skew of the two fall out of their difference, and BCa, which estimates both again, then gives more false
    alarms than it should (``tests/benchmarks/intervals.py``). The standard error is the larger of the bootstrap's and
    the jackknife's: the first is too small on few images, the second errs to the safe side (B. Efron and C. Stein, The
    jackknife estimate of variance, The Annals of Statistics 9, 1981); ``step`` where all resamples agree. ``None``
    below ten images.
    """
    resamples = _usable(figure, images)
    if resamples is None:
        return None
    drawn = float(resamples.std(ddof=1)) * sqrt(images / (images - 1))
    left_out = figure.blocks[np.isfinite(figure.blocks)]
    error = max(drawn, float(left_out.std()) * sqrt(max(len(left_out) - 1, 0)))
    reach = students_t(_freedom(left_out)) * (error if error > 1e-9 else figure.step)
    return Interval(max(-1.0, figure.value - reach), min(1.0, figure.value + reach))


def _usable(figure: Resampled, images: int) -> Floats | None:
    """Resamples in which a class occurred; ``None`` where too few are left, or too few images."""
    resamples = figure.resamples[np.isfinite(figure.resamples)]
    return None if images < MIN_IMAGES or len(resamples) < _FEWEST_RESAMPLES // 2 else resamples


def _acceleration(blocks: Floats) -> float:
    """How the spread changes with the figure, from the jackknife."""
    deviations = blocks.mean() - blocks if len(blocks) else blocks
    squares = float((deviations**2).sum())
    skew = float((deviations**3).sum()) / (6 * squares**1.5) if squares > 0 else 0.0
    return float(np.clip(skew, -0.15, 0.15))


def _freedom(blocks: Floats) -> float:
    """Degrees of freedom of the standard error: fewer than images where a few decide, as those of a rare class do.

    By the kurtosis of the jackknife: the variance of a variance is ``(kurtosis - 1) / n`` of its square, and a variance
    of ``f`` degrees of freedom has ``2 / f``. At most half of the images count, since the kurtosis of few is too small.
    """
    squares = (blocks - blocks.mean()) ** 2 if len(blocks) else blocks
    most = len(blocks) / 2
    if most < MIN_IMAGES / 2 or squares.mean() < 1e-18:
        return MIN_IMAGES / 2
    kurtosis = float((squares**2).mean() / squares.mean() ** 2)
    return float(np.clip(2 * len(blocks) / max(kurtosis - 1, 1e-9), MIN_IMAGES / 2, most))


def students_t(freedom: float) -> float:
    """The 97.5 % quantile, right to 0.2 % from 9 degrees of freedom on (Abramowitz and Stegun, 26.7.5)."""
    z = _NORMAL.inv_cdf(0.975)
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
