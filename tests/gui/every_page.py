"""Every page of a project, one after the other; as a program, what has no room on them at the scale of the screen.

``python -m tests.gui.every_page PROJECT`` prints one JSON document: page -> texts that are cut off in a small
window. ``QT_SCALE_FACTOR`` is fixed before Qt starts, so each scale takes a process; ``--no-font`` does without Inter.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QFontInfo
from PySide6.QtWidgets import QApplication, QWidget

from app import theme, translations
from app.live_run import LiveRun
from app.main_window import SMALLEST, MainWindow
from core.actions import importing
from core.data import sample
from core.domain.task import Task
from core.store.project_store import ProjectStore
from core.store.run_store import RunStore
from tests.gui.pseudo_translation import clipped
from tests.simulated_runs import make_run

SMALL = SMALLEST
PATIENCE = 60  # seconds; only a window that hangs meets it
SETTLED = 0.3  # thumbnails and curves come by timers


def make_project(folder: Path, task: Task) -> Path:
    """Drawn pictures and one finished run of the simulated engine."""
    pictures = sample.draw(folder / f"pictures {task}", task, 24, seed=1)
    project = folder / f"díly {task}"
    with ProjectStore.create(project) as store, importing.opened(store, pictures) as dataset:
        importing.run_import(store, dataset)
    run = make_run(project, task=task, epochs=3)
    subprocess.run(
        [sys.executable, "-m", "core.runs.worker", str(run)], check=True, capture_output=True, timeout=PATIENCE
    )
    return project


def pages(window: MainWindow, project: Path) -> Iterator[tuple[str, QWidget]]:
    """Name and widget of each, settled; the form with its simple and with its expert face."""
    window.open_project(project)
    session, workspace = window.session, window.workspace
    assert session is not None
    assert workspace is not None
    rest_until(lambda: session.report is not None and bool(session.runs))
    run = RunStore(project).list()[0]
    for name, show in (
        ("data", lambda: None),
        ("label", lambda: rest_until(lambda: workspace.page("label").stage.is_shown)),
        ("train", lambda: rest_until(lambda: workspace.page("train").form.start_button.isEnabled())),
        ("expert", lambda: setattr(session.settings, "expert", True)),
        ("live", lambda: rest_until(partial(is_told, session.show_run(run)))),
        ("results", lambda: rest_until(lambda: not session.jobs.jobs)),
        ("ship", lambda: rest_until(lambda: workspace.page("ship").facts is not None)),
    ):
        page = {"expert": "train", "live": "train"}.get(name, name)
        workspace.go_to(page)
        show()
        rest(SETTLED)
        yield name, workspace.page(page)
        session.settings.expert = False


def is_told(live: LiveRun) -> bool:
    return live.is_caught_up and not live.is_going


def rest_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "never happened"
        rest(0.02)


def rest(seconds: float) -> None:
    """In an event loop of its own, which lets other threads work meanwhile."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def main() -> None:
    application = QApplication([])
    translator = translations.install(application, "en")
    theme.apply(application, theme.LIGHT, "No Such Font" if "--no-font" in sys.argv else theme.load_font())
    window = MainWindow()
    window.resize(*SMALL)
    window.show()
    found = {name: clipped(page) for name, page in pages(window, Path(sys.argv[1]))}
    told = {"clipped": found, "scale": window.devicePixelRatio(), "font": QFontInfo(window.font()).family()}
    window.close_project()
    window.close()
    application.removeTranslator(translator)
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
