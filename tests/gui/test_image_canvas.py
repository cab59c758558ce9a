"""Boxes drawn and changed by real mouse events."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QSizeF, Qt
from PySide6.QtGui import QContextMenuEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from core.domain.annotation import Box
from core.domain.labels import ImageLabels, LabelledBox, Origin
from tests.gui.canvas import (
    CONTROL,
    HEIGHT,
    LEFT,
    LOOKS,
    NONE,
    SHIFT,
    WIDTH,
    Hand,
    boxes,
    hand_on,
    labels_with,
    made_canvas,
)

BOX = Box(100, 100, 200, 180, 1)
OTHER = Box(400, 300, 500, 400, 2)
AROUND = Box(50, 50, 300, 300, 2)


@pytest.fixture
def hand(qapp, request) -> Iterator[Hand]:
    yield from hand_on(made_canvas(*getattr(request, "param", ((),))))


def on(*them: Box) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("hand", [(them,)], indirect=True, ids=[""])


# Drawing


@pytest.mark.parametrize("hand", [(None,)], indirect=True)
def test_that_a_drag_draws_a_box_and_the_image_is_in_progress(hand):
    hand.drag((50, 60), (150, 200))

    assert hand.edits == [("draw", ("gear",), ImageLabels(boxes=(LabelledBox(Box(50, 60, 150, 200, 1)),), done=False))]
    assert hand.labels.boxes[0].origin == Origin("drawn")
    assert hand.canvas.selection == (0,)


def test_that_an_image_that_is_done_stays_done(hand):
    hand.drag((150, 200), (50, 60))

    assert boxes(hand.labels) == [Box(50, 60, 150, 200, 1)]
    assert hand.labels.done


def test_that_two_clicks_draw_a_box_and_two_more_the_next(hand):
    hand.click(50, 60)
    hand.move(100, 100)
    assert hand.edits == []
    hand.click(150, 200)
    hand.click(300, 300)
    hand.click(350, 360)

    assert hand.verbs == ["draw", "draw"]
    assert boxes(hand.labels) == [Box(50, 60, 150, 200, 1), Box(300, 300, 350, 360, 1)]


def test_that_a_second_click_at_the_same_place_leaves_the_box_that_was_begun(hand):
    hand.click(50, 60)
    hand.click(51, 60)
    hand.move(300, 300)
    assert hand.canvas._gesture is None
    assert hand.edits == []


@on(BOX)
def test_that_a_click_beside_a_chosen_box_only_takes_the_choice_away(hand):
    hand.click(150, 140)
    assert hand.canvas.selection == (0,)
    hand.click(600, 500)
    hand.click(150, 140)

    assert hand.canvas.selection == (0,)
    assert hand.edits == []


def test_that_a_box_ends_at_the_edge_of_the_picture(hand):
    hand.drag((WIDTH - 50, HEIGHT - 40), (WIDTH + 11, HEIGHT + 11))
    hand.drag((20, 20), (-11, -11))

    assert boxes(hand.labels) == [Box(WIDTH - 50, HEIGHT - 40, WIDTH, HEIGHT, 1), Box(0, 0, 20, 20, 1)]


def test_that_a_drag_shorter_than_four_pixels_or_a_thin_one_draws_nothing(hand):
    hand.drag((50, 60), (52, 62))
    hand.canvas.cancel()
    hand.drag((50, 60), (200, 61))

    assert hand.edits == []
    assert "3 pixels" in hand.canvas._hint.text


@pytest.mark.parametrize("class_id", [None, 99])
def test_that_drawing_without_a_class_is_refused_with_a_hint(hand, class_id):
    hand.canvas.current_class = class_id
    hand.drag((50, 60), (150, 200))

    assert hand.edits == []
    assert "class" in hand.canvas._hint.text
    hand.canvas.hide()
    assert hand.canvas._hint.text == ""


@on(BOX)
def test_that_nothing_changes_where_labels_can_only_be_looked_at(hand):
    hand.canvas.set_writable(False)
    hand.drag((300, 300), (350, 350))
    hand.drag((150, 140), (250, 240))
    hand.click(600, 500)
    hand.canvas.select([0])
    hand.canvas.delete_selected()
    hand.canvas.nudge(1, 0)
    hand.canvas.set_class_of_selected(2)
    hand.canvas.duplicate_selected()

    assert hand.edits == []
    assert "only be looked at" in hand.canvas._hint.text
    assert hand.canvas.selection == (0,)


@on(AROUND)
def test_that_control_draws_over_a_box(hand):
    hand.drag((100, 100), (200, 200), CONTROL)

    assert hand.verbs == ["draw"]
    assert boxes(hand.labels) == [AROUND, Box(100, 100, 200, 200, 1)]


@pytest.mark.parametrize("by_clicks", [False, True])
def test_that_escape_leaves_a_box_half_drawn(hand, by_clicks):
    if by_clicks:
        hand.click(50, 60)
    else:
        hand.press(50, 60)
    hand.move(150, 200)
    assert hand.canvas._gesture is not None
    QTest.keyClick(hand.canvas, Qt.Key.Key_Escape)
    hand.release(150, 200)
    hand.move(200, 200)

    assert hand.edits == []
    assert hand.canvas._gesture is None


# Moving and resizing


@on(BOX, OTHER)
def test_that_a_box_is_moved_and_keeps_its_size_at_the_edge(hand):
    hand.drag((150, 140), (170, 130))
    hand.drag((170, 130), (10, 130))

    assert [edit[:2] for edit in hand.edits] == [("move", ("gear",)), ("move", ("gear",))]
    assert boxes(hand.edits[0][2]) == [Box(120, 90, 220, 170, 1), OTHER]
    assert boxes(hand.labels) == [Box(0, 90, 100, 170, 1), OTHER]
    assert hand.labels.boxes[0].origin == Origin("edited")


@on(BOX)
def test_that_a_click_with_an_unsteady_hand_moves_nothing(hand):
    hand.drag((150, 140), (152, 142))
    hand.drag((150, 140), (153, 140))

    assert hand.edits == []
    assert hand.canvas.selection == (0,)


@on(BOX, OTHER)
def test_that_all_chosen_boxes_move_together(hand):
    hand.canvas.select([0, 1])
    hand.drag((150, 140), (160, 145))

    assert [edit[:2] for edit in hand.edits] == [("move", ("gear, screw",))]
    assert boxes(hand.labels) == [Box(110, 105, 210, 185, 1), Box(410, 305, 510, 405, 2)]
    assert hand.canvas.selection == (0, 1)


@pytest.mark.parametrize(
    ("handle", "expected"),
    [
        ((100, 100), Box(110, 105, 200, 180, 1)),
        ((150, 100), Box(100, 105, 200, 180, 1)),
        ((200, 100), Box(100, 105, 210, 180, 1)),
        ((200, 140), Box(100, 100, 210, 180, 1)),
        ((200, 180), Box(100, 100, 210, 185, 1)),
        ((150, 180), Box(100, 100, 200, 185, 1)),
        ((100, 180), Box(110, 100, 200, 185, 1)),
        ((100, 140), Box(110, 100, 200, 180, 1)),
    ],
)
@on(BOX)
def test_that_each_handle_resizes(hand, handle, expected):
    hand.click(150, 140)
    hand.drag(handle, (handle[0] + 10, handle[1] + 5))

    assert [edit[:2] for edit in hand.edits] == [("resize", ("gear",))]
    assert boxes(hand.labels) == [expected]


@on(BOX)
def test_that_a_handle_drawn_over_the_opposite_edge_turns_the_box(hand):
    hand.click(150, 140)
    hand.drag((200, 140), (60, 140))

    assert boxes(hand.labels) == [Box(60, 100, 100, 180, 1)]


@on(BOX)
def test_that_the_cursor_tells_what_a_press_would_do(hand):
    shapes = Qt.CursorShape
    for point, shape in (
        ((600, 500), shapes.CrossCursor),
        ((150, 140), shapes.SizeAllCursor),
        ((101, 101), shapes.SizeFDiagCursor),
        ((199, 101), shapes.SizeBDiagCursor),
        ((199, 140), shapes.SizeHorCursor),
        ((150, 101), shapes.SizeVerCursor),
    ):
        hand.move(*point)
        assert hand.canvas.cursor().shape() is shape
    hand.canvas.mouseMoveEvent(moved_with(hand, (150, 140), CONTROL))
    assert hand.canvas.cursor().shape() is shapes.CrossCursor


def moved_with(hand: Hand, to: tuple[float, float], keys: Qt.KeyboardModifier) -> QMouseEvent:
    """QTest moves the mouse without keys."""
    at = QPointF(hand.at(*to))
    return QMouseEvent(QEvent.Type.MouseMove, at, at, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, keys)


@on(BOX)
def test_that_escape_brings_a_box_back_that_is_being_moved(hand):
    hand.press(150, 140)
    hand.move(250, 240)
    assert hand.canvas.cancel()
    hand.release(250, 240)
    hand.move(300, 300)

    assert hand.edits == []
    assert boxes(hand.canvas._shown) == [BOX]


@on(BOX)
def test_that_a_drag_back_to_where_it_began_is_no_edit(hand):
    hand.press(150, 140)
    hand.move(250, 240)
    hand.move(150, 140)
    hand.release(150, 140)

    assert hand.edits == []


@on(BOX)
def test_that_labels_from_elsewhere_wait_for_the_end_of_a_drag(hand):
    hand.press(150, 140)
    hand.move(160, 150)
    came = labels_with([OTHER, BOX])
    hand.canvas.set_labels(came, LOOKS)
    assert boxes(hand.canvas._shown) == [BOX]
    hand.release(160, 150)

    assert boxes(hand.labels) == [OTHER, Box(110, 110, 210, 190, 1)]


@on(BOX)
def test_that_a_drag_of_a_box_that_is_gone_comes_to_nothing(hand):
    hand.press(150, 140)
    hand.move(160, 150)
    hand.canvas.set_labels(labels_with([]), LOOKS)
    hand.release(160, 150)

    assert hand.edits == []
    assert boxes(hand.canvas._shown) == []
    assert hand.canvas.selection == ()


@on(BOX)
def test_that_labels_from_elsewhere_come_at_once_while_a_second_click_is_awaited(hand):
    hand.click(300, 300)
    hand.move(320, 320)
    hand.canvas.set_labels(labels_with([OTHER]), LOOKS)
    assert boxes(hand.canvas._shown) == [OTHER]
    hand.click(350, 350)

    assert boxes(hand.labels) == [OTHER, Box(300, 300, 350, 350, 1)]


@on(BOX, OTHER)
def test_that_commands_leave_alone_what_the_mouse_holds(hand):
    hand.press(150, 140)
    hand.canvas.delete_selected()
    hand.move(160, 150)
    hand.canvas.delete_selected()
    hand.release(160, 150)

    assert hand.verbs == ["move"]


@on(BOX)
def test_that_the_next_picture_ends_a_drag(hand):
    hand.press(150, 140)
    hand.move(160, 150)
    hand.canvas.expect(QSizeF(WIDTH, HEIGHT), None)
    hand.canvas.set_labels(labels_with([OTHER]), LOOKS)
    hand.release(160, 150)

    assert hand.edits == []
    assert hand.canvas.selection == ()


# Choosing


@on(AROUND, BOX, Box(120, 110, 160, 160, 7))
def test_that_clicks_at_one_place_go_through_the_boxes_there_smallest_first(hand):
    chosen = []
    for _ in range(4):
        hand.click(140, 140)
        chosen.append(hand.canvas.selection)

    assert chosen == [(2,), (1,), (0,), (2,)]
    assert hand.edits == []
    hand.click(70, 70)
    assert hand.canvas.selection == (0,)


@on(AROUND, BOX)
def test_that_the_chosen_box_is_moved_even_below_a_smaller_one(hand):
    hand.click(150, 140)
    hand.click(150, 140)
    hand.drag((150, 140), (160, 140))

    assert boxes(hand.labels) == [Box(60, 50, 310, 300, 2), BOX]


@on(BOX, OTHER, Box(600, 100, 650, 150, 1))
def test_that_control_and_click_adds_and_takes_away(hand):
    hand.click(150, 140)
    hand.click(450, 350, CONTROL)
    assert hand.canvas.selection == (0, 1)
    hand.click(150, 140, CONTROL)
    assert hand.canvas.selection == (1,)


@on(AROUND, BOX, OTHER)
def test_that_a_rubber_band_takes_what_it_touches_but_not_what_surrounds_it(hand):
    hand.drag((90, 90), (150, 120), SHIFT)
    assert hand.canvas.selection == (1,)
    hand.drag((390, 290), (450, 350), SHIFT | CONTROL)
    assert hand.canvas.selection == (1, 2)
    hand.drag((700, 500), (750, 550), SHIFT)
    assert hand.canvas.selection == ()
    assert hand.edits == []


@on(BOX, OTHER)
def test_that_a_selection_stays_where_boxes_stay(hand):
    hand.canvas.select([1])
    hand.canvas.set_labels(labels_with([OTHER]), LOOKS)
    assert hand.canvas.selection == (0,)
    hand.canvas.set_labels(labels_with([BOX]), LOOKS)  # one that moved, for all we know
    assert hand.canvas.selection == (0,)
    hand.canvas.set_labels(labels_with([]), LOOKS)
    assert hand.canvas.selection == ()


@on(BOX, AROUND)
def test_that_a_double_click_asks_for_the_class_and_where_boxes_overlap_goes_on(hand):
    for point in ((70, 70), (150, 140)):
        hand.click(*point)
        QTest.mouseDClick(hand.canvas, LEFT, NONE, hand.at(*point))
    assert len(hand.asked) == 1


@on(BOX, OTHER)
def test_that_the_right_button_chooses_and_asks_for_the_class(hand):
    place = hand.at(150, 140)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, hand.canvas.mapToGlobal(place))
    QApplication.sendEvent(hand.canvas, event)

    assert hand.canvas.selection == (0,)
    assert hand.asked == [hand.canvas.mapToGlobal(place)]
    empty = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, hand.at(700, 500), QPoint())
    QApplication.sendEvent(hand.canvas, empty)
    assert len(hand.asked) == 1
