"""Checking labels in the window: a real project, real edits in its database, real keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.label_desk import LabelDesk
from app.settings import Settings
from app.state import Session
from app.widgets.label.doubt_dialog import DoubtDialog
from core.actions.cross_validating import FOLDER
from core.actions.doubt_list import FILE
from core.data.images import inspect
from core.domain.annotation import Annotation, Box, Boxes, ClassLabel
from core.domain.dataset import Image
from core.domain.labels import ImageLabels, Origin
from core.domain.run import FromScratch, RunSpec
from core.domain.source import ImportedImage
from core.domain.task import Split, Task
from core.labelling.doubts import Doubt, DoubtReport, ImageDoubts
from core.runs.status import worker_of
from core.runs.worker import work
from core.store import labels
from core.store.codec import write_json
from core.store.project_store import ProjectStore
from core.store.run_store import RunStore
from tests.gui.pictures import draw_picture
from tests.gui.pseudo_translation import clipped, speak, untranslated

KEY = Qt.Key
BOLT, NUT = 1, 2
LEFT, RIGHT, NEW = Box(10, 10, 40, 40, BOLT), Box(60, 10, 90, 40, NUT), Box(100, 60, 130, 90, NUT)
SOURCE = "run 0003-finetune-yolov8n"
LOOSE = Box(20, 10, 50, 40, BOLT)


def drawn(folder: Path, count: int, annotation: Annotation) -> list[Image]:
    noise = np.random.default_rng(0)
    pictures = (noise.integers(90, 130, (120, 160, 3)).astype(np.uint8) for _ in range(count))
    return [draw_picture(folder / f"page {n}.png", pixels, annotation) for n, pixels in enumerate(pictures)]


def make_store(folder: Path, task: Task, names: list[str], images: list[Image]) -> ProjectStore:
    store = ProjectStore.create(folder, task=task)
    store.add_classes(names)
    store.import_images(
        ImportedImage(facts=inspect(one.path), path=one.path, mtime_ns=1, annotation=one.annotation) for one in images
    )
    return store


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[ProjectStore]:
    """Four pages with a bolt and a nut each; the last search found something about three of them."""
    images = drawn(tmp_path / "pictures", 4, Boxes((LEFT, RIGHT)))
    a, b, c, _ = (image.hash for image in images)
    swapped = Doubt(
        kind="wrong_class", quality=0.1, certainty=0.9, given=BOLT, answer=NUT, box=LEFT, found=Box(10, 10, 40, 40, NUT)
    )
    missing = Doubt(kind="missing_box", quality=0.2, certainty=0.8, answer=NUT, found=NEW)
    extra = Doubt(kind="extra_box", quality=0.3, certainty=0.7, given=NUT, box=RIGHT)
    loose = Doubt(kind="loose_box", quality=0.4, certainty=0.6, given=BOLT, answer=BOLT, box=LEFT, found=LOOSE)
    report = DoubtReport(
        task=Task.DETECTION,
        source=SOURCE,
        made="2026-01-02T03:04:05+00:00",
        judged=4,
        unjudged={"trained": 7},
        images=(ImageDoubts(a, (swapped,)), ImageDoubts(b, (missing, extra)), ImageDoubts(c, (loose,))),
    )
    with make_store(tmp_path / "p", Task.DETECTION, ["bolt", "nut"], images) as store:
        write_json(store.cache_dir / FILE, report)
        yield store


def open_session(store: ProjectStore, folder: Path, qtbot) -> Session:
    made = Session(store, Settings(folder / "window.ini"))
    made.reload()
    qtbot.waitUntil(lambda: made.loaded and not made.jobs.jobs)
    return made


@pytest.fixture
def session(pages: ProjectStore, tmp_path: Path, qtbot) -> Iterator[Session]:
    made = open_session(pages, tmp_path, qtbot)
    yield made
    made.close()


@pytest.fixture
def dialog(session: Session, qtbot) -> Iterator[DoubtDialog]:
    with shown(session, qtbot) as made:
        yield made


@contextmanager
def shown(session: Session, qtbot, rows: int = 3) -> Iterator[DoubtDialog]:
    desk = LabelDesk(session)
    made = DoubtDialog(session, desk)
    made.show()
    qtbot.waitExposed(made)
    qtbot.waitUntil(lambda: len(made.list.model.rows) == rows and not session.jobs.jobs)
    try:
        yield made
        qtbot.waitUntil(lambda: not desk.is_saving)
    finally:
        made.close()
        QApplication.processEvents()


def hash_at(session: Session, number: int) -> str:
    return session.data.images[number].hash


def stored(session: Session, number: int) -> ImageLabels:
    return labels.read_labels(session.store, [hash_at(session, number)])[hash_at(session, number)]


def press(dialog: DoubtDialog, key: Qt.Key) -> None:
    QTest.keyClick(dialog.list.view, key)


def saved(session: Session, qtbot) -> None:
    qtbot.waitUntil(lambda: not session.jobs.jobs)


def boxes(session: Session, number: int) -> tuple[Box, ...]:
    return tuple(one.box for one in stored(session, number).boxes or ())


def test_that_the_worst_comes_first_and_it_says_who_judged_and_what_was_not_judged(dialog: DoubtDialog) -> None:
    assert [one.doubts[0].kind for one in dialog.list.model.rows] == ["wrong_class", "missing_box", "loose_box"]
    assert dialog.list.sentence.whole == "Labelled bolt, rather nut"
    assert dialog.list.take_button.text() == "Make it nut (Enter)"
    assert "The model is 90 % sure" in dialog.list.facts.whole
    summary = dialog.summary.text()
    assert summary.startswith("3 pictures to look at")
    assert "4 pictures judged by run 3" in summary
    assert "7 not judged: the run trained on them." in summary


def test_that_enter_takes_the_answer_and_undo_asks_again(dialog: DoubtDialog, session: Session, qtbot) -> None:
    press(dialog, KEY.Key_Return)
    saved(session, qtbot)
    assert boxes(session, 0) == (Box(10, 10, 40, 40, NUT), RIGHT)
    first = (stored(session, 0).boxes or ())[0]
    assert first.origin == Origin("accepted", SOURCE)
    assert len(dialog.list.model.rows) == 2
    assert dialog.list.sentence.whole == "A box of nut is missing", "the next one is there"
    QTest.keyClick(dialog, KEY.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(dialog.list.model.rows) == 3)
    saved(session, qtbot)
    assert boxes(session, 0) == (LEFT, RIGHT)
    assert dialog.list.model.rows[0].hash == hash_at(session, 0), "at its old place"


def test_that_c_keeps_the_labels_and_never_asks_again(dialog: DoubtDialog, session: Session, qtbot) -> None:
    press(dialog, KEY.Key_C)
    saved(session, qtbot)
    assert stored(session, 0).confirmed
    assert boxes(session, 0) == (LEFT, RIGHT)
    assert hash_at(session, 0) not in [one.hash for one in dialog.list.model.rows]
    (edit,) = labels.diary(session.store)
    assert edit.verb == "confirm"
    with shown(session, qtbot, rows=2) as again:
        assert hash_at(session, 0) not in [one.hash for one in again.list.model.rows]


def test_that_arrows_walk_through_pictures_and_through_the_doubts_about_one(
    dialog: DoubtDialog, session: Session, qtbot
) -> None:
    press(dialog, KEY.Key_Down)
    assert dialog.list.sentence.whole == "A box of nut is missing"
    press(dialog, KEY.Key_Right)
    assert dialog.list.sentence.whole == "Nothing seen in the box of nut"
    assert "doubt 2 of 2 here" in dialog.list.facts.whole
    qtbot.waitUntil(lambda: not session.jobs.jobs)
    press(dialog, KEY.Key_Enter)
    saved(session, qtbot)
    assert boxes(session, 1) == (LEFT,)
    assert dialog.list.sentence.whole == "A box of nut is missing", "the other doubt about the same picture"
    press(dialog, KEY.Key_Return)
    saved(session, qtbot)
    assert boxes(session, 1) == (LEFT, NEW)
    assert dialog.list.sentence.whole == "The box of bolt lies badly"
    press(dialog, KEY.Key_Up)
    assert dialog.list.sentence.whole == "Labelled bolt, rather nut"


def test_that_the_last_answer_is_told(dialog: DoubtDialog, session: Session, qtbot) -> None:
    for _ in range(3):
        press(dialog, KEY.Key_C)
        saved(session, qtbot)
    assert dialog.list.model.rows == []
    assert dialog.title.text() == "All doubts are answered"
    press(dialog, KEY.Key_Return)
    press(dialog, KEY.Key_C)
    assert len(labels.diary(session.store)) == 3


def test_that_e_asks_for_the_page_of_the_picture(dialog: DoubtDialog, session: Session, qtbot) -> None:
    press(dialog, KEY.Key_Down)
    with qtbot.waitSignal(dialog.picture_wanted) as asked:
        press(dialog, KEY.Key_E)
    assert asked.args == [hash_at(session, 1)]


def test_that_labels_changed_elsewhere_drop_out(dialog: DoubtDialog, session: Session, qtbot) -> None:
    desk, page = dialog._desk, hash_at(session, 2)
    qtbot.waitUntil(lambda: desk.get(page) is not None)
    desk.change("delete", ["bolt"], {page: ImageLabels(boxes=())})
    assert [one.hash for one in dialog.list.model.rows] == [hash_at(session, 0), hash_at(session, 1)]
    saved(session, qtbot)


def test_that_a_picture_that_is_gone_says_so_and_the_list_goes_on(session: Session, qtbot) -> None:
    Path(session.data.images[0].path).unlink()
    with shown(session, qtbot) as dialog:
        qtbot.waitUntil(lambda: dialog.list._desk.failures != {})
        press(dialog, KEY.Key_Down)
        assert dialog.list.sentence.whole == "A box of nut is missing"


def test_that_nothing_is_changed_where_the_project_can_only_be_read(
    dialog: DoubtDialog, session: Session, qtbot
) -> None:
    dialog.list.set_writable(False)
    press(dialog, KEY.Key_Return)
    press(dialog, KEY.Key_C)
    saved(session, qtbot)
    assert labels.diary(session.store) == []
    assert not dialog.list.take_button.isEnabled()


def test_that_every_text_is_translated_and_has_room(session: Session, qtbot, qapp) -> None:
    translator = speak(qapp)
    try:
        with shown(session, qtbot) as dialog:
            for size in ((1280, 800), (1120, 720)):
                dialog.resize(*size)
                QApplication.processEvents()
                assert not untranslated(dialog)
                assert not clipped(dialog)
            dialog._show_report(None)
            QApplication.processEvents()
            assert not untranslated(dialog)
            assert not clipped(dialog)
    finally:
        qapp.removeTranslator(translator)


# The search itself


@pytest.fixture
def colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProjectStore]:
    """Twelve pictures, half of them dark and half bright, the fourth labelled wrong; nobody has searched yet."""
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    images = []
    for n in range(12):
        pixels = np.full((32, 32, 3), (40 + n, 200 + n)[n % 2], np.uint8)
        said = n % 2 if n != 3 else 0
        images.append(draw_picture(tmp_path / "pictures" / f"{n}.png", pixels, ClassLabel(1 + said)))
    with make_store(tmp_path / "p", Task.CLASSIFICATION, ["dark", "bright"], images) as store:
        parts = [*[Split.VAL] * 6, *[Split.TRAIN] * 6]
        store.set_splits({image.hash: part for image, part in zip(images, parts, strict=True)})
        yield store


def add_run(store: ProjectStore, architecture: str, *, finished: bool) -> None:
    snapshot = store.snapshot()
    spec = RunSpec(
        task=Task.CLASSIFICATION,
        engine="simulated",
        architecture=architecture,
        start=FromScratch(),
        snapshot=snapshot.data_hash(),
        epochs=1,
        image_size=32,
        device="cpu",
    )
    run = RunStore(store.path).create(spec, snapshot)
    if finished:
        assert work(run.path, False) == 0


def test_that_a_finished_run_judges_what_it_did_not_train_on(colours: ProjectStore, tmp_path: Path, qtbot) -> None:
    add_run(colours, "simulated", finished=True)
    session = open_session(colours, tmp_path, qtbot)
    with shown(session, qtbot, rows=0) as dialog:
        assert dialog.title.text() == "Not checked yet"
        assert [dialog.judge.itemData(n) for n in range(dialog.judge.count())][1:] == [session.runs[0].run]
        dialog.judge.setCurrentIndex(1)
        QTest.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
        assert dialog.progress.cancel_button.isVisible()
        qtbot.waitUntil(lambda: dialog.start.isVisible() and not session.jobs.jobs, timeout=20_000)
        assert [one.hash for one in dialog.list.model.rows] == [session.data.images[3].hash]
        assert "6 not judged" in dialog.summary.text()
        qtbot.waitUntil(lambda: dialog._desk.get(session.data.images[3].hash) is not None)
        press(dialog, KEY.Key_Return)
        saved(session, qtbot)
        assert stored(session, 3).label == 2
    session.close()


def test_that_a_search_goes_on_when_the_window_of_doubts_is_closed(
    colours: ProjectStore, tmp_path: Path, qtbot
) -> None:
    add_run(colours, "simulated?epoch_seconds=0.3", finished=False)
    session = open_session(colours, tmp_path, qtbot)
    with shown(session, qtbot, rows=0) as dialog:
        QTest.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: dialog.progress.bar.value() > 0, timeout=20_000)
    again = DoubtDialog(session, LabelDesk(session))
    again.show()
    assert again.progress.cancel_button.isVisible()
    qtbot.waitUntil(lambda: len(again.list.model.rows) == 1, timeout=30_000)
    assert again.list.model.rows[0].hash == session.data.images[3].hash
    again.close()
    QApplication.processEvents()
    session.close()


def test_that_cancel_ends_the_models_that_are_trained_for_it(colours: ProjectStore, tmp_path: Path, qtbot) -> None:
    add_run(colours, "simulated?epoch_seconds=10", finished=False)
    session = open_session(colours, tmp_path, qtbot)
    folder = colours.cache_dir / FOLDER / "classification"
    with shown(session, qtbot, rows=0) as dialog:
        QTest.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: dialog.progress.bar.value() > 0, timeout=20_000)
        record = worker_of(folder)
        assert record is not None
        QTest.mouseClick(dialog.progress.cancel_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: dialog.start.isVisible() and not session.jobs.jobs, timeout=20_000)
        assert not record.process.is_alive()
        assert not folder.exists()
        assert dialog.title.text() == "Not checked yet"
    session.close()
    assert not psutil.pid_exists(record.process.pid) or not record.process.is_alive()
