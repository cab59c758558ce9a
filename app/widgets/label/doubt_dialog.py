"""Check what is there: look for labels that a model contradicts, then answer them one after another."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QDateTime, QLocale, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QProgressBar, QStackedLayout, QVBoxLayout, QWidget

from app import theme
from app.thumbnails import Thumbnails
from app.translations import said
from app.widgets.label.doubt_list import DoubtList
from app.widgets.parts import Glyph, button, label
from core.actions.reporting import RunSummary
from core.domain.errors import LensmithError
from core.domain.labels import ImageLabels
from core.domain.run import number_of
from core.labelling.doubts import DoubtReport

SIZE = QSize(1120, 720)


class DoubtDialog(QDialog):
    """To be shown with ``show()``; the window beside it stays usable. Whoever opens it connects the signals, and
    hands in images and labels through ``list`` (``DoubtList``)."""

    search_wanted = Signal(str)  # id of the run that shall judge; "": models trained for it
    cancel_wanted = Signal()
    undo_wanted = Signal()
    redo_wanted = Signal()
    closed = Signal()

    def __init__(
        self, thumbnails: Thumbnails, labels_of: Callable[[str], ImageLabels | None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("page")
        self.setWindowTitle(self.tr("Check labels"))
        self.list = DoubtList(thumbnails, labels_of)
        self.list.count_changed.connect(self._show_count)
        self._report: DoubtReport | None = None
        self._is_searching = False
        self._lay_out()
        for keys, signal in (
            (QKeySequence.StandardKey.Undo, self.undo_wanted),
            (QKeySequence.StandardKey.Redo, self.redo_wanted),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(signal)
        self.resize(SIZE if parent is None else SIZE.boundedTo(parent.window().size()))
        self.set_runs([])
        self.show_report(None)

    def set_runs(self, runs: Sequence[RunSummary]) -> None:
        """The project's runs; those that have a report can judge."""
        chosen = self.judge.currentData()
        self.judge.clear()
        self.judge.addItem(self.tr("Models trained for this, on all pictures"), "")
        for run in reversed(runs):
            if run.seconds is not None:
                text = self.tr("Run {}, on pictures that it did not train on").format(number_of(run.run))
                self.judge.addItem(text, run.run)
        self.judge.setCurrentIndex(max(0, self.judge.findData(chosen)))

    def set_writable(self, writable: bool) -> None:
        self.list.set_writable(writable)

    def show_report(self, report: DoubtReport | None) -> None:
        """What the last search found and nobody has answered; ``None``: nobody has searched yet."""
        self._report = report
        self._end_search()
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

    def show_progress(self, done: int, total: int, step: str) -> None:
        """A search goes on."""
        self._is_searching = True
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.step.setText(said(step))
        self._show_searching()

    def show_error(self, error: LensmithError) -> None:
        """The search failed; what an earlier one found stays."""
        self._end_search()
        self.error.setText(f"{said(error.cause)} {said(error.remedy)}".strip())
        self.error.show()

    def end_search(self) -> None:
        """It was cancelled."""
        self._end_search()
        self._show_count(len(self.list.model.rows))

    # Inside

    def _search(self) -> None:
        self._is_searching = True
        self.error.hide()
        self.bar.setRange(0, 0)
        self.step.setText(self.tr("Starting …"))
        self._show_searching()
        self.search_wanted.emit(self.judge.currentData())

    def _end_search(self) -> None:
        self._is_searching = False
        self._show_searching()

    def _show_searching(self) -> None:
        while_searching: tuple[QWidget, ...] = (self.bar, self.step, self.cancel)
        before: tuple[QWidget, ...] = (self.judge, self.start)
        for widget in (*while_searching, *before):
            widget.setVisible((widget in while_searching) is self._is_searching)

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
        self.bar, self.step, self.cancel = QProgressBar(), label("", "muted"), button(self.tr("Cancel"), "x")
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.cancel_wanted)
        head = QHBoxLayout()
        head.setSpacing(theme.SMALL)
        head.addWidget(self.judge, 1)
        head.addWidget(self.start)
        head.addWidget(self.bar, 1)
        head.addWidget(self.step)
        head.addWidget(self.cancel)
        self.summary, self.error = label("", "muted", wrap=True), label("", wrap=True)
        self.error.setProperty("problem", True)
        self.error.hide()
        self._pages = QStackedLayout()
        self._pages.addWidget(self._make_notice())
        self._pages.addWidget(self.list)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.LARGE, theme.WIDE, theme.LARGE)
        column.setSpacing(theme.MEDIUM)
        column.addLayout(head)
        column.addWidget(self.error)
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

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        self.closed.emit()
        super().closeEvent(event)
