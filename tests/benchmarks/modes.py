"""Which mode? Asked as a user would ask it, in one command each, of real pictures.

python -m tests.benchmarks.modes [--only ants plush]

* ants: hymenoptera, EfficientNet-Lite0 with its ImageNet weights, at the effort quick.
* plush: plush toys of three classes, YOLOv8n, 320 px, 30 epochs a mode. Start weights are COCO's, recovered from a
  public int8 export, not the official file.

Pictures are divided anew, by seed 0, so that there is a test part that no run learns or chooses from. Time is that of
``lensmith compare``, from the first process to the printed advice.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.lensmith import DATA, lensmith, new_project
from tests.benchmarks.plush import WEIGHTS, source

MINUTES = {"ants": 8, "plush": 12}


def show(name: str, answer: dict[str, Any], seconds: float) -> None:
    print(f"{name}: {answer['test_images']} test images, {seconds / 60:.1f} min, goal {MINUTES[name]}")
    for row in answer["rows"]:
        metric = row["metric"] or {"name": "none", "value": float("nan"), "low": None, "high": None}
        between = "" if metric["low"] is None else f" ({metric['low']:.3f} to {metric['high']:.3f})"
        print(
            f"  {row['mode']:9} {metric['name']} {metric['value']:.3f}{between}, {row['seconds']:.0f} s, "
            f"{1000 * row['kwh']:.2f} Wh ({row['energy_source']}), {row['peak_memory_mb']:.0f} MB, "
            f"{row['latency_ms']:.1f} ms a picture, {row['size_mb']:.1f} MB"
        )
    for one in answer["differences"]:
        print(f"  {one['b']} minus {one['a']}: {one['value']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})")
    print(f"  {answer['advice']}", flush=True)


def ants(folder: Path) -> None:
    project = new_project(folder, "hymenoptera")
    compare(folder, project, "ants", "--models", "tf_efficientnet_lite0", "--effort", "quick")


def plush(folder: Path) -> None:
    home, project = folder / "home", folder / "plush"
    for name in ("3plysaci", "2plysaci", "prasatko"):
        lensmith(home, "import", str(project), str(source(folder, name)), "--yes")
    lensmith(home, "weights", "import", str(WEIGHTS), "--name", "recovered")
    settings = ("--models", "yolov8n", "--weights", "recovered", "--size", "320", "--batch", "8", "--epochs", "30")
    compare(folder, project, "plush", *settings)


def compare(folder: Path, project: Path, name: str, *settings: str) -> None:
    home = folder / "home"
    lensmith(home, "split", str(project), "--val", "0.15", "--test", "0.25", "--seed", "0")
    modes = "scratch,transfer,finetune"
    answer, seconds = lensmith(home, "compare", str(project), "--modes", modes, "--device", "cpu", *settings)
    show(name, answer, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", nargs="+", choices=list(MINUTES), default=list(MINUTES))
    for name in parser.parse_args().only:
        if not DATA.is_dir() or not WEIGHTS.is_file():
            raise SystemExit(f"The pictures and weights of this benchmark are not on this machine ({DATA}).")
        with tempfile.TemporaryDirectory() as folder:
            {"ants": ants, "plush": plush}[name](Path(folder))


if __name__ == "__main__":
    main()
