"""What a user can do in the window, one function a verb: each runs in the background and says what it changed."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.jobs import Job
from app.label_desk import LabelDesk
from app.state import Change, Session
from core.actions import splitting, training
from core.actions import weights as weights_verbs
from core.actions.doubt_list import standing_doubts
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.progress import Progress
from core.domain.source import ImportResult
from core.domain.task import Split, Task
from core.labelling.doubts import DoubtReport
from core.runs import supervisor
from core.store import classes
from core.store.journal import Edited
from core.store.run_store import RunFolder
from core.store.vault import VaultEntry
from core.training.plan import Choices

if TYPE_CHECKING:  # OpenCV comes with these: they are imported by the verbs, so that the window's start does not wait
    from core.actions.exporting import ExportedData
    from core.actions.importing import ImportChoices, OpenedSource
    from core.actions.merging import Choice, Comparison
    from core.actions.proposing import Found, Proposed, Proposer
    from core.actions.repairing import Located
    from core.actions.shipping import Exported
    from core.actions.tiling import Tiled
    from core.actions.tracking import Tracked

Parts = Mapping[str, Split | None]  # image hash -> part


def import_source(session: Session, source: Path) -> None:
    """Read ``source``; ``session.source_opened`` then hands it to whoever asks the user what becomes of it."""

    def work(progress: Progress) -> "OpenedSource | None":
        from core.actions import importing

        if any(opened.path == source and opened.waits for opened in session.sources):
            return None  # dropped twice: the user is being asked already
        opened = importing.open_for_preview(session.store, source, progress)
        session.sources.append(opened)
        return opened

    def ask(opened: "OpenedSource | None") -> None:
        if opened is not None:
            session.source_opened.emit(opened)

    session.jobs.run(session.tr("Reading {}").format(source.name), work, done=ask)


def import_opened(
    session: Session, opened: "OpenedSource", choices: "ImportChoices", done: Callable[[ImportResult], object]
) -> None:
    """Write an opened source into the project as the user decided."""

    def work(progress: Progress) -> ImportResult:
        from core.actions import importing

        return importing.run_import(session.store, importing.decided(opened.dataset, choices), progress)

    def finish(result: ImportResult) -> None:
        put_away(session, opened)
        done(result)

    opened.waits = False
    # One that failed stays open as long as the session: the disk may have been full, and the job is done once more.
    title = session.tr("Importing {}").format(opened.path.name)
    session.jobs.run(title, work, done=finish, ended=lambda: session.reload(Change.DATA))


def put_away(session: Session, opened: "OpenedSource") -> None:
    """Close a source that was imported, or that the user does not want."""
    if opened in session.sources:
        session.sources.remove(opened)
    session.jobs.run("", lambda progress: opened.close(), quiet=True)


def split_anew(session: Session, val: float, test: float, done: Callable[[Parts], object]) -> None:
    """Split all labelled images by these fractions; ``done`` gets the parts from before."""

    def work(progress: Progress) -> Parts:
        return splitting.resplit_project(session.store, val=val, test=test)

    _edit(session, session.tr("Splitting"), work, done)


def restore_split(session: Session, parts: Parts) -> None:
    """Undo ``split_anew``."""
    _edit(session, session.tr("Restoring the split"), lambda progress: session.store.set_splits(parts))


def fill_split(session: Session) -> None:
    """Give images that have no part one; the others keep theirs."""

    def work(progress: Progress) -> str | None:
        return splitting.fill_missing_split(session.store, seed=0)

    _edit(session, session.tr("Splitting"), work)


def set_task(session: Session, task: Task) -> None:
    """Say what all pictures of the project are labelled for."""

    def work(progress: Progress) -> None:
        session.store.set_task(task)

    session.jobs.run(session.tr("Saving"), work, done=lambda nothing: session.reload(Change.DATA), quiet=True)


def merge_classes(session: Session, keep: int, others: Sequence[int]) -> None:
    """Make several classes one."""

    _edit(session, session.tr("Merging classes"), lambda progress: classes.merge(session.store, keep, others))


def remove_class(session: Session, class_id: int) -> None:
    """Take a class that no image shows out of use."""
    _edit(session, session.tr("Removing a class"), lambda progress: classes.retire(session.store, class_id))


def locate_images(session: Session, folder: Path, done: "Callable[[Located], object]") -> None:
    """Find pictures that were moved in ``folder``."""

    def work(progress: Progress) -> "Located":
        from core.actions import repairing

        return repairing.locate_images(session.store, folder, progress)

    _edit(session, session.tr("Looking for pictures"), work, done)


def tile_images(session: Session, paths: Sequence[str], done: "Callable[[Tiled], object]") -> None:
    """Cut these pictures into overlapping tiles, which take their place."""
    wanted = set(paths)

    def work(progress: Progress) -> "Tiled":
        from core.actions import tiling

        images = [image for image in session.store.images() if image.path in wanted]
        return tiling.tile_images(session.store, images, progress=progress)

    _edit(session, session.tr("Cutting tiles"), work, done)


def take_changed(session: Session, paths: Sequence[str]) -> None:
    """Give changed pictures the labels that they had before."""

    def work(progress: Progress) -> int:
        from core.actions import repairing

        return repairing.take_changed(session.store, paths)

    _edit(session, session.tr("Keeping labels"), work)


def export_data(session: Session, format_name: str, target: Path, done: "Callable[[ExportedData], object]") -> None:
    """Write the data set to the new folder ``target`` and read it back."""

    def work(progress: Progress) -> "ExportedData":
        from core.actions import exporting  # ONNX Runtime, which the window's start does not wait for

        return exporting.export_data(session.store, format_name, target, progress)

    session.jobs.run(session.tr("Exporting to {}").format(target.name), work, done=done, lane="export")


def compare_project(session: Session, other: Path, done: "Callable[[Comparison], object]") -> None:
    """Look at what another person's project has that this one has not, or has otherwise; nothing is written."""

    def work(progress: Progress) -> "Comparison":
        from core.actions import merging  # formats, which the window's start does not wait for

        return merging.compare(session.store, other, progress)

    session.jobs.run(session.tr("Comparing with {}").format(other.name), work, done=done, lane="merge")


