"""The pictures of a project behind their filters."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QStackedLayout, QToolButton, QWidget

from app import theme
from app.settings import Settings
from app.thumbnails import Thumbnails
from app.widgets.data.filter_bar import ClassChoice, FilterBar
from app.widgets.data.finding_texts import title_of
from app.widgets.data.gallery_filter import Filter, FindingIndex, GalleryIndex, chosen
from app.widgets.data.skeleton import Skeleton
from app.widgets.elided import ElidedLabel
from app.widgets.gallery.grid_layout import CellSize
from app.widgets.gallery.image_grid import ImageGrid
from app.widgets.gallery.overlay import looks, overlay_of
from app.widgets.gallery.picture_dialog import PictureDialog
from app.widgets.parts import Card, button
from core.domain.dataset import Image, ImageClass

_SIZE = "data/thumbnails"


class DataGallery(Card):
    """Skeleton until ``show_index``; ``filter_chosen`` tells what the user wants to see."""

    filter_chosen = Signal(object)  # Filter

    def __init__(self, thumbnails: Thumbnails, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._settings, self._thumbnails = settings, thumbnails
        self._index: GalleryIndex | None = None
        self._findings = FindingIndex()
        self._overlays = looks(())
        self.filters, self.grid = FilterBar(), ImageGrid(thumbnails)
        self.filters.changed.connect(self.filter_chosen)
        self.grid.opened.connect(self._open)
        self._stack = QStackedLayout()
        self._stack.addWidget(Skeleton())
        self._stack.addWidget(self.grid)
        self.body.addWidget(self.filters)
        self.body.addLayout(self._stack, 1)
        self.body.addLayout(self._foot())
        self.filters.setEnabled(False)

    def show_index(
        self,
        index: GalleryIndex,
        findings: FindingIndex,
        classes: Sequence[ImageClass],
        choices: Sequence[ClassChoice],
        problems: int | None,
    ) -> None:
        """New pictures; the filter stays if what it asks for is still there."""
        self._index, self._findings = index, findings
        self._show_classes(classes)
        self.filters.setEnabled(True)
        self.filters.show_counts(len(index.images), choices, len(index.unlabelled), dict(index.parts), problems)
        wanted = self.filters.filter
        if wanted.what == "class" and wanted.class_id not in index.by_class:
            wanted = Filter()
        self._stack.setCurrentWidget(self.grid)
        self.set_filter(wanted)

    def show_first(self, images: Sequence[Image], classes: Sequence[ImageClass]) -> None:
        """All pictures, before their counts are known and they can be filtered."""
        self._show_classes(classes)
        self.grid.set_images(images)
        self._stack.setCurrentWidget(self.grid)

    def _show_classes(self, classes: Sequence[ImageClass]) -> None:
        if self._overlays != (known := looks(classes)):
            self._overlays = known
            self.grid.set_overlay(lambda image: overlay_of(image, self._overlays))

    def set_filter(self, wanted: Filter) -> None:
        self.filters.set_filter(wanted)
        if self._index is not None:
            self._show_images(chosen(self._index, self._findings, wanted), wanted)

    def _show_images(self, images: Sequence[Image], wanted: Filter) -> None:
        assert self._index is not None
        total = len(self._index.images)
        self.grid.set_empty(self.tr("No picture matches"), self.tr("Show all, or search for something else."))
        self.grid.set_images(images)
        if wanted.is_open:
            self._shown.set_whole(self.tr("%n picture(s)", "", total))
        else:
            shown = self.tr("{0} of {1} pictures").format(f"{len(images):,}", f"{total:,}")
            self._shown.set_whole(f"{shown}  ·  {title_of(wanted.kind)}" if wanted.kind else shown)
        self.show_all.setVisible(not wanted.is_open)

    def _open(self, place: int) -> None:
        dialog = PictureDialog(
            self.grid.images, place, lambda image: overlay_of(image, self._overlays), self._thumbnails, self
        )
        dialog.walked.connect(self.grid.set_current)
        dialog.open()

    # Building

    def _foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        self._shown = ElidedLabel("", "caption")
        self.show_all = button(self.tr("Show all"))
        self.show_all.setProperty("quiet", True)
        self.show_all.clicked.connect(lambda: self.filter_chosen.emit(Filter()))
        self.show_all.hide()
        row.addWidget(self._shown, 1)
        row.addWidget(self.show_all)
        self.sizes: dict[CellSize, QToolButton] = {}
        group = QButtonGroup(self)
        names = {
            CellSize.SMALL: self.tr("Small pictures"),
            CellSize.MEDIUM: self.tr("Medium pictures"),
            CellSize.LARGE: self.tr("Large pictures, with the names of boxes"),
        }
        remembered = self._settings.text(_SIZE, CellSize.MEDIUM)
        size_now = CellSize(remembered) if remembered in set(CellSize) else CellSize.MEDIUM
        for place, size in enumerate(CellSize):
            made = self.sizes[size] = QToolButton()
            made.setIcon(theme.icon("image", "text"))
            made.setIconSize(QSize(12 + 4 * place, 12 + 4 * place))
            made.setFixedSize(28, 28)
            made.setCheckable(True)
            made.setAutoRaise(True)
            made.setToolTip(names[size])
            made.setAccessibleName(names[size])
            made.setChecked(size is size_now)
            made.clicked.connect(lambda checked, size=size: self._set_size(size))
            group.addButton(made)
            row.addWidget(made, alignment=Qt.AlignmentFlag.AlignVCenter)
        self.grid.set_cell_size(size_now)
        return row

    def _set_size(self, size: CellSize) -> None:
        self.grid.set_cell_size(size)
        self._settings.set_text(_SIZE, size)
