"""What a run is called and how it stands, in words, icons and colours; the same in the list and in the view."""

from functools import cache
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from app import theme
from app.live_run import LiveRun
from app.widgets.parts import label
from core.actions.reporting import DAMAGED
from core.domain.event import Phase, Progress
from core.domain.history import RunHistory, RunState
from core.domain.run import CatalogueWeights, RunWeights, Start, weights_of
from core.domain.task import Task
from core.training.catalog import catalogue

translate = QCoreApplication.translate
STOPPING, DISK_FULL = "stopping", "disk full"  # beside the words of ``RunState``
_LOOKS = {  # icon and role of the palette
    RunState.WAITING: ("hourglass", "muted"),
    RunState.RUNNING: ("play", "accent"),
    STOPPING: ("hourglass", "caution"),
    DISK_FULL: ("warning", "caution"),
    RunState.COMPLETED: ("check-circle", "good"),
    RunState.STOPPED: ("stop", "caution"),
    RunState.FAILED: ("x-circle", "bad"),
    RunState.INTERRUPTED: ("warning", "caution"),
    DAMAGED: ("x-circle", "bad"),
}
# Of the bar over the whole run, where each phase begins; what lies between is filled as its units are done.
_BAR = {Phase.PREPARING: (0.0, 0.03), Phase.TRAINING: (0.03, 0.92), Phase.EXPORTING: (0.92, 0.94)}
_LAST_OF_BAR = (0.94, 1.0)


class StateLook(NamedTuple):
    word: str
    icon: str
    role: str


def state_look(state: str) -> StateLook:
    """``state``: of ``RunState``, or one of the words above."""
    words = {
        RunState.WAITING: translate("RunWords", "waiting"),
        RunState.RUNNING: translate("RunWords", "running"),
        STOPPING: translate("RunWords", "stopping"),
        DISK_FULL: translate("RunWords", "paused: disk full"),
        RunState.COMPLETED: translate("RunWords", "completed"),
        RunState.STOPPED: translate("RunWords", "stopped"),
        RunState.FAILED: translate("RunWords", "failed"),
        RunState.INTERRUPTED: translate("RunWords", "interrupted"),
        DAMAGED: translate("RunWords", "damaged"),
    }
    return StateLook(words[state], *_LOOKS[state])


def told_state(live: LiveRun) -> str:
    """The state to show: a run that cannot be followed any more has ended, whatever its last word was."""
    history = live.history
    if live.is_going:
        if history.state is not RunState.RUNNING:  # an attempt that ended stands in the file, the next one begins
            return RunState.WAITING
        return STOPPING if live.stop_asked_at is not None else RunState.RUNNING
    reason = history.finished.reason if history.finished else live.error.cause if live.error else ""
    if history.state is RunState.FAILED or (live.error and not history.finished):
        return DISK_FULL if is_disk_full(reason) else RunState.FAILED
    return RunState.INTERRUPTED if history.state is RunState.RUNNING else history.state


def is_disk_full(reason: str) -> bool:
    return reason.startswith("The disk is full")  # as core.store.files.file_error begins it


def mode_title(mode: str) -> str:
    titles = {
        "scratch": translate("RunWords", "From scratch"),
        "transfer": translate("RunWords", "Transfer"),
        "finetune": translate("RunWords", "Fine-tune"),
    }
    return titles.get(mode, mode)


@cache
def model_title(architecture: str) -> str:
    """``YOLOv8n`` for ``yolov8n``; what the catalogue does not know keeps its name."""
    known = {entry.name: entry.title for entry in catalogue()}
    return known.get(architecture, architecture.partition("?")[0])


def started(live: LiveRun) -> str:
    """``Started 14:02 from COCO weights``, with the day when that was not today."""
    when, short = QDateTime.fromSecsSinceEpoch(int(live.clock.began)), QLocale.FormatType.ShortFormat
    today = when.date() == QDate.currentDate()
    time = QLocale().toString(when.time(), short) if today else QLocale().toString(when, short)
    return translate("RunWords", "Started {0} from {1}.").format(time, _origin(live.spec.start, live.spec.task))


def phase_words(progress: Progress | None, planned: int) -> tuple[str, str]:
    """Where a run stands, and the detail of it."""
    if progress is None:
        return translate("RunWords", "Starting"), translate("RunWords", "The training process is being started.")
    if progress.phase is Phase.TRAINING:
        detail = translate("RunWords", "batch {0} of {1}").format(progress.done, progress.total)
        if progress.learning_rate is not None:
            detail += translate("RunWords", " · learning rate {}").format(f"{progress.learning_rate:.2g}")
        if progress.epoch < 1:
            return translate("RunWords", "Warming up the head"), detail
        return translate("RunWords", "Epoch {0} of {1}").format(progress.epoch, planned), detail
    title = {
        Phase.PREPARING: translate("RunWords", "Preparing the pictures"),
        Phase.EXPORTING: translate("RunWords", "Exporting the best weights to ONNX"),
        Phase.VERIFYING: translate("RunWords", "Verifying the ONNX file"),
    }[progress.phase]
    return title, translate("RunWords", "{0} of {1}").format(
        progress.done, progress.total
    ) if progress.total > 1 else ""


def share_done(progress: Progress | None, planned: int) -> float:
    """Of the whole run, 0 to 1."""
    if progress is None:
        return 0.0
    begin, end = _BAR.get(progress.phase, _LAST_OF_BAR)
    share = progress.done / max(progress.total, 1)
    if progress.phase is Phase.TRAINING:
        share = (max(progress.epoch - 1, 0) + share * (progress.epoch > 0)) / max(planned, 1)
    return begin + (end - begin) * min(share, 1.0)


def seconds_left(history: RunHistory) -> float | None:
    """Of training, counting down within an epoch too; ``None`` before the first epoch is done."""
    left, progress = history.seconds_left, history.progress
    if left is None or progress is None or progress.phase is not Phase.TRAINING or not progress.total:
        return left
    done = history.epochs[-1].epoch
    at = progress.epoch - 1 + progress.done / progress.total
    planned = max(history.planned_epochs - done, 1)
    return left * min(max(history.planned_epochs - at, 0.0) / planned, 1.0)


class StateBadge(QFrame):
    """A state with its icon: colour is never the only sign."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("badge")
        self._icon, self._word = QLabel(), label("")
        theme.make_semibold(self._word)
        self.state = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.SMALL, theme.TIGHT, theme.MEDIUM, theme.TIGHT)
        row.setSpacing(theme.TIGHT)
        row.addWidget(self._icon)
        row.addWidget(self._word)

    @property
    def word(self) -> str:
        return self._word.text()

    def clear(self) -> None:
        self.state = ""
        self.hide()

    def show_state(self, state: str) -> None:
        self.show()
        if state == self.state:
            return
        look = state_look(state)
        self.state = state
        self._word.setText(look.word)
        self._icon.setPixmap(theme.picture(look.icon, look.role, 16, self.devicePixelRatioF()))
        self.setProperty("badge", look.role)
        for part in (self, self._word):
            part.style().polish(part)


def _origin(start: Start, task: Task) -> str:
    weights = weights_of(start)
    match weights:
        case None:
            return translate("RunWords", "random weights")
        case RunWeights(run=run):
            return translate("RunWords", "the weights of run {}").format(int(run.split("-")[0]))
        case CatalogueWeights():
            return (
                translate("RunWords", "COCO weights")
                if task is Task.DETECTION
                else translate("RunWords", "ImageNet weights")
            )
    return translate("RunWords", "the weights “{}”").format(weights.name)
