"""What a user can do in the window, one function a verb: each runs in the background and says what it changed."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from app.jobs import Job
from app.state import Change, Session
from core.actions import importing, training
from core.actions import weights as weights_verbs
from core.domain.errors import LensmithError
from core.domain.progress import Progress
from core.domain.source import ImportResult
from core.runs import supervisor
from core.store.run_store import RunFolder
from core.store.vault import VaultEntry
from core.training.plan import Choices

if TYPE_CHECKING:  # ONNX Runtime, which the window's start does not wait for
    from core.actions.shipping import Exported


def import_source(session: Session, source: Path) -> None:
    """Read ``source`` and write it into the project."""

    def work(progress: Progress) -> ImportResult:
        with importing.opened(session.store, source, progress=progress) as dataset:
            return importing.run_import(session.store, dataset, progress)

    session.jobs.run(session.tr("Importing {}").format(source.name), work, ended=lambda: session.reload(Change.DATA))


def start_run(session: Session, model: str, choices: Choices, weights: str | None) -> Job:
    """Freeze the data into a run directory, start its worker and follow it."""

    def work(progress: Progress) -> RunFolder:
        return training.prepare_run(session.store, model, choices, weights, progress)[0]

    def follow(run: RunFolder) -> None:
        session.show_run(run, start="launch")
        session.page_wanted.emit("train")
        session.reload()  # the split may have been made just now

    return session.jobs.run(session.tr("Preparing the run"), work, done=follow)


def resume_run(session: Session, run: RunFolder) -> None:
    """Go on from the run's last checkpoint."""
    session.show_run(run, start="resume")
    session.page_wanted.emit("train")


def kill_run(session: Session, run: RunFolder) -> None:
    """End the run's worker at once; the run can be resumed."""
    session.jobs.run(session.tr("Ending the run"), lambda progress: supervisor.kill(run.path), lane="kill", quiet=True)


def fetch_weights(session: Session, model: str, done: Callable[[VaultEntry], object]) -> Job:
    """Download the published weights of ``model`` into the vault."""

    def work(progress: Progress) -> VaultEntry:
        return weights_verbs.fetch(model, progress)

    return session.jobs.run(session.tr("Fetching weights"), work, done=done, lane="weights")


def import_weights(session: Session, path: Path, done: Callable[[VaultEntry], object]) -> Job:
    """Take a weights file into the vault."""

    def work(progress: Progress) -> VaultEntry:
        return weights_verbs.take_in(path, progress)

    return session.jobs.run(session.tr("Importing {}").format(path.name), work, done=done, lane="weights")


def export_onnx(
    session: Session,
    run: RunFolder,
    target: Path,
    done: "Callable[[Exported | None], object]",
    *,
    replace: bool,
    failed: Callable[[LensmithError], object],
) -> Job:
    """Copy the run's verified ONNX file to ``target``; ``done`` gets ``None`` where a file lies there already."""

    def work(progress: Progress) -> "Exported | None":
        from core.actions import shipping

        return shipping.ship(run, target, replace=replace)

    title = session.tr("Exporting {}").format(target.name)
    return session.jobs.run(title, work, done=done, failed=failed, lane="export")


def save_report(session: Session, run_id: str, target: Path) -> None:
    """Write a run's report to ``target``, whose ending says as what."""

    def work(progress: Progress) -> None:
        from core.actions import report_files

        report_files.save_report(session.run_folder(run_id), target)

    session.jobs.run(session.tr("Saving {}").format(target.name), work, lane="export")
