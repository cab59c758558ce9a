"""How the labelled images are parted: a bar whose borders can be dragged until the first run has judged by them."""

from collections.abc import Mapping
from typing import NamedTuple

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from app import theme
from app.widgets.parts import Card, badge, button, label, set_badge

THICK, GRIP = 14, 16  # pixels: height of the bar, width of a handle
KEY_PAUSE = 800  # milliseconds after the last arrow key before the split is made
SUGGESTED = (0.2, 0.2)  # val, test; what a run does by itself with data that was never split


class Parts(NamedTuple):
    """Whole images."""

    train: int
    val: int
    test: int

    @property
    def total(self) -> int:
        return sum(self)


def moved(parts: Parts, handle: int, to: int) -> Parts:
    """Handle 0 parts train from val, handle 1 val from test; ``to``: images left of it. At least one trains, and the
    other handle is pushed where it is in the way."""
    total = parts.total
    to = max(1, min(total, to))
    if handle == 0:
        return Parts(to, max(0, total - parts.test - to), min(parts.test, total - to))
    train = min(parts.train, to)
    return Parts(train, to - train, total - to)


class SplitBar(QWidget):
    """``dragging`` while a handle moves, ``released`` once the user let go; both tell ``Parts``."""

    dragging = Signal(object)
    released = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.parts = Parts(0, 0, 0)
        self._before = self.parts
        self._is_set = True
        self.handles = (
            _Handle(0, self.tr("Border between training and validation"), self),
            _Handle(1, self.tr("Border between validation and test"), self),
        )
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(KEY_PAUSE)
        self._pause.timeout.connect(self.let_go)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(THICK + 10)

    def show_parts(self, parts: Parts, *, is_set: bool, movable: bool) -> None:
        """``is_set``: these are the parts, not a suggestion."""
        self.parts = self._before = parts
        self._is_set = is_set
        self._pause.stop()
        for handle in self.handles:
            handle.setVisible(movable and parts.total > 1)
        self._place()

    def drag(self, handle: int, to: int) -> None:
        parts = moved(self.parts, handle, to)
        if parts != self.parts:
            self.parts = parts
            self._place()
            self.dragging.emit(parts)

    def drag_to(self, handle: int, x: float) -> None:
        """``x``: pixels of the bar."""
        self.drag(handle, round((x - GRIP / 2) / max(1, self._length()) * self.parts.total))

    def step(self, handle: int, images: int) -> None:
        self.drag(handle, self.border(handle) + images)
        self._pause.start()

    def let_go(self) -> None:
        self._pause.stop()
        if self.parts != self._before:
            self._before = self.parts
            self.released.emit(self.parts)

    def border(self, handle: int) -> int:
        """Images left of a handle."""
        return self.parts.train + (self.parts.val if handle else 0)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(200, THICK + 10)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        self._place()

    def _length(self) -> int:
        return self.width() - GRIP

    def _x(self, images: int) -> float:
        return GRIP / 2 + self._length() * images / max(1, self.parts.total)

    def _place(self) -> None:
        for handle in self.handles:
            handle.move(round(self._x(self.border(handle.number)) - GRIP / 2), 0)
        if self.parts.val == 0:
            # The one that can still go somewhere is on top.
            self.handles[0 if self.border(0) == self.parts.total else 1].raise_()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        top, left = (self.height() - THICK) / 2, 0
        movable = any(not handle.isHidden() for handle in self.handles)
        for number, count in enumerate(self.parts):
            start = self._x(left) if movable else self.width() * left / max(1, self.parts.total)
            left += count
            end = self._x(left) if movable else self.width() * left / max(1, self.parts.total)
            if count:
                painter.setBrush(part_colour(number, soft=not self._is_set))
                painter.drawRoundedRect(QRectF(start + (1 if number else 0), top, max(2, end - start - 1), THICK), 3, 3)
        if not self.parts.total:
            painter.setBrush(QColor(theme.current().line))
            painter.drawRoundedRect(QRectF(0, top, self.width(), THICK), 3, 3)


def part_colour(number: int, *, soft: bool = False) -> QColor:
    """Of train, val, test: the accent and two colours that no other meaning has here."""
    colours = theme.current()
    colour = QColor((colours.accent, colours.classes[3], colours.classes[1])[number])
    if soft:
        colour.setAlphaF(0.35)
    return colour


