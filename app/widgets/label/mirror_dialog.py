"""Label files for other tools: where they are kept, and what those tools changed there."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    QUrl,
    Signal,
)
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QRadioButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.mirror_keeper import MirrorState
from app.widgets.data.finding_texts import title_of
from app.widgets.elided import ElidedLabel
from app.widgets.gallery.overlay import looks
from app.widgets.label.side_by_side import SideBySide
from app.widgets.parts import Card, Glyph, button, label
from app.widgets.question import Question
from app.widgets.trouble import Trouble
from core.domain.errors import LensmithError

if TYPE_CHECKING:
    from core.actions.mirroring import Difference

_Index = QModelIndex | QPersistentModelIndex
OURS, THEIRS = "ours", "theirs"
FORMS = {"yolo": "YOLO", "voc": "Pascal VOC"}


class MirrorDialog(QDialog):
    """To be shown with ``open()``; ``show_state`` whenever something is known anew."""

    set_up_wanted = Signal(object, str)  # folder (Path), "yolo" or "voc"
    give_up_wanted = Signal()
    look_wanted = Signal()
    settle_wanted = Signal(object)  # dict: file -> "theirs" or "ours"

    def __init__(self, state: MirrorState | None, proposed: Path, parent: QWidget | None = None) -> None:
        """``proposed``: a folder that stands in the field until the user chooses one."""
        super().__init__(parent)
        self.state: MirrorState | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("page")
        self.setWindowTitle(self.tr("Label files for other tools"))
        self.trouble = Trouble()
        self._pages = (self._choice(proposed), self._kept())
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.LARGE, theme.WIDE, theme.LARGE)
        column.setSpacing(theme.MEDIUM)
        column.addWidget(label(self.tr("Label files for other tools"), "page"))
        column.addWidget(self.trouble)
        for page in self._pages:  # no stack: that would be as large as the larger one
            column.addWidget(page, 1)
        self._shape = ""
        self.show_state(state)

    def show_state(self, state: MirrorState | None, error: LensmithError | None = None) -> None:
        """What the folder is like now, and why its files are behind, if they are."""
        self.state = state
        self.trouble.say(error)
        self.keep_button.setEnabled(True)
        self._pages[0].setVisible(state is None)
        self._pages[1].setVisible(state is not None)
        if state is not None:
            self._show_kept(state)
        self._take_shape()

    def _show_kept(self, state: MirrorState) -> None:
        self._where.set_whole(str(state.folder))
        self._facts.setText(
            self.tr("{0}, {1}, up to date after each edit").format(
                FORMS[state.form], self.tr("%n file(s)", "", state.files)
            )
        )
        chosen = {self.rows.items[index.row()].file for index in self.table.selectionModel().selectedRows()}
        self.rows.show(state.waiting)
        self._looks = looks(state.classes)
        self._waiting.setVisible(bool(state.waiting))
        self._nothing.setVisible(not state.waiting)
        self._select(chosen)
        self._show_chosen()

    def _take_shape(self) -> None:
        """As large as what is shown needs; what the user made of it since stays."""
        shape = "choice" if self.state is None else "waiting" if self.state.waiting else "well"
        if shape != self._shape:
            self._shape = shape
            layout = self.layout()
            assert layout is not None
            layout.activate()
            self.resize({"choice": QSize(680, 340), "well": QSize(840, 260), "waiting": QSize(1120, 680)}[shape])
            {"choice": self.keep_button, "well": self.close_button, "waiting": self.table}[shape].setFocus()

    # What is chosen

    @property
    def folder(self) -> Path:
        return Path(self.path.text().strip()).expanduser()

    def _keep(self) -> None:
        if self.path.text().strip():
            self.trouble.say(None)
            self.keep_button.setEnabled(False)
            self.set_up_wanted.emit(self.folder, "voc" if self.voc.isChecked() else "yolo")

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Folder for label files"), str(self.folder.parent))
        if chosen:
            self.path.setText(chosen)

    def _ask_to_stop(self) -> None:
        question = Question(
            self.tr("Stop keeping label files?"),
            self.tr("The files stay where they are, but no longer follow your edits."),
            [("stop", self.tr("Stop")), ("keep", self.tr("Go on"))],
            parent=self,
        )
        question.answered.connect(lambda answer: self.give_up_wanted.emit() if answer == "stop" else None)
        question.open()

    def _chosen(self) -> "list[Difference]":
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [self.rows.items[row] for row in rows]

    def _settle(self, choice: str) -> None:
        chosen = [one for one in self._chosen() if choice == OURS or _can_be_taken(one)]
        if chosen:
            self.settle_wanted.emit({one.file: choice for one in chosen})

    def _select(self, files: set[str]) -> None:
        """The rows of these files, else the first, so that the keys always mean something."""
        rows = [row for row, one in enumerate(self.rows.items) if one.file in files] or [0] * bool(self.rows.items)
        flags = QItemSelectionModel.SelectionFlag
        for place, row in enumerate(rows):
            how = flags.ClearAndSelect if place == 0 else flags.Select
            self.table.selectionModel().select(self.rows.index(row, 0), how | flags.Rows)
        if rows:
            self.table.selectionModel().setCurrentIndex(self.rows.index(rows[0], 0), flags.NoUpdate)

    def _show_chosen(self) -> None:
        chosen = self._chosen()
        self.theirs_button.setEnabled(any(map(_can_be_taken, chosen)))
        self.ours_button.setEnabled(bool(chosen))
        if not chosen:
            return
        one = chosen[0]
        self._lines.tell(_problems(one))
        self._list.setVisible(one.image is None)
        self.sides.setVisible(one.image is not None)
        if one.image is None:
            self._list_words.setText(self.rows.words(one))
        else:
            self.sides.show_image(one.image, one.ours, one.theirs, self._looks)

    # Building

    def _choice(self, proposed: Path) -> QWidget:
        self.yolo, self.voc = QRadioButton("YOLO"), QRadioButton("Pascal VOC")
        self.yolo.setChecked(True)
        for each in (self.yolo, self.voc):
            each.setProperty("data", True)
        self.yolo.setToolTip(self.tr("One text file for each picture, data.yaml and classes.txt."))
        self.voc.setToolTip(self.tr("One XML file for each picture."))
        self.path = QLineEdit(str(proposed))
        self.path.setAccessibleName(self.tr("Folder for label files"))
        self.path.returnPressed.connect(self._keep)
        browse = button(self.tr("Choose…"), "folder-open")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        self.keep_button = button(self.tr("Keep label files here"), "folder-plus", primary=True)
        self.keep_button.setDefault(True)
        self.keep_button.clicked.connect(self._keep)
        cancel = button(self.tr("Cancel"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        card = Card()
        why = self.tr(
            "A folder of label files follows every edit, for people who use other tools beside this one. What those "
            "tools change there is noticed and offered to you; it is never overwritten silently."
        )
        card.body.addWidget(label(why, wrap=True))
        forms, where, foot = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        for row in (forms, where, foot):
            row.setSpacing(theme.SMALL)
        forms.addWidget(self.yolo)
        forms.addWidget(self.voc)
        forms.addStretch()
        where.addWidget(self.path, 1)
        where.addWidget(browse)
        card.body.addSpacing(theme.SMALL)
        card.body.addLayout(forms)
        card.body.addLayout(where)
        card.body.addWidget(
            label(self.tr("Choose a folder without pictures: nothing is written beside those."), "caption", wrap=True)
        )
        foot.addStretch()
        foot.addWidget(cancel)
        foot.addWidget(self.keep_button)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(card)
        column.addStretch()
        column.addLayout(foot)
        return page

    def _kept(self) -> QWidget:
        self._where = ElidedLabel("", data=True, middle=True)
        self._facts = label("", "muted", wrap=True)
        words, head, foot = QVBoxLayout(), QHBoxLayout(), QHBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._where)
        words.addWidget(self._facts)
        head.setSpacing(theme.SMALL)
        head.addLayout(words, 1)
        self.look_button = button(self.tr("Look again"), "arrow-clockwise")
        self.open_button = button(self.tr("Open folder"), "folder-open")
        self.stop_button = button(self.tr("Stop keeping files…"))
        self.look_button.clicked.connect(self.look_wanted)
        self.open_button.clicked.connect(self._open_folder)
        self.stop_button.clicked.connect(self._ask_to_stop)
        for each in (self.look_button, self.open_button, self.stop_button):
            each.setAutoDefault(False)
            head.addWidget(each)
        card = Card()
        card.body.addLayout(head)
        self.close_button = button(self.tr("Close"))
        self.close_button.clicked.connect(self.reject)
        foot.addStretch()
        foot.addWidget(self.close_button)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.MEDIUM)
        column.addWidget(card)
        self._nothing, self._waiting = self._all_well(), self._differences()
        column.addWidget(self._nothing)
        column.addWidget(self._waiting, 1)
        column.addStretch()
        column.addLayout(foot)
        return page

    def _all_well(self) -> QWidget:
        made = QWidget()
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        row.addWidget(Glyph("check-circle", "good"), alignment=Qt.AlignmentFlag.AlignTop)
        row.addWidget(label(self.tr("No other program has changed anything there."), wrap=True), 1)
        return made

    def _differences(self) -> QWidget:
        card = Card(self.tr("Changed by other programs"))
        self.rows = DifferenceRows(self)
        self.table = QTableView()
        self.table.setModel(self.rows)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setAccessibleName(self.tr("Changed by other programs"))
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.selectionModel().selectionChanged.connect(self._show_chosen)
        self.sides = SideBySide(self.tr("Ours"), self.tr("In the file"))
        self._lines = Trouble("caution")
        self._looks = looks(())
        right = QWidget()
        inner = QVBoxLayout(right)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme.SMALL)
        self._list, self._list_words = Card(self.tr("A list of classes")), label("", wrap=True)
        self._list_words.setProperty("data", True)
        note = self.tr(
            "The numbers in label files are places in this list, so it waits until those beside it are decided."
        )
        self._list.body.addWidget(self._list_words)
        self._list.body.addWidget(label(note, "caption", wrap=True))
        self._list.body.addStretch()
        inner.addWidget(self._list, 1)
        inner.addWidget(self.sides, 1)
        inner.addWidget(self._lines)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.table)
        parts.addWidget(right)
        parts.setSizes([400, 640])
        card.body.addWidget(parts, 1)
        card.body.addLayout(self._decisions())
        return card

    def _decisions(self) -> QHBoxLayout:
        self.theirs_button = button(self.tr("Take theirs (T)"), "download-simple")
        self.theirs_button.setToolTip(self.tr("The labels of the chosen files come into the project, as one edit."))
        self.ours_button = button(self.tr("Write ours (O)"), "upload-simple")
        self.ours_button.setToolTip(
            self.tr("The chosen files are written anew; what was in them stays as .bak beside.")
        )
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        row.addWidget(label(self.tr("Choose several with Shift or Ctrl, all with Ctrl+A."), "caption", wrap=True), 1)
        for made, choice, key in ((self.ours_button, OURS, Qt.Key.Key_O), (self.theirs_button, THEIRS, Qt.Key.Key_T)):
            made.setAutoDefault(False)
            made.clicked.connect(lambda checked=False, choice=choice: self._settle(choice))
            shortcut = QShortcut(QKeySequence(key), self.table)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda choice=choice: self._settle(choice))
            row.addWidget(made)
        return row

    def _open_folder(self) -> None:
        if self.state is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.state.folder)))


class DifferenceRows(QAbstractTableModel):
    """Picture, and what is different in its file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.items: tuple[Difference, ...] = ()

    def show(self, items: "Sequence[Difference]") -> None:
        self.beginResetModel()
        self.items = tuple(items)
        self.endResetModel()

    def words(self, one: "Difference") -> str:
        """What is different, in a few words."""
        if one.image is None:
            if one.new_classes:
                return self.tr("new classes: {0}").format(", ".join(one.new_classes))
            return self.tr("other names, or another order")
        if one.theirs is None:
            return self.tr("cannot be read")
        ours, theirs = ([box.box for box in labels.boxes or ()] for labels in (one.ours, one.theirs))
        gone = [box for box in ours if box not in theirs]
        come = [box for box in theirs if box not in ours]
        changed = min(len(gone), len(come))
        parts = []
        if changed:
            parts.append(self.tr("%n changed", "", changed))
        if len(come) > changed:
            parts.append(self.tr("%n more", "", len(come) - changed))
        if len(gone) > changed:
            parts.append(self.tr("%n less", "", len(gone) - changed))
        if one.problems:
            parts.append(self.tr("%n line(s) to look at", "", len(one.problems)))
        if not parts:
            return self.tr("the same boxes, other numbers") if theirs else self.tr("nothing in the picture")
        return ", ".join(parts)

    def rowCount(self, parent: _Index | None = None) -> int:  # noqa: N802 (Qt's name)
        return 0 if parent is not None and parent.isValid() else len(self.items)

    def columnCount(self, parent: _Index | None = None) -> int:  # noqa: N802 (Qt's name)
        return 0 if parent is not None and parent.isValid() else 2

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("File"), self.tr("Boxes in it"))[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        one = self.items[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self.words(one) if index.column() else one.file
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0 and not _can_be_taken(one):
            return theme.icon("warning", "caution")
        return None


def _can_be_taken(one: "Difference") -> bool:
    return one.theirs is not None or one.image is None


def _problems(one: "Difference") -> str:
    """File and line of what cannot be used, the first few."""
    shown = [f"{Path(problem.where).name}: {title_of(problem.kind)}" for problem in one.problems[:3]]
    return "\n".join(shown + ["…"] * (len(one.problems) > 3))
