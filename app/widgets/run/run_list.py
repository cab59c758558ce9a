"""The runs of a project beside what is shown of one: newest first, any number of them; on top the way to a new one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QFocusEvent, QFont, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.live_run import LiveRun
from app.widgets.metric_words import figure, metric_name
from app.widgets.parts import button, duration, label
from app.widgets.run.run_words import mode_title, model_title, state_look, told_state
from core.actions.reporting import RunSummary
from core.domain.run import mode_of, number_of
from core.store.run_store import RunFolder

WIDTH, NARROW = 216, 64
_ROW, _NARROW_ROW = 68, 52
_SETTLE_MS = 120  # arrow keys held down run over many runs and open only the last one
_ICON = 16
_Index = QModelIndex | QPersistentModelIndex


class RunList(QWidget):
    """``chosen`` tells a run the user wants to see, ``None`` for the form of a new one."""

    chosen = Signal(object)  # RunFolder or None

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runs")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.model = _Runs(self)
        self.view = _View()
        self.view.setObjectName("runs")
        self.view.setModel(self.model)
        self._delegate = _RunDelegate(self.view)
        self.view.setItemDelegate(self._delegate)
        self.view.setAccessibleName(self.tr("Runs"))
        self.title = label(self.tr("Runs"), "section")
        self.title.setContentsMargins(theme.LARGE, 0, 0, 0)
        self.new_button = button(self.tr("New run"), "plus")
        self.new_button.setProperty("rail", True)
        self.new_button.setCheckable(True)
        self.new_button.clicked.connect(self._choose_form)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.LARGE, 1, 0)
        column.setSpacing(theme.SMALL)
        column.addWidget(self.title)
        self._head = QVBoxLayout()
        self._head.addWidget(self.new_button)
        column.addLayout(self._head)
        column.addWidget(self.view, 1)
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(_SETTLE_MS)
        self._settling.timeout.connect(self._choose_current)
        self._shown: str | None = None  # id of the run that is shown; "" for the form
        self.view.selectionModel().currentChanged.connect(self._moved)
        self.view.pressed_at.connect(self._choose_current)
        self.set_narrow(False)

    @property
    def is_narrow(self) -> bool:
        return self._delegate.narrow

    def set_narrow(self, narrow: bool) -> None:
        """Only numbers and states, everything else in tooltips."""
        self._delegate.narrow = narrow
        self.title.setVisible(not narrow)
        self.new_button.setText("" if narrow else self.tr("New run"))
        self.new_button.setToolTip(self.tr("New run") if narrow else "")
        self.new_button.setAccessibleName(self.tr("New run"))
        self.new_button.setProperty("narrow", narrow)
        self.new_button.style().polish(self.new_button)
        self._head.setContentsMargins(theme.SMALL, 0, theme.SMALL, 0)
        self.setFixedWidth(NARROW if narrow else WIDTH)
        self.view.scheduleDelayedItemsLayout()

    def set_runs(self, runs: Sequence[RunSummary], live: LiveRun | None) -> None:
        """Oldest first, as a session has them; ``live`` may be newer than all of them."""
        row = self.view.currentIndex().row()
        wanted = self.model.run_at(row).run if self._settling.isActive() and row >= 0 else ""
        if self.model.set_runs(runs, live) and self._shown is not None:
            self.show_current(self._shown)
            if wanted:  # a key was pressed a moment ago and must not be lost
                self.view.setCurrentIndex(self.model.index(self.model.row_of(wanted)))

    def follow(self) -> None:
        """The live run moved on."""
        self.model.follow()

    def show_current(self, run_id: str) -> None:
        """Mark what is shown: a run, or the form ("")."""
        self._shown = run_id
        self._settling.stop()
        self.new_button.setChecked(not run_id)
        row = self.model.row_of(run_id)
        if row != self.view.currentIndex().row():
            self.view.setCurrentIndex(self.model.index(row))  # none for the form
            self._settling.stop()

    def _moved(self, current: QModelIndex, before: QModelIndex) -> None:
        if not self.view.is_entering:
            self._settling.start()

    def _choose_current(self) -> None:
        self._settling.stop()
        row = self.view.currentIndex().row()
        if row >= 0 and self.model.run_at(row).run != self._shown:
            folder = self.model.folder_at(row)
            self.show_current(folder.id)
            self.chosen.emit(folder)

    def _choose_form(self) -> None:
        self.show_current("")
        self.chosen.emit(None)


class _Runs(QAbstractListModel):
    """Newest first; texts are made for the rows in sight alone."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._runs: Sequence[RunSummary] = ()
        self._live: LiveRun | None = None
        self._extra = 0  # 1 while the live run is not yet among the runs read
        self._told: tuple[str, int] = ("", 0)

    def set_runs(self, runs: Sequence[RunSummary], live: LiveRun | None) -> bool:
        """Whether rows came, went or moved."""
        extra = int(live is not None and all(run.run != live.run.id for run in reversed(runs)))
        if extra == self._extra == 0 and runs == self._runs:
            self._live = live
            self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))
            return False
        self.beginResetModel()
        self._runs, self._live, self._extra = runs, live, extra
        self.endResetModel()
        return True

    def follow(self) -> None:
        if self._live is None:
            return
        epochs = self._live.history.epochs
        told = (told_state(self._live), epochs[-1].epoch if epochs else 0)
        if told != self._told:
            self._told = told
            index = self.index(self.row_of(self._live.run.id))
            self.dataChanged.emit(index, index)

    def rowCount(self, parent: _Index | None = None) -> int:  # noqa: N802 (Qt's name)
        return self._extra + len(self._runs)

    def row_of(self, run_id: str) -> int:
        if not run_id:
            return -1
        if self._live is not None and self._extra and self._live.run.id == run_id:
            return 0
        place = next((place for place, run in enumerate(reversed(self._runs)) if run.run == run_id), None)
        return -1 if place is None else self._extra + place

    def run_at(self, row: int) -> RunSummary:
        """The one that is followed as it is now, the others as they were read."""
        if self._extra and row == 0:
            return self._summary_of_live(None)
        run = self._runs[len(self._runs) - 1 - (row - self._extra)]
        return self._summary_of_live(run) if self._live is not None and self._live.run.id == run.run else run

    def folder_at(self, row: int) -> RunFolder:
        run = self.run_at(row)
        return RunFolder(run.run, Path(run.path))

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        texts = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
        if not index.isValid() or role not in texts:
            return None
        run = self.run_at(index.row())
        lines = [
            self.tr("Run {0}: {1}").format(number_of(run.run), model_title(run.model)),
            *self.lines(run),
            self.tr("{0} on test: {1}").format(metric_name(run.metric), figure(run.test))
            if run.test is not None
            else "",
            run.reason if role == Qt.ItemDataRole.ToolTipRole else "",
        ]
        return "\n".join(line for line in lines if line)

    def lines(self, run: RunSummary) -> tuple[str, str]:
        """What stands below the model's name."""
        look = state_look(run.state)
        value = run.test if run.test is not None else run.val
        mode = mode_title(run.mode)
        first = mode if value is None else f"{mode} · {metric_name(run.metric)} {figure(value)}"
        if run.seconds is not None:
            return first, f"{look.word} · {duration(run.seconds)}"
        if self._live is not None and self._live.is_going and self._live.run.id == run.run and run.epochs:
            return first, self.tr("{0} · epoch {1}").format(look.word, run.epochs)
        return first, look.word

    def _summary_of_live(self, known: RunSummary | None) -> RunSummary:
        assert self._live is not None
        live, epochs = self._live, self._live.history.epochs
        ended = known is not None and known.seconds is not None
        if ended and not live.is_going and known is not None:
            return known
        return RunSummary(
            run=live.run.id,
            state=told_state(live),
            mode=mode_of(live.spec.start),
            model=live.spec.architecture,
            epochs=epochs[-1].epoch if epochs else 0,
            val=None,
            test=None,
            seconds=None,
            path=str(live.run.path),
        )


