"""How drawn parts come to light: surfaces from a height map, a belt, soft shadows, and a camera's shortcomings.

Shading is Blinn-Phong on normals of a height map, with a bow-tie highlight on turned metal (anisotropic reflection).
Everything is float32 with white at 1.
"""

from collections.abc import Iterable

import cv2
import numpy as np
from msgspec import Struct

from core.data.sample_parts import Part, Points

FINE = 2  # surfaces are computed at twice the picture's resolution
TILE = 1024  # side of the texture tiles

METALS = {
    "steel": (0.70, 0.72, 0.75),
    "zinc": (0.63, 0.70, 0.78),
    "brass": (0.80, 0.65, 0.36),
    "copper": (0.78, 0.50, 0.38),
    "black": (0.30, 0.31, 0.33),
}
BELTS = {
    "rubber": (0.17, 0.18, 0.20),
    "green": (0.13, 0.31, 0.24),
    "blue": (0.12, 0.24, 0.38),
    "grey": (0.42, 0.43, 0.43),
}


class Scene(Struct, frozen=True):
    """What a lot of pictures has in common: the belt, and the lamp (``azimuth`` in radians, ``height`` 0 to 1)."""

    belt: str
    azimuth: float
    height: float
    cast: tuple[float, float, float]  # of the white balance

    @property
    def lamp(self) -> tuple[float, float, float]:
        """Unit vector towards the lamp; z is towards the camera."""
        flat = float(np.sqrt(1 - self.height**2))
        return flat * float(np.cos(self.azimuth)), flat * float(np.sin(self.azimuth)), self.height


def random_scene(rng: np.random.Generator) -> Scene:
    r, g, b = rng.uniform(0.94, 1.06, 3)
    belt = str(rng.choice(sorted(BELTS)))
    return Scene(belt, float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.6, 0.8)), (float(r), float(g), float(b)))


class Textures:
    """Tiles of noise that pictures cut their grain from, since drawing noise afresh would take most of the time."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng((seed, 0x7E47))
        noise = rng.standard_normal((TILE, TILE), dtype=np.float32)
        self.fine = noise
        coarse = cv2.GaussianBlur(noise[: TILE // 8, : TILE // 8], (0, 0), 3.5)
        self.cloudy = _unit(cv2.resize(coarse, (TILE, TILE), interpolation=cv2.INTER_CUBIC))
        self.brushed = _unit(cv2.blur(noise, (121, 1)) + 0.6 * cv2.blur(noise, (31, 1)))
        y, x = np.mgrid[:TILE, :TILE].astype(np.float32)
        weave = np.sin(x * 1.31) * np.sin(y * 1.31 + (np.floor(x / 4.8) % 2) * np.pi)
        self.weave = _unit(weave.astype(np.float32) + 0.5 * cv2.GaussianBlur(noise, (0, 0), 1))
        self.rings = _unit(cv2.GaussianBlur(rng.standard_normal((1, 512), dtype=np.float32), (0, 0), 0.8))[0]

    def cut(self, tile: np.ndarray, rng: np.random.Generator, height: int, width: int) -> np.ndarray:
        y, x = rng.integers(0, TILE - height + 1), rng.integers(0, TILE - width + 1)
        return tile[y : y + height, x : x + width]


def _planes(channels: Iterable[np.ndarray]) -> np.ndarray:
    """``[h, w, 3]`` of three planes; broadcasting over a last axis of 3 would take several times as long."""
    return cv2.merge(list(channels))


def _unit(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


class Defect(Struct, frozen=True):
    """Lines in the part's units, and how they mark the surface: depth, and gain of brightness (negative: dark)."""

    lines: tuple[Points, ...]
    width: float
    depth: float
    gain: float


