"""Shapes of the drawn machine parts and of their defects, in units where a part fits into a circle of radius 1."""

from collections.abc import Callable

import numpy as np
from msgspec import Struct

Points = np.ndarray  # float64 [n, 2]: x, y


class Part(Struct, frozen=True):
    """Outlines filled by the even-odd rule, and how the surface looks.

    ``finish``: ``turned`` (concentric grooves) or ``brushed`` (straight ones). ``bevel``: width of the rounded edge;
    half the width of a bar makes it a rod.
    """

    kind: str
    contours: tuple[Points, ...]
    finish: str
    bevel: float


def washer(rng: np.random.Generator) -> Part:
    return Part("washer", (_circle(1.0), _circle(rng.uniform(0.42, 0.6))), "turned", 0.07)


def nut(rng: np.random.Generator) -> Part:
    return Part("nut", (_rounded(_circle(1.0, 6), 0.06), _circle(rng.uniform(0.45, 0.55))), "brushed", 0.16)


def gear(rng: np.random.Generator, missing: int = 0) -> Part:
    """``missing`` neighbouring teeth are broken off, leaving a stub."""
    teeth = int(rng.integers(12, 19))
    root = rng.uniform(0.79, 0.83)
    pitch = 2 * np.pi / teeth
    rim = []
    for tooth in range(teeth):
        for offset, radius in ((-0.3, root), (-0.17, 1.0), (0.17, 1.0), (0.3, root)):
            if tooth < missing:
                radius = root + rng.uniform(-0.01, 0.05)
            rim.append(_polar(radius, (tooth + offset) * pitch))
    contours = [np.array(rim), _circle(rng.uniform(0.17, 0.26))]
    holes = int(rng.choice([0, 0, 4, 5, 6]))
    turn = rng.uniform(0, 2 * np.pi)
    contours += [_circle(0.11) + _polar(0.53, turn + 2 * np.pi * hole / holes) for hole in range(holes)]
    return Part("gear", tuple(contours), "turned", 0.05)


def bolt(rng: np.random.Generator) -> Part:
    """Lying on its side: a hexagon head, a shank, and a thread that shows as teeth along both edges."""
    head, shank, start = rng.uniform(0.36, 0.44), rng.uniform(0.17, 0.22), rng.uniform(-0.3, 0.3)
    right = [(head * 0.85, -1.0), (head, -0.94), (head, -0.58), (shank, -0.56)]
    crests = np.arange(start, 0.9, 0.085)
    for y in crests:
        right += [(shank, y), (shank - 0.045, y + 0.0425)]
    right += [(shank, 0.92), (shank * 0.65, 1.0)]
    left = [(-x, y) for x, y in reversed(right)]
    return Part("bolt", (np.array(right + left),), "brushed", shank)


def bracket(rng: np.random.Generator) -> Part:
    """A plate bent to an L, with a hole in each leg."""
    width = rng.uniform(0.5, 0.66)
    low, high = -0.72, 0.72
    corners = [(low, low), (high, low), (high, low + width), (low + width, low + width), (low + width, high)]
    outline = _rounded(np.array([*corners, (low, high)]), 0.1)
    middle, far = low + width / 2, high - width / 2
    hole = _circle(rng.uniform(0.1, 0.15))
    holes = hole + np.array((far, middle)), hole + np.array((middle, far))
    return Part("bracket", (outline, *holes), "brushed", 0.045)


PARTS: dict[str, Callable[[np.random.Generator], Part]] = {
    "bolt": bolt,
    "bracket": bracket,
    "gear": gear,
    "nut": nut,
    "washer": washer,
}


def scratch(rng: np.random.Generator) -> Points:
    """A long line, slightly bent, across the surface."""
    direction = rng.uniform(0, np.pi)
    along = _polar(1.0, direction)
    across = _polar(1.0, direction + np.pi / 2)
    middle = across * rng.choice([-1, 1]) * rng.uniform(0.1, 0.65)
    half = rng.uniform(0.4, 0.7)
    t = np.linspace(-1, 1, 12)
    return middle + np.outer(t * half, along) + np.outer(t**2 * rng.uniform(-0.12, 0.12), across)


def crack(rng: np.random.Generator) -> list[Points]:
    """A jagged line from the rim inwards, and a branch of it."""
    angle = rng.uniform(0, 2 * np.pi)
    steps = int(rng.integers(8, 12))
    radii = np.linspace(0.86, rng.uniform(0.2, 0.32), steps)
    angles = angle + np.cumsum(rng.normal(0, 0.085, steps))
    trunk = np.array([_polar(radius, theta) for radius, theta in zip(radii, angles, strict=True)])
    fork = steps // 2
    side = rng.choice([-1, 1]) * 0.11
    branch = [_polar(radii[fork] - 0.045 * k, angles[fork] + side * k + rng.normal(0, 0.03)) for k in range(4)]
    return [trunk, np.array([trunk[fork], *branch[1:]])]


def _polar(radius: float, angle: float) -> Points:
    return np.array((radius * np.cos(angle), radius * np.sin(angle)))


def _circle(radius: float, points: int = 90) -> Points:
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return radius * np.stack((np.cos(angles), np.sin(angles)), axis=1)


def _rounded(corners: Points, radius: float) -> Points:
    """The polygon with each corner replaced by a curve that begins ``radius`` before it."""
    t = np.linspace(0, 1, 8)[:, None]
    curves = []
    for before, corner, after in zip(np.roll(corners, 1, 0), corners, np.roll(corners, -1, 0), strict=True):
        start = corner + radius * (before - corner) / np.linalg.norm(before - corner)
        end = corner + radius * (after - corner) / np.linalg.norm(after - corner)
        curves.append((1 - t) ** 2 * start + 2 * t * (1 - t) * corner + t**2 * end)
    return np.concatenate(curves)
