"""What a user can do with runs and their queue, one function a verb: each works in the background."""

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from app.jobs import Job
from app.queue_watch import QueuedRun, QueueWatch
from app.state import Change, Session
from core.actions import curve_files, experimenting, organising, probing, queueing, training
from core.actions.experimenting import Prospect
from core.actions.organising import Trash
from core.actions.probing import ProbeResult
from core.actions.reporting import RunSummary
from core.domain.data_choice import DataChoice
from core.domain.errors import LensmithError
from core.domain.experiment import Experiment, ExperimentPlan
from core.domain.progress import Progress
from core.domain.run_notes import RunNotes
from core.domain.task import Split
from core.runs import supervisor
from core.runs.status import is_alive
from core.store.run_store import RunFolder, RunStore
from core.training.plan import Choices, Obstacle


def queue_run(
    session: Session,
    watch: QueueWatch,
    model: str,
    choices: Choices,
    weights: str | None,
    *,
    first: bool,
    done: Callable[[RunFolder], object],
) -> Job:
    """Freeze the data into a run directory that waits for its turn: the next one, or the last."""

    def work(progress: Progress) -> RunFolder:
        run = training.prepare_run(session.store, model, choices, weights, progress)[0]
        queueing.enqueue(session.path, [run.id])
        if first:
            queueing.move(session.path, run.id, 0)
        return run

    def told(run: RunFolder) -> None:
        session.reload()  # the split may have been made just now
        done(run)

    # In the lane of all that writes to the project: the split may have to be made.
    return session.jobs.run(session.tr("Preparing the run"), work, done=told, ended=watch.look)


def try_steps(
    session: Session,
    model: str,
    choices: Choices,
    weights: str | None,
    *,
    done: Callable[[ProbeResult], object],
    ended: Callable[[], object],
) -> Job:
    """Measure some real steps; nothing of it stays in the project."""

    def work(progress: Progress) -> ProbeResult:
        return probing.probe_run(session.store, model, choices, weights, progress)

    return session.jobs.run(session.tr("Trying a few steps"), work, done=done, ended=ended, lane="probe", quiet=True)


def move_queued(session: Session, watch: QueueWatch, run: str, before: str) -> None:
    """Give a waiting run the turn before another one, or the last."""

    def work(progress: Progress) -> None:
        others = [entry.run for entry in queueing.read_queue(session.path).entries if entry.run != run]
        queueing.move(session.path, run, others.index(before) if before in others else len(others))

    watch.change(session.tr("Changing the queue"), work, shown=watch.reading.moved(run, before))


def remove_queued(session: Session, watch: QueueWatch, run: str) -> None:
    """The run waits no longer; it is kept as it is."""

    def work(progress: Progress) -> None:
        queueing.remove(session.path, [run])

    watch.change(session.tr("Changing the queue"), work, shown=watch.reading.without(run))


def put_back(session: Session, watch: QueueWatch, run: QueuedRun, before: str) -> None:
    """Undo ``remove_queued``."""

    def work(progress: Progress) -> None:
        entries = queueing.enqueue(session.path, [run.run], run.experiment).entries
        others = [entry.run for entry in entries if entry.run != run.run]
        if before in others:
            queueing.move(session.path, run.run, others.index(before))

    watch.change(session.tr("Changing the queue"), work)


def queue_again(session: Session, watch: QueueWatch, runs: Sequence[str]) -> None:
    """Runs that were never begun, or that ended before they were done, wait for their turn."""

    def work(progress: Progress) -> None:
        queueing.enqueue(session.path, runs)

    watch.change(session.tr("Changing the queue"), work)


def pause_queue(session: Session, watch: QueueWatch, paused: bool) -> None:
    """While paused nothing is launched; what is under way goes on."""

    def work(progress: Progress) -> None:
        queueing.set_paused(session.path, paused)

    watch.change(session.tr("Changing the queue"), work, shown=replace(watch.reading, paused=paused))


def repeat_run(session: Session, watch: QueueWatch, run: str, more: int) -> None:
    """Queue the same run with ``more`` other seeds, on the same frozen data."""

    def work(progress: Progress) -> None:
        runs = RunStore(session.path)
        source = runs.get(run)
        made = experimenting.repeat(runs, source, experimenting.unused_seeds(runs, source, more), progress)
        queueing.enqueue(session.path, [one.id for one in made])

    title = session.tr("Queueing %n run(s)", "", more)
    watch.change(title, work, done=lambda nothing: session.reload(Change.RUNS), quiet=False)


class Acquaintance(Struct, frozen=True, kw_only=True):
    """Training images beside what an earlier run learned from.

    ``old``: it learned from them as they are now. ``risk``: what training on all would cost, because pictures of a
    class have left the project; ``risk_of_new``: what training on the ``new`` ones alone would cost.
    """

    run: str
    new: int
    old: int
    risk: Obstacle | None = None
    risk_of_new: Obstacle | None = None


def look_at_ancestor(session: Session, run: str, *, done: Callable[[Acquaintance], object]) -> Job:
    """How the training images stand to those that ``run`` learned from."""

    def work(progress: Progress) -> Acquaintance:
        from core.training import mixing  # OpenCV, which the window's start does not wait for

        ancestor, now = session.run_folder(run).snapshot(), session.store.snapshot()
        train = now.part(Split.TRAIN)
        risk = mixing.forgetting_risk(ancestor, train) if train else None
        try:
            chosen, use = mixing.choose(now, DataChoice(new_only=True), ancestor, progress)
        except LensmithError:  # nothing is new
            return Acquaintance(run=run, new=0, old=len(train), risk=risk)
        risk_of_new = mixing.forgetting_risk(ancestor, chosen.part(Split.TRAIN))
        return Acquaintance(run=run, new=use.chosen, old=len(train) - use.chosen, risk=risk, risk_of_new=risk_of_new)

    return session.jobs.run("", work, done=done, failed=lambda error: None, lane="plan", quiet=True)


