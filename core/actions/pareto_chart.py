"""Metric against time as a picture within a page (SVG): each run with its interval, the front joined by a line."""

import math
from collections.abc import Callable, Sequence
from html import escape

from msgspec import Struct

from core.domain.comparison import Row
from core.domain.run import number_of

_WIDTH, _HEIGHT = 720, 400  # of the drawing, in its own units
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 16, 84
_WIDE = 30  # ratio of the longest to the shortest time from which the axis is logarithmic
_LABELLED = 40  # runs; of more only the front gets numbers
_UNITS = ((180.0, 1.0, "s"), (3 * 3600.0, 60.0, "min"), (math.inf, 3600.0, "h"))  # up to so many seconds
# Told apart by shape and colour both, so that the chart can be read in black and white.
_MODES = {
    "scratch": ("from scratch", "#B42318", "M-5 4.5L5 4.5L0 -5.5Z"),
    "transfer": ("transfer", "#1F6FEB", "M-4.5 -4.5H4.5V4.5H-4.5Z"),
    "finetune": ("fine-tune", "#18794E", "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0 -5 0Z"),
}
_OTHER = ("other", "#5B6776", "M0 -6L6 0L0 6L-6 0Z")
STYLE = (
    "svg{max-width:100%;height:auto;font:12px system-ui,sans-serif}svg .axis{stroke:#5B6776}svg .grid{stroke:#E2E6EB}"
    "svg .front{fill:none;stroke:#1B2430;stroke-width:1.5}svg .ring{fill:none;stroke:#1B2430;stroke-width:1.5}"
    "figure{margin:1rem 0}figcaption{font-size:.9em}"
)


class _Axis(Struct, frozen=True):
    place: Callable[[float], float]
    ticks: tuple[float, ...]


def pareto_chart(rows: Sequence[Row]) -> str:
    """An ``<svg>`` of the rows that have a metric and a time; empty when there is none."""
    shown = [row for row in rows if row.metric is not None and row.seconds is not None]
    if not shown:
        return ""
    longest = max(row.seconds or 0.0 for row in shown)
    scale, unit = next((scale, unit) for limit, scale, unit in _UNITS if longest <= limit)
    times = [max((row.seconds or 0.0) / scale, 1e-3) for row in shown]
    across = _time_axis(times)
    values = [one for row in shown if (m := row.metric) for one in (m.value, m.low, m.high) if one is not None]
    up = _linear(min(values), max(values), _HEIGHT - _BOTTOM, _TOP, most=1.0)
    name = shown[0].metric.name if shown[0].metric else ""
    points = [
        (across.place(time), up.place(row.metric.value)) for time, row in zip(times, shown, strict=True) if row.metric
    ]
    parts = [_axes(across, up, f"time of the run ({unit})", f"{name} (%)")]
    parts.append(_front([point for point, row in zip(points, shown, strict=True) if row.on_front]))
    parts += [_mark(x, y, row, up) for (x, y), row in zip(points, shown, strict=True)]
    numbered = [
        (x, y, str(number_of(row.run)))
        for (x, y), row in zip(points, shown, strict=True)
        if row.on_front or len(shown) <= _LABELLED
    ]
    parts += _labels(points, numbered)
    parts.append(_legend({row.mode for row in shown}))
    label = f"{name} against time for {len(shown)} runs"
    body = "".join(parts)
    return f"<svg viewBox='0 0 {_WIDTH} {_HEIGHT}' role='img' aria-label='{escape(label)}'>{body}</svg>"


def _time_axis(times: Sequence[float]) -> _Axis:
    low, high = min(times), max(times)
    if high / low < _WIDE:
        return _linear(0.0, high, _LEFT, _WIDTH - _RIGHT)
    first, last = math.log10(low / 1.3), math.log10(high * 1.3)
    ticks = [digit * 10.0**power for power in range(math.floor(first), math.ceil(last) + 1) for digit in (1, 2, 5)]
    ticks = [tick for tick in ticks if first <= math.log10(tick) <= last]
    span = _WIDTH - _RIGHT - _LEFT
    return _Axis(lambda value: _LEFT + span * (math.log10(value) - first) / (last - first), tuple(ticks))


