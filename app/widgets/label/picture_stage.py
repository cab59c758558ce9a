"""The canvas in its card, with what is known about the picture below it; pictures come decoded from the background."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPointF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from app import theme
from app.thumbnails import Thumbnails
from app.widgets.canvas.image_canvas import ImageCanvas
from app.widgets.elided import ElidedLabel
from app.widgets.gallery.levels import Levels
from app.widgets.gallery.picture_view import Notice
from app.widgets.label.light_panel import LightPanel
from app.widgets.label.picture_desk import PictureDesk
from app.widgets.parts import Card, label
from core.domain.dataset import Image
from core.domain.errors import LensmithError


class PictureStage(Card):
    """``show_image`` puts a picture on the canvas, at once if it was a neighbour before."""

    turned_to = Signal(object)  # Image: it is shown from now on
    read = Signal(str, bool)  # hash of an image, and whether its picture can be shown
    space_tapped = Signal()  # and nothing was dragged meanwhile: the canvas moves the picture with it

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._thumbnails = thumbnails
        self.image: Image | None = None
        self.is_shown = False  # the picture itself, no preview
        self._levels: Levels | None = None  # kept alive while it is on the canvas
        self.pictures = PictureDesk(self)
        self.pictures.ready.connect(self._take)
        self.canvas = ImageCanvas()
        self.canvas.setAccessibleName(self.tr("Picture"))
        self.light = LightPanel(self.canvas)
        self.body.setContentsMargins(theme.MEDIUM, theme.MEDIUM, theme.MEDIUM, theme.SMALL)
        self.body.addWidget(self.canvas, 1)
        self.body.addLayout(self._foot())
        self._pointer: QPointF | None = None
        self.canvas.pointer_moved.connect(self._point)
        self.canvas.zoomed.connect(self.show_facts)
        self.canvas.selection_changed.connect(self.show_facts)
        self._is_tap = False
        self._hidden: set[str] = set()
        self.canvas.installEventFilter(self)

    def show_image(self, image: Image, neighbours: Sequence[Image]) -> None:
        """``neighbours``: what may be shown next, the likeliest first."""
        self.image, self._pointer, self.is_shown = image, None, False
        found = self.pictures.find(image)
        ready = isinstance(found, Levels)
        preview = None if ready else self._thumbnails.find(image, QSize())[0]
        self.canvas.expect(QSizeF(image.width, image.height), preview)
        self.canvas.setAccessibleName(Path(image.path).name)
        if ready:
            self._show(image.hash)
        self.pictures.want(image, neighbours)
        self.name.set_whole(Path(image.path).name)
        self.name.setToolTip(image.path)
        self.show_facts()
        self.turned_to.emit(image)

    def switch(self, name: str) -> None:
        """``guides``, ``boxes`` or ``names``: off where they are on."""
        show = {"guides": self.canvas.set_guides, "boxes": self.canvas.set_boxes_shown, "names": self.canvas.set_names}
        self._hidden ^= {name}
        show[name](name not in self._hidden)

    @property
    def levels(self) -> Levels | None:
        """What is on the canvas now."""
        return self._levels if self.is_shown else None

    def show_facts(self) -> None:
        """Size, zoom, pointer, and how many boxes are selected."""
        if self.image is None:
            return
        facts = [
            f"{self.image.width} × {self.image.height}",
            self.tr("zoom {} %").format(f"{100 * self.canvas.scale:.0f}"),
        ]
        if self._pointer is not None:
            facts.append(f"x {int(self._pointer.x())} y {int(self._pointer.y())}")
        selected = self.canvas.selection
        if len(selected) > 1:  # the size of one stands beside it on the canvas
            facts.insert(0, self.tr("%n box(es) selected", "", len(selected)))
        self.facts.setText("   ".join(facts))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            if event.type() is QEvent.Type.KeyPress:
                self._is_tap = True
            elif event.type() is QEvent.Type.KeyRelease and self._is_tap:
                self._is_tap = False
                self.space_tapped.emit()
        elif event.type() is QEvent.Type.MouseButtonPress:
            self._is_tap = False
        return bool(super().eventFilter(watched, event))

    def _take(self, image_hash: str) -> None:
        if self.image is not None and image_hash == self.image.hash and not self.is_shown:
            self._show(image_hash)
        self.read.emit(image_hash, image_hash not in self.pictures.failures)

    def _show(self, image_hash: str) -> None:
        assert self.image is not None
        found = self.pictures.find(self.image)
        if isinstance(found, Levels):
            before, self._levels = self._levels, found
            self.canvas.show_levels(found.images)
            self.is_shown = True
            del before  # now that the canvas has others
        elif isinstance(found, LensmithError):
            self.canvas.show_notice(Notice(found.cause, found.remedy))

    def _point(self, point: QPointF | None) -> None:
        self._pointer = point
        self.show_facts()

    # Building

    def _foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.TIGHT)
        self.name, self.facts = ElidedLabel(role="muted", data=True, middle=True), label("", "muted")
        self.facts.setProperty("data", True)
        theme.make_tabular(self.facts)
        row.addWidget(self.name, 1)
        row.addWidget(self.facts)
        row.addSpacing(theme.SMALL)
        self.tools = {
            "light": self._tool("sun", self.tr("Brightness, contrast and gamma, for looking only"), self._open_light),
            "fit": self._tool("corners-out", self.tr("Fit the picture"), self.canvas.fit),
        }
        for tool in self.tools.values():
            row.addWidget(tool)
        return row

    def _tool(self, icon: str, tip: str, then: Callable[[], object]) -> QToolButton:
        made = QToolButton()
        made.setIcon(theme.icon(icon, "muted"))
        made.setIconSize(QSize(16, 16))
        made.setFixedSize(28, 28)
        made.setAutoRaise(True)
        made.setToolTip(tip)
        made.setAccessibleName(tip)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.clicked.connect(lambda checked=False: then())
        return made

    def _open_light(self) -> None:
        self.light.show_above(self.tools["light"])
