"""What a run starts from, and the ways to get it here."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QWidget

from app import theme
from app.widgets.parts import button, label
from app.widgets.question import Question
from app.widgets.training.form_state import StartWeights
from core.domain.run import CatalogueWeights, VaultWeights, number_of
from core.training.catalog import Entry

SUFFIXES = "*.safetensors *.pt *.pth"


class WeightsChoice(QWidget):
    """The actions beside the list of weights; ``list`` is placed by the form, so that its columns stay aligned."""

    chosen = Signal(str)  # ``StartWeights.name``
    fetch_wanted = Signal()
    import_wanted = Signal(object)  # Path

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QComboBox()
        self.list.setProperty("data", True)
        self.list.setAccessibleName(self.tr("Start from"))
        self.hint = label("", "muted", wrap=True)
        self.fetch_button = button(self.tr("Fetch…"))
        self.import_button = button(self.tr("Import…"))
        self.import_button.setToolTip(
            self.tr("Take in a weights file (.safetensors, .pt, .pth); it is read without running any code in it.")
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        row.addWidget(self.hint, 1)
        for made in (self.fetch_button, self.import_button):
            row.addWidget(made)
        self.list.activated.connect(lambda index: self.chosen.emit(self.list.itemData(index)))
        self.fetch_button.clicked.connect(self._ask_to_fetch)
        self.import_button.clicked.connect(self._ask_for_file)
        self._entry: Entry | None = None

    def show_weights(self, entry: Entry, options: Sequence[StartWeights], chosen: str, *, published_here: bool) -> None:
        self._entry = entry
        self.list.clear()
        for option in options:
            self.list.addItem(self._title(option), option.name)
        self.list.setEnabled(bool(options))
        if not options:
            self.list.addItem(self.tr("Nothing on this machine"))
        self.list.setCurrentIndex(max(0, self.list.findData(chosen)))
        self.list.setToolTip(self.list.currentText())
        can_fetch = bool(entry.weights) and not published_here
        self.fetch_button.setVisible(can_fetch)
        self.fetch_button.setToolTip(self._terms(entry) if can_fetch else "")
        start = next((option for option in options if option.name == chosen), None)
        self.hint.setText(self._hint(entry, start, can_fetch=can_fetch))

    def _title(self, option: StartWeights) -> str:
        if option.run is not None:
            score = "" if option.run.val is None else f" · {option.run.val:.3f}"
            mode = {"scratch": self.tr("scratch"), "transfer": self.tr("transfer"), "finetune": self.tr("fine-tune")}
            return self.tr("Run {0} · {1}").format(number_of(option.run.run), mode[option.run.mode]) + score
        match option.ref:
            case VaultWeights(name=name):
                return name
            case _:
                return self.tr("Published weights")

    def _hint(self, entry: Entry, option: StartWeights | None, *, can_fetch: bool) -> str:
        if option is None:
            if can_fetch:
                return self.tr("Fetch them once with a network, or import a file.")
            return self.tr("None are published. Import a file, or choose another model.")
        if option.run is not None:
            return self.tr("This run begins where that one ended, with all the classes that it knew.")
        if isinstance(option.ref, CatalogueWeights):
            return self.tr("Learned on a large public set of photos. Licence {}.").format(entry.licence)
        licence = (
            self.tr(" Licence {}.").format(option.ref.licence)
            if isinstance(option.ref, VaultWeights) and option.ref.licence
            else ""
        )
        return self.tr("A file that you imported.") + licence

    def _terms(self, entry: Entry) -> str:
        most = (entry.parameters or 0) * 4 / 1e6  # four bytes each, before any packing
        return self.tr("Up to about {0:.0f} MB, licence {1}. This needs the network; nothing else here does.").format(
            most, entry.licence
        )

    def _ask_to_fetch(self) -> None:
        """Ask before anything leaves or enters the machine."""
        assert self._entry is not None
        from core.actions.weights import download_address

        question = Question(
            self.tr("Fetch the published weights of {}?").format(self._entry.title),
            f"{self._terms(self._entry)}\n\n{download_address(self._entry)}",
            (("fetch", self.tr("Fetch")), ("cancel", self.tr("Cancel"))),
            icon="download-simple",
            parent=self.window(),
        )
        question.answered.connect(self._take_answer)
        question.open()

    def _take_answer(self, answer: str) -> None:
        if answer == "fetch":
            self.fetch_wanted.emit()

    def _ask_for_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, self.tr("Import weights"), "", self.tr("Weights ({})").format(SUFFIXES)
        )
        if path:
            self.import_wanted.emit(Path(path))
