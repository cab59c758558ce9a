"""Windows on no screen; anything left behind fails the test that left it."""

import os
import threading
from collections.abc import Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["lensmith"]


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp) -> Iterator[None]:
    from PySide6.QtCore import QThread
    from PySide6.QtWidgets import QApplication

    before = set(threading.enumerate())
    yield
    QApplication.processEvents()
    # Python keeps a dummy entry for each QThread that ran Python code; those are judged below.
    now = (thread for thread in threading.enumerate() if not thread.name.startswith("Dummy-"))
    leaked = [thread for thread in now if thread not in before and thread.is_alive()]
    running = [child for child in QApplication.instance().findChildren(QThread) if child.isRunning()]
    open_windows = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
    assert not leaked
    assert not running
    assert not open_windows


@pytest.fixture(scope="session", autouse=True)
def themed(qapp) -> None:
    from app import theme

    theme.apply(qapp, theme.LIGHT, theme.load_font())
