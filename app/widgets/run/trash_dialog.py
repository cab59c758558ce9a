"""The runs in the trash: bring one back, or delete all for good."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.widgets.parts import button, file_size, label
from app.widgets.question import Question
from app.widgets.run.run_words import mode_title, model_title
from core.actions.organising import Trash
from core.domain.run import number_of

_LIST = QSize(400, 240)  # pixels
_ROW = 36


class TrashDialog(QDialog):
    """To be shown with ``open()``; ``show_trash`` when it was looked into."""

    restore_wanted = Signal(object)  # tuple of run ids
    empty_wanted = Signal(object)  # tuple of run ids: those that the user was told of

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Trash"))
        self.trash = Trash(runs=(), bytes=0)
        self.question: Question | None = None
        self.words = label(self.tr("Looking into the trash…"), "muted", wrap=True)
        self.words.setMinimumWidth(_LIST.width())
        self.list = QListWidget()
        self.list.setObjectName("plain")
        self.list.setMinimumSize(_LIST)
        self.list.setAccessibleName(self.tr("Runs in the trash"))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setUniformItemSizes(True)
        self.list.itemSelectionChanged.connect(self._show_actions)
        self.restore_button = button(self.tr("Bring back"), primary=True)
        self.empty_button, self.close_button = button(self.tr("Delete all for good…")), button(self.tr("Close"))
        self.empty_button.setProperty("danger", True)
        self.restore_button.clicked.connect(self._restore)
        self.empty_button.clicked.connect(self._ask)
        self.close_button.clicked.connect(self.reject)
        self._lay_out()
        self._show_actions()

    def show_trash(self, trash: Trash) -> None:
        """In place of what was shown before."""
        self.trash = trash
        self.list.clear()
        for run in reversed(trash.runs):
            _, mode, model = (*run.split("-", 2), "", "")[:3]
            item = QListWidgetItem(
                self.tr("Run {0} · {1} · {2}").format(number_of(run), mode_title(mode), model_title(model))
            )
            item.setData(Qt.ItemDataRole.UserRole, run)
            item.setSizeHint(QSize(0, _ROW))
            self.list.addItem(item)
        count, size = self.tr("%n run(s)", "", len(trash.runs)), file_size(trash.bytes)
        self.words.setText(self.tr("{0}, {1}.").format(count, size) if trash.runs else self.tr("The trash is empty."))
        self.list.setCurrentRow(0)
        self._show_actions()

    def _chosen(self) -> tuple[str, ...]:
        return tuple(item.data(Qt.ItemDataRole.UserRole) for item in self.list.selectedItems())

    def _show_actions(self) -> None:
        self.restore_button.setEnabled(bool(self._chosen()))
        self.empty_button.setEnabled(bool(self.trash.runs))

    def _restore(self) -> None:
        self.restore_wanted.emit(self._chosen())

    def _ask(self) -> None:
        title = self.tr("Delete %n run(s) for good?", "", len(self.trash.runs))
        text = self.tr("This frees {}. Weights, curves and reports of these runs cannot be brought back.").format(
            file_size(self.trash.bytes)
        )
        answers = [("keep", self.tr("Keep them")), ("delete", self.tr("Delete for good"))]
        self.question = Question(title, text, answers, icon="trash", escape="keep", parent=self)
        self.question.answered.connect(self._answer)
        self.question.open()

    def _answer(self, answer: str) -> None:
        if answer == "delete":
            self.empty_wanted.emit(self.trash.runs)

    def _lay_out(self) -> None:
        column, row = QVBoxLayout(self), QHBoxLayout()
        column.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.LARGE)
        column.setSpacing(theme.SMALL)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)
        column.addWidget(label(self.windowTitle(), "section"))
        column.addWidget(self.words)
        column.addWidget(self.list)
        column.addSpacing(theme.SMALL)
        row.setSpacing(theme.SMALL)
        row.addWidget(self.empty_button)
        row.addStretch()
        row.addWidget(self.close_button)
        row.addWidget(self.restore_button)
        column.addLayout(row)
