"""Every value of a run for those who know what they do: empty fields follow the effort."""

from collections.abc import Mapping

from msgspec import Struct
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.widgets.parts import Card, button, label
from app.widgets.training.form_state import FIELDS, Field, setting_of
from core.domain.run import RunSpec
from core.domain.task import Task

NOT_FROM_EFFORT = ("head_layers", "head_dropout", "unfreeze_after", "backbone_lr_scale", "precision", "seed")
LEAST_HEIGHT = 208  # pixels
THREE_COLUMNS = 980  # pixels, from this width on
# Columns of groups, for two and for three columns.
_COLUMNS = {2: (("learning",), ("picture", "head", "machine")), 3: (("learning",), ("picture", "head"), ("machine",))}


class FieldText(Struct, frozen=True):
    """``hint``: one sentence that teaches the term."""

    name: str
    hint: str


class Choice(QComboBox):
    """A list in a scrolled form: the wheel scrolls the form, never a value by accident."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        event.ignore()


class FieldRow(QWidget):
    """One setting: name, field, and what is wrong with it."""

    changed = Signal()

    def __init__(self, field: Field, words: FieldText, options: Mapping[str, str]) -> None:
        super().__init__()
        self.field = field
        self.name = label(words.name, wrap=True)
        self.problem = label("", "caption", wrap=True)
        self.problem.setProperty("problem", True)
        self.problem.hide()
        self.input = self._make_input(options)
        self.input.setAccessibleName(words.name)
        for part in (self.name, self.input):
            part.setToolTip(words.hint)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.SMALL)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(1, 3)
        grid.addWidget(self.name, 0, 0)
        grid.addWidget(self.input, 0, 1)
        grid.addWidget(self.problem, 1, 0, 1, 2)

    @property
    def text(self) -> str:
        """As typed or chosen; empty while the effort decides."""
        match self.input:
            case QLineEdit() as line:
                return line.text().strip()
            case QComboBox() as choice:
                return str(choice.currentData())
            case QCheckBox() as box:
                return "on" if box.isChecked() else ""
        return ""

    def set_text(self, text: str) -> None:
        """As if typed or chosen; empty leaves it to the effort."""
        match self.input:
            case QLineEdit() as line:
                line.setText(text)
            case QComboBox() as choice:
                choice.setCurrentIndex(max(0, choice.findData(text)))
            case QCheckBox() as box:
                box.setChecked(text == "on")

    def show_default(self, text: str) -> None:
        """What an empty field comes to."""
        match self.input:
            case QLineEdit() as line:
                line.setPlaceholderText(text)
            case QComboBox() as choice:
                choice.setItemText(0, text)
                self._mark_unset()

    def show_problem(self, text: str) -> None:
        if text == self.problem.text():
            return
        self.problem.setText(text)
        self.problem.setVisible(bool(text))
        self.input.setProperty("invalid", bool(text))
        self.input.setAccessibleDescription(text)
        self.input.style().polish(self.input)

    def _take_choice(self, index: int) -> None:
        self._mark_unset()
        self.changed.emit()

    def _mark_unset(self) -> None:
        """A list that follows the effort is as pale as the placeholder of a line."""
        unset = isinstance(self.input, QComboBox) and self.input.currentIndex() == 0
        if self.input.property("unset") != unset:
            self.input.setProperty("unset", unset)
            self.input.style().polish(self.input)

    def _make_input(self, options: Mapping[str, str]) -> QWidget:
        if self.field.kind == "flag":
            box = QCheckBox()
            box.toggled.connect(lambda on: self.changed.emit())
            return box
        if self.field.options:
            choice = Choice()
            choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            choice.addItem("", "")
            for value in self.field.options:
                choice.addItem(options[value], value)
            choice.currentIndexChanged.connect(self._take_choice)
            return choice
        line = QLineEdit()
        line.setMaxLength(40)
        line.textChanged.connect(lambda text: self.changed.emit())
        return line


class _Modest(QScrollArea):
    """Asks for little room, however much it holds: it scrolls, the page does not."""

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, LEAST_HEIGHT // 2)


class AdvancedForm(Card):
    """All fields in groups, in as many columns as there is room for, scrolled where they are taller than the page."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Advanced"), parent)
        self._count = label("", "muted")
        self.reset_button = button(self.tr("Reset all"))
        self.reset_button.setProperty("quiet", True)
        self.reset_button.clicked.connect(self.reset)
        self.head.addWidget(self._count)
        self.head.addWidget(self.reset_button)
        words, options = self._words(), self._options()
        self.rows = {field.name: FieldRow(field, words[field.name], options) for field in FIELDS}
        for row in self.rows.values():
            row.changed.connect(self._tell)
        titles = {
            "learning": self.tr("Learning"),
            "picture": self.tr("Picture"),
            "head": self.tr("Head"),
            "machine": self.tr("Machine"),
        }
        self._groups = {name: self._group(name, title) for name, title in titles.items()}
        self._columns = 0
        self._inside = QWidget()
        self._grid = QGridLayout(self._inside)
        self._grid.setContentsMargins(0, 0, theme.MEDIUM, 0)
        self._grid.setHorizontalSpacing(theme.WIDE)
        self._scroll = _Modest()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(self._inside)
        self.body.addWidget(self._scroll, 1)
        self.setMinimumHeight(LEAST_HEIGHT)
        self._arrange(2)
        self._show_count()

    def texts(self) -> dict[str, str]:
        return {name: row.text for name, row in self.rows.items() if row.text}

    def set_texts(self, texts: Mapping[str, str]) -> None:
        for name, row in self.rows.items():
            row.set_text(texts.get(name, ""))

    def reset(self) -> None:
        self.set_texts({})

    def show_fields(self, task: Task, mode: str) -> None:
        """Only those that act."""
        for row in self.rows.values():
            row.setVisible(row.field.acts(task, mode))
        for name, group in self._groups.items():
            group.setVisible(any(f.acts(task, mode) for f in FIELDS if f.group == name))
        self._limit()

    def show_defaults(self, plain: RunSpec | None) -> None:
        """``plain``: what the effort alone comes to."""
        for name, row in self.rows.items():
            row.show_default(self._default(name, plain))

    def _default(self, name: str, plain: RunSpec | None) -> str:
        if plain is None:
            return ""
        value = setting_of(plain, name)
        if name == "mirror":
            return self.tr("from class names: {}").format(self.tr("yes") if value else self.tr("no"))
        if name in NOT_FROM_EFFORT:
            unset = {"head_layers": self.tr("none"), "unfreeze_after": self.tr("never")}
            return unset.get(name) or self._options().get(str(value)) or _shown(value)
        if value is None:
            return self.tr("as large as the card takes")
        if name == "patience" and not value:
            return self.tr("from effort: {}").format(self.tr("never"))
        return self.tr("from effort: {}").format(self._options().get(str(value)) or _shown(value))

    def show_problems(self, problems: Mapping[str, str]) -> None:
        for name, row in self.rows.items():
            row.show_problem(problems.get(name, ""))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._arrange(3 if self.width() >= THREE_COLUMNS else 2)

    def _tell(self) -> None:
        self._show_count()
        self.changed.emit()

    def _show_count(self) -> None:
        count = len(self.texts())
        self._count.setText(self.tr("%n value(s) of your own", "", count) if count else "")
        self.reset_button.setEnabled(bool(count))

    def _group(self, name: str, title: str) -> QWidget:
        group = QWidget()
        column = QVBoxLayout(group)
        column.setContentsMargins(0, 0, 0, theme.SMALL)
        column.setSpacing(theme.TIGHT)
        heading: QLabel = label(title, "muted")
        theme.make_semibold(heading)
        column.addWidget(heading)
        for field in FIELDS:
            if field.group == name:
                column.addWidget(self.rows[field.name])
        return group

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        while self._grid.count():
            self._grid.takeAt(0)
        for place in range(3):
            self._grid.setColumnStretch(place, 1 if place < columns else 0)
        for place, names in enumerate(_COLUMNS[columns]):
            column = QVBoxLayout()
            column.setSpacing(theme.SMALL)
            for name in names:
                column.addWidget(self._groups[name])
            column.addStretch()
            self._grid.addLayout(column, 0, place)
        self._limit()

    def _limit(self) -> None:
        """No taller than what it holds."""
        around = self.sizeHint().height() - self._scroll.sizeHint().height()
        self.setMaximumHeight(max(LEAST_HEIGHT, around + self._inside.sizeHint().height() + theme.LARGE))

    def _options(self) -> dict[str, str]:
        return {
            "cosine": self.tr("cosine"),
            "one_cycle": self.tr("one cycle"),
            "step": self.tr("step"),
            "constant": self.tr("constant"),
            "adamw": self.tr("AdamW"),
            "sgd": self.tr("SGD"),
            "radam": self.tr("RAdam"),
            "off": self.tr("off"),
            "light": self.tr("light"),
            "medium": self.tr("medium"),
            "strong": self.tr("strong"),
            "yes": self.tr("yes"),
            "no": self.tr("no"),
            "auto": self.tr("measured: the faster one"),
            "fp32": "fp32",
            "bf16": "bf16",
            "fp16": "fp16",
        }

    def _words(self) -> dict[str, FieldText]:
        return self._learning_words() | self._other_words()

    def _learning_words(self) -> dict[str, FieldText]:
        return {
            "epochs": FieldText(self.tr("Epochs"), self.tr("An epoch shows every training picture to the model once.")),
            "learning_rate": FieldText(
                self.tr("Learning rate"),
                self.tr("How far each step moves the weights: too large never settles, too small never arrives."),
            ),
            "schedule": FieldText(
                self.tr("Schedule"), self.tr("How the learning rate changes over the run; it usually falls to the end.")
            ),
            "optimizer": FieldText(
                self.tr("Optimizer"), self.tr("The rule that turns an error into a change of the weights.")
            ),
            "weight_decay": FieldText(
                self.tr("Weight decay"),
                self.tr("Pulls weights towards zero, which keeps a model from learning by heart."),
            ),
            "gradient_clip": FieldText(
                self.tr("Gradient clip"),
                self.tr("The largest step that one batch may ask for; 0 sets no limit."),
            ),
            "patience": FieldText(
                self.tr("Patience, epochs"),
                self.tr(
                    "Training stops after this many epochs without a better validation score; 0 never stops early."
                ),
            ),
            "label_smoothing": FieldText(
                self.tr("Label smoothing"),
                self.tr("Asks for a little less than full certainty, 0.1 say, which helps with doubtful labels."),
            ),
            "class_weights": FieldText(
                self.tr("Class weights"),
                self.tr("Lets mistakes on rare classes count more than those on frequent ones."),
            ),
        }

    def _other_words(self) -> dict[str, FieldText]:
        return {
            "image_size": FieldText(
                self.tr("Image size, px"),
                self.tr(
                    "Side of the square that each picture becomes, a multiple of 32: more shows more and costs more."
                ),
            ),
            "batch_size": FieldText(
                self.tr("Batch size, images"),
                self.tr("How many pictures are looked at before each step; more needs more memory."),
            ),
            "augmentation": FieldText(
                self.tr("Augmentation"),
                self.tr("Random changes to training pictures (mirrored, turned, lighter), so that a few act as many."),
            ),
            "mirror": FieldText(
                self.tr("May be mirrored"),
                self.tr("No where a mirrored picture would be wrong: letters, digits, a left and a right part."),
            ),
            "head_layers": FieldText(
                self.tr("Dense layers"),
                self.tr("Widths of extra layers before the last one, such as 256 or 512, 128; none is usually best."),
            ),
            "head_dropout": FieldText(
                self.tr("Dropout"),
                self.tr("Share of the head's inputs that is ignored at random while training, 0.2 say."),
            ),
            "unfreeze_after": FieldText(
                self.tr("Unfreeze after, epochs"),
                self.tr("After this many epochs the backbone, the part that was trained before, learns as well."),
            ),
            "backbone_lr_scale": FieldText(
                self.tr("Backbone rate"),
                self.tr("The backbone, the part that was trained before, learns at this share of the head's rate."),
            ),
            "precision": FieldText(
                self.tr("Precision"),
                self.tr("Digits that numbers are computed with: 16 bits are faster on many cards, fp32 is the safest."),
            ),
            "seed": FieldText(
                self.tr("Seed"), self.tr("The same seed on the same machine gives the same run again, up to rounding.")
            ),
        }


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
