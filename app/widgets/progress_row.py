"""How far a job is: a bar, the time left, and a way to end it."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from app import theme
from app.jobs import Job
from app.translations import said
from app.widgets.parts import button, duration, label


class ProgressRow(QWidget):
    """Follows one job after another; ``waiting`` is said until the job has counted something."""

    def __init__(self, name: str, waiting: str, *, names_steps: bool = False, parent: QWidget | None = None) -> None:
        """``name``: what is counted, for those who cannot see the bar. ``names_steps``: the job has several."""
        super().__init__(parent)
        self._waiting, self._names_steps = waiting, names_steps
        self._job: Job | None = None
        self.bar, self.words = QProgressBar(), label("", "caption")
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(name)
        self.cancel_button = button(self.tr("Cancel"), "x")
        self.cancel_button.setProperty("quiet", True)
        self.cancel_button.setAutoDefault(False)
        self.cancel_button.clicked.connect(self.cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        row.addWidget(self.bar, 1)
        row.addWidget(self.words)
        row.addWidget(self.cancel_button)

    def follow(self, job: Job) -> None:
        """Show how far ``job`` is from now on, and no other."""
        self._job = job
        job.progressed.connect(self._take)
        self.cancel_button.setEnabled(True)
        self._show(0, 0, "")

    def let_go(self) -> None:
        """The job is over, or can no longer be ended."""
        self._job = None
        self.cancel_button.setEnabled(False)

    def cancel(self) -> None:
        """Ask the job to end."""
        if self._job is not None:
            self._job.cancel()
            self.cancel_button.setEnabled(False)

    @Slot(int, int, str)
    def _take(self, done: int, total: int, what: str) -> None:
        if self.sender() is self._job:
            self._show(done, total, what)

    def _show(self, done: int, total: int, what: str) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        words = [said(what)] if self._names_steps and what else []
        if total:
            words.append(self.tr("{0} of {1}").format(f"{done:,}", f"{total:,}"))
        left = self._job.seconds_left if self._job is not None else None
        if left is not None:
            words.append(self.tr("{} left").format(duration(left)))
        self.words.setText(" · ".join(words) or self._waiting)
