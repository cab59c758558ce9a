"""JSON files of a project: one reader and one writer for all types."""

from pathlib import Path
from typing import TypeVar

import msgspec

from core.domain.errors import LensmithError
from core.store.files import write_atomic

T = TypeVar("T", bound=msgspec.Struct)


class _Version(msgspec.Struct):
    schema_version: int = 1


def read_json(path: Path, type: type[T]) -> T:  # noqa: A002 - the word of the contract
    """The value in ``path``.

    Raises:
        LensmithError: no such file, not JSON of this type, or written by a newer Lensmith.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise LensmithError(f"{path} is missing.", "Restore the file, or remove what it belonged to.") from error
    except OSError as error:
        raise LensmithError(f"{path} cannot be read ({error.strerror}).", "Check the disk and permissions.") from error
    known = getattr(type, "schema_version", None) and _default_version(type)
    try:
        if known and (version := msgspec.json.decode(data, type=_Version).schema_version) > known:
            raise LensmithError(
                f"{path} was written by a newer Lensmith (format {version}; this one reads up to {known}).",
                "Update Lensmith to open it.",
            )
        return msgspec.json.decode(data, type=type)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LensmithError(f"{path} is damaged: {error}.", "Restore the file from a copy.") from error


def write_json(path: Path, value: msgspec.Struct) -> None:
    """Write ``value`` atomically; reading it back with ``read_json`` gives an equal value."""
    write_atomic(path, msgspec.json.encode(value))


def _default_version(type: type[msgspec.Struct]) -> int | None:  # noqa: A002
    fields = {field.name: field.default for field in msgspec.structs.fields(type)}
    default = fields.get("schema_version")
    return default if isinstance(default, int) else None
