"""The same way on a real screen: an X server, a window manager that gives the focus, a pointer and keys of X.

What Qt's platform without a screen cannot prove is proved here: focus, full screen, real pointer and keys. It takes
Xvfb, openbox, xdotool (Debian: ``apt-get install xvfb openbox xdotool``) and the libraries of Qt for X11. Each test
has an X server of its own, on a number that the server itself finds free, so that tests side by side do not meet.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data import sample
from core.domain.task import Task
from installer.machine import missing_libraries
from tests.e2e.test_window_journey import assert_shipped, go

PICTURES = 60
MISSING = [name for name in ("Xvfb", "openbox", "xdotool") if shutil.which(name) is None]
MISSING += missing_libraries({"DISPLAY": ":0"}) if os.name == "posix" else []

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]


@pytest.fixture
def display(tmp_path: Path) -> Iterator[str]:
    """The name of an X display with a window manager."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1366x768x24", "-nolisten", "tcp"]
    with (tmp_path / "x.log").open("wb") as log:
        server = subprocess.Popen(command, pass_fds=[writing], stdout=log, stderr=log)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            name = f":{pipe.readline().strip()}"
        environment = {**os.environ, "DISPLAY": name, "HOME": str(tmp_path)}
        manager = subprocess.Popen(["openbox"], env=environment, stdout=log, stderr=log)
        try:
            yield name
        finally:
            for child in (manager, server):
                child.terminate()
                child.wait(timeout=20)


def test_that_the_whole_way_can_be_gone_with_the_pointer_and_keys_of_a_real_screen(
    display: str, tmp_path: Path
) -> None:
    pictures = sample.draw(tmp_path / "gears", Task.CLASSIFICATION, PICTURES, seed=5)  # typed, so ASCII

    told = go(tmp_path, pictures, "--on-a-screen", QT_QPA_PLATFORM="xcb", DISPLAY=display)

    assert told["platform"] == "xcb"
    assert told["focused by Tab"] == 3
    assert_shipped(told)
