"""Pictures of the pages of a project, light and dark, taken without a screen."""

from pathlib import Path

from PySide6.QtCore import QDeadlineTimer, QSize
from PySide6.QtWidgets import QApplication

from app import theme
from app.main_window import MainWindow
from app.state import OpenProject
from core.domain.errors import LensmithError
from core.domain.history import RunState
from core.store.run_store import RunStore

SIZE = QSize(1280, 800)
REPLAY_MS = 20_000


def take(application: QApplication, project: Path, folder: Path) -> list[Path]:
    """Write ``data``, ``train`` and, when the project has a run, ``live`` in both palettes; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    family = theme.load_font()
    files = []
    for colours in (theme.LIGHT, theme.DARK):
        theme.apply(application, colours, family)
        window = MainWindow(OpenProject.at(project))
        window.resize(SIZE)
        window.show()
        for name in ("data", "train", "live") if RunStore(project).list() else ("data", "train"):
            if name == "live":
                _replay(application, window)
            else:
                window.go_to(("data", "train").index(name))
            application.processEvents()
            file = folder / f"{name}-{theme.name_of(colours)}.png"
            if not window.grab().save(str(file)):
                raise LensmithError(f"The picture {file} could not be written.", "Choose a folder that is writable.")
            files.append(file)
        window.close()
    return files


def _replay(application: QApplication, window: MainWindow) -> None:
    """The newest run, told again from its file to where it stands."""
    window.show_run(RunStore(window.project.path).list()[-1], start_worker=False)
    view = window.train_page.run_view
    assert view is not None
    deadline = QDeadlineTimer(REPLAY_MS)
    while view.history.state in (RunState.WAITING, RunState.RUNNING) and not deadline.hasExpired():
        application.processEvents()
    view.refresh()
    for plot in (view.loss_plot, view.metric_plot):
        plot.paint_now()
