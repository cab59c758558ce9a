"""Train: the runs of the project, and beside them the form of a new one or the run that is chosen."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from app import edits, run_edits
from app.live_run import LiveRun
from app.queue_watch import QueueWatch
from app.state import Change, Session
from app.widgets.banner import Banner
from app.widgets.queue.queue_foot import QueueFoot
from app.widgets.run.run_list import RunList
from app.widgets.run.run_organiser import RunOrganiser
from app.widgets.training.spec_form import SpecForm
from core.actions.reporting import RunSummary
from core.domain.errors import LensmithError
from core.store.run_store import RunFolder

if TYPE_CHECKING:
    from app.widgets.queue.queue_view import QueueView
    from app.widgets.run.run_view import RunView
    from app.widgets.training.compare_form import CompareForm

OTHER_SEEDS = 2  # with the run itself three, enough to tell luck from skill
ROOMY = 1000  # pixels of the page from which the list of runs has room for words


class TrainPage(QWidget):
    """``run_view`` is the run shown last, followed live or told from its file."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setObjectName("page")
        self.run_view: RunView | None = None
        self._queue: QueueView | None = None
        self._compare: CompareForm | None = None
        self._standing: frozenset[tuple[str, bool]] | None = None  # of the queue: run, and whether it goes on
        self.watch = QueueWatch(session, self)
        self.form, self.runs, self.foot = SpecForm(session, self.watch), RunList(), QueueFoot()
        self.runs.chosen.connect(self._choose)
        self.runs.show_current("")
        self.runs.wanted.connect(self._queue_again)
        self.foot.wanted.connect(self.show_queue)
        self.form.queue_wanted.connect(self.show_queue)
        self.form.compare_wanted.connect(self.show_compare)
        self.watch.changed.connect(self._show_queued)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._make_side())
        self._stack = QStackedLayout()
        self.banner = Banner("trash", "accent")
        self.organiser = RunOrganiser(session, self.runs, self.banner)
        beside = QVBoxLayout()
        beside.setSpacing(0)
        beside.addWidget(self.banner)
        beside.addLayout(self._stack, 1)
        row.addLayout(beside, 1)
        self._stack.addWidget(self.form)

    def refresh(self, change: Change) -> None:
        """Show what changed."""
        self.form.refresh(change)
        live = self.session.live
        if change & Change.LIVE and live is not None and (self.run_view is None or self.run_view.live is not live):
            self._show_run(live)
        if change & Change.LIVE and live is None and self.run_view is not None:
            self._drop_view()
        if change & (Change.RUNS | Change.LIVE):
            self._show_notes()
            self.runs.set_runs(self.session.runs, live)
            self._side.setVisible(bool(self.session.runs) or live is not None)

    def show_form(self) -> None:
        """The form of a new run; the run shown before stays one click away."""
        self._show(self.form)

    def show_queue(self) -> None:
        """What waits for its turn."""
        self.queue.lanes = self.form.lanes
        self._show(self.queue)

    @property
    def queue(self) -> "QueueView":
        """Made when first looked at."""
        if self._queue is None:
            from app.widgets.queue.queue_view import QueueView

            self._queue = QueueView(self.session, self.watch)
            self._queue.clone_wanted.connect(self.clone_run)
            self._queue.new_wanted.connect(self.show_form)
            self._stack.addWidget(self._queue)
        return self._queue

    def show_compare(self) -> None:
        """What to compare, beginning with what the form holds."""
        if self.form.around is None or self.form.around.facts is None:
            return
        if self._compare is None:
            from app.widgets.training.compare_form import CompareForm

            self._compare = CompareForm(self.session, self.watch)
            self._compare.back_wanted.connect(self.show_form)
            self._compare.queued.connect(lambda experiment: self.show_queue())
            self._stack.addWidget(self._compare)
        self._show(self._compare)
        self._compare.show_with(self.form.around, self.form.form, self.form.probing)

    def clone_run(self, run_id: str) -> None:
        """The form with the values of that run, for some to be changed."""
        try:
            self.form.fill(self.session.run_folder(run_id).spec())
        except LensmithError as error:
            self.session.failed.emit(error)
            return
        self.show_form()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self.watch.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        super().hideEvent(event)
        self.watch.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        narrow = event.size().width() < ROOMY
        if narrow is not self.runs.is_narrow:
            self.runs.set_narrow(narrow)
            self.foot.set_narrow(narrow)

    def _make_side(self) -> QWidget:
        """The runs, and below them the way to the queue."""
        self._side = QWidget()
        self._side.setObjectName("runs")
        self._side.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self._side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.runs, 1)
        column.addWidget(self.foot)
        self._side.hide()
        return self._side

    def _show(self, widget: QWidget) -> None:
        """The form, the queue or a comparison to be made: no run is marked then."""
        self._stack.setCurrentWidget(widget)
        self.runs.show_current("" if widget is self.form else "none")
        self.foot.button.setChecked(widget is self._queue)

    def _queue_again(self, verb: str, runs: Sequence[RunSummary]) -> None:
        """What the list's menu offers about runs that were made before."""
        if verb in ("repeat", "queue") and self.session.reading_only:
            self.session.failed.emit(LensmithError(self.session.reading_only, self.tr("Open the project for writing.")))
            return
        match verb:
            case "clone":
                self.clone_run(runs[0].run)
            case "repeat":
                run_edits.repeat_run(self.session, self.watch, runs[0].run, OTHER_SEEDS)
            case "queue":
                run_edits.queue_again(self.session, self.watch, [run.run for run in runs])

    def _show_queued(self) -> None:
        """A run that got its turn, or had it, stands otherwise in the list as well."""
        reading = self.watch.reading
        self.foot.show_reading(reading)
        standing = frozenset((run.run, run.is_going) for run in reading.runs)
        if self._standing is not None and standing != self._standing:
            self.session.reload(Change.RUNS)
        self._standing = standing

    def _choose(self, run: RunFolder | None) -> None:
        if run is None:
            self.show_form()
        elif self.run_view is not None and self.run_view.live.run.id == run.id:
            self._stack.setCurrentWidget(self.run_view)
            self.foot.button.setChecked(False)
        else:
            try:
                self.session.show_run(run)
            except LensmithError as error:
                self.session.failed.emit(error)

    def _show_run(self, live: LiveRun) -> None:
        live.moved.connect(self.runs.follow)
        if self.run_view is not None and self.run_view.live.spec.task is live.spec.task:
            self.run_view.show_run(live)
            view = self.run_view
        else:
            view = self._make_view(live)
        self._stack.setCurrentWidget(view)
        self._show_notes()
        self.foot.button.setChecked(False)
        self.runs.show_current(live.run.id)

    def _show_notes(self) -> None:
        """What people say about the run that is shown."""
        if self.run_view is not None:
            self.run_view.notes.show_said(self.organiser.notes_of(self.run_view.live.run.id))

    def _drop_view(self) -> None:
        """The run that it shows is gone."""
        assert self.run_view is not None
        view, self.run_view = self.run_view, None
        if self._stack.currentWidget() is view:
            self.show_form()
        self._stack.removeWidget(view)
        view.hide()
        view.deleteLater()

    def _make_view(self, live: LiveRun) -> "RunView":
        from app.widgets.run.run_view import RunView  # pyqtgraph, which the form does not wait for

        before, view = self.run_view, RunView(live)
        view.resume_wanted.connect(self._resume)
        view.kill_wanted.connect(self._kill)
        view.results_wanted.connect(self._see_results)
        view.new_wanted.connect(self.show_form)
        view.menu_wanted.connect(lambda place: self.organiser.show_menu(view.live.run.id, place))
        self.run_view = view
        self._stack.addWidget(view)
        if before is not None:
            self._stack.removeWidget(before)
            before.hide()
            before.deleteLater()
        return view

    def _resume(self) -> None:
        assert self.run_view is not None
        edits.resume_run(self.session, self.run_view.live.run)

    def _kill(self) -> None:
        assert self.run_view is not None
        edits.kill_run(self.session, self.run_view.live.run)

    def _see_results(self) -> None:
        assert self.run_view is not None
        self.session.choose_run(self.run_view.live.run.id)
        self.session.page_wanted.emit("results")
