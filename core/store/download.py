"""Fetching one file from the net: resumed where it broke off, verified, whole or absent."""

import http.client
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from core.domain.errors import LensmithError
from core.domain.progress import Progress, silent
from core.store.codec import read_json, write_json
from core.store.files import file_sha256, sync_directory, translated_errors

_BLOCK = 1 << 18
_TIMEOUT = 30.0  # seconds without a byte
_ATTEMPTS = 3


class _ConnectionLost(Exception):
    """Trying again, from where it broke off, may help."""


class _Origin(Struct, frozen=True):
    """Of what the part that is on disk is the beginning. ``validator``: ETag or Last-Modified of the answer."""

    url: str
    validator: str


def fetch(url: str, target: Path, sha256: str | None = None, progress: Progress = silent) -> Path:
    """Download ``url`` to ``target`` and return ``target``; what arrived before is not fetched again.

    What has arrived stays beside the target as ``<name>.part`` when the connection breaks or ``progress`` raises, and
    the next call goes on from there if the server still has the same file. ``progress`` counts bytes.

    Raises:
        LensmithError: no connection, an address that is not http(s), another hash, or no room. ``target`` is then as it
            was before.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise LensmithError(f"{url} is not a web address.", "Use an address that begins with https://.")
    with translated_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _receive(url, target, progress)
            break
        except _ConnectionLost as error:
            if attempt == _ATTEMPTS:
                raise LensmithError(
                    f"{url} could not be fetched ({error}).",
                    "Check the network and try again: what has arrived is kept. "
                    "Offline, bring the file on a disk and import it.",
                ) from error
            time.sleep(0.2 * attempt)
    part = _part(target)
    if sha256 and (found := file_sha256(part)) != sha256.lower():
        _forget(target)
        raise LensmithError(
            f"{url} gave other bytes than expected (SHA-256 {found[:12]}…, expected {sha256[:12]}…).",
            "Try again; if it stays so, the file was changed at its source: do not use it.",
        )
    with translated_errors(target):
        part.replace(target)
        sync_directory(target.parent)
    _forget(target)
    return target


def announced_sha256(url: str) -> str | None:
    """The SHA-256 that the server announces for ``url`` before any byte is sent, or ``None``.

    Hugging Face sends it as ``X-Linked-ETag`` with the redirect to its storage (huggingface_hub, file_download.py). The
    answer comes from another host than the bytes do, so a broken or changed copy is noticed.
    """
    opener = urllib.request.build_opener(_StayHere)
    request = urllib.request.Request(url, method="HEAD")
    try:
        with opener.open(request, timeout=_TIMEOUT) as answer:
            announced = answer.headers.get("X-Linked-ETag", "")
    except urllib.error.HTTPError as error:
        announced = error.headers.get("X-Linked-ETag", "")
        error.close()
    except (OSError, http.client.HTTPException):
        return None
    digest = announced.strip('"').lower()
    return digest if re.fullmatch("[0-9a-f]{64}", digest) else None


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """A redirect is the answer itself: its headers are what is asked for."""


def _receive(url: str, target: Path, progress: Progress) -> None:
    """Append to the part until it is whole; raises ``_ConnectionLost`` when trying again may help."""
    have, validator = _resumable(url, target)
    # Packed answers would make lengths and ranges mean something else.
    headers = {"User-Agent": "lensmith", "Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        with error:
            if have and error.headers.get("Content-Range") == f"bytes */{have}":
                return  # nothing is missing but the last rename
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                _forget(target)
                raise _ConnectionLost("the server refused to go on where it broke off") from error
            cause = f"{url} answered {error.code} ({error.reason})."
            raise LensmithError(cause, "Check the address, or try again later.") from error
    except (OSError, http.client.HTTPException) as error:
        raise _ConnectionLost(getattr(error, "reason", error)) from error
    with response:
        if response.status != http.client.PARTIAL_CONTENT:
            have = 0
            _remember(url, target, response.headers)
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            _forget(target)
            raise _ConnectionLost("the server sent another range than asked for")
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else 0
        if _store(response, _part(target), have, total, progress) < total:
            raise _ConnectionLost("the connection broke off")


def _store(response: http.client.HTTPResponse, part: Path, have: int, total: int, progress: Progress) -> int:
    """Write the answer behind the first ``have`` bytes of the part; returns how many bytes it then has."""
    progress(have, total, "downloading")
    with translated_errors(part), part.open("ab" if have else "wb") as file:
        for block in _blocks(response):
            file.write(block)
            have += len(block)
            progress(have, total, "downloading")
        file.flush()
        os.fsync(file.fileno())
    return have


def _blocks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    try:
        while block := response.read(_BLOCK):
            yield block
    except (OSError, http.client.HTTPException) as error:
        raise _ConnectionLost(error) from error


def _resumable(url: str, target: Path) -> tuple[int, str]:
    """Bytes on disk that may be continued, and what proves to the server that they are of the same file."""
    try:
        origin = read_json(_note(target), _Origin)
        size = _part(target).stat().st_size
    except (LensmithError, OSError):
        return 0, ""
    return (size, origin.validator) if origin.url == url and origin.validator else (0, "")


def _remember(url: str, target: Path, headers: http.client.HTTPMessage) -> None:
    _forget(target)
    etag = headers.get("ETag", "")
    # A weak ETag does not promise equal bytes, so it must not be used for a range.
    validator = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified", "")
    write_json(_note(target), _Origin(url, validator))


def _forget(target: Path) -> None:
    _part(target).unlink(missing_ok=True)
    _note(target).unlink(missing_ok=True)


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _note(target: Path) -> Path:
    return target.with_name(f"{target.name}.part.json")
