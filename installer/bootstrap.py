"""Sets Lensmith up and starts it, on a machine that has nothing but Python; standard library only.

    python installer/bootstrap.py              open the window
    python installer/bootstrap.py run ...      the lensmith command with these arguments
    python installer/bootstrap.py demo         draw pictures, train on them, verify the ONNX files
    python installer/bootstrap.py test         every check of the project
    python installer/bootstrap.py setup        only make or repair the environment

Each makes ``.venv`` in the project folder if it is not there, repairs it if an earlier set-up was cut off, and
uses it at once if it is whole. Before the verb may stand ``--wheelhouse DIR`` (take wheels from this folder),
``--offline`` (ask no server) and ``--cpu`` (a torch without CUDA where there is one).
"""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from installer.python_version import python_refusal

if python_refusal(sys.version_info, sys.executable):
    sys.exit(python_refusal(sys.version_info, sys.executable))

# Below this line the Python is new enough. All of this file must still parse on Python 3.6.
import argparse
import subprocess
import time
from pathlib import Path

from installer.environment import Environment, clean_environment, set_up
from installer.machine import WINDOWS, Refusal, refuse_machine
from installer.packages import Wanted, default_build

VERBS = ("setup", "demo", "test", "run")
# pytest in two processes, all tests of a file in the same one. One that crashed is not replaced: xdist may hang then.
SIDE_BY_SIDE = ["-n", "2", "--dist", "loadfile", "--max-worker-restart", "0"]


def start(environment: Environment, arguments: list[str]) -> int:
    """Run the lensmith command; on Linux in place of this process, so that signals reach it."""
    command = [str(environment.python), "-P", "-m", "core.cli", *arguments]
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(command[0], command, clean_environment())
    return subprocess.call(command, env=clean_environment())


def check(environment: Environment, arguments: list[str]) -> int:
    """Every check of the project, all run whatever the others say; pytest last, since its closing line counts."""
    checks = {
        "lint": ["-m", "ruff", "check"],
        "format": ["-m", "ruff", "format", "--check"],
        "types": ["-m", "mypy"],
        "architecture": ["-c", "from importlinter.cli import lint_imports_command as run; run()"],
        "tests": ["-m", "pytest", *(arguments or SIDE_BY_SIDE)],
    }
    variables = {"QT_QPA_PLATFORM": "offscreen"} | clean_environment()
    failed = []
    for name, command in checks.items():
        print(f"--- {name}", flush=True)
        begin = time.monotonic()
        code = subprocess.call([environment.python, *command], cwd=environment.root, env=variables)
        if code != 0:
            failed.append(name)
        if name != "tests":
            print(f"--- {name}: {'failed' if code else 'passed'} in {time.monotonic() - begin:.1f} s", flush=True)
    if failed:
        print(f"Failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


def parse(argv: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Options and verb, and what belongs to the verb: all after ``run``, and what the others do not know."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.allow_abbrev = False
    parser.add_argument("--wheelhouse", type=Path, help="take wheels from this folder")
    parser.add_argument("--offline", action="store_true", help="ask no server")
    parser.add_argument("--cpu", action="store_true", help="a torch without CUDA where there is one")
    parser.add_argument("verb", nargs="?", choices=VERBS, default="run")
    if "run" in argv:
        here = argv.index("run") + 1
        return parser.parse_args(argv[:here]), argv[here:]
    options, arguments = parser.parse_known_args(argv)
    if arguments and options.verb not in ("demo", "test"):
        parser.error("unknown: " + " ".join(arguments))
    return options, arguments


def wanted_build(options: argparse.Namespace) -> str | None:
    """``setup`` decides anew; every other verb keeps what is there."""
    if options.cpu and not WINDOWS:
        return "cpu"
    if options.cpu:
        return "pypi"  # on Windows that one has no CUDA
    return default_build() if options.verb == "setup" else None


def main(argv: list[str]) -> int:
    options, arguments = parse(argv)
    begin = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - begin:6.1f} s] {what}", flush=True)

    shows_a_window = options.verb in ("setup", "run") and not arguments
    variables = os.environ if shows_a_window else {"QT_QPA_PLATFORM": "offscreen", **os.environ}
    wheelhouse = options.wheelhouse.resolve() if options.wheelhouse else None
    environment = Environment(Path(ROOT))
    try:
        if wheelhouse is not None and not wheelhouse.is_dir():
            raise Refusal(f"{wheelhouse} is no folder: name the folder that holds the wheels.")
        refuse_machine(variables)
        kind = "dev" if options.verb == "test" else "runtime"
        set_up(environment, Wanted(kind, wanted_build(options), wheelhouse, options.offline), say)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; the next start goes on from here.", file=sys.stderr)
        return 130
    if options.verb == "setup":
        return 0
    if options.verb == "test":
        return check(environment, arguments)
    return start(environment, ["demo", *arguments] if options.verb == "demo" else arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
