"""The form of a run: a mode, a model, an effort; one click starts it."""

from PySide6.QtWidgets import QComboBox, QGridLayout, QPushButton, QWidget

from app import edits, theme
from app.state import Change, Session
from app.widgets.mode_cards import ModeCards
from app.widgets.parts import Card, PageHeader, badge, button, label, page_column, set_badge
from core.domain.task import Effort, Task
from core.training.catalog import catalogue
from core.training.plan import Choices

# Small, sturdy and with weights at hand; what a newcomer should try first.
FIRST_CHOICE = {Task.CLASSIFICATION: "tf_efficientnet_lite0", Task.DETECTION: "yolov8n"}


class SpecForm(QWidget):
    """Everything that is chosen before a run; ``refresh`` follows the session."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.modes, self.models, self.efforts = ModeCards(), QComboBox(), QComboBox()
        self.start_button: QPushButton = button(self.tr("Start training"), primary=True)
        self._badge = badge("", "caution")
        self._model_hint = label("", "muted", wrap=True)
        self._models_task: Task | None = None
        column = page_column(self)
        column.addLayout(self._header())
        column.addWidget(self.modes)
        column.addWidget(self._settings())
        column.addStretch()
        self._set_ready(None, self.tr("Import labelled pictures first."))

    def refresh(self, change: Change) -> None:
        """Show what changed."""
        if change & (Change.DATA | Change.ACCESS):
            task = self.session.data.info.task
            missing = "" if task and self.session.data.labelled() else self.tr("Import labelled pictures first.")
            self._set_ready(task, self.tr("Read-only") if self.session.reading_only else missing)

    def _set_ready(self, task: Task | None, missing: str) -> None:
        """Fill the models of ``task``; ``missing`` names what keeps a run from starting, or is empty."""
        if task is not None and self._models_task is not task:
            self._models_task = task
            self.models.clear()
            for entry in (entry for entry in catalogue() if entry.task is task):
                self.models.addItem(entry.title, entry.name)
            self.models.setCurrentIndex(max(0, self.models.findData(FIRST_CHOICE[task])))
        self.start_button.setEnabled(not missing)
        set_badge(self._badge, missing or self.tr("Ready"), "caution" if missing else "good")

    def _start(self) -> None:
        choices = Choices(mode=self.modes.mode, effort=Effort(self.efforts.currentData()))
        edits.start_run(self.session, self.models.currentData(), choices, None)

    def _header(self) -> PageHeader:
        header = PageHeader(self.tr("Train"))
        header.subtitle.setText(self.tr("Three ways to learn. Choose one."))
        header.add_action(self._badge)
        self.start_button.clicked.connect(self._start)
        header.add_action(self.start_button)
        return header

    def _settings(self) -> Card:
        card = Card(self.tr("Settings"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.LARGE)
        grid.setVerticalSpacing(theme.SMALL)
        grid.setColumnStretch(2, 1)
        self.models.currentIndexChanged.connect(self._show_model_hint)
        for effort, text in (
            (Effort.QUICK, self.tr("Quick")),
            (Effort.BALANCED, self.tr("Balanced")),
            (Effort.THOROUGH, self.tr("Thorough")),
        ):
            self.efforts.addItem(text, str(effort))
        self.efforts.setCurrentIndex(1)
        hint = label(
            self.tr("Sets epochs, picture size, batch and rates from your pictures and this machine."),
            "muted",
            wrap=True,
        )
        for row, (text, field, remark) in enumerate(
            ((self.tr("Model"), self.models, self._model_hint), (self.tr("Effort"), self.efforts, hint))
        ):
            field.setFixedWidth(theme.FIELD_WIDTH)
            grid.addWidget(label(text), row, 0)
            grid.addWidget(field, row, 1)
            grid.addWidget(remark, row, 2)
        card.body.addLayout(grid)
        return card

    def _show_model_hint(self) -> None:
        entry = next((entry for entry in catalogue() if entry.name == self.models.currentData()), None)
        if entry is None:
            return
        size = f"{(entry.parameters or 0) / 1e6:.1f} M parameters · {entry.flops or 0:.1f} GFLOPs · {entry.licence}"
        self._model_hint.setText(size)
        self.models.setToolTip(entry.sentence)
