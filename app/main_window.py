"""The shell: welcome page or workspace, drops, errors, closing."""

from pathlib import Path

from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow

from app import edits
from app.settings import Settings
from app.state import Session
from app.widgets.parts import error_box
from app.workspace import Workspace
from core.domain.errors import LensmithError
from core.runs import supervisor
from core.store.project_store import DATABASE, ProjectStore
from core.store.run_store import RunStore


class MainWindow(QMainWindow):
    """One window, one project at a time."""

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.session: Session | None = None
        self.workspace: Workspace | None = None
        self.setAcceptDrops(True)
        self.resize(1280, 800)
        self.setWindowTitle("Lensmith")

    def open_project(self, path: Path) -> None:
        """Open the project in ``path``, or make one there; shows the error if that cannot be."""
        try:
            store = ProjectStore.open(path) if (path / DATABASE).exists() else ProjectStore.create(path)
        except LensmithError as error:
            self.show_error(error)
            return
        self.close_project()
        self.settings.opened(store.path)
        self.session = Session(store, self.settings, self)
        self.session.failed.connect(self.show_error)
        self.workspace = Workspace(self.session)
        self.setCentralWidget(self.workspace)
        self.setWindowTitle(f"{store.path.name} – Lensmith")
        self.session.reload()
        self._attach_to_running()
        self.setFocus()

    def close_project(self) -> None:
        if self.session is None:
            return
        if self.workspace is not None:
            self.takeCentralWidget()
            self.workspace.deleteLater()
        self.session.close()
        self.session.deleteLater()
        self.session = self.workspace = None

    def show_error(self, error: LensmithError) -> None:
        """Cause and remedy, never a stack trace."""
        error_box(error, self).open()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        if event.mimeData().hasUrls() and self.session is not None and not self.session.reading_only:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths and self.session is not None and self.workspace is not None:
            event.acceptProposedAction()
            self.workspace.go_to("data")
            edits.import_source(self.session, paths[0])

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        self.close_project()
        super().closeEvent(event)

    def _attach_to_running(self) -> None:
        """Show the newest run again if it still goes on, or if it died while nobody looked."""
        assert self.session is not None
        runs = RunStore(self.session.path).list()
        if runs and (supervisor.is_alive(runs[-1].path) or supervisor.settle(runs[-1].path)):
            self.session.show_run(runs[-1])
            self.session.page_wanted.emit("train")
