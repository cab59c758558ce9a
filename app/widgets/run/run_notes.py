"""What a user should know about a run beyond its numbers: why it ended, what it warned of, what its curves say, where
it computes, and what people say about it."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.live_run import LiveRun
from app.translations import said
from app.widgets.elided import ElidedLabel
from app.widgets.parts import button, duration, label
from app.widgets.run.run_log import RunLog
from app.widgets.run.run_words import DISK_FULL, told_state
from core.domain.history import RunState
from core.domain.run_notes import RunNotes as SaidOfRun

if TYPE_CHECKING:
    from core.training.diagnosis import Remark

MOST_WARNINGS = 2  # shown; the log has them all
DETAIL_LINES, DETAILS_HEIGHT = 40, 140
WIDEST_TAGS = 320  # pixels
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


class RemarkNote(Note):
    """What the curves say: the most urgent in one line; unfolded, each with what to try."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("chart-line-up", "accent", parent)
        self.cause.hide()
        self.remedy.hide()
        self.remarks: tuple[Remark, ...] = ()
        self.line = ElidedLabel()
        theme.make_semibold(self.line)
        self.more_button = button("", "caret-down")
        self.more_button.setProperty("quiet", True)
        self.more_button.setCheckable(True)
        self.more_button.setAccessibleName(self.tr("What to try"))
        self.more_button.toggled.connect(self._unfold)
        self.row.takeAt(1)  # the words of a plain note
        self.row.setAlignment(self._icon, Qt.AlignmentFlag.AlignVCenter)
        self.row.addWidget(self.line, 1)
        self.row.addWidget(self.more_button)
        self.body.setContentsMargins(theme.MEDIUM, theme.TIGHT, theme.SMALL, theme.TIGHT)
        self._all = QWidget()
        self._lines = QVBoxLayout(self._all)
        self._lines.setContentsMargins(20 + theme.SMALL, 0, theme.SMALL, theme.SMALL)
        self._lines.setSpacing(2)
        self._all.hide()
        self.body.addWidget(self._all)

    def show_remarks(self, remarks: "tuple[Remark, ...]") -> None:
        if remarks == self.remarks:
            return
        self.remarks = remarks
        more = len(remarks) - 1
        self.more_button.setText(self.tr("What to try, and %n more", "", more) if more else self.tr("What to try"))
        while (item := self._lines.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for remark in remarks:
            cause = label(_seen(remark), wrap=True)
            theme.make_semibold(cause)
            self._lines.addWidget(cause)
            self._lines.addWidget(label(said(remark.remedy), "muted", wrap=True))
            self._lines.addSpacing(theme.TIGHT)
        self._show_line()

    def _unfold(self, shown: bool) -> None:
        self._all.setVisible(shown)
        self.more_button.setIcon(theme.icon("caret-up" if shown else "caret-down", "text"))
        self._show_line()

    def _show_line(self) -> None:
        unfolded = self.more_button.isChecked()
        self.line.set_whole(self.tr("What the curves say") if unfolded else _seen(self.remarks[0]))


class PeopleNote(Note):
    """Tags and note of a run in one line; the whole of it in the tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("pencil-simple", "muted", parent, one_line=True)
        self.cause.hide()
        self.remedy.hide()
        self.row.takeAt(1)  # the words of a plain note
        self.tags, self.words = label(""), ElidedLabel(role="muted", data=True)
        self.tags.setProperty("data", True)
        self.row.addWidget(self.tags)
        self.row.addWidget(self.words, 1)

    def show_words(self, tags: str, note: str) -> None:
        self.tags.setText(self.tags.fontMetrics().elidedText(tags, Qt.TextElideMode.ElideRight, WIDEST_TAGS))
        self.tags.setToolTip(tags if self.tags.text() != tags else "")
        self.tags.setVisible(bool(tags))
        self.words.set_whole(note)


class RunNotes(QWidget):
    """All notes of one run, none while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.end: EndNote | None = None
        self.warnings: list[Note] = []
        self._counted = 0
        self.device: Note | None = None
        self.stalled: Note | None = None
        self.remarks: RemarkNote | None = None
        self.people: PeopleNote | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.SMALL)
        self.hide()

    def follow(self, live: LiveRun) -> None:
        """Say what ``live`` has to say now."""
        self._show_end(live)
        self._show_stalled(live)
        self._show_warnings(live)
        self._show_remarks(live)
        self._show_device(live)
        self._show_any()

    def show_said(self, words: SaidOfRun) -> None:
        """What people say about the run."""
        text = " ".join(words.note.split())
        if (words.tags or text) and self.people is None:
            self.people = PeopleNote()
            self._column.addWidget(self.people)
        elif not (words.tags or text) and self.people is not None:
            self.people.deleteLater()
            self.people = None
        if self.people is not None:
            self.people.show_words("  ".join(f"#{tag}" for tag in words.tags), text)
        self._show_any()

    def _show_any(self) -> None:
        self.setVisible(bool(self.end or self.stalled or self.warnings or self.remarks or self.device or self.people))

    def clear(self) -> None:
        """Ready for another run."""
        for note in (self.end, self.stalled, *self.warnings, self.remarks, self.device, self.people):
            if note is not None:
                note.hide()
                note.deleteLater()
        self.end = self.stalled = self.remarks = self.device = self.people = None
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

    def _show_stalled(self, live: LiveRun) -> None:
        """The run may hang. It may also go on, so nothing is ended unasked."""
        silent = live.silent if live.is_going else 0.0
        if not silent and self.stalled is not None:
            self.stalled.deleteLater()
            self.stalled = None
        elif silent:
            if self.stalled is None:
                self.stalled = Note("clock", "caution")
                self._column.insertWidget(0, self.stalled)
            remedy = self.tr("If it does not go on, stop it; a run that does not stop can be killed and resumed.")
            self.stalled.say(self.tr("No progress for {}.").format(duration(silent)), remedy)

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

    def _show_remarks(self, live: LiveRun) -> None:
        if not live.remarks and self.remarks is not None:
            self.remarks.deleteLater()
            self.remarks = None
        elif live.remarks:
            if self.remarks is None:
                self.remarks = RemarkNote()
                people = self._column.indexOf(self.people) if self.people is not None else -1
                self._column.insertWidget(people, self.remarks)  # what people say comes last
            self.remarks.show_remarks(live.remarks)

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


def _seen(remark: "Remark") -> str:
    return said(remark.text).format(*remark.values)
