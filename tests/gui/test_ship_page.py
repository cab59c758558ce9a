"""Ship: real runs of the simulated engine, their real ONNX files, real drops, clicks and keys."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.pages.ship_page import ShipPage
from app.settings import Settings
from app.state import Change, Session
from app.translations import EnglishPlurals
from app.widgets.question import Question
from core.domain.prediction import PredictionSet
from core.domain.task import Split, Task
from core.store.codec import read_json
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder, RunStore
from tests.gui.pseudo_translation import clipped, speak, untranslated
from tests.simulated_runs import make_run

SIZE = QSize(1280 - 184, 772)  # of the page in a window of 1280 x 800
TESTED = 6


def finish(run_dir: Path) -> RunFolder:
    done = subprocess.run([sys.executable, "-m", "core.runs.worker", str(run_dir)], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return RunFolder(run_dir.name, run_dir)


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[Task, Path]:
    """A project of each task with a finished run; that of detection has a second one, whose parity failed."""
    made = {}
    for task in Task:
        folder = made[task] = tmp_path_factory.mktemp("projects") / f"díly {task} 部品"
        ProjectStore.create(folder, task=task).close()
        splits = ((Split.TRAIN, 8), (Split.VAL, 6), (Split.TEST, TESTED))
        finish(make_run(folder, task=task, epochs=2, splits=splits))
    finish(make_run(made[Task.DETECTION], "simulated?parity_gap=0.01", epochs=2, splits=splits))
    return made


@pytest.fixture(autouse=True)
def documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path / "lensmith"))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "Documents").mkdir()
    return tmp_path / "Documents"


@pytest.fixture
def english(qapp: QApplication) -> Iterator[None]:
    translator = EnglishPlurals()
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


@pytest.fixture
def ship(qtbot: Any, tmp_path: Path) -> Iterator[Any]:
    """Opens the page of a project, with the newest or the given run."""
    opened: list[tuple[ShipPage, Session]] = []

    def open_page(project: Path, number: int = 1, *, for_writing: bool = True, wait: bool = True) -> ShipPage:
        session = Session(
            ProjectStore.open(project, for_writing=for_writing), Settings(tmp_path / f"window {len(opened)}.ini")
        )
        page = ShipPage(session)
        opened.append((page, session))
        session.changed.connect(page.refresh)
        page.refresh(Change.RUNS | Change.LIVE)
        page.resize(SIZE)
        page.show()
        session.reload()
        if wait:
            qtbot.waitUntil(lambda: page.facts is not None or bool(page.trouble.text))
            if number != page.runs.currentData():
                session.choose_run(RunStore(project).get(str(number)).id)
            qtbot.waitUntil(lambda: page.facts is not None and page.facts.run.number == number)
        return page

    yield open_page
    for page, session in opened:
        session.close()
        page.close()
        page.deleteLater()
    QApplication.processEvents()


def copy_of(project: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(project, tmp_path / "copy" / project.name))


def drop(target: QWidget, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place = QPointF(QPoint(20, 20))
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    entering = QDragEnterEvent(place.toPoint(), *how)
    entering.setAccepted(False)
    QApplication.sendEvent(target, entering)
    assert entering.isAccepted()
    QApplication.sendEvent(target, QDropEvent(place, *how))


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_images(page: ShipPage) -> list[Path]:
    assert page.facts is not None
    return [Path(path) for path in page.facts.test]


test_images.__test__ = False  # type: ignore[attr-defined]


def try_out(qtbot: Any, page: ShipPage, *paths: Path) -> None:
    drop(page.tried, *paths)
    qtbot.waitUntil(lambda: not page.tried.is_busy)


@pytest.mark.parametrize("task", list(Task))
def test_that_one_key_writes_the_very_bytes_that_were_measured(ship, qtbot, projects, documents, english, task):
    page = ship(projects[task])
    assert page.facts is not None
    target = documents / f"{projects[task].name}-run1.onnx"
    assert page.export.path.text() == str(target)

    page.export.export_button.setFocus()
    QTest.keyClick(page.export.export_button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bool(page.export.told))

    assert target.read_bytes() == page.facts.path.read_bytes()
    assert (
        page.export.told
        == f"Written and checked: {round(target.stat().st_size / 1e3)} kB, opened again by ONNX Runtime"
    )
    QTest.keyClick(page.export.copy_button, Qt.Key.Key_Space)
    assert QApplication.clipboard().text() == page.facts.report.onnx_sha256


def test_that_enter_in_the_path_exports_and_a_dropped_folder_takes_the_file(ship, qtbot, projects, tmp_path):
    page = ship(projects[Task.DETECTION])
    elsewhere = tmp_path / "na straně"
    elsewhere.mkdir()
    drop(page.export, elsewhere)
    name = Path(page.export.path.text()).name
    assert Path(page.export.path.text()).parent == elsewhere

    page.export.path.setFocus()
    QTest.keyClick(page.export.path, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(page.export.told))
    assert (elsewhere / name).is_file()
    page.session.choose_run(page.runs.itemData(0))
    assert Path(page.export.path.text()) == elsewhere / name.replace("run1", "run2")


def test_that_a_file_that_is_there_is_replaced_only_when_the_user_says_so(ship, qtbot, projects, documents):
    page = ship(projects[Task.DETECTION])
    target = Path(page.export.path.text())
    target.write_bytes(b"of somebody else")

    for answer in ("keep", "replace"):
        click(page.export.export_button)
        qtbot.waitUntil(lambda: any(one.isVisible() for one in page.findChildren(Question)))
        question = next(one for one in page.findChildren(Question) if one.isVisible())
        if answer == "keep":
            assert question.buttons["keep"].isDefault()
            QTest.keyClick(question, Qt.Key.Key_Escape)
            QTest.qWait(50)
            assert target.read_bytes() == b"of somebody else"
        else:
            click(question.buttons["replace"])
    qtbot.waitUntil(lambda: bool(page.export.told))
    assert target.read_bytes() == page.facts.path.read_bytes()


def test_that_a_changed_onnx_file_is_refused_in_words(ship, qtbot, projects, tmp_path, documents):
    project = copy_of(projects[Task.CLASSIFICATION], tmp_path)
    page = ship(project)
    with page.facts.path.open("ab") as file:
        file.write(b"\0")
    click(page.export.export_button)
    qtbot.waitUntil(lambda: bool(page.export.trouble.text))
    assert "is not the one that was measured. Resume the run" in page.export.trouble.text
    assert page.export.told == ""
    assert list(documents.iterdir()) == []
    assert page.export.export_button.isEnabled()


def test_that_a_file_that_is_no_model_any_more_is_told_before_anybody_exports_it(ship, projects, tmp_path):
    project = copy_of(projects[Task.CLASSIFICATION], tmp_path)
    (RunStore(project).get("1").path / "model.onnx").write_bytes(b"half a file")
    page = ship(project)
    assert "cannot be read as an ONNX model" in page.trouble.text
    assert page.certificate.isVisible()
    assert not page.tried.isVisible()


def test_that_a_target_that_cannot_be_written_is_told_in_words(ship, qtbot, projects, documents):
    page = ship(projects[Task.CLASSIFICATION])
    (documents / "file").write_text("no folder")
    page.export.path.selectAll()
    QTest.keyClicks(page.export.path, str(documents / "file" / "model"))
    click(page.export.export_button)
    qtbot.waitUntil(lambda: bool(page.export.trouble.text))
    assert str(documents / "file" / "model.onnx") in page.export.trouble.text
    assert "Check the disk and try again." in page.export.trouble.text


def test_that_a_read_only_project_can_be_shipped(ship, qtbot, projects, documents):
    page = ship(projects[Task.DETECTION], for_writing=False)
    assert page.session.reading_only
    click(page.export.export_button)
    qtbot.waitUntil(lambda: bool(page.export.told))
    assert Path(page.export.path.text()).parent == documents


def test_that_the_certificate_tells_what_was_compared_and_how_near_both_are(ship, projects, english):
    page = ship(projects[Task.CLASSIFICATION])
    parity, test = page.facts.report.parity, page.facts.report.test
    assert page.certificate.verdict.text() == "Passed"
    facts = page.certificate.facts
    assert facts["Compared on"] == "6 validation images"
    assert facts["Scores differ by"].endswith(" of 0.0001 allowed")
    assert float(facts["Scores differ by"].split()[0]) == pytest.approx(parity.max_abs_diff, rel=0.06)
    assert facts["On the test set"] == f"Accuracy {test.metrics['accuracy']:.3f}"
    assert facts["95 % interval"].endswith(f" on {TESTED} images")
    assert not page.certificate.results_button.isVisible()


def test_that_a_failed_parity_says_what_to_do(ship, qtbot, projects, english):
    page = ship(projects[Task.DETECTION], 2)
    assert page.certificate.verdict.text() == "Failed"
    assert page.certificate.verdict.property("badge") == "bad"
    assert "train again with precision FP32" in page.certificate.sentence
    assert page.certificate.facts["Boxes differ by"].endswith("of 1 px allowed")
    with qtbot.waitSignal(page.session.page_wanted) as wanted:
        click(page.certificate.results_button)
    assert wanted.args == ["results"]
    click(page.export.export_button)  # a file that answers otherwise may still be good enough: the user decides
    qtbot.waitUntil(lambda: bool(page.export.told))


def test_that_another_run_is_shown_from_the_list_and_from_other_pages(ship, qtbot, projects, english):
    page = ship(projects[Task.DETECTION])
    texts = [page.runs.itemText(index) for index in range(page.runs.count())]
    assert [text.split(" · ")[:2] for text in texts] == [["Run 2", "from scratch"], ["Run 1", "from scratch"]]
    assert all(text.endswith("on test") for text in texts)
    page.runs.setFocus()
    QTest.keyClick(page.runs, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: page.facts.run.number == 2)
    assert page.session.chosen_run == page.facts.run.id
    page.session.choose_run(texts and page.runs.itemData(1))
    qtbot.waitUntil(lambda: page.facts.run.number == 1)
    assert page.runs.currentIndex() == 1


def test_that_without_a_finished_run_the_page_leads_to_training(ship, qtbot, tmp_path):
    project = tmp_path / "nový"
    ProjectStore.create(project, task=Task.DETECTION).close()
    page = ship(project, wait=False)
    qtbot.waitUntil(lambda: page.session.loaded)
    assert not page.tried.isVisible()
    assert clipped(page) == []
    with qtbot.waitSignal(page.session.page_wanted) as wanted:
        click(page.train_button)
    assert wanted.args == ["train"]


@pytest.mark.parametrize("task", list(Task))
def test_that_dropped_pictures_get_the_answers_that_the_report_was_computed_on(ship, qtbot, projects, english, task):
    page = ship(projects[task])
    click(page.tried.test_button)
    qtbot.waitUntil(lambda: not page.tried.is_busy)
    view = page.tried.view
    snapshot, stored = page.facts.run.snapshot(), read_json(page.facts.run.path / "predictions.json", PredictionSet)
    hashes = {image.path: image.hash for image in snapshot.part(Split.TEST)}
    names = [image_class.name for image_class in snapshot.classes]
    view.threshold.slider.setValue(1)

    assert [answer.path for answer in view.answers] == [str(path) for path in test_images(page)]
    assert [image.hash for image in view.grid.images] == [hashes[image.path] for image in view.grid.images]
    if task is Task.CLASSIFICATION:
        told = {one.hash: one.probabilities for one in stored.classes["test"]}
        for answer in view.answers:
            assert list(answer.probabilities.values()) == pytest.approx(told[hashes[answer.path]], abs=1e-6)
        assert not view.threshold.isVisible()
    else:
        found = {one.hash: one.boxes for one in stored.boxes["test"]}
        for answer in view.answers:
            boxes = found[hashes[answer.path]]
            assert [box[5] for box in answer.boxes] == [names[box.index] for box in boxes]
            flat = [value for box in boxes for value in (box.x1, box.y1, box.x2, box.y2, box.score)]
            assert [value for box in answer.boxes for value in box[:5]] == pytest.approx(flat, abs=1e-3)
    assert view.figures.startswith(f"{TESTED} pictures")
    assert "ms a picture on this machine's processor" in view.foot


def test_that_the_threshold_filters_without_asking_the_model_again(ship, qtbot, projects, tmp_path, english):
    page = ship(projects[Task.DETECTION])
    greys = tmp_path / "greys"
    greys.mkdir()
    for level in (0, 60, 120, 180, 240):  # the engine's scores follow the brightness of the whole picture
        picture = np.full((40, 60, 3), level, np.uint8)
        (greys / f"{level}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    try_out(qtbot, page, greys)
    view, slider = page.tried.view, page.tried.view.threshold.slider
    assert view.threshold.value == page.facts.file.card.threshold
    every = sorted(box[4] for one in view._tried for box in one.answer.boxes)
    predicted = []
    page.session.jobs.started.connect(lambda job: predicted.append(job.title))

    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Home)
    assert sum(len(answer.boxes) for answer in view.answers) == len(every)
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert view.threshold.value == 0.011
    QTest.keyClick(slider, Qt.Key.Key_End)
    assert sum(len(answer.boxes) for answer in view.answers) == 0
    slider.setValue(int(1000 * every[len(every) // 2]))
    kept = sum(score >= view.threshold.value for score in every)
    assert 0 < kept < len(every)
    assert f"{kept} box" in view.figures
    overlays = [view._overlay_of(image) for image in view.grid.images]
    assert sum(len(overlay.boxes) for overlay in overlays) == kept
    assert all(box.dashed for overlay in overlays for box in overlay.boxes)

    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 8, slider.height() // 2))
    assert sum(len(answer.boxes) for answer in view.answers) <= kept
    click(view.threshold.reset_button)
    assert view.threshold.value == page.facts.file.card.threshold
    assert predicted == []

    view.save_to(tmp_path / "kreslené")
    qtbot.waitUntil(lambda: "written to" in view.foot)
    assert len(list((tmp_path / "kreslené").glob("*.jpg"))) == 5
    view.save_to(greys)
    assert "Choose another one" in view.trouble.text


def test_that_unreadable_pictures_of_a_dropped_folder_are_listed_and_the_rest_goes_on(
    ship, qtbot, projects, tmp_path, english
):
    page = ship(projects[Task.CLASSIFICATION])
    folder = tmp_path / "směs"
    folder.mkdir()
    for path in test_images(page):
        shutil.copy(path, folder)
    for number in range(5):
        (folder / f"garbage {number}.jpg").write_bytes(b"no picture at all")
    (folder / "cut.png").write_bytes(test_images(page)[0].read_bytes()[:400])
    try_out(qtbot, page, folder)
    view = page.tried.view
    assert view.figures.startswith(f"{TESTED} pictures")
    lines = view.unread.text.split("\n")
    assert lines[0] == "6 files could not be used:"
    assert "cut.png is cut off" in lines[1]
    assert "garbage 0.jpg is no picture" in lines[2]
    assert lines[-1] == "and 3 more."


def test_that_a_model_of_another_project_is_tried_and_a_foreign_file_is_refused(ship, qtbot, projects, tmp_path):
    page = ship(projects[Task.DETECTION])
    try_out(qtbot, page, *test_images(page))
    other = RunStore(projects[Task.CLASSIFICATION]).get("1").path / "model.onnx"
    try_out(qtbot, page, other)
    assert page.tried.model == other
    assert all(answer.label for answer in page.tried.view.answers)
    assert len(page.tried.view.answers) == TESTED

    foreign = tmp_path / "cizí.onnx"
    foreign.write_bytes(b"\x08\x07")
    try_out(qtbot, page, foreign)
    assert str(foreign) in page.tried.trouble.text
    assert page.tried.model == other
    assert len(page.tried.view.answers) == TESTED

    click(page.tried.back_button)
    qtbot.waitUntil(lambda: not page.tried.is_busy)
    assert page.tried.model == page.facts.path
    assert all(answer.boxes is not None for answer in page.tried.view.answers)
    assert page.tried.trouble.text == ""


def test_that_cancel_keeps_what_was_found_so_far(ship, qtbot, projects):
    page = ship(projects[Task.DETECTION])
    many = test_images(page) * 60
    drop(page, *many)  # beside the cards: tried as well, never imported
    qtbot.waitUntil(lambda: len(page.tried.view.answers) > 2)
    assert page.tried.progress.cancel_button.isVisible()
    click(page.tried.progress.cancel_button)
    qtbot.waitUntil(lambda: not page.tried.is_busy)
    assert 2 < len(page.tried.view.answers) < len(many)
    assert not page.tried.progress.cancel_button.isVisible()
    assert page.tried.trouble.text == ""


@pytest.mark.parametrize("task", list(Task))
def test_that_the_example_works_as_it_stands_on_another_machine(ship, qtbot, projects, tmp_path, task):
    page = ship(projects[task])
    click(page.export.export_button)
    qtbot.waitUntil(lambda: bool(page.export.told))
    click(page.usage.head_button)
    click(page.usage.copy_button)
    program = QApplication.clipboard().text()
    assert "lensmith" not in program.replace(str(page.export.target), "").replace('map["', "")
    shutil.copy(test_images(page)[0], tmp_path / "picture.jpg")
    (tmp_path / "example.py").write_text(program, "utf-8")
    command = [sys.executable, "-I", "-W", "error", "example.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, encoding="utf-8")
    assert done.returncode == 0, done.stderr

    try_out(qtbot, page, test_images(page)[0])
    (answer,) = page.tried.view.answers
    lines = done.stdout.splitlines()
    if task is Task.CLASSIFICATION:
        ranked = sorted(answer.probabilities.items(), key=lambda pair: -pair[1])
        assert lines == [f"{share:.3f} {name}" for name, share in ranked]
    else:
        assert lines == [
            f"{score:.3f} {x1:.1f} {y1:.1f} {x2:.1f} {y2:.1f} {name}" for x1, y1, x2, y2, score, name in answer.boxes
        ]
        assert lines


def test_that_the_file_tells_its_contract_and_its_classes_can_be_copied(ship, projects, english):
    page = ship(projects[Task.DETECTION])
    click(page.about.head_button)
    facts, card = page.about.facts, page.facts.file.card
    assert facts["Input"].startswith(f"{card.image_size} × {card.image_size} pixels")
    assert "grey bars" in facts["Made square"]
    assert facts["Classes"] == "blue, orange"
    assert facts["Threshold"].startswith(f"{card.threshold:.3g}:")
    assert facts["Licence"] == "AGPL-3.0-or-later"
    assert int(facts["Opset"]) >= 11
    click(page.about.copy_button)
    assert QApplication.clipboard().text() == "blue\norange"
    metadata = json.loads(msgspec.json.encode(card))
    assert metadata["data_hash"].startswith(facts["Trained on"].split()[-1])


@pytest.mark.parametrize(("task", "number"), [(Task.CLASSIFICATION, 1), (Task.DETECTION, 2)])
def test_that_every_text_is_translated_and_fits(ship, qtbot, projects, tmp_path, qapp, task, number):
    translator = speak(qapp)
    try:
        page = ship(projects[task], number)
        click(page.export.export_button)
        qtbot.waitUntil(lambda: bool(page.export.told))
        broken = tmp_path / "broken.png"
        broken.write_bytes(b"")
        try_out(qtbot, page, *test_images(page), broken)
        for fold in (page.about, page.usage):
            click(fold.head_button)
        QTest.qWait(50)
        assert untranslated(page) == []
        assert clipped(page) == []
    finally:
        qapp.removeTranslator(translator)
