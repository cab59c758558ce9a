"""Predictions drawn on pictures, for reports, the demo and ``lensmith predict --draw``. Nothing here changes its input.

Text goes through Pillow and Inter, since OpenCV writes ASCII only; Pillow is loaded with the first text.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.data.images import cv2
from core.domain.prediction import FoundBox
from core.inference.preprocess import Pixels, scale

if TYPE_CHECKING:
    from PIL import ImageFont

Colour = tuple[int, int, int]
Corners = tuple[int, int, int, int]

# Each is dark enough for white text (contrast at least 4.5 : 1) and told from its neighbours without colour vision
# by lightness or by the name that always stands with it.
PALETTE: tuple[Colour, ...] = (
    (31, 111, 235),
    (201, 66, 10),
    (24, 121, 78),
    (122, 63, 242),
    (180, 35, 24),
    (11, 114, 133),
    (194, 37, 92),
    (133, 94, 0),
    (73, 80, 87),
    (72, 116, 10),
)
INK: Colour = (17, 24, 39)
PAPER: Colour = (246, 247, 249)
_WHITE: Colour = (255, 255, 255)
_CROWDED = 0.12  # share of a picture that chips with names may cover
_SMOOTH = 4  # supersampling of rounded corners
# Inter has Latin, Greek and Cyrillic; for the rest whichever of these the system has.
_EAST_ASIAN = ("NotoSansCJK-Regular.ttc", "msyh.ttc", "YuGothM.ttc", "malgun.ttf", "PingFang.ttc", "wqy-zenhei.ttc")
_FIRST_EAST_ASIAN = 0x2E80


def fit(image: Pixels, side: int) -> tuple[Pixels, float]:
    """The picture with its long side at ``side`` pixels, and the factor from its old coordinates to its new ones."""
    height, width = image.shape[:2]
    factor = side / max(height, width)
    return scale(image, max(1, round(width * factor)), max(1, round(height * factor)), "bicubic"), factor


def draw_boxes(
    image: Pixels,
    boxes: Sequence[FoundBox],
    names: Sequence[str],
    colours: Sequence[Colour] = PALETTE,
    side: int | None = None,
) -> Pixels:
    """A copy of an RGB picture with outlined boxes, each with its class name and score.

    ``names`` and ``colours`` are by output index (colours repeat). ``side`` brings the long side to that many pixels
    first, so that lines and text are sharp on small pictures too. Where names would cover the picture, boxes carry
    their score alone and the names stand in a legend.
    """
    picture, factor = fit(image, side) if side else (image.copy(), 1.0)
    falling = sorted(boxes, key=lambda box: -box.score)
    corners = [_corners(box, factor, picture) for box in falling]
    line, size = _line_width(picture), _text_size(picture)
    inks = {box.index: colours[box.index % len(colours)] for box in falling}
    for box, (x1, y1, x2, y2) in reversed(list(zip(falling, corners, strict=True))):
        cv2.rectangle(picture, (x1, y1), (x2, y2), _WHITE, line + 2)  # a light rim: seen on dark ground as well
        cv2.rectangle(picture, (x1, y1), (x2, y2), inks[box.index], line)
    taken: list[Corners] = []
    chips = [_chip(f"{names[box.index]}  {box.score:.2f}", size, inks[box.index]) for box in falling]
    if sum(chip.shape[0] * chip.shape[1] for chip in chips) > _CROWDED * picture.shape[0] * picture.shape[1]:
        chips = [_chip(f"{box.score:.2f}", size, inks[box.index]) for box in falling]
        taken = _legend(picture, [(names[index], inks[index]) for index in sorted(inks)], size)
    for place, chip in zip(corners, chips, strict=True):
        left, top = _free_place(place, chip, taken, picture, line)
        taken.append((left, top, left + chip.shape[1], top + chip.shape[0]))
        _paste(picture, chip, left, top)
    return picture


def draw_label(image: Pixels, text: str, colour: Colour = INK, side: int | None = None) -> Pixels:
    """A copy of an RGB picture with a line of text at its lower left corner."""
    picture = fit(image, side)[0] if side else image.copy()
    size = _text_size(picture)
    chip = _chip(text, size, colour)
    margin = size // 2
    _paste(
        picture, chip, min(margin, max(0, picture.shape[1] - chip.shape[1])), picture.shape[0] - chip.shape[0] - margin
    )
    return picture


def grid(images: Sequence[Pixels], columns: int, side: int = 320, gap: int = 12, paper: Colour = PAPER) -> Pixels:
    """A contact sheet: pictures in cells ``side`` wide, rows as high as their highest picture.

    Text stays legible when the pictures were drawn on with the same ``side``.
    """
    cells = [_rounded(fit(image, side)[0], radius=max(4, side // 50), paper=paper) for image in images]
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    heights = [max(cell.shape[0] for cell in row) for row in rows]
    width = min(columns, max(len(cells), 1)) * (side + gap) + gap
    sheet = np.full((sum(heights) + gap * (len(rows) + 1), width, 3), paper, np.uint8)
    top = gap
    for row, height in zip(rows, heights, strict=True):
        for column, cell in enumerate(row):
            left = gap + column * (side + gap) + (side - cell.shape[1]) // 2
            above = top + (height - cell.shape[0]) // 2
            sheet[above : above + cell.shape[0], left : left + cell.shape[1]] = cell
        top += height + gap
    return sheet


def _line_width(image: Pixels) -> int:
    return max(2, round(max(image.shape[:2]) / 280))


def _text_size(image: Pixels) -> int:
    return max(12, round(max(image.shape[:2]) / 42))


def _corners(box: FoundBox, factor: float, image: Pixels) -> Corners:
    """First and last pixel of the box in both directions, inside the picture."""
    height, width = image.shape[:2]
    x1, y1 = min(max(round(box.x1 * factor), 0), width - 1), min(max(round(box.y1 * factor), 0), height - 1)
    x2, y2 = round(box.x2 * factor) - 1, round(box.y2 * factor) - 1
    return x1, y1, min(max(x2, x1), width - 1), min(max(y2, y1), height - 1)


def _legend(picture: Pixels, entries: Sequence[tuple[str, Colour]], size: int) -> list[Corners]:
    """Class names along the lower edge, from the left; returns the places taken."""
    taken: list[Corners] = []
    left, top = 0, picture.shape[0]
    for name, colour in entries:
        chip = _chip(name, size, colour)
        height, width = chip.shape[:2]
        if not taken or left + width > picture.shape[1]:
            left, top = 0, top - height
        _paste(picture, chip, left, top)
        taken.append((left, top, left + width, top + height))
        left += width + 2
    return taken


def _free_place(box: Corners, chip: Pixels, taken: Sequence[Corners], image: Pixels, line: int) -> tuple[int, int]:
    """Left and top for a box's chip: above it, below it or inside, the first that hides no other chip."""
    height, width = chip.shape[:2]
    rim = line // 2 + 1
    x1, y1, x2, y2 = box[0] - rim, box[1] - rim, box[2] + rim + 1, box[3] + rim + 1
    right, bottom = max(0, image.shape[1] - width), max(0, image.shape[0] - height)
    wanted = [(x1, y1 - height), (x2 - width, y1 - height), (x1, y2), (x2 - width, y2), (x1, y1), (x1, y2 - height)]
    possible = [(min(max(left, 0), right), top) for left, top in wanted if 0 <= top <= bottom]
    possible.append((min(max(x1, 0), right), min(max(y1, 0), bottom)))

    def hides(left: int, top: int) -> bool:
        return any(
            left < used[2] and used[0] < left + width and top < used[3] and used[1] < top + height for used in taken
        )

    return next((place for place in possible if not hides(*place)), possible[0])


