"""Many pictures at once: choose some, then say with one key what all of them are."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app import theme
from app.thumbnails import Thumbnails
from app.widgets.gallery.image_grid import ImageGrid
from app.widgets.gallery.overlay import Overlay
from app.widgets.parts import Card, button, label
from core.domain.dataset import Image


class GridMode(Card):
    """Positions are those of the images shown."""

    opened = Signal(int)  # position: look at it alone

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.grid = ImageGrid(thumbnails)
        self.words = label("", "muted", wrap=True)
        self.all_button = button(self.tr("Select all"))
        self.all_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.all_button.clicked.connect(lambda checked=False: self.grid.select(set(range(len(self.grid.images)))))
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        row.addWidget(self.words, 1)
        row.addWidget(self.all_button)
        self.body.addLayout(row)
        self.body.addWidget(self.grid, 1)
        self.grid.opened.connect(self.opened)
        self.grid.selection_changed.connect(self._show_words)
        self._draws_boxes = False

    def show_images(
        self, images: Sequence[Image], overlay_of: Callable[[Image], Overlay], *, draws_boxes: bool
    ) -> None:
        """Show these; the selection stays where pictures stay."""
        self._draws_boxes = draws_boxes
        self.grid.set_empty(self.tr("No picture is in this state."), self.tr("Choose another state below."))
        self.grid.set_overlay(overlay_of)
        self.grid.set_images(images)
        self._show_words()

    def chosen(self) -> list[Image]:
        return [self.grid.images[position] for position in self.grid.selected()]

    def _show_words(self) -> None:
        count = len(self.grid.selected())
        if not count:
            self.words.setText(self.tr("Click, Shift and Ctrl choose pictures; Enter looks at one alone."))
        elif self._draws_boxes:
            self.words.setText(self.tr("%n picture(s) chosen: the key for “Nothing here” says so of all.", "", count))
        else:
            self.words.setText(self.tr("%n picture(s) chosen: the key of a class labels all of them.", "", count))
