"""The probe: a few real steps of a run, timed. A worker does them in place of the run, and nothing of them is kept.

Its folder looks like that of a run and has ``probe.json``, a ``Scope``, beside ``spec.json``; ``pace.json`` comes out,
a ``Pace``. The data are a part of the run's, and there are three epochs: the first reads all pictures anew (and is
where a frozen backbone is still frozen), the two after it go on as all later ones will. Each ends with a validation
and a checkpoint, as in the run itself. ``foretell`` then reckons from the part to the whole.
"""

import math
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median, quantiles

from msgspec import Struct
from msgspec.structs import replace

from core.domain.dataset import Snapshot
from core.domain.event import EpochFinished, Finished, Outcome, Phase, Progress, RunEvent
from core.domain.run import RunSpec, Transfer
from core.domain.task import Split, Task
from core.runs.evaluation import ONNX
from core.store.codec import read_json, write_json
from core.training.contract import Backend, Reporter, StopRequested, TrainingJob

PROBE_FILE, PACE_FILE = "probe.json", "pace.json"
_EPOCHS = 3
_PATIENCE, _LEAST_STEPS = 60.0, 3  # seconds of training, after which so many steps are enough
_VAL_IMAGES = 32  # for a time a picture; each engine looks at them in two batches at least
_FEATURE_BATCH = 16  # images a pass where the backbone stands still
_AUTO_BATCH = 128  # images a step at most where the card decides
_MARGIN = 0.1  # by which a machine of the same load may be slower or faster, whatever the spread of steps says


class Scope(Struct, frozen=True, kw_only=True):
    """The run that the probe stands for: images by split, epochs, and those of them with the backbone frozen before
    everything trains."""

    train: int
    val: int
    test: int
    epochs: int
    frozen: int = 0


class Pace(Struct, frozen=True, kw_only=True):
    """Seconds of the probe's parts.

    ``preparing``: what an engine counts before it trains (features, decoding). ``first_steps`` and ``steps``: of each
    step of the first epoch and of the later ones; empty where epochs are all that an engine tells (a head on
    features). ``epochs``: whole ones, each from the end of the one before, with validation and checkpoint.
    """

    train: int  # images of the probe, not of the run
    val: int
    preparing: float
    first_steps: tuple[float, ...]
    steps: tuple[float, ...]
    steps_an_epoch: int
    epochs: tuple[float, ...]  # fewer than three, perhaps none, where steps take very long
    startup: float  # libraries, network, first step
    export: float


class Forecast(Struct, frozen=True):
    """Seconds an epoch (a later one) and of the whole run, each as most likely, low and high."""

    epoch: tuple[float, float, float]
    total: tuple[float, float, float]


