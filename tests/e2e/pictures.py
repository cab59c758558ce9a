"""Small labelled folders for tests of the command line: drawn, each picture different from all others."""

import hashlib
from pathlib import Path

import numpy as np

from core.data.images import cv2

SIDE = 32  # pixels


def draw(path: Path, number: int, color: tuple[int, int, int] = (120, 120, 120)) -> Path:
    """A picture that depends on ``number`` alone: noise, and a square of ``color`` (RGB)."""
    picture = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    picture[8:24, 8:24] = color
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
    return path


def draw_classes(folder: Path, classes: dict[str, int], first: int = 0) -> Path:
    """Class folders: name -> number of pictures; classes differ in colour."""
    for index, (name, count) in enumerate(classes.items()):
        for number in range(count):
            color = (230, 40, 40) if index % 2 else (40, 40, 230)
            draw(folder / name / f"{number:03d}.png", first + 1000 * index + number, color)
    return folder


def draw_yolo(folder: Path, labels: list[str | None], names: tuple[str, ...] = ("nut", "bolt")) -> Path:
    """YOLO: ``labels[i]`` is the text of picture i's label file; ``None`` leaves the file out."""
    for number, text in enumerate(labels):
        draw(folder / "images" / f"{number:03d}.png", number)
        if text is not None:
            label = folder / "labels" / f"{number:03d}.txt"
            label.parent.mkdir(exist_ok=True)
            label.write_text(text, "utf-8")
    listed = "".join(f"  {index}: {name}\n" for index, name in enumerate(names))
    (folder / "data.yaml").write_text(f"path: .\ntrain: images\nnames:\n{listed}", "utf-8")
    return folder


def fingerprint(folder: Path) -> dict[str, str]:
    """Relative path -> digest (folders: ""), of everything in and below ``folder``, hidden files too."""
    return {
        str(path.relative_to(folder)): "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
    }