def look_at_experiment(
    session: Session,
    plan: ExperimentPlan,
    *,
    done: Callable[[Prospect], object],
    failed: Callable[[LensmithError], object],
    ended: Callable[[], object],
) -> Job:
    """What a comparison would train, and what stands in its way."""

    def work(progress: Progress) -> Prospect:
        return experimenting.look_at(session.store, plan, progress)

    return session.jobs.run("", work, done=done, failed=failed, ended=ended, lane="plan", quiet=True)


def queue_experiment(
    session: Session,
    watch: QueueWatch,
    plan: ExperimentPlan,
    *,
    done: Callable[[Experiment], object],
    ended: Callable[[], object],
) -> Job:
    """Make and queue all runs of a comparison that can be trained."""

    def work(progress: Progress) -> Experiment:
        made = experimenting.prepare_experiment(session.store, plan, progress=progress, partial=True)[0]
        queueing.go_on(session.path)
        return made

    def told(made: Experiment) -> None:
        watch.look()
        session.reload()  # the split may have been made just now
        done(made)

    return session.jobs.run(session.tr("Preparing the comparison"), work, done=told, ended=ended)


def cancel_experiment(session: Session, watch: QueueWatch, experiment: Experiment) -> None:
    """Its waiting runs wait no longer, and one that goes on stops and keeps its best; what is done is kept."""
    own = set(experiment.runs)

    def work(progress: Progress) -> None:
        entries = [entry for entry in queueing.read_queue(session.path).entries if entry.run in own]
        going = [entry.run for entry in entries if is_alive(session.run_folder(entry.run).path)]
        queueing.remove(session.path, [entry.run for entry in entries if entry.run not in going])
        for run in going:
            supervisor.request_stop(session.run_folder(run).path)

    watch.change(session.tr("Cancelling the comparison"), work, done=lambda nothing: session.reload(Change.RUNS))


# What is said of runs, and the trash


def mark_runs(
    session: Session, runs: Sequence[RunSummary], *, star: bool | None = None, archived: bool | None = None
) -> None:
    """Give runs a star or take it, put them aside or bring them back."""
    ids = [run.run for run in runs]

    def work(progress: Progress) -> dict[str, RunNotes]:
        return organising.change_runs(session.path, ids, star=star, archived=archived)

    _say(session, work)


def note_run(session: Session, run: str, notes: RunNotes) -> None:
    """Replace all that was said about a run."""
    _say(session, lambda progress: {run: organising.set_notes(session.path, run, notes)})


def _say(session: Session, work: Callable[[Progress], dict[str, RunNotes]]) -> None:
    def show(said: dict[str, RunNotes]) -> None:
        session.show_runs([_noted(run, said[run.run]) if run.run in said else run for run in session.runs])

    session.jobs.run(session.tr("Saving notes"), work, done=show, lane="notes", quiet=True)


def _noted(run: RunSummary, notes: RunNotes) -> RunSummary:
    return replace(run, star=notes.star, tags=notes.tags, archived=notes.archived, note=notes.note)


def delete_runs(session: Session, runs: Sequence[RunSummary], done: Callable[[Sequence[RunSummary]], object]) -> None:
    """Move runs to the trash; ``done`` gets those moved, for ``undelete_runs``."""

    def work(progress: Progress) -> tuple[str, ...]:
        return organising.delete_runs(session.path, [run.run for run in runs])

    def forget(gone: tuple[str, ...]) -> None:
        session.leave_runs(gone)
        session.show_runs([run for run in session.runs if run.run not in gone])
        done(runs)

    session.jobs.run(session.tr("Moving to the trash"), work, done=forget, lane="notes", quiet=True)


def undelete_runs(session: Session, runs: Sequence[str]) -> None:
    """Bring runs back from the trash, with those that they started from."""

    def work(progress: Progress) -> tuple[str, ...]:
        return organising.restore_runs(session.path, runs)

    def show(back: tuple[str, ...]) -> None:
        session.reload(Change.RUNS)

    session.jobs.run(session.tr("Bringing back from the trash"), work, done=show, lane="notes", quiet=True)


def look_into_trash(session: Session, done: Callable[[Trash], object]) -> None:
    """What lies there, and how much room it takes."""
    session.jobs.run("", lambda progress: organising.trash(session.path), done=done, lane="notes", quiet=True)


def empty_trash(session: Session, runs: Sequence[str], done: Callable[[], object]) -> None:
    """Delete these for good."""

    def work(progress: Progress) -> None:
        organising.empty_trash(session.path, runs)

    session.jobs.run(session.tr("Emptying the trash"), work, ended=done, lane="notes")


def save_table(session: Session, target: Path) -> None:
    """Write all runs to a CSV file."""

    def work(progress: Progress) -> None:
        curve_files.save_runs(session.path, target)

    session.jobs.run(session.tr("Saving {}").format(target.name), work, lane="export")


def save_curves(session: Session, run: str, target: Path, *, batches: bool) -> None:
    """Write the curves of a run to a CSV file, a row an epoch or a batch."""

    def work(progress: Progress) -> None:
        folder = session.run_folder(run)
        if batches:
            curve_files.save_batches(folder, target)
        else:
            curve_files.save_curves(folder, target)

    session.jobs.run(session.tr("Saving {}").format(target.name), work, lane="export")
