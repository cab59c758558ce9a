"""Unpacking .zip and .tar archives that nobody vouches for."""

import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from core.data.formats.listing import counted, is_text, printable
from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.domain.source import Problem

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
LARGEST_TOTAL = 500 << 30  # bytes, unpacked
LARGEST_COUNT = 5_000_000
LARGEST_RATIO = 200  # unpacked to packed; label text reaches 30, pictures 1, a bomb 1,000 and more
HARMLESS = 100 << 20  # bytes below which the ratio does not matter
CHUNK = 1 << 20
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,  # a compression method that Python lacks
    RuntimeError,  # an encrypted entry
)


class Entry(NamedTuple):
    """One entry as the archive states it; ``refused`` says why it must not be unpacked, else it is empty."""

    name: str
    size: int
    member: zipfile.ZipInfo | tarfile.TarInfo
    refused: str


def is_archive(path: str) -> bool:
    return path.lower().endswith(SUFFIXES) and os.path.isfile(path)


def unpack(archive: Path, target: Path, progress: Progress = silent) -> list[Problem]:
    """Unpack plain files into ``target``; every other entry is refused and listed.

    Nothing is ever written outside ``target``: names are checked, links and devices are never made. An entry that
    claims more than is left of the caps is not begun, and one that claims less gets no more. Files that an earlier
    call unpacked are kept. Raises ``LensmithError`` for a damaged archive or a bomb; then what was unpacked is the
    caller's to remove.
    """
    try:
        if archive.name.lower().endswith(".zip"):
            with zipfile.ZipFile(archive) as opened:
                return _unpack(archive, target, list(_zip_entries(opened)), opened, progress)
        with tarfile.open(archive) as opened_tar:
            return _unpack(archive, target, _tar_entries(opened_tar), opened_tar, progress)
    except DAMAGED as error:
        raise LensmithError(
            f"“{archive}” is damaged or not an archive that can be read: {error}.", "Get the archive again."
        ) from error
    except OSError as error:
        raise LensmithError(
            f"“{archive}” could not be unpacked: {error.strerror or error}.", "Check the archive and the disk's space."
        ) from error


def _unpack(
    archive: Path,
    target: Path,
    entries: list[Entry] | Iterator[Entry],
    opened: zipfile.ZipFile | tarfile.TarFile,
    progress: Progress,
) -> list[Problem]:
    problems: list[Problem] = []
    root = os.path.realpath(target)
    os.makedirs(root, exist_ok=True)
    allowed = max(HARMLESS, min(LARGEST_TOTAL, archive.stat().st_size * LARGEST_RATIO))
    taken: set[str] = set()
    left = allowed
    for count, entry in enumerate(counted(entries, progress, "Unpacking"), start=1):
        if count > LARGEST_COUNT or entry.size > left:
            raise _bomb(archive, allowed)
        refused = entry.refused or _why_refused(entry.name)
        name = os.path.normcase(entry.name.removeprefix("./"))
        if not refused and name in taken:
            refused = "the name occurs twice"
        if refused:
            problems.append(Problem("archive_entry_refused", f"{archive}:{printable(entry.name)}", refused))
            continue
        taken.add(name)
        path = os.path.join(root, *entry.name.split("/"))
        source = None if _is_there(path, entry.size) else _open(opened, entry)
        if source is not None:
            with source:
                left -= _copy(source, path)
    return problems


def _zip_entries(opened: zipfile.ZipFile) -> Iterator[Entry]:
    for member in opened.infolist():
        if member.is_dir():
            continue
        mode = member.external_attr >> 16
        kind = stat.S_IFMT(mode)
        refused = "" if kind in (0, stat.S_IFREG) else "a link or device"
        if member.flag_bits & 1:
            refused = "encrypted"
        # ZipInfo cuts names at a zero byte and turns the system's separator; the original says what was meant.
        yield Entry(member.orig_filename.replace("\\", "/"), member.file_size, member, refused)


def _tar_entries(opened: tarfile.TarFile) -> Iterator[Entry]:
    for member in opened:
        if member.isdir():
            continue
        refused = "" if member.isfile() else "a link or device"
        yield Entry(member.name, member.size, member, refused)


def _why_refused(name: str) -> str:
    """Why a name must not become a path below the target, on any system; empty for a good one."""
    parts = name.split("/")
    if name.startswith(("/", "\\")) or "\\" in name:
        return "an absolute path or a backslash"
    if ":" in parts[0] or "\0" in name:
        return "a drive letter or a zero byte"
    if ".." in parts:
        return "leads out of the archive"
    return "" if is_text(name) and all(part not in ("", ".") for part in parts[1:]) else "no valid name"


def _open(opened: zipfile.ZipFile | tarfile.TarFile, entry: Entry) -> IO[bytes] | None:
    if isinstance(opened, zipfile.ZipFile):
        assert isinstance(entry.member, zipfile.ZipInfo)
        return opened.open(entry.member)
    assert isinstance(entry.member, tarfile.TarInfo)
    return opened.extractfile(entry.member)


def _is_there(path: str, size: int) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) == size


def _copy(source: IO[bytes], path: str) -> int:
    """Bytes written; never more than the entry claims, since both modules stop there."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        shutil.copyfileobj(source, file, CHUNK)
        return file.tell()


def _bomb(archive: Path, allowed: int) -> LensmithError:
    return LensmithError(
        f"“{archive}” unpacks to more than {allowed >> 20:,} MB, or to more files than any data set has.",
        "If you trust it, unpack it yourself and import the folder.",
    )
