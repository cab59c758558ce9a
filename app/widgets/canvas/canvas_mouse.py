"""What the mouse does on the canvas, from the press to the edit."""

import math
from collections.abc import Mapping

from PySide6.QtCore import QEvent, QPointF, QSizeF, Qt
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QImage, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.widgets.canvas import box_editing, gestures, hit_testing, label_editing
from app.widgets.canvas.box_editing import Edge
from app.widgets.canvas.gestures import FAR, Band, Drawing, Gesture, Moving, Press, Resizing
from app.widgets.canvas.hit_testing import Item, Target
from app.widgets.canvas.labelled_picture import LabelledPicture
from app.widgets.gallery.overlay import ClassLook
from core.domain.labels import ImageLabels, LabelledBox

_FOLLOWED = 24.0  # pixels of the window that one move of the mouse brings into sight
_BUTTON, _MODIFIER, _CURSOR = Qt.MouseButton, Qt.KeyboardModifier, Qt.CursorShape
_CURSORS = {
    Edge.LEFT: _CURSOR.SizeHorCursor,
    Edge.RIGHT: _CURSOR.SizeHorCursor,
    Edge.TOP: _CURSOR.SizeVerCursor,
    Edge.BOTTOM: _CURSOR.SizeVerCursor,
    Edge.LEFT | Edge.TOP: _CURSOR.SizeFDiagCursor,
    Edge.RIGHT | Edge.BOTTOM: _CURSOR.SizeFDiagCursor,
    Edge.RIGHT | Edge.TOP: _CURSOR.SizeBDiagCursor,
    Edge.LEFT | Edge.BOTTOM: _CURSOR.SizeBDiagCursor,
}


