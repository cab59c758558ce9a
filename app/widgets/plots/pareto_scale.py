"""The axes of a chart, without Qt: where a value lies on one, and which round values are written at it."""

import math
from collections.abc import Sequence

ROOM = 0.08  # at both ends, as a share of what lies between
LOG_FROM = 20.0  # how many times the largest price may be the smallest before the axis counts in powers of ten


class Scale:
    """From values to shares of an axis, 0 to 1, with room at both ends; logarithmic where values lie far apart."""

    def __init__(self, values: Sequence[float], *, may_be_log: bool = False) -> None:
        low, high = min(values, default=0.0), max(values, default=1.0)
        self.is_log = may_be_log and low > 0 and high / low > LOG_FROM
        self._low, self._high = self._of(low), self._of(high)
        around = (self._high - self._low) * ROOM or abs(self._high) * 0.1 or 0.5
        self._low, self._high = self._low - around, self._high + around

    def share(self, value: float) -> float:
        return (self._of(value) - self._low) / (self._high - self._low)

    def ticks(self, most: int) -> list[float]:
        """Round values within the axis, about ``most`` of them; of a logarithmic one 1, 2, 5, 10 … or powers of ten."""
        if self.is_log:
            powers = range(math.floor(self._low), math.ceil(self._high) + 1)
            fine = [times * 10.0**power for power in powers for times in (1, 2, 5)]
            ticks = [tick for tick in fine if self._low <= math.log10(tick) <= self._high]
            return ticks if len(ticks) <= most else [tick for tick in ticks if math.log10(tick) % 1 < 1e-9]
        rough = (self._high - self._low) / max(most, 1)
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
        first, last = math.ceil(self._low / step - 1e-9), math.floor(self._high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]

    def _of(self, value: float) -> float:
        return math.log10(value) if self.is_log else value