def excerpt(spec: RunSpec, snapshot: Snapshot, steps: int) -> tuple[RunSpec, Snapshot, Scope]:
    """What to train in place of a run of ``spec``: about ``steps`` steps in three epochs on a part of the images.

    Images are sorted by their hash, so the first ones are as good a sample as any.
    """
    train, val = snapshot.part(Split.TRAIN), snapshot.part(Split.VAL)
    start, frozen, batch = spec.start, 0, spec.batch_size or _AUTO_BATCH
    if isinstance(start, Transfer):
        frozen = start.unfreeze_after or 0
        if frozen >= spec.epochs:
            start, frozen = replace(start, unfreeze_after=None), 0
        elif frozen:
            start = replace(start, unfreeze_after=1)
        if spec.task is Task.CLASSIFICATION and start.unfreeze_after is None:
            batch = min(batch, _FEATURE_BATCH)
    part = train[: max(2, -(-steps // _EPOCHS) * batch)]
    # The fourth epoch never comes: engines do something of their own in the last one, or need no warm-up for three.
    short = replace(spec, start=start, epochs=_EPOCHS + 1, patience=0)
    test = len(snapshot.part(Split.TEST))
    scope = Scope(train=len(train), val=len(val), test=test, epochs=spec.epochs, frozen=frozen)
    return short, replace(snapshot, images=(*part, *val[:_VAL_IMAGES])), scope


def probe(job: TrainingJob, backend: Backend, report: Reporter, began: float) -> Finished:
    """Train, export, and write ``pace.json``. ``began``: monotonic seconds at which the process did."""
    job = replace(job, cache_dir=_own_cache(job))
    clock = _Clock(report, began)
    try:
        backend.fit(job, clock)
    except StopRequested:
        if not clock.has_enough:
            return Finished(outcome=Outcome.STOPPED, reason="Stopped on request.")
    at = time.monotonic()
    if clock.epochs:  # else there are no weights yet
        backend.export(job, job.run_dir / ONNX, report)
    train, val = (len(job.snapshot.part(split)) for split in (Split.TRAIN, Split.VAL))
    write_json(job.run_dir / PACE_FILE, clock.pace(train, val, time.monotonic() - at))
    return Finished(outcome=Outcome.COMPLETED)


def read_pace(folder: Path) -> Pace:
    return read_json(folder / PACE_FILE, Pace)


def foretell(pace: Pace, scope: Scope) -> Forecast:
    """From the probe's part to the whole run: steps and pictures are multiplied, the beginning and the export are not.

    The bounds come from the spread of the steps (of the epochs where no steps were told), ten per cent at least.
    """
    more, looks = scope.train / max(pace.train, 1), scope.val / max(pace.val, 1)
    steps, first_steps = pace.steps or pace.first_steps, pace.first_steps
    step, first_step = median(steps or [0.0]), median(first_steps or [0.0])
    later = pace.epochs[1:] or pace.epochs
    # What an epoch takes beside its steps: validation and checkpoint. The second may hold what is done only once.
    rest = max(0.0, min(later) - step * pace.steps_an_epoch) if steps and later else 0.0
    if not later:  # forwards alone, a third of a step
        rest = step * pace.steps_an_epoch / max(pace.train, 1) * pace.val / 3

    def whole(step: float, epochs: Sequence[float]) -> float:
        return (more * pace.steps_an_epoch * step + looks * rest) if step else more * mean(epochs)

    epoch, first = whole(step, later), whole(first_step, pace.epochs[:1])
    preparing = pace.preparing * (scope.train + scope.val) / max(pace.train + pace.val, 1)
    # Both splits go through the ONNX file, the validation split through the network once more: parity.
    verifying = rest / max(pace.val, 1) * (2 * scope.val + scope.test)
    frozen = min(scope.frozen, scope.epochs)
    # In the first epoch pictures are decoded that are kept from then on.
    epochs = frozen * first + (scope.epochs - frozen) * epoch + (0.0 if frozen else max(0.0, first - epoch))
    low, high = _spread(steps or later)
    around = pace.startup + preparing + verifying + pace.export

    def total(factor: float, margin: float) -> float:
        return (around + epochs * factor) * margin

    return Forecast(
        epoch=(epoch, epoch * low * (1 - _MARGIN), epoch * high * (1 + _MARGIN)),
        total=(total(1.0, 1.0), total(low, 1 - _MARGIN), total(high, 1 + _MARGIN)),
    )


def _spread(seconds: Sequence[float]) -> tuple[float, float]:
    """How far the quick and the slow ones of some steps are from the middle one, as factors."""
    middle = median(seconds)
    if middle <= 0:
        return 1.0, 1.0
    tenths = quantiles(seconds, n=10, method="inclusive") if len(seconds) > 1 else [middle]
    return tenths[0] / middle, tenths[-1] / middle


def _own_cache(job: TrainingJob) -> Path:
    """A cache that is thrown away with the probe, with the features that the project's own holds already."""
    own = job.run_dir / "cache"
    own.mkdir(exist_ok=True)
    if (job.cache_dir / "features").is_dir():
        shutil.copytree(job.cache_dir / "features", own / "features", copy_function=_link)
    if (job.cache_dir / "precision.json").exists():
        _link(str(job.cache_dir / "precision.json"), str(own / "precision.json"))
    return own


def _link(source: str, target: str) -> None:
    """Files of a cache are replaced, never written into, so that a second name will do."""
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copyfile(source, target)


class _Clock:
    """Times what an engine tells, and stops it after the third epoch."""

    def __init__(self, report: Reporter, began: float) -> None:
        self._report, self._began = report, began
        self._heard_at = self._epoch_at = time.monotonic()
        self._before: Progress | None = None  # the step told last, and when
        self._step_at = 0.0
        self._steps: list[tuple[int, float]] = []  # epoch, seconds
        self._preparing, self._startup = 0.0, -1.0
        self._train_at = math.inf
        self.epochs: list[float] = []

    def emit(self, event: RunEvent) -> None:
        now = time.monotonic()
        match event:
            case Progress(phase=Phase.TRAINING):
                self._begin(now)
                self._take_step(event, now)
                all_steps = _EPOCHS * event.total
                done = min(all_steps, (event.epoch - 1) * event.total + event.done)
                event = replace(event, done=done, total=all_steps)
            case Progress() if not self.epochs and self._before is None:
                self._preparing += now - self._heard_at
            case EpochFinished(epoch=epoch) if epoch > 0:
                self._begin(now, event.seconds)
                self.epochs.append(now - self._epoch_at if self.epochs else event.seconds)
                self._epoch_at = now
        self._report.emit(event)
        self._heard_at = now

    def check_stop(self) -> None:
        self._report.check_stop()
        if self.has_enough:
            raise StopRequested

    @property
    def has_enough(self) -> bool:
        """Three epochs, or some steps where they take so long that nobody would wait for more."""
        return len(self.epochs) >= _EPOCHS or (
            len(self._steps) >= _LEAST_STEPS and time.monotonic() - self._train_at > _PATIENCE
        )

    def pace(self, train: int, val: int, export: float) -> Pace:
        return Pace(
            train=train,
            val=val,
            preparing=self._preparing,
            first_steps=tuple(seconds for epoch, seconds in self._steps if epoch == 1),
            steps=tuple(seconds for epoch, seconds in self._steps if epoch > 1),
            steps_an_epoch=self._before.total if self._before else 0,
            epochs=tuple(self.epochs),
            startup=max(0.0, self._startup),
            export=export,
        )

    def _begin(self, now: float, seconds: float = 0.0) -> None:
        """Training has begun ``seconds`` ago, if nothing of it was told before."""
        if self._startup < 0:
            self._startup = now - self._began - self._preparing - seconds
            self._train_at = now

    def _take_step(self, event: Progress, now: float) -> None:
        """Some engines tell every step, others one now and then; the first of an epoch has nothing to be timed from."""
        before = self._before
        if before is not None and before.epoch == event.epoch and event.done > before.done:
            steps = event.done - before.done
            self._steps += [(event.epoch, (now - self._step_at) / steps)] * steps
        self._before, self._step_at = event, now
