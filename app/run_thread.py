"""The background worker thread: starts a run's process and brings its events to the window a few times a second."""

import threading
import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, QThread, Signal

from app.run_samples import SampleReader, Samples
from core.domain.errors import LensmithError
from core.domain.event import Event, Finished, LogLine, Phase, Progress, Resumed, SamplePredictions, Started, Warned
from core.domain.history import RunHistory
from core.runs import supervisor
from core.runs.status import OUTPUT, stalled
from core.store.run_store import RunFolder

if TYPE_CHECKING:
    from core.training.diagnosis import CurveFacts, Remark

TELL_EVERY = 0.1  # seconds; events come at any rate, the window hears of them at this one
MOST_BATCHES = 2000  # a piece of news: a long run told again comes in several
LISTEN_EVERY = 1.0  # seconds
BREATH = 0.003  # seconds between such pieces, in which the window's thread gets its turn
MOST_OUTPUT = 64 << 10  # bytes of worker.log that are worth reading again


class Batches(NamedTuple):
    """Training batches, column by column: ``at`` counts epochs, 2.5 being the middle of the third."""

    at: "array[float]"
    loss: "array[float]"
    rate: "array[float]"  # learning rate; NaN where it was not told


class Clock(NamedTuple):
    """Unix seconds; ``spent`` are the seconds of earlier attempts, ``pid`` the worker of this one."""

    began: float = 0.0
    attempt_began: float = 0.0
    spent: float = 0.0
    pid: int = 0

    def seconds(self, now: float) -> float:
        """For how long the run had been at work by ``now``, pauses between attempts left out."""
        return self.spent + max(0.0, now - self.attempt_began)


class Moved(NamedTuple):
    """What happened since the last one. ``output``: what the process itself printed, part of ``log`` too."""

    history: RunHistory
    clock: Clock
    batches: Batches
    log: list[str]
    output: list[str]
    samples: Samples | None
    caught_up: bool  # all that was written before this thread began has been told
    remarks: "tuple[Remark, ...]" = ()  # what the curves say
    silent: float = 0.0  # seconds for which a worker that lives has made no progress, once that is worth a word


class RunThread(QThread):
    """Follows one run directory until its attempt ends.

    Closing the window ends this thread and never the run: the worker is a process of its own, and the next
    ``RunThread`` on the same directory shows the curve whole again.
    """

    moved = Signal(object)  # Moved, queued to the window's thread
    failed = Signal(object)  # LensmithError: the worker could not be started or followed

    def __init__(self, run_dir: Path, *, start: str = "", parent: QObject | None = None) -> None:
        """``start``: "launch", "resume", or empty to follow what goes on or went on already."""
        super().__init__(parent)
        self._run_dir = run_dir
        self._start = start
        self._left = threading.Event()
        self._history, self._clock = RunHistory(), Clock()
        self._batches, self._log, self._output = _no_batches(), list[str](), list[str]()
        self._printed = _Output(run_dir / OUTPUT)
        self._reader = SampleReader(run_dir)
        self._samples: SamplePredictions | None = None
        self._curve_reader = _CurveReader(run_dir)
        self._silent, self._listened = 0.0, 0.0
        self._told = 0.0
        self._news = False
        self._looks = 0

    def run(self) -> None:
        """Thread body; Qt calls it."""
        try:
            if self._start == "launch":
                supervisor.launch(self._run_dir)
            elif self._start == "resume":
                supervisor.resume(self._run_dir)
            for event in supervisor.follow(self._run_dir, given_up=self._on_poll, pause=self._left.wait):
                self._take(event)
                if self._left.is_set():
                    return
            self._look(last=True)
        except LensmithError as error:
            self._look(last=True)
            self.failed.emit(error)

    def leave(self) -> None:
        """Stop following at once; the run goes on."""
        self._left.set()
        self.wait()

    def _take(self, event: Event) -> None:
        self._history = self._history.apply(event)
        self._news = True
        match event:
            case Progress(phase=Phase.TRAINING, loss=float() as loss) if event.total:
                self._batches.at.append(event.epoch - 1 + event.done / event.total)
                self._batches.loss.append(loss)
                self._batches.rate.append(float("nan") if event.learning_rate is None else event.learning_rate)
            case LogLine(text=text):
                self._log.append(_timed(event.time, text))
            case Warned():
                self._log.append(_timed(event.time, f"{event.cause} {event.remedy}".strip()))
            case SamplePredictions():
                self._samples = event
            case Started() | Resumed():
                self._clock = Clock(self._clock.began or event.time, event.time, self._clock.spent, event.pid)
            case Finished():
                self._clock = self._clock._replace(spent=self._clock.seconds(event.time), attempt_began=event.time)
        if len(self._batches.at) >= MOST_BATCHES:
            self._tell()
            time.sleep(BREATH)
        elif time.monotonic() - self._told > TELL_EVERY:
            self._tell()

    def _on_poll(self) -> bool:
        self._look()
        return self._left.is_set()

    def _look(self, *, last: bool = False) -> None:
        """All events written so far are taken: see what else there is, and tell."""
        if self._left.is_set():
            return
        self._looks += 1  # the first one comes before any event
        self._news = self._news or self._looks == 2
        printed = self._printed.new_lines(last=last)
        self._output += printed
        self._log += printed
        samples = None
        if self._samples is not None:  # the newest, so that a run told again reads one file and not one an epoch
            samples, self._samples = self._reader.read(self._samples), None
        said = self._looks > 1 and self._curve_reader.read(self._history)
        self._news = self._news or bool(printed) or samples is not None or said
        self._listen(last=last)
        self._tell(samples)

    def _listen(self, *, last: bool) -> None:
        """The watchdog: once a second, whether the worker still makes progress."""
        now = time.monotonic()
        if last or now - self._listened >= LISTEN_EVERY:
            self._listened, before = now, self._silent
            self._silent = 0.0 if last else stalled(self._run_dir) or 0.0
            self._news = self._news or self._silent != before

    def _tell(self, samples: Samples | None = None) -> None:
        if self._news:
            self._news = False
            self._told = time.monotonic()
            columns = (self._batches, self._log, self._output, samples)
            remarks, caught_up = self._curve_reader.remarks, self._looks > 1
            self.moved.emit(Moved(self._history, self._clock, *columns, caught_up, remarks, self._silent))
            self._batches, self._log, self._output = _no_batches(), [], []


