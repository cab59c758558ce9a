"""Runs commands with the network cut off, and tells who tried to reach it.

Every Python process below the command loads a ``sitecustomize`` that refuses connections and name look-ups and writes
each attempt down. Sockets of the machine itself (``AF_UNIX``) stay open: data loaders talk through them.
"""

import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

SITECUSTOMIZE = """
import errno, os, sys, traceback

def note(name, text):
    with open(os.path.join({folder!r}, name), "a", encoding="utf-8", errors="replace") as file:
        file.write(text.replace("\\n", " | ") + "\\n")

def refuse(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if address is None or isinstance(address, (str, bytes)):
            return
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"):
        address = arguments
    else:
        return
    frames = traceback.extract_stack()[:-1][-6:]
    caller = " < ".join(f"{{frame.filename}}:{{frame.lineno}}" for frame in reversed(frames))
    note("attempts", f"{{event}} {{address}} by {{caller}}")
    raise OSError(errno.ENETUNREACH, "The network is cut off in this test")

note("processes", " ".join(sys.orig_argv))
sys.addaudithook(refuse)
"""


class CutOff:
    """One cut-off place: its own home folders, and the record of all processes started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        hook = folder / "hook"
        for path in (hook, self.home, folder / "user"):
            path.mkdir(parents=True)
        (hook / "sitecustomize.py").write_text(SITECUSTOMIZE.format(folder=str(folder)), "utf-8")

    def environment(self) -> dict[str, str]:
        """Without what keeps libraries quiet: ``CI``, and what an earlier test's call of ``shield`` left behind."""
        quiet = ("CI", "PYTHONPATH", "ORT_", "YOLO_", "HF_HUB_", "ULTRALYTICS_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(quiet)}
        user = str(self.folder / "user")
        return {
            **kept,
            "PYTHONPATH": os.pathsep.join((str(self.folder / "hook"), str(ROOT))),
            "LENSMITH_HOME": str(self.home),
            "HOME": user,
            "USERPROFILE": user,
            "XDG_CACHE_HOME": f"{user}/.cache",
            "XDG_CONFIG_HOME": f"{user}/.config",
            "XDG_DATA_HOME": f"{user}/.local/share",
            "QT_QPA_PLATFORM": "offscreen",
        }

    def run(self, command: list[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, encoding="utf-8", **options
        )

    def attempts(self) -> list[str]:
        """One line for each try to reach the network: what, where to, by which lines of code."""
        return self._lines("attempts")

    def processes(self) -> list[str]:
        """The command line of every Python process that was started."""
        return self._lines("processes")

    def telemetry(self) -> list[str]:
        """Files that ONNX Runtime leaves in the user's home when its telemetry is on; compiled code sends it."""
        found = (self.folder / "user").rglob("*icrosoft*")
        return [str(path.relative_to(self.folder)) for path in found]

    def _lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text("utf-8").splitlines() if path.exists() else []
