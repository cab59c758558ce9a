"""The probe: some real steps before the start say how long a run will take, and whether it fits into memory."""

import psutil
from msgspec import Struct
from msgspec.structs import replace

from core.actions.child_work import alone, watch
from core.actions.splitting import missing_split
from core.actions.training import plan_run
from core.domain.dataset import Snapshot
from core.domain.errors import LensmithError
from core.domain.event import Outcome, Phase
from core.domain.history import RunHistory
from core.domain.progress import Progress, silent
from core.domain.run import RunSpec
from core.domain.usage import EnergySource
from core.runs.probing import PROBE_FILE, Forecast, Scope, excerpt, foretell, read_pace
from core.store.codec import write_json
from core.store.project_store import ProjectStore
from core.training.plan import Choices, Obstacle

STEPS = 20
FOLDER = "probe"  # in the cache folder: no run, and never listed as one
_KEPT_PICTURES = 0.25  # of free memory: what both engines fill with decoded pictures at most
_STEPS = {Phase.PREPARING: "Looking at pictures", Phase.TRAINING: "Trying some steps", Phase.EXPORTING: "Trying export"}


class ProbeResult(Struct, frozen=True, kw_only=True):
    """What a run with these choices would take here. Seconds are ``None`` where it does not fit.

    ``total_seconds`` counts all planned epochs, export and verification; patience may end a run sooner.
    """

    seconds_per_epoch: float | None = None
    low: float | None = None  # of ``seconds_per_epoch``
    high: float | None = None
    total_seconds: float | None = None
    total_low: float | None = None
    total_high: float | None = None
    peak_memory_mb: float | None = None
    peak_gpu_memory_mb: float | None = None
    kwh: float | None = None  # of the whole run
    energy_source: EnergySource | None = None
    device: str = ""
    batch_size: int | None = None
    fits: bool = True
    obstacle: Obstacle | None = None  # why it does not fit, and what to change
    warnings: tuple[str, ...] = ()  # what the engine said meanwhile, such as a batch that had to be halved


def probe_run(
    store: ProjectStore,
    model: str,
    choices: Choices,
    weights: str | None,
    progress: Progress = silent,
    steps: int = STEPS,
) -> ProbeResult:
    """Do about ``steps`` real training steps in a child process and leave nothing of it in the project.

    Half a minute of work; ``progress`` may raise ``Cancelled``, which ends the child.

    Raises:
        LensmithError: the choices are not complete, or the run fails for another reason than memory.
    """

    def frozen() -> Snapshot:
        return store.snapshot(missing_split(store.images(), choices.seed))  # as a run would split what has no part yet

    spec, snapshot, _ = plan_run(store, model, choices, weights, frozen, progress)
    folder = store.path / "cache" / FOLDER
    with alone(folder, "Another run of this project is being tried already, by another window or command."):
        short, part, scope = excerpt(spec, snapshot, steps)
        folder.mkdir()
        write_json(folder / "spec.json", short)
        write_json(folder / "snapshot.json", part)
        write_json(folder / PROBE_FILE, scope)
        history = watch(folder, progress, _STEPS)
        finished = history.finished
        if finished is None:
            raise LensmithError("The probe did not end.", "Try it again.")
        if finished.out_of_memory:
            return _without_room(history)
        if finished.outcome is not Outcome.COMPLETED:
            raise LensmithError(finished.reason, finished.remedy)
        return _result(history, foretell(read_pace(folder), scope), _pictures_mb(spec, part, scope))


def _without_room(history: RunHistory) -> ProbeResult:
    assert history.finished is not None
    cause = history.finished.reason
    remedy = "Choose a smaller batch or image size or a smaller model, or close other programs."
    return replace(_facts(history), fits=False, obstacle=Obstacle(cause, remedy, "batch_size"))


def _result(history: RunHistory, forecast: Forecast, pictures_mb: float) -> ProbeResult:
    known, usage = _facts(history), history.usage
    total, low, high = forecast.total
    a_second = usage.kwh / usage.seconds if usage and usage.kwh is not None and usage.seconds else None
    return replace(
        known,
        seconds_per_epoch=forecast.epoch[0],
        low=forecast.epoch[1],
        high=forecast.epoch[2],
        total_seconds=total,
        total_low=low,
        total_high=high,
        peak_memory_mb=None if known.peak_memory_mb is None else known.peak_memory_mb + pictures_mb,
        kwh=None if a_second is None else a_second * total,
        energy_source=usage.energy_source if usage else None,
    )


def _facts(history: RunHistory) -> ProbeResult:
    usage, device = history.usage, history.device
    return ProbeResult(
        peak_memory_mb=usage.peak_memory_mb if usage else None,
        peak_gpu_memory_mb=usage.peak_gpu_memory_mb if usage else None,
        device=device.device if device else "",
        batch_size=device.batch_size if device else None,
        warnings=tuple(f"{warned.cause} {warned.remedy}".strip() for warned in history.warnings),
    )


def _pictures_mb(spec: RunSpec, part: Snapshot, scope: Scope) -> float:
    """What the pictures that the probe left out will take once the engine keeps them decoded."""
    more = scope.train + scope.val - len(part.images)
    return min(more * 3 * spec.image_size**2, psutil.virtual_memory().available * _KEPT_PICTURES) / 1e6
