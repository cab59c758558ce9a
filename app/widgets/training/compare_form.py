"""Compare modes: what to train on the same pictures, how many runs that is and what they take; one click queues all."""

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app import run_edits, theme
from app.jobs import Job
from app.queue_watch import QueueWatch
from app.state import Change, Session
from app.translations import said
from app.widgets.parts import Card, PageHeader, button, label, page_column
from app.widgets.run.run_words import mode_title, model_title
from app.widgets.segments import Segments
from app.widgets.training.comparison_plan import outlook
from app.widgets.training.estimates import Estimate
from app.widgets.training.form_state import Form, starts
from app.widgets.training.model_choice import parameters
from app.widgets.training.outlook_card import OutlookCard
from app.widgets.training.probing import Probing
from app.widgets.training.surroundings import Surroundings
from app.widgets.training.ticks import Tick, Ticks
from core.actions.experimenting import Prospect
from core.domain.errors import LensmithError
from core.domain.experiment import MOST_SEEDS, ExperimentPlan
from core.domain.run import VaultWeights, number_of
from core.domain.task import Effort
from core.training.catalog import catalogue, find
from core.training.plan import MODES

MOST_MINUTES = 100_000
USUAL_SEEDS = 3  # enough to tell luck from skill
_SETTLE = 150  # milliseconds: quick clicks are looked at together


