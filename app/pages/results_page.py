"""Results: what each run came to, and the pictures behind every figure."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFileDialog, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app import comparing, edits, theme
from app.jobs import Job
from app.state import Change, Session
from app.translations import said
from app.widgets.compare.compare_choice import CompareChoice
from app.widgets.metric_words import metric_meaning, metric_name
from app.widgets.parts import Card, PageHeader, button, label, page_column
from app.widgets.results.error_gallery import ErrorGallery
from app.widgets.results.notice_card import NoticeCard
from app.widgets.results.report_view import ReportView, part_of
from app.widgets.results.run_table import MOST_ROWS, RunTable, judged_elsewhere, main_metric
from app.widgets.results.scores_table import ScoresTable
from core.actions.reporting import DAMAGED, RunSummary
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.history import RunState
from core.domain.progress import Progress
from core.domain.report import Report
from core.domain.run import number_of
from core.domain.task import Split, Task

if TYPE_CHECKING:
    from app.widgets.compare.compare_view import CompareView
    from app.widgets.results.lineage_dialog import LineageDialog
    from core.actions.reviewing import Review

COMPARISON = 2  # of the stack; 0: no runs, 1: one run
SIDE, WIDEST_SIDE = 380, 640  # pixels of the report's column
WIDE_PAGE = 1800  # pixels of width from which classes and pictures stand side by side
LOW = 750  # pixels of height below which fewer runs are seen at once
SETTLE_MS = 60  # a key held down in the run table does not read every run that it passes
SLOW_MS = 250  # only what takes longer is worth the word "Reading"


class ResultsPage(QWidget):
    """Shows the session's chosen run; what reads files runs in the background and is dropped when it comes too late."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.report: Report | None = None
        self.split = Split.TEST
        self._job: Job | None = None
        self._shown: RunSummary | None = None  # whose report was read last, or is being read
        self._settle, self._slow = QTimer(self), QTimer(self)
        for timer, wait, slot in ((self._settle, SETTLE_MS, self._read), (self._slow, SLOW_MS, self._say_reading)):
            timer.setSingleShot(True)
            timer.setInterval(wait)
            timer.timeout.connect(slot)
        self.header = PageHeader(self.tr("Results"))
        self.report_button = button(self.tr("Report…"))
        self.report_button.setToolTip(self.tr("Save the report of this run as a page, a table or data"))
        self.ship_button = button("", primary=True)
        self.runs, self.scores, self.view = RunTable(), ScoresTable(), ReportView()
        self.measure = label("", "muted")  # what the figures of the table are
        self.choice = CompareChoice()
        self.compare: CompareView | None = None  # once runs were compared
        self.lineage: LineageDialog | None = None  # while it is open
        self._warm = False  # whether what a comparison takes was imported, or is being
        self.gallery = ErrorGallery(session.thumbnails)
        self.notice = NoticeCard()
        self._lay_out()
        self._connect()
        self._show_runs()

    def refresh(self, change: Change) -> None:
        """Show what changed."""
        if change & Change.RUNS:
            self._show_runs()
        if change & Change.DATA and self.report is not None and self._detail.currentIndex() == 0:
            self._show_split(self.split)  # the project may know its pictures at other places now

    # Runs

    def _show_runs(self) -> None:
        session = self.session
        reading = any(job.lane == "runs" for job in session.jobs.jobs)
        if not session.runs or not self.is_comparing:
            self._show_part(1 if session.runs else 0)
        if not session.runs:
            words = self.tr("Reading the runs …") if reading else self.tr("No run yet")
            text = "" if reading else self.tr("Train a model first: its figures and its mistakes appear here.")
            self.empty.say("hourglass" if reading else "chart-bar", words, text, None if reading else self._to_train)
            self._show_actions(None)
            return
        self.runs.show_runs(session.runs)
        metric = main_metric(session.runs)
        self.measure.setText(metric_name(metric))
        self.measure.setToolTip(metric_meaning(metric) if metric else "")
        self._choose(session.chosen_run or session.runs[-1].run)
        self._count_ticks()
        comparing.read_experiments(session, self.choice.show_experiments)

    def _summary(self) -> str:
        runs = self.session.runs
        if self.is_comparing:
            shown = self.compare.comparison if self.compare else None
            return self.tr("%n run(s) compared", "", len(shown.rows)) if shown else ""
        judged = [run for run in runs if run.test_hash]
        elsewhere = len(judged_elsewhere(runs))
        if elsewhere:
            return self.tr(
                "%n run(s) judged on another test set: the figures cannot be compared with the others.", "", elsewhere
            )
        if len(judged) > 1:
            return self.tr("%n run(s) on the same locked test set.", "", len(judged))
        return self.tr("%n run(s)", "", len(runs)) if runs else ""

    def _choose(self, run_id: str) -> None:
        """Go to a run, wherever it was chosen."""
        run = self._summary_of(run_id)
        if run is None:
            return
        self.runs.choose(run_id)
        self._show_actions(run)
        if run == self._shown:
            return
        self._forget()
        self._shown = run
        if run.seconds is None:
            self._say_why_not(run)
        else:
            self._settle.start()

    def _summary_of(self, run_id: str) -> RunSummary | None:
        return next((run for run in self.session.runs if run.run == run_id), None)

    def _forget(self) -> None:
        """Drop what is being read."""
        self._settle.stop()
        self._slow.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _show_actions(self, run: RunSummary | None) -> None:
        ready = run is not None and run.seconds is not None
        self.report_button.setEnabled(ready)
        self.ship_button.setEnabled(ready)
        self.ship_button.setText(self.tr("Ship run {}").format(number_of(run.run)) if run else self.tr("Ship"))

    # Comparing

    @property
    def is_comparing(self) -> bool:
        return self._stack.currentIndex() == COMPARISON

    def compare_runs(self, ids: Sequence[str]) -> None:
        """Set these runs beside each other, in place of one alone."""
        if self.compare is None:
            from app.widgets.compare.compare_view import CompareView  # not before somebody compares

            self.compare = CompareView(self.session)
            self.compare.run_chosen.connect(self.session.choose_run)
            self.compare.compared.connect(lambda comparison: self.header.subtitle.setText(self._summary()))
            self.compare.closed.connect(self._close_comparison)
            self._stack.addWidget(self.compare)
        self._show_part(COMPARISON)
        self.compare.compare(ids)

    def _close_comparison(self) -> None:
        assert self.compare is not None
        self.compare.forget()
        self._show_part(1)
        self.runs.setFocus()

    def _show_lineage(self) -> None:
        from app.widgets.results.lineage_dialog import LineageDialog  # not before somebody asks

        dialog = self.lineage = LineageDialog(self)
        dialog.run_chosen.connect(self.session.choose_run)
        dialog.train_wanted.connect(self._to_train)
        job = comparing.read_lineage(
            self.session,
            lambda found: self.lineage.show_lineage(found) if self.lineage else None,  # it may be closed by now
            lambda error: self.lineage.show_error(error) if self.lineage else None,
        )

        def over() -> None:
            self.lineage = None
            job.cancel()

        dialog.finished.connect(over)
        dialog.open()

    def _show_part(self, part: int) -> None:
        """``part``: of the stack."""
        self._stack.setCurrentIndex(part)
        self.report_button.setVisible(part != COMPARISON)
        self.header.subtitle.setText(self._summary())

    def _count_ticks(self) -> None:
        self.choice.show_runs(self.runs.ticked, [run.run for run in self.session.runs if run.seconds is not None])
        if self.runs.ticked and not self._warm:
            self._warm = True
            self.session.jobs.run("", _import_comparison, lane="imports", quiet=True)

    # Reading

    def _read(self) -> None:
        """First the report, for it is small; then the pictures."""
        assert self._shown is not None
        run_id, session = self._shown.run, self.session

        def work(progress: Progress) -> tuple[Report, str]:
            from core.actions.forgetting import forgetting_of, sentence

            run = session.run_folder(run_id)
            report, forgetting = run.report(), forgetting_of(run)
            if report is None:
                raise LensmithError(
                    session.tr("The report of run {} is gone.").format(run_id), session.tr("Look at another run.")
                )
            return report, sentence(forgetting) if forgetting else ""

        self._slow.start()
        self._start(work, self._take_report, self._take_no_report)

    def _take_report(self, found: tuple[Report, str]) -> None:
        self._slow.stop()
        report, forgetting = found
        self.report = report
        self.view.show_forgetting(forgetting)
        split = Split.TEST if part_of(report, Split.TEST) else Split.VAL
        if part_of(report, split) is None:
            self._say(
                "warning",
                self.tr("This run was not judged"),
                self.tr("It had neither validation nor test pictures. Split the data and train again."),
            )
            return
        self._show_split(split)

    def _take_no_report(self, error: LensmithError) -> None:
        self._slow.stop()
        self.report = None
        self._say("warning-circle", said(error.cause), said(error.remedy), role="bad")

    def _show_split(self, split: Split) -> None:
        report = self.report
        assert report is not None
        part = part_of(report, split)
        assert part is not None
        self.split = split
        self._detail.setCurrentIndex(0)
        self._side.setVisible(True)
        self.view.show_report(report, split)
        self.scores.show_classes(part.classes, report.task)
        self._share_room()
        self.gallery.show_nothing(self.tr("Reading the pictures …"))
        run, data = self.session.run_folder, self.session.data

        def work(progress: Progress) -> "Review":
            from core.actions.reviewing import review

            told = _found_again(review(run(report.run), split), {image.hash: image.path for image in data.images})
            if report.task is Task.DETECTION:
                import app.widgets.plots.pr_plot  # noqa: F401 - pyqtgraph takes half a second, which the window has not
            return told

        self._start(work, self.gallery.show_review, self.gallery.show_error)

    def _start(
        self,
        work: Callable[[Progress], Any],
        done: Callable[[Any], object],
        failed: Callable[[LensmithError], object],
    ) -> None:
        """Only the newest work may tell what it found."""
        if self._job is not None:
            self._job.cancel()
        job: Job

        def tell(what: Callable[[Any], object], result: Any) -> None:
            if self._job is job:
                self._job = None
                what(result)

        job = self.session.jobs.run(
            "", work, done=partial(tell, done), failed=partial(tell, failed), lane="review", quiet=True
        )
        self._job = job

    # Words in the place of a report

    def _say_reading(self) -> None:
        if self._shown is not None:
            self._say("hourglass", self.tr("Reading run {} …").format(number_of(self._shown.run)))

    def _say_why_not(self, run: RunSummary) -> None:
        self.report = None
        number = number_of(run.run)
        if run.state in (RunState.WAITING, RunState.RUNNING):
            title, text = (
                self.tr("Run {} is still going").format(number),
                self.tr("Its report appears when it is done."),
            )
            self._say("hourglass", title, text, self._to_train)
            return
        titles = {
            RunState.FAILED: self.tr("Run {} failed before it was judged"),
            RunState.INTERRUPTED: self.tr("Run {} was interrupted before it was judged"),
            DAMAGED: self.tr("The files of run {} cannot be read"),
        }
        title = titles.get(run.state, self.tr("Run {} has no report")).format(number)
        bad = run.state in (RunState.FAILED, DAMAGED)
        text = "\n".join(words for words in (said(run.reason), said(run.remedy)) if words)
        self._say("x-circle" if bad else "warning", title, text, role="bad" if bad else "caution")

    def _say(
        self, icon: str, title: str, text: str = "", action: Callable[[], object] | None = None, role: str = "muted"
    ) -> None:
        self.notice.say(icon, title, text, action, role)
        self._detail.setCurrentIndex(1)
        self._side.setVisible(False)

    # What the user does

    def _connect(self) -> None:
        self.session.run_chosen.connect(self._choose)
        self.runs.chosen.connect(self.session.choose_run)
        self.runs.ticks_changed.connect(self._count_ticks)
        self.choice.compare_wanted.connect(self.compare_runs)
        self.session.compare_wanted.connect(self.compare_runs)
        self.choice.train_wanted.connect(self._to_train)
        self.choice.lineage_wanted.connect(self._show_lineage)
        self.view.split_wanted.connect(self._show_split)
        self.view.cell_chosen.connect(self._show_cell)
        self.scores.class_chosen.connect(self._show_class)
        self.gallery.cleared.connect(self._show_all)
        self.report_button.clicked.connect(self._save_report)
        self.ship_button.clicked.connect(self._ship)

    def _show_cell(self, truth: int, predicted: int) -> None:
        self.scores.choose(-1)
        self.gallery.show_cell(truth, predicted)

    def _show_class(self, index: int) -> None:
        self.view.clear_cell()
        self.view.show_class(self.report.classes[index] if self.report and index >= 0 else None)
        self.gallery.show_class(index)

    def _show_all(self) -> None:
        self.view.clear_cell()
        self.view.show_class(None)
        self.scores.choose(-1)

    def _to_train(self) -> None:
        self.session.page_wanted.emit("train")

    def _ship(self) -> None:
        if self._shown is not None:
            self.session.choose_run(self._shown.run)
            self.session.page_wanted.emit("ship")

    def _save_report(self) -> None:
        """Ask where to; the name's ending decides what is written."""
        assert self._shown is not None
        run_id = self._shown.run
        kinds = (
            self.tr("Page for reading and printing (*.html)"),
            self.tr("Table of the classes (*.csv)"),
            self.tr("All figures as data (*.json)"),
        )
        proposed = str(Path.home() / f"{self.session.path.name} {run_id}.html")
        target, kind = QFileDialog.getSaveFileName(self, self.tr("Save the report"), proposed, ";;".join(kinds))
        if target:
            suffix = (".html", ".csv", ".json")[kinds.index(kind) if kind in kinds else 0]
            path = Path(target)
            edits.save_report(self.session, run_id, path if path.suffix else path.with_suffix(suffix))

    # Building

    def _lay_out(self) -> None:
        column = page_column(self)
        for each in (self.report_button, self.ship_button):
            self.header.add_action(each)
        column.addLayout(self.header)
        self.empty = NoticeCard()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._body())
        column.addWidget(self._stack, 1)

    def _body(self) -> QWidget:
        runs, self._classes = Card(self.tr("Runs")), Card(self.tr("Classes"))
        runs.head.addWidget(self.measure)
        runs.head.addSpacing(theme.SMALL)
        runs.head.addWidget(self.choice)
        runs.body.addWidget(self.runs)
        runs.body.addWidget(self.choice.hint)
        self._classes.body.addWidget(self.scores)
        self._classes.body.addStretch()
        self._classes.head.addWidget(label(self.tr("click a class"), "muted"))
        below = QWidget()
        self._lower = QBoxLayout(QBoxLayout.Direction.TopToBottom, below)
        self._lower.setContentsMargins(0, 0, 0, 0)
        self._lower.setSpacing(theme.MEDIUM)
        self._lower.addWidget(self._classes)
        self._lower.addWidget(self.gallery, 1)
        self._detail = QStackedWidget()
        self._detail.addWidget(below)
        self._detail.addWidget(self.notice)
        left = QVBoxLayout()
        left.setSpacing(theme.MEDIUM)
        left.addWidget(runs)
        left.addWidget(self._detail, 1)
        self._side = QScrollArea()
        self._side.setWidgetResizable(True)
        self._side.setFrameShape(QScrollArea.Shape.NoFrame)
        self._side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._side.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._side.setWidget(self.view)
        body = QWidget()
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.MEDIUM)
        row.addLayout(left, 1)
        row.addWidget(self._side)
        return body

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._side.setFixedWidth(max(SIDE, min(round(self.width() * 0.3), WIDEST_SIDE)))
        self.runs.set_most_rows(MOST_ROWS if self.height() >= LOW else MOST_ROWS - 2)
        self._share_room()

    def _share_room(self) -> None:
        """Classes and pictures one below the other, or side by side on a wide screen."""
        wide = self.width() >= WIDE_PAGE
        self._lower.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)
        self._lower.setStretch(0, 2 if wide else 0)
        self._lower.setStretch(1, 3 if wide else 1)
        chrome = self._classes.sizeHint().height() - self.scores.sizeHint().height()
        below = self._detail.height()
        self.scores.fit_into((below if wide else below // 2) - chrome)


def _found_again(found: "Review", paths: Mapping[str, str]) -> "Review":
    """With the places where the project knows its pictures today: they may have moved since the run."""

    def here(image: Image) -> Image:
        path = paths.get(image.hash, image.path)
        return image if path == image.path else msgspec.structs.replace(image, path=path)

    images = tuple(msgspec.structs.replace(one, image=here(one.image)) for one in found.images)
    return msgspec.structs.replace(found, images=images)


def _import_comparison(progress: Progress) -> None:
    """For a thread: these take half a second, which the window has not."""
    import app.widgets.compare.compare_view
    import app.widgets.compare.curves_panel
    import app.widgets.compare.pictures  # noqa: F401
