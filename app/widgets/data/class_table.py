"""Classes and how often they are met; a row filters the gallery."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from msgspec import Struct
from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.widgets.gallery.class_mark import class_mark
from app.widgets.plain_table import make_plain

ROW = 28  # pixels
MOST_ROWS = 8  # seen at once; the others by scrolling
_Index = QModelIndex | QPersistentModelIndex
_NUMBER = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ClassRow(Struct, frozen=True):
    """``place`` among the classes, ``look`` of ``class_mark``; ``boxes``: ``None`` where images have one class each."""

    id: int
    place: int
    look: int
    name: str
    boxes: int | None
    images: int


class ClassModel(QAbstractTableModel):
    """Name, boxes (detection) and images, sortable; told apart by mark and colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[ClassRow] = []
        self._fields: tuple[str, ...] = ("name", "images")
        self._order = (-1, Qt.SortOrder.AscendingOrder)

    def show_rows(self, rows: Sequence[ClassRow]) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        boxes = any(row.boxes is not None for row in rows)
        self._fields = ("name", "boxes", "images") if boxes else ("name", "images")
        self._sort()
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:  # noqa: N802 (Qt's name)
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index | None = None) -> int:  # noqa: N802 (Qt's name)
        return 0 if parent is not None and parent.isValid() else len(self._fields)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, name = self.rows[index.row()], self._fields[index.column()]
        value = getattr(row, name)
        if role == Qt.ItemDataRole.DisplayRole:
            return value if name == "name" else f"{value:,}"
        if role == Qt.ItemDataRole.DecorationRole and name == "name":
            return class_mark(row.look)
        if role == Qt.ItemDataRole.TextAlignmentRole and name != "name":
            return _NUMBER
        if role == Qt.ItemDataRole.ToolTipRole and name == "name":
            return row.name
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        if orientation is not Qt.Orientation.Horizontal or section >= len(self._fields):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return {"name": self.tr("Class"), "boxes": self.tr("Boxes"), "images": self.tr("Images")}[
                self._fields[section]
            ]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter if section == 0 else _NUMBER
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By a column; column -1 is the order of the project, which is that of a model's outputs."""
        self.layoutAboutToBeChanged.emit()
        self._order = (column, order)
        self._sort()
        self.layoutChanged.emit()

    def _sort(self) -> None:
        column, order = self._order
        self.rows.sort(key=attrgetter("place"))
        if 0 <= column < len(self._fields):
            name, descending = self._fields[column], order is Qt.SortOrder.DescendingOrder
            self.rows.sort(key=lambda row: getattr(row, name), reverse=descending)


class ClassTable(QTableView):
    """As high as its rows, up to ``MOST_ROWS``; ``class_chosen`` tells the id, or -1 when the choice was taken back."""

    class_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ClassModel(self)
        self.setModel(self._model)
        make_plain(self, self.tr("Classes"), ROW)
        self.setSortingEnabled(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(56)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.selectionModel().selectionChanged.connect(self._tell)
        self._quiet = False

    def show_rows(self, rows: Sequence[ClassRow], chosen: int = -1) -> None:
        self._quiet = True
        self._model.show_rows(rows)
        header = self.horizontalHeader()
        for column in range(self._model.columnCount()):
            fit = QHeaderView.ResizeMode.Stretch if column == 0 else QHeaderView.ResizeMode.ResizeToContents
            header.setSectionResizeMode(column, fit)
        self._quiet = False
        self.set_chosen(chosen)
        self.setFixedHeight(header.sizeHint().height() + ROW * max(1, min(len(rows), MOST_ROWS)) + 2)

    def set_chosen(self, class_id: int) -> None:
        """Show the choice that was made elsewhere; -1 is none."""
        self._quiet = True
        self.clearSelection()
        for place, row in enumerate(self._model.rows):
            if row.id == class_id:
                self.selectionModel().select(
                    self._model.index(place, 0),
                    QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
                )
        self._quiet = False

    @property
    def rows(self) -> list[ClassRow]:
        """As they stand, from the top."""
        return self._model.rows

    def selectionCommand(self, index: _Index, event: Any = None) -> QItemSelectionModel.SelectionFlag:  # noqa: N802
        """A click on the chosen row takes the choice back."""
        flags = QItemSelectionModel.SelectionFlag
        if event is not None and index.isValid() and self.selectionModel().isRowSelected(index.row(), QModelIndex()):
            if event.type() in (event.Type.MouseButtonPress, event.Type.KeyPress):
                return flags.Deselect | flags.Rows
            return flags.NoUpdate
        return super().selectionCommand(index, event)

    def _tell(self, chosen: QItemSelection, taken_back: QItemSelection) -> None:
        if not self._quiet:
            rows = self.selectionModel().selectedRows()
            self.class_chosen.emit(self._model.rows[rows[0].row()].id if rows else -1)
