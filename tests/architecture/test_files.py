"""What may stand in the project's files."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Spelt in parts, so that this file passes its own test.
OF_ONE_MACHINE = [f"/{folder}/".encode() for folder in ("work", "root")]
LARGEST = 2_000_000  # bytes


def committed() -> list[Path]:
    try:
        listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no git checkout")
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_that_no_file_names_a_folder_of_the_machine_it_was_written_on() -> None:
    found = [
        str(path.relative_to(ROOT)) for path in committed() if any(word in path.read_bytes() for word in OF_ONE_MACHINE)
    ]
    assert found == []


def test_that_no_weights_and_no_large_file_is_committed() -> None:
    weights = {".pt", ".pth", ".onnx", ".safetensors", ".ckpt"}
    assert [path.name for path in committed() if path.suffix in weights or path.stat().st_size > LARGEST] == []


def test_that_the_licence_is_the_one_that_the_package_names() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "GNU AFFERO GENERAL PUBLIC LICENSE" in text
    assert text.count("\n") > 600
    assert 'license = "AGPL-3.0-or-later"' in (ROOT / "pyproject.toml").read_text("utf-8")