def merge_project(session: Session, desk: LabelDesk, found: "Comparison", choices: "Mapping[str, Choice]") -> None:
    """Bring it in, as one edit; ``choices``: whose labels count, by hash, for every conflict."""

    def work(progress: Progress) -> Edited | None:
        from core.actions import merging

        return merging.merge(session.store, found, choices, progress).edited

    title = session.tr("Merging with {}").format(found.name)
    desk.carry_out(title, work, done=lambda edited: session.reload(Change.DATA))


def _edit(
    session: Session,
    title: str,
    work: Callable[[Progress], Any],
    done: Callable[[Any], object] | None = None,
) -> None:
    """Change the project's data in the background, then read it again."""
    session.jobs.run(title, work, done=done, ended=lambda: session.reload(Change.DATA))


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


def propose(
    session: Session,
    desk: LabelDesk,
    proposer: "Proposer",
    images: Sequence[Image],
    thresholds: Mapping[str, float],
    *,
    add_classes: bool,
    done: "Callable[[Proposed | None], object]",
    failed: Callable[[LensmithError], object],
) -> Job:
    """Ask a model about ``images`` while labelling goes on; what it found is then saved as one edit.

    ``done`` gets ``None`` when the job was cancelled; nothing was saved then.
    """

    def look(progress: Progress) -> "Found":
        from core.actions import proposing

        return proposing.find(session.store, proposer, images, thresholds, progress)

    def keep(found: "Found") -> None:
        from core.actions import proposing  # the model came with it

        if job.is_cancelling:
            return
        results: list[Proposed] = []

        def save(progress: Progress) -> Edited | None:
            proposed, edited = proposing.save(session.store, found, add_classes=add_classes)
            results.append(proposed)
            return edited

        def tell(edited: Edited | None) -> None:
            if results[-1].added_classes:
                session.reload(Change.DATA)
            done(results[-1])

        desk.carry_out(session.tr("Saving proposals"), save, tell, failed)

    def end() -> None:
        if job.is_cancelling:
            done(None)

    title = session.tr("Proposing with {}").format(proposer.source)
    job = session.jobs.run(title, look, done=keep, failed=failed, ended=end, lane="propose")
    return job


def find_doubts(session: Session, run: str) -> Job:
    """Look for labels that the run, or without one models trained for it, contradicts; ``read_doubts`` then has them.

    Cancel ends the training.
    """

    def work(progress: Progress) -> None:
        from core.actions import doubting  # ONNX Runtime, which the window's start does not wait for

        doubting.find_doubts(session.store, run or None, progress)

    return session.jobs.run(session.tr("Checking labels"), work, lane="doubts")


def read_doubts(session: Session, done: Callable[[DoubtReport | None], object]) -> Job:
    """What the last search found and nobody has answered since; ``None`` before the first search."""

    def work(progress: Progress) -> DoubtReport | None:
        return standing_doubts(session.store)

    return session.jobs.run("", work, done=done, lane="read", quiet=True)


def track_to_next(session: Session, desk: LabelDesk, image_hash: str, done: Callable[["Tracked"], object]) -> None:
    """Propose the boxes of an image on the picture that follows it; ``done`` gets which one that is, and how many."""
    results: list[Tracked] = []

    def work(progress: Progress) -> Edited | None:
        from core.actions import tracking

        results.append(tracking.track(session.store, session.data.images, image_hash, progress))
        return results[-1].edited

    desk.carry_out(session.tr("Tracking to the next picture"), work, lambda edited: done(results[-1]))
