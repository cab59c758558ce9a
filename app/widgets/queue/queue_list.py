"""Queued runs as rows: dragged or moved by keys into another order; only the rows in sight cost anything."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QStyledItemDelegate, QStyleOptionViewItem

from app import theme
from app.widgets.painted_rows import paint_back, write
from app.widgets.parts import duration
from app.widgets.queue.turns import Turn
from app.widgets.run.run_words import mode_title, model_title
from core.domain.run import number_of

ROW = 48  # pixels
_GRIP, _NUMBER, _TIME = 16, 32, 168  # pixels: of the handle, the place, and the estimate
_FORMAT = "application/x-lensmith-queued-run"
_Index = QModelIndex | QPersistentModelIndex


class QueueModel(QAbstractListModel):
    """Runs under way, which stay where they are, and after them the waiting ones."""

    dropped = Signal(str, str)  # a waiting run, and the one that it is to go before; "" for the end

    def __init__(self) -> None:
        super().__init__()
        self.turns: Sequence[Turn] = ()
        self.is_writable = True
        self._places: dict[str, int] = {}

    def set_turns(self, turns: Sequence[Turn]) -> None:
        """Rows that only changed their times are painted anew; another order resets the list."""
        same = [turn.run.run for turn in turns] == [turn.run.run for turn in self.turns]
        if same:
            self.turns = turns
            if turns:
                self.dataChanged.emit(self.index(0), self.index(len(turns) - 1))
            return
        self.beginResetModel()
        self.turns = turns
        self._places = {turn.run.run: place for place, turn in enumerate(turns)}
        self.endResetModel()

    def row_of(self, run: str) -> int:
        return self._places.get(run, -1)

    @property
    def first_waiting(self) -> int:
        """Row of the run whose turn is next."""
        return next((row for row, turn in enumerate(self.turns) if not turn.run.is_going), len(self.turns))

    def before(self, row: int) -> str:
        """The run that one dropped at ``row`` goes before."""
        row = max(row, self.first_waiting)
        return self.turns[row].run.run if row < len(self.turns) else ""

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's name and default)
        return 0 if parent.isValid() else len(self.turns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        turn = self.turns[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.title(turn)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.title(turn)}, {self.details(turn)}, {self.when(index.row())}"
        if role == Qt.ItemDataRole.ToolTipRole and not turn.run.is_going and self.is_writable:
            return self.tr("Drag it to another place, or move it with Alt and the arrow keys.")
        return None

    def title(self, turn: Turn) -> str:
        return f"{model_title(turn.run.model)} · {mode_title(turn.run.mode)}"

    def details(self, turn: Turn) -> str:
        run = turn.run
        parts = [self.tr("Run {}").format(number_of(run.run))]
        if run.spec is not None:
            parts += [self.tr("seed {}").format(run.spec.seed), self.tr("%n epoch(s)", "", run.spec.epochs)]
        if run.experiment:
            parts.append(self.tr("comparison {}").format(run.experiment))
        return " · ".join(parts)

    def when(self, row: int) -> str:
        """When its turn comes."""
        turn = self.turns[row]
        if turn.run.is_going:
            return self.tr("running")
        if row == self.first_waiting and not turn.starts_in:
            return self.tr("next")
        if turn.starts_in is None:
            return self.tr("next") if row == self.first_waiting else ""
        return self.tr("in about {}").format(duration(turn.starts_in))

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled if self.is_writable else Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if self.is_writable and not self.turns[index.row()].run.is_going:
            flags |= Qt.ItemFlag.ItemIsDragEnabled
        return flags

    def supportedDropActions(self) -> Qt.DropAction:  # noqa: N802 (Qt's name)
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:  # noqa: N802 (Qt's name)
        return [_FORMAT]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:  # noqa: N802 (Qt's name)
        data = QMimeData()
        data.setData(_FORMAT, self.turns[indexes[0].row()].run.run.encode())
        return data

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: _Index) -> bool:  # noqa: N802
        """The order changes once the project has it; ``False`` keeps Qt from removing the row itself."""
        if data.hasFormat(_FORMAT):
            place = parent.row() if parent.isValid() else row if row >= 0 else len(self.turns)
            self.dropped.emit(bytes(data.data(_FORMAT).data()).decode(), self.before(place))
        return False


class QueueRows(QStyledItemDelegate):
    """Handle and place, what it is, when its turn comes."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        model = index.model()
        assert isinstance(model, QueueModel)
        turn, colours = model.turns[index.row()], theme.current()
        painter.save()
        room = QRect(option.rect).adjusted(1, 1, -1, -1)
        paint_back(painter, option, room)
        inner = room.adjusted(theme.SMALL, theme.TIGHT, -theme.MEDIUM, -theme.TIGHT)
        place = QRect(inner.left(), inner.top(), _GRIP + _NUMBER, inner.height())
        self._paint_place(painter, place, model, index.row())
        words = inner.adjusted(_GRIP + _NUMBER + theme.SMALL, 0, -_TIME - theme.SMALL, 0)
        top, bottom = QRect(words), QRect(words)
        top.setHeight(words.height() // 2)
        bottom.setTop(top.bottom() + 1)
        write(painter, top, model.title(turn), colours.text, strong=True)
        write(painter, bottom, model.details(turn), colours.muted, pixels=theme.CAPTION_PX)
        self._paint_times(painter, inner, model, index.row())
        painter.restore()

    def _paint_place(self, painter: QPainter, room: QRect, model: QueueModel, row: int) -> None:
        colours, going = theme.current(), model.turns[row].run.is_going
        middle = room.center().y()
        if going:
            theme.icon("play", "accent").paint(painter, QRect(room.right() - 16, middle - 8, 16, 16))
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.muted if model.is_writable else colours.line))
        for dot in range(6):  # the sign for "can be dragged"
            painter.drawEllipse(room.left() + 2 + dot % 2 * 5, middle - 7 + dot // 2 * 5, 2, 2)
        number = QRect(room.left() + _GRIP, room.top(), _NUMBER, room.height())
        write(painter, number, str(row - model.first_waiting + 1), colours.muted, align=Qt.AlignmentFlag.AlignRight)

    def _paint_times(self, painter: QPainter, inner: QRect, model: QueueModel, row: int) -> None:
        colours, turn = theme.current(), model.turns[row]
        right = QRect(inner.right() - _TIME, inner.top(), _TIME, inner.height())
        top, bottom = QRect(right), QRect(right)
        if turn.takes is not None:
            top.setHeight(right.height() // 2)
            bottom.setTop(top.bottom() + 1)
            takes = model.tr("takes about {}").format(duration(turn.takes.seconds))
            write(painter, bottom, takes, colours.muted, pixels=theme.CAPTION_PX, align=Qt.AlignmentFlag.AlignRight)
        colour = colours.accent if turn.run.is_going else colours.text
        write(painter, top, model.when(row), colour, align=Qt.AlignmentFlag.AlignRight)


class QueueList(QListView):
    """``step_wanted``: the chosen run is to go one place up (-1) or down (1); ``remove_wanted``: Delete."""

    chosen = Signal()
    step_wanted = Signal(int)
    remove_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.rows = QueueModel()
        self.setModel(self.rows)
        self._delegate = QueueRows(self)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(self.tr("Queue"))
        self.setObjectName("queue")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDragDropOverwriteMode(False)
        self.selectionModel().currentChanged.connect(lambda now, before: self.chosen.emit())

    @property
    def chosen_run(self) -> str:
        """Id of the run that the user went to, or ""."""
        row = self.currentIndex().row()
        return self.rows.turns[row].run.run if 0 <= row < len(self.rows.turns) else ""

    def show_turns(self, turns: Sequence[Turn]) -> None:
        """The chosen run stays chosen wherever it went; one that left hands on to the row that took its place."""
        kept, row = self.chosen_run, self.currentIndex().row()
        self.rows.set_turns(turns)
        if kept and self.chosen_run != kept:
            place = self.rows.row_of(kept)
            self.setCurrentIndex(self.rows.index(min(row, len(turns) - 1) if place < 0 else place))
        elif not turns:
            self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event.modifiers() == Qt.KeyboardModifier.AltModifier and event.key() in steps:
            self.step_wanted.emit(steps[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove_wanted.emit()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self.viewport().update()
