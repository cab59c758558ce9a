"""The tool that cuts the network off must itself be seen to cut."""

import sys
from pathlib import Path

from tests.offline import CutOff


def python(cut_off: CutOff, code: str) -> str:
    done = cut_off.run([sys.executable, "-c", code], timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_that_connections_and_look_ups_are_refused_and_written_down(tmp_path: Path) -> None:
    cut_off = CutOff(tmp_path)
    code = """
import socket, urllib.request
for attempt in (
    lambda: socket.create_connection(("127.0.0.1", 9)),
    lambda: socket.gethostbyname("example.org"),
    lambda: urllib.request.urlopen("http://example.org"),
):
    try:
        attempt()
    except OSError as error:
        print(error.errno or error.reason.errno)
"""
    assert len(set(python(cut_off, code).split())) == 1
    assert len(cut_off.attempts()) == 3
    assert "example.org" in cut_off.attempts()[1]


def test_that_grandchildren_are_cut_off_too(tmp_path: Path) -> None:
    cut_off = CutOff(tmp_path)
    inner = "import socket; socket.getaddrinfo('example.org', 80)"
    python(cut_off, f"import subprocess, sys; print(subprocess.call([sys.executable, '-P', '-c', {inner!r}]))")

    assert len(cut_off.attempts()) == 1
    assert len(cut_off.processes()) == 2


def test_that_sockets_of_this_machine_stay_open(tmp_path: Path) -> None:
    cut_off = CutOff(tmp_path)
    code = (
        "import socket; s = socket.socket(socket.AF_UNIX); s.bind('s'); s.listen();"
        "c = socket.socket(socket.AF_UNIX); c.connect('s'); print('open')"
    )
    done = cut_off.run([sys.executable, "-c", code], cwd=tmp_path)

    assert done.stdout.strip() == "open"
    assert cut_off.attempts() == []


def test_that_telemetry_of_onnx_runtime_would_be_noticed(tmp_path: Path) -> None:
    cut_off = CutOff(tmp_path)
    python(cut_off, "import onnxruntime")
    assert cut_off.telemetry()
