"""Train: the runs of the project, and beside them the form of a new one or the run that is chosen."""

from typing import TYPE_CHECKING

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QWidget

from app import edits
from app.live_run import LiveRun
from app.state import Change, Session
from app.widgets.run.run_list import RunList
from app.widgets.training.spec_form import SpecForm
from core.domain.errors import LensmithError
from core.store.run_store import RunFolder

if TYPE_CHECKING:
    from app.widgets.run.run_view import RunView

ROOMY = 1000  # pixels of the page from which the list of runs has room for words


class TrainPage(QWidget):
    """``run_view`` is the run shown last, followed live or told from its file."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setObjectName("page")
        self.run_view: RunView | None = None
        self.form, self.runs = SpecForm(session), RunList()
        self.runs.chosen.connect(self._choose)
        self.runs.show_current("")
        self.runs.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.runs)
        self._stack = QStackedLayout()
        row.addLayout(self._stack, 1)
        self._stack.addWidget(self.form)

    def refresh(self, change: Change) -> None:
        """Show what changed."""
        self.form.refresh(change)
        live = self.session.live
        if change & Change.LIVE and live is not None and (self.run_view is None or self.run_view.live is not live):
            self._show_run(live)
        if change & (Change.RUNS | Change.LIVE):
            self.runs.set_runs(self.session.runs, live)
            self.runs.setVisible(bool(self.session.runs) or live is not None)

    def show_form(self) -> None:
        """The form of a new run; the run shown before stays one click away."""
        self._stack.setCurrentWidget(self.form)
        self.runs.show_current("")

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        narrow = event.size().width() < ROOMY
        if narrow is not self.runs.is_narrow:
            self.runs.set_narrow(narrow)

    def _choose(self, run: RunFolder | None) -> None:
        if run is None:
            self.show_form()
        elif self.run_view is not None and self.run_view.live.run.id == run.id:
            self._stack.setCurrentWidget(self.run_view)
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
        self.runs.show_current(live.run.id)

    def _make_view(self, live: LiveRun) -> "RunView":
        from app.widgets.run.run_view import RunView  # pyqtgraph, which the form does not wait for

        before, view = self.run_view, RunView(live)
        view.resume_wanted.connect(self._resume)
        view.kill_wanted.connect(self._kill)
        view.results_wanted.connect(self._see_results)
        view.new_wanted.connect(self.show_form)
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
