"""Ship: take the ONNX file of a run, see how far it can be trusted, try it."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app import edits, theme
from app.state import Change, Session
from app.widgets.drop_zone import paths_in
from app.widgets.parts import Glyph, PageHeader, button, label, page_column
from app.widgets.question import Question
from app.widgets.ship.export_card import ExportCard
from app.widgets.ship.file_facts import ModelFacts, UsageExample
from app.widgets.ship.parity_certificate import ParityCertificate
from app.widgets.ship.try_model import TryModel
from app.widgets.trouble import Trouble
from core.actions.reporting import RunSummary
from core.domain.errors import LensmithError
from core.domain.history import RunState
from core.domain.progress import Progress
from core.domain.run import number_of
from core.training.catalog import catalogue

if TYPE_CHECKING:  # ONNX and OpenCV, which the window does not wait for
    from core.actions.shipping import Exported, ShipFacts

RUNS = 448  # pixels, width of the choice of runs
MODEL = 144  # pixels, of a model's name in there
COLUMN = 424  # pixels: what is said about the file; the rest of the width is for trying it
FOLDER = "export_folder"  # of the settings: where the last file went


class ShipPage(QWidget):
    """One finished run at a time: ``session.chosen_run``."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setAcceptDrops(True)
        self.facts: ShipFacts | None = None
        self._shown: RunSummary | None = None  # the run whose facts are shown or on their way; resumed, it differs
        self._wanted = ""  # its id
        self._question: Question | None = None
        self.runs = QComboBox()
        self.export, self.certificate = ExportCard(), ParityCertificate()
        self.about, self.usage = ModelFacts(), UsageExample()
        self.trouble = Trouble()
        self.tried = TryModel(session.jobs, session.thumbnails)
        self._header = PageHeader(self.tr("Ship"))
        self._make_run_choice()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._make_empty())
        self._stack.addWidget(self._make_contents())
        column = page_column(self)
        column.addLayout(self._header)
        column.addWidget(self._stack, 1)
        session.run_chosen.connect(self._run_chosen)
        self.export.export_wanted.connect(self._export)
        self.certificate.results_wanted.connect(self._go_to_results)

    def refresh(self, change: Change) -> None:
        """Show what changed."""
        if change & (Change.RUNS | Change.LIVE) or (change & Change.DATA and self._shown is None):
            self._show_runs()

    # Which run

    def finished(self) -> list[RunSummary]:
        """Runs that have a report, newest first."""
        return [run for run in reversed(self.session.runs) if run.seconds is not None]

    def _run_chosen(self, run_id: str) -> None:
        self._show_runs()

    def _show_runs(self) -> None:
        runs = self.finished()
        self._runs_box.setVisible(bool(runs))
        if not runs:
            self._show_empty()
            return
        ids = [run.run for run in runs]
        chosen = self.session.chosen_run if self.session.chosen_run in ids else ids[0]
        titles = [self._title(run) for run in runs]
        if titles != [self.runs.itemText(index) for index in range(self.runs.count())]:  # else it may be open just now
            self.runs.clear()
            for run, title in zip(runs, titles, strict=True):
                self.runs.addItem(title, run.run)
                self.runs.setItemData(self.runs.count() - 1, title, Qt.ItemDataRole.ToolTipRole)
        self.runs.setCurrentIndex(ids.index(chosen))
        self.runs.setToolTip(self.runs.currentText())
        self._stack.setCurrentIndex(1)
        run = runs[ids.index(chosen)]
        if run != self._shown:
            self._load(run)

    def _choose_run(self, index: int) -> None:
        self.session.choose_run(self.runs.itemData(index))

    def _load(self, run: RunSummary) -> None:
        """Read what there is to say about the run's file; parsing it takes longer than the window may wait."""
        self._shown, self._wanted = run, run.run
        number = number_of(run.run)
        self.export.set_default(self._default_folder() / f"{self.session.path.name}-run{number}.onnx")
        self.export.export_button.setEnabled(False)
        self._header.subtitle.setText(self.tr("Reading the file of run {}…").format(number))
        if self.facts is None:
            self._show_cards(certificate=False, file=False)

        def work(progress: Progress) -> "ShipFacts":
            from core.actions import shipping

            return shipping.ship_facts(self.session.run_folder(run.run))

        def failed(error: LensmithError) -> None:
            if run.run == self._wanted:
                self._show_failure(error)

        self.session.jobs.run("", work, done=self._show_facts, failed=failed, lane="ship", quiet=True)

    def _show_facts(self, facts: "ShipFacts") -> None:
        if facts.run.id != self._wanted:
            return
        self.facts = facts
        number = number_of(facts.run.id)
        self._header.subtitle.setText(
            self.tr("Run {}: the file that was measured is the file that you take away.").format(number)
        )
        self.trouble.say(facts.trouble)
        self.export.set_busy(False)
        self.certificate.show_report(facts.report, facts.box_tolerance)
        self._show_cards(certificate=True, file=facts.file is not None)
        if facts.file is not None:
            self.about.show_file(facts.file, facts.report, facts.licence)
            self.usage.show_card(facts.file.card, str(self.export.target))
            self.tried.show_run(facts.path, self.tr("run {}").format(number), facts.test)

    def _show_failure(self, error: LensmithError) -> None:
        """The run's own files cannot be read."""
        self.facts = None
        self._header.subtitle.setText(self.tr("This run cannot be read."))
        self.trouble.say(error)
        self._show_cards(certificate=False, file=False)

    def _show_cards(self, *, certificate: bool, file: bool) -> None:
        """Only those that have something to say."""
        self.certificate.setVisible(certificate)
        for part in (self.about, self.usage, self.tried):
            part.setVisible(file)

    # Export

    def _export(self, target: Path) -> None:
        self._write(target, replace=False)

    def _write(self, target: Path, *, replace: bool) -> None:
        run = self.session.run_folder(self._wanted)
        self.export.set_busy(True)

        def done(exported: "Exported | None") -> None:
            self._written(run.id, target, exported)

        def failed(error: LensmithError) -> None:
            self.export.set_busy(False)
            self.export.show_error(error)

        edits.export_onnx(self.session, run, target, done, replace=replace, failed=failed)

    def _written(self, run_id: str, target: Path, exported: "Exported | None") -> None:
        self.export.set_busy(False)
        if exported is None:
            self._ask_to_replace(target)
            return
        self.session.settings.set_text(FOLDER, str(target.parent))
        if run_id == self._wanted:
            self.export.show_exported(exported)
            if self.facts is not None and self.facts.file is not None:
                self.usage.show_card(self.facts.file.card, str(exported.path))

    def _ask_to_replace(self, target: Path) -> None:
        question = self._question = Question(
            self.tr("Replace {}?").format(target.name),
            self.tr("A file of that name lies in {} already. What is in it now would be lost.").format(target.parent),
            (("keep", self.tr("Keep it")), ("replace", self.tr("Replace"))),
            icon="warning",
            escape="keep",
            parent=self,
        )
        question.answered.connect(lambda answer: self._write(target, replace=True) if answer == "replace" else None)
        question.open()

    def _default_folder(self) -> Path:
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        folders = (self.session.settings.text(FOLDER), documents)
        return next((Path(one) for one in folders if one and Path(one).is_dir()), Path.home())

    # Drops beside the cards: what lies here is to be tried, never taken into the data

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        if paths_in(event.mimeData()) and self.tried.isVisible():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        event.acceptProposedAction()
        self.tried.try_paths(paths_in(event.mimeData()))

    # Words

    def _title(self, run: RunSummary) -> str:
        modes = {
            "scratch": self.tr("from scratch"),
            "transfer": self.tr("transfer"),
            "finetune": self.tr("fine-tune"),
        }
        model = next((entry.title for entry in catalogue() if entry.name == run.model), run.model)
        model = self.fontMetrics().elidedText(model, Qt.TextElideMode.ElideMiddle, MODEL)
        parts = [self.tr("Run {}").format(number_of(run.run)), modes.get(run.mode, run.mode), model]
        if run.test is not None:
            parts.append(self.tr("{} on test").format(f"{run.test:.3f}"))
        elif run.val is not None:
            parts.append(self.tr("{} on validation").format(f"{run.val:.3f}"))
        return " · ".join(parts)

    def _show_empty(self) -> None:
        self._wanted, self._shown, self.facts = "", None, None
        self._stack.setCurrentIndex(0)
        self._header.subtitle.setText(self.tr("The ONNX file of a run, checked, tried and ready to take away."))
        going = any(run.state == RunState.RUNNING for run in self.session.runs)
        if not self.session.loaded:
            title, text = self.tr("Reading the project…"), ""
        elif going:
            title = self.tr("A run is going")
            text = self.tr("Its ONNX file is made and checked at the end of the training.")
        else:
            title = self.tr("No finished run yet")
            text = self.tr("Train a model first. Every finished run makes an ONNX file and checks it.")
        self._empty_title.setText(title)
        self._empty_text.setText(text)
        self.train_button.setVisible(self.session.loaded)

    def _go_to_train(self) -> None:
        self.session.page_wanted.emit("train")

    def _go_to_results(self) -> None:
        self.session.choose_run(self._wanted)
        self.session.page_wanted.emit("results")

    # Building

    def _make_run_choice(self) -> None:
        self._runs_box = QWidget()
        row = QHBoxLayout(self._runs_box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        name = label(self.tr("Run"), "muted")
        name.setBuddy(self.runs)
        self.runs.setAccessibleName(self.tr("Run to ship"))
        self.runs.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.runs.setFixedWidth(RUNS)
        self.runs.activated.connect(self._choose_run)
        row.addWidget(name)
        row.addWidget(self.runs)
        self._header.add_action(self._runs_box)

    def _make_empty(self) -> QWidget:
        holder = QWidget()
        self._empty_title, self._empty_text = label("", "section"), label("", "muted", wrap=True)
        self.train_button = button(self.tr("Go to Train"), "graduation-cap", primary=True)
        self.train_button.clicked.connect(self._go_to_train)
        column = QVBoxLayout(holder)
        column.setSpacing(theme.SMALL)
        column.addStretch()
        column.addWidget(Glyph("cube", "muted", 40), alignment=Qt.AlignmentFlag.AlignHCenter)
        for words in (self._empty_title, self._empty_text):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(words)
        column.addWidget(self.train_button, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
        return holder

    def _make_contents(self) -> QWidget:
        said, holder = QWidget(), QWidget()
        column = QVBoxLayout(said)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.MEDIUM)
        for part in (self.trouble, self.export, self.certificate, self.about, self.usage):
            column.addWidget(part)
        column.addStretch()
        scroll = QScrollArea()
        said.setFixedWidth(COLUMN)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it takes the focus, and scrolls into sight with it
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(said)
        scroll.setFixedWidth(COLUMN + theme.MEDIUM)  # the bar comes and goes in the gap between the columns
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(scroll)
        row.addWidget(self.tried, 1)
        return holder
