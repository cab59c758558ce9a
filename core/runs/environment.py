"""The environment of a worker: no network, no telemetry, no code from data, all cores."""

import json
import os
import shutil
from pathlib import Path

import psutil

import core
from core.store.home import home

_CLEARED = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR", "QT_PLUGIN_PATH", "PYTHONHOME", "PYTHONSTARTUP")


def _settings() -> dict[str, str]:
    """What keeps the libraries quiet and safe; each was seen to matter."""
    return {
        "YOLO_OFFLINE": "1",
        "YOLO_AUTOINSTALL": "0",  # otherwise an unreadable picture makes ultralytics call pip
        "YOLO_VERBOSE": "False",
        "ULTRALYTICS_SAFE_LOAD": "1",  # otherwise a .pt runs the code inside it
        "YOLO_CONFIG_DIR": str(home() / "yolo"),
        "HF_HUB_OFFLINE": "1",
        "ORT_DISABLE_TELEMETRY": "1",  # read at import: later is too late
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(home() / "mpl"),
        "RAY_USAGE_STATS_ENABLED": "0",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # repeatable matrix products on CUDA
        "PYTHONFAULTHANDLER": "1",
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        # ultralytics sets 1 at its import unless a value is there; the user's own value wins.
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS")
        or str(psutil.cpu_count(logical=False) or os.cpu_count() or 1),
    }


def shield() -> None:
    """Make this process quiet and safe. To be called before any library is imported."""
    os.environ.update(_settings())


def worker_environment() -> dict[str, str]:
    """The environment for a process of ours: this one's with the settings, without what Qt and OpenCV left in it.

    It finds Lensmith's modules from every working folder, also when nothing is installed.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _CLEARED}
    libraries = environment.pop("LD_LIBRARY_PATH", "")
    kept = [folder for folder in libraries.split(os.pathsep) if folder and "cv2" not in Path(folder).parts]
    if kept:
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(kept)
    modules = [str(Path(core.__file__).parents[1]), environment.get("PYTHONPATH", "")]
    return {**environment, **_settings(), "PYTHONPATH": os.pathsep.join(filter(None, modules))}


def prepare_ultralytics() -> None:
    """Give ultralytics its settings and fonts, so that it neither asks the network nor follows the user's git folder.

    Repeated calls, also by several workers at once, leave the same files.
    """
    folder = home() / "yolo" / "Ultralytics"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("Arial.ttf", "Arial.Unicode.ttf"):
        if not (folder / name).exists():
            _replace(folder / name, _font().read_bytes())
    settings = json.dumps(_ultralytics_settings(), indent=2).encode()
    if not (folder / "settings.json").exists() or (folder / "settings.json").read_bytes() != settings:
        _replace(folder / "settings.json", settings)


def _font() -> Path:
    from fontpkg_inter import ROOT

    return next(path for path in sorted(Path(ROOT).rglob("*.ttf")) if "Italic" not in path.name)


def _ultralytics_settings() -> dict[str, object]:
    """All keys of settings version 0.0.8: with one missing, ultralytics writes the file anew."""
    folders = {f"{kind}_dir": str(home() / "yolo" / kind) for kind in ("datasets", "weights", "runs")}
    services = (
        "sync",
        "clearml",
        "comet",
        "dvc",
        "mlflow",
        "raytune",
        "tensorboard",
        "wandb",
        "vscode_msg",
        "openvino_msg",
    )
    keys = {"api_key": "", "openai_api_key": "", "uuid": "lensmith"}
    return {"settings_version": "0.0.8", **folders, **keys, **dict.fromkeys(services, False)}


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_bytes(data)
    shutil.move(temporary, path)
