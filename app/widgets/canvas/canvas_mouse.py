"""What the mouse does on the canvas, and what is painted meanwhile."""

import math
from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app import theme
from app.widgets.canvas import box_editing, gestures, hit_testing, label_editing, light
from app.widgets.canvas.box_editing import Edge
from app.widgets.canvas.box_painting import BoxPainter, Focus, is_small, rect_of
from app.widgets.canvas.gestures import FAR, Band, Drawing, Gesture, Moving, Press, Resizing
from app.widgets.canvas.hint import Hint
from app.widgets.canvas.hit_testing import Item, Target
from app.widgets.canvas.light import Light
from app.widgets.canvas.painting import paint_band, paint_guides, paint_pixel_grid, paint_tag
from app.widgets.canvas.picture_area import PictureArea
from app.widgets.gallery.overlay import ClassLook
from core.domain.annotation import Box
from core.domain.labels import ImageLabels, LabelledBox

_NOTHING = ImageLabels()
_GRID_FROM = 8.0  # 800 %
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


class CanvasMouse(PictureArea):
    """Drag on empty: draw (two clicks do as well); on a box: move; on its edges: resize. Ctrl draws over boxes.

    Shift and drag: rubber band. Click: choose, and further clicks at one place go through the boxes there, smallest
    first; with Ctrl, add or take away. Click on a proposal: accept. Wheel: zoom; middle button or space: move.
    """

    edited = Signal(str, object, object)  # verb, detail: tuple[str, ...], labels: ImageLabels
    selection_changed = Signal()
    pointer_moved = Signal(object)  # QPointF in pixels of the image, or None
    class_wanted = Signal(object)  # QPoint, global

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, margin=theme.MEDIUM)
        self.current_class: int | None = None
        self._training_size: int | None = None
        self._labels: ImageLabels | None = None
        self._looks: Mapping[int, ClassLook] = {}
        self._waiting: tuple[ImageLabels | None, Mapping[int, ClassLook]] | None = None
        self._chosen: frozenset[Item] = frozenset()
        self._writable = True
        self._boxes_shown = self._names_shown = self._guides_shown = True
        self._press: Press | None = None
        self._gesture: Gesture | None = None
        self._panned_from: QPointF | None = None
        self._space = False
        self._pointer: QPointF | None = None
        self._hovered: Item | None = None
        self._clicked_at: QPointF | None = None
        self._drawn_by_clicks = False
        self._painter = BoxPainter()
        self._hint = Hint(self)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Picture with its boxes"))

    # What is shown

    def expect(self, size: QSizeF, preview: QImage | None) -> None:
        """A picture of ``size`` (its own pixels) comes; until then ``preview``. Labels and drags of another end."""
        self._end_gesture()
        self._waiting = None
        self._labels = None
        self._clicked_at = None
        self._choose([])
        self.expect_picture(size, preview)

    def set_labels(self, labels: ImageLabels | None, looks: Mapping[int, ClassLook]) -> None:
        """What is known about the picture. While the user drags it waits."""
        if self._gesture is not None or self._press is not None:
            self._waiting = (labels, looks)
            return
        old, self._labels, self._looks = self._shown, labels, looks
        self._hovered = None
        self._choose(label_editing.found_again(old, self._shown, self._chosen).values())
        self.update()

    def set_writable(self, writable: bool) -> None:
        if not writable:
            self._end_gesture()
        self._writable = writable
        self._show_cursor()

    def set_guides(self, shown: bool) -> None:
        """Lines through the pointer, across the picture."""
        self._guides_shown = shown
        self.update()

    def set_names(self, shown: bool) -> None:
        self._names_shown = shown
        self.update()

    def set_boxes_shown(self, shown: bool) -> None:
        self._boxes_shown = shown
        self._end_gesture()
        self.update()

    def set_light(self, brightness: float, contrast: float, gamma: float) -> None:
        """For the eye only; ranges as in ``Light``."""
        self._tiles.set_table(light.table(Light(brightness, contrast, gamma)))
        self.update()

    @property
    def training_size(self) -> int | None:
        """Side in pixels to which the training brings the long side of a picture, if one is known."""
        return self._training_size

    @training_size.setter
    def training_size(self, side: int | None) -> None:
        self._training_size = side
        self.update()

    @property
    def selection(self) -> tuple[int, ...]:
        """Indices of the chosen boxes."""
        return tuple(sorted(item.number for item in self._chosen if not item.proposed))

    @property
    def proposal_selection(self) -> tuple[int, ...]:
        """Indices of the chosen proposals."""
        return tuple(sorted(item.number for item in self._chosen if item.proposed))

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
            self._gesture = gestures.led_to(self._gesture, self._image_point(where))
        elif self._press is None:
            self._hovered = self._target(where).item
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
            self._hovered = self._target(event.position()).item
        self._show_cursor()
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        hits = self._hits(event.position())
        if event.button() == _BUTTON.LeftButton and len(hits) == 1 and hits[0] in self._chosen and self._writable:
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
        self._pointer = self._hovered = None
        self.update()
        self.pointer_moved.emit(None)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        super().wheelEvent(event)
        self.pointer_moved.emit(self._pointer_in_image())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() == Qt.Key.Key_Space:
            self._space = True
            self._show_cursor()
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

    def _begin(self, press: Press) -> None:
        gesture = gestures.gesture_of(press, self._chosen, self.current_class)
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
        self._commit("draw", [self._looks[box.class_id].name if box.class_id in self._looks else ""], labels, items)
        self._drawn_by_clicks = gesture.by_clicks

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
        goes_on = self._drawn_by_clicks
        if self._chosen and not goes_on:
            self._choose([])
        elif self._writable and self._boxes_shown and self._labels is not None and self.current_class is not None:
            self._choose([])
            self._gesture = Drawing(press.point, press.point, self.current_class, by_clicks=True)

    def _accept_if_only_proposal(self) -> None:
        if len(self._chosen) == 1 and next(iter(self._chosen)).proposed and self._may_change():
            labels, items = label_editing.accepted(self._shown, self._chosen)
            self._commit("accept", ["1"], labels, items)

    def _end_gesture(self) -> bool:
        """Leave a drag half done: nothing comes of it. Whether there was one."""
        went_on = self._gesture is not None
        self._gesture = self._press = None
        self._take_waiting()
        self._show_cursor()
        self.update()
        return went_on

    def _take_waiting(self) -> None:
        if self._waiting is not None and self._gesture is None and self._press is None:
            (labels, looks), self._waiting = self._waiting, None
            self.set_labels(labels, looks)

    def _carried_over(self, gesture: Gesture | None) -> Gesture | None:
        """The gesture on the labels that came while it went on."""
        if gesture is None or self._waiting is None:
            return gesture
        before = self._shown
        self._take_waiting()
        places = label_editing.found_again(before, self._shown, gestures.items_of(gesture))
        return gestures.carried_over(gesture, places)

    # Edits

    def _may_change(self) -> bool:
        if not self._writable:
            self._hint.show(self.tr("Labels can only be looked at here; nothing is changed."))
        elif not self._boxes_shown:
            self._hint.show(self.tr("Boxes are hidden. Show them to change them."))
        return self._writable and self._boxes_shown and self._labels is not None

    def _change(self, verb: str, boxes: Mapping[Item, Box]) -> None:
        names = ", ".join(dict.fromkeys(self._name(item) for item in boxes))
        kept = [item for item in self._chosen if item not in boxes and not item.proposed]
        labels, items = label_editing.changed(self._shown, boxes)
        self._commit(verb, [names], labels, [*items, *kept])

    def _commit(self, verb: str, detail: Sequence[str], labels: ImageLabels, chosen: Iterable[Item]) -> None:
        self._labels = labels
        self._hovered = None
        self._choose(chosen)
        self.update()
        self.edited.emit(verb, tuple(detail), labels)

    def _choose(self, items: Iterable[Item]) -> None:
        chosen = frozenset(items)
        self._drawn_by_clicks = False
        if chosen != self._chosen:
            self._chosen = chosen
            self.update()
            self.selection_changed.emit()

    # Where things are

    @property
    def _shown(self) -> ImageLabels:
        return self._labels or _NOTHING

    def _items(self) -> list[Item]:
        boxes = [Item(False, index) for index in range(len(self._shown.boxes or ()))]
        return boxes + [Item(True, index) for index in range(len(self._shown.proposals))]

    def _boxes(self) -> tuple[tuple[Box, ...], tuple[Box, ...]]:
        """Boxes and proposals that can be seen."""
        if not self._boxes_shown:
            return (), ()
        return label_editing.boxes_of(self._shown), label_editing.proposed(self._shown)

    def _name(self, item: Item) -> str:
        look = self._looks.get(label_editing.box_of(self._shown, item).class_id)
        return look.name if look else ""

    def _can_be_drawn_on(self) -> bool:
        return self._notice is None and not self._view.is_empty

    def _image_point(self, where: QPointF) -> tuple[float, float]:
        return self._view.to_image(_point(where))

    def _hits(self, where: QPointF) -> list[Item]:
        slack = hit_testing.SLACK / self._view.factor
        return hit_testing.items_at(*self._boxes(), self._image_point(where), slack)

    def _target(self, where: QPointF) -> Target:
        if not self._can_be_drawn_on():
            return Target()
        chosen = self._chosen if self._boxes_shown else ()
        return hit_testing.target_at(*self._boxes(), chosen, self._image_point(where), self._view.factor)

    def _pointer_in_image(self) -> QPointF | None:
        if self._pointer is None or not self._can_be_drawn_on():
            return None
        x, y = self._image_point(self._pointer)
        width, height = self._view.image
        return QPointF(x, y) if 0 <= x <= width and 0 <= y <= height else None

    def _training_share(self) -> float | None:
        """Pixels at the training size a pixel of the picture."""
        if self._training_size is None or self._view.is_empty:
            return None
        return self._training_size / max(self._view.image)

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
        if self._gesture is None and self._pointer is not None and self._writable:
            target = self._target(self._pointer)
            if target.edges:
                return _CURSORS[target.edges]
            if target.item is not None:
                return _CURSOR.PointingHandCursor if target.item.proposed else _CURSOR.SizeAllCursor
        return _CURSOR.CrossCursor if self._writable and self._can_be_drawn_on() else _CURSOR.ArrowCursor

    # Painting

    def paint_over(self, painter: QPainter, place: QRectF) -> None:
        corner, factor = place.topLeft(), self._view.factor
        seen = QRectF(self.rect()).translated(-corner)
        painter.save()
        painter.translate(corner)
        if self.scale >= _GRID_FROM:
            paint_pixel_grid(painter, self._view.image, factor, seen)
        if self._boxes_shown:
            self._paint_boxes(painter, seen)
        if isinstance(self._gesture, Band):
            start, to = self._gesture.start, self._gesture.to
            paint_band(painter, QRectF(QPointF(*start) * factor, QPointF(*to) * factor).normalized())
        painter.restore()
        if self._guides_shown and self._is_aiming() and self._pointer is not None:
            paint_guides(painter, QRectF(self.rect()), self._pointer)
        self._hint.paint(painter, self.rect())

    def _is_aiming(self) -> bool:
        """Whether the pointer is about to set a corner of a new box."""
        if self._gesture is not None:
            return isinstance(self._gesture, Drawing)
        free = self._hovered is None and self._panned_from is None and not self._space
        return free and self._writable and self._pointer_in_image() is not None

    def _paint_boxes(self, painter: QPainter, seen: QRectF) -> None:
        gesture, factor, share = self._gesture, self._view.factor, self._training_share()
        live = gestures.shaped(gesture, self._shown, self._view.image) if gesture else {}
        only = next(iter(self._chosen)) if len(self._chosen) == 1 else None
        self._painter.place(self._labels, self._looks, factor, share)
        self._painter.paint(
            painter,
            seen,
            Focus(
                chosen=self._chosen,
                hovered=self._hovered if gesture is None else None,
                handled=(only or self._hovered) if self._writable and not isinstance(gesture, Moving) else None,
                live=live,
                names=self._names_shown,
            ),
        )
        if isinstance(gesture, Drawing):
            box = self._half_drawn(gesture)
            self._painter.paint_new(painter, box, self._looks, factor, share)
            self._paint_sizes(painter, seen, box)
        elif only is not None:
            self._paint_sizes(painter, seen, live.get(only) or label_editing.box_of(self._shown, only))

    def _half_drawn(self, gesture: Drawing) -> Box:
        (x, y), (to_x, to_y) = (box_editing.clamped(point, self._view.image) for point in (gesture.start, gesture.to))
        return Box(min(x, to_x), min(y, to_y), max(x, to_x), max(y, to_y), gesture.class_id)

    def _paint_sizes(self, painter: QPainter, seen: QRectF, box: Box) -> None:
        """What a box measures, in the picture and in training, below it."""
        share = self._training_share()
        text = self.tr("{0} × {1} px").format(round(box.width), round(box.height))
        small = share is not None and is_small(box, share)
        if share is not None:
            there = self.tr("{0} × {1} in training").format(_short(box.width * share), _short(box.height * share))
            text = f"{text}  ·  {there}"
        paint_tag(painter, rect_of(box, self._view.factor), seen, text, caution=small)


def _point(at: QPointF) -> tuple[float, float]:
    return at.x(), at.y()


def _short(pixels: float) -> str:
    return f"{pixels:.1f}" if pixels < 10 else str(round(pixels))
