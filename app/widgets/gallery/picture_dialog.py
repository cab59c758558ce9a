"""A window that shows the pictures of a list one at a time."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app import theme
from app.latest_first import LatestFirst
from app.thumbnails import Thumbnails
from app.widgets.gallery.levels import Levels, read_levels
from app.widgets.gallery.overlay import Overlay
from app.widgets.gallery.picture_view import Notice, PictureView
from app.widgets.parts import label
from core.domain.dataset import Image
from core.domain.errors import LensmithError


class PictureDialog(QDialog):
    """Left and right arrow keys walk through ``images``; Esc closes. To be shown with ``open()``."""

    walked = Signal(int)  # index of the picture shown now
    _read = Signal(int, object)  # index; Levels or LensmithError

    def __init__(
        self,
        images: Sequence[Image],
        index: int,
        overlay_of: Callable[[Image], Overlay],
        thumbnails: Thumbnails | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.images = images
        self.index = -1
        self._overlay_of = overlay_of
        self._thumbnails = thumbnails
        self._memory: Levels | None = None  # QImage does not keep the pixels that it shows alive
        self._reader: LatestFirst[int] = LatestFirst("picture", self._read_picture)
        self._read.connect(self._show_picture)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("page")
        self.view = PictureView()
        self._name, self._facts = label("", "section"), label("", "muted")
        self._caption, self._legend = label("", wrap=True), label("", "caption", wrap=True)
        self._zoom = label("", "muted")
        for data in (self._name, self._facts, self._caption, self._zoom):
            data.setProperty("data", True)
        self._lay_out()
        self._add_keys()
        self.view.zoomed.connect(self._show_zoom)
        self.finished.connect(lambda: self._reader.close())
        self.resize(QSize(1040, 720) if parent is None else parent.window().size() * 0.85)
        self.view.setFocus()
        self.go_to(index)

    def go_to(self, index: int) -> None:
        """Show the picture at ``index`` of the list; beyond its ends nothing happens."""
        if not 0 <= index < len(self.images) or index == self.index:
            return
        self.index = index
        image = self.images[index]
        overlay = self._overlay_of(image)
        size = QSizeF(image.width, image.height)
        preview = None if self._thumbnails is None else self._thumbnails.find(image, QSize())[0]
        self.view.expect(size, overlay, preview)
        self.view.setAccessibleName(Path(image.path).name)
        self._memory = None
        self._reader.ask(self, [index])
        self._show_words(image, overlay)
        self._previous.setEnabled(index > 0)
        self._next.setEnabled(index + 1 < len(self.images))
        self.walked.emit(index)

    def _read_picture(self, index: int) -> None:
        """In a thread."""
        found = read_levels(self.images[index].path)
        if not self._reader.closed:
            self._read.emit(index, found)

    @Slot(int, object)
    def _show_picture(self, index: int, found: Levels | LensmithError) -> None:
        if index != self.index:
            return
        if isinstance(found, LensmithError):
            self.view.show_notice(Notice(found.cause, found.remedy))
            self._boxes.setVisible(False)
            return
        self._memory = found
        self.view.show_levels(found.images)

    # Words around the picture

    def _show_words(self, image: Image, overlay: Overlay) -> None:
        name = Path(image.path).name
        self.setWindowTitle(name)
        self._name.setToolTip(image.path)
        place = self.tr("{0} of {1}").format(self.index + 1, len(self.images))
        size = self.tr("{0} × {1} pixels").format(image.width, image.height)
        self._facts.setText(f"{place}  ·  {size}")
        self._caption.setText(overlay.caption)
        self._caption.setVisible(bool(overlay.caption))
        kinds = {box.dashed for box in overlay.boxes}
        both = self.tr("Solid lines: the truth. Dashed lines: what the model found.")
        self._legend.setText(both if len(kinds) == 2 else "")
        self._legend.setVisible(len(kinds) == 2)
        self._boxes.setVisible(bool(kinds))
        self._elide_name()

    def _elide_name(self) -> None:
        name = Path(self.images[self.index].path).name if self.index >= 0 else ""
        metrics = self._name.fontMetrics()
        self._name.setText(metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, max(120, self.width() // 2)))

    def _show_zoom(self) -> None:
        self._zoom.setText(f"{100 * self.view.scale:.0f} %")

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._elide_name()

    # Building

    def _lay_out(self) -> None:
        self._previous = self._button("caret-left", self.tr("Previous picture (Left)"), lambda: self._walk(-1))
        self._next = self._button("caret-right", self.tr("Next picture (Right)"), lambda: self._walk(1))
        self._boxes = self._button("eye", self.tr("Show the boxes (B)"), lambda: None)
        self._boxes.setCheckable(True)
        self._boxes.setChecked(True)
        self._boxes.toggled.connect(self.view.show_overlay)
        tools = [
            self._boxes,
            self._button("magnifying-glass-minus", self.tr("Smaller (−)"), lambda: self.view.zoom(-1)),
            self._zoom,
            self._button("magnifying-glass-plus", self.tr("Larger (+)"), lambda: self.view.zoom(1)),
            self._button("corners-out", self.tr("Fit the whole picture (0)"), self.view.fit),
            self._previous,
            self._next,
        ]
        self._zoom.setMinimumWidth(self._zoom.fontMetrics().horizontalAdvance("3200 %"))
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignCenter)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._name)
        words.addWidget(self._facts)
        head = QHBoxLayout()
        head.setSpacing(theme.TIGHT)
        head.addLayout(words, 1)
        for tool in tools:
            head.addWidget(tool)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.LARGE, theme.MEDIUM, theme.LARGE, theme.MEDIUM)
        column.setSpacing(theme.SMALL)
        column.addLayout(head)
        column.addWidget(self.view, 1)
        column.addWidget(self._caption)
        column.addWidget(self._legend)

    def _button(self, icon: str, tip: str, action: Callable[[], None]) -> QToolButton:
        made = QToolButton()
        made.setIcon(theme.icon(icon, "text"))
        made.setIconSize(QSize(20, 20))
        made.setAutoRaise(True)
        made.setToolTip(tip)
        made.setAccessibleName(tip)
        made.clicked.connect(lambda: action())
        return made

    def _walk(self, step: int) -> None:
        self.go_to(self.index + step)

    def _add_keys(self) -> None:
        key = Qt.Key
        for keys, action in (
            ((key.Key_Left, key.Key_PageUp), lambda: self._walk(-1)),
            ((key.Key_Right, key.Key_PageDown), lambda: self._walk(1)),
            ((key.Key_Home,), lambda: self.go_to(0)),
            ((key.Key_End,), lambda: self.go_to(len(self.images) - 1)),
            ((key.Key_Plus, key.Key_Equal), lambda: self.view.zoom(1)),
            ((key.Key_Minus,), lambda: self.view.zoom(-1)),
            ((key.Key_0,), self.view.fit),
            ((key.Key_1,), lambda: self.view.set_scale(1.0)),
            ((key.Key_B,), self._boxes.toggle),
        ):
            for one in keys:
                shortcut = QShortcut(QKeySequence(one), self)
                shortcut.activated.connect(action)
