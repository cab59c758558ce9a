"""The weights vault: safetensors files of the user, kept under their hash with what is known about them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct
from safetensors import SafetensorError, safe_open

from core.domain.errors import LensmithError
from core.domain.task import Task
from core.store.codec import read_json, write_json
from core.store.files import file_sha256, replace_atomic, translated_errors
from core.store.home import home

_SHORTEST_PREFIX = 6  # hexadecimal digits by which a file may be named


class VaultEntry(Struct, frozen=True, kw_only=True):
    """What is known about one weights file. ``source``: where it came from, in words or as an address."""

    schema_version: int = 1
    sha256: str
    name: str
    architecture: str
    task: Task | None
    licence: str
    classes: tuple[str, ...]
    source: str
    size: int  # bytes


class Vault:
    """``<sha256>.safetensors`` and ``<sha256>.json`` in one folder; without ``directory`` in the user's own."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = Path(directory) if directory else home() / "weights"

    def add(
        self,
        file: Path,
        *,
        name: str,
        architecture: str,
        task: Task | None,
        licence: str = "",
        classes: Sequence[str] = (),
        source: str = "",
    ) -> VaultEntry:
        """Copy a safetensors file in. Adding the same bytes again only replaces what is said about them.

        Raises:
            LensmithError: not a safetensors file, another file has this name already, or no room.
        """
        _check_safetensors(file)
        sha256 = file_sha256(file)
        if any(entry.name == name and entry.sha256 != sha256 for entry in self.list()):
            raise LensmithError(f"The weights vault has another file named “{name}”.", "Choose another name.")
        entry = VaultEntry(
            sha256=sha256,
            name=name,
            architecture=architecture,
            task=task,
            licence=licence,
            classes=tuple(classes),
            source=source,
            size=file.stat().st_size,
        )
        with translated_errors(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
        replace_atomic(self._weights(sha256), lambda target: _copy(file, target, sha256))
        # The description comes last: an entry is listed only once its weights are whole.
        write_json(self._description(sha256), entry)
        return entry

    def list(self) -> list[VaultEntry]:
        """All entries by name."""
        entries = [
            read_json(file, VaultEntry)
            for file in self.directory.glob("*.json")
            if file.with_suffix(".safetensors").is_file()
        ]
        return sorted(entries, key=lambda entry: (entry.name, entry.sha256))

    def find(self, ref: str) -> VaultEntry:
        """The entry with this name, or whose hash begins so (six digits or more).

        Raises:
            LensmithError: none or several.
        """
        entries = self.list()
        matches = [entry for entry in entries if entry.name == ref]
        if not matches and len(ref) >= _SHORTEST_PREFIX:
            matches = [entry for entry in entries if entry.sha256.startswith(ref.lower())]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise LensmithError(f"“{ref}” may mean several files of the weights vault.", "Give more of the hash.")
        known = ", ".join(entry.name for entry in entries) or "nothing yet"
        raise LensmithError(f"There are no weights “{ref}” in the vault.", f"It holds: {known}.")

    def path(self, sha256: str) -> Path:
        """The file with these bytes, verified now.

        Raises:
            LensmithError: missing, or its bytes have changed.
        """
        file = self._weights(sha256)
        if not file.is_file():
            raise LensmithError(f"The weights {sha256[:12]} are not in the vault.", "Import or fetch them again.")
        if file_sha256(file) != sha256:
            raise LensmithError(f"{file} is damaged: its bytes have changed.", "Delete it and import it again.")
        return file

    def _weights(self, sha256: str) -> Path:
        return self.directory / f"{sha256}.safetensors"

    def _description(self, sha256: str) -> Path:
        return self.directory / f"{sha256}.json"


def _copy(source: Path, target: BinaryIO, sha256: str) -> None:
    digest = hashlib.sha256()
    with source.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            target.write(block)
    if digest.hexdigest() != sha256:
        raise LensmithError(f"{source} changed while it was copied.", "Wait until it is written, then import it again.")


def _check_safetensors(path: Path) -> None:
    if not path.is_file():
        raise LensmithError(f"{path} does not exist.", "Check the path.")
    try:
        with safe_open(path, framework="numpy"):
            pass
    except (SafetensorError, OSError) as error:
        raise LensmithError(f"{path} is not a whole safetensors file ({error}).", "Get the file again.") from error
