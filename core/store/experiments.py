"""``experiments/NNNN.json``: what was compared, and which runs that are."""

import re
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from core.domain.experiment import Experiment
from core.store.codec import read_json, write_json
from core.store.files import translated_errors

FOLDER = "experiments"
_NAME = re.compile(r"\d{4,}\.json")


def list_experiments(project: Path) -> tuple[Experiment, ...]:
    """All experiments of a project, oldest first. Raises ``LensmithError`` if one is damaged."""
    return tuple(read_json(_path(project, number), Experiment) for number in _numbers(project))


def find_experiment(project: Path, number: int) -> Experiment | None:
    path = _path(project, number)
    return read_json(path, Experiment) if path.exists() else None


def add_experiment(project: Path, make: Callable[[int], Experiment]) -> Experiment:
    """Write the experiment that ``make`` gives for the next number, one at a time; what it raises is passed on."""
    folder = project / FOLDER
    with translated_errors(folder):
        folder.mkdir(exist_ok=True)
        with FileLock(folder / ".lock", fallback_to_soft=False):
            experiment = make(max(_numbers(project), default=0) + 1)
            write_json(_path(project, experiment.number), experiment)
            return experiment


def _numbers(project: Path) -> list[int]:
    folder = project / FOLDER
    if not folder.is_dir():
        return []
    return sorted(int(entry.stem) for entry in folder.iterdir() if _NAME.fullmatch(entry.name))


def _path(project: Path, number: int) -> Path:
    return project / FOLDER / f"{number:04d}.json"
