"""Plush toys: the three modes on two classes, then three classes starting from the two-class run.

python -m tests.benchmarks.plush [--only finetune transfer scratch three]

Judged on the validation pictures by the exported ONNX file. Start weights are ``shared/weights/yolov8n.pt``: COCO
weights recovered from a public int8 export, not the official file. The published experiment used YOLOv8n at
1,024 px on an A100: mAP50-95 .817 from scratch (2,000 epochs), .945 by transfer (100 epochs, one class).
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import yaml

from core.domain.history import RunHistory
from core.runs.event_log import EVENTS, read_events
from tests.benchmarks.lensmith import DATA, lensmith

WEIGHTS = DATA.parent / "weights" / "yolov8n.pt"
ARGUMENTS = ("--model", "yolov8n", "--size", "320", "--batch", "8", "--device", "cpu")
GOALS = {"finetune": ("mAP50-95", 0.85), "transfer": ("mAP50-95", 0.75), "three": ("mAP50", 0.90)}


def source(folder: Path, name: str) -> Path:
    """The data set with a yaml that points at it: the original's ``../`` paths hold only beside the folder."""
    described = yaml.safe_load((DATA / "plush" / f"{name}.yaml").read_text())
    target = folder / f"{name}.yaml"
    parts = {"train": str(DATA / "plush" / name / "train/images"), "val": str(DATA / "plush" / name / "valid/images")}
    target.write_text(yaml.safe_dump({"names": described["names"], **parts}))
    return target


def train(folder: Path, project: Path, mode: str, epochs: int, *more: str) -> dict[str, Any]:
    arguments = ["train", str(project), "--mode", mode, "--epochs", str(epochs), *ARGUMENTS, *more]
    answer, seconds = lensmith(folder / "home", *arguments)
    history = RunHistory().extend(read_events(project / "runs" / answer["run"] / EVENTS))
    each = sorted(epoch.seconds for epoch in history.epochs)
    best = history.best
    assert best is not None
    print(
        f"{project.name} {mode} {len(each)} epochs: mAP50-95 {answer['metrics']['val']['mAP50-95']:.3f}, "
        f"mAP50 {answer['metrics']['val']['mAP50']:.3f} (best epoch {best.epoch}), "
        f"{each[len(each) // 2]:.2f} s an epoch, whole command {seconds:.0f} s, "
        f"parity {'passed' if answer['parity']['passed'] else 'FAILED'}",
        flush=True,
    )
    return answer


def judge(name: str, answer: dict[str, Any]) -> None:
    if name in GOALS:
        metric, goal = GOALS[name]
        reached = answer["metrics"]["val"][metric]
        print(f"  {metric} {reached:.3f}, goal {goal}: {'reached' if reached >= goal else 'MISSED'}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", nargs="+", choices=["finetune", "transfer", "scratch", "three"])
    wanted = parser.parse_args().only or ["finetune", "transfer", "scratch", "three"]
    if not WEIGHTS.is_file():
        raise SystemExit(f"The weights and pictures of this benchmark are not on this machine ({WEIGHTS}).")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = folder / "two classes"
        lensmith(folder / "home", "import", str(project), str(source(folder, "2plysaci")), "--yes")
        lensmith(folder / "home", "weights", "import", str(WEIGHTS), "--name", "recovered")
        two: dict[str, Any] = {}
        if {"finetune", "three"} & {*wanted}:
            two = train(folder, project, "finetune", 30, "--weights", "recovered")
            judge("finetune", two)
        if "transfer" in wanted:
            judge("transfer", train(folder, project, "transfer", 30, "--weights", "recovered"))
        if "scratch" in wanted:
            train(folder, project, "scratch", 60)
        if "three" in wanted:
            lensmith(folder / "home", "import", str(project), str(source(folder, "3plysaci")), "--yes")
            judge("three", train(folder, project, "finetune", 30, "--weights", f"run:{two['run']}"))


if __name__ == "__main__":
    main()
