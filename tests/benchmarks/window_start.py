"""How long the window takes to its first picture: ``python -m tests.benchmarks.window_start``.

From the start of the process to the end of the shown window's first paint, without a screen and with files in the
system's cache (one start before is not counted). With and without a project of 160 drawn pictures, and beside a bare
PySide6 window that is started in turns with it, so that a busy machine is busy for both. With a project, the time to
the painted Data page is told too.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STARTS, PICTURES = 7, 160
BARE = """
import sys, time
from PySide6.QtWidgets import QApplication, QMainWindow, QLabel
from PySide6.QtCore import QTimer
application = QApplication([])
window = QMainWindow()
window.setCentralWidget(QLabel("bare"))
window.show()
application.processEvents()
print('{"shown": %r, "modules": []}' % time.time())
"""
OURS = """
import json, sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
told = {}
run_loop = QApplication.exec

def look(window, timer):
    page = window.workspace.pages.get("data") if window.workspace is not None else None
    if page is not None and page.index is not None and page.isVisible():
        QApplication.processEvents()
        told["project"] = time.time()
    if "project" in told or not sys.argv[1:]:
        timer.stop()
        window.close()

def first_paint(*_):
    from app.main_window import MainWindow
    window = next(one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow))
    QApplication.processEvents()
    told["shown"] = time.time()
    timer = QTimer(interval=10)
    timer.timeout.connect(lambda: look(window, timer))
    timer.start()
    return run_loop()

QApplication.exec = first_paint
from app.__main__ import main
main(sys.argv[1:])
told["modules"] = [name for name in ("torch", "torchvision", "timm", "ultralytics") if name in sys.modules]
print(json.dumps(told))
"""


def start(code: str, home: str, *arguments: str) -> dict[str, float]:
    """Seconds from the start of a process to what it tells; ``modules``: how many heavy ones it has."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "LENSMITH_HOME": home}
    began = time.time()
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    told = json.loads(done.stdout)
    heavy = told.pop("modules")
    return {name: moment - began for name, moment in told.items()} | {"heavy": len(heavy)}


def main() -> None:
    from core.actions import importing
    from core.data import sample
    from core.domain.task import Task
    from core.store.project_store import ProjectStore

    with tempfile.TemporaryDirectory() as folder:
        pictures = sample.draw(Path(folder, "pictures"), Task.CLASSIFICATION, PICTURES)
        project = Path(folder, "project")
        with ProjectStore.create(project) as store, importing.opened(store, pictures) as dataset:
            importing.run_import(store, dataset)
        cases = {"bare PySide6": (BARE,), "without a project": (OURS,), "with a project": (OURS, str(project))}
        rounds = [
            {name: start(code, f"{folder}/home", *rest) for name, (code, *rest) in cases.items()}
            for _ in range(STARTS + 1)
        ][1:]
    bare = statistics.median(one["bare PySide6"]["shown"] for one in rounds)
    for name in cases:
        for what in ("shown", "project"):
            seconds = [one[name][what] for one in rounds if what in one[name]]
            if seconds:
                middle = statistics.median(seconds)
                label = f"{name}, {'Data page' if what == 'project' else 'window'}"
                print(f"{label:36} median {middle:.2f} s  worst {max(seconds):.2f} s  {middle / bare:.1f} x bare")
    print(f"heavy modules: {sum(one[name]['heavy'] for one in rounds for name in cases):.0f}; goal: window <= 1.2 s")


if __name__ == "__main__":
    main()
