"""The window when something breaks: real processes with a real event loop, on no screen."""

import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The window as a user starts it; what is to go wrong is hung on timers first.
START = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

def boxes():
    from app.widgets.shell.error_dialog import ErrorDialog
    return [w for w in QApplication.allWidgets() if isinstance(w, ErrorDialog) and w.isVisible()]

def soon(step):
    QTimer.singleShot(0, step)

def say_and_quit(text):
    print(text(), flush=True)
    QTimer.singleShot(0, QApplication.quit)

def once(happened, text):
    # Looks again and again until it has happened, then says text() and ends.
    QTimer.singleShot(10, lambda: say_and_quit(text) if happened() else once(happened, text))

shown = QApplication.exec
def with_steps(*_):
    {steps}
    return shown()
QApplication.exec = with_steps
from app.__main__ import main
sys.exit(main([sys.argv[1]]))
"""


def start(folder: Path, steps: str) -> "subprocess.CompletedProcess[str]":
    code = START.format(steps="\n    ".join(steps.strip().splitlines()))
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "LENSMITH_HOME": str(folder / "home"),
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        [sys.executable, "-c", code, str(folder / "project")],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


def test_that_an_exception_in_a_slot_is_told_and_the_window_lives_on(tmp_path: Path) -> None:
    steps = """
broken = []
def break_down(how):
    broken.append(1)
    raise RuntimeError(f"a slot broke {how}")
for how in ("on purpose", "on purpose", "in another way"):
    soon(lambda how=how: break_down(how))
once(lambda: len(broken) == 3 and boxes(), lambda: f"{len(boxes())} box, {boxes()[0].count}: {boxes()[0].cause.text()}")
"""
    done = start(tmp_path, steps)

    assert done.returncode == 0, done.stderr
    assert "1 box, 1 of 2: Something went wrong: RuntimeError: a slot broke on purpose" in done.stdout
    log = (tmp_path / "home" / "logs" / "errors.log").read_text("utf-8")
    assert log.count("RuntimeError: a slot broke on purpose") == 2  # told once, written down each time
    assert "in break_down" in log


def test_that_an_exception_in_a_thread_is_told_too(tmp_path: Path) -> None:
    steps = """
import threading
soon(lambda: threading.Thread(target=lambda: 1 / 0).start())
once(boxes, lambda: boxes()[0].cause.text())
"""
    done = start(tmp_path, steps)
    assert done.returncode == 0, done.stderr
    assert "ZeroDivisionError" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="the status of a crash is told as a signal on POSIX")
def test_that_a_native_crash_leaves_its_stack_for_the_next_start(tmp_path: Path) -> None:
    crashed = start(tmp_path, "import ctypes\nsoon(lambda: ctypes.string_at(0))")
    assert crashed.returncode < 0
    assert "string_at" in (tmp_path / "home" / "logs" / "crash.log").read_text("utf-8")

    second = start(
        tmp_path, """once(boxes, lambda: [boxes()[0].cause.text(), "string_at" in boxes()[0].details.toPlainText()])"""
    )
    third = start(tmp_path, "once(lambda: True, boxes)")
    assert "Lensmith crashed when it was last open" in second.stdout
    assert "True" in second.stdout
    assert third.stdout.strip() == "[]"
    assert "string_at" in (tmp_path / "home" / "logs" / "crash-before.log").read_text("utf-8")


def test_that_a_qt_that_would_end_the_process_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    code = """
import importlib.metadata, sys
sys.version_info = (3, 11, 7, "final", 0)
importlib.metadata.version = lambda name: "6.12.0"
from app.__main__ import main
code = main([])
print(code, any(name.startswith("PySide6") for name in sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.stdout.split() == ["1", "False"]
    assert len(done.stderr.splitlines()) == 1
    assert "6.11" in done.stderr


def test_that_a_project_of_a_newer_lensmith_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / "project" / "lensmith.db")) as database:
        database.execute("PRAGMA user_version = 999")
    done = start(tmp_path, "once(boxes, lambda: boxes()[0].cause.text())")
    assert "newer Lensmith" in done.stdout
    assert "Traceback" not in done.stderr
