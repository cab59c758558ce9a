"""Drawn sample sets: machine parts on a conveyor belt, with exact classes and boxes.

For the demo, the documentation and tests: nobody's pictures are needed, and the truth is known to the pixel. The same
seed gives the same bytes on the same machine.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from msgspec import Struct

from core.data import images as _images  # noqa: F401  (imports OpenCV the way the program needs it)
from core.data import sample_light as light
from core.data import sample_parts as parts
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.domain.task import Task

CONDITIONS = ("cracked", "good", "missing_tooth", "scratched")  # classes of the classification set
KINDS = tuple(sorted(parts.PARTS))  # classes of the detection set
CLASSIFICATION_SIDE, DETECTION_SIDE, BULK_SIDE = 224, 320, 64  # pixels
LOT = 12  # pictures that share a belt and a lamp; the lot stands in the file name

_METALS = sorted(light.METALS)
_AT_A_TIME = 64  # pictures drawn between two progress reports


class Drawn(Struct, frozen=True):
    """A picture, uint8 ``[side, side, 3]`` RGB, and for each part its class index and coverage.

    ``covered``: (class, x, y, float32 ``[p, p]`` 0 to 1): a patch whose top left corner lies at x, y.
    """

    pixels: np.ndarray
    covered: tuple[tuple[int, int, int, np.ndarray], ...] = ()

    def boxes(self) -> list[tuple[int, int, int, int, int]]:
        """``class, x_min, y_min, x_max, y_max``: the pixels that a part covers by half or more."""
        return [(index, *_tight(cover, x, y)) for index, x, y, cover in self.covered]


def draw(target: Path, task: Task, count: int, seed: int = 0, progress: Progress = silent) -> Path:
    """Draw ``count`` pictures into the new folder ``target`` and return it.

    Classification: class folders of gears, 224 px, by condition. Detection: YOLO with ``data.yaml``, 320 px, one to
    five parts a picture. When cancelled, nothing is left behind.
    """
    fill = _draw_classes if task is Task.CLASSIFICATION else _draw_boxes
    return _whole(target, lambda folder: fill(folder, count, seed, progress))


def draw_bulk(target: Path, count: int, seed: int = 0, progress: Progress = silent) -> Path:
    """Many small pictures (64 px, YOLO) of a few hundred parts laid out anew each time: for measuring imports."""
    return _whole(target, lambda folder: _draw_bulk(folder, count, seed, progress))


def gear_picture(textures: light.Textures, seed: int, number: int) -> Drawn:
    """Picture ``number`` of the classification set; its class is ``CONDITIONS[number % 4]``."""
    rng, scene = _start(seed, number)
    condition = CONDITIONS[number % len(CONDITIONS)]
    canvas = light.belt(rng, scene, textures, CLASSIFICATION_SIDE)
    part = parts.gear(rng, missing=int(rng.integers(2, 5)) if condition == "missing_tooth" else 0)
    defects: tuple[light.Defect, ...] = ()
    if condition == "scratched":
        defects = tuple(_scratch(rng) for _ in range(int(rng.integers(4, 8))))
    elif condition == "cracked":
        defects = (light.Defect(tuple(parts.crack(rng)), rng.uniform(0.024, 0.036), 0.05, -0.85),)
    radius = rng.uniform(86, 104)
    color, cover = light.surface(rng, part, scene, textures, radius, *_pose(rng), defects)
    slack = int((CLASSIFICATION_SIDE - cover.shape[0]) / 2)
    x, y = (slack + int(rng.integers(-slack, slack + 1)) for _ in range(2))
    light.place(canvas, color, cover, x, y, scene)
    index = KINDS.index("gear")
    return Drawn(light.photograph(rng, canvas, scene, textures), ((index, x, y, cover),))


def belt_picture(textures: light.Textures, seed: int, number: int) -> Drawn:
    """Picture ``number`` of the detection set: one to five parts that do not touch."""
    rng, scene = _start(seed, number)
    canvas = light.belt(rng, scene, textures, DETECTION_SIDE)
    centres: list[tuple[float, float, float]] = []
    covered = []
    for _ in range(int(rng.integers(1, 6))):
        radius = rng.uniform(26, 62)
        spot = _free_spot(rng, centres, radius)
        if spot is None:
            continue
        centres.append((*spot, radius))
        kind = str(rng.choice(KINDS))
        defects = (_scratch(rng),) if rng.random() < 0.15 else ()
        part = parts.PARTS[kind](rng)
        color, cover = light.surface(rng, part, scene, textures, radius, *_pose(rng), defects)
        x, y = (round(centre - cover.shape[0] / 2) for centre in spot)
        light.place(canvas, color, cover, x, y, scene)
        covered.append((KINDS.index(kind), x, y, cover))
    return Drawn(light.photograph(rng, canvas, scene, textures), tuple(covered))


def _start(seed: int, number: int) -> tuple[np.random.Generator, light.Scene]:
    """Each picture has its own generator, so that threads cannot change what is drawn; a lot shares its scene."""
    return np.random.default_rng((seed, 1, number)), light.random_scene(np.random.default_rng((seed, 2, number // LOT)))


def _pose(rng: np.random.Generator) -> tuple[float, str]:
    return float(rng.uniform(0, 2 * np.pi)), str(rng.choice(_METALS))


def _scratch(rng: np.random.Generator) -> light.Defect:
    return light.Defect((parts.scratch(rng),), rng.uniform(0.009, 0.016), 0.01, rng.uniform(0.3, 0.5))


def _free_spot(
    rng: np.random.Generator, taken: list[tuple[float, float, float]], radius: float
) -> tuple[float, float] | None:
    margin = radius + 4
    for _ in range(40):
        x, y = rng.uniform(margin, DETECTION_SIDE - margin, 2)
        if all(np.hypot(x - other_x, y - other_y) > radius + other + 4 for other_x, other_y, other in taken):
            return float(x), float(y)
    return None


def _tight(cover: np.ndarray, x: int, y: int) -> tuple[int, int, int, int]:
    solid = cover >= 0.5
    columns, rows = np.flatnonzero(solid.any(axis=0)), np.flatnonzero(solid.any(axis=1))
    return x + int(columns[0]), y + int(rows[0]), x + int(columns[-1]) + 1, y + int(rows[-1]) + 1


def _draw_classes(folder: Path, count: int, seed: int, progress: Progress) -> None:
    textures = light.Textures(seed)
    for condition in CONDITIONS:
        (folder / condition).mkdir()

    def one(number: int) -> None:
        condition = CONDITIONS[number % len(CONDITIONS)]
        _write_jpeg(folder / condition / _name(number), gear_picture(textures, seed, number).pixels)

    _in_threads(one, count, progress)


def _draw_boxes(folder: Path, count: int, seed: int, progress: Progress) -> None:
    textures = light.Textures(seed)
    for name in ("images", "labels"):
        (folder / name).mkdir()

    def one(number: int) -> None:
        picture = belt_picture(textures, seed, number)
        path = folder / "images" / _name(number)
        _write_jpeg(path, picture.pixels)
        _write_boxes((folder / "labels" / path.name).with_suffix(".txt"), picture.boxes(), DETECTION_SIDE)

    _in_threads(one, count, progress)
    _write_yaml(folder)


def _draw_bulk(folder: Path, count: int, seed: int, progress: Progress) -> None:
    rng = np.random.default_rng((seed, 3))
    textures = light.Textures(seed)
    scenes = [light.random_scene(rng) for _ in range(8)]
    belts = [light.photograph(rng, light.belt(rng, s, textures, 4 * BULK_SIDE), s, textures) for s in scenes]
    stock = []
    for number in range(200):
        part = parts.PARTS[KINDS[number % len(KINDS)]](rng)
        color, cover = light.surface(rng, part, scenes[number % 8], textures, rng.uniform(8, 13), *_pose(rng))
        box = _tight(cover, 0, 0)
        stock.append((number % len(KINDS), np.clip(color * 255, 0, 255).astype(np.uint8), cover >= 0.5, box))
    for thousand in range(0, count, 1000):
        for name in ("images", "labels"):
            (folder / name / f"{thousand // 1000:03d}").mkdir(parents=True)

    def one(number: int) -> None:
        dice = np.random.default_rng((seed, 4, number)).integers(0, 1 << 30, 9).tolist()
        left, top = dice[0] % (3 * BULK_SIDE), dice[1] % (3 * BULK_SIDE)
        pixels = belts[dice[2] % 8][top : top + BULK_SIDE, left : left + BULK_SIDE].copy()
        boxes = []
        for slot in range(1 + number % 2):  # the left half, then the right one
            index, color, solid, box = stock[dice[3 + slot] % 200]
            patch = color.shape[0]
            x = slot * 32 + dice[5 + slot] % (33 - patch)
            y = dice[7 + slot] % (BULK_SIDE - patch)
            pixels[y : y + patch, x : x + patch][solid] = color[solid]
            boxes.append((index, box[0] + x, box[1] + y, box[2] + x, box[3] + y))
        name = f"{number // 1000:03d}/{number:06d}"
        _write_jpeg(folder / "images" / f"{name}.jpg", pixels)
        _write_boxes(folder / "labels" / f"{name}.txt", boxes, BULK_SIDE)

    _in_threads(one, count, progress)
    _write_yaml(folder)


def _whole(target: Path, fill: Callable[[Path], None]) -> Path:
    """Fill a folder beside ``target`` and rename it when it is complete."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise LensmithError(
            f"“{target}” is there already and not empty.", "Choose a new folder for the drawn pictures."
        )
    staging = target.with_name(f"{target.name}.partial-{os.getpid()}")
    staging.mkdir(parents=True)
    try:
        fill(staging)
        if target.exists():
            target.rmdir()
        staging.rename(target)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return target


