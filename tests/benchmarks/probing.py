"""How near the probe comes to the run it foretells: ``python -m tests.benchmarks.probing``.

The demo's drawn pictures; a classifier that is fine-tuned and a detector from scratch, a few epochs each, in a process
of its own, the probe before the run. What other programs do meanwhile is in both numbers.
"""

import sys
import tempfile
from pathlib import Path

from msgspec.structs import replace

from core.actions.probing import probe_run
from core.actions.projects import writable_project
from core.actions.reporting import report_of
from core.cli.demo import PARTS, Part, make, train
from core.training.plan import Choices

SHORT = {
    "gears": Choices(mode="finetune", epochs=4, image_size=96, batch_size=16),
    "belt": Choices(mode="scratch", epochs=5, image_size=192, batch_size=8, augmentation="light"),
}


def compare(part: Part, folder: Path) -> str:
    """One line: foretold, taken, and whether that was between the bounds."""
    part = replace(part, choices=replace(SHORT[part.name], epochs=1))
    make(part, folder)  # a project with pictures; its run of one epoch also warms the system's file cache
    project, choices = folder / part.name, replace(SHORT[part.name], seed=1)
    with writable_project(project) as store:
        foretold = probe_run(store, part.model, choices, None)
    usage = report_of(train(project, part.model, choices)).usage
    assert usage is not None
    assert foretold.total_seconds is not None
    within = foretold.total_low <= usage.seconds <= foretold.total_high  # type: ignore[operator]
    return (
        f"{part.name}: foretold {foretold.total_seconds:.0f} s ({foretold.total_low:.0f}–{foretold.total_high:.0f}), "
        f"taken {usage.seconds:.0f} s, ratio {usage.seconds / foretold.total_seconds:.2f}, "
        f"{'within' if within else 'outside'}; memory foretold {foretold.peak_memory_mb:.0f} MB, "
        f"taken {usage.peak_memory_mb:.0f} MB"
    )


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        for part in PARTS:
            print(compare(part, Path(folder)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
