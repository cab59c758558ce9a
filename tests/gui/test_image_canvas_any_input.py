"""Whatever a user does with mouse and keys, in any order: no exception, and boxes stay boxes in the picture."""

import random
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QPointF, QSizeF, Qt
from PySide6.QtTest import QTest

from core.domain.annotation import Box
from core.domain.labels import ImageLabels, Proposal
from tests.gui.canvas import CONTROL, HEIGHT, LOOKS, NONE, SHIFT, WIDTH, Hand, hand_on, labels_with, made_canvas

ROUNDS = 600


@pytest.fixture
def hand(qapp) -> Iterator[Hand]:
    yield from hand_on(made_canvas())


def some_labels(chance: random.Random) -> ImageLabels | None:
    def box() -> Box:
        x, y = chance.uniform(0, WIDTH - 5), chance.uniform(0, HEIGHT - 5)
        return Box(x, y, chance.uniform(x + 1, WIDTH), chance.uniform(y + 1, HEIGHT), chance.choice([1, 2, 7, 99]))

    if chance.random() < 0.1:
        return None
    proposals = [Proposal(box(), chance.random(), "run") for _ in range(chance.randrange(4))]
    return labels_with([box() for _ in range(chance.randrange(6))], proposals, chance.random() < 0.5)


def actions(hand: Hand, chance: random.Random) -> list[Callable[[], object]]:
    canvas = hand.canvas

    def point() -> tuple[float, float]:
        return chance.uniform(-20, WIDTH + 20), chance.uniform(-20, HEIGHT + 20)

    def keys() -> Qt.KeyboardModifier:
        return chance.choice([NONE, NONE, NONE, CONTROL, SHIFT, CONTROL | SHIFT])

    def key() -> Qt.Key:
        return chance.choice([Qt.Key.Key_Space, Qt.Key.Key_Escape, Qt.Key.Key_A])

    return [
        *[lambda: hand.press(*point(), keys())] * 4,
        *[lambda: hand.move(*point())] * 6,
        *[lambda: hand.release(*point(), keys())] * 4,
        *[lambda: hand.drag(point(), point(), keys())] * 4,
        *[lambda: hand.click(*point(), keys())] * 4,
        lambda: QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, keys(), hand.at(*point())),
        lambda: hand.drag(point(), point(), keys(), Qt.MouseButton.MiddleButton),
        lambda: hand.turn_wheel(QPointF(*point()), chance.randrange(-5, 6)),
        lambda: QTest.keyPress(canvas, key()),
        *[lambda: QTest.keyRelease(canvas, Qt.Key.Key_Space)] * 4,
        *[lambda: canvas.set_labels(some_labels(chance), LOOKS)] * 3,
        lambda: [canvas.expect(QSizeF(WIDTH, HEIGHT), None), canvas.set_labels(some_labels(chance), LOOKS)],
        lambda: canvas.select([chance.randrange(-1, 9)]),
        lambda: setattr(canvas, "current_class", chance.choice([1, 2, 2, 7, 7, None])),
        lambda: setattr(canvas, "training_size", chance.choice([None, 64, 640])),
        lambda: canvas.set_writable(chance.random() < 0.9),
        lambda: canvas.set_boxes_shown(chance.random() < 0.9),
        lambda: canvas.nudge(chance.uniform(-20, 20), chance.uniform(-900, 900)),
        lambda: canvas.set_class_of_selected(chance.choice([1, 2, 7])),
        canvas.delete_selected,
        canvas.duplicate_selected,
        canvas.copy_selected,
        canvas.paste,
        canvas.select_all,
        canvas.select_next,
        canvas.accept_selected,
        canvas.accept_all,
        canvas.refuse_selected,
        canvas.refuse_all,
        canvas.zoom_to_selected,
        canvas.fit,
        canvas.cancel,
        canvas.grab,
    ]


@pytest.mark.parametrize("seed", range(4))
def test_that_no_order_of_events_harms_a_box(hand, seed):
    chance = random.Random(seed)
    possible = actions(hand, chance)
    for _ in range(ROUNDS):
        chance.choice(possible)()

    assert len(hand.edits) > 20
    for verb, detail, labels in hand.edits:
        assert all(isinstance(word, str) for word in detail), verb
        for one in labels.boxes or ():
            assert 0 <= one.box.x_min < one.box.x_max <= WIDTH, verb
            assert 0 <= one.box.y_min < one.box.y_max <= HEIGHT, verb
