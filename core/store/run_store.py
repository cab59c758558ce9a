"""The folders of runs: made whole under a number that is never used twice, found by name and never by guess."""

import re
import shutil
from pathlib import Path

from filelock import FileLock
from msgspec import Struct

from core.domain.dataset import Snapshot
from core.domain.errors import LensmithError
from core.domain.experiment import Membership
from core.domain.report import Report
from core.domain.run import RunSpec, mode_of, number_of
from core.store.codec import read_json, write_json
from core.store.files import sync_directory, translated_errors, write_atomic

_ID = re.compile(r"(\d{4,})-.+")
EXPERIMENT = "experiment.json"  # of a run that belongs to one
_DRAFT = ".new"
_LAST = ".last"  # the highest number ever given


class RunFolder(Struct, frozen=True):
    """One run: everything about it is in ``path``."""

    id: str
    path: Path

    @property
    def number(self) -> int:
        return number_of(self.id)

    def spec(self) -> RunSpec:
        return read_json(self.path / "spec.json", RunSpec)

    def snapshot(self) -> Snapshot:
        return read_json(self.path / "snapshot.json", Snapshot)

    def report(self) -> Report | None:
        """``None`` until the run has been evaluated."""
        file = self.path / "report.json"
        return read_json(file, Report) if file.exists() else None


class RunStore:
    """The runs of a project. Needs no lock on the project: a run may be started while a window has it open."""

    def __init__(self, project: Path) -> None:
        self._runs = Path(project).resolve() / "runs"

    def create(self, spec: RunSpec, snapshot: Snapshot, experiment: int = 0) -> RunFolder:
        """Write the folder of a new run, ``spec.json`` and ``snapshot.json`` in it; it appears whole or not at all.

        ``experiment``: the number of the one that it belongs to.

        Raises:
            LensmithError: no room, or not allowed to write; no folder is left then.
        """
        with translated_errors(self._runs):
            self._runs.mkdir(parents=True, exist_ok=True)
            with FileLock(self._runs / ".lock", fallback_to_soft=False):
                return self._create(spec, snapshot, experiment)

    def list(self) -> list[RunFolder]:
        """All runs, oldest first by number."""
        if not self._runs.is_dir():
            return []
        found = [RunFolder(entry.name, entry) for entry in self._runs.iterdir() if _ID.fullmatch(entry.name)]
        return sorted((run for run in found if (run.path / "spec.json").exists()), key=lambda run: run.number)

    def get(self, run_id: str) -> RunFolder:
        """The run with this id, this number (``7`` and ``0007``), or the only one whose id begins so.

        Raises:
            LensmithError: none or several; another run is never taken instead.
        """
        runs = self.list()
        if run_id.isascii() and run_id.isdigit():
            matches = [run for run in runs if run.number == int(run_id)]
        else:
            exact = [run for run in runs if run.id == run_id]
            matches = exact or [run for run in runs if run_id and run.id.startswith(run_id)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            names = ", ".join(run.id for run in matches)
            raise LensmithError(f"“{run_id}” may mean several runs: {names}.", "Give more of the name.")
        names = ", ".join(run.id for run in runs[-5:]) or "none"
        raise LensmithError(f"There is no run “{run_id}” in {self._runs.parent}.", f"The latest runs are: {names}.")

    def _create(self, spec: RunSpec, snapshot: Snapshot, experiment: int) -> RunFolder:
        """Within the lock, so a draft that is found was left by a process that died."""
        draft = self._runs / _DRAFT
        shutil.rmtree(draft, ignore_errors=True)
        try:
            draft.mkdir()
            write_json(draft / "spec.json", spec)
            write_json(draft / "snapshot.json", snapshot)
            if experiment:
                write_json(draft / EXPERIMENT, Membership(experiment=experiment))
            number = max([self._last_number(), *(run.number for run in self.list())]) + 1
            id_ = f"{number:04d}-{mode_of(spec.start)}-{_file_safe(spec.architecture)}"
            write_atomic(self._runs / _LAST, str(number).encode())
            draft.rename(self._runs / id_)
            sync_directory(self._runs)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        return RunFolder(id_, self._runs / id_)

    def _last_number(self) -> int:
        try:
            return int((self._runs / _LAST).read_text())
        except (FileNotFoundError, ValueError):
            return 0


def _file_safe(name: str) -> str:
    """A model name as part of a folder name on every system: ``hf_hub:timm/x.y`` -> ``hf_hub-timm-x.y``."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", name).strip("-.")[:60] or "model"
