"""A project folder that is small enough to be set up for real in a test."""

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
COMMAND = """
import json, os, sys
print(json.dumps({"arguments": sys.argv[1:], "folder": os.getcwd(), "program": sys.executable}))
"""


def build_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """A pure Python wheel, as the wheel specification describes it."""
    info = f"{name}-{version}.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = []
    for path, text in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(text.encode())}")
    contents[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""])
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in contents.items():
            archive.writestr(path, text)
    return wheel


def pin(wheel: Path) -> str:
    name, version = wheel.name.split("-")[:2]
    return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


@dataclass(frozen=True)
class TinyProject:
    """A copy of the real installer beside locks of tiny wheels and a ``core.cli`` that tells how it was called."""

    root: Path
    wheels: Path

    @property
    def python(self) -> Path:
        return self.root / ".venv" / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        return next((self.root / ".venv" / "lib").glob("python*")) / "site-packages"

    def lock(self, runtime: list[Path], dev: list[Path]) -> None:
        (self.root / "installer" / "requirements.lock").write_text("".join(map(pin, runtime)))
        (self.root / "installer" / "requirements-dev.lock").write_text("".join(map(pin, [*runtime, *dev])))

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.root / "installer" / "bootstrap.py"), *arguments]

    def bootstrap(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run bootstrap.py as a person would, with nothing but the wheels in the folder to install from."""
        options = ["--offline", "--wheelhouse", str(self.wheels)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        variables = {**clean, "PIP_CONFIG_FILE": os.devnull, "QT_QPA_PLATFORM": "offscreen", **variables}
        return subprocess.run(
            self.command(*options, *arguments),
            capture_output=True,
            text=True,
            cwd=self.root,
            env=variables,
            timeout=120,
        )

    def version_of(self, module: str) -> str:
        code = f"import {module}; print({module}.VERSION)"
        return subprocess.check_output([self.python, "-c", code], text=True).strip()


def make_project(folder: Path) -> TinyProject:
    tiny = TinyProject(folder / "Díly na páse 部品", folder / "wheels")
    tiny.wheels.mkdir(parents=True)
    shutil.copytree(REPOSITORY / "installer", tiny.root / "installer", ignore=shutil.ignore_patterns("__pycache__"))
    (tiny.root / "core").mkdir()
    (tiny.root / "core" / "__init__.py").touch()
    (tiny.root / "core" / "cli.py").write_text(COMMAND)
    lens = build_wheel(tiny.wheels, "lens", "1.0", {"lens.py": "VERSION = '1.0'\n"})
    bench = build_wheel(tiny.wheels, "bench", "1.0", {"bench.py": "VERSION = '1.0'\n"})
    tiny.lock([lens], [bench])
    return tiny


@pytest.fixture
def project(tmp_path: Path) -> TinyProject:
    """Nothing is set up yet."""
    return make_project(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> TinyProject:
    tiny = make_project(tmp_path_factory.mktemp("finished"))
    assert tiny.bootstrap("setup").returncode == 0
    return tiny


@pytest.fixture
def ready_project(finished: TinyProject, tmp_path: Path) -> TinyProject:
    """As a finished ``setup`` leaves it: a copy, since making a real one takes seconds."""
    copy = TinyProject(tmp_path / finished.root.name, tmp_path / "wheels")
    shutil.copytree(finished.root, copy.root, symlinks=True)
    shutil.copytree(finished.wheels, copy.wheels)
    stamp = copy.root / ".venv" / "lensmith.json"
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"root": str(copy.root)}))
    return copy


@pytest.fixture
def kill_at() -> Callable[[list[str], Path, Callable[[], bool]], None]:
    """Start a command and kill it and all its children, as a power cut would, once a condition holds."""

    def run(command: list[str], folder: Path, reached: Callable[[], bool]) -> None:
        child = subprocess.Popen(command, cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not reached():
            assert child.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.001)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    return run
