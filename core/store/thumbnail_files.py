"""Thumbnails kept on disk between sessions, one JPEG an image hash, below the project's cache.

Whatever goes wrong here (read-only folder, full disk, a file cut off) only means that a thumbnail is made anew.
"""

import secrets
from contextlib import suppress
from pathlib import Path

FOLDER = "thumbnails"


def thumbnail_path(cache_dir: Path, image_hash: str) -> Path:
    """``<cache>/thumbnails/ab/abcd….jpg``: 256 folders, so that none of them holds all files."""
    return cache_dir / FOLDER / image_hash[:2] / f"{image_hash}.jpg"


def read_thumbnail(cache_dir: Path, image_hash: str) -> bytes | None:
    """The bytes kept, perhaps damaged, or ``None``."""
    try:
        return thumbnail_path(cache_dir, image_hash).read_bytes()
    except OSError:
        return None


def keep_thumbnail(cache_dir: Path, image_hash: str, jpeg: bytes) -> bool:
    """Whether ``jpeg`` is on disk now; never raises.

    Whole or absent for every reader. Without fsync, which would cost more than making the thumbnail: after a power
    loss a damaged one is found by decoding it.
    """
    target = thumbnail_path(cache_dir, image_hash)
    staged = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.write_bytes(jpeg)
        staged.replace(target)
    except OSError:
        with suppress(OSError):
            staged.unlink(missing_ok=True)
        return False
    return True
