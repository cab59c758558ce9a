"""A train page on a real project, without the window around it; and runs written event by event."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QSize

from app.pages.train_page import TrainPage
from app.settings import Settings
from app.state import Change, Session
from app.widgets.run.run_view import RunView
from core.domain.event import Event, Finished, Outcome, Started
from core.domain.task import Task
from core.runs.event_log import EVENTS, EventLog
from core.store.project_store import DATABASE, ProjectStore
from core.store.run_store import RunFolder, RunStore
from tests.simulated_runs import make_run

SIZE = QSize(1096, 800)  # of the page in a window of 1280 x 800


@contextmanager
def page_of(project: Path, *, size: QSize = SIZE) -> Iterator[TrainPage]:
    """The page, shown, its session open; everything it began is over afterwards."""
    store = ProjectStore.open(project) if (project / DATABASE).exists() else ProjectStore.create(project)
    session = Session(store, Settings(project.parent / "window.ini"))
    page = TrainPage(session)
    session.changed.connect(page.refresh)
    page.refresh(Change.DATA | Change.RUNS | Change.LIVE | Change.ACCESS)
    page.resize(size)
    page.show()
    session.reload()
    try:
        yield page
    finally:
        page.close()
        session.close()
        page.deleteLater()
        session.deleteLater()


def view_of(page: TrainPage) -> RunView:
    assert page.run_view is not None
    return page.run_view


def folder_of(run_dir: Path) -> RunFolder:
    return RunFolder(run_dir.name, run_dir)


def told_run(project: Path, events: Iterable[Event], *, task: Task = Task.CLASSIFICATION, epochs: int = 4) -> Path:
    """A run directory whose file tells ``events`` between a beginning and a good end."""
    run_dir = make_run(project, task=task, epochs=epochs)
    with EventLog(run_dir / EVENTS) as log:
        log.append(Started(run=run_dir.name, pid=1, epochs=epochs))
        for event in events:
            log.append(event)
        log.append(Finished(outcome=Outcome.COMPLETED))
    return run_dir


def newest(project: Path) -> RunFolder:
    return RunStore(project).list()[-1]
