"""The runs of a project beside what is shown of one: newest first, any number of them; on top the way to a new one."""

from collections.abc import Sequence

from msgspec.structs import replace
from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QAction, QActionGroup, QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.live_run import LiveRun
from app.widgets.parts import button, label
from app.widgets.run.run_filter import RunFilter
from app.widgets.run.run_rows import NARROW, WIDTH, RunDelegate, RunRows
from core.actions.reporting import RunSummary
from core.domain.history import RunState

QUEUEABLE = (RunState.WAITING, RunState.STOPPED, RunState.FAILED, RunState.INTERRUPTED)
_SETTLE_MS = 120  # arrow keys held down run over many runs and open only the last one
_TOOL = 32  # pixels, as high as a field
_KEYS = {Qt.Key.Key_F2: "notes", Qt.Key.Key_Delete: "delete", Qt.Key.Key_S: "star"}


class RunList(QWidget):
    """``chosen`` tells a run the user wants to see, ``None`` for the form of a new one.

    ``wanted``: what shall be done with which runs: star, unstar, notes, archive, unarchive, curves, batches, delete;
    table and trash concern none.
    """

    chosen = Signal(object)  # RunFolder or None
    wanted = Signal(str, object)  # verb, tuple of RunSummary

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runs")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.model = RunRows(self)
        self.view = _View()
        self.view.setObjectName("runs")
        self.view.setModel(self.model)
        self._delegate = RunDelegate(self.view)
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
        column.addWidget(self._make_search())
        self.nothing = label(self.tr("No run fits."), "muted", wrap=True)
        self.nothing.setContentsMargins(theme.LARGE, 0, theme.LARGE, 0)
        self.nothing.hide()
        column.addWidget(self.nothing)
        column.addWidget(self.view, 1)
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(_SETTLE_MS)
        self._settling.timeout.connect(self._choose_current)
        self.menu: QMenu | None = None  # the one opened last
        self._shown: str | None = None  # id of the run that is shown; "" for the form
        self.view.selectionModel().currentChanged.connect(self._moved)
        self.view.pressed_at.connect(self._choose_current)
        self.view.wished.connect(self._wish)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._show_menu)
        self.set_narrow(False)

    @property
    def is_narrow(self) -> bool:
        return self._delegate.narrow

    def set_narrow(self, narrow: bool) -> None:
        """Only numbers and states, everything else in tooltips."""
        self._delegate.narrow = narrow
        self.title.setVisible(not narrow)
        self.tools.setVisible(not narrow)
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
        selected = {run.run for run in self.selected()}
        if self.model.set_runs(runs, live) and self._shown is not None:
            self.show_current(self._shown)
            self._select(selected)
            if wanted:  # a key was pressed a moment ago and must not be lost
                self.view.setCurrentIndex(self.model.index(self.model.row_of(wanted)))

    def selected(self) -> tuple[RunSummary, ...]:
        """What a verb would concern, from top to bottom."""
        rows = sorted(index.row() for index in self.view.selectionModel().selectedIndexes())
        return tuple(self.model.run_at(row) for row in rows)

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
        if row < 0:
            self.view.clearSelection()

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

    def _select(self, runs: set[str]) -> None:
        """Select them again after the rows were made anew; whole stretches at once, or thousands take seconds."""
        if len(runs) < 2:
            return
        found = QItemSelection()
        rows = sorted(row for row in map(self.model.row_of, runs) if row >= 0)
        begins = [row for place, row in enumerate(rows) if place == 0 or rows[place - 1] != row - 1]
        ends = [row for place, row in enumerate(rows) if place == len(rows) - 1 or rows[place + 1] != row + 1]
        for begin, end in zip(begins, ends, strict=True):
            found.append(QItemSelectionRange(self.model.index(begin), self.model.index(end)))
        self.view.selectionModel().select(found, QItemSelectionModel.SelectionFlag.Select)

    # Search and filter

    def _make_search(self) -> QWidget:
        self.search, self.funnel = QLineEdit(), QToolButton()
        self.search.setProperty("search", True)
        self.search.setPlaceholderText(self.tr("Search"))
        self.search.setAccessibleName(self.tr("Search runs by model, mode, state, tag or note"))
        self.search.setToolTip(self.tr("Model, mode, state, #tag or words of a note"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(theme.icon("magnifying-glass"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(lambda text: self.set_filter(replace(self.model.filter, text=text)))
        self.funnel.setProperty("switch", True)
        self.funnel.setIcon(theme.icon("funnel", "text", "accent"))
        self.funnel.setFixedSize(_TOOL, _TOOL)
        self.funnel.setAccessibleName(self.tr("Which runs are listed"))
        self.funnel.setToolTip(self.tr("Which runs are listed"))
        self.funnel.setCheckable(True)
        self.funnel.clicked.connect(self._show_funnel)
        self.tools = QWidget()
        row = QHBoxLayout(self.tools)
        row.setContentsMargins(theme.SMALL, 0, theme.SMALL, theme.TIGHT)
        row.setSpacing(theme.TIGHT)
        row.addWidget(self.search, 1)
        row.addWidget(self.funnel)
        return self.tools

    def set_filter(self, wanted: RunFilter) -> None:
        """Show the runs that fit."""
        if self.model.set_filter(wanted):
            self.funnel.setChecked(bool(wanted.state or wanted.starred or wanted.archived))
            self.nothing.setVisible(wanted.is_narrowed and not self.model.rowCount())
            self.show_current(self._shown or "")
        if self.search.text() != wanted.text:
            self.search.setText(wanted.text)

    def make_funnel(self) -> QMenu:
        """What the button beside the search opens."""
        menu, now = QMenu(self), self.model.filter
        group = QActionGroup(menu)
        group.triggered.connect(self._choose_state)
        states = [
            ("", self.tr("In any state")),
            ("going", self.tr("Waiting or running")),
            ("completed", self.tr("Completed or stopped")),
            ("ended", self.tr("Failed or interrupted")),
        ]
        for state, text in states:
            action = menu.addAction(text)
            action.setData(state)
            action.setCheckable(True)
            action.setChecked(now.state == state)
            group.addAction(action)
        menu.addSeparator()
        for text, is_on, switch in (
            (self.tr("Starred only"), now.starred, self._show_starred),
            (self.tr("Archived ones too"), now.archived, self._show_archived),
        ):
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(is_on)
            action.triggered.connect(switch)
        menu.addSeparator()
        menu.addAction(theme.icon("export", "text"), self.tr("Save table of all runs…"), lambda: self._tell("table"))
        menu.addAction(theme.icon("trash", "text"), self.tr("Trash…"), lambda: self._tell("trash"))
        return menu

    def _choose_state(self, action: QAction) -> None:
        self.set_filter(replace(self.model.filter, state=action.data()))

    def _show_starred(self, on: bool) -> None:
        self.set_filter(replace(self.model.filter, starred=on))

    def _show_archived(self, on: bool) -> None:
        self.set_filter(replace(self.model.filter, archived=on))

    def _show_funnel(self) -> None:
        now = self.model.filter
        self.funnel.setChecked(bool(now.state or now.starred or now.archived))
        self.menu = self.make_funnel()
        self.menu.aboutToHide.connect(self.menu.deleteLater)
        self.menu.popup(self.funnel.mapToGlobal(QPoint(0, self.funnel.height())))

    # What is done with runs

    def make_menu(self, runs: tuple[RunSummary, ...]) -> QMenu:
        """What can be done with these."""
        menu = QMenu(self)
        starred, archived = all(run.star for run in runs), all(run.archived for run in runs)
        one = len(runs) == 1

        def add(icon: str, text: str, verb: str, key: Qt.Key | None = None) -> None:
            action = menu.addAction(theme.icon(icon, "text"), text)
            action.triggered.connect(lambda: self.wanted.emit(verb, runs))
            if key is not None:
                action.setShortcut(key)
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)  # told here; the list itself listens

        star = self.tr("Take the star away") if starred else self.tr("Star")
        add("star", star, "unstar" if starred else "star", Qt.Key.Key_S)
        if one:
            add("pencil-simple", self.tr("Note and tags…"), "notes", Qt.Key.Key_F2)
        away = self.tr("Bring back from the archive") if archived else self.tr("Archive")
        add("archive", away, "unarchive" if archived else "archive")
        menu.addSeparator()
        if one:
            add("copy", self.tr("Clone with changes…"), "clone")
            add("plus", self.tr("Repeat with two other seeds"), "repeat")
        if all(run.state in QUEUEABLE for run in runs):
            add("stack", self.tr("Put into the queue"), "queue")
        menu.addSeparator()
        if one:
            add("export", self.tr("Save curves, a row an epoch…"), "curves")
            add("export", self.tr("Save curves, a row a batch…"), "batches")
            menu.addSeparator()
        add("trash", self.tr("Move to the trash"), "delete", Qt.Key.Key_Delete)
        return menu

    def show_menu(self, runs: tuple[RunSummary, ...], place: QPoint) -> None:
        """At a point of the screen."""
        self.menu = self.make_menu(runs)
        self.menu.aboutToHide.connect(self.menu.deleteLater)
        self.menu.popup(place)

    def _show_menu(self, place: QPoint) -> None:
        runs = self.selected()
        if runs:
            self.show_menu(runs, self.view.viewport().mapToGlobal(place))

    def _wish(self, verb: str) -> None:
        runs = self.selected()
        if verb == "star" and runs and all(run.star for run in runs):
            verb = "unstar"
        if runs and (verb != "notes" or len(runs) == 1):
            self.wanted.emit(verb, runs)

    def _tell(self, verb: str) -> None:
        self.wanted.emit(verb, ())


class _View(QListView):
    """``pressed_at``: a run is to be shown. ``wished``: a verb by its key, for all runs that are selected."""

    pressed_at = Signal()
    wished = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        self.is_entering = False  # the focus comes and Qt marks a row: nobody has chosen it

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        self.is_entering = True
        super().focusInEvent(event)
        self.is_entering = False

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        super().mousePressEvent(event)
        if event.button() is Qt.MouseButton.LeftButton and self.indexAt(event.position().toPoint()).isValid():
            self.pressed_at.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        verb = _KEYS.get(Qt.Key(event.key()))
        if verb and not event.modifiers():
            self.wished.emit(verb)
            return
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed_at.emit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self.viewport().update()
