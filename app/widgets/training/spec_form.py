"""The form of a run: a mode, a model, an effort; one click starts it."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from app import edits, theme
from app.jobs import Job
from app.state import Change, Session
from app.translations import said
from app.widgets.parts import Glyph, PageHeader, badge, button, duration, label, page_column, set_badge
from app.widgets.training import seen_pictures
from app.widgets.training.advanced_form import AdvancedForm
from app.widgets.training.form_state import (
    Form,
    Judgement,
    Shelf,
    first_mode,
    first_model,
    judge,
    last_time,
    recommended_mode,
    starts,
)
from app.widgets.training.mode_cards import ModeCards
from app.widgets.training.seen_pictures import Seen, SeenPictures
from app.widgets.training.settings_card import SettingsCard
from core.actions.projects import ProjectData
from core.actions.readings import MachineReading, read_machine
from core.actions.training import facts_of_data
from core.actions.weights import weights_at_hand
from core.domain.history import RunState
from core.domain.progress import Progress
from core.domain.run import number_of
from core.store.vault import Vault, VaultEntry
from core.training.catalog import find
from core.training.facts import DataFacts
from core.training.hardware import has_nvidia_card

_WIDEST_BADGE = 300  # pixels


class Surroundings(NamedTuple):
    """What the form has to know besides the user's wishes."""

    data: ProjectData  # that ``facts`` are of
    facts: DataFacts | None
    shelf: Shelf
    machine: MachineReading
    cuda: bool


def look_around(data: ProjectData, progress: Progress) -> Surroundings:
    """For a thread: files, the driver, and every image are looked at."""
    shelf = Shelf(published=weights_at_hand(), kept=tuple(Vault().list()))
    return Surroundings(data, facts_of_data(data), shelf, read_machine(), has_nvidia_card())


class NothingToTrainOn(QWidget):
    """In place of the form: what is missing, and the way to it."""

    def __init__(self) -> None:
        super().__init__()
        self._title, self._text = label("", "section"), label("", "muted", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.button = button(self.tr("Go to Data"))
        column = QVBoxLayout(self)
        column.setSpacing(theme.SMALL)
        column.addStretch(2)
        self._title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(Glyph("images", side=40), alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._title)
        column.addWidget(self._text)
        column.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)

    def say(self, title: str, text: str) -> None:
        self._title.setText(title)
        self._text.setText(text)
        self.button.setVisible(bool(text))


class _Body(QScrollArea):
    resized = Signal()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self.resized.emit()


class SpecForm(QWidget):
    """Everything that is chosen before a run; ``refresh`` follows the session."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.form = Form()
        self.judgement: Judgement | None = None
        self.around: Surroundings | None = None
        self._touched: set[str] = set()  # fields that the user has chosen: defaults leave them alone
        self._looking: Job | None = None
        self._look_again = False
        self._starting: Job | None = None
        self._seen: tuple[object, int] | None = None  # of which data and size pictures are shown or being made
        self.modes, self.settings = ModeCards(), SettingsCard()
        self.advanced, self.pictures = AdvancedForm(), SeenPictures()
        self.start_button = button(self.tr("Start training"), primary=True)
        self.badge = badge("", "caution")
        self.badge.setProperty("data_tip", True)
        self._header = PageHeader(self.tr("Train"))
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
            self._look()
        self._show()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self._look()  # weights may have been fetched, or a card plugged in, since

    def _build(self) -> None:
        column = page_column(self)
        self._header.add_action(self.badge)
        self._header.add_action(self.start_button)
        column.addLayout(self._header)
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.MEDIUM)
        self._column.addWidget(self.modes)
        self._column.addWidget(self.settings)
        self._column.addWidget(self.advanced, 100)
        self._column.addWidget(self.pictures, 100)  # takes what it can use, the rest stays empty
        self._column.addStretch(1)
        scroll = _Body()
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
        judgement = self.judgement
        if judgement is None or judgement.spec is None or not self.start_button.isEnabled():
            return
        self._starting = edits.start_run(self.session, self.form.model, judgement.choices, self.form.start or None)
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
        self.settings.show_machine(around.machine, self.form.device)
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

    def _show_ready(self) -> None:
        missing = self._missing()
        self.start_button.setEnabled(not missing)
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
        going = self._going()
        if going:
            found.append((self.tr("Run {} is going on.").format(going), self.tr("Wait until it ends, or stop it.")))
        if self._starting is not None:
            found.append((self.tr("Preparing the run…"), ""))
        for field, text in self.judgement.unreadable.items():
            name = self.advanced.rows[field].name.text()
            found.append((self.tr("{0}: “{1}” is no number.").format(name, text), self.tr("Correct it, or empty it.")))
        return found + [(said(o.cause), said(o.remedy)) for o in self.judgement.obstacles]

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
        problems = {o.field: f"{said(o.cause)} {said(o.remedy)}" for o in judgement.obstacles if o.field}
        return problems | {
            field: self.tr("“{}” is no number.").format(text) for field, text in judgement.unreadable.items()
        }

    def _show_subtitle(self, facts: DataFacts | None) -> None:
        if facts is None or not facts.train:
            self._header.subtitle.setText(self.tr("Three ways to learn from your pictures."))
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
            self._header.subtitle.setText(" · ".join(parts))

    def _show_face(self, expert: bool) -> None:
        self.settings.advanced_switch.setChecked(expert)
        self.modes.set_compact(expert)
        self.advanced.setVisible(expert)
        self._show()

    def _show_pictures(self) -> None:
        """Where there is room for them, which the simple face has on all but the smallest windows."""
        spec = (self.judgement.spec or self.judgement.plain) if self.judgement else None
        width = self.body.width()
        others = self.modes.heightForWidth(width) + self.settings.heightForWidth(width) + 2 * theme.MEDIUM
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
