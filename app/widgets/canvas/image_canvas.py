"""The canvas: boxes on a picture, drawn and changed by the mouse and by commands."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from msgspec.structs import replace
from PySide6.QtCore import QSizeF

from app.widgets.canvas import box_editing, label_editing
from app.widgets.canvas.canvas_mouse import CanvasMouse
from app.widgets.canvas.hit_testing import Item
from core.domain.annotation import Box
from core.domain.labels import LabelledBox, Origin

_STEP_ASIDE = 12.0  # pixels of the window by which a copy lies beside its original


class ImageCanvas(CanvasMouse):
    """What the page can have done to the boxes of the image; the mouse's part is in ``CanvasMouse``."""

    _copied: ClassVar[tuple[tuple[str, Box], ...]] = ()  # class names and boxes, from any image of any project

    # Commands

    def delete_selected(self) -> None:
        """Boxes; where only proposals are chosen, they are refused."""
        if not self._chosen or not self._may_edit():
            return
        names = [self._name(item) for item in sorted(self._chosen) if not item.proposed]
        if names:
            self._commit("delete", names, label_editing.removed(self._shown, self._chosen), [])
        else:
            self.refuse_selected()

    def duplicate_selected(self) -> None:
        boxes = [label_editing.box_of(self._shown, item) for item in sorted(self._chosen)]
        if boxes and self._may_edit():
            self._add_beside(boxes, "duplicate")

    def copy_selected(self) -> None:
        """Into a clipboard that all images and projects share; classes go by name."""
        if self._chosen:
            ImageCanvas._copied = tuple(
                (self._name(item), label_editing.box_of(self._shown, item)) for item in sorted(self._chosen)
            )

    def paste(self) -> None:
        """What was copied, at its place where that is free; classes that are unknown here are left out."""
        ids = {look.name: class_id for class_id, look in self._looks.items()}
        boxes = [replace(box, class_id=ids[name]) for name, box in ImageCanvas._copied if name in ids]
        if boxes and self._may_edit():
            self._add_beside(boxes, "paste")

    def paste_boxes(self, boxes: Sequence[LabelledBox], verb: str) -> None:
        """Boxes of another image, at the same places; those that are here already are not doubled."""
        there = set(label_editing.boxes_of(self._shown))
        placed = [box_editing.inside(one.box, self._view.image) for one in boxes]
        new = [LabelledBox(box, Origin("pasted")) for box in dict.fromkeys(placed) if box not in there]
        if new and self._may_edit():
            labels, items = label_editing.added(self._shown, new)
            self._commit(verb, [str(len(new))], labels, items)

    def nudge(self, across: float, down: float) -> None:
        """By pixels of the picture."""
        if not self._chosen or not self._may_edit():
            return
        items = sorted(self._chosen)
        boxes = [label_editing.box_of(self._shown, item) for item in items]
        shifted = box_editing.moved(boxes, across, down, self._view.image)
        if shifted != boxes:
            self._change("nudge", dict(zip(items, shifted, strict=True)))

    def set_class_of_selected(self, class_id: int) -> None:
        """A proposal that gets another class becomes a box."""
        others = {
            item: replace(box, class_id=class_id)
            for item in sorted(self._chosen)
            if (box := label_editing.box_of(self._shown, item)).class_id != class_id or item.proposed
        }
        if others and self._may_edit():
            old = ", ".join(dict.fromkeys(self._name(item) for item in others))
            labels, items = label_editing.changed(self._shown, others)
            unchanged = [item for item in self._chosen if item not in others]
            name = self._looks[class_id].name if class_id in self._looks else ""
            self._commit("change_class", [old, name], labels, [*items, *unchanged])

    def select(self, boxes: Iterable[int]) -> None:
        """Exactly these boxes, by index."""
        count = len(self._shown.boxes or ())
        self._choose(Item(False, index) for index in boxes if 0 <= index < count)

    def select_all(self) -> None:
        self._choose(Item(False, index) for index in range(len(self._shown.boxes or ())))

    def select_next(self, step: int = 1) -> None:
        """One after the other in reading order, proposals too; brought into sight."""
        boxes = {item: label_editing.box_of(self._shown, item) for item in self._items()}
        order = sorted(boxes, key=lambda item: (boxes[item].y_min, boxes[item].x_min, item))
        if not order:
            return
        chosen = [index for index, item in enumerate(order) if item in self._chosen]
        start = -1 if step > 0 else 0
        item = order[((chosen[-1] if chosen else start) + step) % len(order)]
        self._choose([item])
        self._bring_into_sight(boxes[item])

    def accept_selected(self) -> None:
        """The chosen proposals, else the one below the pointer."""
        self._accept("accept", self._meant_proposals())

    def accept_all(self) -> None:
        self._accept("accept_all", [item for item in self._items() if item.proposed])

    def refuse_selected(self) -> None:
        """The chosen proposals, else the one below the pointer."""
        self._refuse(self._meant_proposals())

    def refuse_all(self) -> None:
        self._refuse([item for item in self._items() if item.proposed])

    # Facts

    def box_sizes(self, index: int) -> tuple[QSizeF, QSizeF | None]:
        """Width and height of a box, in pixels of the picture and as it is at the training size."""
        box = (self._shown.boxes or ())[index].box
        share = self._training_share()
        size = QSizeF(box.width, box.height)
        return size, None if share is None else size * share

    def zoom_to_selected(self) -> None:
        boxes = [label_editing.box_of(self._shown, item) for item in self._chosen]
        if boxes:
            start = (min(box.x_min for box in boxes), min(box.y_min for box in boxes))
            end = (max(box.x_max for box in boxes), max(box.y_max for box in boxes))
            self._set_view(self._view.onto(start, end))

    # Helpers

    def _may_edit(self) -> bool:
        """Not while the mouse is at something: what it holds could be gone."""
        return self._press is None and self._may_change()

    def _add_beside(self, boxes: Sequence[Box], verb: str) -> None:
        step = _STEP_ASIDE / self._view.factor
        placed = box_editing.beside(boxes, label_editing.boxes_of(self._shown), step, self._view.image)
        labels, items = label_editing.added(self._shown, [LabelledBox(box, Origin("pasted")) for box in placed])
        self._commit(verb, [str(len(placed))], labels, items)

    def _meant_proposals(self) -> list[Item]:
        chosen = sorted(item for item in self._chosen if item.proposed)
        return chosen or [item for item in (self._hover.item,) if item is not None and item.proposed]

    def _accept(self, verb: str, items: list[Item]) -> None:
        if items and self._may_edit():
            labels, made = label_editing.accepted(self._shown, items)
            self._commit(verb, [str(len(items))], labels, made if verb == "accept" else [])

    def _refuse(self, items: list[Item]) -> None:
        if items and self._may_edit():
            self._commit("refuse", [str(len(items))], label_editing.removed(self._shown, items), [])

    def _bring_into_sight(self, box: Box) -> None:
        start, end = self._view.to_window((box.x_min, box.y_min)), self._view.to_window((box.x_max, box.y_max))
        if start[0] < 0 or start[1] < 0 or end[0] > self.width() or end[1] > self.height():
            self._set_view(self._view.centred(((box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2)))