def _in_threads(one: Callable[[int], None], count: int, progress: Progress) -> None:
    numbers = iter(range(count))
    with ThreadPoolExecutor(min(8, 2 * (os.cpu_count() or 1))) as pool:  # half of them wait for the disk
        done = 0
        while batch := list(islice(numbers, _AT_A_TIME)):
            progress(done, count, "Drawing pictures")
            for _ in pool.map(one, batch):
                done += 1
    progress(count, count, "Drawing pictures")


def _name(number: int) -> str:
    return f"lot{number // LOT:02d}_{number:04d}.jpg"


def _write_jpeg(path: Path, pixels: np.ndarray) -> None:
    path.write_bytes(cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())


def _write_boxes(path: Path, boxes: Iterable[tuple[int, int, int, int, int]], side: int) -> None:
    """YOLO: class, centre and size as fractions; exact, since eight decimals hold any multiple of half a pixel."""
    path.write_text(
        "".join(
            f"{index} {(x0 + x1) / side / 2:.8f} {(y0 + y1) / side / 2:.8f} "
            f"{(x1 - x0) / side:.8f} {(y1 - y0) / side:.8f}\n"
            for index, x0, y0, x1, y1 in boxes
        ),
        "utf-8",
        newline="\n",
    )


def _write_yaml(folder: Path) -> None:
    names = "".join(f"  {index}: {kind}\n" for index, kind in enumerate(KINDS))
    (folder / "data.yaml").write_text(f"path: .\ntrain: images\nnames:\n{names}", "utf-8", newline="\n")
