"""Pictures as rows of a list: a small one, and two lines of words beside it. Only the rows in sight cost anything."""

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app import theme
from app.thumbnails import Thumbnails
from app.widgets.painted_rows import paint_back, write
from core.domain.dataset import Image

ROW, SIDE = 64, 48  # pixels: of a row, of its picture
_Index = QModelIndex | QPersistentModelIndex


class PictureRows(QAbstractListModel):
    """What the rows show; a model says how many there are."""

    def image(self, row: int) -> Image:
        raise NotImplementedError

    def lines(self, row: int) -> tuple[str, str]:
        """The first is what matters."""
        raise NotImplementedError

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        texts = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
        return "\n".join(self.lines(index.row())) if index.isValid() and role in texts else None


class PictureRowView(QListView):
    """Only the keys that walk are its own."""

    def __init__(self, model: PictureRows, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.setModel(model)
        self.setItemDelegate(_Rows(model, thumbnails, self))
        self.setObjectName("runs")
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QListView.SelectionMode.SingleSelection)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        thumbnails.ready.connect(self._repaint)

    def _repaint(self, image_hash: str) -> None:
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        key = Qt.Key
        if event.key() in (key.Key_Up, key.Key_Down, key.Key_PageUp, key.Key_PageDown, key.Key_Home, key.Key_End):
            super().keyPressEvent(event)
        else:
            event.ignore()


class _Rows(QStyledItemDelegate):
    def __init__(self, model: PictureRows, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._model, self._thumbnails = model, thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        colours = theme.current()
        room = QRect(option.rect).adjusted(0, 1, -theme.TIGHT, -1)
        painter.save()
        paint_back(painter, option, room)
        place = QRect(room.left() + theme.SMALL, room.top() + (room.height() - SIDE) // 2, SIDE, SIDE)
        self._paint_picture(painter, place, self._model.image(index.row()))
        left = place.right() + 1 + theme.MEDIUM
        first, second = self._model.lines(index.row())
        middle = room.center().y() + 1
        width = room.right() - theme.SMALL - left
        write(painter, QRect(left, middle - 22, width, 22), first, colours.text, strong=True)
        write(painter, QRect(left, middle, width, 20), second, colours.muted, pixels=theme.CAPTION_PX)
        painter.restore()

    def _paint_picture(self, painter: QPainter, place: QRect, image: Image) -> None:
        ratio = painter.device().devicePixelRatioF()
        found = self._thumbnails.get(image, place.size() * ratio)
        if found is None:
            painter.fillRect(place, QColor(theme.current().line))
            return
        size = (found.size() / ratio).scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
        shown = QRect(place.topLeft(), size)
        shown.moveCenter(place.center())
        painter.drawImage(shown, found)
