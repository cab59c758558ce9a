"""Classes as rows of a list: mark, key, name, count. A thousand of them cost no more than those in sight."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app import theme
from app.keys import DIGITS, Keys, native
from app.widgets.gallery.class_mark import class_mark
from app.widgets.gallery.overlay import look_of
from core.domain.dataset import ImageClass

ROW = 30
Index = QModelIndex | QPersistentModelIndex
ClassRole = Qt.ItemDataRole.UserRole


class ClassModel(QAbstractListModel):
    """``shown``: the classes that the search lets through."""

    renamed = Signal(int, str)  # class id, the name that somebody typed

    def __init__(self, keys: Keys) -> None:
        super().__init__()
        self.classes: Sequence[ImageClass] = ()
        self.shown: list[ImageClass] = []
        self.current: int | None = None  # class id: for the next box, or what the picture is labelled as
        self.is_writable = False
        self._keys = keys
        self._places: dict[int, int] = {}
        self._counts: Mapping[int, int] | None = None  # not shown
        self._search = ""

    def set_classes(self, classes: Sequence[ImageClass]) -> None:
        self.classes = classes
        self._places = {one.id: place for place, one in enumerate(classes)}
        self._fill()

    def set_counts(self, counts: Mapping[int, int]) -> None:
        self._counts = counts
        self.touch()

    def set_search(self, text: str) -> None:
        self._search = text.strip().casefold()
        self._fill()

    def set_current(self, class_id: int | None) -> None:
        self.current = class_id
        self.touch()

    def touch(self) -> None:
        """Paint the rows anew."""
        if self.shown:
            self.dataChanged.emit(self.index(0), self.index(len(self.shown) - 1))

    def key_of(self, one: ImageClass) -> str:
        """Its own letter, else the digit of its place."""
        if one.shortcut:
            return native(one.shortcut)
        place = self._places.get(one.id, DIGITS)
        return self._keys.shown(f"class_{place + 1}") if place < DIGITS else ""

    def count_of(self, one: ImageClass) -> str:
        """How many boxes or pictures it has, if that is known here."""
        return "" if self._counts is None else f"{self._counts.get(one.id, 0):,}"

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's name and default)
        return 0 if parent.isValid() else len(self.shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        one = self.shown[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return one.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return one.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{one.name}, {self.key_of(one)}, {self.count_of(one)}"
        if role == ClassRole:
            return one
        return None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """The name; it changes once the project has it."""
        name = str(value).strip()
        one = self.shown[index.row()]
        if role == Qt.ItemDataRole.EditRole and name and name != one.name:
            self.renamed.emit(one.id, name)
        return False

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if self.is_writable else flags

    def _fill(self) -> None:
        self.beginResetModel()
        self.shown = [one for one in self.classes if self._search in one.name.casefold()]
        self.endResetModel()


class ClassRows(QStyledItemDelegate):
    """The chosen class stands on the accent."""

    def __init__(self, model: ClassModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        one, colours = self._model.shown[index.row()], theme.current()
        room = QRect(option.rect)
        state = option.state
        chosen, focused = one.id == self._model.current, bool(state & QStyle.StateFlag.State_HasFocus)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent_soft if chosen else colours.background))
            painter.drawRoundedRect(room.adjusted(0, 1, 0, -1), theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)
        if focused:
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(room.adjusted(1, 2, -1, -2), theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)
        left = room.left() + theme.SMALL
        class_mark(look_of(one)).paint(painter, QRect(left, room.center().y() - 6, 14, 14))
        left = self._paint_key(painter, left + 14 + theme.SMALL, room, self._model.key_of(one))
        self._paint_words(painter, QRect(left, room.top(), room.right() - theme.SMALL - left, ROW), one, chosen)
        painter.restore()

    def _paint_key(self, painter: QPainter, left: int, room: QRect, key: str) -> int:
        if not any(self._model.key_of(one) for one in self._model.shown[:DIGITS]):
            return left
        width = max(22, painter.fontMetrics().horizontalAdvance(key) + theme.SMALL)
        if key:
            cap = QRect(left, room.center().y() - 9, width, 20)
            painter.setPen(QPen(QColor(theme.current().line), 1))
            painter.setBrush(QColor(theme.current().background))
            painter.drawRoundedRect(cap, 4, 4)
            painter.setPen(QColor(theme.current().text))
            painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, key)
        return left + width + theme.SMALL

    def _paint_words(self, painter: QPainter, room: QRect, one: ImageClass, chosen: bool) -> None:
        colours = theme.current()
        count = self._model.count_of(one)
        font = QFont(painter.font())
        font.setFeature(QFont.Tag("tnum"), 1)
        painter.setFont(font)
        painter.setPen(QColor(colours.muted))
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(room, right, count)
        room.setRight(room.right() - painter.fontMetrics().horizontalAdvance(count) - theme.SMALL)
        painter.setPen(QColor(colours.accent if chosen else colours.text))
        if chosen:
            font.setVariableAxis(QFont.Tag("wght"), 600)
            painter.setFont(font)
        name = painter.fontMetrics().elidedText(one.name, Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)


class QuietList(QListView):
    """A list whose letters, digits and signs belong to the page: it never searches by typing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys with the canvas
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.viewport().setAutoFillBackground(False)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """As high as its rows; it scrolls where there is less room."""
        model = self.model()
        rows = 0 if model is None else model.rowCount()
        return QSize(0, rows * self.sizeHintForRow(0) + 2 if rows else 0)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.clicked.emit(self.currentIndex())
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            super().keyPressEvent(event)
        else:
            event.ignore()