class CanvasMouse(LabelledPicture):
    """Drag on empty: draw (two clicks do as well); on a box: move; on its edges: resize. Ctrl draws over boxes.

    Shift and drag: rubber band. Click: choose, and further clicks at one place go through the boxes there, smallest
    first; with Ctrl, add or take away. Click on a proposal: accept. Wheel: zoom; middle button or space: move.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._waiting: tuple[ImageLabels | None, Mapping[int, ClassLook]] | None = None
        self._press: Press | None = None
        self._panned_from: QPointF | None = None
        self._space = False
        self._over_boxes = False  # where a drag draws or chooses, whatever lies there
        self._clicked_at: QPointF | None = None
        self._drawn_by_clicks: frozenset[Item] = frozenset()
        self.setMouseTracking(True)

    def expect(self, size: QSizeF, preview: QImage | None) -> None:
        """As above; a drag on the picture before it comes to nothing."""
        self._waiting = None
        self._end_gesture()
        self._clicked_at = None
        super().expect(size, preview)

    def set_labels(self, labels: ImageLabels | None, looks: Mapping[int, ClassLook]) -> None:
        """As above; while a button is down they wait."""
        if self._press is not None:
            self._waiting = (labels, looks)
        else:
            self._waiting = None
            super().set_labels(labels, looks)

    def set_writable(self, writable: bool) -> None:
        self._end_gesture()
        super().set_writable(writable)

    def set_boxes_shown(self, shown: bool) -> None:
        self._end_gesture()
        super().set_boxes_shown(shown)

    def cancel(self) -> bool:
        """Leave the drag that goes on; if there is none, the selection. Whether there was either."""
        if self._end_gesture():
            return True
        had = bool(self._chosen)
        self._choose([])
        return had

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        where = event.position()
        if event.button() == _BUTTON.MiddleButton or (event.button() == _BUTTON.LeftButton and self._space):
            self._panned_from = where
        elif event.button() == _BUTTON.RightButton:
            self._end_gesture()
        elif event.button() == _BUTTON.LeftButton and self._gesture is None and self._can_be_drawn_on():
            self._press = self._pressed(where, event.modifiers())
        self._show_cursor()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        where = event.position()
        self._pointer = where
        if self._panned_from is not None:
            way = where - self._panned_from
            self._panned_from = where
            self._view = self._view.panned(way.x(), way.y())
        elif self._press is not None and self._gesture is None and gestures.is_drag(self._press, _point(where)):
            self._begin(self._press)
        if self._gesture is not None:
            self._follow(where)
            self._gesture = gestures.led_to(self._gesture, self._image_point(where))
        elif self._press is None:
            # With these keys a drag begins on boxes as well as beside them.
            over = event.modifiers() & (_MODIFIER.ControlModifier | _MODIFIER.ShiftModifier)
            found = self._target(where)
            self._hover = Target(found.item) if over else found
            self._over_boxes = bool(over)
        self._show_cursor()
        self.update()
        self.pointer_moved.emit(self._pointer_in_image())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if self._panned_from is not None and event.button() in (_BUTTON.MiddleButton, _BUTTON.LeftButton):
            self._panned_from = None
        elif event.button() == _BUTTON.LeftButton:
            press, self._press = self._press, None
            if self._gesture is not None:
                self._gesture = gestures.led_to(self._gesture, self._image_point(event.position()))
                self._finish(event.position())
            elif press is not None:
                self._take_waiting()
                self._click(press, event.position())
            self._take_waiting()
            self._hover = self._target(event.position())
        self._show_cursor()
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        hits = self._hits(event.position())
        if (
            event.button() == _BUTTON.LeftButton
            and not self._space
            and len(hits) == 1
            and hits[0] in self._chosen
            and self._writable
        ):
            self.class_wanted.emit(event.globalPosition().toPoint())
        else:
            self.mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 (Qt's name)
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            hits = self._hits(QPointF(event.pos()))
            if not hits:
                return
            if not self._chosen & set(hits):
                self._choose(hits[:1])
        if self._chosen and self._writable:
            self.class_wanted.emit(event.globalPos())

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        self._pointer, self._hover = None, Target()
        self.update()
        self.pointer_moved.emit(None)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        super().wheelEvent(event)
        self.pointer_moved.emit(self._pointer_in_image())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() == Qt.Key.Key_Space:
            self._space = True
            self._show_cursor()
        elif event.key() == Qt.Key.Key_Escape and self.cancel():
            event.accept()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self._show_cursor()
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        self._space = False
        self._show_cursor()
        super().focusOutEvent(event)

    # From press to release

    def _pressed(self, where: QPointF, keys: Qt.KeyboardModifier) -> Press:
        shift, control = bool(keys & _MODIFIER.ShiftModifier), bool(keys & _MODIFIER.ControlModifier)
        target = self._target(where)
        selects = not (shift or control) and target.item is not None and target.item not in self._chosen
        if selects and target.item is not None:
            self._choose([target.item])
        return Press(_point(where), self._image_point(where), target, shift, control, selects)

    def _follow(self, where: QPointF) -> None:
        """Bring more of the picture into sight when a drag leaves the window."""
        across = max(0.0, -where.x()) - max(0.0, where.x() - self.width())
        down = max(0.0, -where.y()) - max(0.0, where.y() - self.height())
        if across or down:
            self._view = self._view.panned(
                max(-_FOLLOWED, min(_FOLLOWED, across)), max(-_FOLLOWED, min(_FOLLOWED, down))
            )

    def _begin(self, press: Press) -> None:
        gesture = gestures.gesture_of(press, self._chosen, self._drawn_class())
        if not isinstance(gesture, Band) and not self._may_change():
            self._press = None
        elif gesture is None:
            self._hint.show(self.tr("Choose a class first, then draw."))
            self._press = None
        else:
            if isinstance(gesture, Drawing):
                self._choose([])
            self._gesture = gesture

    def _finish(self, where: QPointF) -> None:
        gesture, self._gesture = self._gesture, None
        gesture = self._carried_over(gesture)
        if isinstance(gesture, Drawing):
            self._finish_drawing(gesture)
        elif isinstance(gesture, Band):
            found = hit_testing.items_in(*self._boxes(), gesture.start, gesture.to)
            self._choose([*found, *(self._chosen if gesture.adds else ())])
        elif gesture is not None:
            boxes = gestures.shaped(gesture, self._shown, self._view.image)
            if any(box != label_editing.box_of(self._shown, item) for item, box in boxes.items()):
                self._change("resize" if isinstance(gesture, Resizing) else "move", boxes)

    def _finish_drawing(self, gesture: Drawing) -> None:
        if math.dist(gesture.start, gesture.to) * self._view.factor < FAR:
            return  # a second click at the same place leaves it
        box = box_editing.drawn(gesture.start, gesture.to, gesture.class_id, self._view.image)
        if box is None:
            self._hint.show(self.tr("Too small: a box has at least 3 pixels a side. Zoom in to draw it."))
            return
        labels, items = label_editing.added(self._shown, [LabelledBox(box)])
        self._drawn_by_clicks = frozenset(items) if gesture.by_clicks else frozenset()
        self._commit("draw", [self._looks[box.class_id].name if box.class_id in self._looks else ""], labels, items)

    def _click(self, press: Press, where: QPointF) -> None:
        again = self._clicked_at is not None and math.dist(_point(where), _point(self._clicked_at)) < gestures.FAR
        self._clicked_at = where
        hits = self._hits(where)
        if press.shift or press.control:
            self._choose(self._chosen ^ set(hits[:1]))
        elif not hits:
            self._click_on_nothing(press)
        elif press.selects or (press.target.edges and not again):
            self._accept_if_only_proposal()
        else:
            boxes = [hit for hit in hits if not hit.proposed]
            only = next(iter(self._chosen)) if len(self._chosen) == 1 else None
            self._choose([hit_testing.next_of(boxes, only) if again and boxes else hits[0]])
            self._accept_if_only_proposal()

    def _click_on_nothing(self, press: Press) -> None:
        """Take the selection away; where there was none, or it was drawn by clicks just now, begin a box."""
        if press.target.item is not None:  # on a handle, beside its box
            return
        if self._chosen and self._chosen != self._drawn_by_clicks:
            self._choose([])
        elif self._writable and self._boxes_shown and self._labels is not None:
            class_id = self._drawn_class()
            self._choose([])
            if class_id is not None:
                self._gesture = Drawing(press.point, press.point, class_id, by_clicks=True)

    def _accept_if_only_proposal(self) -> None:
        if len(self._chosen) == 1 and next(iter(self._chosen)).proposed and self._may_change():
            labels, items = label_editing.accepted(self._shown, self._chosen)
            self._commit("accept", ["1"], labels, items)

    def _drawn_class(self) -> int | None:
        """The class of the next box, if it is chosen and there still is such a class."""
        return self.current_class if self.current_class in self._looks else None

    def _end_gesture(self) -> bool:
        """Leave a drag half done: nothing comes of it. Whether there was one."""
        went_on = self._gesture is not None
        self._gesture = self._press = None
        self._take_waiting()
        self._show_cursor()
        self.update()
        return went_on

    def _take_waiting(self) -> None:
        if self._waiting is not None and self._press is None:
            self.set_labels(*self._waiting)

    def _carried_over(self, gesture: Gesture | None) -> Gesture | None:
        """The gesture on the labels that came while it went on."""
        if gesture is None or self._waiting is None:
            return gesture
        before = self._shown
        self._take_waiting()
        places = label_editing.found_again(before, self._shown, gestures.items_of(gesture))
        return gestures.carried_over(gesture, places)

    def _is_aiming(self) -> bool:
        return super()._is_aiming() and self._panned_from is None and not self._space

    def _show_cursor(self) -> None:
        self.setCursor(self._cursor())

    def _cursor(self) -> Qt.CursorShape:
        if self._panned_from is not None:
            return _CURSOR.ClosedHandCursor
        if self._space:
            return _CURSOR.OpenHandCursor
        if isinstance(self._gesture, Resizing):
            return _CURSORS[gestures.pulled_edges(self._gesture, self._shown, self._view.image)]
        if isinstance(self._gesture, Moving):
            return _CURSOR.SizeAllCursor
        if self._gesture is None and self._writable:
            if self._hover.edges:
                return _CURSORS[self._hover.edges]
            if self._hover.item is not None and not self._over_boxes:
                return _CURSOR.PointingHandCursor if self._hover.item.proposed else _CURSOR.SizeAllCursor
        return _CURSOR.CrossCursor if self._writable and self._can_be_drawn_on() else _CURSOR.ArrowCursor


def _point(at: QPointF) -> tuple[float, float]:
    return at.x(), at.y()
