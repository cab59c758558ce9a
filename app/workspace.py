"""An open project: the rail, the pages it leads to, and banners above them. Pages are made when first looked at."""

from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app import edits, theme
from app.live_run import LiveRun
from app.pages import PAGES
from app.readings import Readings
from app.state import Change, Session
from app.widgets.banner import Banner
from app.widgets.parts import duration
from app.widgets.shell.rail import Rail
from core.domain.history import RunState
from core.domain.progress import Progress
from core.domain.run import number_of
from core.runs.status import is_alive, worker_of
from core.store.run_store import RunStore

LOOK_FOR_RUNS = 5000  # milliseconds between two looks for runs that others began or that ended unseen


class Workspace(QWidget):
    """One session and its pages."""

    page_changed = Signal(str)
    settings_wanted = Signal()
    writing_wanted = Signal()  # the user wants a read-only project to be opened for writing

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.pages: dict[str, Any] = {}
        self._pages_loaded = False
        self._stack = QStackedWidget()
        self.rail = self._make_rail()
        self.readings = Readings(self)
        self.readings.changed.connect(self.rail.machine.show_reading)
        self._make_banners()
        column = QVBoxLayout()
        column.setSpacing(0)
        for banner in (self.read_only, self.network, self.unsaved):
            column.addWidget(banner)
        column.addWidget(self._stack, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(column, 1)
        self._live: LiveRun | None = None
        self._alive: frozenset[str] = frozenset()
        self._looking = QTimer(self)
        self._looking.setInterval(LOOK_FOR_RUNS)
        self._looking.timeout.connect(self._look_for_runs)
        session.changed.connect(self._refresh)
        session.page_wanted.connect(self.go_to)
        session.jobs.unsaved_changed.connect(self._show_unsaved)
        self._refresh(Change.DATA | Change.ACCESS | Change.LIVE)
        self.go_to("data")
        if not session.reading_only:
            session.jobs.run("", partial(_keep_queue_going, session.path), lane="queue", quiet=True)

    @property
    def buttons(self) -> dict[str, Any]:
        """The rail's button of each page."""
        return self.rail.buttons

    @property
    def current(self) -> str:
        """The name of the page that is shown."""
        return next(name for name, page in self.pages.items() if page is self._stack.currentWidget())

    def page(self, name: str) -> Any:
        """The page, made now if it was never looked at."""
        if name not in self.pages:
            made = getattr(import_module(f"app.pages.{name}_page"), f"{name.capitalize()}Page")(self.session)
            self.pages[name] = made
            self._stack.addWidget(made)
            self.session.changed.connect(made.refresh)
            made.refresh(Change.DATA | Change.FINDINGS | Change.RUNS | Change.LIVE | Change.ACCESS)
        return self.pages[name]

    def go_to(self, name: str) -> None:
        if name in self.buttons:
            if "label" in self.pages and self.current == "label" and name != "label":
                self.session.catch_up()  # counts and findings of the other pages are about labels from before
            self._stack.setCurrentWidget(self.page(name))
            self.buttons[name].setChecked(True)
            self.page_changed.emit(name)

    def import_from(self, source: Path) -> None:
        """Show what ``source`` holds and let the user take it in."""
        self.go_to("data")
        edits.import_source(self.session, source)

    def close_down(self) -> None:
        """Look at nothing any more; the session is about to be closed."""
        self._looking.stop()
        self.readings.stop()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self.readings.start()
        self._looking.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        super().hideEvent(event)
        self.close_down()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self.rail.set_collapsed(self.width() < theme.NARROW_WINDOW)

    def _make_rail(self) -> Rail:
        titles = {
            "data": self.tr("Data"),
            "label": self.tr("Label"),
            "train": self.tr("Train"),
            "results": self.tr("Results"),
            "ship": self.tr("Ship"),
        }
        rail = Rail([(name, icon, titles[name]) for name, icon in PAGES], self.session.jobs)
        rail.page_wanted.connect(self.go_to)
        rail.settings_wanted.connect(self.settings_wanted)
        rail.runs_wanted.connect(self._show_run)
        return rail

    def _make_banners(self) -> None:
        self.read_only = Banner("lock")
        self.read_only.add_action(self.tr("Try again"), self.writing_wanted.emit)
        self.network = Banner("info", "accent")
        self.network.add_action(self.tr("Got it"), lambda: self.network.say(""))
        if self.session.store.on_network:
            self.network.say(
                self.tr(
                    "This project lies on a network drive. It works, more slowly; a project on this machine's own disk "
                    "is safer if the connection drops."
                )
            )
        self.unsaved = Banner("warning-circle", "bad")
        self.unsaved.add_action(self.tr("Try again"), self._repeat_unsaved)
        self.unsaved.add_action(self.tr("Discard"), self._discard_unsaved)

    def _refresh(self, change: Change) -> None:
        session = self.session
        if change & (Change.DATA | Change.ACCESS):
            counts = self.tr("%n image(s)", "", len(session.data.images)) if session.loaded else ""
            self.rail.show_project(session.path.name, counts)
        if change & Change.ACCESS:
            self.read_only.say(session.reading_only)
        if change & Change.FINDINGS and not self._pages_loaded:
            self._pages_loaded = True
            session.jobs.run("", _load_pages, lane="pages", quiet=True)
        if change & Change.LIVE:
            self._follow(session.live)
        if change & (Change.LIVE | Change.RUNS):
            self._show_runs()

    def _follow(self, live: LiveRun | None) -> None:
        if live is not self._live:
            self._live, self.readings.worker = live, None
            if live is not None:
                live.moved.connect(self._show_runs)

    def _going(self) -> list[str]:
        """Ids of this project's runs at which a worker is believed to be."""
        going = {run.run for run in self.session.runs if run.state == RunState.RUNNING} | self._alive
        if self._live is not None:
            going -= {self._live.run.id}
            if self._live.is_going:
                going.add(self._live.run.id)
        return sorted(going)

    def _show_runs(self) -> None:
        going, live = self._going(), self._live
        if len(going) > 1:
            self.rail.show_runs((self.tr("%n run(s) going", "", len(going)),), going=True)
        elif going and live is not None and going[0] == live.run.id:
            self.rail.show_runs(self._standing(live), going=True)
            if self.readings.worker is None:
                self.readings.worker = _process_of(live)
        elif going:
            self.rail.show_runs((self.tr("Run {} is going").format(number_of(going[0])),), going=True)
        else:
            self.rail.show_runs((self.tr("No run going"),), going=False)
            self.readings.worker = None

    def _standing(self, live: LiveRun) -> tuple[str, ...]:
        history = live.history
        if history.progress is None:
            return (self.tr("Run {}: starting").format(live.number),)
        where = self.tr("Run {0}: epoch {1} of {2}").format(live.number, history.progress.epoch, history.planned_epochs)
        left = history.seconds_left
        return (where,) if left is None else (where, self.tr("{} left").format(duration(left)))

    def _show_run(self) -> None:
        """The rail's line on runs was clicked: show the one that goes on."""
        going = self._going()
        if going and (self._live is None or self._live.run.id not in going):
            self.session.show_run(self.session.run_folder(going[-1]))
        self.go_to("train")

    def _look_for_runs(self) -> None:
        path = self.session.path

        def look(progress: Progress) -> frozenset[str]:
            return frozenset(run.id for run in RunStore(path).list() if is_alive(run.path))

        self.session.jobs.run("", look, done=self._take_alive, failed=lambda error: None, lane="alive", quiet=True)

    def _take_alive(self, alive: frozenset[str]) -> None:
        if alive != self._alive:
            self._alive = alive
            self.session.reload(Change.RUNS)
            self._show_runs()

    def _show_unsaved(self) -> None:
        unsaved = self.session.jobs.unsaved
        if not unsaved:
            self.unsaved.say("")
        elif len(unsaved) > 1:
            self.unsaved.say(self.tr("Not saved: %n change(s). Free some space and try again.", "", len(unsaved)))
        else:
            self.unsaved.say(self.tr("Not saved: {0}. {1}").format(unsaved[0].title, unsaved[0].error.remedy))

    def _repeat_unsaved(self) -> None:
        for unsaved in list(self.session.jobs.unsaved):
            self.session.jobs.repeat(unsaved)

    def _discard_unsaved(self) -> None:
        for unsaved in list(self.session.jobs.unsaved):
            self.session.jobs.discard(unsaved)


def _process_of(live: LiveRun) -> int | None:
    record = worker_of(live.run.path)
    return record.process.pid if record is not None and record.process.is_here else None


def _keep_queue_going(project: Path, progress: Progress) -> None:
    """What a crash or a reboot ended goes on."""
    from core.actions import queueing

    queueing.go_on(project)


def _load_pages(progress: Progress) -> None:
    """While the user looks at the first page: what the others import takes a tenth of a second or two each."""
    for name, _ in PAGES:
        import_module(f"app.pages.{name}_page")
        progress(0, 0, "")
