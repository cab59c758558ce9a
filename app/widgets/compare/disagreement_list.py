"""The pictures that models disagree about, the widest disagreement first, to be walked through and filtered."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Signal
from PySide6.QtWidgets import QComboBox, QWidget

from app import theme
from app.thumbnails import Thumbnails
from app.widgets.compare.disagreement_words import kind_words, kinds_of, remarks, row_words, summary
from app.widgets.compare.model_picker import ModelPicker
from app.widgets.gallery.overlay import ClassLook
from app.widgets.gallery.picture_rows import PictureRows, PictureRowView
from app.widgets.parts import Card, label
from core.domain.dataset import Image

if TYPE_CHECKING:  # numpy, which the window's start does not wait for
    from core.actions.disagreeing import Disagreements
    from core.metrics.disagreement import ImageDisagreement

WIDTH = 320  # pixels
DIFFERING, AGREED = "differing", "agreed"  # beside the kinds of ``ImageDisagreement``


class _Rows(PictureRows):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[ImageDisagreement] = []
        self.images: Mapping[str, Image] = {}
        self.looks: Mapping[int, ClassLook] = {}

    def set_rows(self, rows: "list[ImageDisagreement]") -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def image(self, row: int) -> Image:
        return self.images[self.rows[row].hash]

    def lines(self, row: int) -> tuple[str, str]:
        one = self.rows[row]
        facts = (kind_words(one.kind, len(one.right)), Path(self.image(row).path).name)
        return row_words(one, self.looks), "  ·  ".join(facts)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:  # noqa: N802 (Qt's name)
        return len(self.rows)


class DisagreementList(Card):
    """``walked`` tells that another picture is current, or none any more."""

    walked = Signal()

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.model = _Rows(self)
        self.view = PictureRowView(self.model, thumbnails)
        self.view.setAccessibleName(self.tr("Pictures that the models disagree about"))
        self.filter = QComboBox()
        self.filter.setAccessibleName(self.tr("Which disagreements are listed"))
        self.picker = ModelPicker()
        self.summary, self.remarks = label("", wrap=True), label("", "caption", wrap=True)
        self._told: Disagreements | None = None
        self.setFixedWidth(WIDTH)
        self.body.setContentsMargins(theme.MEDIUM, theme.MEDIUM, 1, theme.TIGHT)
        for part in (self.picker, self.summary, self.remarks, self.filter, self.view):
            self.body.addWidget(part, 1 if part is self.view else 0)
        for part in (self.picker, self.summary, self.remarks, self.filter):
            part.setMaximumWidth(WIDTH - 2 * theme.MEDIUM)
        self.setFocusProxy(self.view)
        self.filter.currentIndexChanged.connect(self._filter)
        self.view.selectionModel().currentChanged.connect(self.walked)

    def show_disagreements(self, told: "Disagreements", looks: Mapping[int, ClassLook]) -> None:
        """Those that are worth a look; where there are none, all pictures."""
        self._told = told
        self.set_images(told.images, looks)
        self.summary.setText(summary(told))
        self.remarks.setText("\n".join(remarks(told)))
        self.remarks.setVisible(bool(self.remarks.text()))
        self._fill_filter(told)
        self._filter()

    def set_images(self, images: Mapping[str, Image], looks: Mapping[int, ClassLook]) -> None:
        """The same pictures, perhaps at other places, or with other names of classes."""
        self.model.images, self.model.looks = images, looks
        self.view.viewport().update()

    @property
    def current(self) -> "ImageDisagreement | None":
        row = self.view.currentIndex().row()
        return self.model.rows[row] if 0 <= row < len(self.model.rows) else None

    def around(self, ahead: int) -> list[Image]:
        """What may be looked at next, the likeliest first."""
        here = self.view.currentIndex().row()
        rows = [*range(here + 1, here + 1 + ahead), here - 1]
        return [self.model.image(row) for row in rows if 0 <= row < len(self.model.rows)]

    def step(self, by: int) -> None:
        """Another picture of the list; beyond its ends nothing happens."""
        row = self.view.currentIndex().row() + by
        if 0 <= row < len(self.model.rows):
            self.view.setCurrentIndex(self.model.index(row))

    def _fill_filter(self, told: "Disagreements") -> None:
        models, counts = len(told.runs), told.count()
        differing = sum(counts.values())
        entries = [(self.tr("All disagreements"), DIFFERING, differing)]
        entries += [(kind_words(kind, models), kind, counts.get(kind, 0)) for kind in kinds_of(models)]
        entries.append((self.tr("They agree"), AGREED, len(told.rows) - differing))
        self.filter.blockSignals(True)
        self.filter.clear()
        for words, kind, count in entries:
            self.filter.addItem(f"{words}  ·  {count:,}", kind)
        self.filter.setCurrentIndex(0 if differing else len(entries) - 1)
        self.filter.blockSignals(False)

    def _filter(self) -> None:
        if self._told is None:
            return
        wanted, rows = self.filter.currentData(), self._told.rows
        if wanted == AGREED:
            chosen = [row for row in rows if not row.differs]
        else:
            chosen = [row for row in rows if row.differs and wanted in (DIFFERING, row.kind)]
        self.model.set_rows(chosen)
        self.view.setCurrentIndex(self.model.index(0))  # of an empty list: none
        self.view.scrollToTop()
        self.walked.emit()
