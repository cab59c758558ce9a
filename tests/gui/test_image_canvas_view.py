"""What the canvas shows: zoom, movement, light, and the pixels of a few painted states."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest

from app import theme
from app.widgets.gallery.notice import Notice
from core.domain.annotation import Box
from core.domain.labels import ImageLabels, Proposal
from tests.gui.canvas import (
    HEIGHT,
    LOOKS,
    MARGIN,
    MIDDLE,
    WIDTH,
    Hand,
    grey,
    hand_on,
    labels_with,
    made_canvas,
    picture_of,
)

BOX = Box(100, 100, 200, 180, 1)
OTHER = Box(400, 300, 500, 400, 2)
PROPOSAL = Proposal(Box(600, 100, 700, 200, 2), 0.83, "run 0007")
GREY = QColor(120, 120, 120)


@pytest.fixture
def hand(qapp, request) -> Iterator[Hand]:
    yield from hand_on(made_canvas(*getattr(request, "param", ((BOX, OTHER), (PROPOSAL,)))))


def colour_of(index: int) -> QColor:
    return QColor(theme.current().classes[index])


def row(hand: Hand, painted: QImage, start: tuple[int, int], count: int) -> list[QColor]:
    return [hand.colour_at(start[0] + n, start[1], painted) for n in range(count)]


# Zoom and movement


def test_that_a_picture_is_fitted_with_room_at_its_edges(hand):
    assert hand.canvas.fitted
    assert hand.at(0, 0) == QPoint(MARGIN, MARGIN)
    assert hand.colour_at(1, 1) == GREY
    assert hand.colour_at(-2, -2) == QColor(theme.current().background)


def test_that_the_wheel_zooms_at_the_pointer(hand):
    at = QPointF(300, 200)
    before = hand.canvas.image_point(at)
    zooms = []
    hand.canvas.zoomed.connect(lambda: zooms.append(hand.canvas.scale))
    hand.turn_wheel(at, 3)

    assert zooms == [pytest.approx(1.25**3)]
    assert (hand.canvas.image_point(at) - before).manhattanLength() < 1e-6


def test_that_fit_and_one_to_one_and_the_selection_are_shown(hand):
    hand.canvas.set_scale(2.0)
    assert (hand.canvas.scale, hand.canvas.fitted) == (2.0, False)
    hand.canvas.fit()
    assert hand.canvas.fitted
    hand.canvas.select([1])
    hand.canvas.zoom_to_selected()
    middle = hand.canvas.image_point(QPointF(hand.canvas.width() / 2, hand.canvas.height() / 2))
    assert (middle - QPointF(450, 350)).manhattanLength() < 1
    assert hand.canvas.scale == pytest.approx(0.6 * hand.canvas.height() / 100)


@pytest.mark.parametrize("way", ["space", "middle button"])
def test_that_the_picture_is_moved_and_nothing_drawn(hand, way):
    hand.canvas.set_scale(2.0)
    before = hand.canvas.image_point(QPointF(400, 300))
    start, end = QPoint(400, 300), QPoint(350, 280)
    if way == "space":
        QTest.keyPress(hand.canvas, Qt.Key.Key_Space)
        assert hand.canvas.cursor().shape() is Qt.CursorShape.OpenHandCursor
        QTest.mousePress(hand.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
        QTest.mouseMove(hand.canvas, end)
        QTest.mouseRelease(hand.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, end)
        QTest.keyRelease(hand.canvas, Qt.Key.Key_Space)
    else:
        QTest.mousePress(hand.canvas, MIDDLE, Qt.KeyboardModifier.NoModifier, start)
        QTest.mouseMove(hand.canvas, end)
        QTest.mouseRelease(hand.canvas, MIDDLE, Qt.KeyboardModifier.NoModifier, end)

    moved = hand.canvas.image_point(QPointF(400, 300)) - before
    assert (moved.x(), moved.y()) == pytest.approx((25, 10))
    assert hand.edits == []
    assert hand.canvas.cursor().shape() is not Qt.CursorShape.ClosedHandCursor


def test_that_a_box_can_be_drawn_across_more_than_the_window_shows(hand):
    hand.canvas.set_labels(labels_with([]), LOOKS)
    hand.canvas.set_scale(4.0)
    for _ in range(200):  # to the upper left corner
        hand.canvas._view = hand.canvas._view.panned(50, 50)
    QTest.mousePress(hand.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(100, 100))
    outside = QPoint(hand.canvas.width() + 60, hand.canvas.height() + 60)
    for _ in range(60):
        QTest.mouseMove(hand.canvas, outside)
        outside += QPoint(1, 0)
    QTest.mouseRelease(hand.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, outside)

    drawn = hand.labels.boxes[0].box
    assert drawn.width * 4 > hand.canvas.width()
    assert drawn.height * 4 > hand.canvas.height()


def test_that_the_place_of_the_pointer_is_told_in_pixels_of_the_picture(hand):
    places: list[QPointF | None] = []
    hand.canvas.pointer_moved.connect(places.append)
    hand.move(300, 200)
    hand.move(-5, 200)
    assert places[-2:] == [QPointF(300, 200), None]


def test_that_going_through_boxes_brings_them_into_sight(hand):
    hand.canvas.set_scale(4.0)
    for _ in range(3):
        hand.canvas.select_next()
        box = hand.canvas._labels
        assert box is not None
        item = next(iter(hand.canvas._chosen))
        where = PROPOSAL.box if item.proposed else (BOX, OTHER)[item.number]
        at = hand.canvas.window_point(QPointF((where.x_min + where.x_max) / 2, (where.y_min + where.y_max) / 2))
        assert hand.canvas.rect().contains(at.toPoint())


# Painted states


def test_that_a_box_is_drawn_on_its_own_pixels(hand):
    painted = hand.canvas.grab().toImage()
    blue = colour_of(0)

    left, right = row(hand, painted, (98, 140), 5), row(hand, painted, (197, 140), 5)
    assert left[2:4] == [blue, blue]
    assert right[1:3] == [blue, blue]
    assert blue not in (left[0], left[1], left[4], right[0], right[3], right[4])
    assert left[0] == GREY
    assert left[1].red() > GREY.red()  # the rim that parts it from any picture


def test_that_a_chosen_box_has_eight_handles_and_a_wider_line(hand):
    hand.canvas.select([0])
    painted = hand.canvas.grab().toImage()
    blue, surface = colour_of(0), QColor(theme.current().surface)

    for x in (101, 150, 199):
        for y in (101, 140, 179):
            if (x, y) != (150, 140):
                assert hand.colour_at(x, y, painted) == surface
    assert row(hand, painted, (99, 125), 3) == [blue] * 3
    assert hand.colour_at(170, 160, painted) != GREY  # a breath of its colour
    assert row(hand, painted, (399, 350), 1) != [colour_of(1)]  # the other one as before


def test_that_a_proposal_is_dashed(hand):
    painted = hand.canvas.grab().toImage()
    line = [hand.colour_at(630 + n, 100, painted) == colour_of(1) for n in range(40)]

    assert sum(line) == 24  # six of ten
    assert line[:10] == line[10:20] == line[20:30]


@pytest.mark.parametrize(("side", "is_small"), [(776, False), (48, True)])
def test_that_a_box_that_is_small_in_training_has_a_rim_in_the_colour_of_caution(hand, side, is_small):
    hand.canvas.training_size = side  # 100 x 80 pixels of 776 become 6.2 x 4.9
    painted = hand.canvas.grab().toImage()
    rim = row(hand, painted, (98, 140), 2)

    assert (rim == [QColor(theme.current().caution)] * 2) == is_small


def test_that_pixels_have_a_grid_from_eight_hundred_percent_on(hand):
    hand.canvas.set_labels(labels_with([]), LOOKS)
    at = QPointF(hand.canvas.width() / 2, hand.canvas.height() / 2)
    lines = {}
    for scale in (7.9, 8.0):
        hand.canvas.set_scale(scale, at)
        painted = hand.canvas.grab().toImage()
        middle = [painted.pixelColor(x, 301) for x in range(300, 380)]
        lines[scale] = sum(colour != GREY for colour in middle)

    assert lines == {7.9: 0, 8.0: 10}


def test_that_pixels_are_squares_when_enlarged(hand):
    board = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    board[:, 1::2] = 255
    hand.canvas.set_labels(labels_with([]), LOOKS)
    hand.canvas.show_levels([picture_of(board)])
    hand.canvas.set_scale(4.0)
    painted = hand.canvas.grab().toImage()

    assert {painted.pixelColor(x, 300).red() for x in range(200, 400)} == {0, 255}


def test_that_a_preview_is_smooth_however_small_it_is(hand):
    board = np.zeros((48, 64, 3), np.uint8)
    board[:, 1::2] = 255
    hand.canvas.expect(QSizeF(WIDTH, HEIGHT), picture_of(board))
    painted = hand.canvas.grab().toImage()

    assert len({painted.pixelColor(x, 300).red() for x in range(200, 400)}) > 10


def test_that_tiles_leave_no_seam(hand):
    noise = picture_of(np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8))
    hand.canvas.set_labels(labels_with([]), LOOKS)
    hand.canvas.show_levels([noise])
    hand.canvas.set_scale(2.5, QPointF(0, 0))
    painted = hand.canvas.grab(hand.canvas.rect().adjusted(MARGIN, MARGIN, -4, -4)).toImage()
    whole = QImage(painted.size(), QImage.Format.Format_RGB32)
    painter = QPainter(whole)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(QRectF(0, 0, WIDTH * 2.5, HEIGHT * 2.5), noise)
    painter.end()

    assert painted.width() > 520  # more than one tile
    difference = values_of(painted) - values_of(whole)
    assert np.abs(difference).max() <= 8
    assert np.abs(difference).mean() < 1


def values_of(image: QImage) -> np.ndarray:
    """int ``[h, w, 4]``."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.array(image.constBits(), int).reshape(image.height(), image.width(), 4)


