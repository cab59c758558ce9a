"""The ``lensmith`` command in child processes, for benchmarks: what a user would type, timed from outside."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[3] / "shared" / "data"


def lensmith(home: Path, *arguments: str) -> tuple[dict[str, Any], float]:
    """Run one verb with ``--json``; its answer and the seconds it took, start of Python included."""
    environment = {**os.environ, "LENSMITH_HOME": str(home)}
    began = time.perf_counter()
    child = subprocess.run(
        [sys.executable, "-m", "core.cli", *arguments, "--json"], env=environment, capture_output=True, text=True
    )
    seconds = time.perf_counter() - began
    if child.returncode:
        raise SystemExit(f"lensmith {' '.join(arguments)} failed:\n{child.stdout}\n{child.stderr}")
    return json.loads(child.stdout), seconds


def new_project(folder: Path, data: str) -> Path:
    """A project with a data set of ``DATA``; its import is told, and not part of any timed training."""
    if not (DATA / data).is_dir():
        raise SystemExit(f"The data set {data} is not on this machine ({DATA}).")
    project = folder / data
    _, seconds = lensmith(folder / "home", "import", str(project), str(DATA / data), "--yes")
    print(f"import of {data}: {seconds:.1f} s")
    return project


def forget_features(project: Path) -> None:
    """So that the next transfer has to compute them again."""
    shutil.rmtree(project / "cache" / "features", ignore_errors=True)


def describe(name: str, answer: dict[str, Any], seconds: float, split: str) -> float:
    """Print one line about a run and return its accuracy on ``split``."""
    accuracy = float(answer["metrics"][split]["accuracy"])
    parity = "parity passed" if answer["parity"]["passed"] else "PARITY FAILED"
    print(f"{name}: {split} accuracy {accuracy:.4f}, whole command {seconds:.1f} s, {parity}", flush=True)
    return accuracy