@lru_cache(maxsize=256)
def _chip(text: str, size: int, colour: Colour) -> Pixels:
    """White text on a rounded rectangle, ``uint8 [h, w, 4]`` (RGBA)."""
    from PIL import Image, ImageDraw

    font = _font(size, any(ord(letter) >= _FIRST_EAST_ASIAN for letter in text))
    left, _, right, _ = font.getbbox(text)
    ascent, descent = font.getmetrics()
    pad = max(3, round(size * 0.4))
    width, height = round(right - left) + 2 * pad, ascent + descent + max(2, pad // 2)
    chip = Image.new("RGBA", (width, height), (*colour, 255))
    ImageDraw.Draw(chip).text((pad - left, (height - ascent - descent) / 2), text, font=font, fill=(255, 255, 255, 255))
    chip.putalpha(Image.fromarray(_corner_mask(width, height, max(2, size // 5))))
    return np.asarray(chip)


@lru_cache(maxsize=32)
def _font(size: int, east_asian: bool) -> "ImageFont.FreeTypeFont":
    import fontpkg_inter
    from PIL import ImageFont

    for name in _EAST_ASIAN if east_asian else ():
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    font = ImageFont.truetype(str(Path(fontpkg_inter.ROOT) / "files" / "Inter[opsz,wght].ttf"), size)
    font.set_variation_by_axes([min(max(size, 14), 32), 600])
    return font


@lru_cache(maxsize=64)
def _corner_mask(width: int, height: int, radius: int) -> Pixels:
    """Coverage 0 to 255 of a rounded rectangle, antialiased, ``[h, w]``."""
    from PIL import Image, ImageDraw

    large = Image.new("L", (width * _SMOOTH, height * _SMOOTH))
    ImageDraw.Draw(large).rounded_rectangle((0, 0, large.width - 1, large.height - 1), radius * _SMOOTH, fill=255)
    return np.asarray(large.reduce(_SMOOTH))


def _paste(picture: Pixels, chip: Pixels, left: int, top: int) -> None:
    """Blend an RGBA chip into the picture in place; what sticks out is cut off."""
    top, left = max(top, 0), max(left, 0)
    below = picture[top : top + chip.shape[0], left : left + chip.shape[1]]
    chip = chip[: below.shape[0], : below.shape[1]]
    below[:] = _blend(chip[..., :3], below, chip[..., 3:])


def _rounded(picture: Pixels, radius: int, paper: Colour) -> Pixels:
    mask = _corner_mask(picture.shape[1], picture.shape[0], radius)[..., None]
    return _blend(picture, np.array(paper, np.uint8), mask)


def _blend(over: Pixels, under: Pixels, alpha: Pixels) -> Pixels:
    share = alpha.astype(np.float32) / 255
    return np.rint(over * share + under * (1 - share)).astype(np.uint8)
