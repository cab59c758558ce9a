"""JSON files of a project: one reader and one writer for all types."""

import threading
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from core.domain.errors import LensmithError
from core.store.files import write_atomic

T = TypeVar("T", bound=msgspec.Struct)

# msgspec works out how to decode a type when it first meets it. Two threads that meet one at the same moment end the
# process (segmentation fault, msgspec 0.20), so that is done here, one thread at a time.
_decoders: dict[type[Any], msgspec.json.Decoder[Any]] = {}
_first_meeting = threading.Lock()


class Versioned(msgspec.Struct):
    """Any of our documents, as far as one needs to know it before reading the rest."""

    schema_version: int = 1


def decoder_of(type: type[T]) -> msgspec.json.Decoder[T]:  # noqa: A002 - the word of the contract
    """What decodes ``type``; for every thread, unlike the first ``msgspec.json.decode(…, type=…)``."""
    with _first_meeting:
        if type not in _decoders:
            _decoders[type] = msgspec.json.Decoder(type)
        return _decoders[type]


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
        if known and (version := decoder_of(Versioned).decode(data).schema_version) > known:
            raise LensmithError(
                f"{path} was written by a newer Lensmith (format {version}; this one reads up to {known}).",
                "Update Lensmith to open it.",
            )
        return decoder_of(type).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LensmithError(f"{path} is damaged: {error}.", "Restore the file from a copy.") from error


def write_json(path: Path, value: msgspec.Struct) -> None:
    """Write ``value`` atomically; reading it back with ``read_json`` gives an equal value."""
    write_atomic(path, msgspec.json.encode(value))


def _default_version(type: type[msgspec.Struct]) -> int | None:  # noqa: A002
    fields = {field.name: field.default for field in msgspec.structs.fields(type)}
    default = fields.get("schema_version")
    return default if isinstance(default, int) else None
