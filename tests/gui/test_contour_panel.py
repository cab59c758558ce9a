"""Boxes from contours: the preview follows every setting, and what is applied is in the project, one undo each."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from app.label_desk import LabelDesk
from app.settings import Settings
from app.state import Session
from app.widgets.label.contour_panel import ContourPanel
from core.data.images import inspect
from core.domain.annotation import Box, Boxes
from core.domain.labels import ImageLabels, Origin
from core.domain.source import ImportedImage
from core.domain.task import Task
from core.store import labels
from core.store.project_store import ProjectStore
from tests.gui.pictures import draw_picture
from tests.gui.pseudo_translation import clipped, speak, untranslated
from tests.gui.windows import session_of

SPOTS = ((20, 20, 60, 70), (100, 40, 150, 90), (30, 84, 36, 90))  # the last one is a speck
LEFT = Qt.MouseButton.LeftButton


def spotted(*spots: tuple[int, int, int, int], ink: int = 20, ground: int = 230) -> np.ndarray:
    pixels = np.full((120, 180, 3), ground, np.uint8)
    for left, top, right, bottom in spots:
        pixels[top:bottom, left:right] = ink
    return pixels


@pytest.fixture
def session(tmp_path: Path, qtbot) -> Iterator[Session]:
    pictures = [
        draw_picture(tmp_path / "a.png", spotted(*SPOTS)),
        draw_picture(tmp_path / "b.png", spotted(SPOTS[0], ink=240, ground=10)),
        draw_picture(tmp_path / "blank.png", spotted()),
        draw_picture(tmp_path / "gone.png", spotted(SPOTS[1], ink=50)),
        draw_picture(tmp_path / "done.png", spotted(SPOTS[1]), Boxes((Box(99.0, 39.0, 151.0, 91.0, 1),))),
    ]
    with ProjectStore.create(tmp_path / "p", task=Task.DETECTION) as store:
        store.add_classes(["bolt", "nut"])
        store.import_images(
            ImportedImage(facts=inspect(one.path), path=one.path, mtime_ns=1, annotation=one.annotation)
            for one in pictures
        )
        (tmp_path / "gone.png").unlink()
        with session_of(store, tmp_path, qtbot) as made:
            yield made


@pytest.fixture
def desk(session: Session) -> LabelDesk:
    return LabelDesk(session)


@pytest.fixture
def panel(session: Session, desk: LabelDesk, qtbot) -> Iterator[ContourPanel]:
    made = opened(session, desk, "a.png", qtbot)
    yield made
    put_away(made)


def opened(session: Session, desk: LabelDesk, name: str, qtbot, class_id: int | None = 2) -> ContourPanel:
    image = next(one for one in session.data.images if Path(one.path).name == name)
    made = ContourPanel(session, desk, image, class_id)
    made.resize(1152, 720)
    made.open()
    qtbot.waitExposed(made)
    qtbot.waitUntil(lambda: desk.get(image.hash) is not None)
    if Path(image.path).exists():
        rest(qtbot, made)
    return made


def put_away(panel: ContourPanel) -> None:
    if isValid(panel):
        panel.reject()
    QApplication.sendPostedEvents(None, 52)  # deferred deletes
    QApplication.processEvents()


def rest(qtbot, panel: ContourPanel) -> None:
    """Until the preview shows what the settings say."""
    qtbot.waitUntil(lambda: panel.seen is not None and panel.seen.number == panel._asked)


def shown(panel: ContourPanel) -> list[tuple[float, float, float, float]]:
    return [(box.x_min, box.y_min, box.x_max, box.y_max) for box in panel.view._overlay.boxes if box.dashed]


def saved(session: Session, name: str) -> ImageLabels:
    image = next(one for one in session.store.images() if Path(one.path).name == name)
    return labels.read_labels(session.store, [image.hash])[image.hash]


def type_number(qtbot, panel: ContourPanel, name: str, text: str) -> None:
    spin = panel.form.numbers[name].spin
    spin.setFocus()
    spin.selectAll()
    qtbot.keyClicks(spin, text)
    qtbot.keyClick(spin, Qt.Key.Key_Return)
    rest(qtbot, panel)


def choose(qtbot, panel: ContourPanel, name: str, value: str) -> None:
    choice = panel.form.choices[name]
    choice.setFocus()
    way = choice.findData(value) - choice.currentIndex()
    for _ in range(abs(way)):
        qtbot.keyClick(choice, Qt.Key.Key_Down if way > 0 else Qt.Key.Key_Up)
    rest(qtbot, panel)


def test_that_the_preview_follows_typing_sliding_and_choosing(panel: ContourPanel, qtbot) -> None:
    assert shown(panel) == [(19, 19, 61, 71), (99, 39, 151, 91)]
    type_number(qtbot, panel, "margin", "5")
    assert shown(panel)[0] == (15, 15, 65, 75)
    qtbot.keyClick(panel.form.numbers["margin"].slider, Qt.Key.Key_Left)
    rest(qtbot, panel)
    assert shown(panel)[0] == (16, 16, 64, 74)
    type_number(qtbot, panel, "smallest", "4")
    assert len(shown(panel)) == 3
    type_number(qtbot, panel, "largest", "20")
    assert len(shown(panel)) == 1
    type_number(qtbot, panel, "largest", "0")
    type_number(qtbot, panel, "merge_distance", "60")
    assert len(shown(panel)) == 1
    qtbot.mouseClick(panel.reset_button, LEFT)
    rest(qtbot, panel)
    choose(qtbot, panel, "tone", "light")
    assert shown(panel) == []
    assert not panel.apply_one.isEnabled()
    assert panel._words.text().startswith("Nothing stands out")
    choose(qtbot, panel, "tone", "dark")
    choose(qtbot, panel, "threshold", "adaptive")
    assert panel.form.numbers["window"].isVisible()
    assert len(shown(panel)) == 2


def test_that_this_picture_gets_proposals_of_the_chosen_class_in_one_step_of_undo(
    panel: ContourPanel, session: Session, desk: LabelDesk, qtbot
) -> None:
    said: list[str] = []
    panel.applied.connect(said.append)
    qtbot.mouseClick(panel.apply_one, LEFT)
    qtbot.waitUntil(lambda: not session.jobs.jobs)
    assert said == ["2 new boxes from contours."]
    found = saved(session, "a.png").proposals
    assert [(one.box.class_id, one.source, one.score) for one in found] == [(2, "contours", 1.0)] * 2
    desk.undo()
    qtbot.waitUntil(lambda: not session.jobs.jobs)
    assert saved(session, "a.png") == ImageLabels()


def test_that_all_to_do_get_boxes_and_the_outcome_counts_what_could_not_be_read(
    panel: ContourPanel, session: Session, desk: LabelDesk, qtbot
) -> None:
    assert panel.apply_all.text() == "Apply to all 4 to do"
    qtbot.mouseClick(panel.as_boxes, LEFT, pos=QPoint(12, 12))
    with qtbot.waitSignal(panel.applied) as said:
        qtbot.mouseClick(panel.apply_all, LEFT)
    assert said.args == ["3 new boxes on 2 pictures. 1 picture could not be read."]
    qtbot.waitUntil(lambda: not panel.is_busy)
    assert panel._words.text() == said.args[0]
    light = saved(session, "b.png")
    assert light.boxes is not None
    assert (light.boxes[0].origin, light.done) == (Origin("accepted", "contours"), False)
    assert len(labels.diary(session.store)) == 1
    assert saved(session, "done.png").proposals == ()
    assert panel.apply_all.text() == "Apply to all 2 to do"
    rest(qtbot, panel)
    assert panel._count.text() == "0 new boxes"  # they are there now


def test_that_contours_on_boxes_that_are_there_are_not_new(session: Session, desk: LabelDesk, qtbot) -> None:
    panel = opened(session, desk, "done.png", qtbot)
    rest(qtbot, panel)
    qtbot.waitUntil(lambda: panel._words.text() == "Everything that stands out has a box already.")
    assert not panel.apply_one.isEnabled()
    put_away(panel)


def test_that_a_picture_that_cannot_be_read_says_why_and_the_others_can_still_be_done(
    session: Session, desk: LabelDesk, qtbot
) -> None:
    panel = opened(session, desk, "gone.png", qtbot)
    qtbot.waitUntil(lambda: panel._count.text() == "This picture cannot be read")
    assert not panel.apply_one.isEnabled()
    assert panel.apply_all.isEnabled()
    put_away(panel)


def test_that_closing_while_it_works_lets_the_work_finish(
    panel: ContourPanel, session: Session, desk: LabelDesk, qtbot
) -> None:
    qtbot.mouseClick(panel.apply_all, LEFT)
    qtbot.keyClick(panel, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not isValid(panel))
    assert len(saved(session, "a.png").proposals) == 2


def test_that_a_page_that_goes_takes_the_panel_and_its_thread_along(session: Session, desk: LabelDesk, qtbot) -> None:
    page = QWidget()
    image = session.data.images[0]
    panel = ContourPanel(session, desk, image, 1, page)
    panel.open()
    looker = panel._looker
    page.deleteLater()
    QApplication.sendPostedEvents(None, 52)
    assert not isValid(panel)
    assert looker.closed


def test_that_cancelling_changes_nothing(panel: ContourPanel, session: Session, qtbot) -> None:
    held = threading.Event()
    session.jobs.run("", lambda progress: held.wait(10), lane="contours", quiet=True)
    qtbot.mouseClick(panel.apply_all, LEFT)
    assert not panel.apply_all.isEnabled()
    qtbot.mouseClick(panel.cancel_button, LEFT)
    held.set()
    qtbot.waitUntil(lambda: not panel.is_busy and not session.jobs.jobs)
    assert labels.diary(session.store) == []
    assert panel.apply_all.isEnabled()


def test_that_settings_are_remembered_and_damaged_ones_forgotten(
    panel: ContourPanel, session: Session, desk: LabelDesk, qtbot
) -> None:
    type_number(qtbot, panel, "margin", "7")
    put_away(panel)
    again = opened(session, desk, "a.png", qtbot)
    assert again.form.settings().margin == 7
    put_away(again)
    session.settings.set_text("contours", '{"margin": "seven"}')
    plain = opened(session, desk, "a.png", qtbot)
    assert plain.form.settings().margin == 1
    put_away(plain)


def test_that_nothing_that_is_typed_makes_an_error(panel: ContourPanel, session: Session, qtbot) -> None:
    failed: list[object] = []
    session.failed.connect(failed.append)
    choose(qtbot, panel, "threshold", "adaptive")
    for name in panel.form.numbers:
        for text in ("", "-", "99999999", "-5", "abc", "0"):
            type_number(qtbot, panel, name, text)
    assert failed == []
    assert panel.isVisible()


def test_that_a_project_without_classes_says_what_to_do_first(tmp_path: Path, qtbot) -> None:
    picture = draw_picture(tmp_path / "a.png", spotted(*SPOTS))
    with ProjectStore.create(tmp_path / "p", task=Task.DETECTION) as store:
        store.import_images([ImportedImage(facts=inspect(picture.path), path=picture.path, mtime_ns=1)])
        session = Session(store, Settings(tmp_path / "window.ini"))
        session.reload()
        qtbot.waitUntil(lambda: session.loaded)
        panel = opened(session, LabelDesk(session), "a.png", qtbot)
        assert panel._words.text() == "Add a class first: each box needs one."
        assert not panel.apply_one.isEnabled()
        assert not panel.apply_all.isEnabled()
        put_away(panel)
        session.close()


def test_that_noise_is_told_apart_from_objects_and_cannot_be_applied(tmp_path: Path, qtbot) -> None:
    specks = np.full((400, 400, 3), 255, np.uint8)
    specks[::8, ::8] = 0
    picture = draw_picture(tmp_path / "a.png", specks)
    with ProjectStore.create(tmp_path / "p", task=Task.DETECTION) as store:
        store.add_classes(["bolt"])
        store.import_images([ImportedImage(facts=inspect(picture.path), path=picture.path, mtime_ns=1)])
        session = Session(store, Settings(tmp_path / "window.ini"))
        session.reload()
        qtbot.waitUntil(lambda: session.loaded)
        panel = opened(session, LabelDesk(session), "a.png", qtbot)
        for name in ("merge_distance", "margin"):
            type_number(qtbot, panel, name, "0")
        type_number(qtbot, panel, "smallest", "1")
        assert panel._count.text() == "More than 2,000 boxes"
        assert panel._words.text().startswith("That is texture or noise.")
        assert not panel.apply_one.isEnabled()
        assert shown(panel) == []
        put_away(panel)
        session.close()


def test_that_a_project_that_is_only_read_shows_contours_and_takes_none(
    session: Session, tmp_path: Path, qtbot
) -> None:
    with ProjectStore.open(session.path, for_writing=False) as store:
        reading = Session(store, Settings(tmp_path / "window.ini"))
        reading.reload()
        qtbot.waitUntil(lambda: reading.loaded)
        panel = opened(reading, LabelDesk(reading), "a.png", qtbot)
        assert len(shown(panel)) == 2
        assert panel._words.text() == reading.reading_only
        assert not panel.apply_one.isEnabled()
        assert not panel.apply_all.isEnabled()
        put_away(panel)
        reading.close()


def test_that_a_longer_language_fits(session: Session, desk: LabelDesk, qapp, qtbot) -> None:
    translator = speak(qapp)
    panel = opened(session, desk, "a.png", qtbot)
    choose(qtbot, panel, "threshold", "adaptive")
    QApplication.processEvents()  # the layout follows the new texts
    texts = untranslated(panel), clipped(panel)
    put_away(panel)
    qapp.removeTranslator(translator)
    assert texts == ([], [])
