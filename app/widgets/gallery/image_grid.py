"""The gallery: any number of pictures, of which only those in sight cost anything."""

from collections.abc import Callable, Sequence
from html import escape

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from app.thumbnails import Thumbnails
from app.widgets.gallery.grid_cells import Cells, CellState
from app.widgets.gallery.grid_layout import MARGIN, CellSize, GridLayout
from app.widgets.gallery.notice import paint_notice
from app.widgets.gallery.overlay import Overlay
from core.domain.dataset import Image

_STEPS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class ImageGrid(QAbstractScrollArea):
    """Cells with a picture, its overlay and its caption; positions are indices into ``images``."""

    opened = Signal(int)  # Enter or a double click
    selection_changed = Signal()
    current_changed = Signal(int)

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.is_complete = True  # the last painting showed all pictures sharp and with their overlays
        self.images: Sequence[Image] = ()
        self._thumbnails = thumbnails
        self._cells = Cells(thumbnails, self.tr("Cannot be read"))
        self._size = CellSize.MEDIUM
        self._ratio = 3 / 4
        self._layout = GridLayout.of(1, 0, self._size)
        self._selected: set[int] = set()
        self._current = self._anchor = self._hovered = -1
        self._empty = ("", "")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Pictures"))
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        thumbnails.ready.connect(self._show_thumbnail)

    # What is shown

    def set_images(self, images: Sequence[Image]) -> None:
        """Show these. The place in the list, the current picture and the selection stay where the pictures stay."""
        top = self._top()
        old = self.images
        first = next(iter(self._layout.between(top, top + 1)), -1)
        offset = top - self._layout.position(first)[1] if first >= 0 else 0
        wanted = {old[index].hash for index in (*self._selected, self._current, first) if 0 <= index < len(old)}
        places = {image.hash: index for index, image in enumerate(images) if image.hash in wanted} if wanted else {}

        def new_place(index: int) -> int:
            return places.get(old[index].hash, -1) if 0 <= index < len(old) else -1

        selected = {place for place in map(new_place, self._selected) if place >= 0}
        changed = len(selected) != len(self._selected)
        current, first = new_place(self._current), new_place(first)
        self.images, self._selected = images, selected
        self._cells.forget()
        self._hovered = -1
        self._anchor = current
        self._ratio = _ratio(images)
        self._thumbnails.retry()
        self._lay_out()
        self.verticalScrollBar().setValue(self._layout.position(first)[1] + offset if first >= 0 else 0)
        self._set_current(current)
        if changed:
            self.selection_changed.emit()

    def set_overlay(self, overlay_of: Callable[[Image], Overlay]) -> None:
        """What to draw over each picture; asked when a picture comes into sight."""
        self._cells.set_overlay(overlay_of)
        self.viewport().update()

    def set_empty(self, title: str, text: str = "") -> None:
        """What to say while there is nothing to show."""
        self._empty = (title, text)
        self.viewport().update()

    @property
    def cell_size(self) -> CellSize:
        return self._size

    def set_cell_size(self, size: CellSize) -> None:
        """Small, medium or large, with the picture that is first in sight staying first."""
        first = next(iter(self._layout.between(self._top(), self._top() + 1)), -1)
        self._size = size
        self._lay_out()
        if first >= 0:
            self.verticalScrollBar().setValue(self._layout.position(first)[1])

    # Current picture and selection

    @property
    def current(self) -> int:
        """The picture that the keyboard is at, or -1."""
        return self._current

    def set_current(self, index: int) -> None:
        """Go to a picture, select it alone and bring it into sight."""
        self._go_to(index, Qt.KeyboardModifier.NoModifier)

    def selected(self) -> list[int]:
        return sorted(self._selected)

    def select(self, indices: set[int]) -> None:
        if indices != self._selected:
            self._selected = set(indices)
            self.viewport().update()
            self.selection_changed.emit()

    def index_at(self, point: QPoint) -> int:
        """The picture at a point of the viewport, or -1."""
        return self._layout.index_at(point.x(), point.y() + self._top())

    def cell_rect(self, index: int) -> QRect:
        """Where a cell is on the viewport now, perhaps out of sight."""
        left, top = self._layout.position(index)
        return QRect(left, top - self._top(), self._layout.cell_width, self._layout.cell_height)

    def _area(self, index: int) -> QRect:
        """A cell with the frame around it."""
        return self.cell_rect(index).adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)

    def visible_indices(self) -> range:
        return self._layout.between(self._top(), self._top() + self.viewport().height())

    def _go_to(self, index: int, modifiers: Qt.KeyboardModifier) -> None:
        """Make ``index`` current; Shift selects up to it, Ctrl leaves the selection alone."""
        if not 0 <= index < len(self.images):
            return
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            start = max(0, self._anchor)
            self.select(set(range(min(start, index), max(start, index) + 1)))
        elif not modifiers & Qt.KeyboardModifier.ControlModifier:
            self._anchor = index
            self.select({index})
        self._set_current(index)
        self._bring_into_sight(index)

    def _toggle(self, index: int) -> None:
        self._anchor = index
        self._set_current(index)
        self.select(self._selected ^ {index})

    def _set_current(self, index: int) -> None:
        if index != self._current:
            self._current = index
            self.viewport().update()
            self.current_changed.emit(index)

    def _bring_into_sight(self, index: int) -> None:
        top = self._layout.position(index)[1]
        bar = self.verticalScrollBar()
        bottom = top + self._layout.cell_height - self.viewport().height()
        bar.setValue(max(bottom, min(top, bar.value())) if bottom <= top else top)

    # Events

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Arrows, Page Up, Page Down, Home, End move; Space toggles; Enter opens; Ctrl+A selects all."""
        if not self.images or not self._handle_key(event):
            super().keyPressEvent(event)

    def _handle_key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._current >= 0:
            self.opened.emit(self._current)
        elif key == Qt.Key.Key_A and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.select(set(range(len(self.images))))
        elif key == Qt.Key.Key_Space and self._current >= 0:
            self._toggle(self._current)
        elif (target := self._target(key)) is not None:
            self._go_to(target, event.modifiers())
        else:
            return False
        return True

    def _target(self, key: int) -> int | None:
        """Where a key leads from the current picture; from nowhere to the first in sight."""
        if key == Qt.Key.Key_Home:
            return 0
        if key == Qt.Key.Key_End:
            return len(self.images) - 1
        page = max(1, self.viewport().height() // self._layout.row_height)
        steps = {**_STEPS, Qt.Key.Key_PageUp: (0, -page), Qt.Key.Key_PageDown: (0, page)}
        if key not in steps:
            return None
        if self._current < 0:
            return next(iter(self.visible_indices()), 0)
        return self._layout.moved(self._current, *steps[key])

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        index = self.index_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.RightButton:
            if index >= 0 and index not in self._selected:
                self._go_to(index, Qt.KeyboardModifier.NoModifier)
        elif event.button() == Qt.MouseButton.LeftButton:
            if index < 0:
                self.select(set())
            elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self._toggle(index)
            else:
                self._go_to(index, event.modifiers())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        index = self.index_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index >= 0:
            self.opened.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self._hover(self.index_at(event.position().toPoint()))

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if event.type() == QEvent.Type.Leave:
            self._hover(-1)
        elif isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.index_at(event.pos())
            if index >= 0:
                QToolTip.showText(event.globalPos(), self._tool_tip(index), self.viewport(), self.cell_rect(index))
            else:
                QToolTip.hideText()
            return True
        return bool(super().viewportEvent(event))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        before, first = self._layout.width, next(iter(self._layout.between(self._top(), self._top() + 1)), -1)
        self._lay_out()
        if first >= 0 and before != self._layout.width:
            self.verticalScrollBar().setValue(self._layout.position(first)[1])

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802 (Qt's name)
        self._hovered = -1
        self.viewport().update()

    def focusInEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        self.viewport().update()

    def focusOutEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        self.viewport().update()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._cells.forget()
            self.viewport().update()

    def _hover(self, index: int) -> None:
        if index != self._hovered:
            for changed in (index, self._hovered):
                if changed >= 0:
                    self.viewport().update(self._area(changed))
            self._hovered = index

    def _tool_tip(self, index: int) -> str:
        image = self.images[index]
        size = self.tr("{0} × {1} pixels").format(image.width, image.height)
        lines = [image.path, size, self._cells.overlay(index, image).caption]
        failure = self._thumbnails.failure(image)
        if failure is not None:
            lines = [failure.cause, failure.remedy]
        return "<br>".join(escape(line) for line in lines if line)

    def _show_thumbnail(self, image_hash: str) -> None:
        for index in self.visible_indices():
            if self.images[index].hash == image_hash:
                self.viewport().update(self._area(index))

    # Geometry

    def _top(self) -> int:
        return self.verticalScrollBar().value()

    def _lay_out(self) -> None:
        bar = self.verticalScrollBar()
        # Room for the bar is always kept: its coming and going must not change the width that it depends on.
        width = self.contentsRect().width() - bar.sizeHint().width()
        self._layout = GridLayout.of(width, len(self.images), self._size, self._ratio)
        bar.setRange(0, max(0, self._layout.height - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(max(1, self._layout.row_height // 3))  # a notch of the wheel is three steps: one row
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if not self.images:
            if self._empty[0]:
                paint_notice(painter, self.viewport().rect(), "image", *self._empty)
            return
        seen = self.visible_indices()
        self._cells.begin(painter, self._layout, self._size, self.devicePixelRatioF(), len(seen))
        complete = [
            self._cells.paint(painter, index, self.images[index], self.cell_rect(index), self._state(index))
            for index in seen
            if event.rect().intersects(self._area(index))
        ]
        painter.end()
        self.is_complete = all(complete) and not self._cells.unfinished
        if not all(complete):
            self._ask_for_visible()
        if self._cells.unfinished:
            self.viewport().update()

    def _state(self, index: int) -> CellState:
        focused = index == self._current and self.hasFocus()
        return CellState(index in self._selected, index == self._hovered, focused)

    def _ask_for_visible(self) -> None:
        """Whatever scrolled away before it was made is forgotten with this."""
        room = self._cells.room
        images = [self.images[index] for index in self.visible_indices()]
        self._thumbnails.ask(self, [image for image in images if not self._thumbnails.find(image, room)[1]], room)


def _ratio(images: Sequence[Image]) -> float:
    """Square cells where most pictures are square or upright, 4:3 where they lie."""
    some = images[:: max(1, len(images) // 64)]
    upright = sum(image.height > 0.87 * image.width for image in some)
    return 1.0 if upright * 2 > len(some) else 3 / 4
