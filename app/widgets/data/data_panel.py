"""Beside the gallery: classes, split, health."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.widgets.data.class_table import ClassRow, ClassTable
from app.widgets.data.gallery_filter import Filter, GalleryIndex
from app.widgets.data.health_list import HealthCard
from app.widgets.data.split_bar import SplitCard
from app.widgets.gallery.overlay import look_of
from app.widgets.parts import Card, label
from core.domain.dataset import ImageClass
from core.domain.task import Task

WIDTH = 320  # pixels


class DataPanel(QScrollArea):
    """As wide as it is always, and scrolling by itself where it is too long."""

    filter_chosen = Signal(object)  # Filter

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.classes, self.split, self.health = ClassTable(), SplitCard(), HealthCard()
        self._none = label(self.tr("Classes come with labels: import a labelled folder."), "muted", wrap=True)
        card = Card(self.tr("Classes"))
        card.body.addWidget(self._none)
        card.body.addWidget(self.classes)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.MEDIUM)
        for each in (card, self.split, self.health):
            each.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
            column.addWidget(each)
        column.addStretch()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        self.setWidget(inner)
        self.setFixedWidth(WIDTH)
        self.classes.class_chosen.connect(self._choose_class)
        self.health.finding_chosen.connect(self._choose_finding)

    def show_classes(
        self, classes: Sequence[ImageClass], index: GalleryIndex, task: Task | None, wanted: Filter
    ) -> None:
        rows = [
            ClassRow(
                each.id,
                place,
                look_of(each),
                each.name,
                index.counts[each.id].annotations if task is Task.DETECTION else None,
                index.counts[each.id].images,
            )
            for place, each in enumerate(classes)
            if each.id in index.counts
        ]
        self.classes.show_rows(rows)
        self.classes.setVisible(bool(rows))
        self._none.setVisible(not rows)
        self.show_filter(wanted)

    def show_filter(self, wanted: Filter) -> None:
        self.classes.set_chosen(wanted.class_id if wanted.what == "class" else -1)
        self.health.set_chosen(wanted.kind if wanted.what == "finding" else "")

    def _choose_class(self, class_id: int) -> None:
        self.filter_chosen.emit(Filter() if class_id < 0 else Filter(what="class", class_id=class_id))

    def _choose_finding(self, kind: str) -> None:
        self.filter_chosen.emit(Filter(what="finding", kind=kind) if kind else Filter())
