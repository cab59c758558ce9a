"""Six kinds of scenes at 128 px: transfer on EfficientNet-Lite0, and the small baseline from scratch beside it.

python -m tests.benchmarks.scenes [--seeds 0]

The validation images that choose the epoch are taken out of the training folder; the test folder only judges.
"""

import argparse
import tempfile
from pathlib import Path

from tests.benchmarks.lensmith import describe, forget_features, lensmith, new_project


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project, home = new_project(Path(folder), "scenes"), Path(folder) / "home"
        for seed in options.seeds:
            forget_features(project)
            # From scratch the quick setting, 20 epochs, takes minutes on two cores already.
            for model, mode, effort in (
                ("tf_efficientnet_lite0", "transfer", "balanced"),
                ("simple_cnn", "scratch", "quick"),
            ):
                arguments = ["--model", model, "--mode", mode, "--size", "128", "--effort", effort, "--seed", str(seed)]
                answer, seconds = lensmith(home, "train", str(project), *arguments)
                describe(f"{model}, {mode}, seed {seed}", answer, seconds, "test")


if __name__ == "__main__":
    main()
