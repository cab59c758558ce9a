"""The gallery through mouse and keys, with pictures on disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QPoint, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from app import theme
from app.thumbnails import Thumbnails
from app.widgets.gallery import grid_cells
from app.widgets.gallery.grid_layout import CellSize
from app.widgets.gallery.image_grid import ImageGrid
from app.widgets.gallery.overlay import Overlay, OverlayBox
from core.domain.dataset import Image
from tests.gui.pictures import draw_numbered

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Image]:
    return draw_numbered(tmp_path_factory.mktemp("pictures"), 100)


@pytest.fixture
def grid(qtbot, tmp_path: Path, pictures: list[Image]) -> Iterator[ImageGrid]:
    thumbnails = Thumbnails(tmp_path / "cache")
    made = ImageGrid(thumbnails)
    made.resize(700, 500)
    made.set_images(pictures)
    made.show()
    qtbot.waitExposed(made)
    made.setFocus()
    yield made
    made.close()
    thumbnails.close()
    made.deleteLater()
    QApplication.processEvents()


def centre(grid: ImageGrid, index: int) -> QPoint:
    return grid.cell_rect(index).center()


def click(qtbot, grid: ImageGrid, index: int, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    qtbot.mouseClick(grid.viewport(), LEFT, modifier, centre(grid, index))


def press(qtbot, grid: ImageGrid, key: Qt.Key, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    qtbot.keyClick(grid, key, modifier)


def painted(grid: ImageGrid, index: int) -> QColor:
    """The middle of a cell's picture on the screen."""
    cell = grid.cell_rect(index)
    return grid.viewport().grab().toImage().pixelColor(cell.center().x(), cell.top() + 4)


def wait_for_picture(qtbot, grid: ImageGrid, index: int) -> None:
    qtbot.waitUntil(lambda: painted(grid, index).red() == 40 + index, timeout=10_000)


def test_that_pictures_in_sight_come_and_those_out_of_sight_are_not_made(qtbot, grid):
    made = []
    grid._thumbnails.ready.connect(made.append)
    for index in grid.visible_indices():
        wait_for_picture(qtbot, grid, index)

    assert set(made) <= {grid.images[index].hash for index in grid.visible_indices()}
    assert len(grid.visible_indices()) < len(grid.images) / 2


def test_that_the_wheel_brings_other_pictures(qtbot, grid):
    before = grid.visible_indices()
    grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum())

    assert grid.visible_indices()[-1] == 99
    assert grid.visible_indices()[0] > before[-1]
    wait_for_picture(qtbot, grid, 99)


def test_that_clicks_choose_one_add_one_and_choose_a_range(qtbot, grid):
    click(qtbot, grid, 2)
    assert grid.selected() == [2]
    click(qtbot, grid, 5, CTRL)
    assert grid.selected() == [2, 5]
    click(qtbot, grid, 7, SHIFT)
    assert grid.selected() == [5, 6, 7]
    click(qtbot, grid, 6, CTRL)
    assert grid.selected() == [5, 7]
    click(qtbot, grid, 0)
    assert (grid.selected(), grid.current) == ([0], 0)


def test_that_a_click_beside_the_cells_clears_the_selection(qtbot, grid):
    click(qtbot, grid, 1)
    gap = grid.cell_rect(0).topRight() + QPoint(4, 10)
    qtbot.mouseClick(grid.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, gap)

    assert grid.selected() == []


def test_that_every_picture_is_reached_with_the_keyboard(qtbot, grid):
    row = grid._layout.columns
    for key, modifier, current, selected in (
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 0, [0]),  # from nowhere to the first in sight
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 1, [1]),
        (Qt.Key.Key_Down, SHIFT, 1 + row, list(range(1, 2 + row))),
        (Qt.Key.Key_Left, CTRL, row, list(range(1, 2 + row))),
        (Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, row, [*range(1, row), row + 1]),
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier, 99, [99]),
        (Qt.Key.Key_Home, SHIFT, 0, list(range(100))),
    ):
        press(qtbot, grid, key, modifier)
        assert (grid.current, grid.selected()) == (current, selected), key


def test_that_page_down_goes_a_page_and_keeps_the_current_picture_in_sight(qtbot, grid):
    press(qtbot, grid, Qt.Key.Key_Home)
    press(qtbot, grid, Qt.Key.Key_PageDown)

    assert grid.current >= grid.visible_indices()[0]
    assert grid.viewport().rect().contains(grid.cell_rect(grid.current))
    press(qtbot, grid, Qt.Key.Key_PageUp)
    assert grid.current == 0


def test_that_control_a_chooses_all_and_tells_once(qtbot, grid):
    told = []
    grid.selection_changed.connect(lambda: told.append(len(grid.selected())))
    press(qtbot, grid, Qt.Key.Key_A, CTRL)
    press(qtbot, grid, Qt.Key.Key_A, CTRL)

    assert told == [100]


def test_that_enter_and_a_double_click_open(qtbot, grid):
    opened = []
    grid.opened.connect(opened.append)
    press(qtbot, grid, Qt.Key.Key_Home)
    press(qtbot, grid, Qt.Key.Key_Return)
    qtbot.mouseDClick(grid.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, centre(grid, 3))

    assert opened == [0, 3]


