"""pyproject says what fits, the locks say what is installed; both must agree."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.actions.doctor import OPENCV_WHEELS
from installer.python_version import NEWEST, OLDEST

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKS = {
    "requirements.lock": PROJECT["dependencies"],
    "requirements-dev.lock": PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"],
}
MACHINES = [
    {
        "sys_platform": system,
        "platform_machine": machine,
        "python_version": python,
        "python_full_version": f"{python}.9",
    }
    for system, machine in (("linux", "x86_64"), ("win32", "AMD64"))
    for python in ("3.11", "3.12", "3.13", "3.14")
]


def pinned(lock: str) -> list[Requirement]:
    text = (ROOT / "installer" / lock).read_text("utf-8")
    return [Requirement(line.rstrip("\\ ")) for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]


def applies(requirement: Requirement, machine: dict[str, str]) -> bool:
    environment = {name: str(value) for name, value in default_environment().items()}
    return requirement.marker is None or requirement.marker.evaluate(environment | machine)


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize(
    "machine", MACHINES, ids=lambda machine: f"{machine['sys_platform']}-{machine['python_version']}"
)
def test_that_the_lock_holds_each_requirement_once_and_in_its_range(lock: str, machine: dict[str, str]) -> None:
    locked: dict[str, str] = {}
    for pin in pinned(lock):
        if applies(pin, machine):
            assert canonicalize_name(pin.name) not in locked
            locked[canonicalize_name(pin.name)] = str(pin.specifier).removeprefix("==")

    for requirement in map(Requirement, LOCKS[lock]):
        if applies(requirement, machine):
            assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_that_the_lock_holds_hashes_for_all_and_no_address(lock: str) -> None:
    text = (ROOT / "installer" / lock).read_text("utf-8")
    packages = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]

    assert len(packages) == len(pinned(lock)) > 50
    assert all(re.match(r"[\w.-]+==\S+", package) for package in packages)
    assert all("--hash=sha256:" in package for package in packages)
    assert not re.search(r"://|@|--index|--find-links|--extra", text)


def test_that_what_runs_now_is_what_the_lock_says() -> None:
    """All but the CUDA libraries, which an environment set up with ``--cpu`` does without."""
    for pin in pinned("requirements-dev.lock"):
        if applies(pin, {}) and not re.match("nvidia-|cuda-|triton", pin.name):
            assert pin.specifier.contains(importlib.metadata.version(pin.name)), pin


def test_that_exactly_one_opencv_is_installed_and_locked() -> None:
    installed = {canonicalize_name(dist.metadata["Name"]) for dist in importlib.metadata.distributions()}
    locked = {canonicalize_name(pin.name) for pin in pinned("requirements-dev.lock")}

    assert installed & set(OPENCV_WHEELS) == {"opencv-python"}
    assert locked & set(OPENCV_WHEELS) == {"opencv-python"}


def test_that_the_installer_takes_the_same_pythons_as_the_package() -> None:
    assert PROJECT["requires-python"] == f">=3.{OLDEST[1]},<3.{NEWEST[1] + 1}"


def test_that_a_python_below_3_12_never_gets_pyside_6_12() -> None:
    for machine in MACHINES:
        (qt,) = (p for p in pinned("requirements.lock") if "pyside6" in p.name.lower() and applies(p, machine))
        assert qt.specifier.contains("6.12.0") == (machine["python_version"] != "3.11")