def test_that_light_changes_what_is_shown_and_goes_back(hand):
    hand.canvas.set_light(0.2, 0.0, 1.0)
    assert hand.colour_at(300, 500) == QColor(171, 171, 171)
    hand.canvas.set_light(0.0, 0.0, 1.0)
    assert hand.colour_at(300, 500) == GREY


def test_that_boxes_and_names_are_hidden_and_shown(hand):
    hand.canvas.set_names(False)
    without_names = hand.canvas.grab().toImage()
    hand.canvas.set_boxes_shown(False)
    without_boxes = hand.canvas.grab().toImage()
    assert hand.colour_at(105, 92, without_names) == GREY  # where the name would be
    assert hand.colour_at(100, 140, without_boxes) == GREY
    hand.drag((300, 400), (350, 450))
    assert hand.edits == []
    assert "hidden" in hand.canvas._hint.text
    hand.canvas._hint.clear()
    hand.canvas.set_boxes_shown(True)
    hand.canvas.set_names(True)
    assert hand.colour_at(100, 140) == colour_of(0)
    assert hand.colour_at(105, 92) != GREY


def test_that_guides_go_through_the_pointer_where_a_box_can_begin(hand):
    hand.canvas.set_guides(True)
    hand.move(300, 500)
    assert hand.colour_at(300, 30) != GREY
    assert hand.colour_at(30, 500) != GREY
    hand.move(150, 140)  # on a box
    assert hand.colour_at(150, 30) == GREY


