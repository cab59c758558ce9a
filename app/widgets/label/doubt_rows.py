"""Doubtful labels in words, and as rows of a list: small picture, what is doubtful, file name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractListModel, QCoreApplication, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app import theme
from app.thumbnails import Thumbnails
from app.widgets.gallery.overlay import ClassLook
from core.domain.dataset import Image
from core.labelling.doubts import Doubt, ImageDoubts

ROW, SIDE = 64, 48  # pixels: of a row, of its picture
_Index = QModelIndex | QPersistentModelIndex


def sentence_of(doubt: Doubt, looks: Mapping[int, ClassLook]) -> str:
    """What the label says and what the model says."""
    said = {
        "wrong_class": QCoreApplication.translate("Doubts", "Labelled {0}, rather {1}"),
        "missing_box": QCoreApplication.translate("Doubts", "A box of {1} is missing"),
        "loose_box": QCoreApplication.translate("Doubts", "The box of {0} lies badly"),
        "extra_box": QCoreApplication.translate("Doubts", "Nothing seen in the box of {0}"),
    }[doubt.kind]
    return said.format(name_of(doubt.given, looks), name_of(doubt.answer, looks))


def short_of(doubt: Doubt, looks: Mapping[int, ClassLook]) -> str:
    """The same for a narrow place."""
    said = {
        "wrong_class": "{0} → {1}",
        "missing_box": QCoreApplication.translate("Doubts", "{1} missing"),
        "loose_box": QCoreApplication.translate("Doubts", "{0} lies badly"),
        "extra_box": QCoreApplication.translate("Doubts", "{0} not seen"),
    }[doubt.kind]
    return said.format(name_of(doubt.given, looks), name_of(doubt.answer, looks))


def certainty_of(doubt: Doubt) -> str:
    """How sure the model is of its answer."""
    return QCoreApplication.translate("Doubts", "{} % sure").format(min(99, round(100 * doubt.certainty)))


def name_of(class_id: int | None, looks: Mapping[int, ClassLook]) -> str:
    return looks[class_id].name if class_id is not None and class_id in looks else "?"


class DoubtModel(QAbstractListModel):
    """Images in the order of the ranking."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[ImageDoubts] = []
        self.images: Mapping[str, Image] = {}
        self.looks: Mapping[int, ClassLook] = {}

    def set_rows(self, rows: Sequence[ImageDoubts]) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def row_of(self, image_hash: str) -> int:
        return next((row for row, one in enumerate(self.rows) if one.hash == image_hash), -1)

    def touch(self) -> None:
        """Paint the rows anew."""
        if self.rows:
            self.dataChanged.emit(self.index(0), self.index(len(self.rows) - 1))

    def lines(self, row: int) -> tuple[str, str]:
        one = self.rows[row]
        more = len(one.doubts) - 1
        facts = [certainty_of(one.doubts[0]), Path(self.images[one.hash].path).name]
        if more:
            facts.insert(1, QCoreApplication.translate("Doubts", "%n more", "", more))
        return short_of(one.doubts[0], self.looks), "  ·  ".join(facts)

    def rowCount(self, parent: _Index | None = None) -> int:  # noqa: N802 (Qt's name)
        return len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        texts = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
        return "\n".join(self.lines(index.row())) if index.isValid() and role in texts else None


class DoubtView(QListView):
    """Only the keys that walk are its own."""

    def __init__(self, model: DoubtModel, thumbnails: Thumbnails) -> None:
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
    def __init__(self, model: DoubtModel, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._model, self._thumbnails = model, thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        colours = theme.current()
        room = QRect(option.rect).adjusted(0, 1, -theme.TIGHT, -1)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent_soft if chosen else colours.background))
            painter.drawRoundedRect(room, theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(room.adjusted(1, 1, -1, -1), theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)
        place = QRect(room.left() + theme.SMALL, room.top() + (room.height() - SIDE) // 2, SIDE, SIDE)
        self._paint_picture(painter, place, self._model.images[self._model.rows[index.row()].hash])
        left = place.right() + 1 + theme.MEDIUM
        first, second = self._model.lines(index.row())
        middle = room.center().y() + 1
        width = room.right() - theme.SMALL - left
        _write(painter, QRect(left, middle - 22, width, 22), first, colours.text, 600, theme.BODY_PX)
        _write(painter, QRect(left, middle, width, 20), second, colours.muted, 400, theme.CAPTION_PX)
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


def _write(painter: QPainter, place: QRect, text: str, colour: str, weight: int, pixels: int) -> None:
    font = QFont(painter.font())
    font.setPixelSize(pixels)
    font.setVariableAxis(QFont.Tag("wght"), weight)
    painter.setFont(font)
    painter.setPen(QColor(colour))
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
