"""Comparing runs in the window, one function a verb: each reads or writes files in the background."""

from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

from msgspec import Struct

from app.jobs import Job
from app.state import Session
from core.actions.pricing import read_prices
from core.actions.reporting import history_of
from core.domain.comparison import Comparison
from core.domain.errors import LensmithError
from core.domain.event import EpochFinished
from core.domain.experiment import Experiment
from core.domain.lineage import Lineage
from core.domain.progress import Progress
from core.store.experiments import list_experiments
from core.store.run_store import RunStore


class RunCurve(Struct, frozen=True, kw_only=True):
    """The epochs of a run. ``seconds``: training time at the end of each, all attempts together."""

    run: str
    epochs: tuple[EpochFinished, ...]
    seconds: tuple[float, ...]
    damage: str = ""  # why the run could not be read


def compare_runs(
    session: Session,
    ids: Sequence[str],
    done: Callable[[Comparison], object],
    failed: Callable[[LensmithError], object],
) -> Job:
    """Judge the runs against each other on the same images."""

    def work(progress: Progress) -> Comparison:
        import pyqtgraph  # noqa: F401 - half a second, which the window has not

        from core.actions import comparing  # metrics, which the window's start does not wait for

        return comparing.compare_runs(RunStore(session.path), ids, read_prices(), progress)

    title = session.tr("Comparing %n run(s)", "", len(ids))
    return session.jobs.run(title, work, done=done, failed=failed, lane="compare")


def read_curves(session: Session, ids: Sequence[str], done: Callable[[tuple[RunCurve, ...]], object]) -> Job:
    """What the runs said at the end of each epoch; one that cannot be read is among them, with why."""

    def work(progress: Progress) -> tuple[RunCurve, ...]:
        runs, found = RunStore(session.path), []
        for number, run in enumerate(ids):
            progress(number, len(ids), run)
            try:
                epochs = history_of(runs.get(run)).epochs
            except LensmithError as error:
                found.append(RunCurve(run=run, epochs=(), seconds=(), damage=error.cause))
                continue
            seconds = tuple(accumulate(epoch.seconds for epoch in epochs))
            found.append(RunCurve(run=run, epochs=epochs, seconds=seconds))
        return tuple(found)

    return session.jobs.run(session.tr("Reading curves"), work, done=done, lane="curves", quiet=True)


def read_experiments(session: Session, done: Callable[[tuple[Experiment, ...]], object]) -> Job:
    """All experiments of the project, oldest first; none where their files are damaged."""

    def work(progress: Progress) -> tuple[Experiment, ...]:
        return list_experiments(session.path)

    return session.jobs.run("", work, done=done, failed=lambda error: done(()), lane="experiments", quiet=True)


def read_lineage(session: Session, done: Callable[[Lineage], object], failed: Callable[[LensmithError], object]) -> Job:
    """What each run started from, what changed on the way, and what that did."""

    def work(progress: Progress) -> Lineage:
        from core.actions import lineage  # metrics, which the window's start does not wait for

        return lineage.lineage(RunStore(session.path), progress)

    return session.jobs.run("", work, done=done, failed=failed, lane="lineage", quiet=True)


def save_comparison(session: Session, comparison: Comparison, target: Path, done: Callable[[Path], object]) -> Job:
    """Write the comparison to ``target``, whose ending says as what; ``done`` gets it back."""

    def work(progress: Progress) -> Path:
        from core.actions import comparison_files

        comparison_files.save_comparison(comparison, target)
        return target

    return session.jobs.run(session.tr("Saving {}").format(target.name), work, done=done, lane="export")
