"""What a comparison would train and take, as rows to be shown; pure, no Qt."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from app.widgets.training.estimates import Estimate, estimate, total
from core.actions.experimenting import Prospect
from core.actions.reporting import RunSummary
from core.domain.run import CatalogueWeights, RunSpec, RunWeights, VaultWeights, mode_of, number_of, weights_of


class Planned(Struct, frozen=True, kw_only=True):
    """Trainings that differ in nothing but their seed. ``start``: a file's name or a run's number; empty for the usual.

    ``takes``: one of them.
    """

    mode: str
    model: str
    start: str = ""
    seeds: int = 1
    epochs: int = 0
    takes: Estimate | None = None


class Hindered(Struct, frozen=True, kw_only=True):
    """What cannot be trained, whatever its seed; ``modes``: all that the same sentence is true of."""

    model: str
    modes: tuple[str, ...]
    cause: str
    remedy: str


class Outlook(Struct, frozen=True, kw_only=True):
    """``takes``: of all runs; ``None`` while one of them cannot be judged."""

    planned: tuple[Planned, ...] = ()
    hindered: tuple[Hindered, ...] = ()
    takes: Estimate | None = None

    @property
    def runs(self) -> int:
        return sum(one.seeds for one in self.planned)


def outlook(
    prospect: Prospect,
    runs: Sequence[RunSummary],
    *,
    lanes: int,
    minutes: int,
    measured: Callable[[str, str, int], Estimate | None] = lambda mode, model, epochs: None,
) -> Outlook:
    """``minutes``: of computing, after which no run starts any more; 0 for no limit. ``measured``: what a probe said of
    mode, model and epochs; it knows better than earlier runs."""
    seeds: dict[tuple[str, str, str, int], int] = {}
    for spec in prospect.specs:
        kind = (mode_of(spec.start), spec.architecture, start_of(spec), spec.epochs)
        seeds[kind] = seeds.get(kind, 0) + 1
    planned = tuple(
        Planned(
            mode=mode,
            model=model,
            start=start,
            seeds=count,
            epochs=epochs,
            takes=measured(mode, model, epochs) or estimate(runs, mode, model, epochs),
        )
        for (mode, model, start, epochs), count in seeds.items()
    )
    known = [one.takes for one in planned for _ in range(one.seeds) if one.takes is not None]
    takes = total(known) if known and len(known) == len(prospect.specs) else None
    if takes is not None and lanes > 1:
        takes = Estimate(takes.seconds / lanes, takes.low / lanes, takes.high / lanes)
    if takes is not None and minutes:
        most = minutes * 60.0
        takes = Estimate(min(takes.seconds, most), min(takes.low, most), min(takes.high, most))
    return Outlook(planned=planned, hindered=_hindered(prospect), takes=takes)


def start_of(spec: RunSpec) -> str:
    match weights_of(spec.start):
        case RunWeights(run=run):
            return str(number_of(run))
        case VaultWeights(name=name):
            return name
        case CatalogueWeights() | None:
            return ""


def _hindered(prospect: Prospect) -> tuple[Hindered, ...]:
    modes: dict[tuple[str, str, str], list[str]] = {}
    for one in prospect.hindrances:
        modes.setdefault((one.model, one.cause, one.remedy), []).append(one.mode)
    return tuple(
        Hindered(model=model, modes=tuple(dict.fromkeys(filter(None, found))), cause=cause, remedy=remedy)
        for (model, cause, remedy), found in modes.items()
    )
