"""The ``lensmith`` command in child processes, as a user or a script would call it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180  # seconds; only a hanging command meets it
# Root may write everywhere, so read-only folders would mean nothing. This runs a program without that right:
# prctl 24 is PR_CAPBSET_DROP; 1, 2 and 3 are CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH and CAP_FOWNER.
NO_PRIVILEGE = """
import ctypes, os, sys
for capability in (1, 2, 3):
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Done(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What is on stdout, which must be exactly one JSON document and nothing else."""
        return json.loads(self.out)


class Lensmith:
    """Calls commands with a Lensmith home of their own, from the folder ``place``."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.home = place / "lensmith home"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR")}
        return {**kept, "LENSMITH_HOME": str(self.home), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **more}

    def start(self, *arguments: object, **environment: str) -> "subprocess.Popen[str]":
        """The command under way; pipes for both outputs."""
        return subprocess.Popen(
            [*plain_user(), sys.executable, "-m", "core.cli", *map(str, arguments)],
            cwd=self.place,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, *arguments: object, **environment: str) -> Done:
        """The command run to its end, whatever that is. No end is ever a stack trace."""
        done = finish(self.start(*arguments, **environment))
        assert "Traceback" not in done.err, done.err
        return done

    def ok(self, *arguments: object) -> Done:
        """The command run to a good end."""
        done = self.run(*arguments)
        assert done.code == 0, f"{arguments}: exit code {done.code}\n{done.out}\n{done.err}"
        return done

    def json(self, *arguments: object) -> Any:
        """The JSON of a command that ends well."""
        return self.ok(*arguments, "--json").json

    def refused(self, *arguments: object) -> str:
        """What a command says that fails with a sentence (exit code 1): nothing is on stdout then."""
        done = self.run(*arguments)
        assert done.code == 1, f"{arguments}: exit code {done.code}\n{done.out}\n{done.err}"
        assert done.out == ""
        return done.err


def plain_user() -> list[str]:
    """What to put before a command so that file permissions hold for it; nothing unless this is root on Linux."""
    if sys.platform == "linux" and os.geteuid() == 0:
        return [sys.executable, "-I", "-S", "-c", NO_PRIVILEGE]
    return []


def finish(child: "subprocess.Popen[str]") -> Done:
    """Wait for a command that was started."""
    try:
        out, err = child.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise
    return Done(child.returncode, out, err)


def interrupt(child: "subprocess.Popen[str]") -> None:
    """Ctrl+C."""
    child.send_signal(signal.CTRL_C_EVENT if os.name == "nt" else signal.SIGINT)
