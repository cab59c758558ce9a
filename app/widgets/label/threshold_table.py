"""Classes of a model: from which score each is proposed, and how often it would be in the sample."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QDoubleSpinBox,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app import theme
from app.widgets.gallery.class_mark import class_mark
from app.widgets.plain_table import make_editable, make_plain

ROW, MOST_ROWS, LEAST_ROWS = 28, 6, 2
_Index = QModelIndex | QPersistentModelIndex
_NUMBER = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_OWN, _COUNT = 1, 2  # columns


class ModelClass(Struct, frozen=True):
    """``look`` is ``None`` for a class that would be left out."""

    name: str
    look: int | None


class _Rows(QAbstractTableModel):
    """Name, threshold, count; a threshold of its own is set in bold, the others follow the slider."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.classes: Sequence[ModelClass] = ()
        self.overall = 0.25
        self.own: dict[str, float] = {}
        self.counts: Mapping[str, int] = {}
        self.unit = ""

    def rowCount(self, parent: _Index | None = None) -> int:  # noqa: N802 (Qt's name)
        return 0 if parent is not None and parent.isValid() else len(self.classes)

    def columnCount(self, parent: _Index | None = None) -> int:  # noqa: N802 (Qt's name)
        return 0 if parent is not None and parent.isValid() else 3

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("Class"), self.tr("From score"), self.unit)[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _NUMBER if section else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return (
                "",
                self.tr("Boxes with a lower score are not proposed. F2 sets it for one class; Delete takes that back."),
                self.tr("So many would be proposed on the pictures of the preview."),
            )[section]
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == _OWN else flags

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        one, column = self.classes[index.row()], index.column()
        value = self.own.get(one.name, self.overall)
        if role == Qt.ItemDataRole.EditRole and column == _OWN:
            return value
        if role == Qt.ItemDataRole.DisplayRole:
            left_out = self.tr("left out") if one.look is None else f"{self.counts.get(one.name, 0):,}"
            return (one.name, f"{value:.2f}", left_out)[column]
        if role == Qt.ItemDataRole.ToolTipRole and column == 0:
            return one.name
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return None if one.look is None else class_mark(one.look)
        if role == Qt.ItemDataRole.TextAlignmentRole and column:
            return _NUMBER
        if role == Qt.ItemDataRole.FontRole and column == _OWN and one.name in self.own:
            font = QFont(QApplication.font())
            font.setWeight(QFont.Weight.DemiBold)
            return font
        muted = one.look is None or (column == _OWN and one.name not in self.own)
        return QColor(theme.current().muted) if role == Qt.ItemDataRole.ForegroundRole and muted else None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """A number between 0 and 1; ``None`` gives the class back to the slider."""
        if role != Qt.ItemDataRole.EditRole or index.column() != _OWN:
            return False
        name = self.classes[index.row()].name
        if value is None:
            self.own.pop(name, None)
        elif round(float(value), 2) != round(self.own.get(name, self.overall), 2):
            self.own[name] = min(max(float(value), 0.0), 1.0)
        self.tell()
        self.edited.emit()
        return True

    def tell(self) -> None:
        if self.classes:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.classes) - 1, 2))


class _ScoreEditor(QStyledItemDelegate):
    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:  # noqa: N802 (Qt's name)
        editor = QDoubleSpinBox(parent)
        editor.setRange(0.01, 1.0)
        editor.setSingleStep(0.05)
        editor.setFrame(False)
        editor.setAlignment(Qt.AlignmentFlag.AlignRight)
        return editor

    def setEditorData(self, editor: QWidget, index: _Index) -> None:  # noqa: N802 (Qt's name)
        assert isinstance(editor, QDoubleSpinBox)
        editor.setValue(index.data(Qt.ItemDataRole.EditRole))
        editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: _Index) -> None:  # noqa: N802 (Qt's name)
        assert isinstance(editor, QDoubleSpinBox)
        editor.interpretText()
        model.setData(index, editor.value())


class ThresholdTable(QTableView):
    """``changed``: a class got a threshold of its own, or gave it up."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = _Rows(self)
        self.rows.edited.connect(self.changed)
        self.setModel(self.rows)
        self._editor = _ScoreEditor(self)
        self.setItemDelegate(self._editor)
        make_plain(self, self.tr("Lowest score by class"), ROW)
        make_editable(self)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_OWN, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_COUNT, QHeaderView.ResizeMode.ResizeToContents)
        self.show_classes((), "")

    def show_classes(self, classes: Sequence[ModelClass], unit: str) -> None:
        """``unit``: what is counted, as the title of the column. Thresholds of classes that stay are kept."""
        rows = self.rows
        rows.beginResetModel()
        rows.classes, rows.unit = list(classes), unit
        names = {one.name for one in classes}
        rows.own = {name: value for name, value in rows.own.items() if name in names}
        rows.endResetModel()
        shown = min(max(len(classes), LEAST_ROWS), MOST_ROWS)
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + ROW * shown + 4)

    def set_overall(self, value: float) -> None:
        """For all classes that have no threshold of their own."""
        self.rows.overall = value
        self.rows.tell()

    def set_counts(self, counts: Mapping[str, int]) -> None:
        self.rows.counts = counts
        self.rows.tell()

    def thresholds(self) -> dict[str, float]:
        """Class name -> lowest score, of every class."""
        return {one.name: self.rows.own.get(one.name, self.rows.overall) for one in self.rows.classes}

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and index.isValid():
            self.rows.setData(self.rows.index(index.row(), _OWN), None)
            return
        super().keyPressEvent(event)
