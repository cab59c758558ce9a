"""Check what is there: look for labels that a model contradicts, then answer them one after another."""

from collections.abc import Sequence

from PySide6.QtCore import QDateTime, QLocale, QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from app import edits, theme
from app.jobs import Job
from app.label_desk import LabelDesk
from app.state import Change, Session
from app.widgets.label.doubt_list import DoubtList
from app.widgets.parts import Glyph, button, label
from app.widgets.progress_row import ProgressRow
from core.actions.reporting import RunSummary
from core.domain.run import number_of
from core.labelling.doubts import DoubtReport

SIZE = QSize(1120, 720)


class DoubtDialog(QDialog):
    """To be shown with ``show()``; the window beside it stays usable, and a search goes on when this is closed."""

    picture_wanted = Signal(str)  # image hash: somebody wants to edit it on the page

    def __init__(self, session: Session, desk: LabelDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("page")
        self.setWindowTitle(self.tr("Check labels"))
        self.list = DoubtList(session.thumbnails, desk.get)
        self._session, self._desk = session, desk
        self._report: DoubtReport | None = None
        self._job: Job | None = None
        self._lay_out()
        self.list.count_changed.connect(self._show_count)
        self.list.edited.connect(desk.change)
        self.list.picture_wanted.connect(self.picture_wanted)
        desk.changed.connect(self.list.labels_changed)
        session.changed.connect(self._refresh)
        for keys, act in ((QKeySequence.StandardKey.Undo, desk.undo), (QKeySequence.StandardKey.Redo, desk.redo)):
            QShortcut(QKeySequence(keys), self).activated.connect(act)
        self.resize(SIZE if parent is None else SIZE.boundedTo(parent.window().size()))
        self._refresh(Change.DATA | Change.RUNS | Change.ACCESS)
        self._show_searching()
        self._say("magnifying-glass", self.tr("Reading what was found …"), "")
        under_way = next((job for job in session.jobs.jobs if job.lane == "doubts" and not job.quiet), None)
        if under_way is not None:
            self._follow(under_way)
        session.jobs.ended.connect(self._end_search)
        self._read()

    def _refresh(self, change: Change) -> None:
        if change & Change.DATA:
            self.list.set_images(self._session.data.images, self._session.data.classes)
        if change & Change.RUNS:
            self._set_runs(self._session.runs)
        if change & Change.ACCESS:
            self.list.set_writable(not self._session.reading_only)

    def _set_runs(self, runs: Sequence[RunSummary]) -> None:
        """Those that have a report can judge."""
        chosen = self.judge.currentData()
        self.judge.clear()
        self.judge.addItem(self.tr("Models trained for this, on all pictures"), "")
        for run in reversed(runs):
            if run.seconds is not None:
                text = self.tr("Run {}, on pictures that it did not train on").format(number_of(run.run))
                self.judge.addItem(text, run.run)
        self.judge.setCurrentIndex(max(0, self.judge.findData(chosen)))

    def _show_report(self, report: DoubtReport | None) -> None:
        """What a search found and nobody has answered; ``None``: nobody has searched yet."""
        self._report = report
        if report is None:
            self._say(
                "magnifying-glass",
                self.tr("Not checked yet"),
                self.tr(
                    "A model looks at pictures that it did not train on. Where it contradicts the label, you decide "
                    "who is right. Training models for this takes minutes; a finished run is quicker, but its training "
                    "pictures stay unchecked."
                ),
            )
        else:
            self.judge.setCurrentIndex(max(0, self.judge.findData(report.source.removeprefix("run "))))
            self.list.show_doubts(report.images, report.source)
            self._show_count(len(self.list.model.rows))

    # Inside

    def _search(self) -> None:
        self._follow(edits.find_doubts(self._session, self.judge.currentData()))

    def _follow(self, job: Job) -> None:
        self._job = job
        self.progress.follow(job)
        self._show_searching()

    def _end_search(self, job: Job) -> None:
        """However it ended: what it found is in the project's cache, or what an earlier one found."""
        if job is self._job:
            self._job = None
            self._show_searching()
            self._read()

    def _read(self) -> None:
        def show(report: DoubtReport | None) -> None:
            if isValid(self):  # it may have been closed meanwhile
                self._show_report(report)

        edits.read_doubts(self._session, show)

    def _show_searching(self) -> None:
        self.progress.setVisible(self._job is not None)
        for widget in (self.judge, self.start):
            widget.setVisible(self._job is None)

    def _show_count(self, left: int) -> None:
        report = self._report
        if report is None:
            return
        if left:
            self._pages.setCurrentWidget(self.list)
            self.summary.setText(self._summary(report, left))
            if not self.list.isAncestorOf(self.focusWidget() or self):
                self.list.setFocus()
        elif report.images:
            self._say("check-circle", self.tr("All doubts are answered"), self._judged(report))
        else:
            self._say("check-circle", self.tr("No label is in doubt"), self._judged(report))

    def _say(self, icon: str, title: str, text: str) -> None:
        self.summary.setText("")
        self.glyph.become(icon, "muted")
        self.title.setText(title)
        self.text.setText(text)
        self._pages.setCurrentIndex(0)

    def _summary(self, report: DoubtReport, left: int) -> str:
        return f"{self.tr('%n picture(s) to look at, the most doubtful first.', '', left)} {self._judged(report)}"

    def _judged(self, report: DoubtReport) -> str:
        """Which pictures were looked at, by what, and which were not."""
        when = QDateTime.fromString(report.made, Qt.DateFormat.ISODate).toLocalTime()
        made = QLocale().toString(when, QLocale.FormatType.ShortFormat)
        run = report.source.removeprefix("run ")
        by = (
            self.tr("by models trained for it") if run == report.source else self.tr("by run {}").format(number_of(run))
        )
        told = [self.tr("%n picture(s) judged {0}, {1}.", "", report.judged).format(by, made)]
        reasons = {
            "trained": self.tr("the run trained on them"),
            "missing": self.tr("their files are gone"),
            "unreadable": self.tr("they cannot be read"),
            "unknown_class": self.tr("the run does not know their class"),
        }
        for reason, count in report.unjudged.items():
            told.append(self.tr("%n not judged: {}.", "", count).format(reasons[reason]))
        return " ".join(told)

    def _lay_out(self) -> None:
        self.judge, self.start = QComboBox(), button(self.tr("Check labels"), "magnifying-glass", primary=True)
        self.judge.setAccessibleName(self.tr("Who judges"))
        self.judge.setToolTip(
            self.tr("A model must not judge labels that it learned from: it would have learned their mistakes too")
        )
        self.start.setAutoDefault(False)
        self.start.clicked.connect(self._search)
        self.progress = ProgressRow(self.tr("Progress"), self.tr("Starting"), names_steps=True)
        head = QHBoxLayout()
        head.setSpacing(theme.SMALL)
        head.addWidget(self.judge, 1)
        head.addWidget(self.start)
        head.addWidget(self.progress, 1)
        self.summary = label("", "muted", wrap=True)
        self._pages = QStackedLayout()
        self._pages.addWidget(self._make_notice())
        self._pages.addWidget(self.list)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.LARGE, theme.WIDE, theme.LARGE)
        column.setSpacing(theme.MEDIUM)
        column.addLayout(head)
        column.addWidget(self.summary)
        column.addLayout(self._pages, 1)

    def _make_notice(self) -> QWidget:
        notice = QWidget()
        self.glyph, self.title, self.text = Glyph("magnifying-glass", side=40), label("", "section"), label("", "muted")
        self.text.setWordWrap(True)
        self.text.setFixedWidth(560)
        self.text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column = QVBoxLayout(notice)
        column.setSpacing(theme.SMALL)
        column.addStretch()
        column.addWidget(self.glyph, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.title, alignment=Qt.AlignmentFlag.AlignHCenter)
        row = QHBoxLayout()  # an alignment of its own would take the height of its lines from the text
        row.addStretch()
        row.addWidget(self.text)
        row.addStretch()
        column.addLayout(row)
        column.addStretch()
        return notice
