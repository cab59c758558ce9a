"""An experiment: several trainings on the same data, made to be compared."""

from typing import Any

from msgspec import Struct

from core.domain.task import Effort

MOST_SEEDS = 5


class ExperimentPlan(Struct, frozen=True, kw_only=True):
    """What is to be compared: every mode with every model, all start weights that fit it, and every seed.

    ``weights``: as ``lensmith train --weights`` takes them; none: those of the catalogue. ``seeds``: how many, 1 to 5,
    counted from the seed in ``overrides``. ``budget_minutes``: of computing, for all runs together; once it is used up
    none starts any more. ``overrides``: fields of ``core.training.plan.Choices`` that the effort dial does not decide.
    """

    modes: tuple[str, ...]
    models: tuple[str, ...]
    weights: tuple[str, ...] = ()
    seeds: int = 1
    budget_minutes: float | None = None
    effort: Effort = Effort.BALANCED
    overrides: dict[str, Any] = {}


class Experiment(Struct, frozen=True, kw_only=True):
    """``experiments/NNNN.json``. ``runs``: in the order of their turns; ``snapshot``: hash of the data of all."""

    schema_version: int = 1
    number: int
    title: str
    plan: ExperimentPlan
    runs: tuple[str, ...]
    snapshot: str


class Membership(Struct, frozen=True, kw_only=True):
    """``experiment.json`` of a run: the number of the experiment that it was made for."""

    schema_version: int = 1
    experiment: int


class Hindrance(Struct, frozen=True, kw_only=True):
    """A combination that cannot be trained, whatever its seed: why, and what to do. Empty: whichever."""

    model: str = ""
    mode: str = ""
    weights: str = ""
    cause: str
    remedy: str = ""
