"""Filters of the gallery: counts that can be clicked, and a search."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.widgets.data.gallery_filter import PARTS, Filter
from app.widgets.flow import FlowLayout
from app.widgets.gallery.class_mark import class_mark

SEARCH_AFTER = 150  # milliseconds without a key
MOST_CHIPS = 6  # classes beside "All"; the others are in a list
WIDEST_NAME = 120  # pixels
_ROLE = Qt.ItemDataRole.UserRole


class ClassChoice(Struct, frozen=True):
    """A class as the filters show it; ``look`` as in ``class_mark``."""

    id: int
    look: int
    name: str
    images: int


class FilterBar(QWidget):
    """``changed`` tells the new ``Filter`` when the user chose one; ``set_filter`` shows one silently."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.filter = Filter()
        self.chips = ClassChips()
        self.chips.chosen.connect(self._choose_what)
        self.parts = {part: _chip() for part in PARTS}
        self._part_names = {
            "train": self.tr("Train {0}"),
            "val": self.tr("Validation {0}"),
            "test": self.tr("Test {0}"),
            "none": self.tr("No part {0}"),
        }
        tips = {
            "train": self.tr("Pictures that the model learns from."),
            "val": self.tr("Pictures that choose the best epoch; the model does not learn from them."),
            "test": self.tr("Pictures that judge the finished model; they have no say in training."),
            "none": self.tr("Pictures in no part yet: unlabelled, or added after the split."),
        }
        self.search = QLineEdit()
        self.search.setProperty("search", True)
        self.search.setPlaceholderText(self.tr("Search path or class"))
        self.search.setAccessibleName(self.tr("Search path or class"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(theme.icon("magnifying-glass"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.setFixedWidth(theme.FIELD_WIDTH)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(SEARCH_AFTER)
        self._pause.timeout.connect(self._search)
        self.search.textEdited.connect(lambda: self._pause.start())
        self.search.textChanged.connect(lambda text: None if text else self._pause.start())  # its clear button
        self.search.returnPressed.connect(self._search)
        second = FlowLayout(theme.TIGHT)
        for part, chip in self.parts.items():
            chip.setToolTip(tips[part])
            chip.clicked.connect(lambda checked, part=part: self._choose_part(part if checked else ""))
            second.addWidget(chip)
        second.addWidget(self.search)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.TIGHT)
        column.addWidget(self.chips)
        column.addLayout(second)

    def show_counts(
        self, total: int, classes: Sequence[ClassChoice], unlabelled: int, parts: dict[str, int], problems: int | None
    ) -> None:
        """``problems``: ``None`` while they are being looked for."""
        self.chips.show_counts(total, classes, unlabelled, problems)
        for part, chip in self.parts.items():
            chip.setText(self._part_names[part].format(f"{parts.get(part, 0):,}"))
            chip.setEnabled(bool(parts.get(part, 0)) or self.filter.part == part)
        self._show_filter()

    def set_filter(self, wanted: Filter) -> None:
        self.filter = wanted
        if self.search.text().strip() != wanted.text:
            self.search.setText(wanted.text)
        self._pause.stop()
        self._show_filter()

    def _show_filter(self) -> None:
        self.chips.show_filter(self.filter)
        for part, chip in self.parts.items():
            chip.setChecked(part == self.filter.part)

    def _choose_what(self, what: str, class_id: int) -> None:
        self._change(replace(self.filter, what=what, class_id=class_id, kind=""))

    def _choose_part(self, part: str) -> None:
        self._change(replace(self.filter, part=part))

    def _search(self) -> None:
        self._pause.stop()
        self._change(replace(self.filter, text=self.search.text().strip()))

    def _change(self, wanted: Filter) -> None:
        before, self.filter = self.filter, wanted
        self._show_filter()
        if wanted != before:
            self.changed.emit(wanted)


class ClassChips(QWidget):
    """All, as many classes as there is room for, a list of the others, Unlabelled, Problems; one of them is chosen."""

    chosen = Signal(str, int)  # Filter.what, class id

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: Sequence[ClassChoice] = ()
        self._group = QButtonGroup(self)
        self._group.setExclusive(False)
        self.all, self.unlabelled, self.problems = _chip(), _chip(), _chip()
        self.unlabelled.setToolTip(self.tr("Pictures that nobody has labelled yet; they never train."))
        self.problems.setToolTip(self.tr("Pictures that a finding of Health names."))
        self.classes = [_chip() for _ in range(MOST_CHIPS)]
        self.more = QComboBox()
        self.more.setAccessibleName(self.tr("More classes"))
        self.more.setProperty("data", True)
        self.more.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.more.setMinimumContentsLength(5)
        self.more.activated.connect(self._choose_more)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.TIGHT)
        for chip in (self.all, *self.classes):
            row.addWidget(chip)
        row.addWidget(self.more)
        row.addWidget(self.unlabelled)
        row.addWidget(self.problems)
        row.addStretch()
        self.all.clicked.connect(lambda: self.chosen.emit("all", 0))
        self.unlabelled.clicked.connect(lambda checked: self.chosen.emit("unlabelled" if checked else "all", 0))
        self.problems.clicked.connect(lambda checked: self.chosen.emit("problems" if checked else "all", 0))
        for place, chip in enumerate(self.classes):
            chip.setProperty("data", True)
            chip.clicked.connect(lambda checked, place=place: self._choose_class(place, checked))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_counts(self, total: int, classes: Sequence[ClassChoice], unlabelled: int, problems: int | None) -> None:
        self._classes = classes
        self.all.setText(self.tr("All {0}").format(f"{total:,}"))
        self.unlabelled.setText(self.tr("Unlabelled {0}").format(f"{unlabelled:,}"))
        self.problems.setText(self.tr("Problems {0}").format("…" if problems is None else f"{problems:,}"))
        self.unlabelled.setEnabled(unlabelled > 0)
        self.problems.setEnabled(bool(problems))
        for chip, each in zip(self.classes, classes, strict=False):
            name = chip.fontMetrics().elidedText(each.name, Qt.TextElideMode.ElideMiddle, WIDEST_NAME)
            chip.setText(f"{name}\u2003{each.images:,}".replace("&", "&&"))
            chip.setIcon(class_mark(each.look))
            chip.setAccessibleName(f"{each.name} {each.images:,}")
            chip.setToolTip(each.name if name != each.name else "")
        self._arrange()

    def show_filter(self, wanted: Filter) -> None:
        self.all.setChecked(wanted.what == "all")
        self.unlabelled.setChecked(wanted.what == "unlabelled")
        self.problems.setChecked(wanted.what == "problems")
        for chip, each in zip(self.classes, self._classes, strict=False):
            chip.setChecked(wanted.what == "class" and wanted.class_id == each.id)
        place = self.more.findData(wanted.class_id, _ROLE) if wanted.what == "class" else 0
        self.more.setCurrentIndex(max(0, place))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._arrange()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, self.all.sizeHint().height())

    def _arrange(self) -> None:
        """Show the classes that there is room for."""
        fixed = [self.all, self.unlabelled, self.problems]
        room = self.width() - sum(chip.sizeHint().width() + theme.TIGHT for chip in fixed)
        widths = [chip.sizeHint().width() + theme.TIGHT for chip in self.classes[: len(self._classes)]]
        shown = len(widths)
        if shown < len(self._classes) or sum(widths) > room:
            room -= self.more.sizeHint().width() + theme.TIGHT
            while shown and sum(widths[:shown]) > room:
                shown -= 1
        for place, chip in enumerate(self.classes):
            chip.setVisible(place < shown)
        self._fill_more(self._classes[shown:])

    def _fill_more(self, classes: Sequence[ClassChoice]) -> None:
        self.more.setVisible(bool(classes))
        wanted = [each.id for each in classes]
        if wanted != [self.more.itemData(place, _ROLE) for place in range(1, self.more.count())]:
            chosen = self.more.currentData(_ROLE)
            self.more.clear()
            self.more.addItem(self.tr("%n more", "", len(classes)))
            for each in classes:
                self.more.addItem(class_mark(each.look), f"{each.name}\u2003{each.images:,}", each.id)
            self.more.setCurrentIndex(max(0, self.more.findData(chosen, _ROLE)) if chosen is not None else 0)

    def _choose_class(self, place: int, checked: bool) -> None:
        self.chosen.emit("class" if checked else "all", self._classes[place].id if checked else 0)

    def _choose_more(self, place: int) -> None:
        class_id = self.more.itemData(place, _ROLE)
        self.chosen.emit("all" if class_id is None else "class", class_id or 0)


def _chip() -> QPushButton:
    made = QPushButton()
    made.setProperty("chip", True)
    made.setCheckable(True)
    made.setAutoDefault(False)
    return made
