"""One picture large: zoom, walking through a list, pictures that cannot be read."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from app import theme
from app.widgets.gallery.overlay import Overlay, OverlayBox
from app.widgets.gallery.picture_dialog import PictureDialog
from core.domain.dataset import Image
from tests.gui.canvas import turn_wheel
from tests.gui.pictures import draw_numbered, draw_picture

NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Image]:
    folder = tmp_path_factory.mktemp("pictures")
    quarters = np.zeros((600, 800, 3), np.uint8)
    quarters[300:, 400:] = (200, 0, 0)
    return [*draw_numbered(folder, 3), draw_picture(folder / "quarters.png", quarters)]


def overlay_of(image: Image) -> Overlay:
    if image.width < 100:
        return Overlay(caption=f"grey {Path(image.path).stem}")
    return Overlay(boxes=(OverlayBox(10, 10, 90, 90, 0, text="cat"), OverlayBox(20, 20, 99, 99, 0, True, "cat 91 %")))


@pytest.fixture
def dialog(qtbot, pictures: list[Image]) -> Iterator[PictureDialog]:
    made = PictureDialog(pictures, 0, overlay_of)
    made.open()
    qtbot.waitExposed(made)
    yield made
    close(made)


def close(dialog: PictureDialog) -> None:
    if isValid(dialog):
        dialog.close()
    QApplication.sendPostedEvents(None, 52)  # deferred deletes
    QApplication.processEvents()


def press(qtbot, dialog: PictureDialog, key: Qt.Key) -> None:
    qtbot.keyClick(dialog.view, key)


def colour_at(dialog: PictureDialog, across: float, down: float) -> QColor:
    seen = dialog.view.grab().toImage()
    return seen.pixelColor(int(seen.width() * across), int(seen.height() * down))


def show(qtbot, dialog: PictureDialog, index: int) -> None:
    dialog.go_to(index)
    qtbot.waitUntil(lambda: bool(dialog.view._tiles))


def test_that_arrow_keys_walk_through_the_list_and_stop_at_its_ends(qtbot, dialog):
    walked = []
    dialog.walked.connect(walked.append)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_End, Qt.Key.Key_Right):
        press(qtbot, dialog, key)

    assert walked == [1, 2, 1, 3]
    qtbot.waitUntil(lambda: colour_at(dialog, 0.6, 0.7).red() == 200)


def test_that_the_latest_picture_is_shown_however_fast_one_walks(qtbot, dialog):
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left):
        press(qtbot, dialog, key)

    qtbot.waitUntil(lambda: colour_at(dialog, 0.5, 0.5).red() == 41)
    assert dialog._name.text() == "001.png"
    assert dialog._facts.text() == "2 of 4  ·  64 × 48 pixels"
    assert dialog._caption.text() == "grey 001"


def test_that_the_wheel_zooms_at_the_pointer(qtbot, dialog):
    show(qtbot, dialog, 3)
    at = QPointF(dialog.view.width() * 0.6, dialog.view.height() * 0.4)
    before, scale = dialog.view.image_point(at), dialog.view.scale
    turn_wheel(dialog.view, at, 3)

    assert dialog.view.scale == pytest.approx(scale * 1.25**3)
    assert (dialog.view.image_point(at) - before).manhattanLength() < 0.01
    turn_wheel(dialog.view, at, -20)
    assert dialog.view.scale == pytest.approx(min(scale, 1.0))


def test_that_dragging_moves_the_picture_and_never_out_of_the_view(qtbot, dialog):
    show(qtbot, dialog, 3)
    press(qtbot, dialog, Qt.Key.Key_1)
    for _ in range(8):
        press(qtbot, dialog, Qt.Key.Key_Plus)
    middle = QPointF(dialog.view.rect().center())
    before = dialog.view.image_point(middle)
    drag(qtbot, dialog, QPoint(300, 200), QPoint(250, 180))
    moved = dialog.view.image_point(middle) - before
    assert moved.x() * dialog.view.scale == pytest.approx(50)
    assert moved.y() * dialog.view.scale == pytest.approx(20)

    for _ in range(20):
        drag(qtbot, dialog, QPoint(10, 10), QPoint(700, 500))
    assert dialog.view.image_point(QPointF(0, 0)).manhattanLength() < 0.01


def drag(qtbot, dialog: PictureDialog, start: QPoint, end: QPoint) -> None:
    qtbot.mousePress(dialog.view, Qt.MouseButton.LeftButton, NONE, start)
    qtbot.mouseMove(dialog.view, end)
    qtbot.mouseRelease(dialog.view, Qt.MouseButton.LeftButton, NONE, end)


def test_that_keys_fit_and_show_one_to_one(qtbot, dialog):
    show(qtbot, dialog, 3)
    press(qtbot, dialog, Qt.Key.Key_1)
    assert (dialog.view.scale, dialog._zoom.text()) == (1.0, "100 %")
    press(qtbot, dialog, Qt.Key.Key_0)
    assert dialog.view.fitted
    qtbot.mouseDClick(dialog.view, Qt.MouseButton.LeftButton)
    assert dialog.view.scale == 1.0


def test_that_a_box_lies_on_the_pixels_that_it_names(qtbot, dialog):
    show(qtbot, dialog, 3)
    colour = QColor(theme.current().classes[0])
    seen = dialog.view.grab().toImage()
    scale = dialog.view.width() / 800
    scale = min(scale, dialog.view.height() / 600)
    left = round(dialog.view.width() / 2 + (10 - 400) * scale)
    row = round(dialog.view.height() / 2 + (60 - 300) * scale)

    assert colour in [seen.pixelColor(left + shift, row) for shift in range(-2, 4)]


def test_that_the_legend_stands_only_where_truth_and_prediction_are_both_drawn(qtbot, dialog):
    assert not dialog._legend.isVisible()
    dialog.go_to(3)
    assert dialog._legend.isVisible()
    assert "Dashed" in dialog._legend.text()


def test_that_boxes_can_be_hidden(qtbot, dialog):
    show(qtbot, dialog, 3)
    with_boxes = dialog.view.grab().toImage()
    press(qtbot, dialog, Qt.Key.Key_B)
    without = dialog.view.grab().toImage()
    press(qtbot, dialog, Qt.Key.Key_B)

    assert without != with_boxes
    assert dialog.view.grab().toImage() == with_boxes


def test_that_a_picture_that_is_gone_is_told_in_words_and_the_next_one_shows(qtbot, pictures, tmp_path):
    gone = replace(pictures[0], path=str(tmp_path / "gone.png"))
    dialog = PictureDialog([gone, pictures[1]], 0, overlay_of)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.view._notice is not None)
    assert "gone.png is not there" in dialog.view._notice.title
    seen = dialog.view.grab().toImage()
    middle = [seen.pixelColor(x, seen.height() // 2 + y) for x in range(seen.width()) for y in range(-40, 40, 2)]
    assert QColor(theme.current().text) in middle
    press(qtbot, dialog, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: colour_at(dialog, 0.5, 0.5).red() == 41)
    close(dialog)


def test_that_escape_closes_and_ends_the_reading(qtbot, dialog):
    reader = dialog._reader
    press(qtbot, dialog, Qt.Key.Key_Escape)

    assert reader.closed
    assert not isValid(dialog) or not dialog.isVisible()
