"""Which pip commands bring an environment to a lock."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from installer.machine import WINDOWS

TORCH_INDEX = "https://download.pytorch.org/whl/"
CUDA_BUILD = "cu130"


@dataclass(frozen=True)
class Wanted:
    """What the environment must hold. ``build`` of torch: "pypi", "cpu" or "cu130"; ``None``: as it is now."""

    kind: str  # "runtime" or "dev"; dev holds all of runtime
    build: str | None = None
    wheelhouse: Path | None = None
    offline: bool = False


def default_build() -> str:
    """PyPI's torch has CUDA on Linux and none on Windows, where an NVIDIA card so needs PyTorch's own index."""
    return CUDA_BUILD if WINDOWS and has_nvidia_card() else "pypi"


def has_nvidia_card() -> bool:
    if shutil.which("nvidia-smi"):
        return True
    return WINDOWS and Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "nvcuda.dll").exists()


def pip_commands(python: Path, lock: str, wanted: Wanted, filtered: Path) -> list[list[str]]:
    """The pip commands that bring an environment to ``lock``; ``filtered`` names the file to hand to pip.

    Everything comes by hash. The one exception is a torch build from PyTorch's own index, whose files are not
    those of PyPI: that pair is pinned by exact version and build instead.
    """
    pip = [str(python), "-I", "-m", "pip", "install", "--no-deps", "--only-binary", ":all:"]
    pip += ["--disable-pip-version-check", "--no-input"]
    source = ["--no-index"] if wanted.offline else []
    source += ["--find-links", str(wanted.wheelhouse)] if wanted.wheelhouse else []
    everything = [*pip, "--require-hashes", *source, "-r", str(filtered)]
    if wanted.build == "pypi":
        return [everything]
    versions = dict(re.findall(r"^(torch|torchvision)==([\d.]+)", lock, flags=re.MULTILINE))
    pair = [f"{name}=={version}+{wanted.build}" for name, version in versions.items()]
    index = [] if wanted.offline else ["--index-url", f"{TORCH_INDEX}{wanted.build}"]
    return [[*pip, *source, *index, *pair], everything]


def requirements(lock: str, build: str) -> str:
    """The part of a lock that comes by hash: all of it, or all but torch and the CUDA libraries that serve it."""
    if build == "pypi":
        return lock
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)  # one a package, with its hashes
    ours = re.compile(r"(torch|torchvision|triton|cuda-[\w-]+|nvidia-(?!ml-py)[\w-]+)==")
    return "".join(block for block in blocks if not ours.match(block))


def why_pip_failed(root: Path, wanted: Wanted) -> str:
    if shutil.disk_usage(root).free < 200e6:
        return f"The disk of {root} is full: free some gigabytes and start again."
    if wanted.offline and wanted.wheelhouse is None:
        return "Packages are missing and --offline was asked for: name a folder of wheels with --wheelhouse DIR."
    if wanted.offline:
        return f"{wanted.wheelhouse} lacks a package named above: download the wheels again on a connected machine."
    return (
        "Packages could not be installed (pip's reason stands above): check the network or proxy (HTTPS_PROXY) "
        "and start again, or name a folder of wheels with --wheelhouse DIR."
    )
