"""Numbers behind a plot, without Qt: growing curves, honest down-sampling, read-outs."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
FIRST_CAPACITY = 64


class CurveBuffer:
    """Points of one curve, x rising; a y that is missing, NaN or infinite is a gap (stored as NaN).

    Capacity doubles, so that an append never copies the whole curve but now and then.
    """

    def __init__(self) -> None:
        self._x, self._y = np.empty(FIRST_CAPACITY), np.empty(FIRST_CAPACITY)
        self._count = 0

    @classmethod
    def of(cls, x: Sequence[float], y: Sequence[float | None]) -> "CurveBuffer":
        """A curve from points in any order; of several at one x the last counts, points without x are left out."""
        made = cls()
        xs, ys = np.asarray(x, dtype=np.float64), np.array(y, dtype=np.float64)
        order = np.argsort(xs, kind="stable")
        order = order[np.isfinite(xs[order])]
        xs, ys = xs[order], ys[order]
        last_of_x = np.append(xs[1:] != xs[:-1], True) if len(xs) else np.empty(0, dtype=bool)
        made._x, made._y = xs[last_of_x], ys[last_of_x]
        made._y[~np.isfinite(made._y)] = np.nan
        made._count = len(made._x)
        return made

    def append(self, x: float, y: float | None) -> None:
        """Add a point. An x that was there before is told again: it and all later points are replaced."""
        if self._count and x <= self._x[self._count - 1]:
            self._count = int(np.searchsorted(self.x, x))
        if self._count == len(self._x):
            size = max(2 * self._count, FIRST_CAPACITY)
            self._x, self._y = np.resize(self._x, size), np.resize(self._y, size)
        self._x[self._count] = x
        self._y[self._count] = y if y is not None and math.isfinite(y) else math.nan
        self._count += 1

    def extend(self, x: Sequence[float], y: Sequence[float]) -> None:
        """Many points at once, as ``append`` would take them one by one."""
        xs, ys = np.array(x, dtype=np.float64), np.array(y, dtype=np.float64)
        if len(xs) and (np.diff(xs) <= 0).any():  # a stretch told again begins in the middle
            for one, value in zip(xs.tolist(), ys.tolist(), strict=True):
                self.append(one, value)
        elif len(xs):
            if self._count and xs[0] <= self._x[self._count - 1]:
                self._count = int(np.searchsorted(self.x, xs[0]))
            end = self._count + len(xs)
            if end > len(self._x):
                self._x, self._y = np.resize(self._x, 2 * end), np.resize(self._y, 2 * end)
            self._x[self._count : end] = xs
            self._y[self._count : end] = np.where(np.isfinite(ys), ys, np.nan)
            self._count = end

    def __len__(self) -> int:
        return self._count

    @property
    def x(self) -> Numbers:
        """[n], strictly rising; a view, not to be written to."""
        return self._x[: self._count]

    @property
    def y(self) -> Numbers:
        """[n], finite or NaN; a view, not to be written to."""
        return self._y[: self._count]

    def at(self, x: float) -> float | None:
        """The value exactly at ``x``; ``None`` where there is no point or a gap."""
        index = int(np.searchsorted(self.x, x))
        if index == self._count or self.x[index] != x or math.isnan(self.y[index]):
            return None
        return float(self.y[index])


def thin(x: Numbers, y: Numbers, pixels: int, visible: tuple[float, float] | None = None) -> tuple[Numbers, Numbers]:
    """At most ``2 * pixels + 2`` of the points, the lowest and the highest of every pixel column among them.

    ``x`` rises; ``visible`` (left, right) leaves out all but one point on each side of it, so that the line runs on to
    the edge. The first and the last point stay. Gaps stay where no point of a pixel column has a value.
    Few points come back as they are. The idea is that of M4 (Jugel et al., VLDB 2014) with two points a column.
    """
    if visible is not None:
        first = max(int(np.searchsorted(x, visible[0], "left")) - 1, 0)
        last = int(np.searchsorted(x, visible[1], "right")) + 1
        x, y = x[first:last], y[first:last]
    if len(x) <= 2 * pixels:
        return x, y
    starts = _column_starts(x, pixels)
    counts = np.diff(np.append(starts, len(x)))
    lowest, highest = np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)
    extremes = np.flatnonzero((y == np.repeat(lowest, counts)) | (y == np.repeat(highest, counts)))
    column = np.searchsorted(starts, extremes, "right") - 1
    kept = (
        np.array([0, len(x) - 1]),
        _first_of_each(column, extremes, y[extremes] == lowest[column]),
        _first_of_each(column, extremes, y[extremes] == highest[column]),
        starts[np.isnan(lowest)],
    )
    indices = np.unique(np.concatenate(kept))
    return x[indices], y[indices]


def trend(x: Numbers, y: Numbers, columns: int) -> tuple[Numbers, Numbers]:
    """The mean of x and y in each of ``columns`` equal stretches of x; gaps do not count, a stretch of gaps is one."""
    if not len(x):
        return x, y
    starts = _column_starts(x, columns)
    there = ~np.isnan(y)
    counts = np.add.reduceat(there.astype(np.float64), starts)
    sums = np.add.reduceat(np.where(there, y, 0.0), starts)
    means = np.divide(sums, counts, out=np.full(len(starts), np.nan), where=counts > 0)
    return np.add.reduceat(x, starts) / np.diff(np.append(starts, len(x))), means


def smoothed(y: Numbers, weight: float) -> Numbers:
    """[n]: each value as the mean of itself and all before it, older ones counting less by ``weight`` (0 to below 1)
    a step. Gaps stay and count nothing. The first values are not drawn towards zero (Kingma and Ba, Adam, 2015,
    section 3: the correction of the bias of a running mean)."""
    if not weight:
        return y
    result, total, norm = np.full(len(y), np.nan), 0.0, 0.0
    for place in np.flatnonzero(~np.isnan(y)).tolist():
        total = weight * total + (1 - weight) * float(y[place])
        norm = weight * norm + (1 - weight)
        result[place] = total / norm
    return result


def _column_starts(x: Numbers, pixels: int) -> NDArray[np.intp]:
    """Index of the first point of each pixel column that has one."""
    edges = np.linspace(x[0], x[-1], pixels, endpoint=False)
    starts = np.searchsorted(x, edges)
    return starts[np.append(True, starts[1:] != starts[:-1])]


def _first_of_each(column: NDArray[np.intp], indices: NDArray[np.intp], chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The first chosen index of each column."""
    owner = column[chosen]
    return indices[chosen][np.append(True, owner[1:] != owner[:-1])] if len(owner) else owner


