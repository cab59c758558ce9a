"""What a source was recognised as, and what becomes of it: nothing is written before this is answered."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QRadioButton,
    QScrollArea,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.thumbnails import Thumbnails
from app.widgets.data.gallery_filter import PARTS
from app.widgets.data.health_list import FindingCard
from app.widgets.elided import ElidedLabel
from app.widgets.gallery.class_mark import class_mark
from app.widgets.gallery.grid_layout import CellSize
from app.widgets.gallery.image_grid import ImageGrid
from app.widgets.gallery.overlay import ClassLook, overlay_of
from app.widgets.parts import Card, badge, button, label
from app.widgets.plain_table import make_editable, make_plain
from core.domain.annotation import ClassLabel
from core.domain.source import ClassEdit, Preview
from core.domain.task import Task

if TYPE_CHECKING:  # OpenCV, which the window's start does not wait for
    from core.actions.importing import ImportChoices, OpenedSource

_Index = QModelIndex | QPersistentModelIndex
_FORMATS = {"yolo": "YOLO", "coco": "COCO", "voc": "Pascal VOC", "csv": "CSV"}
ROW, MOST_ROWS = 28, 7


class ImportDialog(QDialog):
    """To be shown with ``open()``; ``import_wanted`` hands out the ``ImportChoices``, else nothing is to be done."""

    import_wanted = Signal(object)

    def __init__(self, opened: "OpenedSource", project_task: Task | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.opened, self.preview = opened, opened.preview
        self._thumbnails = Thumbnails(None, self)
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Import {0}").format(opened.path.name))
        task = self.preview.task
        self.fits = None in (task, project_task) or task is project_task
        self.classes = ClassEdits(self.preview)
        self.classes.edited.connect(self._refresh)
        self.questions = self._questions()
        self._build()
        self.finished.connect(lambda: self._thumbnails.close())
        self.resize(QSize(940, 640))
        self._refresh()
        self.import_button.setFocus()

    def choices(self) -> "ImportChoices":
        """As they stand."""
        from core.actions.importing import ImportChoices

        answers = {name: question.answer for name, question in self.questions.items()}
        return ImportChoices(
            edits=self.classes.edits(),
            missing_is_background=answers.get("missing") == "background",
            empty_is_unlabelled=answers.get("empty") == "unlabelled",
        )

    def accept(self) -> None:
        if self.import_button.isEnabled():
            self.import_wanted.emit(self.choices())
            super().accept()

    # What is asked

    def _questions(self) -> dict[str, "Question"]:
        """Only where the files can mean two things, and nobody but the user knows which."""
        if self.preview.task is not Task.DETECTION:
            return {}
        counts = {finding.kind: finding.count for finding in self.preview.findings}
        asked = {}
        background = self.tr("They show none of the classes: background")
        unlabelled = self.tr("Nobody has looked at them yet: unlabelled")
        if missing := counts.get("unlabelled_image", 0):
            text = self.tr("%n image(s) have no label. What does that mean?", "", missing)
            asked["missing"] = Question(text, {"unlabelled": unlabelled, "background": background})
        if empty := counts.get("background_image", 0):
            text = self.tr("%n image(s) have an empty label. What does that mean?", "", empty)
            asked["empty"] = Question(text, {"background": background, "unlabelled": unlabelled})
        for question in asked.values():
            question.answered.connect(self._refresh)
        return asked

    def _refresh(self) -> None:
        count = self.classes.images_left()
        open_questions = [question for question in self.questions.values() if not question.answer]
        self.import_button.setText(self.tr("Import %n image(s)", "", count))
        self.import_button.setEnabled(self.fits and count > 0 and not open_questions)
        if not self.fits:
            hint = self.tr("This project is for another task. Make a new project (Ctrl+N) and drop the folder there.")
        elif open_questions:
            hint = self.tr("Answer what stands at the top first.")
        elif not count:
            hint = self.tr("All classes are left out, so nothing would be imported.")
        else:
            hint = self.tr("Pictures stay where they are and are only read.")
        self._hint.setText(hint)
        looks = self.classes.looks()
        skipped = {index for index in range(len(self.opened.dataset.classes)) if index not in looks}
        images = [image for image in self.opened.samples if not _is_of(image.annotation, skipped)]
        self.grid.set_overlay(lambda image: overlay_of(image, looks))
        self.grid.set_images(images)

    # Building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.LARGE, theme.WIDE, theme.LARGE)
        column.setSpacing(theme.MEDIUM)
        column.addLayout(self._head())
        middle = QHBoxLayout()
        middle.setSpacing(theme.LARGE)
        middle.addWidget(self._decisions(), 5)
        middle.addWidget(self._samples(), 6)
        column.addLayout(middle, 1)
        foot = QHBoxLayout()
        foot.setSpacing(theme.SMALL)
        self._hint = label("", "muted", wrap=True)
        self.cancel_button = button(self.tr("Cancel"))
        self.cancel_button.setAutoDefault(False)
        self.cancel_button.clicked.connect(self.reject)
        self.import_button = button("", "download-simple", primary=True)
        self.import_button.setDefault(True)
        self.import_button.clicked.connect(self.accept)
        foot.addWidget(self._hint, 1)
        foot.addWidget(self.cancel_button)
        foot.addWidget(self.import_button)
        column.addLayout(foot)

    def _head(self) -> QHBoxLayout:
        words = QVBoxLayout()
        words.setSpacing(2)
        name = ElidedLabel(self.opened.path.name, "page", data=True, middle=True)
        words.addWidget(name)
        words.addWidget(label(self._counts(), "muted", wrap=True))
        row = QHBoxLayout()
        row.addLayout(words, 1)
        kind = self._task_name()
        row.addWidget(
            badge(f"{self._format_name()}, {kind}" if kind else self._format_name(), "accent" if self.fits else "bad"),
            alignment=Qt.AlignmentFlag.AlignTop,
        )
        return row

    def _format_name(self) -> str:
        others = {"imagefolder": self.tr("Class folders"), "unlabelled": self.tr("Pictures without labels")}
        name = self.preview.format
        return _FORMATS.get(name) or others.get(name, name)

    def _task_name(self) -> str:
        if self.preview.task is None:
            return ""
        return self.tr("detection") if self.preview.task is Task.DETECTION else self.tr("classification")

    def _counts(self) -> str:
        parts = [self.tr("%n image(s)", "", self.preview.images)]
        if self.preview.task is Task.DETECTION:
            parts.append(self.tr("%n box(es)", "", sum(self.preview.classes.values())))
        if self.preview.classes:
            parts.append(self.tr("%n class(es)", "", len(self.preview.classes)))
        names = {"train": self.tr("train"), "val": self.tr("validation"), "test": self.tr("test")}
        found = [
            f"{self.preview.splits[part]:,} {names[part]}" for part in PARTS[:3] if self.preview.splits.get(part, 0)
        ]
        parts.append(" + ".join(found) if found else self.tr("not split yet"))
        return "  ·  ".join(parts)

    def _decisions(self) -> QWidget:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, theme.SMALL, 0)
        column.setSpacing(theme.SMALL)
        for question in self.questions.values():
            column.addWidget(question)
        if self.preview.classes:
            card = Card(self.tr("Classes"))
            hint = self.tr("Untick to leave out; give two the same name to merge them.")
            card.body.addWidget(label(hint, "caption", wrap=True))
            card.body.addWidget(self.classes)
            card.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
            column.addWidget(card)
        self.cards = [FindingCard(finding, ()) for finding in self.preview.findings]
        findings = Card(self.tr("Findings"))
        findings.body.setSpacing(theme.TIGHT)
        if not self.cards:
            findings.body.addWidget(label(self.tr("Nothing to complain about so far."), "muted", wrap=True))
        for each in self.cards:
            each.clicked.connect(partial(_toggle, each))
            findings.body.addWidget(each)
        findings.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        column.addWidget(findings)
        column.addStretch()
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidgetResizable(True)
        area.setWidget(inner)
        return area

    def _samples(self) -> QWidget:
        card = Card(self.tr("As they will be"))
        self.grid = ImageGrid(self._thumbnails)
        self.grid.set_cell_size(CellSize.SMALL)  # all twelve in sight
        self.grid.setAccessibleName(self.tr("Some of the pictures"))
        self.grid.set_empty(self.tr("No picture to show"), self.tr("None of those looked at could be read."))
        card.body.addWidget(self.grid, 1)
        return card


def _toggle(card: FindingCard) -> None:
    card.set_open(not card.is_open)


def _is_of(annotation: object, class_ids: set[int]) -> bool:
    return isinstance(annotation, ClassLabel) and annotation.class_id in class_ids


class Question(QFrame):
    """One question with answers by name; none is given at first."""

    answered = Signal()

    def __init__(self, text: str, answers: dict[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("finding")
        self.setProperty("severity", "caution")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MEDIUM, theme.SMALL, theme.MEDIUM, theme.SMALL)
        column.setSpacing(2)
        title = label(text, wrap=True)
        theme.make_semibold(title)
        column.addWidget(title)
        self.buttons: dict[str, QRadioButton] = {}
        self._group = QButtonGroup(self)
        for name, words in answers.items():
            made = self.buttons[name] = QRadioButton(words)
            self._group.addButton(made)
            made.toggled.connect(lambda checked: self.answered.emit() if checked else None)
            column.addWidget(made)

    @property
    def answer(self) -> str:
        return next((name for name, each in self.buttons.items() if each.isChecked()), "")


class _EditModel(QAbstractTableModel):
    """Class of the source with a tick, its name in the project, how often it is met."""

    edited = Signal()

    def __init__(self, preview: Preview, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names = list(preview.classes)
        self.counts = list(preview.classes.values())
        self.targets = list(self.names)
        self.taken = [True] * len(self.names)
        self._unit = self.tr("Boxes") if preview.task is Task.DETECTION else self.tr("Images")

    def looks(self) -> dict[int, ClassLook]:
        """Position in the source -> look, those left out left out; merged ones share it."""
        kept = [target for target, taken in zip(self.targets, self.taken, strict=True) if taken]
        place = {name: index for index, name in enumerate(dict.fromkeys(kept))}
        return {
            index: ClassLook(place[target], target)
            for index, (target, taken) in enumerate(zip(self.targets, self.taken, strict=True))
            if taken
        }

    def rowCount(self, parent: _Index | None = None) -> int:  # noqa: N802 (Qt's name)
        return 0 if parent is not None and parent.isValid() else len(self.names)

    def columnCount(self, parent: _Index | None = None) -> int:  # noqa: N802 (Qt's name)
        return 0 if parent is not None and parent.isValid() else 3

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("In the source"), self.tr("In the project"), self._unit)[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section == 2 else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == 0:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        elif index.column() == 1 and self.taken[index.row()]:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = index.row(), index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole, Qt.ItemDataRole.ToolTipRole):
            target = self.targets[row] if self.taken[row] else self.tr("left out")
            return (self.names[row], target, f"{self.counts[row]:,}")[column]
        if role == Qt.ItemDataRole.CheckStateRole and column == 0:
            return Qt.CheckState.Checked if self.taken[row] else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.DecorationRole and column == 1 and self.taken[row]:
            return class_mark(self.looks()[row].index)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == 2:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        row = index.row()
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == 0:
            self.taken[row] = Qt.CheckState(value) is Qt.CheckState.Checked
        elif role == Qt.ItemDataRole.EditRole and index.column() == 1 and str(value).strip():
            self.targets[row] = str(value)
        else:
            return False
        self.dataChanged.emit(self.index(0, 0), self.index(len(self.names) - 1, 2))
        self.edited.emit()
        return True


class ClassEdits(QTableView):
    """Renames, merges and leaves out classes of a source."""

    edited = Signal()

    def __init__(self, preview: Preview, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preview = preview
        self.rows = _EditModel(preview, self)
        self.rows.edited.connect(self.edited)
        self.setModel(self.rows)
        make_plain(self, self.tr("Classes of the source"), ROW)
        make_editable(self)
        header = self.horizontalHeader()
        for column, fit in enumerate(
            (QHeaderView.ResizeMode.Stretch, QHeaderView.ResizeMode.Stretch, QHeaderView.ResizeMode.ResizeToContents)
        ):
            header.setSectionResizeMode(column, fit)
        self.setFixedHeight(header.sizeHint().height() + ROW * min(len(self.rows.names), MOST_ROWS) + 4)

    def edits(self) -> tuple[ClassEdit, ...]:
        """Only of those that do not stay as they are."""
        rows = zip(self.rows.names, self.rows.targets, self.rows.taken, strict=True)
        return tuple(
            ClassEdit(name, target if taken else None) for name, target, taken in rows if not taken or target != name
        )

    def looks(self) -> dict[int, ClassLook]:
        return self.rows.looks()

    def images_left(self) -> int:
        """Images to import: those of a class left out do not come; their boxes alone stay behind in detection."""
        return images_left(self._preview, self.edits())


def images_left(preview: Preview, edits: Sequence[ClassEdit]) -> int:
    if preview.task is Task.DETECTION:
        return preview.images
    return preview.images - sum(preview.classes[edit.source] for edit in edits if edit.target is None)
