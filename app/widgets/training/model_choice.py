"""Which model: those that can start here first, each with its size."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QComboBox, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app import theme
from app.translations import said
from core.domain.task import Task
from core.training.catalog import Entry, catalogue

_SIZE, _HEADING = Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2
_ROW = 32  # pixels


class ModelChoice(QComboBox):
    """``chosen`` is told when the user takes another model."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("data", True)
        self.setAccessibleName(self.tr("Model"))
        self.setMaxVisibleItems(16)
        self._items = QStandardItemModel(self)
        self.setModel(self._items)
        self.setItemDelegate(_Rows(self))
        self.activated.connect(lambda index: self.chosen.emit(self.itemData(index)))

    def show_models(self, task: Task, here: set[str], *, grouped: bool) -> None:
        """The models of ``task``; ``grouped``: those named in ``here`` first, the others under their own heading."""
        kept = self.currentData()
        entries = [entry for entry in catalogue() if entry.task is task]
        self.blockSignals(True)
        self._items.clear()
        if grouped:
            self._add(self.tr("Start weights on this machine"), [e for e in entries if e.name in here])
            self._add(self.tr("Start weights to be fetched or imported"), [e for e in entries if e.name not in here])
        else:
            self._add("", entries)
        self.show_model(kept)
        self.blockSignals(False)

    def show_model(self, name: str) -> None:
        self.setCurrentIndex(self.findData(name))

    def _add(self, heading: str, entries: list[Entry]) -> None:
        if not entries:
            return
        if heading:
            item = QStandardItem(heading)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            item.setData(True, _HEADING)
            self._items.appendRow(item)
        for entry in entries:
            item = QStandardItem(entry.title)
            item.setData(entry.name, Qt.ItemDataRole.UserRole)
            item.setData(parameters(entry), _SIZE)
            item.setToolTip(said(entry.sentence))
            self._items.appendRow(item)


class _Rows(QStyledItemDelegate):
    """Title at the left, size at the right; headings in small print."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        colours = theme.current()
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        text, shown.text = shown.text, ""
        heading = bool(index.data(_HEADING))
        style = QApplication.style()
        if not heading:
            style.drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, shown.widget)
        painter.save()
        font = painter.font()
        font.setPixelSize(theme.CAPTION_PX if heading else theme.BODY_PX)
        painter.setFont(font)
        room: QRect = option.rect.adjusted(theme.MEDIUM, 0, -theme.MEDIUM, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        size = str(index.data(_SIZE) or "")
        painter.setPen(QColor(colours.muted))
        painter.drawText(room, middle | Qt.AlignmentFlag.AlignRight, size)
        painter.setPen(QColor(colours.muted if heading else colours.text))
        left = room.adjusted(0, 0, -painter.fontMetrics().horizontalAdvance(size) - theme.SMALL, 0)
        text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, left.width())
        painter.drawText(left, middle | Qt.AlignmentFlag.AlignLeft, text)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802
        return QSize(super().sizeHint(option, index).width(), _ROW)


def parameters(entry: Entry) -> str:
    """``4.7 M``: how many numbers the model learns."""
    return "" if entry.parameters is None else f"{entry.parameters / 1e6:.1f} M"
