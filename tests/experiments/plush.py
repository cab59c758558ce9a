"""The four steps of the plush experiment (tkubica12/ai-demos) by ``lensmith`` commands, the published table beside.

python -m tests.experiments.plush [--size 320] [--scratch]

Published: YOLOv8n at 1,024 px on an A100, thousands of epochs from scratch. Here: 320 px on a processor. So few epochs
from scratch teach next to nothing, so steps 1 and 4 begin with COCO weights and fine-tune; ``--scratch`` adds them as
they were published, for as many epochs as there is time. The COCO weights are ``shared/weights/yolov8n.pt``, recovered
from a public int8 export, not the official file. Metrics are those of the exported ONNX file on each step's validation
pictures; what became of the old classes is the forgetting meter's word, on theirs. Step 2 forgets only at a rate as
high as ultralytics' default: at Lensmith's own the best epoch by two pictures was the third, which knew everything yet.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from msgspec import Struct

from tests.benchmarks.lensmith import lensmith
from tests.benchmarks.plush import WEIGHTS, source

RECOVERED = "recovered"
PIGLET_EPOCHS = 50
ULTRALYTICS_RATE = ("--learning-rate", "0.01")  # its default lr0; five times Lensmith's own for transfer


class Published(Struct, frozen=True):
    """One step as its author reports it; times on an A100, ``None``: not told."""

    step: str
    epochs: int
    seconds: int
    map50: float | None = None
    map50_95: float | None = None


PUBLISHED = {
    "two": Published("1  scratch on two classes", 2000, 1825, 0.995, 0.817),
    "piglet": Published("2  transfer to the piglet alone", 100, 90, 0.995, 0.945),
    "all": Published("3  transfer on all pictures", 100, 119),
    "again": Published("4  scratch on all pictures", 2000, 2002),
}
COLUMNS = "{:32} {:>6} {:>8} {:>7} {:>9}   {:38} {:>7} {:>7} {:>9}   {}"


class Laboratory(Struct, frozen=True):
    """A project that is filled and trained on step by step."""

    folder: Path
    project: Path
    size: int

    def take_in(self, yaml: Path) -> None:
        lensmith(self.folder / "home", "import", str(self.project), str(yaml), "--yes")

    def train(self, step: str, mode: str, epochs: int, *more: str) -> str:
        """Print how it went beside what is published; the run's id."""
        how = ["--mode", mode, "--epochs", str(epochs), "--model", "yolov8n", "--size", str(self.size)]
        fixed = ["--batch", "8", "--patience", "0", "--device", "cpu"]
        answer, seconds = lensmith(self.folder / "home", "train", str(self.project), *how, *fixed, *more)
        start = f" from {more[more.index('--weights') + 1].partition('-')[0]}" if "--weights" in more else ""
        metrics = answer["metrics"]["val"] or answer["metrics"]["test"]
        published = PUBLISHED[step]
        print(
            COLUMNS.format(
                published.step,
                published.epochs,
                f"{published.seconds} s",
                _number(published.map50),
                _number(published.map50_95),
                f"{mode}{start}, {epochs} epochs",
                f"{seconds:.0f} s",
                _number(metrics["mAP50"]),
                _number(metrics["mAP50-95"]),
                self._memory(answer["run"]),
            ).rstrip(),
            flush=True,
        )
        return str(answer["run"])

    def _memory(self, run: str) -> str:
        """What the run still knew of its ancestor's classes."""
        arguments = ("report", str(self.project), "--run", run)
        told: dict[str, Any] | None = lensmith(self.folder / "home", *arguments)[0]["forgetting"]
        if told is None:
            return ""
        change = next(one for one in told["metrics"] if one["name"] == "mAP50")
        return f"{change['before']:.3f} → {change['after']:.3f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def four_steps(laboratory: Laboratory, epochs: int, scratch_epochs: int) -> None:
    """``scratch_epochs``: 0 leaves out the rows from random weights."""
    folder = laboratory.folder
    lensmith(folder / "home", "weights", "import", str(WEIGHTS), "--name", RECOVERED)
    laboratory.take_in(source(folder, "2plysaci"))
    if scratch_epochs:
        laboratory.train("two", "scratch", scratch_epochs)
    two = laboratory.train("two", "finetune", epochs, "--weights", RECOVERED)
    from_two = ("--weights", f"run:{two}")
    laboratory.take_in(source(folder, "prasatko"))
    laboratory.train("piglet", "transfer", PIGLET_EPOCHS, *from_two, *ULTRALYTICS_RATE, "--new-only")
    laboratory.take_in(source(folder, "3plysaci"))
    laboratory.train("all", "transfer", epochs, *from_two)
    if scratch_epochs:
        laboratory.train("again", "scratch", scratch_epochs)
    laboratory.train("again", "finetune", epochs, "--weights", RECOVERED)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--size", type=int, default=320, metavar="PX")
    parser.add_argument("--epochs", type=int, default=30, metavar="N", help="of steps 1, 3 and 4")
    parser.add_argument("--scratch", action="store_true", help="steps 1 and 4 from random weights too")
    parser.add_argument("--scratch-epochs", type=int, default=100, metavar="N")
    options = parser.parse_args()
    if not WEIGHTS.is_file():
        raise SystemExit(f"The weights and pictures of this experiment are not on this machine ({WEIGHTS}).")
    began = time.perf_counter()
    print("YOLOv8n. Left: published, 1,024 px on an A100. Right: here, with the old classes' mAP50 before and after.")
    print(COLUMNS.format("step", "epochs", "time", "mAP50", "mAP50-95", "here", "time", "mAP50", "mAP50-95", "old"))
    with tempfile.TemporaryDirectory() as name:
        laboratory = Laboratory(Path(name), Path(name) / "plush", options.size)
        four_steps(laboratory, options.epochs, options.scratch_epochs if options.scratch else 0)
    print(f"{time.perf_counter() - began:.0f} s in all. {RECOVERED}: COCO weights from a public int8 export.")


if __name__ == "__main__":
    main()