def test_that_a_right_click_keeps_a_selection_it_is_in_and_replaces_one_it_is_not_in(qtbot, grid):
    click(qtbot, grid, 1)
    click(qtbot, grid, 3, SHIFT)
    right = Qt.MouseButton.RightButton
    qtbot.mouseClick(grid.viewport(), right, Qt.KeyboardModifier.NoModifier, centre(grid, 2))
    assert grid.selected() == [1, 2, 3]
    qtbot.mouseClick(grid.viewport(), right, Qt.KeyboardModifier.NoModifier, centre(grid, 6))
    assert grid.selected() == [6]


def test_that_current_selection_and_place_stay_with_their_pictures_when_the_list_changes(qtbot, grid, pictures):
    grid.set_current(60)
    click(qtbot, grid, 61, CTRL)
    place = grid.cell_rect(60).top()
    grid.set_images([image for index, image in enumerate(pictures) if index >= grid._layout.columns and index != 61])
    moved = 60 - grid._layout.columns

    assert grid.images[moved] is pictures[60]
    assert (grid.current, grid.selected()) == (-1, [moved])  # the current one, 61, is gone
    assert grid.cell_rect(moved).top() == place


def test_that_a_list_without_the_pictures_seen_before_starts_at_its_top(grid, pictures):
    grid.set_images(pictures[50:])
    grid.verticalScrollBar().setValue(300)
    grid.set_images(pictures[:50])

    assert grid.verticalScrollBar().value() == 0


def test_that_boxes_are_drawn_in_the_colour_of_their_class(qtbot, grid):
    grid.set_overlay(lambda image: Overlay(boxes=(OverlayBox(16, 12, 48, 36, 1),)))
    wait_for_picture(qtbot, grid, 0)
    cell, colour = grid.cell_rect(0), QColor(theme.current().classes[1])
    seen = grid.viewport().grab().toImage()
    edge = round(cell.left() + cell.width() / 4)
    row = [seen.pixelColor(x, cell.top() + cell.width() * 3 // 8) for x in range(edge - 3, edge + 4)]

    assert colour in row


def test_that_a_picture_that_cannot_be_read_has_a_sign_and_its_tool_tip_says_why(qtbot, grid, pictures, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    broken = replace(pictures[0], hash="f" * 32, path=str(tmp_path / "broken.png"))
    grid.set_images([broken, *pictures])
    caution = QColor(theme.current().caution_soft)
    qtbot.waitUntil(
        lambda: grid.viewport().grab().toImage().pixelColor(grid.cell_rect(0).topLeft() + QPoint(3, 3)) == caution
    )

    assert "no picture in a format" in tool_tip(grid, 0)


def tool_tip(grid: ImageGrid, index: int) -> str:
    point = centre(grid, index)
    QApplication.sendEvent(grid.viewport(), QHelpEvent(QEvent.Type.ToolTip, point, grid.viewport().mapToGlobal(point)))
    text = QToolTip.text()
    QToolTip.hideText()
    QApplication.processEvents()
    return text


def test_that_a_tool_tip_names_file_and_size_whatever_the_file_is_called(qtbot, grid, pictures, tmp_path):
    grid.set_images([replace(pictures[0], path="/pictures/<b>50 % & more.png")])

    assert tool_tip(grid, 0) == "/pictures/&lt;b&gt;50 % &amp; more.png<br>64 × 48 pixels"


def test_that_cells_fill_the_width_in_every_size_and_the_first_picture_stays(qtbot, grid):
    grid.verticalScrollBar().setValue(1000)
    columns = []
    for size in CellSize:
        first = grid.visible_indices()[0]
        grid.set_cell_size(size)
        columns.append(grid._layout.columns)
        last = grid.cell_rect(grid._layout.columns - 1)
        assert grid._layout.width - 8 <= last.right() < grid._layout.width
        assert first in grid.visible_indices()

    assert columns == sorted(columns, reverse=True)
    assert len(set(columns)) == 3


def test_that_a_narrower_window_shows_the_same_pictures(qtbot, grid):
    grid.verticalScrollBar().setValue(1000)
    first = grid.visible_indices()[0]
    grid.resize(QSize(420, 500))
    QApplication.processEvents()

    assert first in grid.visible_indices()


def test_that_an_empty_gallery_says_so(qtbot, grid):
    nothing = grid.viewport().grab().toImage()
    grid.set_images([])
    grid.set_empty("No picture fits", "Choose another filter.")
    QApplication.processEvents()
    seen = grid.viewport().grab().toImage()
    middle = [seen.pixelColor(x, y) for x in range(200, 500) for y in range(200, 300)]

    assert seen != nothing
    assert QColor(theme.current().text) in middle
    press(qtbot, grid, Qt.Key.Key_End)
    assert grid.current == -1


def test_that_a_hundred_thousand_pictures_need_no_more_than_those_in_sight(qtbot, grid, pictures):
    many = [replace(pictures[0], hash=f"{n:032x}", path="/gone.png") for n in range(100_000)]
    asked = []
    grid.set_overlay(lambda image: asked.append(image.hash) or Overlay())
    grid.set_images(many)
    press(qtbot, grid, Qt.Key.Key_End)
    QApplication.processEvents()

    assert grid.current == 99_999
    assert grid.viewport().rect().contains(grid.cell_rect(99_999))
    assert len(set(asked)) <= 3 * len(grid.visible_indices())


def test_that_a_gallery_comes_to_rest_even_where_one_cell_takes_longer_than_a_frame_may(qtbot, grid, monkeypatch):
    monkeypatch.setattr(grid_cells, "_DRAWING", -1.0)
    grid._cells.forget()
    grid.resize(1600, 1000)
    qtbot.waitUntil(lambda: grid.is_complete, timeout=20_000)