def _linear(low: float, high: float, start: float, end: float, most: float = math.inf) -> _Axis:
    """From a round number below ``low`` to one above ``high``, at most ``most``."""
    rough = max(high - low, abs(high) * 0.02, 1e-6) / 5
    step = next(
        digit * 10.0 ** math.floor(math.log10(rough))
        for digit in (1, 2, 5, 10)
        if digit * 10.0 ** math.floor(math.log10(rough)) >= rough
    )
    first, last = math.floor(low / step + 1e-9), max(math.ceil(min(high / step, most / step) - 1e-9), 1)
    last = max(last, first + 1)
    ticks = tuple(step * number for number in range(first, last + 1))
    return _Axis(lambda value: start + (end - start) * (value - ticks[0]) / (ticks[-1] - ticks[0]), ticks)


def _axes(across: _Axis, up: _Axis, time: str, metric: str) -> str:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = []
    for tick in up.ticks:
        y = up.place(tick)
        parts.append(f"<line class='grid' x1='{_LEFT}' x2='{right}' y1='{y:.1f}' y2='{y:.1f}'/>")
        parts.append(_text(_LEFT - 8, y + 4, f"{100 * tick:.4g}", "end"))
    for tick in across.ticks:
        x = across.place(tick)
        parts.append(f"<line class='axis' x1='{x:.1f}' x2='{x:.1f}' y1='{bottom}' y2='{bottom + 4}'/>")
        parts.append(_text(x, bottom + 18, f"{tick:.4g}"))
    parts.append(f"<path class='axis' fill='none' d='M{_LEFT} {_TOP}V{bottom}H{right}'/>")
    parts.append(_text((_LEFT + right) / 2, bottom + 38, time))
    middle = (_TOP + bottom) / 2
    parts.append(f"<g transform='translate(16 {middle:.1f}) rotate(-90)'>{_text(0, 0, metric)}</g>")
    return "".join(parts)


def _front(points: Sequence[tuple[float, float]]) -> str:
    """As steps: with so much time, no run shown here is better."""
    first, *others = sorted(points) if points else [(0.0, 0.0)]
    steps = "".join(f"H{x:.1f}V{y:.1f}" for x, y in others)
    return f"<path class='front' d='M{first[0]:.1f} {first[1]:.1f}{steps}H{_WIDTH - _RIGHT}'/>" if points else ""


def _mark(x: float, y: float, row: Row, up: _Axis) -> str:
    metric = row.metric
    assert metric is not None
    name, colour, shape = _MODES.get(row.mode, _OTHER)
    parts = [f"<title>{escape(f'{row.run}: {metric.name} {100 * metric.value:.1f} %, {name}')}</title>"]
    if metric.low is not None and metric.high is not None:
        low, high = up.place(metric.low), up.place(metric.high)
        parts.append(f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{low:.1f}' y2='{high:.1f}' stroke='{colour}' opacity='.6'/>")
    parts.append(f"<path d='{shape}' fill='{colour}' transform='translate({x:.1f} {y:.1f})'/>")
    if row.on_front:
        parts.append(f"<circle class='ring' cx='{x:.1f}' cy='{y:.1f}' r='9'/>")
    return f"<g>{''.join(parts)}</g>"


def _labels(points: Sequence[tuple[float, float]], numbered: Sequence[tuple[float, float, str]]) -> list[str]:
    """Each number beside its run where it covers neither another number nor a run; left out where it would."""
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in points]
    found = []
    for x, y, text in numbered:
        width = 7.5 * len(text)
        for left, base in ((x + 11, y - 5), (x - 11 - width, y - 5), (x + 11, y + 14), (x - 11 - width, y + 14)):
            box = (left, base - 10, left + width, base)
            if not any(
                box[0] < right and left_ < box[2] and box[1] < bottom and top < box[3]
                for left_, top, right, bottom in taken
            ):
                taken.append(box)
                found.append(_text(left, base, text, "start"))
                break
    return found


def _legend(modes: set[str]) -> str:
    entries = [entry for mode, entry in _MODES.items() if mode in modes]
    if modes - _MODES.keys():
        entries.append(_OTHER)
    y, x, parts = _HEIGHT - 16, float(_LEFT), []
    for name, colour, shape in entries:
        parts.append(f"<path d='{shape}' fill='{colour}' transform='translate({x + 6:.0f} {y - 4})'/>")
        parts.append(_text(x + 18, y, name, "start"))
        x += 36 + 7 * len(name)
    parts.append(f"<circle class='ring' cx='{x + 8:.0f}' cy='{y - 4}' r='7'/>")
    parts.append(_text(x + 22, y, "on the front: no run is better in less time", "start"))
    return "".join(parts)


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' fill='#1B2430'>{escape(text)}</text>"
