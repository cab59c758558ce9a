"""Propose with a model: real ONNX files, a real run, clicks, keys and drops; the project is looked at afterwards."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDoubleSpinBox

from app.label_desk import LabelDesk
from app.settings import Settings
from app.state import Session
from app.translations import EnglishPlurals
from app.widgets.label.propose_dialog import ProposeDialog
from core.data.images import inspect
from core.domain.annotation import Box
from core.domain.labels import ImageLabels, LabelledBox
from core.domain.source import ImportedImage
from core.domain.task import Split, Task
from core.inference.onnx_model import attach_card
from core.store import labels
from core.store.project_store import ProjectStore
from tests.gui.pictures import draw_picture
from tests.gui.pseudo_translation import clipped, speak, untranslated
from tests.gui.windows import drop
from tests.simulated_runs import make_run
from tests.unit.inference.models import (
    classifier_card,
    classifier_graph,
    detector_card,
    detector_graph,
)
from tests.unit.inference.models import save as write

PICTURES = 14
ROWS = [[4, 8, 14, 18, 0.9, 0], [16, 8, 26, 18, 0.6, 1], [2, 2, 6, 30, 0.3, 0]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project without images that has a finished run; copied by those who use it."""
    folder = tmp_path_factory.mktemp("finished") / "díly"
    ProjectStore.create(folder, task=Task.DETECTION).close()
    run = make_run(folder, epochs=2, splits=((Split.TRAIN, 6), (Split.VAL, 4)))
    done = subprocess.run([sys.executable, "-m", "core.runs.worker", str(run)], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(autouse=True)
def english(qapp: QApplication) -> Iterator[None]:
    translator = EnglishPlurals()
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


def detector(path: Path, rows: list[list[float]] = ROWS, **card: object) -> Path:
    attach_card(write(detector_graph(rows), path), detector_card(**card))
    return path


def fill(store: ProjectStore, folder: Path) -> None:
    store.add_classes(["bolt", "nut"])
    drawn = [draw_picture(folder / f"{n}.png", np.full((48, 64, 3), 40 + n, np.uint8)) for n in range(PICTURES)]
    store.import_images(ImportedImage(facts=inspect(one.path), path=one.path, mtime_ns=0) for one in drawn)


@pytest.fixture
def show(qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "home"))
    opened: list[tuple[ProposeDialog, Session]] = []

    def open_dialog(project: Path, *, shown: int = 0, for_writing: bool = True) -> ProposeDialog:
        if not (project / "lensmith.db").exists():
            ProjectStore.create(project, task=Task.DETECTION).close()
        with ProjectStore.open(project) as store:
            if not store.images():
                fill(store, tmp_path / "pictures")
        session = Session(ProjectStore.open(project, for_writing=for_writing), Settings(tmp_path / "window.ini"))
        desk = LabelDesk(session)
        session.reload()
        qtbot.waitUntil(lambda: session.loaded and not session.jobs.jobs)
        hashes = [image.hash for image in session.data.images[:shown]]
        dialog = ProposeDialog(session, desk, shown=hashes)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        dialog.show()
        opened.append((dialog, session))
        return dialog

    yield open_dialog
    for dialog, session in opened:
        dialog.reject()
        session.close()
        dialog.deleteLater()
    QApplication.processEvents()


def settle(qtbot: Any, dialog: ProposeDialog) -> None:
    """Until the preview is there and nothing is under way."""
    qtbot.waitUntil(lambda: dialog._sample_job is None and not dialog.is_busy and not dialog._session.jobs.jobs)


def click(widget: Any) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def choose(qtbot: Any, dialog: ProposeDialog, model: Path) -> None:
    assert drop(dialog, model)
    settle(qtbot, dialog)


def waiting(dialog: ProposeDialog) -> list[int]:
    return [image.proposals for image in dialog._session.store.images()]


def captions(dialog: ProposeDialog) -> list[str]:
    return [dialog._overlay_of(image).caption for image in dialog.grid.images]


def test_that_a_dropped_model_labels_all_pictures_to_do_with_one_click(show, qtbot, tmp_path):
    dialog = show(tmp_path / "p")
    assert "drop an ONNX file" in dialog._hint.text()
    assert not dialog.start_button.isEnabled()
    choose(qtbot, dialog, detector(tmp_path / "belt.onnx"))
    assert dialog.figures.text() == "24 boxes on 12 pictures"
    assert dialog.start_button.text() == "Label 14 pictures"
    click(dialog.start_button)
    assert not dialog._form.isEnabled()
    settle(qtbot, dialog)
    assert dialog.outcome.text() == "28 boxes on 14 pictures wait for review."
    assert waiting(dialog) == [2] * PICTURES
    assert dialog._desk.undo_step.verb == "propose"
    assert dialog._session.data.images[0].proposals == 2  # the window knows at once
    with qtbot.waitSignal(dialog.review_wanted):
        click(dialog.review_button)
    assert not dialog.isVisible()


