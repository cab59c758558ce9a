"""What may be in memory: import-linter reads the source, this looks at running programs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "torchvision", "timm", "ultralytics")

IMPORT_ALL = """
import importlib, pkgutil, sys
package, *heavy = sys.argv[1:]
module = importlib.import_module(package)
names = [found.name for found in pkgutil.walk_packages(module.__path__, package + ".")]
names = [name for name in names if not name.startswith("core.backends") and not name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
print(len(names), *(name for name in heavy if name in sys.modules))
"""


def imported(package: str) -> tuple[int, list[str]]:
    command = [sys.executable, "-c", IMPORT_ALL, package, *HEAVY]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    count, *found = done.stdout.split()
    return int(count), found


@pytest.mark.parametrize("package", ["core", "app"])
def test_that_neither_window_nor_command_line_imports_torch(package: str) -> None:
    count, found = imported(package)
    assert count > 5
    assert found == []


def test_that_the_command_line_starts_without_qt_opencv_and_numpy() -> None:
    code = "import sys; from core.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "print(*sorted({name.split('.')[0] for name in sys.modules} & {'PySide6', 'cv2', 'numpy', 'onnxruntime'}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == ""