def test_that_words_stand_in_place_of_a_picture_that_cannot_be_shown(hand):
    hand.canvas.show_notice(Notice("gone.png is not there.", "Put it back."))
    hand.canvas.set_labels(labels_with([BOX]), LOOKS)
    hand.drag((300, 400), (350, 450))
    hand.click(150, 140)
    painted = hand.canvas.grab().toImage()

    assert hand.edits == []
    assert hand.canvas.selection == ()
    colours = {painted.pixelColor(x, y).name() for x in range(0, painted.width(), 2) for y in range(200, 400, 2)}
    assert theme.current().text.lower() in colours
    assert colour_of(0).name() not in {painted.pixelColor(x, hand.at(0, 140).y()).name() for x in range(5, 200)}


def test_that_a_picture_that_is_still_to_come_shows_its_place_and_its_preview(hand):
    hand.canvas.expect(QSizeF(WIDTH, HEIGHT), None)
    hand.canvas.set_labels(None, LOOKS)
    assert hand.colour_at(300, 300) == QColor(theme.current().line)
    hand.drag((300, 400), (350, 450))
    assert hand.edits == []
    hand.canvas.expect(QSizeF(WIDTH, HEIGHT), grey(97, 72, 60))
    assert hand.colour_at(300, 300) == QColor(60, 60, 60)
    hand.canvas.set_labels(ImageLabels(), LOOKS)
    hand.drag((300, 400), (350, 450))
    assert hand.verbs == ["draw"]


@pytest.mark.parametrize("hand", [((BOX,),)], indirect=True)
def test_that_the_canvas_follows_the_palette(hand, qapp):
    before = hand.colour_at(100, 140)
    theme.apply(qapp, theme.DARK, qapp.font().family())
    try:
        after = hand.colour_at(100, 140)
    finally:
        theme.apply(qapp, theme.LIGHT, qapp.font().family())

    assert (before, after) == (QColor(theme.LIGHT.classes[0]), QColor(theme.DARK.classes[0]))
