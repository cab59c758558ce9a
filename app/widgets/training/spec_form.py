"""The form of a run: a mode, a model, an effort; one click starts it."""

from functools import partial
from pathlib import Path

from msgspec.structs import replace
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QShowEvent
from PySide6.QtWidgets import QFrame, QStackedLayout, QVBoxLayout, QWidget

from app import edits, run_edits, theme
from app.jobs import Job
from app.queue_watch import QueueWatch
from app.state import Change, Session
from app.translations import said
from app.widgets.parts import PageHeader, badge, button, duration, label, page_column, set_badge
from app.widgets.queue.action_note import ActionNote
from app.widgets.training import seen_pictures
from app.widgets.training.advanced_form import AdvancedForm
from app.widgets.training.ancestry import Ancestry
from app.widgets.training.estimates import estimate
from app.widgets.training.form_state import (
    Form,
    Judgement,
    StartWeights,
    first_mode,
    first_model,
    form_of,
    judge,
    last_time,
    recommended_mode,
    starts,
)
from app.widgets.training.mix_card import MixCard
from app.widgets.training.mode_cards import ModeCards
from app.widgets.training.nothing_to_train_on import NothingToTrainOn
from app.widgets.training.probing import Probing
from app.widgets.training.resizing_area import ResizingArea
from app.widgets.training.seen_pictures import Seen, SeenPictures
from app.widgets.training.settings_card import SettingsCard
from app.widgets.training.surroundings import Surroundings, look_around
from core.actions.probing import ProbeResult
from core.domain.history import RunState
from core.domain.progress import Progress
from core.domain.run import RunSpec, number_of
from core.store.run_store import RunFolder
from core.store.vault import VaultEntry
from core.training.catalog import find
from core.training.facts import DataFacts
from core.training.plan import Obstacle

_WIDEST_BADGE = 300  # pixels


