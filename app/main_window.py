"""The shell: welcome page or workspace, menus, drops, errors, opening and closing."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QLocale, QRect, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QDialog, QFileDialog, QMainWindow, QStackedWidget

from app import backing_up, helping, theme
from app.jobs import Job, Jobs
from app.menus import Menus
from app.pages.welcome_page import WelcomePage
from app.settings import Settings
from app.translations import languages
from app.widgets.drop_zone import paths_in
from app.widgets.shell.error_dialog import Errors, Story
from app.widgets.shell.guide_window import GuideWindow
from app.widgets.shell.new_project_dialog import NewProjectDialog, free_path
from app.widgets.shell.settings_dialog import SettingsDialog
from core.domain.errors import LensmithError
from core.domain.progress import Progress

if TYPE_CHECKING:  # these load NumPy and OpenCV, for which the first picture of the window does not wait
    from app.farewell import Farewell
    from app.opening import Opened
    from app.state import Session
    from app.workspace import Workspace

SIZE = (1280, 800)
SMALLEST = (880, 600)


class MainWindow(QMainWindow):
    """One window, one project at a time."""

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.session: Session | None = None
        self.workspace: Workspace | None = None
        self.guide: GuideWindow | None = None
        self.jobs = Jobs(self)  # what is done while no project is open
        self.jobs.failed.connect(self.show_error)
        self.errors = Errors(self)
        self.errors.support_wanted.connect(self.make_support_bundle)
        self._farewell: Farewell | None = None
        self._opening: Job | None = None
        self._ticket: object = None  # of the opening that is under way; a later one takes its place
        self._is_closing = self._may_close = self._is_waiting = False
        self.setAcceptDrops(True)
        self.setMinimumSize(*SMALLEST)
        self.setWindowTitle("Lensmith")
        self.welcome = WelcomePage(self.settings, self.jobs)
        self._connect_welcome()
        self._places = QStackedWidget()
        self._places.addWidget(self.welcome)
        self.setCentralWidget(self._places)
        self.menus = Menus(self)
        self.settings.theme_changed.connect(self._repaint)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._repaint)
        self._restore()

    @property
    def active_jobs(self) -> Jobs:
        """Those that the tray in sight shows."""
        return self.session.jobs if self.session is not None else self.jobs

    # Opening

    def open_project(self, path: Path) -> None:
        """Open or make the project at once; for one that is known to be near. Users get ``open_soon``."""
        from app import opening

        try:
            opened = opening.open_project(path)
        except LensmithError as error:
            self._tell_unopened(error)
            return
        self.show_project(opened)

    def open_soon(self, path: Path, source: Path | None = None, page: str = "data") -> None:
        """Open or make the project in the background, then import ``source`` into it; asks before it leaves another."""
        if self.session is not None and self.session.path == path:
            return
        self.leave_project(partial(self._open, path, source, page))

    def _open(self, path: Path, source: Path | None, page: str) -> None:
        ticket = self._ticket = object()
        self.welcome.show_opening(path)

        def work(progress: Progress) -> "Opened":
            from app import opening

            return opening.open_project(path, progress)

        def done(opened: "Opened") -> None:
            if ticket is not self._ticket:
                opened.store.close()
                return
            self.show_project(opened, page)
            if source is not None and self.workspace is not None:
                self.workspace.import_from(source)

        def failed(error: LensmithError) -> None:
            if ticket is self._ticket:
                self._stop_opening()
                self._tell_unopened(error)

        self._opening = self.jobs.run("", work, done=done, failed=failed, lane=f"open {path}", quiet=True)

    def _tell_unopened(self, error: LensmithError) -> None:
        """A damaged project has a way back."""
        from core.store.backups import DamagedProject

        if isinstance(error, DamagedProject):
            backing_up.offer(self, error)
        else:
            self.show_error(error)

    def _stop_opening(self) -> None:
        """A drive that does not answer may keep the thread for long; nobody waits for it."""
        if self._opening is not None:
            self._opening.cancel()
        self._ticket = self._opening = None
        self.welcome.show_opening(None)

    def show_project(self, opened: "Opened", page: str = "data") -> None:
        """Make a workspace of it in place of whatever is shown."""
        from app.state import Session
        from app.workspace import Workspace

        self.close_project()
        self._ticket = self._opening = None
        self.welcome.show_opening(None)
        self.settings.opened(opened.store.path)
        self.session = Session(opened.store, self.settings, self)
        self.session.failed.connect(self.show_error)
        backing_up.keep_backed_up(self.session)
        self.workspace = Workspace(self.session)
        self.workspace.settings_wanted.connect(self.show_settings)
        self.workspace.writing_wanted.connect(self._try_writing)
        self._places.addWidget(self.workspace)
        self._places.setCurrentWidget(self.workspace)
        self.setWindowTitle(f"{opened.store.path.name} – Lensmith")
        self.session.changed.connect(self.menus.refresh)
        self.menus.refresh()
        if opened.run is not None:
            self.session.show_run(opened.run)
            page = "train"
        self.workspace.go_to(page)
        self.session.reload()
        self.setFocus()

    def _try_writing(self) -> None:
        """Whoever had the project may be gone by now."""
        session, workspace = self.session, self.workspace
        if session is None or workspace is None:
            return
        path = session.path

        def work(progress: Progress) -> "Opened":
            from app import opening

            return opening.open_for_writing(path)

        def done(opened: "Opened") -> None:
            if self.session is not session or opened.store.read_only:
                opened.store.close()
                now = f"{datetime.now():%H:%M:%S}"
                workspace.read_only.say(f"{session.reading_only} {self.tr('Tried again at {}.').format(now)}")
                return
            self.show_project(opened, workspace.current)

        session.jobs.run("", work, done=done, lane="writing", quiet=True)

    # Closing

    def leave_project(self, then: Callable[[], object] | None = None) -> None:
        """Close the project once all questions are answered, and go on with ``then``."""
        if self._farewell is not None or self._is_waiting:
            return  # it is being asked, or done, already
        if self._ticket is not None:
            self._stop_opening()
        if self.session is None:
            if then is not None:
                then()
            return
        from app.farewell import Farewell

        self._farewell = Farewell(self.session, self)
        self._farewell.left.connect(partial(self._leave, then))
        self._farewell.stayed.connect(self._stay)
        self._farewell.begin()

    def _leave(self, then: Callable[[], object] | None) -> None:
        self._stay()
        if then == self._let_close:
            self.hide()
            self.close_project()
        else:
            self.close_project()
            self.welcome.look_at_recent()
        if then is not None:
            then()

    def _stay(self) -> None:
        if self._farewell is not None:
            self._farewell.deleteLater()
            self._farewell = None

    def close_project(self) -> None:
        """Without a question: what this window began is cancelled, a run goes on."""
        session, workspace = self.session, self.workspace
        if session is None or workspace is None:
            return
        workspace.close_down()
        for dialog in workspace.findChildren(QDialog):
            dialog.reject()  # whatever it asked, nobody is there to do it
        workspace.setEnabled(False)
        self._is_waiting = True
        _wait_for(session.jobs)
        self._is_waiting = False
        self._places.removeWidget(workspace)
        workspace.hide()
        workspace.deleteLater()
        session.close()
        session.deleteLater()
        self.session = self.workspace = None
        self.setWindowTitle("Lensmith")
        self.menus.refresh()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        """A question that must be asked first keeps the window open; its answer closes it."""
        self._is_closing = True
        self.leave_project(self._let_close)
        self._is_closing = False
        if not self._may_close:
            event.ignore()
            return
        self.errors.clear()
        self.settings.set_bytes("geometry", self.saveGeometry())
        self.hide()  # a thread that cannot be interrupted keeps the process for a while; nobody has to look on
        _wait_for(self.jobs)
        self.settings.sync()
        super().closeEvent(event)

    def _let_close(self) -> None:
        self._may_close = True
        if not self._is_closing:
            self.close()

    # What the menus, the rail and the welcome page ask for

    def new_project(self) -> None:
        self._dialog = NewProjectDialog(self.settings.projects, self)
        self._dialog.accepted.connect(self._make_new)
        self._dialog.finished.connect(self._dialog.deleteLater)
        self._dialog.open()

    def _make_new(self) -> None:
        self.open_soon(self._dialog.path)

    def choose_project(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Open a project"), str(self.settings.projects))
        if chosen:
            self.open_existing(Path(chosen))

    def open_existing(self, path: Path) -> None:
        """Open ``path`` unless it is no project; a folder of pictures is never made one by mistake."""
        from app import opening

        if opening.is_project(path):
            self.open_soon(path)
        else:
            self.show_error(
                LensmithError(
                    self.tr("“{}” is not a Lensmith project.").format(path),
                    self.tr("Choose a folder that holds lensmith.db, or drop the folder here to import its pictures."),
                )
            )

    def choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Folder of pictures"))
        if chosen:
            self.take(Path(chosen))

    def choose_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self,
            self.tr("Archive or list of labels"),
            "",
            self.tr("Data sets (*.zip *.tar *.tar.gz *.tgz *.tar.xz *.yaml *.yml *.json *.csv);;All files (*)"),
        )
        if chosen:
            self.take(Path(chosen))

    def take(self, path: Path) -> None:
        """What was dropped or chosen: a project is opened, anything else imported, into a new project if need be."""
        from app import opening

        if opening.is_project(path):
            self.open_soon(path)
        elif self.workspace is None:
            name = path.name if path.is_dir() else path.name.split(".")[0]
            self.open_soon(free_path(self.settings.projects, name), source=path)
        elif self.session is not None and not self.session.reading_only:
            self.workspace.import_from(path)

    def try_demo(self) -> None:
        folder = self.settings.projects / "Demo"

        def work(progress: Progress) -> Path:
            from core.actions.demo import make_demo_project

            return make_demo_project(folder, progress)

        if not any(job.lane == "demo" for job in self.jobs.jobs):
            self.jobs.run(self.tr("Drawing the demo"), work, done=self.open_soon, lane="demo")

    def go_to(self, page: str) -> None:
        if self.workspace is not None:
            self.workspace.go_to(page)

    def show_settings(self) -> None:
        names = tuple((code, QLocale(code).nativeLanguageName()) for code in languages())
        dialog = SettingsDialog(self.settings, names, self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def show_guide(self) -> None:
        helping.show_guide(self)

    def show_shortcuts(self) -> None:
        helping.show_shortcuts(self)

    def make_support_bundle(self) -> None:
        helping.make_support_bundle(self)

    def open_logs(self) -> None:
        helping.open_logs()

    def show_about(self) -> None:
        helping.show_about(self)

    # Errors

    def show_error(self, error: LensmithError) -> None:
        """Cause and remedy; an edit that the disk refused can be tried again."""
        jobs = self.active_jobs
        unsaved = next((one for one in jobs.unsaved if one.error is error), None)
        self.errors.show(Story.of(error, partial(jobs.repeat, unsaved) if unsaved is not None else None))

    def show_broken(self, what: str, details: str) -> None:
        """An exception that nobody foresaw."""
        remedy = self.tr("You can go on working. If it happens again, please send a support bundle to whoever helps.")
        self.errors.show(Story(what, remedy, details))

    def show_crash(self, details: str, folder: Path) -> None:
        """What the process left when it crashed before."""
        cause = self.tr("Lensmith crashed when it was last open. No saved work is lost.")
        remedy = self.tr("If it happens again, please send a support bundle to whoever helps.")
        self.errors.show(Story(cause, remedy, details, folder=folder))

    # Drops, looks, state

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        if paths_in(event.mimeData()) and (self.session is None or not self.session.reading_only):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        paths = paths_in(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.take(paths[0])

    def _connect_welcome(self) -> None:
        self.welcome.new_wanted.connect(self.new_project)
        self.welcome.open_wanted.connect(self.choose_project)
        self.welcome.folder_wanted.connect(self.choose_folder)
        self.welcome.demo_wanted.connect(self.try_demo)
        self.welcome.dropped.connect(self.take)
        self.welcome.project_wanted.connect(self.open_existing)
        self.welcome.opening_cancelled.connect(self._stop_opening)

    def _repaint(self) -> None:
        theme.follow(self.settings.theme)

    def _restore(self) -> None:
        """As it was left, but on a screen that is there."""
        self.resize(*SIZE)
        self.restoreGeometry(self.settings.bytes("geometry"))
        screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        if screens and not any(screen.intersects(_grip(self.geometry())) for screen in screens):
            self.move(screens[0].topLeft())


def _grip(window: QRect) -> QRect:
    """The part by which a window is moved."""
    return QRect(window.x() + theme.WIDE, window.y(), max(window.width() - 2 * theme.WIDE, 1), theme.WIDE)


def _wait_for(jobs: Jobs) -> None:
    """Cancel all and wait in the event loop until it is undone."""
    jobs.cancel_all()
    if jobs.jobs:
        loop = QEventLoop()
        jobs.ended.connect(lambda job: None if jobs.jobs else loop.quit())
        loop.exec()
