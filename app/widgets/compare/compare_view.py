"""Runs beside each other, in four parts: overview, curves, settings, pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QKeyEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app import comparing, theme
from app.comparing import RunCurve
from app.jobs import Job
from app.state import Session
from app.translations import said
from app.widgets.compare.lines import title_of
from app.widgets.compare.overview import Overview
from app.widgets.compare.settings_table import SettingsTable
from app.widgets.elided import ElidedLabel
from app.widgets.parts import Glyph, button
from app.widgets.results.notice_card import NoticeCard
from app.widgets.tabs import Tabs
from core.domain.comparison import Comparison
from core.domain.errors import LensmithError

if TYPE_CHECKING:  # pyqtgraph and numpy, which are imported when their parts are looked at
    from app.widgets.compare.curves_panel import CurvesPanel
    from app.widgets.compare.pictures import ModelsOnPictures

SUFFIXES = (".html", ".csv", ".json")


class CompareView(QStackedWidget):
    """``compare`` reads and shows; ``closed`` asks to go back to the single runs."""

    run_chosen = Signal(str)
    compared = Signal(object)  # Comparison
    closed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.comparison: Comparison | None = None
        self._job: Job | None = None
        self._curves_job: Job | None = None
        self.notice = NoticeCard()
        self.overview, self.settings = Overview(), SettingsTable()
        self.curves: CurvesPanel | None = None
        self.pictures: ModelsOnPictures | None = None
        self._plots, self._models = _holder(), _holder()  # filled when first looked at
        self._saved_file = Path()
        self._lay_out()
        self.overview.run_chosen.connect(self.run_chosen)

    def compare(self, ids: Sequence[str]) -> None:
        """Read the runs in the background and show how they compare."""
        self.forget()
        self._saved.hide()
        words = self.tr("Comparing %n run(s) …", "", len(ids))
        text = self.tr("Their answers to the same pictures are judged again, thousands of times.")
        self.notice.say("hourglass", words, text, self._give_up, words=self.tr("Cancel"))
        self.setCurrentIndex(0)
        job = comparing.compare_runs(
            self.session,
            ids,
            lambda told: self._take(told) if self._job is job else None,  # only the newest may tell what it found
            lambda error: self._fail(error) if self._job is job else None,
        )
        job.progressed.connect(self._tell_progress)
        self._job = job

    def forget(self) -> None:
        """Drop what is being read."""
        for job in (self._job, self._curves_job):
            if job is not None:
                job.cancel()
        self._job = self._curves_job = None

    # What was read

    def _take(self, comparison: Comparison) -> None:
        self._job = None
        self.comparison = comparison
        self.overview.show_comparison(comparison)
        names = {line.key: title_of(line) for line in self.overview.lines if not line.is_group}
        self.settings.show_comparison(comparison, names)
        self.setCurrentIndex(1)
        self._clear(self._plots)
        self.curves = None
        self.tabs.show_part(0)
        self.overview.table.setFocus(Qt.FocusReason.MouseFocusReason)  # no ring before a key is pressed
        if self.pictures is not None:
            self.pictures.show_runs(self._runs())
        self.compared.emit(comparison)

    def _fail(self, error: LensmithError) -> None:
        self._job = None
        self.notice.say(
            "warning-circle",
            said(error.cause),
            said(error.remedy),
            self.closed.emit,
            role="bad",
            words=self.tr("Back to the runs"),
        )

    def _give_up(self) -> None:
        self.forget()
        self.closed.emit()

    def _tell_progress(self, done: int, total: int, what: str) -> None:
        if self._job is not None and total:
            self.notice.title.setText(self.tr("Comparing: {0} of {1} done").format(done, total))

    def _runs(self) -> tuple[str, ...]:
        assert self.comparison is not None
        return tuple(row.run for row in self.comparison.rows)

    # Parts that are made when looked at

    def _show_part(self, part: int) -> None:
        if self.comparison is None:
            return
        if part == CURVES and self.curves is None:
            from app.widgets.compare.curves_panel import CurvesPanel

            self.curves = CurvesPanel(self.comparison.metric)
            self._put(self._plots, self.curves)
            self._curves_job = comparing.read_curves(self.session, self._runs(), self._take_curves)
        elif part == PICTURES and self.pictures is None:
            from app.widgets.compare.pictures import ModelsOnPictures

            self.pictures = ModelsOnPictures(self.session)
            self._put(self._models, self.pictures)
            self.pictures.show_runs(self._runs())

    def _take_curves(self, curves: tuple[RunCurve, ...]) -> None:
        self._curves_job = None
        if self.curves is not None:
            self.curves.show_runs([line for line in self.overview.lines if not line.is_group], curves)

    # Saving

    def _ask_where(self) -> None:
        """The name's ending decides what is written."""
        kinds = (
            self.tr("Page for reading and printing (*.html)"),
            self.tr("Table of the runs (*.csv)"),
            self.tr("All figures as data (*.json)"),
        )
        proposed = str(Path.home() / self.tr("{0} comparison.html").format(self.session.path.name))
        target, kind = QFileDialog.getSaveFileName(self, self.tr("Save the comparison"), proposed, ";;".join(kinds))
        if target and self.comparison is not None:
            path = Path(target)
            suffix = SUFFIXES[kinds.index(kind) if kind in kinds else 0]
            path = path if path.suffix else path.with_suffix(suffix)
            comparing.save_comparison(self.session, self.comparison, path, self._tell_saved)

    def _tell_saved(self, file: Path) -> None:
        self._saved_file = file
        self._saved_words.set_whole(self.tr("Saved as {0}").format(file))
        self._saved.show()

    def _open_saved(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._saved_file)))

    # Building

    def _lay_out(self) -> None:
        self.back_button = button(self.tr("Runs"), "arrow-left")
        self.back_button.setToolTip(self.tr("Back to the runs one by one (Esc)"))
        self.back_button.setProperty("quiet", True)
        self.back_button.clicked.connect(self.closed)
        self.export_button = button(self.tr("Save comparison…"), "download-simple")
        self.export_button.clicked.connect(self._ask_where)
        self.tabs = Tabs(
            [
                (self.tr("Overview"), _scrolled(self.overview)),
                (self.tr("Curves"), self._plots),
                (self.tr("Settings"), self.settings),
                (self.tr("Pictures"), self._models),
            ]
        )
        self.tabs.stack.currentChanged.connect(self._show_part)
        top = QHBoxLayout()
        top.setSpacing(theme.LARGE)
        top.addWidget(self.back_button)
        top.addWidget(self.tabs, 1)
        top.addWidget(self.export_button)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL)
        column.addLayout(top)
        column.addWidget(self._saved_row())
        column.addWidget(self.tabs.stack, 1)
        self.addWidget(self.notice)
        self.addWidget(body)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Esc goes back, where no part had a use for it."""
        if Qt.Key(event.key()) is Qt.Key.Key_Escape:
            self._give_up()
        else:
            super().keyPressEvent(event)

    def _saved_row(self) -> QWidget:
        self._saved = QWidget()
        self._saved_words = ElidedLabel(middle=True)
        self.open_button, close = button(self.tr("Open")), button("", "x")
        close.setToolTip(self.tr("Close this message"))
        close.setAccessibleName(self.tr("Close this message"))
        for one in (self.open_button, close):
            one.setProperty("quiet", True)
            one.setIconSize(QSize(16, 16))
        self.open_button.clicked.connect(self._open_saved)
        close.clicked.connect(self._saved.hide)
        row = QHBoxLayout(self._saved)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        row.addWidget(Glyph("check-circle", "good"))
        row.addWidget(self._saved_words, 1)
        row.addWidget(self.open_button)
        row.addWidget(close)
        self._saved.hide()
        return self._saved

    def _put(self, holder: QWidget, part: QWidget) -> None:
        layout = holder.layout()
        assert layout is not None
        layout.addWidget(part)

    def _clear(self, holder: QWidget) -> None:
        layout = holder.layout()
        assert layout is not None
        while (item := layout.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()


CURVES, PICTURES = 1, 3  # of the tabs


def _holder() -> QWidget:
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    return made


def _scrolled(part: QWidget) -> QScrollArea:
    """In a low window it scrolls as a whole."""
    made = QScrollArea()
    made.setWidgetResizable(True)
    made.setFrameShape(QScrollArea.Shape.NoFrame)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.setWidget(part)
    return made
