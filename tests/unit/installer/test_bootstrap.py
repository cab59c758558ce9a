import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from installer import bootstrap, machine
from installer.python_version import python_refusal

ROOT = Path(__file__).resolve().parents[3]
DiskUsage = namedtuple("DiskUsage", "total used free")


@pytest.mark.parametrize("version", [(3, 11), (3, 14)])
def test_that_a_fitting_python_is_not_refused(version: tuple[int, int]) -> None:
    assert python_refusal(version, "python") == ""


def test_that_a_wrong_python_is_told_which_one_of_this_machine_to_use() -> None:
    told = python_refusal((3, 10), "/usr/bin/python3", starts=lambda name: name == "python3.12")

    assert told == (
        "Lensmith needs Python 3.11 to 3.14, and /usr/bin/python3 is 3.10: "
        "start it with python3.12, which is on this machine."
    )


def test_that_a_wrong_python_on_a_machine_without_another_is_told_to_install_one() -> None:
    assert python_refusal((3, 15), "python", starts=lambda name: False).endswith("from python.org.")


def test_that_what_runs_before_the_version_check_parses_on_python_3_6() -> None:
    import ast

    for name in ("bootstrap.py", "python_version.py"):
        ast.parse((ROOT / "installer" / name).read_text("utf-8"), feature_version=(3, 6))


OLD_PYTHONS = sorted((Path.home() / ".pyenv" / "versions").glob("3.[6789].*/bin/python"))


@pytest.mark.skipif(not OLD_PYTHONS, reason="no old Python on this machine")
def test_that_an_old_python_answers_with_one_sentence_and_no_trace() -> None:
    command = [OLD_PYTHONS[0], ROOT / "installer" / "bootstrap.py", "demo"]
    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr.startswith("Lensmith needs Python 3.11")
    assert done.stderr.count("\n") == 1


def test_that_too_small_a_disk_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".venv").mkdir()
    with (tmp_path / ".venv" / "half a gigabyte").open("wb") as file:
        file.truncate(500_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: DiskUsage(10e9, 9e9, 1e9))

    with pytest.raises(machine.Refusal) as told:
        machine.refuse_if_full(tmp_path, "cpu", downloads=True)

    needed = machine.GIGABYTES["cpu"] + machine.GIGABYTES_OF_WHEELS["cpu"] - 0.5
    assert f"has 1.0 GB free and the set-up needs {needed:.1f} GB more" in str(told.value)


def test_that_pip_keeps_no_second_copy_of_the_wheels_on_a_tight_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: DiskUsage(100e9, 88e9, 12e9))
    machine.refuse_if_full(tmp_path, "pypi", downloads=True)
    assert not machine.has_room_for_a_cache(tmp_path, "pypi")

    monkeypatch.setattr(shutil, "disk_usage", lambda path: DiskUsage(100e9, 80e9, 20e9))
    assert machine.has_room_for_a_cache(tmp_path, "pypi")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="system packages are a matter of Linux")
class TestLibraries:
    def test_that_each_missing_library_names_its_package(self) -> None:
        missing = machine.missing_libraries({}, load=lambda library: library not in ("libGL.so.1", "libEGL.so.1"))

        assert missing == {"libGL.so.1": "libgl1", "libEGL.so.1": "libegl1"}

    def test_that_x11_is_asked_for_only_where_a_window_can_show(self) -> None:
        def names(variables: dict[str, str]) -> bool:
            return "libxcb-cursor.so.0" in machine.missing_libraries(variables, load=lambda library: False)

        assert names({"DISPLAY": ":0"})
        assert not names({})
        assert not names({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"})
        assert not names({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"})

    def test_that_the_command_to_type_is_whole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        missing = {"libglib-2.0.so.0": "libglib2.0-0", "libgthread-2.0.so.0": "libglib2.0-0", "libGL.so.1": "libgl1"}

        def only(command: str) -> object:
            return lambda name: f"/usr/bin/{name}" if name == command else None

        assert machine.install_line(missing, only("apt-get")) == "sudo apt-get install libgl1 libglib2.0-0"  # type: ignore[arg-type]
        assert machine.install_line({"libGL.so.1": "libgl1"}, only("dnf")) == "sudo dnf install 'libGL.so.1()(64bit)'"  # type: ignore[arg-type]

    def test_that_a_library_that_is_not_there_cannot_be_loaded(self) -> None:
        assert machine.can_load("libc.so.6")
        assert not machine.can_load("libno-such-thing.so.0")


def test_that_everything_after_run_belongs_to_the_command() -> None:
    options, arguments = bootstrap.parse(["--offline", "run", "train", "P", "--cpu", "--help"])

    assert (options.verb, options.offline, options.cpu) == ("run", True, False)
    assert arguments == ["train", "P", "--cpu", "--help"]


def test_that_no_verb_opens_the_window() -> None:
    options, arguments = bootstrap.parse([])
    assert (options.verb, arguments) == ("run", [])


def test_that_an_unknown_option_is_not_swallowed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bootstrap.parse(["setup", "--wheelhous", "x"])
    assert "--wheelhous" in capsys.readouterr().err
