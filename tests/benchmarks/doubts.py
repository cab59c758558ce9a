"""How many planted label errors ``lensmith doubts`` puts first: ``python -m tests.benchmarks.doubts [digits pages]``.

In a copy of the labels of ``digits`` 5 % of the classes are exchanged for others; in ``digits_pages`` 5 % of the boxes
are deleted, shifted or get another class, and boxes are added where nothing is, in turn. The ranking comes from
predictions out of fold by the real command. Goal: 60 % of the planted errors among the first 10 % of the ranking,
a rank being a picture (digits) or a doubt about one box, as many being first as 10 % of all boxes (pages).
The detectors start from ``shared/weights/yolov8n.pt``: COCO weights recovered from a public int8 export.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec

from core.domain.annotation import Box, Boxes, ClassLabel, iou
from core.domain.dataset import Image
from core.domain.labels import ImageLabels, labels_of
from core.labelling.doubts import Doubt, DoubtReport
from core.store.labels import edit
from core.store.project_store import ProjectStore
from tests.benchmarks.lensmith import DATA, lensmith, new_project

SHARE, FIRST, GOAL = 0.05, 0.10, 0.60
SEED = 1  # the ranking was tried out on the errors of seed 0
PAGES = ("--size", "320", "--epochs", "8")
KINDS = ("deleted", "shifted", "class", "added")


class Planted(NamedTuple):
    """One error: the box that is right (or, of an added one, wrong), and what was done to it."""

    hash: str
    kind: str
    box: Box | None


def plant_classes(store: ProjectStore, random: Random) -> list[Planted]:
    images, ids = store.images(), [one.id for one in store.classes()]
    chosen = random.sample(images, round(SHARE * len(images)))
    labels: dict[str, ImageLabels] = {}
    for image in chosen:
        assert isinstance(image.annotation, ClassLabel)
        labels[image.hash] = labels_of(
            ClassLabel(random.choice([one for one in ids if one != image.annotation.class_id]))
        )
    edit(store, "plant", [], labels)
    return [Planted(image.hash, "class", None) for image in chosen]


def plant_boxes(store: ProjectStore, random: Random) -> list[Planted]:
    """Each error at a box of its own; an added box has the size of the one that it was drawn by lot for."""
    images, ids = {image.hash: image for image in store.images()}, [one.id for one in store.classes()]
    all_boxes = [(image.hash, box) for image in images.values() for box in _boxes(image)]
    chosen = random.sample(all_boxes, round(SHARE * len(all_boxes)))
    now = {hash_: list(_boxes(images[hash_])) for hash_, _ in chosen}
    planted = []
    for number, (hash_, box) in enumerate(chosen):
        kind = KINDS[number % len(KINDS)]
        page, boxes = images[hash_], now[hash_]
        wrong: Box | None = None
        if kind == "shifted":
            wrong = _shifted(box, page, random)
        elif kind == "class":
            other = random.choice([one for one in ids if one != box.class_id])
            wrong = msgspec.structs.replace(box, class_id=other)
        elif kind == "added":
            wrong = _elsewhere(box, page, [*boxes, *_boxes(page)], random)
        if kind != "added":
            boxes.remove(box)
        if wrong is not None:
            boxes.append(wrong)
        planted.append(Planted(hash_, kind, wrong or box))
    edit(store, "plant", [], {hash_: labels_of(Boxes(tuple(boxes))) for hash_, boxes in now.items()})
    return planted


def _boxes(image: Image) -> tuple[Box, ...]:
    assert isinstance(image.annotation, Boxes)
    return image.annotation.boxes


def _shifted(box: Box, page: Image, random: Random) -> Box:
    """Moved by 30 to 50 % of its sides, within the page: IoU about 0.2 to 0.5."""
    while True:
        x, y = (random.choice((-1, 1)) * random.uniform(0.3, 0.5) * side for side in (box.width, box.height))
        moved = Box(box.x_min + x, box.y_min + y, box.x_max + x, box.y_max + y, box.class_id)
        if _is_inside(moved, page):
            return moved
        if random.random() < 0.05:  # in a corner there may be no way
            x = -x
            return Box(max(0, box.x_min + x), box.y_min, max(1, box.x_max + x), box.y_max, box.class_id)


def _elsewhere(box: Box, page: Image, others: list[Box], random: Random) -> Box:
    while True:
        x, y = random.uniform(0, page.width - box.width), random.uniform(0, page.height - box.height)
        placed = Box(x, y, x + box.width, y + box.height, box.class_id)
        if all(iou(placed, other) < 0.05 for other in others):
            return placed


def _is_inside(box: Box, page: Image) -> bool:
    return box.x_min >= 0 and box.y_min >= 0 and box.x_max <= page.width and box.y_max <= page.height


def is_about(doubt: Doubt, error: Planted) -> bool:
    """Whether somebody who looks at the doubt sees the error."""
    if error.box is None:
        return True
    if error.kind == "deleted":
        return doubt.kind == "missing_box" and doubt.found is not None and iou(doubt.found, error.box) >= 0.5
    return doubt.box == error.box


def judge(name: str, report: DoubtReport, planted: list[Planted], ranks: int, seconds: float) -> None:
    rows = [(one.hash, doubt) for one in report.images for doubt in one.doubts]
    rows.sort(key=lambda row: row[1].quality)
    first = rows[: round(FIRST * ranks)]
    seen = Counter(e.kind for e in planted if any(key == e.hash and is_about(doubt, e) for key, doubt in first))
    listed = sum(any(key == e.hash and is_about(doubt, e) for key, doubt in rows) for e in planted)
    share = sum(seen.values()) / len(planted)
    kinds = Counter(error.kind for error in planted)
    print(
        f"{name}: {sum(seen.values())} of {len(planted)} planted errors ({share:.0%}) are among the first "
        f"{round(FIRST * ranks)} of {ranks}; goal {GOAL:.0%}: {'reached' if share >= GOAL else 'MISSED'}"
    )
    print("  " + ", ".join(f"{kind} {seen[kind]} of {count}" for kind, count in kinds.items()))
    print(
        f"  {listed} of them are anywhere in the list of {len(rows)} doubts; whole command {seconds:.0f} s", flush=True
    )


def measure(folder: Path, data: str, plant: Callable[[ProjectStore, Random], list[Planted]], *more: str) -> None:
    project = new_project(folder, data)
    with ProjectStore.open(project) as store:
        planted = plant(store, Random(SEED))
        ranks = store.count_images() if data == "digits" else sum(len(_boxes(image)) for image in store.images())
    answer, seconds = lensmith(folder / "home", "doubts", str(project), *more)
    judge(data, msgspec.convert(answer, DoubtReport), planted, ranks, seconds)


def main() -> None:
    wanted = sys.argv[1:] or ["digits", "pages"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "digits" in wanted:
            measure(folder, "digits", plant_classes)
        if "pages" in wanted:
            weights: Any = DATA.parent / "weights" / "yolov8n.pt"
            lensmith(folder / "home", "weights", "import", str(weights), "--name", "yolov8n")
            measure(folder, "digits_pages", plant_boxes, *PAGES)


if __name__ == "__main__":
    main()
