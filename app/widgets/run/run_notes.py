"""What a user should know about a run beyond its numbers: why it ended, what it warned of, where it computes."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.live_run import LiveRun
from app.translations import said
from app.widgets.parts import button, label
from app.widgets.run.run_log import RunLog
from app.widgets.run.run_words import DISK_FULL, told_state
from core.domain.history import RunState

MOST_WARNINGS = 2  # shown; the log has them all
DETAIL_LINES, DETAILS_HEIGHT = 40, 140
_ENDINGS = {RunState.FAILED: "bad", RunState.INTERRUPTED: "caution", DISK_FULL: "caution"}


class Note(QFrame):
    """``kind``: bad, caution, or muted for a plain remark. Cause in front, remedy after it."""

    def __init__(self, icon: str, kind: str, parent: QWidget | None = None, *, one_line: bool = False) -> None:
        super().__init__(parent)
        self.setObjectName("note")
        self.setProperty("kind", kind)
        self._glyph = (icon, kind)
        self._icon = QLabel()
        self.cause, self.remedy = label("", wrap=not one_line), label("", "muted", wrap=True)
        if kind == "bad":
            theme.make_semibold(self.cause)
        words = QHBoxLayout() if one_line else QVBoxLayout()
        words.setSpacing(theme.SMALL if one_line else 2)
        words.addWidget(self.cause)
        words.addWidget(self.remedy, 1 if one_line else 0)
        self.row = QHBoxLayout()
        self.row.setSpacing(theme.SMALL)
        self.row.addWidget(self._icon, alignment=Qt.AlignmentFlag.AlignTop)
        self.row.addLayout(words, 1)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(theme.MEDIUM, theme.SMALL, theme.MEDIUM, theme.SMALL)
        self.body.setSpacing(theme.SMALL)
        self.body.addLayout(self.row)
        self._paint_icon()

    def say(self, cause: str, remedy: str = "") -> None:
        self.cause.setText(said(cause))
        self.remedy.setText(said(remedy))
        self.remedy.setVisible(bool(remedy))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._paint_icon()

    def _paint_icon(self) -> None:
        self._icon.setPixmap(theme.picture(*self._glyph, ratio=self.devicePixelRatioF()))


class EndNote(Note):
    """Why a run ended before its time. Details: the last words of its process, behind a fold."""

    def __init__(self, kind: str, parent: QWidget | None = None) -> None:
        super().__init__("x-circle" if kind == "bad" else "warning", kind, parent)
        self.details = RunLog()
        self.details.setFixedHeight(DETAILS_HEIGHT)
        self.details.hide()
        self.details_button = button(self.tr("Details"), "caret-down")
        self.details_button.setProperty("quiet", True)
        self.details_button.setCheckable(True)
        self.details_button.toggled.connect(self._unfold)
        self.row.addWidget(self.details_button, alignment=Qt.AlignmentFlag.AlignTop)
        self.body.addWidget(self.details)

    def show_end(self, cause: str, remedy: str, output: list[str]) -> None:
        self.say(cause, remedy)
        self.details_button.setVisible(bool(output))
        self.details.show_lines(output[-DETAIL_LINES:], len(output))

    def _unfold(self, shown: bool) -> None:
        self.details.setVisible(shown)
        self.details_button.setIcon(theme.icon("caret-up" if shown else "caret-down", "text"))


class RunNotes(QWidget):
    """All notes of one run, none while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.end: EndNote | None = None
        self.warnings: list[Note] = []
        self._counted = 0
        self.device: Note | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.SMALL)
        self.hide()

    def follow(self, live: LiveRun) -> None:
        """Say what ``live`` has to say now."""
        self._show_end(live)
        self._show_warnings(live)
        self._show_device(live)
        self.setVisible(bool(self.end or self.warnings or self.device))

    def clear(self) -> None:
        """Ready for another run."""
        for note in (self.end, *self.warnings, self.device):
            if note is not None:
                note.hide()
                note.deleteLater()
        self.end = self.device = None
        self.warnings, self._counted = [], 0
        self.hide()

    def _show_end(self, live: LiveRun) -> None:
        state, finished = told_state(live), live.history.finished
        cause, remedy = "", ""
        if finished is not None:
            cause, remedy = finished.reason, finished.remedy
        elif live.error is not None and not live.is_going:
            cause, remedy = live.error.cause, live.error.remedy
        if live.is_going or state not in _ENDINGS or not cause:
            if self.end is not None:
                self.end.deleteLater()
                self.end = None
            return
        if self.end is None:
            self.end = EndNote(_ENDINGS[state])
            self._column.insertWidget(0, self.end)
        self.end.show_end(cause, remedy, live.output)

    def _show_warnings(self, live: LiveRun) -> None:
        told = live.history.warnings
        if len(told) == self._counted:
            return
        self._counted = len(told)
        for note in self.warnings:
            note.deleteLater()
        self.warnings = [Note("warning", "caution") for _ in told[-MOST_WARNINGS:]]
        for note, warned in zip(self.warnings, told[-MOST_WARNINGS:], strict=True):
            note.say(warned.cause, warned.remedy)
            self._column.addWidget(note)
        if len(told) > MOST_WARNINGS:
            more = self.tr("%n earlier warning(s) in the log.", "", len(told) - MOST_WARNINGS)
            last = self.warnings[-1]
            last.remedy.setText(f"{last.remedy.text()} {more}".strip())
            last.remedy.show()

    def _show_device(self, live: LiveRun) -> None:
        """Nobody asked for the processor, and it computes: that is worth a word while it goes on."""
        device = live.history.device
        wanted = live.is_going and device is not None and device.device == "cpu" and live.spec.device == "auto"
        if wanted and self.device is None and device is not None:
            self.device = Note("cpu", "muted", one_line=True)
            self.device.say(self.tr("This run computes on the processor."), device.why)
            self._column.addWidget(self.device)
        elif not wanted and self.device is not None:
            self.device.deleteLater()
            self.device = None
