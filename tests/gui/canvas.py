"""A canvas on which one pixel of the window is one of the picture, and a hand that holds the mouse."""

from collections.abc import Iterator, Sequence

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.widgets.canvas.image_canvas import ImageCanvas
from app.widgets.gallery.overlay import ClassLook
from core.domain.annotation import Box
from core.domain.labels import ImageLabels, LabelledBox, Proposal

WIDTH, HEIGHT, MARGIN = 776, 576, 12  # of the picture; the canvas has a margin around it
LOOKS = {1: ClassLook(0, "gear"), 2: ClassLook(1, "screw"), 7: ClassLook(6, "nut")}
NONE = Qt.KeyboardModifier.NoModifier
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton

Edit = tuple[str, tuple[str, ...], ImageLabels]


class Hand:
    """Real mouse events at points of the picture, and what came of them."""

    def __init__(self, canvas: ImageCanvas) -> None:
        self.canvas = canvas
        self.edits: list[Edit] = []
        self.asked: list[QPoint] = []
        canvas.edited.connect(lambda *edit: self.edits.append(edit))
        canvas.class_wanted.connect(self.asked.append)

    @property
    def labels(self) -> ImageLabels:
        """After the last edit."""
        return self.edits[-1][2]

    @property
    def verbs(self) -> list[str]:
        return [verb for verb, *_ in self.edits]

    def at(self, x: float, y: float) -> QPoint:
        return self.canvas.window_point(QPointF(x, y)).toPoint()

    def press(self, x: float, y: float, keys: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = LEFT) -> None:
        QTest.mousePress(self.canvas, button, keys, self.at(x, y))

    def move(self, x: float, y: float) -> None:
        QTest.mouseMove(self.canvas, self.at(x, y))

    def release(self, x: float, y: float, keys: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = LEFT) -> None:
        QTest.mouseRelease(self.canvas, button, keys, self.at(x, y))

    def click(self, x: float, y: float, keys: Qt.KeyboardModifier = NONE) -> None:
        QTest.mouseMove(self.canvas, self.at(x, y))
        QTest.mouseClick(self.canvas, LEFT, keys, self.at(x, y))

    def drag(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        keys: Qt.KeyboardModifier = NONE,
        button: Qt.MouseButton = LEFT,
    ) -> None:
        self.move(*start)
        self.press(*start, keys, button)
        for share in (0.3, 0.7, 1.0):
            self.move(start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
        self.release(*end, keys, button)

    def turn_wheel(self, at: QPointF, notches: int) -> None:
        turn_wheel(self.canvas, at, notches)

    def colour_at(self, x: float, y: float, painted: QImage | None = None) -> QColor:
        seen = self.canvas.grab().toImage() if painted is None else painted
        return seen.pixelColor(self.at(x, y))


def made_canvas(boxes: Sequence[Box] | None = (), proposals: Sequence[Proposal] = (), done: bool = True) -> ImageCanvas:
    """Shown, with class 1 to draw and a grey picture; factor 1."""
    canvas = ImageCanvas()
    canvas.resize(WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN)
    canvas.show()
    canvas.expect(QSizeF(WIDTH, HEIGHT), None)
    canvas.show_levels([grey()])
    canvas.set_labels(labels_with(boxes, proposals, done), LOOKS)
    canvas.current_class = 1
    canvas.set_guides(False)
    return canvas


def labels_with(boxes: Sequence[Box] | None = (), proposals: Sequence[Proposal] = (), done: bool = True) -> ImageLabels:
    labelled = None if boxes is None else tuple(LabelledBox(box) for box in boxes)
    return ImageLabels(boxes=labelled, proposals=tuple(proposals), done=done)


def grey(width: int = WIDTH, height: int = HEIGHT, value: int = 120) -> QImage:
    picture = QImage(width, height, QImage.Format.Format_RGB888)
    picture.fill(QColor(value, value, value))
    return picture


def picture_of(pixels: np.ndarray) -> QImage:
    """uint8 ``[h, w, 3]``."""
    height, width = pixels.shape[:2]
    return QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def boxes(labels: ImageLabels) -> list[Box]:
    return [one.box for one in labels.boxes or ()]


def hand_on(canvas: ImageCanvas) -> Iterator[Hand]:
    yield Hand(canvas)
    canvas.close()
    canvas.deleteLater()


def turn_wheel(widget: QWidget, at: QPointF, notches: int) -> None:
    """Towards the screen (zoom in) by positive notches; ``at`` in pixels of the widget."""
    event = QWheelEvent(
        at,
        widget.mapToGlobal(at),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        NONE,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)
