"""The shell: a rail, the pages, and what happens between them."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QMainWindow,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.jobs import Job
from app.pages.data_page import DataPage
from app.pages.train_page import TrainPage
from app.run_thread import RunThread
from app.state import OpenProject
from app.widgets.parts import error_box, label
from core.actions import importing, training
from core.actions.checking import check_project
from core.domain.errors import LensmithError
from core.domain.progress import Progress
from core.domain.run import mode_of
from core.domain.source import ImportResult
from core.domain.task import Effort
from core.runs import supervisor
from core.store.run_store import RunFolder, RunStore
from core.training.plan import Choices


class MainWindow(QMainWindow):
    """One window, one project."""

    def __init__(self, project: OpenProject) -> None:
        super().__init__()
        self.project = project
        self._job: Job | None = None
        self._run_thread: RunThread | None = None
        self._run: RunFolder | None = None
        self.setWindowTitle(f"{project.path.name} – Lensmith")
        self.setAcceptDrops(True)
        self.resize(1280, 800)
        self.data_page, self.train_page = DataPage(), TrainPage()
        self._pages = QStackedWidget()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._rail())
        row.addWidget(self._pages, 1)
        centre = QWidget()
        centre.setLayout(row)
        self.setCentralWidget(centre)
        self._pages.addWidget(self.data_page)
        self._pages.addWidget(self.train_page)
        self.data_page.folder_chosen.connect(self.import_folder)
        self.data_page.cancel_asked.connect(self._cancel_job)
        self.train_page.start_asked.connect(self.start_run)
        self.train_page.stop_asked.connect(self._stop_run)
        self.refresh()
        self._attach_to_running()
        self.setFocus()

    def refresh(self) -> None:
        """Show the project as it is on disk now."""
        report = check_project(self.project.store)
        self.data_page.show_report(report)
        task = self.project.store.info.task
        missing = "" if task and report.annotations else self.tr("Import labelled pictures first.")
        self.train_page.set_ready(task, self.tr("Read-only") if self._only_reading() else missing)
        self.data_page.import_button.setEnabled(not self._only_reading())
        self._reading.setText(self._only_reading())
        self._reading.setVisible(bool(self._only_reading()))
        self._counts.setText(self.tr("Images: {}").format(report.images))

    def import_folder(self, source: Path) -> None:
        """Read and write ``source`` in the background; the data page shows how far it is."""

        def work(progress: Progress) -> ImportResult:
            with importing.opened(self.project.store, source, progress=progress) as dataset:
                return importing.run_import(self.project.store, dataset, progress)

        self._start_job(work)

    def start_run(self, model: str, mode: str, effort: str) -> None:
        """Prepare the run in the background, then follow it."""

        def work(progress: Progress) -> RunFolder:
            choices = Choices(mode=mode, effort=Effort(effort))
            return training.prepare_run(self.project.store, model, choices, None, progress)[0]

        self.train_page.start_button.setEnabled(False)
        self._start_job(work, then=lambda run: self.show_run(run, start_worker=True))

    def show_run(self, run: RunFolder, *, start_worker: bool) -> None:
        """Follow a run, live or from its file; the run does not notice."""
        self._leave_run()
        spec = run.spec()
        self._run = run
        view = self.train_page.show_run(f"{mode_of(spec.start)} · {spec.architecture} · {run.id[:4]}", spec.task)
        self._run_thread = RunThread(run.path, start_worker=start_worker, parent=self)
        self._run_thread.event_seen.connect(view.apply)
        self._run_thread.failed.connect(self.show_error)
        self._run_thread.start()
        self.go_to(1)

    def show_error(self, error: LensmithError) -> None:
        """Cause and remedy, never a stack trace."""
        error_box(error, self).open()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        if event.mimeData().hasUrls() and not self._only_reading():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.go_to(0)
            self.import_folder(paths[0])

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        if self._job is not None:
            self._job.cancel()
            self._job.wait()
        self._leave_run()
        self.project.close()
        super().closeEvent(event)

    def _only_reading(self) -> str:
        """Why nothing can be changed in this window, or nothing."""
        store = self.project.store
        if not store.read_only:
            return ""
        if store.holder is None:
            return self.tr("Read-only: the project's folder cannot be written.")
        return self.tr("Read-only: {} on {} has it open (process {}).").format(
            store.holder.user, store.holder.host, store.holder.pid
        )

    def _rail(self) -> QWidget:
        rail = QWidget()
        rail.setObjectName("rail")
        rail.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        rail.setFixedWidth(theme.RAIL_WIDTH)
        column = QVBoxLayout(rail)
        column.setContentsMargins(theme.MEDIUM, theme.LARGE, theme.MEDIUM, theme.LARGE)
        column.setSpacing(theme.TIGHT)
        column.addWidget(label(self.project.path.name, "section", wrap=True))
        self._counts = label("", "muted")
        column.addWidget(self._counts)
        self._reading = label("", "caption", wrap=True)
        column.addWidget(self._reading)
        column.addSpacing(theme.LARGE)
        self._buttons = QButtonGroup(self)
        for index, title in enumerate((self.tr("Data"), self.tr("Train"))):
            button = QPushButton(title)
            button.setProperty("rail", True)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # the ring is for the keyboard
            self._buttons.addButton(button, index)
            column.addWidget(button)
        self._buttons.idClicked.connect(self.go_to)
        self._buttons.button(0).setChecked(True)
        column.addStretch()
        return rail

    def go_to(self, page: int) -> None:
        self._pages.setCurrentIndex(page)
        self._buttons.button(page).setChecked(True)

    def _start_job(self, work: object, then: object = None) -> None:
        if self._job is not None:
            self.show_error(LensmithError(self.tr("Something else is still going on."), self.tr("Wait, or cancel it.")))
            return
        self._job = Job(work, self)  # type: ignore[arg-type]
        self._job.progressed.connect(self.data_page.show_progress)
        self._job.failed.connect(self.show_error)
        if then is not None:
            self._job.done.connect(then)
        self._job.finished.connect(self._job_over)
        self._job.start()

    def _job_over(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
            self._job = None
        self.refresh()

    def _cancel_job(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _stop_run(self) -> None:
        if self._run is not None:
            supervisor.request_stop(self._run.path)

    def _leave_run(self) -> None:
        if self._run_thread is not None:
            self._run_thread.leave()
            self._run_thread = None

    def _attach_to_running(self) -> None:
        """Show the newest run again if it still goes on, or if it died while nobody looked."""
        runs = RunStore(self.project.path).list()
        if runs and (supervisor.is_alive(runs[-1].path) or supervisor.settle(runs[-1].path)):
            self.show_run(runs[-1], start_worker=False)
