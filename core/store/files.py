"""Files that are either old or new, never half: atomic replacement, and checkpoints in two generations."""

import errno
import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from core.domain.errors import LensmithError

# EFBIG: the file size limit of a process, which to the user is one more way of having no room.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


class _Whole(Struct, frozen=True):
    """Sidecar of a checkpoint: SHA-256 -> size in bytes of generations that were written to their end, newest first."""

    sizes: dict[str, int]


def write_atomic(path: Path, data: bytes) -> None:
    """Make ``path`` hold ``data``; after a crash at any moment it holds all of the old bytes or all of the new.

    Raises:
        LensmithError: no room, or not allowed to write; ``path`` is as it was before.
    """
    replace_atomic(path, lambda file: file.write(data))


def replace_atomic(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Like ``write_atomic`` for content that ``write`` streams into a binary file."""
    with _staged(path, write) as staged, translated_errors(path):
        _replace(staged, path)
        sync_directory(path.parent)


def save_generation(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a checkpoint and keep the one before it as ``<name>.previous``; read back with ``newest_whole``.

    There must be one writer only. At any moment at least one generation that was whole before is still there.

    Raises:
        LensmithError: no room; both earlier generations are untouched.
    """
    for leftover in path.parent.glob(f".{path.name}.*.part"):
        leftover.unlink(missing_ok=True)
    known, current_is_whole = _standing(path)
    with _staged(path, write) as staged:
        new = {file_sha256(staged): staged.stat().st_size}
        # The record goes first: from then on every file that the two renames may leave behind is in it.
        _write_sidecar(path, new | known)
        with translated_errors(path):
            # A half-written current file must not push out a previous one that is whole.
            if current_is_whole:
                _replace(path, _previous(path))
                known = dict(list(known.items())[:1])
            _replace(staged, path)
            sync_directory(path.parent)
    _write_sidecar(path, new | known)


def newest_whole(path: Path) -> Path | None:
    """The newest generation of a checkpoint whose size and hash are those that were written, or ``None``."""
    known = _read_sidecar(path)
    return next((file for file in (path, _previous(path)) if _digest_if_known(file, known)), None)


@contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """Tell operating system errors on ``path`` as a ``LensmithError`` that says what survived."""
    try:
        yield
    except OSError as error:
        raise file_error(path, error) from error


def file_error(path: Path, error: OSError) -> LensmithError:
    """What the user should read about ``error``, met while writing ``path``."""
    if error.errno in _NO_ROOM:
        survived = "its earlier version is untouched" if path.exists() else "nothing that was saved before is lost"
        return LensmithError(
            f"The disk is full: {path} could not be written; {survived}.",
            "Free some space on that disk and try again.",
        )
    if error.errno in _READ_ONLY:
        return LensmithError(
            f"{path} cannot be written: the folder is read-only or belongs to somebody else.",
            "Allow writing there, or use a copy in a folder of your own.",
        )
    return LensmithError(f"{path} could not be written ({error.strerror or error}).", "Check the disk and try again.")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise LensmithError(f"{path} cannot be read ({error.strerror}).", "Check the path and permissions.") from error


def sync_directory(folder: Path) -> None:
    """Make renames in ``folder`` survive a power loss; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _staged(path: Path, write: Callable[[BinaryIO], object]) -> Iterator[Path]:
    """A temporary file beside ``path`` (same disk, so that the rename is atomic), on disk, gone afterwards."""
    staged = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with translated_errors(path), staged.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        yield staged
    finally:
        staged.unlink(missing_ok=True)


def _replace(source: Path, target: Path) -> None:
    """``os.replace``; on Windows a virus scanner or reader may hold the target for a moment."""
    for pause in (0.01, 0.05, 0.2, 0.5):
        try:
            source.replace(target)
            return
        except PermissionError:
            if os.name != "nt":
                raise
            time.sleep(pause)
    source.replace(target)


def _standing(path: Path) -> tuple[dict[str, int], bool]:
    """The generations that are there, newest first, and whether the current file is one of them.

    Sizes are enough where the record fits the files: hashing gigabytes before every epoch's save would be felt. A
    writer that died on the way leaves a record that does not fit; then the bytes tell.
    """
    known = _read_sidecar(path)
    files = [file for file in (path, _previous(path)) if file.is_file()]
    if len(known) == len(files):
        return known, path in files and path.stat().st_size == next(iter(known.values()))
    digests = {file: digest for file in files if (digest := _digest_if_known(file, known))}
    return {digest: known[digest] for digest in digests.values()}, path in digests


def _previous(path: Path) -> Path:
    return path.with_name(f"{path.name}.previous")


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.whole.json")


def _read_sidecar(path: Path) -> dict[str, int]:
    try:
        return msgspec.json.decode(_sidecar(path).read_bytes(), type=_Whole).sizes
    except (OSError, msgspec.DecodeError):
        return {}


def _write_sidecar(path: Path, sizes: dict[str, int]) -> None:
    write_atomic(_sidecar(path), msgspec.json.encode(_Whole(sizes)))


def _digest_if_known(path: Path, known: dict[str, int]) -> str | None:
    """The hash of ``path`` when the sidecar lists it with this size, else ``None``."""
    if not path.is_file() or path.stat().st_size not in known.values():
        return None
    digest = file_sha256(path)
    return digest if known.get(digest) == path.stat().st_size else None
