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


def compare(home: Path, project: Path, *settings: str) -> tuple[dict[str, Any], float]:
    """``lensmith compare`` of all three modes on the processor; its table, differences and advice are told."""
    modes = ("--modes", "scratch,transfer,finetune", "--device", "cpu")
    answer, seconds = lensmith(home, "compare", str(project), *modes, *settings)
    for row in answer["rows"]:
        print(
            f"  run {row['run']}, seed {row['seed']}: {_spanned(row['metric'])}, {row['seconds']:.0f} s, "
            f"{1000 * row['kwh']:.2f} Wh ({row['energy_source']}), {row['peak_memory_mb']:.0f} MB, "
            f"{row['latency_ms']:.1f} ms a picture, {row['size_mb']:.1f} MB"
        )
    names = {group["runs"][0]: group["mode"] for group in answer["groups"]}
    for group in answer["groups"]:
        spread = "" if group["spread"] is None else f", spread over seeds {group['spread']:.3f}"
        print(f"{group['mode']:9} {_spanned(group['metric'])}{spread}")
    for one in answer["differences"]:
        print(f"{names[one['b']]} − {names[one['a']]}: {_spanned(one)}")
    print(f"{answer['test_images']} test images, one command, {seconds:.0f} s\n{answer['advice']}", flush=True)
    return answer, seconds


def _spanned(found: dict[str, Any]) -> str:
    span = "no interval" if found["low"] is None else f"{found['low']:.3f} to {found['high']:.3f}"
    return f"{found['value']:.3f} ({span})"
