"""Model, start weights, effort and device: what everybody may want to choose, each with what it means."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.translations import said
from app.widgets.parts import Card, label
from app.widgets.segments import Segments
from app.widgets.training.form_state import Form, Shelf, StartWeights
from app.widgets.training.model_choice import ModelChoice, parameters
from app.widgets.training.time_row import TimeRow
from app.widgets.training.weights_choice import WeightsChoice
from core.actions.readings import MachineReading
from core.domain.run import RunSpec
from core.domain.task import Effort, Task
from core.training.catalog import Entry, catalogue


class SettingsCard(Card):
    """Tells what the user chose, field by field; shows what it is told."""

    chosen = Signal(str, object)  # field of ``Form``, value

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Settings"), parent)
        self.models, self.weights, self.devices = ModelChoice(), WeightsChoice(), QComboBox()
        self.time = TimeRow()
        self.efforts: dict[Effort, QPushButton] = {}
        self.advanced_switch = QCheckBox(self.tr("Advanced"))
        self.advanced_switch.setToolTip(self.tr("Show every value of a run; remembered for all projects."))
        self.head.addWidget(self.advanced_switch)
        self._model_hint, self._model_words = label("", "muted", wrap=True), label("", "caption", wrap=True)
        self._model_hint.setProperty("data", True)
        self.effort_hint = label("", "muted", wrap=True)
        self._device_hint = label("", "muted", wrap=True)
        self._machine: MachineReading | None = None
        self._weights_label, self._device_label = label(self.tr("Start from")), label(self.tr("Device"))
        self._place()
        self.models.chosen.connect(lambda name: self.chosen.emit("model", name))
        self.weights.chosen.connect(lambda name: self.chosen.emit("start", name))
        self.devices.activated.connect(lambda index: self.chosen.emit("device", self.devices.itemData(index)))

    def show_models(self, form: Form, task: Task, shelf: Shelf, with_runs: set[str]) -> None:
        """``with_runs``: architectures that an earlier run of this project can be the start of."""
        here = {entry.name for entry in catalogue() if shelf.has(entry)} | with_runs
        self.models.show_models(task, here, grouped=form.mode != "scratch")
        self.models.show_model(form.model)

    def show_entry(self, entry: Entry) -> None:
        parts = [
            self.tr("{} parameters").format(parameters(entry)) if entry.parameters else "",
            self.tr("{:.1f} GFLOPs").format(entry.flops) if entry.flops else "",
            entry.licence,
        ]
        self._model_hint.setText(" · ".join(part for part in parts if part))
        self._model_hint.setToolTip(
            self.tr(
                "Parameters are the numbers that a model learns. GFLOPs are the billions of multiplications and "
                "additions for one picture of {} px: twice as many take about twice as long."
            ).format(entry.image_size)
        )
        self._model_words.setText(said(entry.sentence))

    def show_weights(self, form: Form, entry: Entry, options: Sequence[StartWeights], start: str, shelf: Shelf) -> None:
        wanted = form.mode != "scratch"
        for part in (self._weights_label, self.weights.list, self.weights):
            part.setVisible(wanted)
        if wanted:
            here = bool(shelf.published.get(entry.name))
            self.weights.show_weights(entry, options, start, published_here=here)

    def show_effort(self, effort: Effort, spec: RunSpec | None) -> None:
        """``spec``: what it comes to, ``None`` while that cannot be said."""
        self.efforts[effort].setChecked(True)
        self.effort_hint.setText(self._effort_line(spec) if spec else self.tr("Sets all values of the run together."))

    def show_machine(self, machine: MachineReading, device: str, *, brief: bool = False) -> None:
        """A choice only where there is one; ``brief``: nothing at all where there is none."""
        cards = machine.gpus
        self._device_hint.setVisible(bool(cards) or not brief)
        for part in (self._device_label, self.devices):
            part.setVisible(bool(cards))
        if machine is not self._machine:
            self._machine = machine
            with QSignalBlocker(self.devices):
                self.devices.clear()
                self.devices.addItem(self.tr("Automatic"), "auto")
                for card in cards:
                    self.devices.addItem(f"GPU {card.index} · {card.name}", f"cuda:{card.index}")
                if len(cards) > 1:
                    together = ",".join(f"cuda:{card.index}" for card in cards)
                    self.devices.addItem(self.tr("All {0} cards together").format(len(cards)), together)
                self.devices.addItem(self.tr("Processor"), "cpu")
        self.devices.setCurrentIndex(max(0, self.devices.findData(device)))
        self.devices.setToolTip(self.devices.currentText())
        self._device_hint.setText(self._device_words(machine, self.devices.currentData()))
        self._device_hint.setToolTip("" if cards else machine.trouble)
        self._device_hint.setProperty("data_tip", True)

    def _device_words(self, machine: MachineReading, device: str) -> str:
        if not machine.gpus:
            return self.tr("Runs on the processor: no NVIDIA card was found.")
        if device == "cpu":
            return self.tr("The processor is many times slower than a card.")
        if device == "auto":
            return self.tr("The first card that computes correctly, else the processor.")
        if "," in device:
            return self.tr("Every card takes its share of each batch.")
        card = next(card for card in machine.gpus if f"cuda:{card.index}" == device)
        if card.memory_total is None or card.memory_used is None:
            return self.tr("Checked with a small computation when the run starts.")
        free = (card.memory_total - card.memory_used) / 2**30
        return self.tr("{0:.1f} of {1:.1f} GB free now.").format(free, card.memory_total / 2**30)

    def _effort_line(self, spec: RunSpec) -> str:
        batch = self.tr("batch {}").format(spec.batch_size) if spec.batch_size else self.tr("batch as the card takes")
        optimizer = {"adamw": "AdamW", "sgd": "SGD", "radam": "RAdam"}[spec.optimizer]
        levels = {
            "off": self.tr("no augmentation"),
            "light": self.tr("light augmentation"),
            "medium": self.tr("medium augmentation"),
            "strong": self.tr("strong augmentation"),
        }
        parts = [
            self.tr("%n epoch(s)", "", spec.epochs),
            f"{spec.image_size} px",
            batch,
            self.tr("{0} at {1:g}").format(optimizer, spec.learning_rate),
            levels[spec.augmentation],
            *([] if spec.mirror or spec.augmentation == "off" else [self.tr("never mirrored")]),
        ]
        if spec.patience:
            parts.append(self.tr("stops after %n epoch(s) without gain", "", spec.patience))
        return " · ".join([*parts, self.tr("seed {}").format(spec.seed)])

    def _place(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.LARGE)
        grid.setVerticalSpacing(theme.SMALL)
        for name in (self._weights_label, self._device_label):  # hidden at times, and the columns stay where they are
            grid.setColumnMinimumWidth(0, max(grid.columnMinimumWidth(0), name.sizeHint().width()))
        grid.setColumnMinimumWidth(1, theme.FIELD_WIDTH)
        grid.setColumnStretch(2, 1)
        words = QWidget()
        lines = QVBoxLayout(words)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(0)
        lines.addWidget(self._model_hint)
        lines.addWidget(self._model_words)
        rows = (
            (label(self.tr("Model")), self.models, words),
            (self._weights_label, self.weights.list, self.weights),
            (label(self.tr("Effort")), self._make_efforts(), self.effort_hint),
            (self._device_label, self.devices, self._device_hint),
            (label(self.tr("Time")), self.time, self.time.remark),
        )
        for row, (title, field, remark) in enumerate(rows):
            if isinstance(field, QComboBox):  # as wide as the widest field, whatever it holds
                field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            grid.addWidget(title, row, 0)
            grid.addWidget(field, row, 1)
            grid.addWidget(remark, row, 2)
        self.devices.setProperty("data", True)
        self.devices.setAccessibleName(self.tr("Device"))
        self.body.addLayout(grid)

    def _make_efforts(self) -> Segments:
        words = {
            Effort.QUICK: (self.tr("Quick"), self.tr("A first answer: few epochs, small pictures.")),
            Effort.BALANCED: (self.tr("Balanced"), self.tr("Good results in reasonable time.")),
            Effort.THOROUGH: (self.tr("Thorough"), self.tr("The best this model can do here, for patient people.")),
        }
        made = Segments({effort: text for effort, (text, _) in words.items()})
        for effort, (_, hint) in words.items():
            made.buttons[effort].setToolTip(hint)
        made.chosen.connect(lambda effort: self.chosen.emit("effort", effort))
        self.efforts = made.buttons
        return made