class _Output:
    """The lines that ``worker.log`` gained since the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = -1

    def new_lines(self, *, last: bool = False) -> list[str]:
        """Whole lines, and with ``last`` also what a process that died left of one."""
        try:
            size = self._path.stat().st_size
            if not 0 <= self._offset <= size or size - self._offset > MOST_OUTPUT:
                self._offset = max(0, size - MOST_OUTPUT)  # the first look, a flood, or the worker started it over
            with self._path.open("rb") as file:
                file.seek(self._offset)
                fresh = file.read()
        except OSError:
            return []
        whole = fresh if last else fresh[: fresh.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [line for line in whole.decode(errors="replace").splitlines() if line.strip()]


class _CurveReader:
    """What the rules say about the curves of a run, asked again after new epochs, now and then, and at the end."""

    def __init__(self, run_dir: Path) -> None:
        self._run = RunFolder(run_dir.name, run_dir)
        self._facts: CurveFacts | None = None
        self._judged = False  # when the facts were read
        self._read: tuple[int, str, bool] = (0, "", False)
        self._due = 0.0  # monotonic seconds
        self.remarks: tuple[Remark, ...] = ()

    def read(self, history: RunHistory) -> bool:
        """Whether they say something else than the last time."""
        judged = "report" in history.artifacts
        now = (history.epochs[-1].seq if history.epochs else 0, str(history.state), judged)
        if now == self._read or (now[1:] == self._read[1:] and time.monotonic() < self._due):
            return False
        self._read, began = now, time.monotonic()
        from core.actions.curve_remarks import curve_facts
        from core.training.diagnosis import diagnose

        before = self.remarks
        try:
            if self._facts is None or judged is not self._judged:
                self._facts, self._judged = curve_facts(self._run), judged
            self.remarks = diagnose(history, self._facts)
        except LensmithError:  # a file that cannot be read is told by who needs it
            self.remarks = ()
        self._due = time.monotonic() + max(1.0, 20 * (time.monotonic() - began))  # the window has its share of time too
        return self.remarks != before


def _no_batches() -> Batches:
    return Batches(array("d"), array("d"), array("d"))


def _timed(when: float, text: str) -> str:
    return f"{time.strftime('%H:%M:%S', time.localtime(when))}  {text}"
