"""95 % confidence intervals."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from core.domain.report import Interval

MIN_IMAGES = 10  # fewer resample into the same few pictures again and again: the interval would flatter
_Z = 1.959963984540054  # normal quantile of 0.975


def wilson(right: int, total: int) -> Interval:
    """Interval of a proportion, honest at 0 %, at 100 % and for few images, where ``p ± z σ`` is not.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927). ``total`` > 0.
    """
    share = right / total
    centre = share + _Z**2 / (2 * total)
    spread = _Z * sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2))
    scale = 1 + _Z**2 / total
    return Interval(max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale))


def percentiles(resampled: NDArray[np.float64]) -> Interval | None:
    """The middle 95 % of bootstrap resamples; ``None`` when all agree, which says nothing about new images."""
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Interval(float(low), float(high)) if high - low > 1e-9 else None
