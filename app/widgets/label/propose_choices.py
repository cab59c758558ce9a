"""The three choices of a model's proposals: which model, which pictures, from which score on."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QComboBox, QFileDialog, QRadioButton, QSizePolicy

from app.state import Session
from app.widgets.gallery.overlay import ClassLook
from app.widgets.label.threshold_table import ModelClass, ThresholdTable
from app.widgets.metric_words import figure, metric_name
from app.widgets.parts import Card, button, label
from app.widgets.run.run_words import model_title
from app.widgets.ship.threshold_slider import ThresholdSlider
from core.actions.reporting import RunSummary
from core.domain.dataset import Image
from core.domain.model_card import ModelCard
from core.domain.run import number_of
from core.domain.task import Task
from core.labelling.proposals import to_do

NAMED = 3  # classes; more are counted
WIDEST = 232  # pixels that the name of a file may take
CERTAIN = 0.5  # a class is proposed from this probability on, unless the user says otherwise


class ModelChoice(Card):
    """``current``: the id of a run, the path of a file, or ``None`` while there is neither."""

    chosen = Signal()
    adding_changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(self.tr("Model"))
        self._session = session
        self._file: Path | None = None
        self.lacking: tuple[str, ...] = ()
        self.box = QComboBox()
        self.box.setProperty("data", True)  # names of runs and files
        self.box.setAccessibleName(self.tr("Model"))
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(12)
        self.box.setPlaceholderText(self.tr("No finished run yet"))
        self.box.currentIndexChanged.connect(self._choose)
        self.file_button = button(self.tr("ONNX file…"), "folder-open")
        self.file_button.setToolTip(self.tr("A model that some Lensmith exported, of this project or another."))
        self.file_button.setAutoDefault(False)
        self.file_button.clicked.connect(self._ask_for_file)
        self.file_button.setProperty("quiet", True)
        self.head.addWidget(self.file_button)
        self.body.addWidget(self.box)
        self._lacks = label("", "muted", wrap=True)
        self.add_box = QCheckBox(self.tr("Add them where they are found"))
        self.add_box.toggled.connect(self.adding_changed)
        self.body.addWidget(self._lacks)
        self.body.addWidget(self.add_box)
        self.show_lacking(())
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    @property
    def current(self) -> str | Path | None:
        chosen = self.box.currentData()
        return self._file if chosen == "" else chosen

    @property
    def adds_classes(self) -> bool:
        return bool(self.lacking) and self.add_box.isChecked()

    def show_runs(self, runs: Sequence[RunSummary]) -> None:
        """``runs``: oldest first; those without a model are left out. What was chosen stays chosen."""
        before = self.box.currentData()
        self.box.blockSignals(True)
        self.box.clear()
        if self._file is not None:
            self.box.addItem(self._file_title(self._file), "")
        for run in reversed(runs):
            if run.onnx_bytes is not None:
                self.box.addItem(self._title(run), run.run)
        self.box.setCurrentIndex(max(self.box.findData(before), 0) if self.box.count() else -1)
        self.box.blockSignals(False)
        self.box.setEnabled(self.box.count() > 0)
        self._choose(quiet=self.box.currentData() == before)

    def choose_file(self, path: Path) -> None:
        """In place of a run."""
        self._file = path
        self.box.blockSignals(True)
        place = self.box.findData("")
        if place < 0:
            self.box.insertItem(0, "", "")
            place = 0
        self.box.setItemText(place, self._file_title(path))
        self.box.setCurrentIndex(place)
        self.box.blockSignals(False)
        self.box.setEnabled(True)
        self._choose()

    def show_lacking(self, names: Sequence[str]) -> None:
        """Classes of the model that the project does not have."""
        self.lacking = tuple(names)
        shown = ", ".join(f"“{name}”" for name in names[:NAMED])
        if len(names) > NAMED:
            shown += " " + self.tr("and %n more", "", len(names) - NAMED)
        told = self.tr("The model knows %n class(es) that this project lacks: {}.", "", len(names)).format(shown)
        self._lacks.setText(told if names else "")
        self._lacks.setVisible(bool(names))
        self.add_box.setVisible(bool(names))

    def _file_title(self, path: Path) -> str:
        return self.box.fontMetrics().elidedText(path.name, Qt.TextElideMode.ElideMiddle, WIDEST)

    def _title(self, run: RunSummary) -> str:
        parts = [self.tr("Run {}").format(number_of(run.run)), model_title(run.model)]
        score = run.val if run.test is None else run.test
        if score is not None:
            parts.append(f"{metric_name(run.metric)} {figure(score)}")
        return " · ".join(parts)

    def _choose(self, index: int = 0, *, quiet: bool = False) -> None:
        self.box.setToolTip(str(self.current or "") if self.box.currentData() == "" else self.box.currentText())
        self.box.setProperty("data_tip", True)
        if not quiet:
            self.chosen.emit()

    def _ask_for_file(self) -> None:
        kinds = self.tr("ONNX files ({0})").format("*.onnx")
        chosen, _ = QFileDialog.getOpenFileName(self, self.tr("A model in an ONNX file"), "", kinds)
        if chosen:
            self.choose_file(Path(chosen))


class PictureChoice(Card):
    """``images`` of the choice as it stands. ``shown``: hashes of those that a filter of the page leaves."""

    chosen = Signal()

    def __init__(self, shown: Sequence[str]) -> None:
        super().__init__(self.tr("Pictures"))
        self._shown = set(shown)
        self._lists: dict[str, list[Image]] = {}
        self.buttons = {name: QRadioButton() for name in ("to_do", "open", "shown")}
        self._group = QButtonGroup(self)
        for one in self.buttons.values():
            self._group.addButton(one)
            self.body.addWidget(one)
        tip = self.tr("Boxes that are there stay as they are, and what they show is not proposed once more.")
        self.buttons["open"].setToolTip(tip)
        self.buttons["shown"].setToolTip(self.tr("Of the pictures in the list those that are not done."))
        self.buttons["shown" if shown else "to_do"].setChecked(True)
        self.buttons["shown"].setVisible(bool(shown))
        self._group.buttonToggled.connect(lambda one, on: self.chosen.emit() if on else None)
        self.show_images(())
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    @property
    def images(self) -> list[Image]:
        name = next((name for name, one in self.buttons.items() if one.isChecked()), "to_do")
        return self._lists[name]

    def show_images(self, images: Sequence[Image]) -> None:
        """Count anew; nothing is chosen anew."""
        unfinished = to_do(images, in_progress=True)
        self._lists = {
            "to_do": to_do(unfinished),
            "open": unfinished,
            "shown": [one for one in unfinished if one.hash in self._shown],
        }
        count = {name: len(found) for name, found in self._lists.items()}
        # Where nothing is in progress both mean the same; a class is never in progress.
        self.buttons["open"].setVisible(count["open"] > count["to_do"] or self.buttons["open"].isChecked())
        if images and not count["shown"]:  # the filter leaves done ones alone
            self.buttons["shown"].hide()
            if self.buttons["shown"].isChecked():
                self.buttons["to_do"].setChecked(True)
        self.buttons["to_do"].setText(self.tr("To do (%n picture(s))", "", count["to_do"]))
        self.buttons["open"].setText(self.tr("To do and in progress (%n picture(s))", "", count["open"]))
        self.buttons["shown"].setText(self.tr("Those in the list now (%n picture(s))", "", count["shown"]))


class ScoreChoice(Card):
    """One slider for all classes, and a table in which each of them can have a score of its own."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__(self.tr("Confidence"))
        self.slider, self.table = ThresholdSlider(), ThresholdTable()
        hint = self.tr("Lower finds more and is wrong more often. A class can have its own score in the table.")
        self._hint = label(hint, "caption", wrap=True)
        for part in (self.slider, self._hint, self.table):
            self.body.addWidget(part)
        self.slider.changed.connect(self._move)
        self.table.changed.connect(self.changed)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def suggest(self, card: ModelCard) -> None:
        """The threshold of a model that was opened just now."""
        self.table.rows.own.clear()
        self.slider.set_suggested(card.threshold if card.task is Task.DETECTION else CERTAIN)

    def show_classes(self, names: Sequence[str], looks: Mapping[str, ClassLook], task: Task) -> None:
        """``names`` of the model; those without a look would be left out."""
        rows = [ModelClass(name, looks[name].index if name in looks else None) for name in names]
        self.table.show_classes(rows, self.tr("Boxes") if task is Task.DETECTION else self.tr("Pictures"))
        self.setEnabled(bool(names))

    def thresholds(self) -> dict[str, float]:
        """Class name of the model -> lowest score; empty while there is no model."""
        return self.table.thresholds()

    def _move(self, value: float) -> None:
        self.table.set_overall(value)
        self.changed.emit()
