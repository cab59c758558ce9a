import re
from pathlib import Path

import pytest

from installer import packages
from installer.packages import Wanted, pip_commands, requirements

INSTALLER = Path(__file__).resolve().parents[3] / "installer"
LOCK = (INSTALLER / "requirements.lock").read_text("utf-8")


def commands(wanted: Wanted) -> list[str]:
    return [" ".join(command) for command in pip_commands(Path("py"), LOCK, wanted, Path("req.txt"))]


def test_that_the_usual_set_up_takes_everything_by_hash_and_nothing_from_source() -> None:
    (command,) = commands(Wanted("runtime", "pypi"))

    assert "--require-hashes" in command
    assert "--only-binary :all:" in command
    assert command.endswith("-r req.txt")
    assert "http" not in command


def test_that_offline_asks_no_index() -> None:
    for build in ("pypi", "cpu"):
        for command in commands(Wanted("runtime", build, Path("wheels"), offline=True)):
            assert "--no-index --find-links wheels" in command
            assert "http" not in command


@pytest.mark.parametrize("build", ["cpu", packages.CUDA_BUILD])
def test_that_another_build_of_torch_is_pinned_to_the_locked_version(build: str) -> None:
    pair, rest = commands(Wanted("runtime", build))

    version = dict(re.findall(r"^(torch|torchvision)==(\S+)", LOCK, flags=re.MULTILINE))
    assert pair.endswith(
        f"--index-url https://download.pytorch.org/whl/{build} "
        f"torch=={version['torch']}+{build} torchvision=={version['torchvision']}+{build}"
    )
    assert "--require-hashes" not in pair
    assert "--require-hashes" in rest


def test_that_another_build_leaves_out_torch_and_the_cuda_libraries_and_nothing_else() -> None:
    def hashes(text: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for line in text.splitlines():
            if named := re.match(r"([a-z0-9-]+)==", line):
                name = named[1]
            found[name] = found.get(name, 0) + line.count("--hash")
        return found

    everything, kept = hashes(LOCK), hashes(requirements(LOCK, "cpu"))
    left_out = everything.keys() - kept.keys()

    assert {"torch", "torchvision", "triton", "nvidia-cublas", "cuda-toolkit"} <= left_out
    assert all(re.match(r"torch$|torchvision$|triton$|nvidia-(?!ml-py)|cuda-", name) for name in left_out)
    assert kept == {name: count for name, count in everything.items() if name not in left_out}


def test_that_the_cuda_build_for_windows_is_the_one_that_pypi_has_for_linux() -> None:
    major, minor = re.findall(r"^cuda-toolkit==(\d+)\.(\d+)", LOCK, flags=re.MULTILINE)[0]
    assert f"cu{major}{minor}" == packages.CUDA_BUILD


def test_that_windows_takes_the_cuda_build_only_with_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "WINDOWS", True)
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    assert packages.default_build() == "pypi"
    monkeypatch.setattr(packages.shutil, "which", lambda name: "nvidia-smi.exe")
    assert packages.default_build() == packages.CUDA_BUILD


def test_that_a_card_without_its_tool_is_known_by_the_driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(packages, "WINDOWS", True)
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path))
    assert not packages.has_nvidia_card()
    (tmp_path / "System32").mkdir()
    (tmp_path / "System32" / "nvcuda.dll").touch()
    assert packages.has_nvidia_card()
