"""A table of any number of rows, one of them chosen, sorted by a click on a header."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFocusEvent, QFont, QIcon, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app import theme

ROW_PX = 28
LEAST_WIDE = 64  # pixels, of the column that takes what the others leave
_MEASURED = 100  # rows whose texts decide how wide a column is
_Index = QModelIndex | QPersistentModelIndex
_MIDDLE = Qt.AlignmentFlag.AlignVCenter
Row = TypeVar("Row")


@dataclass(frozen=True)
class Column(Generic[Row]):
    """``key`` sorts; rows without one (``None``) come last, whatever the order. The first column takes what room is
    left unless another one is ``wide``. ``tip``: a sentence for one cell, by default a word in full; ``about``: for
    the header. ``ticked``: whether the cell's box is ticked, ``None`` where a row has none."""

    title: str
    text: Callable[[Row], str]
    key: Callable[[Row], Any]
    about: str = ""
    tip: Callable[[Row], str] = lambda row: ""
    icon: Callable[[Row], QIcon | None] = lambda row: None
    ticked: Callable[[Row], bool | None] = lambda row: None
    number: bool = False
    wide: bool = False


class RowsModel(QAbstractTableModel, Generic[Row]):
    """Rows in the order last asked for, then as ``arrange`` puts them; rows that ``muted`` names are grey."""

    def __init__(
        self,
        muted: Callable[[Row], bool],
        arrange: Callable[[list[Row]], list[Row]] = lambda rows: rows,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._arrange = arrange
        self.rows: list[Row] = []
        self.columns: Sequence[Column[Row]] = ()
        self.order = (-1, Qt.SortOrder.AscendingOrder)
        self._muted = muted

    def show_rows(self, rows: Sequence[Row], columns: Sequence[Column[Row]]) -> None:
        self.beginResetModel()
        self.rows, self.columns = list(rows), columns
        self._given = list(rows)
        self._sort()
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:  # noqa: N802 (Qt's name)
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index | None = None) -> int:  # noqa: N802 (Qt's name)
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(theme.current().muted) if self._muted(row) else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip(row) or (None if column.number else column.text(row))
        if role == Qt.ItemDataRole.DecorationRole:
            return column.icon(row)
        if role == Qt.ItemDataRole.CheckStateRole and (ticked := column.ticked(row)) is not None:
            return Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        if orientation is not Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            by, order = self.order
            arrow = "↑" if order is Qt.SortOrder.AscendingOrder else "↓"
            return f"{column.title} {arrow}" if by == section else column.title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.about or None
        if role == Qt.ItemDataRole.FontRole:  # the style sheet's size is used to paint, but not to measure
            font = QFont(QApplication.font())
            font.setPixelSize(theme.CAPTION_PX)
            return font
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By a column; -1 is the order in which the rows were given."""
        self.beginResetModel()
        self.order = (column, order)
        self._sort()
        self.endResetModel()

    def _sort(self) -> None:
        by, order = self.order
        rows = list(self._given)
        if 0 <= by < len(self.columns):
            key = self.columns[by].key
            known = [(key(row), row) for row in self._given]
            valued = [pair for pair in known if pair[0] is not None]
            valued.sort(key=lambda pair: pair[0], reverse=order is Qt.SortOrder.DescendingOrder)
            rows = [row for _, row in valued] + [row for value, row in known if value is None]
        self.rows = self._arrange(rows)

    _given: list[Row] = []  # noqa: RUF012 - replaced, never changed


class PlainDelegate(QStyledItemDelegate):
    """Text and icon only: the table itself paints the chosen row and the focus ring over its whole width."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:  # noqa: N802 (Qt's name)
        super().initStyleOption(option, index)
        option.state &= ~(QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_HasFocus)


