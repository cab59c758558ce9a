"""Experiments: several trainings on one snapshot, made to be compared; and runs made after the pattern of another."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import count, islice
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core.actions.projects import read_project
from core.actions.splitting import fill_missing_split
from core.actions.training import facts_of_data
from core.actions.weights import resolve
from core.domain.dataset import Snapshot
from core.domain.errors import LensmithError
from core.domain.experiment import MOST_SEEDS, Experiment, ExperimentPlan, Hindrance, Membership
from core.domain.progress import Progress, silent
from core.domain.run import FineTune, RunSpec, Transfer, WeightsRef, mode_of, weights_of
from core.runs.queue import enqueue
from core.runs.status import worker_of
from core.store.codec import read_json
from core.store.experiments import add_experiment, find_experiment
from core.store.project_store import ProjectStore
from core.store.run_store import EXPERIMENT, RunFolder, RunStore
from core.training.catalog import Entry, catalogue, find
from core.training.facts import DataFacts
from core.training.hardware import has_nvidia_card
from core.training.plan import MODES, Choices, Obstacle, make_spec, plan

# Fields of ``Choices`` that are not among ``ExperimentPlan.overrides``; all runs train on the same images.
_OF_THE_PLAN = ("mode", "weights", "effort", "data")

Start = tuple[str, str, WeightsRef | None]  # mode, the weights as they were asked for, the weights


class Prospect(Struct, frozen=True, kw_only=True):
    """What an experiment would train, in the order of turns, and what of it cannot be.

    ``specs`` do not name the snapshot, which is not made yet.
    """

    specs: tuple[RunSpec, ...]
    hindrances: tuple[Hindrance, ...]


def overrides_of(choices: Choices) -> dict[str, Any]:
    """What a form changed, as ``ExperimentPlan.overrides`` takes it."""
    plain = Choices(mode=choices.mode)
    names = [name for name in Choices.__struct_fields__ if name not in _OF_THE_PLAN]
    changed = {name: getattr(choices, name) for name in names if getattr(choices, name) != getattr(plain, name)}
    return dict(msgspec.json.decode(msgspec.json.encode(changed)))  # as it will be read from the file


def look_at(store: ProjectStore, wanted: ExperimentPlan, progress: Progress = silent) -> Prospect:
    """Whether ``wanted`` can be done with the data as it is; nothing is written in the project.

    Start weights are looked up, and unpacked where they come packed, so never in the window's thread.
    Raises ``LensmithError`` for a plan that can never be done, whatever the data.
    """
    _check(wanted)
    facts = facts_of_data(read_project(store))
    if facts is None:
        raise LensmithError("The project has no labelled pictures yet.", "Import labelled pictures first.")
    specs: list[RunSpec] = []
    hindrances: list[Hindrance] = []
    entries = _entries(wanted, facts, hindrances)
    starts = _starts(wanted, entries, RunStore(store.path), hindrances, progress)
    for entry in entries:
        for mode, weights, reference in starts[entry.name]:
            choices = _choices(wanted, mode, reference)
            made = plan(entry, choices, facts, cuda=has_nvidia_card() and choices.device != "cpu")
            if isinstance(made, RunSpec):
                specs += [replace(made, seed=made.seed + index) for index in range(wanted.seeds)]
            else:
                hindrances += [_hindrance(entry.name, mode, weights, obstacle) for obstacle in made]
    # Seed by seed: should the budget be used up early, every combination has had its turn.
    specs.sort(key=lambda spec: spec.seed)
    return Prospect(specs=tuple(specs), hindrances=tuple(hindrances))


def prepare_experiment(
    store: ProjectStore, wanted: ExperimentPlan, title: str = "", progress: Progress = silent, *, partial: bool = False
) -> tuple[Experiment, str | None]:
    """Make all runs on one snapshot, or none, and queue them; the queue's process is not started here.

    Also returns a sentence when the data had to be split first. Raises ``LensmithError`` naming every combination that
    cannot be trained, before anything is written; with ``partial``, those are left out as long as some can.
    """
    prospect = look_at(store, wanted, progress)
    if prospect.hindrances and not (partial and prospect.specs):
        raise refusal(prospect)
    note = fill_missing_split(store, prospect.specs[0].seed)
    snapshot = store.snapshot()
    data_hash = snapshot.data_hash()
    specs = [replace(spec, snapshot=data_hash) for spec in prospect.specs]
    runs = RunStore(store.path)

    def make(number: int) -> Experiment:
        _sweep(store, runs)
        folders = _create_all(runs, specs, snapshot, number, progress)
        return Experiment(
            number=number,
            title=title or title_of(wanted),
            plan=wanted,
            runs=tuple(folder.id for folder in folders),
            snapshot=data_hash,
        )

    experiment = add_experiment(store.path, make)
    enqueue(store.path, experiment.runs, experiment.number)
    return experiment, note


def refusal(prospect: Prospect) -> LensmithError:
    """All hindrances as one error."""
    told = dict.fromkeys(
        " ".join(filter(None, (one.mode, one.model, one.weights))) + f": {one.cause}" for one in prospect.hindrances
    )
    remedies = dict.fromkeys(one.remedy for one in prospect.hindrances if one.remedy)
    return LensmithError("This cannot be trained: " + " ".join(told), " ".join(remedies))


def title_of(wanted: ExperimentPlan) -> str:
    """What an experiment is called unless somebody gave it a name: ``scratch, transfer · lite0 · 3 seeds``."""
    seeds = [f"{wanted.seeds} seeds"] if wanted.seeds > 1 else []
    return " · ".join([", ".join(wanted.modes), ", ".join(wanted.models), *seeds])


def choices_of(spec: RunSpec) -> Choices:
    """The filled-in form that gives ``spec`` again; nothing is left to the effort dial but the warm-up."""
    alike = set(Choices.__struct_fields__) & set(RunSpec.__struct_fields__)
    start = spec.start
    return Choices(
        mode=mode_of(start),
        weights=weights_of(start),
        backbone_lr_scale=start.backbone_lr_scale if isinstance(start, FineTune) else None,
        unfreeze_after=start.unfreeze_after if isinstance(start, Transfer) else None,
        **{name: getattr(spec, name) for name in alike},
    )


def clone(
    runs: RunStore, run: RunFolder, changes: Mapping[str, Any] | None = None, snapshot: Snapshot | None = None
) -> RunFolder:
    """A run like ``run``, waiting: with ``changes`` of fields of ``Choices``, on the same data unless others are given.

    Raises ``LensmithError`` if it cannot be trained so.
    """
    return clones(runs, run, [changes or {}], snapshot)[0]


def clones(
    runs: RunStore,
    run: RunFolder,
    changes: Iterable[Mapping[str, Any]],
    snapshot: Snapshot | None = None,
    progress: Progress = silent,
) -> list[RunFolder]:
    """Like ``clone``, a run for each of ``changes``; all or none are made."""
    spec, same_data = run.spec(), snapshot is None
    data = snapshot or run.snapshot()
    specs = []
    for one in changes:
        choices = replace(choices_of(spec), **one)
        made = make_spec(_entry_of(spec), choices, data, cuda=has_nvidia_card() and choices.device != "cpu")
        if not isinstance(made, RunSpec):
            raise LensmithError(made[0].cause, made[0].remedy)
        warmup = min(spec.warmup_epochs, made.epochs / 4)
        specs.append(replace(made, warmup_epochs=warmup, data_use=spec.data_use if same_data else None))
    return _create_all(runs, specs, data, 0, progress)


def repeat(runs: RunStore, run: RunFolder, seeds: Sequence[int], progress: Progress = silent) -> list[RunFolder]:
    """Runs like ``run`` on the same data, one for each seed; all or none are made."""
    return clones(runs, run, [{"seed": seed} for seed in seeds], None, progress)


def unused_seeds(runs: RunStore, run: RunFolder, number: int) -> list[int]:
    """The smallest seeds that no run with the same settings and data has."""
    spec = run.spec()
    used = {other.seed for other in _readable(runs) if replace(other, seed=spec.seed) == spec}
    return list(islice((seed for seed in count() if seed not in used), number))


def frozen_now(store: ProjectStore) -> Snapshot:
    """The data that a run would train on if it were made now."""
    fill_missing_split(store, 0)
    return store.snapshot()


def _check(wanted: ExperimentPlan) -> None:
    if not wanted.modes or not wanted.models:
        raise LensmithError("There is nothing to compare.", "Choose at least one mode and one model.")
    if strange := [mode for mode in wanted.modes if mode not in MODES]:
        raise LensmithError(f"There is no mode “{strange[0]}”.", f"Choose among {', '.join(MODES)}.")
    if not 1 <= wanted.seeds <= MOST_SEEDS:
        raise LensmithError(f"{wanted.seeds} seeds cannot be compared.", f"Choose 1 to {MOST_SEEDS}.")
    if wanted.budget_minutes is not None and not wanted.budget_minutes > 0:
        raise LensmithError("In no time nothing can be trained.", "Choose a budget of more than 0 minutes.")
    unknown = [name for name in wanted.overrides if name not in Choices.__struct_fields__ or name in _OF_THE_PLAN]
    if unknown:
        raise LensmithError(f"An experiment has no setting “{unknown[0]}”.", "Leave it out.")
    _choices(wanted, wanted.modes[0], None)


def _choices(wanted: ExperimentPlan, mode: str, weights: WeightsRef | None) -> Choices:
    try:
        choices = msgspec.convert({**wanted.overrides, "mode": mode}, Choices)
    except msgspec.ValidationError as error:
        raise LensmithError(f"A setting cannot be used: {error}.", "Correct it.") from error
    return replace(choices, weights=weights, effort=wanted.effort)


def _entries(wanted: ExperimentPlan, facts: DataFacts, hindrances: list[Hindrance]) -> list[Entry]:
    entries = []
    for model in dict.fromkeys(wanted.models):
        try:
            entries.append(find(model, facts.task))
        except LensmithError as error:
            hindrances.append(Hindrance(model=model, cause=error.cause, remedy=error.remedy))
    return entries


def _starts(
    wanted: ExperimentPlan, entries: Sequence[Entry], runs: RunStore, hindrances: list[Hindrance], progress: Progress
) -> dict[str, list[Start]]:
    """Model -> what it can start from. Weights may fit some of the models only, but each has to fit one."""
    starts: dict[str, list[Start]] = {}
    fits: set[str] = set()
    refusals: dict[str, LensmithError] = {}
    modes = [mode for mode in dict.fromkeys(wanted.modes) if mode != "scratch"]
    for entry in entries:
        found: list[tuple[str, WeightsRef | None]] = []
        for text in (dict.fromkeys(wanted.weights) or [""]) if modes else []:
            try:
                found.append((text, resolve(text or None, entry, runs, progress)))
                fits.add(text)
            except LensmithError as error:
                refusals[text] = error
        if modes and not found:
            cause, remedy = "none of the given weights fit it.", "Give weights of this model too, or leave it out."
            if "" in (wanted.weights or ("",)):
                cause, remedy = refusals[""].cause, refusals[""].remedy
            hindrances += [Hindrance(model=entry.name, mode=mode, cause=cause, remedy=remedy) for mode in modes]
        starts[entry.name] = [
            start
            for mode in dict.fromkeys(wanted.modes)
            for start in ([(mode, "", None)] if mode == "scratch" else [(mode, *one) for one in found])
        ]
    for text, refused in refusals.items():
        if text and text not in fits:
            hindrances.append(Hindrance(weights=text, cause=refused.cause, remedy=refused.remedy))
    return starts


def _hindrance(model: str, mode: str, weights: str, obstacle: Obstacle) -> Hindrance:
    return Hindrance(model=model, mode=mode, weights=weights, cause=obstacle.cause, remedy=obstacle.remedy)


def _entry_of(spec: RunSpec) -> Entry:
    """What is known of a run's model, which need not be in the catalogue."""
    for entry in catalogue():
        if (entry.name, entry.engine) == (spec.architecture, spec.engine):
            return entry
    return Entry(
        name=spec.architecture,
        title=spec.architecture,
        task=spec.task,
        engine=spec.engine,
        parameters=None,
        flops=None,
        image_size=spec.image_size,
    )


def _create_all(
    runs: RunStore, specs: Sequence[RunSpec], snapshot: Snapshot, experiment: int, progress: Progress
) -> list[RunFolder]:
    """Folders for all, or, whatever goes wrong, for none."""
    made: list[RunFolder] = []
    try:
        for spec in specs:
            progress(len(made), len(specs), "Preparing runs")
            made.append(runs.create(spec, snapshot, experiment))
    except BaseException:
        for run in made:
            shutil.rmtree(run.path, ignore_errors=True)
        raise
    return made


def _sweep(store: ProjectStore, runs: RunStore) -> None:
    """Remove runs of an experiment whose preparation died before it was whole; nobody has started them."""
    for run in runs.list():
        file = run.path / EXPERIMENT
        with suppress(LensmithError):  # what cannot be read is left alone
            if not file.exists() or worker_of(run.path):
                continue
            if find_experiment(store.path, read_json(file, Membership).experiment) is None:
                shutil.rmtree(run.path, ignore_errors=True)


def _readable(runs: RunStore) -> Iterable[RunSpec]:
    for run in runs.list():
        try:
            yield run.spec()
        except LensmithError:  # a damaged run has no seed that anybody could use again
            continue