class _Handle(QWidget):
    """Mouse: drag. Keys: arrows one image, Page Up and Down a tenth, Home and End as far as it goes, Enter applies."""

    def __init__(self, number: int, name: str, bar: SplitBar) -> None:
        super().__init__(bar)
        self.number, self._bar = number, bar
        self._grabbed = False
        self.setFixedSize(GRIP, THICK + 10)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.setToolTip(self.tr("{0}: drag it, or use the arrow keys.").format(name))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self._grabbed = event.button() == Qt.MouseButton.LeftButton

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if self._grabbed:
            self._bar.drag_to(self.number, self.mapToParent(event.position().toPoint()).x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        if self._grabbed:
            self._grabbed = False
            self._bar.let_go()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        total = self._bar.parts.total
        tenth, key = max(1, total // 10), Qt.Key
        steps = {
            key.Key_Left: -1,
            key.Key_Right: 1,
            key.Key_PageDown: -tenth,
            key.Key_PageUp: tenth,
            key.Key_Home: -total,
            key.Key_End: total,
        }
        if event.key() in steps:
            self._bar.step(self.number, steps[Qt.Key(event.key())])
        elif event.key() in (key.Key_Return, key.Key_Enter):
            self._bar.let_go()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        self.raise_()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        self._bar.let_go()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        colours = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(colours.surface))
        painter.setPen(
            QPen(QColor(colours.accent if self.hasFocus() else colours.muted), 2 if self.hasFocus() else 1.5)
        )
        painter.drawRoundedRect(QRectF(4, 1, GRIP - 8, self.height() - 2), 3, 3)


class SplitCard(Card):
    """The bar, the parts in numbers, and whether a picture is in two of them.

    ``split_wanted``: ``Parts`` that were dragged; ``undo_wanted``: take the last of these back.
    """

    split_wanted = Signal(object)
    undo_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.head.addWidget(label(self.tr("Split"), "section"))
        self.head.addStretch()
        self.body.addLayout(self.head)
        self.bar = SplitBar()
        self.lock = QLabel()
        self.lock.setAccessibleName(self.tr("Locked"))
        self.undo = button(self.tr("Undo"))
        self.undo.setProperty("quiet", True)
        self.undo.hide()
        self.undo.clicked.connect(self.undo_wanted)
        self.head.addWidget(self.undo)
        self.head.addWidget(self.lock)
        self.numbers, self.note = label("", wrap=True), label("", "caption", wrap=True)
        self.leaks = badge("", "good")
        self.leaks.hide()  # nothing is claimed before it was looked for
        foot = QHBoxLayout()
        foot.addWidget(self.leaks)
        foot.addStretch()
        for widget in (self.bar, self.numbers, self.note):
            self.body.addWidget(widget)
        self.body.addLayout(foot)
        self.bar.dragging.connect(self._show_numbers)
        self.bar.released.connect(self.split_wanted)
        self._locked = False
        self._show_lock()

    def show_parts(self, counts: Mapping[str, int], *, locked: bool, writable: bool) -> None:
        """``counts``: labelled images by part, ``none`` among them; ``locked``: a run was measured on the test part."""
        parts = Parts(counts.get("train", 0), counts.get("val", 0), counts.get("test", 0))
        left_over = counts.get("none", 0)
        is_set = parts.total > 0
        if not is_set:
            val, test = (round(left_over * share) for share in SUGGESTED)
            parts = Parts(left_over - val - test, val, test)
        self._locked = locked
        self.bar.show_parts(parts, is_set=is_set, movable=writable and not locked)
        self._show_lock()
        if is_set or not parts.total:
            self._show_numbers(parts)
        else:
            self.numbers.setText(
                self.tr("Not split yet; training would take %n image(s) in these parts.", "", left_over)
            )
        self.note.setText(self._sentence(parts, left_over if is_set else 0, writable))
        self.note.setVisible(bool(self.note.text()))

    def show_leaks(self, found: int | None, *, is_split: bool) -> None:
        """``found``: pictures that came in several parts; ``None`` while nobody has looked."""
        self.leaks.setVisible(is_split and found is not None)
        if found:
            set_badge(self.leaks, self.tr("%n picture(s) came in two parts", "", found), "caution")
            self.leaks.setToolTip(
                self.tr("Each counts once here, in the part that it was met in first, so nothing leaks.")
            )
        else:
            set_badge(self.leaks, self.tr("No leak found"), "good")
            self.leaks.setToolTip(
                self.tr("No picture is in two parts, byte for byte. Pictures that only look alike are not compared.")
            )

    def _sentence(self, parts: Parts, left_over: int, writable: bool) -> str:
        if self._locked:
            return self.tr("Locked: runs were measured on these test images; with others, scores would not compare.")
        if not parts.total:
            return self.tr("Labelled images are parted here: most to learn from, some to choose by, some to judge by.")
        if left_over:
            return self.tr("%n labelled image(s) in no part yet.", "", left_over)
        if not writable:
            return ""
        return self.tr("Drag to split anew. Seed 0: the same images always fall into the same parts.")

    def _show_numbers(self, parts: Parts) -> None:
        if not parts.total:
            self.numbers.setText(self.tr("No labelled images yet."))
            return
        self.numbers.setText(
            self.tr("{0} train · {1} validation · {2} test").format(*(f"{count:,}" for count in parts))
        )

    def _show_lock(self) -> None:
        self.lock.setVisible(self._locked)
        self.lock.setPixmap(theme.picture("lock", "muted", side=16, ratio=self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "lock"):
            self._show_lock()
