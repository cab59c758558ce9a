"""What this machine lacks, said before gigabytes are downloaded."""

import ctypes
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

WINDOWS = os.name == "nt"

# Size of a finished environment, and of the wheels that pip unpacks it from. Measured for the full Linux build
# (6.8 and 3.2 GB), estimated for the others.
GIGABYTES = {"pypi": 7.0, "cpu": 2.5, "cu130": 7.0}
GIGABYTES_OF_WHEELS = {"pypi": 3.3, "cpu": 1.0, "cu130": 3.3}

# Libraries of the system that Qt and OpenCV load, with the Debian package of each.
LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libX11.so.6": "libx11-6",
    "libxcb.so.1": "libxcb1",
}
LIBRARIES_FOR_X11 = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
}


class Refusal(Exception):
    """One sentence that says what is missing and what to do."""


def refuse_if_full(root: Path, build: str, downloads: bool) -> None:
    """Refuse a disk that cannot take what is still missing; ``downloads``: the wheels come to that disk too."""
    present = sum(entry.stat().st_size for entry in _files(root / ".venv")) / 1e9
    needed = GIGABYTES[build] - present
    if downloads and needed > 1:
        needed += GIGABYTES_OF_WHEELS[build]
    free = shutil.disk_usage(root).free / 1e9
    if free < needed:
        raise Refusal(
            f"The disk of {root} has {free:.1f} GB free and the set-up needs {needed:.1f} GB more: "
            "free some space or move this folder to a larger disk."
        )


def has_room_for_a_cache(root: Path, build: str) -> bool:
    """Whether pip's own cache, usually on the same disk, can take another copy of the wheels."""
    return shutil.disk_usage(root).free / 1e9 > GIGABYTES[build] + 2 * GIGABYTES_OF_WHEELS[build]


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _files(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    yield entry
    except OSError:
        return


def can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_libraries(variables: Mapping[str, str], load: Callable[[str], bool] = can_load) -> dict[str, str]:
    """Library -> Debian package of what Qt needs and this Linux lacks; those of X11 only where there is a display."""
    if not sys.platform.startswith("linux"):
        return {}
    needed = dict(LIBRARIES)
    platform_name = variables.get("QT_QPA_PLATFORM", "")
    if variables.get("DISPLAY") and not variables.get("WAYLAND_DISPLAY") and platform_name in ("", "xcb"):
        needed |= LIBRARIES_FOR_X11
    return {library: package for library, package in needed.items() if not load(library)}


def refuse_machine(variables: Mapping[str, str]) -> None:
    """Refuse a machine on which the packages cannot run, before gigabytes are downloaded."""
    if sys.maxsize < 2**32:
        raise Refusal("Lensmith needs a 64-bit Python, and this one has 32 bits: install the 64-bit one.")
    libc, version = platform.libc_ver()
    if libc == "glibc" and tuple(map(int, version.split(".")[:2])) < (2, 34):
        raise Refusal(f"Lensmith needs glibc 2.34 (Debian 12, Ubuntu 22.04, RHEL 9 or newer), and this is {version}.")
    if missing := missing_libraries(variables):
        raise Refusal(f"Qt needs libraries that this system lacks: install them with: {install_line(missing)}")


def install_line(missing: Mapping[str, str], which: Callable[[str], str | None] = shutil.which) -> str:
    """The command that installs missing libraries; RPM systems take a library's own name."""
    if which("apt-get"):
        return f"{sudo()}apt-get install {' '.join(sorted(set(missing.values())))}"
    if which("dnf"):
        return f"{sudo()}dnf install {' '.join(repr(f'{library}()(64bit)') for library in missing)}"
    return f"your package manager ({', '.join(missing)})"


def sudo() -> str:
    return "" if WINDOWS or os.geteuid() == 0 else "sudo "