class CompareForm(QWidget):
    """``show_with`` begins with what the form of a single run holds."""

    back_wanted = Signal()
    queued = Signal(object)  # Experiment

    def __init__(self, session: Session, watch: QueueWatch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self.watch = session, watch
        self.around: Surroundings | None = None
        self._measured: Callable[[str, str, int], Estimate | None] = lambda mode, model, epochs: None
        self.prospect: Prospect | None = None
        self._trouble: LensmithError | None = None
        self._looking: Job | None = None
        self._look_again = False
        self._queueing: Job | None = None
        self.modes = {mode: QCheckBox(mode_title(mode)) for mode in MODES}
        self.models, self.starts = Ticks(self.tr("Models")), Ticks(self.tr("Start from"))
        self.seeds = Segments({count: str(count) for count in range(1, MOST_SEEDS + 1)})
        self.efforts = Segments(
            {
                Effort.QUICK: self.tr("Quick"),
                Effort.BALANCED: self.tr("Balanced"),
                Effort.THOROUGH: self.tr("Thorough"),
            }
        )
        self.limit = QSpinBox()
        self.outlook = OutlookCard()
        self._build()
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(_SETTLE)
        self._settling.timeout.connect(self._look)
        self._connect()

    # What is chosen

    def show_with(self, around: Surroundings, form: Form, probing: Probing) -> None:
        """Models, weights and machine as they are known now; what was ticked before stays ticked."""
        first = self.around is None
        self.around, self._measured = around, probing.estimate
        assert around.facts is not None
        if first:
            self.efforts.choose(form.effort)
            for box in self.modes.values():
                box.setChecked(True)
        here = {entry.name for entry in catalogue() if around.shelf.has(entry)}
        entries = [entry for entry in catalogue() if entry.task is around.facts.task]
        entries.sort(key=lambda entry: entry.name not in here)
        rows = [
            Tick(
                name=entry.name,
                title=entry.title,
                remark=" · ".join(
                    filter(
                        None,
                        (
                            parameters(entry),
                            entry.licence,
                            "" if entry.name in here else self.tr("no start weights here"),
                        ),
                    )
                ),
                tip=said(entry.sentence),
            )
            for entry in entries
        ]
        self.models.show_ticks(rows, [form.model] if first else self.models.ticked)
        self._show_starts()
        self._change()

    @property
    def plan(self) -> ExperimentPlan:
        """As ticked now."""
        return ExperimentPlan(
            modes=tuple(mode for mode, box in self.modes.items() if box.isChecked()),
            models=self.models.ticked,
            weights=self._weights() if self.starts.isVisibleTo(self) else (),
            seeds=self.seeds.value,
            budget_minutes=float(self.limit.value()) or None,
            effort=self.efforts.value,
        )

    def _weights(self) -> tuple[str, ...]:
        """Those ticked; published ones as well where none can be ticked, so that what is missing is named."""
        return self.starts.ticked if self.starts.place_of("").isValid() else ("", *self.starts.ticked)

    def _show_starts(self) -> None:
        """What the ticked models can start from, where there is a choice."""
        assert self.around is not None
        assert self.around.facts is not None
        rows: dict[str, Tick] = {}
        for model in self.models.ticked:
            for one in starts(find(model, self.around.facts.task), self.around.shelf, self.session.runs):
                title, remark = self.tr("Published weights"), ""
                if one.run is not None:
                    title, remark = self.tr("Run {}").format(number_of(one.run.run)), model_title(model)
                elif isinstance(one.ref, VaultWeights):
                    title, remark = one.ref.name, model_title(model)
                rows.setdefault(one.name, Tick(name=one.name, title=title, remark=remark))
        ticked = [name for name in self.starts.ticked if name in rows]
        usual = "" if "" in rows else next(iter(rows), "")
        self.starts.show_ticks(list(rows.values()), ticked or [usual])
        learns = any(self.modes[mode].isChecked() for mode in ("transfer", "finetune"))
        for part in (self.starts, self._starts_title):
            part.setVisible(learns and (len(rows) > 1 or ("" not in rows and bool(rows))))

    def _tick_models(self) -> None:
        self._show_starts()
        self._change()

    def _change(self, value: object = None) -> None:
        self._settling.start()
        self._show()

    # What becomes of it

    def refresh(self, change: Change) -> None:
        """Show what changed, while somebody looks."""
        if self.isVisible() and self.around is not None and change & (Change.DATA | Change.RUNS):
            self._change()

    def _look(self) -> None:
        """In the background; a wish that comes meanwhile is done afterwards."""
        if self._looking is not None:
            self._look_again = True
            return
        self._look_again = False
        wanted = self.plan
        if not wanted.modes or not wanted.models:
            self.prospect, self._trouble = None, None
            self._show()
            return
        self._looking = run_edits.look_at_experiment(
            self.session, wanted, done=self._take, failed=self._fail, ended=self._end
        )

    def _take(self, prospect: Prospect) -> None:
        self.prospect, self._trouble = prospect, None

    def _fail(self, error: LensmithError) -> None:
        self.prospect, self._trouble = None, error

    def _end(self) -> None:
        self._looking = None
        if self._look_again:
            self._look()
        self._show()

    @property
    def _is_behind(self) -> bool:
        """Whether what is shown is about an earlier choice."""
        return self._settling.isActive() or self._looking is not None or self._look_again

    def _show(self) -> None:
        plan, around = self.plan, self.around
        if around is None:
            return
        found = None
        if self.prospect is not None and plan.modes and plan.models:
            lanes = max(1, len(around.machine.gpus))
            found = outlook(
                self.prospect, self.session.runs, lanes=lanes, minutes=self.limit.value(), measured=self._measured
            )
        missing = ""
        if not plan.modes or not plan.models:
            missing = self.tr("Tick at least one mode and one model.")
        elif self._trouble is not None:
            missing = f"{said(self._trouble.cause)} {said(self._trouble.remedy)}"
        elif found is None:
            missing = self.tr("Looking at what can be trained…")
        self.outlook.show_outlook(found, around.prices, missing=missing)
        count = found.runs if found else 0
        self.queue_button.setText(self.tr("Queue %n run(s)", "", count) if count else self.tr("Queue runs"))
        ready = count > 0 and not self._is_behind and self._queueing is None and not self.session.reading_only
        self.queue_button.setEnabled(ready)

    def _queue(self) -> None:
        if self.queue_button.isEnabled():
            self._queueing = run_edits.queue_experiment(
                self.session, self.watch, self.plan, done=self.queued.emit, ended=self._queued
            )
            self._show()

    def _queued(self) -> None:
        self._queueing = None
        self._show()

    # Building

    def _connect(self) -> None:
        for box in self.modes.values():
            box.toggled.connect(self._tick_models_if_ready)
        self.models.changed.connect(self._tick_models)
        self.starts.changed.connect(self._change)
        self.limit.valueChanged.connect(self._change)
        for segments in (self.seeds, self.efforts):
            segments.chosen.connect(self._change)
        self.queue_button.clicked.connect(self._queue)
        self.session.changed.connect(self.refresh)

    def _tick_models_if_ready(self) -> None:
        if self.around is not None and self.models.model().rowCount():
            self._tick_models()

    def _build(self) -> None:
        column = page_column(self)
        header = PageHeader(self.tr("Compare modes"))
        self.back_button = button(self.tr("Back"), "arrow-left")
        self.back_button.clicked.connect(self.back_wanted)
        self.queue_button = button(self.tr("Queue runs"), primary=True)
        for action in (self.back_button, self.queue_button):
            header.add_action(action)
        header.subtitle.setText(
            self.tr("Which training gives the better model for the money? All learn from the same pictures.")
        )
        column.addLayout(header)
        row = QHBoxLayout()
        row.setSpacing(theme.MEDIUM)
        left = QVBoxLayout()
        left.setSpacing(theme.MEDIUM)
        left.addWidget(self._modes_card())
        left.addWidget(self._models_card(), 1)
        left.addWidget(self._limits_card())
        row.addLayout(left, 3)
        row.addWidget(self.outlook, 2)
        column.addLayout(row, 1)

    def _modes_card(self) -> Card:
        card = Card(self.tr("Modes"))
        row = QHBoxLayout()
        row.setSpacing(theme.WIDE)
        for box in self.modes.values():
            row.addWidget(box)
        row.addStretch()
        card.body.addLayout(row)
        return card

    def _models_card(self) -> Card:
        card = Card(self.tr("Models"))
        card.body.addWidget(self.models, 3)
        self._starts_title = label(self.tr("Start from"), "section")
        card.body.addWidget(self._starts_title)
        card.body.addWidget(self.starts, 2)
        return card

    def _limits_card(self) -> Card:
        card = Card()
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.LARGE)
        grid.setVerticalSpacing(theme.SMALL)
        grid.setColumnStretch(2, 1)
        self.limit.setRange(0, MOST_MINUTES)
        self.limit.setSpecialValueText(self.tr("none"))
        self.limit.setSuffix(self.tr(" min"))
        self.limit.lineEdit().setTextMargins(theme.SMALL, 0, 0, 0)
        self.limit.setAccessibleName(self.tr("Time limit"))
        hint = self.tr("For all runs together.")
        self.limit.setToolTip(self.tr("Once it is used up, no further run starts."))
        self._add_row(grid, self.tr("Effort"), self.efforts, "")
        self._add_row(grid, self.tr("Seeds"), self.seeds, self.tr("Repetitions tell luck from skill."))
        self._add_row(grid, self.tr("Time limit"), self.limit, hint)
        self.seeds.choose(USUAL_SEEDS)
        self.efforts.choose(Effort.BALANCED)
        card.body.addLayout(grid)
        return card

    def _add_row(self, grid: QGridLayout, name: str, field: QWidget, hint: str) -> None:
        row = grid.rowCount()
        remark: QLabel = label(hint, "caption", wrap=True)
        grid.addWidget(label(name), row, 0)
        grid.addWidget(field, row, 1)
        grid.addWidget(remark, row, 2)