def test_that_the_newest_run_is_chosen_and_proposes(show, qtbot, tmp_path, finished):
    project = Path(shutil.copytree(finished, tmp_path / finished.name))
    dialog = show(project)
    settle(qtbot, dialog)
    assert dialog.model.box.currentText().startswith("Run 1 · simulated · mAP50-95 ")
    assert "“blue”, “orange”" in dialog.model._lacks.text()
    dialog.scores.slider.slider.setValue(50)
    assert dialog.figures.text().startswith("0 boxes")
    click(dialog.model.add_box)
    assert not dialog.figures.text().startswith("0 boxes")
    click(dialog.start_button)
    settle(qtbot, dialog)
    assert sum(waiting(dialog)) > 0
    assert {one.name for one in dialog._session.data.classes} & {"blue", "orange"}
    assert "run 0001-" in dialog._desk.undo_step.detail[0]


def test_that_scores_change_the_preview_without_asking_the_model_again(show, qtbot, tmp_path):
    dialog = show(tmp_path / "p")
    choose(qtbot, dialog, detector(tmp_path / "belt.onnx"))
    (tmp_path / "belt.onnx").unlink()
    table = dialog.scores.table
    assert dialog.scores.thresholds() == {"bolt": 0.4, "nut": 0.4}
    dialog.scores.slider.slider.setFocus()
    for _ in range(2):
        QTest.keyClick(dialog.scores.slider.slider, Qt.Key.Key_PageDown)
    assert dialog.figures.text() == "36 boxes on 12 pictures"
    assert captions(dialog)[0] == "bolt ×2, nut"
    table.setCurrentIndex(table.rows.index(0, 1))
    QTest.keyClick(table, Qt.Key.Key_F2)
    editor = table.findChild(QDoubleSpinBox)
    editor.setValue(0.95)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert dialog.scores.thresholds() == {"bolt": 0.95, "nut": 0.2}
    assert [table.rows.data(table.rows.index(row, 2)) for row in range(2)] == ["0", "12"]
    assert captions(dialog)[0] == "nut"
    QTest.keyClick(table, Qt.Key.Key_Delete)
    assert dialog.scores.thresholds() == {"bolt": 0.2, "nut": 0.2}
    table.rows.setData(table.rows.index(1, 1), 0.7)
    click(dialog.start_button)
    settle(qtbot, dialog)
    assert waiting(dialog) == [2] * PICTURES  # two bolts


def test_that_a_file_of_no_use_is_told_with_the_way_out_and_another_one_can_be_chosen(show, qtbot, tmp_path):
    dialog = show(tmp_path / "p")
    (tmp_path / "notes.onnx").write_text("nothing of the kind")
    choose(qtbot, dialog, tmp_path / "notes.onnx")
    assert "notes.onnx" in dialog.trouble.text
    assert not dialog.start_button.isEnabled()
    attach_card(write(classifier_graph(), tmp_path / "colours.onnx"), classifier_card())
    choose(qtbot, dialog, tmp_path / "colours.onnx")
    assert "this project is for detection" in dialog.trouble.text
    assert not dialog.start_button.isEnabled()
    choose(qtbot, dialog, detector(tmp_path / "belt.onnx"))
    assert not dialog.trouble.text
    assert dialog.start_button.isEnabled()


def test_that_classes_are_proposed_for_whole_pictures(show, qtbot, tmp_path):
    with ProjectStore.create(tmp_path / "p", task=Task.CLASSIFICATION) as store:
        fill(store, tmp_path / "pictures")
        store.add_classes(["red"])
    attach_card(write(classifier_graph(), tmp_path / "colours.onnx"), classifier_card())
    dialog = show(tmp_path / "p")
    choose(qtbot, dialog, tmp_path / "colours.onnx")
    assert dialog.figures.text() == "a class for 0 of 12 pictures"  # of grey nobody knows, it is a third each
    dialog.scores.slider.slider.setValue(200)
    assert dialog.figures.text() == "a class for 12 of 12 pictures"
    assert captions(dialog)[0] == "red 0.33"
    click(dialog.start_button)
    settle(qtbot, dialog)
    assert dialog.outcome.text() == "Classes of 14 pictures wait for review."


