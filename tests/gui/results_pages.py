"""The Results page over real simulated runs, some of whose labels are wrong."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.pages.results_page import ResultsPage
from app.settings import Settings
from app.state import Session
from core.domain.annotation import Boxes, ClassLabel
from core.domain.dataset import Snapshot
from core.domain.report import Report
from core.domain.task import Split, Task
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder, RunStore
from tests.simulated_runs import CLASSES, make_run

BLUE, ORANGE = (image_class.id for image_class in CLASSES)
OTHER = {BLUE: ORANGE, ORANGE: BLUE}
PAGE = QSize(1096, 770)  # what the rail and the menus leave of 1280 × 800
TRAIN_AND_VAL = ((Split.TRAIN, 8), (Split.VAL, 10))


@contextmanager
def page_of(qtbot, project: Path, settings: Path) -> Iterator[ResultsPage]:
    """The page of a session that has read its runs, showing the newest that finished with a test set."""
    session = Session(ProjectStore.open(project), Settings(settings))
    made = ResultsPage(session)
    session.changed.connect(made.refresh)
    session.reload()
    made.resize(PAGE)
    made.show()
    qtbot.waitExposed(made)
    qtbot.waitUntil(lambda: bool(session.runs) and session.loaded)
    session.choose_run(finished(project)[1].id)
    wait_for_pictures(qtbot, made, finished(project)[1].id)
    yield made
    made.close()
    if made.gallery.dialog is not None and QApplication.activeModalWidget() is not None:
        made.gallery.dialog.close()
    session.close()
    made.deleteLater()


def mislabelled_run(project: Path, task: Task, splits: Iterable[tuple[Split, int]]) -> Path:
    """A run in which every third label of val and test is wrong, so that its figures are not perfect."""
    clean = RunFolder("clean", make_run(project, task=task, splits=splits))
    images = []
    for number, image in enumerate(clean.snapshot().images):
        annotation = image.annotation
        if image.split is not Split.TRAIN and number % 3 == 0:
            match annotation:
                case ClassLabel(class_id):
                    annotation = ClassLabel(OTHER[class_id])
                case Boxes((box,)):
                    annotation = Boxes((msgspec.structs.replace(box, class_id=OTHER[box.class_id]),))
        elif image.split is not Split.TRAIN and number % 3 == 1 and isinstance(annotation, Boxes):
            annotation = Boxes(())
        images.append(msgspec.structs.replace(image, annotation=annotation))
    snapshot: Snapshot = msgspec.structs.replace(clean.snapshot(), images=tuple(images))
    spec = msgspec.structs.replace(clean.spec(), snapshot=snapshot.data_hash())
    run = RunStore(project).create(spec, snapshot)
    for file in sorted(clean.path.iterdir()):
        file.unlink()
    clean.path.rmdir()
    return run.path


def finished(project: Path) -> list[RunFolder]:
    return [run for run in RunStore(project).list() if (run.path / "report.json").exists()]


def failed(project: Path) -> RunFolder:
    return next(run for run in RunStore(project).list() if not (run.path / "report.json").exists())


def report_of(run: RunFolder) -> Report:
    report = run.report()
    assert report is not None
    return report


def wait_for_pictures(qtbot, page: ResultsPage, run_id: str) -> None:
    qtbot.waitUntil(lambda: page.report is not None and page.report.run == run_id and page.gallery.review is not None)


def row_of(page: ResultsPage, run_id: str) -> int:
    return [run.run for run in page.runs.table.rows].index(run_id)


def tick(page: ResultsPage, run_id: str, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Click the box of a run."""
    place = QPoint(10, page.runs.table.rowViewportPosition(row_of(page, run_id)) + 10)
    QTest.mouseClick(page.runs.table.viewport(), Qt.MouseButton.LeftButton, keys, place)
