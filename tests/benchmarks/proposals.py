"""Labelling with a model's help against labelling by hand, in mouse and key actions, counted by script.

python -m tests.benchmarks.proposals [options of lensmith train]

A detector is fine-tuned through the real engine on 30 labelled pages of ``digits_pages`` (start weights: COCO,
recovered from a public int8 export, not the official file); 10 pages of the set's own validation part choose the
epoch and the threshold. It proposes on 50 further pages with ``lensmith propose``. The threshold is the one of 0.05,
0.10 … 0.95 that would have cost the fewest actions on the validation pages; the 50 pages have no say in anything.

Actions: a key is 1, a click is 1, a drag is 2 (press and release).

* By hand, each box: class key 1, drag 2. Each page: 1 key to the next.
* Correcting, each page: 1 key that accepts all (where something is proposed), 1 key to the next. A proposal belongs
  to a true box that it overlaps most, from IoU 0.5 up, each to one at most, the most certain first, whatever its
  class. A proposal on nothing: click 1, delete 1. A wrong class: click 1, class key 1. A loose box (IoU below 0.7):
  click 1 (if it was not clicked already), and for each corner that has to be dragged 2: one corner if that brings
  the IoU to 0.9, else both. A box that was not proposed: drawn as by hand, 3.
"""

import argparse
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml

from core.actions import proposing
from core.domain.annotation import Box, Boxes, iou
from core.domain.dataset import Image
from core.metrics.matching import greedy, overlaps
from core.store.labels import read_labels
from core.store.project_store import ProjectStore
from core.store.run_store import RunStore
from tests.benchmarks.lensmith import DATA, lensmith

PAGES, WEIGHTS = DATA / "digits_pages", DATA.parent / "weights" / "yolov8n.pt"
TRAIN, VAL, FURTHER = range(30), range(10), range(30, 80)
TRAINING = (
    "--size", "320", "--batch", "4", "--epochs", "80", "--augmentation", "medium", "--learning-rate", "0.002",
    "--backbone-lr-scale", "1.0", "--patience", "0", "--device", "cpu",
)  # fmt: skip
LOOSE, TIGHT, GOAL = 0.7, 0.9, 0.25
LEAST = 0.05
DRAW, NEXT, ACCEPT_ALL, CLICK, KEY, DRAG = 3, 1, 1, 1, 1, 2


def by_hand(truth: Sequence[Box]) -> int:
    return len(truth) * DRAW + NEXT


def by_correcting(truth: Sequence[Box], proposed: Sequence[Box], why: Counter[str] | None = None) -> int:
    """Actions on one page; ``proposed`` by falling score. ``why`` counts what they were for."""
    spent = Counter({"next": NEXT, "accept all": ACCEPT_ALL if proposed else 0})
    pairs = list(greedy(overlaps(_corners(proposed), _corners(truth))))
    for row, column in pairs:
        box, true = proposed[row], truth[column]
        wrong, loose = box.class_id != true.class_id, iou(box, true) < LOOSE
        spent["wrong class"] += (CLICK + KEY) * wrong
        spent["loose box"] += (DRAG * _corners_to_drag(box, true) + CLICK * (not wrong)) * loose
    spent["nothing there"] += (len(proposed) - len(pairs)) * (CLICK + KEY)
    spent["missed"] += (len(truth) - len(pairs)) * DRAW
    if why is not None:
        why.update(spent)
    return spent.total()


def _corners_to_drag(box: Box, true: Box) -> int:
    xs, ys = ((box.x_min, true.x_max), (true.x_min, box.x_max)), ((box.y_min, true.y_max), (true.y_min, box.y_max))
    dragged = (
        Box(left, top, right, bottom, 0) for left, right in xs for top, bottom in ys if left < right and top < bottom
    )
    return 1 if any(iou(one, true) >= TIGHT for one in dragged) else 2


def _corners(boxes: Sequence[Box]) -> np.ndarray:
    return np.array([(one.x_min, one.y_min, one.x_max, one.y_max) for one in boxes], float).reshape(-1, 4)


def pages(part: str, numbers: Sequence[int]) -> list[Path]:
    return [sorted((PAGES / "images" / part).iterdir())[number] for number in numbers]


def copy_pages(folder: Path) -> tuple[Path, Path]:
    """Two YOLO data sets: the pages to learn from with their validation pages, and the further ones with the truth."""
    known, further = folder / "known", folder / "further"
    for target, part, numbers in ((known, "train", TRAIN), (known, "val", VAL), (further, "train", FURTHER)):
        for page in pages(part, numbers):
            for kind, name in (("images", page.name), ("labels", f"{page.stem}.txt")):
                (target / kind / part).mkdir(parents=True, exist_ok=True)
                shutil.copy(PAGES / kind / part / name, target / kind / part)
    names = yaml.safe_load((PAGES / "digits.yaml").read_text())["names"]
    for target in (known, further):
        parts = {part.name: f"images/{part.name}" for part in (target / "images").iterdir()}
        (target / "digits.yaml").write_text(yaml.safe_dump({"path": ".", "names": names, **parts}))
    return known, further


