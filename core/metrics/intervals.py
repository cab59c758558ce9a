"""95 % confidence intervals."""

from math import sqrt

from core.domain.report import Interval

_Z = 1.959963984540054  # normal quantile of 0.975


def wilson(right: float, total: float) -> Interval:
    """Interval of a proportion, honest at 0 %, at 100 % and for few images, where ``p ± z σ`` is not.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927). ``total`` > 0.
    """
    share = right / total
    centre = share + _Z**2 / (2 * total)
    spread = _Z * sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2))
    scale = 1 + _Z**2 / total
    return Interval(max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale))
