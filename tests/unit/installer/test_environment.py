import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.installer.conftest import TinyProject, build_wheel

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills process groups and reads POSIX paths")

Kill = Callable[[list[str], Path, Callable[[], bool]], None]


def test_that_a_first_start_makes_the_environment_and_the_lensmith_command(
    project: TinyProject, tmp_path: Path
) -> None:
    done = project.bootstrap("run", "train", "P", "--mode", "transfer", "--offline")

    told = json.loads(done.stdout.splitlines()[-1])
    assert told["arguments"] == ["train", "P", "--mode", "transfer", "--offline"]
    assert told["program"] == str(project.python)
    assert project.version_of("lens") == "1.0"
    assert not (project.site_packages / "bench.py").exists()

    (tmp_path / "core").mkdir()  # a folder that must not be taken for ours
    command = [project.root / ".venv" / "bin" / "lensmith", "doctor"]
    told = json.loads(subprocess.check_output(command, cwd=tmp_path, text=True))
    assert told["arguments"] == ["doctor"]
    assert told["folder"] == str(tmp_path)


def test_that_a_second_start_starts_no_other_program(ready_project: TinyProject) -> None:
    trace = "import sys; sys.addaudithook(lambda e, a: e == 'subprocess.Popen' and sys.stderr.write('STARTED'))"
    (ready_project.root / "installer" / "sitecustomize.py").write_text(trace)
    watched = {"PYTHONPATH": str(ready_project.root / "installer")}

    done = ready_project.bootstrap("run", "doctor", **watched)
    assert done.returncode == 0
    assert "STARTED" not in done.stderr
    assert done.stdout.count("\n") == 1

    (ready_project.root / ".venv" / "lensmith.json").unlink()
    assert "STARTED" in ready_project.bootstrap("run", "doctor", **watched).stderr


def test_that_a_changed_lock_updates_the_environment(ready_project: TinyProject) -> None:
    newer = build_wheel(ready_project.wheels, "lens", "1.1", {"lens.py": "VERSION = '1.1'\n"})
    ready_project.lock([newer], [])

    assert ready_project.bootstrap("setup").returncode == 0
    assert ready_project.version_of("lens") == "1.1"


def test_that_the_test_tools_are_added_to_a_finished_environment_and_stay(ready_project: TinyProject) -> None:
    ready_project.bootstrap("test")  # the checks themselves fail here: the tiny project has no tools
    assert ready_project.version_of("bench") == "1.0"

    (ready_project.root / "installer" / "requirements.lock").write_bytes(
        (ready_project.root / "installer" / "requirements.lock").read_bytes() + b"\n"
    )
    ready_project.bootstrap("setup")

    assert json.loads((ready_project.root / ".venv/lensmith.json").read_text())["kind"] == "dev"


def test_that_a_set_up_killed_while_the_environment_is_made_is_repaired(project: TinyProject, kill_at: Kill) -> None:
    options = ["--offline", "--wheelhouse", str(project.wheels), "setup"]
    kill_at(project.command(*options), project.root, lambda: project.python.exists())

    assert project.bootstrap("setup").returncode == 0
    assert project.version_of("lens") == "1.0"


@pytest.mark.parametrize("moment", ["big/part_0100.py", "big-1.0.dist-info/METADATA"])
def test_that_a_set_up_killed_in_the_middle_of_a_package_is_repaired(
    ready_project: TinyProject, kill_at: Kill, moment: str
) -> None:
    files = {f"big/part_{number:04}.py": "VALUE = 1\n" * 50 for number in range(2000)}
    big = build_wheel(ready_project.wheels, "big", "1.0", {"big/__init__.py": "VERSION = '1.0'\n", **files})
    ready_project.lock([big], [])
    options = ["--offline", "--wheelhouse", str(ready_project.wheels), "setup"]

    def reached() -> bool:
        return any(ready_project.root.glob(f".venv/lib/*/site-packages/{moment}"))

    kill_at(ready_project.command(*options), ready_project.root, reached)
    done = ready_project.bootstrap("setup")

    assert done.returncode == 0, done.stderr
    assert len(list((ready_project.site_packages / "big").glob("part_*.py"))) == 2000
    assert (ready_project.site_packages / "big-1.0.dist-info" / "RECORD").exists()


def test_that_a_package_with_a_cut_file_is_installed_again(ready_project: TinyProject) -> None:
    (ready_project.site_packages / "lens.py").write_text("VERS")
    (ready_project.root / ".venv" / "lensmith.json").unlink()

    done = ready_project.bootstrap("setup")

    assert "Repairing 1 packages" in done.stdout
    assert ready_project.version_of("lens") == "1.0"


def test_that_an_environment_whose_python_is_gone_is_made_again(ready_project: TinyProject) -> None:
    ready_project.python.unlink()
    ready_project.python.symlink_to("/nowhere/python3.11")

    done = ready_project.bootstrap("run")

    assert "Removing an environment that does not work" in done.stdout
    assert json.loads(done.stdout.splitlines()[-1])["program"] == str(ready_project.python)


def test_that_a_moved_project_folder_needs_no_wheel(ready_project: TinyProject, tmp_path: Path) -> None:
    moved = TinyProject(tmp_path / "elsewhere", tmp_path / "no wheels here")
    moved.wheels.mkdir()
    ready_project.root.rename(moved.root)

    done = moved.bootstrap("run")

    assert json.loads(done.stdout.splitlines()[-1])["program"] == str(moved.python)


def test_that_a_second_set_up_waits_for_the_first(ready_project: TinyProject) -> None:
    ready_project.lock([], [build_wheel(ready_project.wheels, "late", "1.0", {"late.py": ""})])
    hold = (
        "import sys, time; sys.path.insert(0, '.'); from pathlib import Path\n"
        "from installer.environment import only_one\n"
        "with only_one(Path('.venv.lock'), print):\n    print('held', flush=True); sys.stdin.read()\n"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", hold], cwd=ready_project.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        second = subprocess.Popen(
            ready_project.command("--offline", "--wheelhouse", str(ready_project.wheels), "setup"),
            stdout=subprocess.PIPE,
            text=True,
        )
        with second:
            assert second.stdout is not None
            assert "Waiting for another set-up" in second.stdout.readline()
            assert second.poll() is None
            first.communicate()
            second.communicate()
    assert second.returncode == 0


def test_that_a_missing_wheel_is_told_in_one_sentence(ready_project: TinyProject) -> None:
    newer = build_wheel(ready_project.wheels, "lens", "1.1", {"lens.py": "VERSION = '1.1'\n"})
    ready_project.lock([newer], [])
    newer.unlink()

    done = ready_project.bootstrap("setup")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"{ready_project.wheels} lacks a package named above: download the wheels again on a connected machine."
    )


def test_that_a_wheel_other_than_the_locked_one_is_refused(ready_project: TinyProject) -> None:
    newer = build_wheel(ready_project.wheels, "lens", "1.1", {"lens.py": "VERSION = '1.1'\n"})
    ready_project.lock([newer], [])
    build_wheel(ready_project.wheels, "lens", "1.1", {"lens.py": "VERSION = 'not the locked one'\n"})

    assert ready_project.bootstrap("setup").returncode == 1
    assert ready_project.version_of("lens") == "1.0"
