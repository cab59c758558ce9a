"""Two pictures of a drawn scene, one after the other, with the boxes of its objects in both."""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from core.data.images import cv2

Corners = tuple[float, float, float, float]
SIDE = 480


class Pair(Struct, frozen=True):
    """``after[i]``: where ``before[i]`` has gone; ``None`` for an object that is no longer there."""

    first: np.ndarray
    second: np.ndarray
    before: list[Corners]
    after: list[Corners | None]


CHANGES = ("motion", "scale", "light", "noise", "occlusion", "camera", "plain", "leaving", "all")


def pairs(change: str, count: int, seed: int = 0) -> Iterator[Pair]:
    """Objects that move by up to 60 % of their side, and with it one more ``change``."""
    for number in range(count):
        yield _pair(np.random.default_rng((seed, CHANGES.index(change), number)), change)


def _texture(rng: np.random.Generator, side: int, contrast: float, base: float) -> np.ndarray:
    """Grey float32 ``[side, side]`` of blots in three sizes."""
    field = np.zeros((side, side), np.float32)
    for grain in (side // 40 + 2, side // 14 + 2, side // 5 + 2):
        blots = rng.normal(0, 1, (max(2, side // grain) + 1,) * 2).astype(np.float32)
        field += cv2.resize(blots, (side, side), interpolation=cv2.INTER_CUBIC)
    return base + contrast * field


def _pair(rng: np.random.Generator, change: str) -> Pair:
    has = {name: change in (name, "all") for name in CHANGES}
    plain = has["plain"] and change == "plain"
    ground = _texture(rng, SIDE + 80, 0 if plain else 14, float(rng.uniform(90, 160)))
    shift = rng.integers(-30, 31, 2) if has["camera"] else np.zeros(2, int)
    first, second = (ground[40 + y : 40 + y + SIDE, 40 + x : 40 + x + SIDE].copy() for x, y in ((0, 0), shift))
    before: list[Corners] = []
    after: list[Corners | None] = []
    cells = [(x, y) for x in range(3) for y in range(3)]
    rng.shuffle(cells)
    gone = int(rng.integers(0, 4)) if has["leaving"] else -1
    for number, (column, row) in enumerate(cells[:4]):
        side = int(rng.integers(28, 90))
        patch = _texture(rng, side, 0 if plain else 22, float(rng.choice([40, 215])))
        mask = np.zeros((side, side), np.uint8)
        axes = (side // 2 - 1, max(8, int(side * rng.uniform(0.35, 0.5))))
        cv2.ellipse(mask, (side // 2, side // 2), axes, 0, 0, 360, 255, -1)
        spot = np.array([column, row]) * 160 + 35 + rng.integers(0, 10, 2)
        scale = float(rng.uniform(0.85, 1.18)) if has["scale"] else 1.0
        moved = spot + rng.uniform(-0.6, 0.6, 2) * side - (shift if has["camera"] else 0)
        before.append(_place(first, patch, mask, spot, 1.0))
        after.append(None if number == gone else _place(second, patch, mask, moved, scale))
        if has["occlusion"] and after[-1] is not None and number % 2:
            _cover(rng, second, after[-1])
    if has["light"]:
        second = second * rng.uniform(0.7, 1.3) + rng.uniform(-25, 25)
    for picture in (first, second):
        picture += rng.normal(0, 12 if has["noise"] else 2, picture.shape)
    return Pair(_rgb(first), _rgb(second), before, after)


def _place(picture: np.ndarray, patch: np.ndarray, mask: np.ndarray, spot: np.ndarray, scale: float) -> Corners:
    """Draw it and say the box that it fills, cut off at the picture's edge."""
    side = patch.shape[0]
    matrix = np.array([[scale, 0, spot[0]], [0, scale, spot[1]]], np.float32)
    area = cv2.warpAffine(mask, matrix, (SIDE, SIDE)) / 255
    drawn = cv2.warpAffine(patch, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    picture[:] = picture * (1 - area) + drawn * area
    x, y, width, height = cv2.boundingRect((area > 0.5).astype(np.uint8))
    assert width > 0, f"an object of {side} pixels left the picture"
    return (float(x), float(y), float(x + width), float(y + height))


def _cover(rng: np.random.Generator, picture: np.ndarray, box: Corners) -> None:
    """A bar over a third of it."""
    left, top, right, bottom = (round(value) for value in box)
    third = (bottom - top) // 3
    picture[top : top + third, left - 10 : right + 10] = rng.uniform(90, 160)


def _rgb(grey: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(np.clip(grey, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2RGB)