class SpecForm(QWidget):
    """Everything that is chosen before a run; ``refresh`` follows the session."""

    queue_wanted = Signal()  # the user wants to see what waits
    compare_wanted = Signal()

    def __init__(self, session: Session, watch: QueueWatch | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.watch = watch or QueueWatch(session, self)
        self.form = Form()
        self.judgement: Judgement | None = None
        self.around: Surroundings | None = None
        self._touched: set[str] = set()  # fields that the user has chosen: defaults leave them alone
        self._looking: Job | None = None
        self._look_again = False
        self._starting: Job | None = None
        self._seen: tuple[object, int] | None = None  # of which data and size pictures are shown or being made
        self.modes, self.settings = ModeCards(), SettingsCard()
        self.mix, self.advanced, self.pictures = MixCard(), AdvancedForm(), SeenPictures()
        self.ancestry = Ancestry(session, self)
        self.probing = Probing(session, self.settings.time, self)
        self.start_button = button(self.tr("Start training"), primary=True)
        self.queue_button = button(self.tr("Add to queue"))
        self.queue_button.setToolTip(self.tr("It starts after all that wait already."))
        self.compare_button = button(self.tr("Compare modes…"))
        self.compare_button.setToolTip(self.tr("Train several modes and models on the same pictures, and compare."))
        self.queued = ActionNote(self.tr("Show queue"))
        self.badge = badge("", "caution")
        self.badge.setProperty("data_tip", True)
        self._header, self._subtitle = PageHeader(self.tr("Train")), label("", "muted", wrap=True)
        self._empty = NothingToTrainOn()
        self.data_button = self._empty.button
        self._build()
        self._connect()
        self._show_face(session.settings.expert)
        self._show()

    @property
    def _is_current(self) -> bool:
        """Whether what is known is about the data as they are now."""
        return self.around is not None and self.around.data is self.session.data

    def refresh(self, change: Change) -> None:
        """Show what changed."""
        if change & Change.DATA:
            self.probing.forget()
            self.ancestry.forget()
            self._look()
        self._show()

    def fill(self, spec: RunSpec) -> None:
        """Begin with the values of an earlier run; those that no effort gives are shown in Advanced."""
        if self.around is None or self.around.facts is None:
            return
        form = form_of(spec, self.around.facts, cuda=self.around.cuda)
        self._touched |= {"mode", "model", "start"}
        self.form = replace(form, data=self.mix.choice)
        if form.texts:
            self.session.settings.expert = True
        self.advanced.set_texts(form.texts)
        self._show()

    @property
    def lanes(self) -> int:
        """How many runs go on side by side: one a card."""
        return max(1, len(self.around.machine.gpus)) if self.around else 1

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self._look()  # weights may have been fetched, or a card plugged in, since

    def _build(self) -> None:
        column = page_column(self)
        for action in (self.badge, self.compare_button, self.queue_button, self.start_button):
            self._header.add_action(action)
        top = QVBoxLayout()
        top.setSpacing(2)
        top.addLayout(self._header)
        self._header.subtitle.hide()  # it stands below the actions, which leave it too little room beside them
        top.addWidget(self._subtitle)
        column.addLayout(top)
        column.addWidget(self.queued)
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.MEDIUM)
        self._column.addWidget(self.modes)
        self._column.addWidget(self.settings)
        self._column.addWidget(self.mix)
        self.mix.hide()
        self._column.addWidget(self.advanced, 100)
        self._column.addWidget(self.pictures, 100)  # takes what it can use, the rest stays empty
        self._column.addStretch(1)
        scroll = ResizingArea()
        scroll.resized.connect(self._show_pictures)
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.body = scroll
        self._stack = QStackedLayout()
        self._stack.addWidget(scroll)
        self._stack.addWidget(self._empty)
        column.addLayout(self._stack, 1)

    def _connect(self) -> None:
        self.modes.changed.connect(partial(self._choose, "mode"))
        self.settings.chosen.connect(self._choose)
        self.settings.advanced_switch.toggled.connect(self._set_expert)
        self.settings.weights.fetch_wanted.connect(self._fetch)
        self.settings.weights.import_wanted.connect(self._import)
        self.advanced.changed.connect(self._show)
        self.start_button.clicked.connect(self._start)
        self.queue_button.clicked.connect(self._add_to_queue)
        self.compare_button.clicked.connect(self.compare_wanted)
        self.queued.button.clicked.connect(self.queue_wanted)
        self.settings.time.probe_wanted.connect(self._probe)
        self.probing.changed.connect(self._show)
        self.ancestry.changed.connect(self._show)
        self.mix.changed.connect(self._mix)
        self.watch.changed.connect(self._show_ready)
        self.data_button.clicked.connect(self._go_to_data)
        self.session.settings.expert_changed.connect(self._show_face)
        self.session.jobs.ended.connect(self._job_over)

    # What the user does

    def _choose(self, field: str, value: object) -> None:
        self._touched.add(field)
        self.form = replace(self.form, **{field: value})
        if field == "model":
            self.form = replace(self.form, start="")
        self._show()

    def _go_to_data(self) -> None:
        self.session.page_wanted.emit("data")

    def _set_expert(self, on: bool) -> None:
        self.session.settings.expert = on

    def _start(self) -> None:
        """Now, or as the next one while another run goes on."""
        if self._waits():
            self._queue(first=True)
        elif self.judgement is not None and self.start_button.isEnabled():
            choices, start = self.judgement.choices, self.form.start or None
            self._starting = edits.start_run(self.session, self.form.model, choices, start)
            self._show()

    def _add_to_queue(self) -> None:
        self._queue(first=False)

    def _queue(self, *, first: bool) -> None:
        if self.judgement is None or not self.start_button.isEnabled():
            return
        choices, start = self.judgement.choices, self.form.start or None
        self._starting = run_edits.queue_run(
            self.session, self.watch, self.form.model, choices, start, first=first, done=self._tell_queued
        )
        self._show()

    def _tell_queued(self, run: RunFolder) -> None:
        waiting = self.watch.reading.waiting
        words = self.tr("Run {0} waits in the queue with %n other(s).", "", len(waiting))
        if self.watch.reading.paused:
            words = self.tr("Run {0} waits in the queue, which is paused.")
        elif not waiting:
            words = self.tr("Run {0} waits in the queue: it starts as soon as the machine is free.")
        self.queued.say(words.format(run.number))

    def _probe(self) -> None:
        if self.judgement is not None and self.judgement.spec is not None:
            epochs = self.judgement.spec.epochs
            self.probing.begin(self.form.model, self.judgement.choices, self.form.start or None, epochs)

    def _mix(self) -> None:
        self.form = replace(self.form, data=self.mix.choice)
        self._show()

    def _fetch(self) -> None:
        edits.fetch_weights(self.session, self.form.model, lambda kept: self._look())

    def _import(self, path: Path) -> None:
        edits.import_weights(self.session, path, self._take_in)

    def _take_in(self, kept: VaultEntry) -> None:
        """Choose what was imported, and the model that it belongs to."""
        if kept.architecture and self.around and self.around.facts and kept.task is self.around.facts.task:
            self._touched |= {"model", "start"}
            self.form = replace(self.form, model=kept.architecture, start=kept.sha256)
        self._look()

    # What becomes of it

    def _look(self) -> None:
        """Look around in the background; a wish that comes meanwhile is done afterwards."""
        if not self.session.loaded:
            return  # the data will come, and with them the next wish
        if self._looking is not None:
            self._look_again = True
            return
        self._look_again = False
        work = partial(look_around, self.session.data)
        self._looking = self.session.jobs.run("", work, done=self.look_at, ended=self._looked, lane="plan", quiet=True)

    def look_at(self, around: Surroundings) -> None:
        self.around = around
        if around.facts is not None:
            if "model" not in self._touched:
                self.form = replace(self.form, model=first_model(around.facts.task, around.shelf))
            if "mode" not in self._touched:
                self.form = replace(self.form, mode=first_mode(around.facts, around.shelf))
            if find(self.form.model).task is not around.facts.task:
                self.form = replace(self.form, model=first_model(around.facts.task, around.shelf), start="")
        self._show()

    def _looked(self) -> None:
        self._looking = None
        if self._look_again:
            self._look()

    def _job_over(self, job: Job) -> None:
        if job is self._starting:
            self._starting = None
            self._show()

    def _show(self) -> None:
        """Everything anew from what is known now."""
        around = self.around
        facts = around.facts if around else None
        empty = self._empty_words()
        self._stack.setCurrentIndex(1 if empty else 0)
        if empty:
            self._empty.say(*empty)
        self.judgement = None
        if around is not None and facts is not None:
            self._show_form(around, facts)
        self._show_ready()
        self._show_subtitle(facts)
        self._show_pictures()

    def _show_form(self, around: Surroundings, facts: DataFacts) -> None:
        expert = self.session.settings.expert
        self.form = replace(self.form, texts=self.advanced.texts() if expert else {})
        entry = find(self.form.model, facts.task)
        at_hand = starts(entry, around.shelf, self.session.runs)
        options = at_hand if self.form.mode != "scratch" else []
        start = next((o for o in options if o.name == self.form.start), options[0] if options else None)
        self.form = replace(self.form, start=start.name if start else "")
        self.judgement = judge(self.form, facts, start, cuda=around.cuda)
        self.modes.choose(self.form.mode)
        self._show_cards(facts, can_start=bool(at_hand))
        with_runs = {run.model for run in self.session.runs if run.seconds is not None}
        self.settings.show_models(self.form, facts.task, around.shelf, with_runs)
        self.settings.show_entry(entry)
        self.settings.show_weights(self.form, entry, options, self.form.start, around.shelf)
        self.settings.show_effort(self.form.effort, self.judgement.spec or self.judgement.plain)
        self.settings.show_machine(around.machine, self.form.device, brief=expert)
        self._show_mix(start)
        self._show_time(around)
        self.advanced.show_fields(facts.task, self.form.mode)
        self.advanced.show_defaults(self.judgement.plain)
        self.advanced.show_problems(self._field_problems(self.judgement))

    def _show_cards(self, facts: DataFacts, *, can_start: bool) -> None:
        costs = {}
        for mode in self.modes.cards:
            run = last_time(self.session.runs, mode)
            if run is not None and run.seconds is not None:
                costs[mode] = self.tr("Run {0} took {1} here").format(number_of(run.run), duration(run.seconds))
        self.modes.show_costs(costs)
        each = facts.train // max(1, facts.classes)
        if self.session.settings.expert:
            self.modes.advise("", "")
        else:
            mode = recommended_mode(facts)
            why = self.tr("Recommended for %n training picture(s) a class", "", each)
            if mode != "scratch" and not can_start:
                why = self.tr("Recommended once this model has start weights here")
            self.modes.advise(mode, why)

    def _show_mix(self, start: StartWeights | None) -> None:
        """Which pictures, where it starts from an earlier run."""
        run = start.run if start is not None else None
        self.mix.setVisible(run is not None)
        if run is not None:
            self.mix.show_acquaintance(self.ancestry.known(run.run), number_of(run.run))
            self.form = replace(self.form, data=self.mix.choice)

    def _show_time(self, around: Surroundings) -> None:
        """What the run will take: measured for these choices, else judged by earlier runs."""
        time, judgement = self.settings.time, self.judgement
        spec = judgement.spec if judgement else None
        time.probe_button.setEnabled(spec is not None and not self._waits() and not self.session.reading_only)
        if judgement is None or self.probing.is_going:
            return
        result = self._measured()
        if result is not None:
            time.show_result(result, around.prices)
        else:
            epochs = spec.epochs if spec else 0
            time.show_estimate(estimate(self.session.runs, self.form.mode, self.form.model, epochs) if spec else None)

    def _measured(self) -> ProbeResult | None:
        """What the probe of just these choices found."""
        return self.probing.result(self.form.model, self.judgement.choices) if self.judgement else None

    def _waits(self) -> bool:
        """Whether a run that is started now has to wait for its turn."""
        queue = self.watch.reading
        return bool(self._going() or (queue.runs and not queue.paused))

    def _show_ready(self) -> None:
        missing = self._missing()
        waits = self._waits()
        self.start_button.setEnabled(not missing)
        self.queue_button.setVisible(waits)
        self.queue_button.setEnabled(not missing)
        self.start_button.setToolTip(self.tr("It starts as soon as the machine is free.") if waits else "")
        self.compare_button.setEnabled(self._is_current and not self._empty_words() and not self.session.reading_only)
        self.queued.say(self.queued.text if waits else "")
        if not missing and waits:
            set_badge(self.badge, self.tr("Waits its turn"), "accent")
            self.badge.setToolTip(
                self.tr("Another run goes on: this one waits in the queue until the machine is free.")
            )
            return
        if not missing:
            set_badge(self.badge, self.tr("Ready"), "good")
            self.badge.setToolTip(self.tr("Nothing is missing."))
            return
        metrics = QFontMetrics(self.badge.font())
        set_badge(self.badge, metrics.elidedText(missing[0][0], Qt.TextElideMode.ElideRight, _WIDEST_BADGE), "caution")
        self.badge.setToolTip("\n".join(f"{cause} {remedy}".strip() for cause, remedy in missing))

    def _missing(self) -> list[tuple[str, str]]:
        """(cause, remedy) of everything that keeps a run from starting, the first to be seen to first."""
        session = self.session
        if session.reading_only:
            return [(session.reading_only, self.tr("Open the project for writing."))]
        empty = self._empty_words()
        if empty:
            return [empty]
        if self.judgement is None or not self._is_current:
            return [(self.tr("Reading the project…"), "")]
        found = []
        if self._starting is not None:
            found.append((self.tr("Preparing the run…"), ""))
        for field, text in self.judgement.unreadable.items():
            name = self.advanced.rows[field].name.text()
            found.append((self.tr("{0}: “{1}” is no number.").format(name, text), self.tr("Correct it, or empty it.")))
        return found + [(said(o.cause), said(o.remedy)) for o in self._obstacles(self.judgement)]

    def _obstacles(self, judgement: Judgement) -> list[Obstacle]:
        """Those of the plan, and what the probe met."""
        result = self._measured()
        return [*judgement.obstacles, *([result.obstacle] if result is not None and result.obstacle else [])]

    def _going(self) -> int:
        """The number of a run that goes on in this project, or 0."""
        live = self.session.live
        if live is not None and live.is_going:
            return live.number
        for run in self.session.runs:
            if run.state == RunState.RUNNING and not (live is not None and live.run.id == run.run):
                return number_of(run.run)
        return 0

    def _empty_words(self) -> tuple[str, str] | None:
        """(title, text) while there is nothing to train on."""
        data = self.session.data
        if not self.session.loaded:
            return (self.tr("Reading the project…"), "")
        if not data.images:
            return (
                self.tr("No pictures yet"),
                self.tr("Training learns from labelled pictures: import a folder of them first."),
            )
        facts = self.around.facts if self.around else None
        if not self._is_current:
            return None if facts else (self.tr("Reading the project…"), "")
        if facts is None or not facts.train + facts.val + facts.test:
            return (
                self.tr("No picture has a label yet"),
                self.tr("Training learns from labels: import pictures that have some, or a file of labels."),
            )
        return None

    def _field_problems(self, judgement: Judgement) -> dict[str, str]:
        problems = {o.field: f"{said(o.cause)} {said(o.remedy)}" for o in self._obstacles(judgement) if o.field}
        return problems | {
            field: self.tr("“{}” is no number.").format(text) for field, text in judgement.unreadable.items()
        }

    def _show_subtitle(self, facts: DataFacts | None) -> None:
        if facts is None or not facts.train:
            self._subtitle.setText(self.tr("Three ways to learn from your pictures."))
        else:
            parts = [
                self.tr("%n picture(s) to train", "", facts.train),
                self.tr("%n to choose the best epoch", "", facts.val),
                self.tr("%n to judge the result", "", facts.test),
            ]
            if facts.will_split:
                parts.append(self.tr("divided when the first run starts"))
            if facts.in_progress:
                parts.append(self.tr("%n in progress are left out", "", facts.in_progress))
            self._subtitle.setText(" · ".join(parts))

    def _show_face(self, expert: bool) -> None:
        self.settings.advanced_switch.setChecked(expert)
        self.modes.set_compact(expert)
        self.advanced.setVisible(expert)
        self._show()

    def _show_pictures(self) -> None:
        """Where there is room for them, which the simple face has on all but the smallest windows."""
        spec = (self.judgement.spec or self.judgement.plain) if self.judgement else None
        width = self.body.width()
        shown = [self.modes, self.settings, *([] if self.mix.isHidden() else [self.mix])]
        for layout in filter(None, (part.layout() for part in shown)):
            layout.activate()  # or rows that were shown just now would not be counted
        others = sum(part.heightForWidth(width) + theme.MEDIUM for part in shown)
        room = self.body.height() - others >= self.pictures.minimumSizeHint().height()
        wanted = spec is not None and room and not self.session.settings.expert
        self.pictures.setVisible(bool(wanted and self.pictures.strip.pictures))
        if not wanted or spec is None:
            return
        key = (self.session.data, spec.image_size)
        if self._seen is not None and self._seen[0] is key[0] and self._seen[1] == key[1]:
            return
        self._seen = key
        data, size = key

        def work(progress: Progress) -> list[Seen]:
            assert data.info.task is not None
            return seen_pictures.seen(data.images, data.classes, data.info.task, size)

        self.session.jobs.run("", work, done=partial(self._take_pictures, key), lane="seen", quiet=True)

    def _take_pictures(self, key: tuple[object, int], pictures: list[Seen]) -> None:
        if self._seen is not None and key[0] is self._seen[0] and key[1] == self._seen[1]:
            self.pictures.show_pictures(pictures, key[1])
            self._show_pictures()