def truth_of(folder: Path) -> dict[str, tuple[Box, ...]]:
    """Image hash -> true boxes of the further pages, read by Lensmith into a project of their own."""
    with ProjectStore.open(folder, for_writing=False) as store:
        return {one.hash: one.annotation.boxes for one in store.images() if isinstance(one.annotation, Boxes)}


def choose_threshold(project: Path, run: str) -> float:
    """The cheapest on the validation pages; of equal ones the middle one."""
    with ProjectStore.open(project, for_writing=False) as store:
        proposer = proposing.of_run(RunStore(project).get(run))
        ids = {one.name: one.id for one in store.classes()}
        images = [one for one in store.images() if one.split == "val"]
        answers = list(proposing.ask(proposer, images, LEAST))
    costs = {}
    for threshold in (step / 20 for step in range(1, 20)):
        wanted = proposing.thresholds_of(proposer, threshold)
        proposed = [(image, proposing.chosen(answer.boxes or (), wanted)) for image, answer in answers]
        costs[threshold] = sum(by_correcting(_truth(image), _boxes(boxes, ids)) for image, boxes in proposed)
    cheapest = [threshold for threshold, cost in costs.items() if cost == min(costs.values())]
    print("actions on the validation pages by threshold:", {f"{t:.2f}": cost for t, cost in costs.items()})
    print(f"by hand: {sum(by_hand(_truth(image)) for image in images)}", flush=True)
    return cheapest[len(cheapest) // 2]


def _truth(image: Image) -> tuple[Box, ...]:
    assert isinstance(image.annotation, Boxes)
    return image.annotation.boxes


def _boxes(found: Sequence[proposing.NamedBox], ids: Mapping[str, int]) -> list[Box]:
    return [Box(x1, y1, x2, y2, ids[name]) for x1, y1, x2, y2, _, name in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    _, others = parser.parse_known_args()  # for ``lensmith train``
    if not WEIGHTS.is_file() or not PAGES.is_dir():
        raise SystemExit(f"The weights and pictures of this benchmark are not on this machine ({DATA}).")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home, project = folder / "home", folder / "pages"
        began = time.perf_counter()
        known, further = copy_pages(folder)
        lensmith(home, "import", str(project), str(known), "--yes")
        lensmith(home, "weights", "import", str(WEIGHTS), "--name", "recovered")
        trained, seconds = lensmith(
            home, "train", str(project), "--model", "yolov8n", "--mode", "finetune", "--weights", "recovered",
            *TRAINING, *others,
        )  # fmt: skip
        print(f"training on {len(TRAIN)} pages: {seconds:.0f} s, {trained['metrics']['val']}", flush=True)
        compare(folder, project, further, trained["run"])
        print(f"all of it: {time.perf_counter() - began:.0f} s")


def compare(folder: Path, project: Path, further: Path, run: str) -> None:
    """Propose on the further pages, and count."""
    home = folder / "home"
    lensmith(home, "import", str(folder / "truth"), str(further), "--yes")
    truth = truth_of(folder / "truth")
    threshold = choose_threshold(project, run)
    lensmith(home, "import", str(project), str(further / "images"), "--format", "unlabelled", "--yes")
    made, seconds = lensmith(home, "propose", str(project), "--run", run, "--threshold", str(threshold))
    with ProjectStore.open(project, for_writing=False) as store, ProjectStore.open(folder / "truth") as true_store:
        same = {one.id: next(o.id for o in store.classes() if o.name == one.name) for one in true_store.classes()}
        waiting = read_labels(store, truth)
    why: Counter[str] = Counter()
    drawn = corrected = 0
    for image, boxes in truth.items():
        true = [Box(one.x_min, one.y_min, one.x_max, one.y_max, same[one.class_id]) for one in boxes]
        drawn += by_hand(true)
        by_score = sorted(waiting[image].proposals, key=lambda one: -one.score)
        corrected += by_correcting(true, [one.box for one in by_score], why)
    print(f"threshold {threshold:.2f}: {made['boxes']} boxes proposed on {len(truth)} pages in {seconds:.1f} s")
    print(f"by hand {drawn} actions, correcting {corrected}: {dict(why)}")
    share = corrected / drawn
    print(f"share {share:.3f}, goal {GOAL}: {'reached' if share <= GOAL else 'MISSED'}", flush=True)


if __name__ == "__main__":
    main()