class _View(QListView):
    pressed_at = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        self.is_entering = False  # the focus comes and Qt marks a row: nobody has chosen it

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        self.is_entering = True
        super().focusInEvent(event)
        self.is_entering = False

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        super().mousePressEvent(event)
        if self.indexAt(event.position().toPoint()).isValid():
            self.pressed_at.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed_at.emit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self.viewport().update()


class _RunDelegate(QStyledItemDelegate):
    """Number and model, mode and result, state and time: three lines, or number and state when narrow."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.narrow = False

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(NARROW, _NARROW_ROW) if self.narrow else QSize(WIDTH, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme.current()
        place = QRect(option.rect).adjusted(theme.SMALL, 2, -theme.SMALL, -2)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent_soft if chosen else colours.background))
            painter.drawRoundedRect(place, theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(place.adjusted(1, 1, -1, -1), theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)
        inner = place.adjusted(theme.SMALL, theme.TIGHT, -theme.SMALL, -theme.TIGHT)
        model = index.model()
        assert isinstance(model, _Runs)
        self._paint_run(painter, inner, model, model.run_at(index.row()))
        painter.restore()

    def _paint_run(self, painter: QPainter, inner: QRect, model: _Runs, run: RunSummary) -> None:
        colours, look = theme.current(), state_look(run.state)
        number = str(number_of(run.run))
        icon = theme.icon(look.icon, look.role)
        if self.narrow:
            top = QRect(inner.left(), inner.top(), inner.width(), inner.height() // 2)
            _write(painter, top, number, colours.text, strong=True, align=Qt.AlignmentFlag.AlignHCenter)
            icon.paint(painter, QRect(inner.center().x() - _ICON // 2, top.bottom() + 3, _ICON, _ICON))
            return
        line = inner.height() // 3
        rows = [QRect(inner.left(), inner.top() + line * row, inner.width(), line) for row in range(3)]
        taken = _write(painter, rows[0], number, colours.muted, align=Qt.AlignmentFlag.AlignRight)
        name = rows[0].adjusted(0, 0, -taken - theme.SMALL, 0)
        _write(painter, name, model_title(run.model), colours.text, strong=True)
        first, second = model.lines(run)
        _write(painter, rows[1], first, colours.muted, pixels=theme.CAPTION_PX)
        side = theme.MEDIUM
        icon.paint(painter, QRect(inner.left(), rows[2].center().y() - side // 2, side, side))
        state = rows[2].adjusted(side + theme.TIGHT, 0, 0, 0)
        _write(painter, state, second, getattr(colours, look.role), pixels=theme.CAPTION_PX)


def _write(
    painter: QPainter,
    place: QRect,
    text: str,
    colour: str,
    *,
    strong: bool = False,
    pixels: int = theme.BODY_PX,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> int:
    """One line, elided; returns its width."""
    font = QFont(QApplication.font())
    font.setPixelSize(pixels)
    font.setFeature(QFont.Tag("tnum"), 1)
    if strong:
        font.setVariableAxis(QFont.Tag("wght"), 600)
    painter.setFont(font)
    painter.setPen(QColor(colour))
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, align | Qt.AlignmentFlag.AlignVCenter, shown)
    return painter.fontMetrics().horizontalAdvance(shown)
