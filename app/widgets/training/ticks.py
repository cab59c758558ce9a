"""A list of things to tick, each with a remark at its right; any number of them."""

from collections.abc import Sequence

from msgspec import Struct
from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app import theme
from app.widgets.painted_rows import write

ROW = 32  # pixels
_BOX = 16
_REMARK = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex


class Tick(Struct, frozen=True, kw_only=True):
    """``tip``: a sentence about it."""

    name: str
    title: str
    remark: str = ""
    tip: str = ""


class Ticks(QListView):
    """``changed`` is told when the user ticks or unticks one, by mouse or Space."""

    changed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName("ticks")
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._items = QStandardItemModel(self)
        self.setModel(self._items)
        self._delegate = _Rows(self)
        self.setItemDelegate(self._delegate)
        self._items.itemChanged.connect(lambda item: self.changed.emit())

    @property
    def ticked(self) -> tuple[str, ...]:
        """Names in the order of the list."""
        items = (self._items.item(row) for row in range(self._items.rowCount()))
        return tuple(
            item.data(Qt.ItemDataRole.UserRole) for item in items if item.checkState() is Qt.CheckState.Checked
        )

    def show_ticks(self, rows: Sequence[Tick], ticked: Sequence[str]) -> None:
        """In place of all before; tells nobody."""
        chosen, row = set(ticked), self.currentIndex().row()
        self._items.blockSignals(True)
        self._items.clear()
        for one in rows:
            item = QStandardItem(one.title)
            item.setData(one.name, Qt.ItemDataRole.UserRole)
            item.setData(one.remark, _REMARK)
            item.setData(", ".join(filter(None, (one.title, one.remark))), Qt.ItemDataRole.AccessibleTextRole)
            item.setToolTip(one.tip)
            item.setCheckable(True)
            item.setCheckState(Qt.CheckState.Checked if one.name in chosen else Qt.CheckState.Unchecked)
            self._items.appendRow(item)
        self._items.blockSignals(False)
        self._items.layoutChanged.emit()
        self.setCurrentIndex(self._items.index(min(max(row, 0), len(rows) - 1), 0))

    def place_of(self, name: str) -> QModelIndex:
        """Where a row is, for whoever wants to click it."""
        found = self._items.match(self._items.index(0, 0), Qt.ItemDataRole.UserRole, name, 1, Qt.MatchFlag.MatchExactly)
        return found[0] if found else QModelIndex()


class _Rows(QStyledItemDelegate):
    """Box, title, and in small print the remark."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        colours = theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = QRect(option.rect).adjusted(1, 1, -1, -1)
        if option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.background))
            painter.drawRoundedRect(room, theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(room.adjusted(1, 1, -1, -1), theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)
        box = QRect(room.left() + theme.SMALL, room.center().y() - _BOX // 2 + 1, _BOX, _BOX)
        ticked = Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)) is Qt.CheckState.Checked
        painter.setPen(QPen(QColor(colours.accent if ticked else colours.muted), 1))
        painter.setBrush(QColor(colours.accent if ticked else colours.surface))
        painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), theme.TIGHT, theme.TIGHT)
        if ticked:
            theme.icon("check", "on_accent").paint(painter, box.adjusted(2, 2, -2, -2))
        words = QRect(room).adjusted(theme.SMALL + _BOX + theme.SMALL, 0, -theme.SMALL, 0)
        remark = str(index.data(_REMARK) or "")
        taken = write(painter, words, remark, colours.muted, align=Qt.AlignmentFlag.AlignRight, pixels=theme.CAPTION_PX)
        words.adjust(0, 0, -taken - theme.SMALL, 0)
        write(painter, words, str(index.data(Qt.ItemDataRole.DisplayRole)), colours.text)
        painter.restore()

    def editorEvent(  # noqa: N802 (Qt's name)
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: _Index
    ) -> bool:
        """A click anywhere in the row ticks it, as Space does."""
        clicked = event.type() is QEvent.Type.MouseButtonRelease
        typed = isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Select)
        if not clicked and not (typed and event.type() is QEvent.Type.KeyPress):
            return False
        before = Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole))
        after = Qt.CheckState.Unchecked if before is Qt.CheckState.Checked else Qt.CheckState.Checked
        return model.setData(index, after, Qt.ItemDataRole.CheckStateRole)

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, ROW)
