"""Train: choose a mode, a model and an effort; start; watch it learn."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from app import edits, theme
from app.state import Change, Session
from app.widgets.mode_cards import ModeCards
from app.widgets.parts import Card, badge, label, page_column, set_badge
from app.widgets.run_view import RunView
from core.domain.task import Effort, Task
from core.training.catalog import catalogue
from core.training.plan import Choices

# Small, sturdy and with weights at hand; what a newcomer should try first.
FIRST_CHOICE = {Task.CLASSIFICATION: "tf_efficientnet_lite0", Task.DETECTION: "yolov8n"}


class TrainPage(QWidget):
    """The form, and in its place the run once one is shown."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setObjectName("page")
        self.run_view: RunView | None = None
        self.modes, self.models, self.efforts = ModeCards(), QComboBox(), QComboBox()
        self.start_button = QPushButton(self.tr("Start training"))
        self._badge = badge("", "caution")
        self._model_hint = label("", "muted", wrap=True)
        self._models_task: Task | None = None
        self._run_holder: QWidget | None = None
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._form())
        self.set_ready(None, self.tr("Import labelled pictures first."))

    def refresh(self, change: Change) -> None:
        """Show what changed."""
        if change & Change.DATA:
            task = self.session.data.info.task
            missing = "" if task and self.session.data.labelled() else self.tr("Import labelled pictures first.")
            self.set_ready(task, self.tr("Read-only") if self.session.reading_only else missing)
        live = self.session.live
        if change & Change.LIVE and live is not None and (self.run_view is None or self.run_view.live is not live):
            self._show_run(RunView(live))

    def set_ready(self, task: Task | None, missing: str) -> None:
        """Fill the models of ``task``; ``missing`` names what keeps a run from starting, or is empty."""
        if task is not None and self._models_task is not task:
            self._models_task = task
            self.models.clear()
            for entry in (entry for entry in catalogue() if entry.task is task):
                self.models.addItem(entry.title, entry.name)
            self.models.setCurrentIndex(max(0, self.models.findData(FIRST_CHOICE[task])))
        self.start_button.setEnabled(not missing)
        set_badge(self._badge, missing or self.tr("Ready"), "caution" if missing else "good")

    def _show_run(self, view: RunView) -> None:
        """A fresh view in place of the form."""
        if self._run_holder is not None:
            self._stack.removeWidget(self._run_holder)
            self._run_holder.deleteLater()
        self.run_view = view
        holder = self._run_holder = QWidget()
        column = page_column(holder)
        column.addWidget(self.run_view)
        self.back_button = QPushButton(self.tr("New run"))
        self.back_button.clicked.connect(lambda: self._stack.setCurrentIndex(0))
        column.addWidget(self.back_button, alignment=Qt.AlignmentFlag.AlignLeft)
        self._stack.setCurrentIndex(self._stack.addWidget(holder))

    def _start(self) -> None:
        choices = Choices(mode=self.modes.mode, effort=Effort(self.efforts.currentData()))
        edits.start_run(self.session, self.models.currentData(), choices, None)

    def _form(self) -> QWidget:
        holder = QWidget()
        holder.setObjectName("page")
        column = QVBoxLayout(holder)
        column.setContentsMargins(theme.WIDE, theme.LARGE, theme.WIDE, theme.WIDE)
        column.setSpacing(theme.MEDIUM)
        column.addLayout(self._header())
        column.addWidget(self.modes)
        column.addWidget(self._settings())
        column.addStretch()
        return holder

    def _header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        titles = QVBoxLayout()
        titles.setSpacing(2)
        titles.addWidget(label(self.tr("Train"), "page"))
        titles.addWidget(label(self.tr("Three ways to learn. Choose one."), "muted"))
        row.addLayout(titles)
        row.addStretch()
        row.addWidget(self._badge, alignment=Qt.AlignmentFlag.AlignVCenter)
        self.start_button.setProperty("primary", True)
        theme.make_semibold(self.start_button)
        self.start_button.clicked.connect(self._start)
        row.addWidget(self.start_button, alignment=Qt.AlignmentFlag.AlignVCenter)
        return row

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
            self.tr("Sets epochs, picture size, batch and rates from your pictures and this machine."), "muted"
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
