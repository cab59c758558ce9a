"""Where all long work is seen: title, step, bar, time left and Cancel of each job."""

from PySide6.QtCore import QSize, QTimer
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.jobs import Job, Jobs
from app.widgets.elided import ElidedLabel
from app.widgets.parts import duration, label

WORTH_SHOWING = 300  # milliseconds; what is over sooner never appears
MOST_SHOWN = 3


class JobTray(QWidget):
    """Follows ``jobs`` by itself. Empty and invisible while there is nothing to wait for."""

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[Job, JobRow] = {}
        self._collapsed = False
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.SMALL)
        self._more = label("", "caption", wrap=True)
        self._column.addWidget(self._more)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(WORTH_SHOWING)
        self._later.timeout.connect(self._arrange)
        self._jobs = jobs
        jobs.started.connect(self._add)
        jobs.ended.connect(self._remove)
        for job in jobs.jobs:
            self._add(job)
        self._arrange()

    def set_collapsed(self, collapsed: bool) -> None:
        """Bars and crosses only; the words are in their tooltips."""
        self._collapsed = collapsed
        for row in self.rows.values():
            row.set_collapsed(collapsed)
        self._arrange()

    def _add(self, job: Job) -> None:
        if not job.quiet:
            row = self.rows[job] = JobRow(job)
            row.set_collapsed(self._collapsed)
            row.hide()
            self._column.insertWidget(self._column.count() - 1, row)
            self._later.start()

    def _remove(self, job: Job) -> None:
        row = self.rows.pop(job, None)
        if row is not None:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
            if not self._later.isActive():
                self._arrange()

    def _arrange(self) -> None:
        """Called some time after a job began, so that short ones do not flicker."""
        for place, row in enumerate(self.rows.values()):
            row.setVisible(place < MOST_SHOWN)
        hidden = len(self.rows) - MOST_SHOWN
        self._more.setText(self.tr("and %n more", "", hidden) if hidden > 0 else "")
        self._more.setVisible(hidden > 0 and not self._collapsed)
        self.setVisible(bool(self.rows))


class JobRow(QWidget):
    """One job."""

    def __init__(self, job: Job, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._job = job
        self._title, self._state = ElidedLabel(job.title), ElidedLabel("", "caption")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 0)
        self._bar.setAccessibleName(job.title)
        self.cancel = QPushButton()
        self.cancel.setIcon(theme.icon("x", "muted"))
        self.cancel.setIconSize(QSize(16, 16))
        self.cancel.setProperty("quiet", True)
        self.cancel.setProperty("tiny", True)
        self.cancel.setFixedSize(theme.WIDE, theme.WIDE)
        self.cancel.clicked.connect(self._cancel)
        head = QHBoxLayout()
        head.setSpacing(theme.TIGHT)
        head.addWidget(self._title, 1)
        head.addWidget(self.cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.TIGHT)
        column.addLayout(head)
        column.addWidget(self._bar)
        column.addWidget(self._state)
        job.progressed.connect(self._show)
        self._show(0, 0, "")

    @property
    def state(self) -> str:
        return self._state.whole

    def set_collapsed(self, collapsed: bool) -> None:
        self._title.setVisible(not collapsed)
        self._state.setVisible(not collapsed)

    def _cancel(self) -> None:
        self._job.cancel()
        self.cancel.setEnabled(False)
        self._show(0, 0, "")

    def _show(self, done: int, total: int, step: str) -> None:
        # A bar counts in 31 bits.
        share = 1000 * done // total if total else 0
        self._bar.setRange(0, 1000 if total or not self._job.has_begun else 0)
        self._bar.setValue(share)
        self._state.set_whole(self._words(step))
        words = " · ".join(part for part in (self._job.title, self._state.whole) if part)
        self.cancel.setToolTip(self.tr("Cancel: {}").format(words))
        self.cancel.setAccessibleName(self.tr("Cancel: {}").format(self._job.title))
        self._bar.setToolTip(words)

    def _words(self, step: str) -> str:
        if self._job.is_cancelling:
            return self.tr("Cancelling…")
        if not self._job.has_begun:
            return self.tr("Waiting")
        left = self._job.seconds_left
        parts = [] if left is None else [self.tr("about {} left").format(duration(left))]
        return " · ".join([*parts, *([step] if step else [])]) or self.tr("Working")
