"""Windows on no screen; anything left behind fails the test that left it."""

import gc
import os
import threading
from collections.abc import Iterator

import psutil
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["lensmith"]


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp) -> Iterator[None]:
    from PySide6.QtCore import QCoreApplication, QEvent, QThread
    from PySide6.QtWidgets import QApplication

    before = set(threading.enumerate())
    children_before = set(psutil.Process().children(recursive=True))
    timers_before = {id(timer) for timer in running_timers()}
    yield
    QApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
    # Python keeps a dummy entry for each QThread that ran Python code; those are judged below.
    now = (thread for thread in threading.enumerate() if not thread.name.startswith("Dummy-"))
    leaked = [thread for thread in now if thread not in before and still_runs(thread)]
    running = [child for child in QApplication.instance().findChildren(QThread) if child.isRunning()]
    open_windows = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
    timers = [timer for timer in running_timers() if id(timer) not in timers_before]
    children = [child for child in psutil.Process().children(recursive=True) if child not in children_before]
    assert not leaked
    assert not running
    assert not open_windows
    assert not [f"{timer} of {timer.parent()}" for timer in timers]
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


def still_runs(thread: threading.Thread) -> bool:
    """Whether it does not end even now that nobody wants it; one that was told to may be on its last step."""
    thread.join(2)
    return thread.is_alive()


def running_timers() -> list[object]:
    """Those that Python knows of, that are active, and whose window, if they have one, is not shown."""
    import shiboken6
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QWidget

    running = []
    for timer in gc.get_objects():
        if type(timer) is QTimer and shiboken6.isValid(timer) and timer.isActive():
            parent = timer.parent()
            if not (isinstance(parent, QWidget) and parent.window().isVisible()):
                running.append(timer)
    return running


@pytest.fixture(scope="session", autouse=True)
def themed(qapp) -> Iterator[None]:
    from app import theme, translations

    theme.apply(qapp, theme.LIGHT, theme.load_font())
    translator = translations.install(qapp, "en")
    yield
    qapp.removeTranslator(translator)