class SortedTable(QTableView, Generic[Row]):
    """``chosen`` tells the row that the user went to, by mouse or by key, or ``None`` when Ctrl took the choice back;
    ``choose`` goes to one silently."""

    chosen = Signal(object)

    def __init__(
        self,
        identity: Callable[[Row], Hashable],
        muted: Callable[[Row], bool] = lambda row: False,
        arrange: Callable[[list[Row]], list[Row]] = lambda rows: rows,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._identity = identity
        self._quiet = False
        self._ring = False
        self._wishes: list[tuple[int, int]] = []  # of each column: its header's width, and what it would like
        self._sharing = False
        self._rows: RowsModel[Row] = RowsModel(muted, arrange, self)
        self.setModel(self._rows)
        self._delegate: PlainDelegate = PlainDelegate(self)
        self.setItemDelegate(self._delegate)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setIconSize(QSize(theme.LARGE, theme.LARGE))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setHighlightSections(False)
        header.setResizeContentsPrecision(_MEASURED)
        header.setMinimumSectionSize(theme.WIDE)
        header.sectionClicked.connect(self._sort_by)

    # Rows

    @property
    def rows(self) -> list[Row]:
        """As sorted now."""
        return self._rows.rows

    def show_rows(self, rows: Sequence[Row], columns: Sequence[Column[Row]]) -> None:
        """In place of all before; the chosen row stays chosen if it is still there."""
        identity = self._chosen_identity()
        self._quiet, self._wishes = True, []
        self._rows.show_rows(rows, columns)
        self._quiet = False
        self._fit_columns()
        self.choose(identity)

    @property
    def chosen_row(self) -> Row | None:
        index = self.currentIndex()
        return self.rows[index.row()] if index.isValid() and self.selectionModel().isSelected(index) else None

    def choose(self, identity: Hashable | None) -> None:
        """Go to the row with this identity and tell nobody; ``None``, or one that is not there, chooses nothing."""
        places = (place for place, row in enumerate(self.rows) if self._identity(row) == identity)
        place = next(places, -1) if identity is not None else -1
        self._quiet = True
        if place < 0:
            self.selectionModel().clear()
        else:
            how = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.selectionModel().setCurrentIndex(self._rows.index(place, 0), how)
            self.scrollTo(self._rows.index(place, 0))
        self._quiet = False
        self.viewport().update()

    def height_for(self, rows: int) -> int:
        """Pixels that the header and so many rows take."""
        return self.horizontalHeader().sizeHint().height() + rows * ROW_PX + 2

    def sort_by(self, column: int, order: Qt.SortOrder) -> None:
        """Column -1: the order in which the rows were given."""
        identity = self._chosen_identity()
        self._quiet = True
        self._rows.sort(column, order)
        self._quiet = False
        self._fit_columns()
        self.choose(identity)

    def _chosen_identity(self) -> Hashable | None:
        row = self.chosen_row
        return None if row is None else self._identity(row)

    def _sort_by(self, section: int) -> None:
        """Numbers the largest first, words from A; a second click turns it round, a third gives it up."""
        by, order = self._rows.order
        down, up = Qt.SortOrder.DescendingOrder, Qt.SortOrder.AscendingOrder
        first = down if self._rows.columns[section].number else up
        if by != section:
            self.sort_by(section, first)
        elif order is first:
            self.sort_by(section, up if first is down else down)
        else:
            self.sort_by(-1, up)

    def _fit_columns(self) -> None:
        """Measure what each column would like, from its header and its first rows."""
        header = self.horizontalHeader()
        headers = [header.sectionSizeHint(place) for place in range(len(self._rows.columns))]
        contents = [self.sizeHintForColumn(place) for place in range(len(headers))]
        self._wishes = [
            (least, max(least, content) + theme.SMALL) for least, content in zip(headers, contents, strict=True)
        ]
        self._share_width()

    def _share_width(self) -> None:
        """The wide column gets what the others leave. Where that is too little, words give way, down to their
        header, and end in …; numbers never do."""
        columns, header = self._rows.columns, self.horizontalHeader()
        if self._sharing or len(self._wishes) != len(columns) or not columns:
            return  # a section's new width may move a scroll bar, which resizes the table again
        wide = next((place for place, column in enumerate(columns) if column.wide), 0)
        widths = [wish for _, wish in self._wishes]
        widths[wide] = max(self._wishes[wide][0], LEAST_WIDE)
        words = [place for place, column in enumerate(columns) if not column.number and place != wide]
        spare = [widths[place] - self._wishes[place][0] for place in words]
        lack = min(max(sum(widths) - self.viewport().width(), 0), sum(spare))
        for place, room in zip(words, spare, strict=True):
            widths[place] -= -(-lack * room // sum(spare)) if lack else 0
        widths[wide] += max(self.viewport().width() - sum(widths), 0)
        self._sharing = True
        for place, width in enumerate(widths):
            header.resizeSection(place, width)
        self._sharing = False

    # Events

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._share_width()

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:  # noqa: N802 (Qt's name)
        super().selectionChanged(selected, deselected)
        self.viewport().update()
        if not self._quiet:
            self.chosen.emit(self.chosen_row)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Arrows, Page Up and Page Down as ever; Home and End go to the first and the last row."""
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(self.rows) - 1}
        place = ends.get(Qt.Key(event.key()))
        if place is not None and self.rows:
            self.setCurrentIndex(self._rows.index(place, max(self.currentIndex().column(), 0)))
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        self._ring = event.reason() is not Qt.FocusReason.MouseFocusReason
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        self._ring = False
        super().focusOutEvent(event)
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        colours, row = theme.current(), self._row_rect()
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if row is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent_soft))
            painter.drawRoundedRect(row, theme.TIGHT, theme.TIGHT)
        painter.end()
        super().paintEvent(event)
        painter.begin(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.drawLine(0, 0, self.viewport().width(), 0)
        if self._ring:
            ring = row or QRectF(self.viewport().rect())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(ring.adjusted(1, 1, -1, -1), theme.TIGHT, theme.TIGHT)
        painter.end()

    def _row_rect(self) -> QRectF | None:
        index = self.currentIndex()
        if not index.isValid() or not self.selectionModel().isSelected(index):
            return None
        top = self.rowViewportPosition(index.row())
        return QRectF(0, top, self.viewport().width(), ROW_PX)


def _side(column: Column[Any]) -> Qt.AlignmentFlag:
    return (Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft) | _MIDDLE
