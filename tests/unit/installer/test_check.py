"""The verb ``test``, on stand-ins for the tools that tell when they are called."""

import os

import pytest

from tests.unit.installer.conftest import TinyProject, build_wheel

pytestmark = pytest.mark.skipif(os.name == "nt", reason="uses the POSIX layout of an environment")


def tools(project: TinyProject, exit_codes: dict[str, int]) -> None:
    def told(name: str, closing: str) -> str:
        return f"import os, sys\nprint({closing!r}, *sys.argv[1:])\nsys.exit({exit_codes.get(name, 0)})\n"

    linter = f"def lint_imports_command():\n    raise SystemExit({exit_codes.get('import-linter', 0)})\n"
    files = {
        "ruff/__main__.py": told("ruff", "ruff"),
        "mypy/__main__.py": told("mypy", "mypy"),
        "importlinter/cli.py": linter,
        "pytest/__main__.py": told("pytest", "3 passed in 0.01s"),
    }
    project.lock([], [build_wheel(project.wheels, "tools", "1.0", files)])


def test_that_all_checks_run_and_pytest_has_the_last_word(ready_project: TinyProject) -> None:
    tools(ready_project, {})

    done = ready_project.bootstrap("test")

    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if not line.startswith("[")]
    assert [line for line in said if ":" not in line] == [
        *("--- lint", "ruff check", "--- format", "ruff format --check", "--- types", "mypy", "--- architecture"),
        *("--- tests", "3 passed in 0.01s -n 2 --dist loadfile --max-worker-restart 0"),
    ]


def test_that_a_failing_check_stops_nothing_and_fails_the_whole(ready_project: TinyProject) -> None:
    tools(ready_project, {"mypy": 1, "import-linter": 1})

    done = ready_project.bootstrap("test", "tests/unit")

    assert done.returncode == 1
    assert "3 passed in 0.01s tests/unit" in done.stdout
    assert done.stdout.splitlines()[-1] == "Failed: types, architecture"
