"""Random changes to training pictures, in four levels, repeatable picture by picture.

Parameters are drawn from a generator of their own, seeded by (seed, epoch, image): threads may augment in any order
and a resumed run sees exactly the pictures that an uninterrupted one would have seen. The changes themselves are
those of torchvision's transforms v2.
"""

import random

import torch
from msgspec import Struct
from msgspec.structs import replace
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as tv

GREY = [114.0]  # what comes into view at the edges, as in a letterbox


class Level(Struct, frozen=True, kw_only=True):
    """How far each change goes; 0 leaves it out."""

    flip: bool = True  # left to right, every other time
    turn: float = 0.0  # degrees to either side
    shift: float = 0.0  # of the side, in both directions
    zoom: float = 0.0  # in by up to this share, out by half of it
    light: float = 0.0  # brightness, contrast and saturation, share up or down
    hue: float = 0.0  # share of the colour circle to either side
    blur: float = 0.0  # probability of a Gaussian blur
    erase: float = 0.0  # probability of a grey rectangle of 2 to 15 % of the area


LEVELS = {
    "off": Level(flip=False),
    "light": Level(shift=0.05, zoom=0.1, light=0.1),
    "medium": Level(turn=10, shift=0.1, zoom=0.25, light=0.25, blur=0.1),  # hue costs more than all the rest
    "strong": Level(turn=20, shift=0.15, zoom=0.4, light=0.4, hue=0.05, blur=0.2, erase=0.3),
}


def augment(picture: Tensor, level: Level, seed: int, epoch: int, image: int) -> Tensor:
    """One random variant of ``picture`` (``uint8 [3, side, side]``), the same for the same four numbers."""
    draw = random.Random(f"{seed} {epoch} {image}")
    if level.flip and draw.random() < 0.5:
        picture = tv.horizontal_flip(picture)
    picture = _move(picture, level, draw)
    picture = _relight(picture, level, draw)
    if draw.random() < level.blur:
        picture = tv.gaussian_blur(picture, [5, 5], [draw.uniform(0.3, 1.5)])
    if draw.random() < level.erase:
        picture = _erase(picture, draw)
    return picture


def _move(picture: Tensor, level: Level, draw: random.Random) -> Tensor:
    if not (level.turn or level.shift or level.zoom):
        return picture
    side = picture.shape[-1]
    return tv.affine(
        picture,
        angle=draw.uniform(-level.turn, level.turn),
        translate=[draw.uniform(-level.shift, level.shift) * side for _ in range(2)],
        scale=draw.uniform(1 - level.zoom / 2, 1 + level.zoom),
        shear=[0.0, 0.0],
        interpolation=InterpolationMode.BILINEAR,
        fill=GREY * 3,
    )


def _relight(picture: Tensor, level: Level, draw: random.Random) -> Tensor:
    if level.light:
        for change in (tv.adjust_brightness, tv.adjust_contrast, tv.adjust_saturation):
            picture = change(picture, draw.uniform(1 - level.light, 1 + level.light))
    if level.hue:
        picture = tv.adjust_hue(picture, draw.uniform(-level.hue, level.hue))
    return picture


def _erase(picture: Tensor, draw: random.Random) -> Tensor:
    side = picture.shape[-1]
    area, ratio = draw.uniform(0.02, 0.15) * side * side, draw.uniform(0.5, 2.0)
    height, width = (min(side, max(1, round((area * r) ** 0.5))) for r in (ratio, 1 / ratio))
    top, left = draw.randint(0, side - height), draw.randint(0, side - width)
    return tv.erase(picture, top, left, height, width, torch.tensor(GREY, dtype=picture.dtype).view(1, 1, 1))


class View(Struct, frozen=True):
    """A fixed look at a picture, for features that are computed once: part of the cache key, so never redefined."""

    name: str
    flip: bool = False
    zoom: float = 1.0
    turn: float = 0.0  # degrees


PLAIN = View("plain")
_FLIPPED = View("flipped", flip=True)
_MORE = (View("near", zoom=1.15), View("far-flipped", flip=True, zoom=0.9))
_MOST = (
    View("left", turn=10),
    View("right-flipped", flip=True, turn=-10),
    View("close-flipped", flip=True, zoom=1.35),
    View("close", zoom=1.35),
)

# How many views stand in for random augmentation when the backbone is frozen.
VIEWS: dict[str, tuple[View, ...]] = {
    "off": (PLAIN,),
    "light": (PLAIN, _FLIPPED),
    "medium": (PLAIN, _FLIPPED, *_MORE),
    "strong": (PLAIN, _FLIPPED, *_MORE, *_MOST),
}


def level_of(name: str, mirror: bool) -> Level:
    """``mirror``: whether pictures may be turned left to right."""
    return LEVELS[name] if mirror else replace(LEVELS[name], flip=False)


def views_of(level: str, mirror: bool) -> tuple[View, ...]:
    """As ``level_of``."""
    return tuple(view for view in VIEWS[level] if mirror or not view.flip)


def look(picture: Tensor, view: View) -> Tensor:
    """``picture`` (``uint8 [3, side, side]``) as ``view`` shows it."""
    if view.flip:
        picture = tv.horizontal_flip(picture)
    if view.zoom == 1.0 and view.turn == 0.0:
        return picture
    return tv.affine(
        picture,
        angle=view.turn,
        translate=[0, 0],
        scale=view.zoom,
        shear=[0.0, 0.0],
        interpolation=InterpolationMode.BILINEAR,
        fill=GREY * 3,
    )
