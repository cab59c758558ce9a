"""A picture with its labels: what is chosen, what is shown of it, and the one way by which labels change."""

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from app import theme
from app.widgets.canvas import box_editing, gestures, hit_testing, label_editing, light
from app.widgets.canvas.box_painting import BoxPainter, Scene, is_small
from app.widgets.canvas.gestures import Band, Drawing, Gesture, Moving
from app.widgets.canvas.hint import Hint
from app.widgets.canvas.hit_testing import Item, Target
from app.widgets.canvas.light import Light
from app.widgets.canvas.painting import paint_band, paint_guides, paint_tag
from app.widgets.canvas.picture_area import PictureArea
from app.widgets.canvas.view import Point, View
from app.widgets.gallery.overlay import ClassLook
from core.domain.annotation import Box
from core.domain.labels import ImageLabels

_NOTHING = ImageLabels()
_GRID_FROM = 8.0  # 800 %


class LabelledPicture(PictureArea):
    """Labels, selection and painting; what the mouse does comes in ``CanvasMouse``."""

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
        self._chosen: frozenset[Item] = frozenset()
        self._writable = True
        self._boxes_shown = self._names_shown = self._guides_shown = True
        self._gesture: Gesture | None = None
        self._pointer: QPointF | None = None
        self._hover = Target()  # what a press would take now
        self._painter = BoxPainter()
        self._hint = Hint(self)
        self.setAccessibleName(self.tr("Picture with its boxes"))

    # What is shown

    def expect(self, size: QSizeF, preview: QImage | None) -> None:
        """A picture of ``size`` (its own pixels) comes; until then ``preview``. Labels come for themselves."""
        self._labels = None
        self._choose([])
        self.expect_picture(size, preview)

    def set_labels(self, labels: ImageLabels | None, looks: Mapping[int, ClassLook]) -> None:
        """What is known about the picture; boxes that stay, stay chosen."""
        old, self._labels, self._looks = self._shown, labels, looks
        self._hover = Target()
        self._choose(label_editing.found_again(old, self._shown, self._chosen).values())
        self.update()

    def set_writable(self, writable: bool) -> None:
        self._writable = writable
        self.update()

    def set_guides(self, shown: bool) -> None:
        """Lines through the pointer, across the picture."""
        self._guides_shown = shown
        self.update()

    def set_names(self, shown: bool) -> None:
        self._names_shown = shown
        self.update()

    def set_boxes_shown(self, shown: bool) -> None:
        self._boxes_shown = shown
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
        self._hover = Target()
        self._choose(chosen)
        self.update()
        self.edited.emit(verb, tuple(detail), labels)

    def _choose(self, items: Iterable[Item]) -> None:
        chosen = frozenset(items)
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

    def _image_point(self, where: QPointF) -> Point:
        return self._view.to_image((where.x(), where.y()))

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

    # Painting

    def paint_over(self, painter: QPainter, place: QRectF) -> None:
        gesture, ratio = self._gesture, self._view.ratio
        live = gestures.shaped(gesture, self._shown, self._view.image) if gesture else {}
        new = self._half_drawn(gesture) if isinstance(gesture, Drawing) else None
        only = next(iter(self._chosen)) if len(self._chosen) == 1 else None
        scene = Scene(
            window=(round(self.width() * ratio), round(self.height() * ratio)),
            corner=(round(place.left() * ratio), round(place.top() * ratio)),
            scale=self.scale,
            ratio=ratio,
            image=self._view.image,
            training=self._training_share(),
            chosen=self._chosen,
            hovered=self._hover.item if gesture is None else None,
            handled=self._handled(only),
            live=live,
            new=new,
            boxes=self._boxes_shown,
            names=self._names_shown,
            grid=self.scale >= _GRID_FROM,
        )
        self._painter.paint(painter, self._labels, self._looks, scene)
        if new is not None:
            self._paint_sizes(painter, new)
        elif only is not None and self._boxes_shown:
            self._paint_sizes(painter, live.get(only) or label_editing.box_of(self._shown, only))
        if isinstance(gesture, Band):
            start, to = (QPointF(*self._view.to_window(point)) for point in (gesture.start, gesture.to))
            paint_band(painter, QRectF(start, to).normalized())
        if self._guides_shown and self._is_aiming() and self._pointer is not None:
            paint_guides(painter, QRectF(self.rect()), self._pointer)
        self._hint.paint(painter, self.rect())

    def _handled(self, only: Item | None) -> Item | None:
        """Where handles are: on the one chosen item, else on the one below the pointer."""
        if not self._writable or isinstance(self._gesture, Moving | Drawing):
            return None
        return only if self._gesture is not None or only is not None else self._hover.item

    def _is_aiming(self) -> bool:
        """Whether the pointer is about to set a corner of a new box."""
        if self._gesture is not None:
            return isinstance(self._gesture, Drawing)
        return self._hover.item is None and self._writable and self._pointer_in_image() is not None

    def _set_view(self, view: View) -> None:
        super()._set_view(view)
        if self._pointer is not None and self._gesture is None:
            self._hover = self._target(self._pointer)

    def _half_drawn(self, gesture: Drawing) -> Box:
        (x, y), (to_x, to_y) = (box_editing.clamped(point, self._view.image) for point in (gesture.start, gesture.to))
        return Box(min(x, to_x), min(y, to_y), max(x, to_x), max(y, to_y), gesture.class_id)

    def _paint_sizes(self, painter: QPainter, box: Box) -> None:
        """What a box measures, in the picture and in training, below it."""
        share = self._training_share()
        text = self.tr("{0} × {1} px").format(round(box.width), round(box.height))
        small = share is not None and is_small(box, share)
        if share is not None:
            there = self.tr("{0} × {1} in training").format(_short(box.width * share), _short(box.height * share))
            text = f"{text}  ·  {there}"
        start, end = (QPointF(*self._view.to_window(at)) for at in ((box.x_min, box.y_min), (box.x_max, box.y_max)))
        paint_tag(painter, QRectF(start, end), QRectF(self.rect()), text, caution=small)


def _short(pixels: float) -> str:
    return f"{pixels:.1f}" if pixels < 10 else str(round(pixels))