def lonely(y: Numbers) -> NDArray[np.bool_]:
    """[n]: a value with a gap, or nothing, on both sides: no line shows it."""
    there = np.concatenate(([False], ~np.isnan(y), [False]))
    return there[1:-1] & ~there[:-2] & ~there[2:]


def nearest(curves: Iterable[CurveBuffer], x: float) -> float | None:
    """The x of a point that is closest to ``x``; ``None`` without points."""
    best: float | None = None
    for curve in curves:
        index = int(np.searchsorted(curve.x, x))
        for candidate in curve.x[max(index - 1, 0) : index + 1].tolist():
            if best is None or abs(candidate - x) < abs(best - x):
                best = candidate
    return best


def step(curves: Iterable[CurveBuffer], x: float, forward: bool) -> float:
    """The next x of a point after (or before) ``x``; ``x`` itself at the end."""
    found: list[float] = []
    for curve in curves:
        if forward:
            found += curve.x[np.searchsorted(curve.x, x, "right") :][:1].tolist()
        else:
            found += curve.x[: np.searchsorted(curve.x, x, "left")][-1:].tolist()
    return (min if forward else max)(found, default=x)


def spoken(value: float | None) -> str:
    """A value as a read-out shows it: three decimals, fewer for large ones, two digits for tiny ones."""
    if value is None or math.isnan(value):
        return "–"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:.1f}"
    return f"{value:.3f}" if size >= 0.01 or size == 0 else f"{value:.2g}"


def spoken_x(value: float) -> str:
    """Whole numbers without a point (epochs, batches), others with two decimals (recall)."""
    return f"{value:,.0f}" if (value == int(value) and abs(value) >= 1) or value == 0 else f"{value:.2f}"