def test_that_pictures_in_progress_and_those_of_a_filter_can_be_chosen(show, qtbot, tmp_path):
    with ProjectStore.create(tmp_path / "p", task=Task.DETECTION) as store:
        fill(store, tmp_path / "pictures")
        drawn = ImageLabels(boxes=(LabelledBox(Box(8.0, 8.0, 28.0, 28.0, 1)),), done=False)
        first, second = (image.hash for image in store.images()[:2])
        labels.edit(store, "draw", (), {first: drawn, second: ImageLabels(boxes=())})
    dialog = show(tmp_path / "p", shown=5)
    texts = [one.text() for one in dialog.pictures.buttons.values()]
    assert [text.partition(" (")[2] for text in texts] == ["12 pictures)", "13 pictures)", "4 pictures)"]
    assert dialog.start_button.text() == "Label 4 pictures"
    choose(qtbot, dialog, detector(tmp_path / "belt.onnx"))
    dialog.scores.table.rows.setData(dialog.scores.table.rows.index(0, 1), 0.85)
    click(dialog.pictures.buttons["open"])
    settle(qtbot, dialog)
    assert dialog.scores.thresholds() == {"bolt": 0.85, "nut": 0.4}  # what was set for this model stays
    assert dialog.start_button.text() == "Label 13 pictures"
    click(dialog.start_button)
    settle(qtbot, dialog)
    assert waiting(dialog) == [1, 0] + [2] * 12
    assert labels.read_labels(dialog._session.store, [first])[first].boxes == drawn.boxes


def test_that_a_filter_that_leaves_done_pictures_alone_offers_those_to_do(show, qtbot, tmp_path):
    with ProjectStore.create(tmp_path / "p", task=Task.DETECTION) as store:
        fill(store, tmp_path / "pictures")
        labels.edit(store, "background", (), {store.images()[0].hash: ImageLabels(boxes=())})
    dialog = show(tmp_path / "p", shown=1)
    assert dialog.start_button.text() == "Label 13 pictures"
    assert [one.isVisible() for one in dialog.pictures.buttons.values()] == [True, False, False]


def test_that_what_was_left_out_or_unread_is_said(show, qtbot, tmp_path):
    dialog = show(tmp_path / "p")
    (tmp_path / "pictures" / "3.png").write_bytes(b"nothing to see")
    choose(qtbot, dialog, detector(tmp_path / "belt.onnx", classes=("bolt", "washer")))
    assert "“washer”" in dialog.model._lacks.text()
    assert dialog.scores.table.rows.data(dialog.scores.table.rows.index(1, 2)) == "left out"
    click(dialog.start_button)
    settle(qtbot, dialog)
    assert dialog.outcome.text() == (
        "13 boxes on 13 pictures wait for review. Left out, as this project lacks the class: washer 13. "
        "1 picture could not be read."
    )


def test_that_cancel_leaves_the_project_as_it_was(show, qtbot, tmp_path):
    dialog = show(tmp_path / "p")
    choose(qtbot, dialog, detector(tmp_path / "belt.onnx"))
    dialog.start_button.click()
    dialog.progress.cancel_button.click()  # before anything could be told
    settle(qtbot, dialog)
    assert waiting(dialog) == [0] * PICTURES
    assert dialog._form.isEnabled()
    assert dialog.start_button.isEnabled()
    assert not dialog.outcome.isVisible()


def test_that_labelling_goes_on_when_the_dialog_is_closed(show, qtbot, tmp_path):
    dialog = show(tmp_path / "p")
    choose(qtbot, dialog, detector(tmp_path / "belt.onnx"))
    click(dialog.start_button)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    qtbot.waitUntil(lambda: not dialog._session.jobs.jobs)
    assert waiting(dialog) == [2] * PICTURES


def test_that_scores_above_everything_are_told_and_can_be_lowered(show, qtbot, tmp_path):
    dialog = show(tmp_path / "p")
    choose(qtbot, dialog, detector(tmp_path / "belt.onnx"))
    dialog.scores.slider.slider.setValue(999)
    assert captions(dialog) == ["Nothing proposed"] * 12
    click(dialog.start_button)
    settle(qtbot, dialog)
    assert "Nothing was found" in dialog.outcome.text()
    assert not dialog.review_button.isVisible()
    dialog.scores.slider.slider.setValue(500)
    assert not dialog.outcome.isVisible()
    assert dialog.start_button.isVisible()


def test_that_a_read_only_project_shows_what_would_be_and_says_why_not(show, qtbot, tmp_path):
    dialog = show(tmp_path / "p", for_writing=False)
    choose(qtbot, dialog, detector(tmp_path / "belt.onnx"))
    assert dialog.figures.text() == "24 boxes on 12 pictures"
    assert not dialog.start_button.isEnabled()
    assert dialog._hint.text().startswith("Read-only")


@pytest.mark.parametrize("state", ["empty", "model", "done"])
def test_that_every_text_is_translated_and_fits(show, qtbot, tmp_path, qapp, state):
    translator = speak(qapp)
    try:
        dialog = show(tmp_path / "p", shown=3)
        dialog.resize(QSize(1040, 680))
        if state != "empty":
            choose(qtbot, dialog, detector(tmp_path / "belt.onnx", classes=("bolt", "washer")))
        if state == "done":
            click(dialog.start_button)
            settle(qtbot, dialog)
        QApplication.processEvents()
        assert untranslated(dialog) == []
        assert "\n".join(clipped(dialog)) == ""
    finally:
        qapp.removeTranslator(translator)