def belt(rng: np.random.Generator, scene: Scene, textures: Textures, side: int) -> np.ndarray:
    """An empty conveyor belt, float32 ``[side, side, 3]``: woven, clouded, with scuffs along its way."""
    weave = textures.cut(textures.weave, rng, side, side)
    clouds = textures.cut(textures.cloudy, rng, side, side)
    scuffs = np.zeros((side, side), np.uint8)
    for _ in range(int(rng.integers(2, 9))):
        y, x, length = rng.integers(0, side), rng.integers(-side // 2, side), rng.integers(side // 6, side)
        end = (int(x + length), int(y + rng.integers(-3, 4)))
        cv2.line(scuffs, (int(x), int(y)), end, int(rng.integers(20, 90)), 1, cv2.LINE_AA)
    gain = 1 + 0.055 * weave + 0.07 * clouds
    scuffed = scuffs.astype(np.float32) / 900
    color = _planes(gain * np.float32(channel) + scuffed for channel in BELTS[scene.belt])
    return np.ascontiguousarray(color.transpose(1, 0, 2)) if rng.random() < 0.5 else color


def surface(
    rng: np.random.Generator,
    part: Part,
    scene: Scene,
    textures: Textures,
    radius: float,
    turn: float,
    metal: str,
    defects: tuple[Defect, ...] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """The part as the lamp shows it: color float32 ``[p, p, 3]`` and coverage float32 ``[p, p]``, the part's centre
    in the middle. ``radius`` in pixels, ``turn`` in radians."""
    patch = 2 * int(np.ceil(radius + 3))
    side, scale = patch * FINE, radius * FINE
    rotation = np.array(((np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))))
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [_to_pixels(c @ rotation, scale, side) for c in part.contours], 255, cv2.LINE_AA, 4)
    edge = cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 3)
    bevel = max(part.bevel * scale, 2.0)
    rise = 1 - np.clip(edge / bevel, 0, 1)
    height = bevel * np.sqrt(np.maximum(1 - rise * rise, 0))
    paint = np.ones((side, side), np.float32)
    for defect in defects:
        marks = np.zeros((side, side), np.uint8)
        lines = [_to_pixels(line @ rotation, scale, side) for line in defect.lines]
        cv2.polylines(marks, lines, False, 255, max(1, round(defect.width * scale)), cv2.LINE_AA, 4)
        strength = marks.astype(np.float32) / 255
        height -= strength * np.float32(defect.depth * scale)
        paint += strength * np.float32(defect.gain)
    grain, bow = _finish(rng, part, scene, textures, side, turn)
    color = _lit(cv2.GaussianBlur(height.astype(np.float32), (0, 0), 1.2), scene, METALS[metal], grain, bow, paint)
    color *= _planes([np.minimum(0.72 + edge / 6, 1)] * 3)  # the outermost edge sees less of the lamp
    half = (patch, patch)
    covered = cv2.resize(mask, half, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return cv2.resize(color, half, interpolation=cv2.INTER_AREA), covered


def _to_pixels(points: Points, scale: float, side: int) -> np.ndarray:
    """Fixed-point pixel coordinates (4 fractional bits) for OpenCV's antialiased drawing."""
    return np.round((points * scale + side / 2 - 0.5) * 16).astype(np.int32)


def _finish(
    rng: np.random.Generator, part: Part, scene: Scene, textures: Textures, side: int, turn: float
) -> tuple[np.ndarray, np.ndarray]:
    """Grain (mean 0, deviation about 1) and the bow-tie of light on turned metal, 0 to 1; both ``[side, side]``."""
    if part.finish == "brushed":
        square = textures.cut(textures.brushed, rng, min(side, TILE), min(side, TILE))
        matrix = cv2.getRotationMatrix2D((side / 2, side / 2), float(-np.degrees(turn)), 1.0)
        grain = cv2.warpAffine(square, matrix, (side, side), borderMode=cv2.BORDER_REFLECT)
        return grain, np.full((side, side), 0.35, np.float32)
    axis = np.arange(side, dtype=np.float32) - side / 2 + 0.5
    x, y = np.broadcast_to(axis, (side, side)), np.broadcast_to(axis[:, None], (side, side))
    distance, angle = cv2.cartToPolar(np.ascontiguousarray(x), np.ascontiguousarray(y))
    grain = textures.rings[(distance * 1.4).astype(np.int32) % textures.rings.size]
    towards = np.cos(angle - np.float32(scene.azimuth))
    return grain, towards * towards * towards * towards


def _lit(
    height: np.ndarray,
    scene: Scene,
    metal: tuple[float, float, float],
    grain: np.ndarray,
    bow: np.ndarray,
    paint: np.ndarray,
) -> np.ndarray:
    slope_x, slope_y = (cv2.Sobel(height, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))
    inverse = 1 / np.sqrt(slope_x * slope_x + slope_y * slope_y + 1)
    x, y, z = scene.lamp
    diffuse = np.maximum((z - x * slope_x - y * slope_y) * inverse, 0)
    length = np.sqrt(x * x + y * y + (z + 1) ** 2)
    half = np.maximum((z + 1 - x * slope_x - y * slope_y) * inverse / np.float32(length), 0)
    half *= half
    half *= half
    shine = half**6
    body = (0.28 + 0.62 * diffuse + 0.25 * bow) * (1 + 0.05 * grain) * paint
    gloss = 0.32 * shine * (0.35 + bow) * paint
    return _planes(body * np.float32(channel) + gloss for channel in metal)


def place(canvas: np.ndarray, color: np.ndarray, covered: np.ndarray, x: int, y: int, scene: Scene) -> None:
    """Lay what ``surface`` gave onto the belt, in place, its top left corner at ``x``, ``y``, with its shadow."""
    patch = covered.shape[0]
    reach = max(2, patch // 14)
    lamp_x, lamp_y, _ = scene.lamp
    pad = 3 * reach
    wide = cv2.copyMakeBorder(covered, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0.0)
    shift = np.array(((1, 0, -lamp_x * reach), (0, 1, -lamp_y * reach)), np.float32)
    cast = cv2.GaussianBlur(cv2.warpAffine(wide, shift, wide.shape[::-1]), (0, 0), reach * 0.6)
    touch = cv2.GaussianBlur(wide, (0, 0), 1.5)
    shadow = np.maximum(0.62 * cast, 0.5 * touch)
    _blend(canvas, None, shadow, x - pad, y - pad)
    _blend(canvas, color, covered, x, y)


def _blend(canvas: np.ndarray, color: np.ndarray | None, weight: np.ndarray, x: int, y: int) -> None:
    """``canvas`` becomes ``color`` (black if ``None``) by ``weight`` where both overlap."""
    height, width = canvas.shape[:2]
    top, left, bottom, right = max(y, 0), max(x, 0), min(y + weight.shape[0], height), min(x + weight.shape[1], width)
    inside = np.s_[top - y : bottom - y, left - x : right - x]
    under, part = canvas[top:bottom, left:right], _planes([weight[inside]] * 3)
    under *= 1 - part
    if color is not None:
        under += color[inside] * part


def photograph(rng: np.random.Generator, canvas: np.ndarray, scene: Scene, textures: Textures) -> np.ndarray:
    """What a plain camera makes of it: uneven light, exposure, white balance, a little blur and noise; uint8 RGB."""
    side = canvas.shape[0]
    ramp = np.linspace(-0.5, 0.5, side, dtype=np.float32)
    angle, fall = scene.azimuth, float(rng.uniform(0.1, 0.45))
    uneven = 1 + fall * (np.cos(angle) * ramp[None] + np.sin(angle) * ramp[:, None])
    uneven -= float(rng.uniform(0, 0.45)) * (ramp[None] ** 2 + ramp[:, None] ** 2)
    exposure = float(rng.uniform(0.8, 1.2))
    seen = canvas * _planes(uneven * np.float32(exposure * channel) for channel in scene.cast)
    blur = float(rng.uniform(0, 0.7))
    if blur > 0.3:
        seen = cv2.GaussianBlur(seen, (0, 0), blur)
    noise = textures.cut(textures.fine, rng, side, side * 3).reshape(side, side, 3)
    seen = np.sqrt(np.maximum(seen, 0)) * 0.35 + seen * 0.65  # a camera lifts the shadows
    return np.clip((seen + noise * float(rng.uniform(0.006, 0.02))) * 255, 0, 255).astype(np.uint8)
