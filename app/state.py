"""What the window shows now: one open project, read again in the background whenever it changed."""

from collections.abc import Collection, Sequence
from enum import Flag, auto
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.jobs import Jobs
from app.live_run import LiveRun
from app.settings import Settings
from app.thumbnails import Thumbnails
from core.actions.checking import CheckReport, check_project
from core.actions.projects import ProjectData, read_project, relabelled
from core.actions.reporting import RunSummary, summaries
from core.domain.labels import ImageLabels
from core.domain.progress import Progress
from core.store.project_store import ProjectStore
from core.store.run_store import RunFolder, RunStore

if TYPE_CHECKING:
    from core.actions.importing import OpenedSource  # OpenCV, which the window's start does not wait for


class Change(Flag):
    """What a page may have to show anew."""

    DATA = auto()  # images, annotations, classes, splits: ``session.data``
    FINDINGS = auto()  # ``session.report``, which follows the data a little later
    RUNS = auto()  # ``session.runs``
    LABELS = auto()  # labels of some images: ``session.data`` has them, ``session.report`` does not
    LIVE = auto()  # another run is followed, or the followed one ended: ``session.live``
    ACCESS = auto()  # the project can be written now, or no longer


class Session(QObject):
    """One project as long as the window has it open.

    Verbs (``app/edits.py``) change the store and then call ``reload``; pages read ``data``, ``report``, ``runs`` and
    ``live`` and refresh when ``changed`` concerns them. Pages ask for each other by name through ``page_wanted``.
    """

    changed = Signal(object)  # Change
    failed = Signal(object)  # LensmithError: the window shows it
    page_wanted = Signal(str)  # "data", "label", "train", "results", "ship"
    run_chosen = Signal(str)  # id of the run that Results and Ship should show
    compare_wanted = Signal(object)  # ids of the runs that Results should show beside each other
    source_opened = Signal(object)  # OpenedSource: somebody must ask the user what becomes of it

    def __init__(self, store: ProjectStore, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.store, self.settings = store, settings
        self.jobs = Jobs(self)
        self.jobs.failed.connect(self.failed)
        self.data = ProjectData(info=store.info)
        self.loaded = False  # until the first reading is done, ``data`` is empty whatever the project holds
        self.report: CheckReport | None = None
        self.runs: tuple[RunSummary, ...] = ()  # oldest first
        self.live: LiveRun | None = None
        self.sources: list[OpenedSource] = []  # read, and waiting for the user's choices
        self._thumbnails: Thumbnails | None = None
        self._chosen_run = ""
        self._places: dict[str, int] | None = None  # image hash -> index in ``data.images``
        self._relabelled: list[dict[str, ImageLabels]] = []  # what a reading under way may not have seen
        self._relabelled_before = 0  # how many went through that list and are in ``data`` for good
        self._is_behind = False  # ``report`` is about labels from before

    @property
    def thumbnails(self) -> Thumbnails:
        """Those of all pages; its threads start with the first picture that is asked for."""
        if self._thumbnails is None:
            self._thumbnails = Thumbnails(self.store.cache_dir, self)
        return self._thumbnails

    @property
    def path(self) -> Path:
        return self.store.path

    @property
    def reading_only(self) -> str:
        """Why nothing can be changed here, in one sentence; empty when everything can."""
        if not self.store.read_only:
            return ""
        if self.store.holder is None:
            return self.tr("Read-only: the project's folder cannot be written.")
        holder = self.store.holder
        return self.tr("Read-only: {0} on {1} has it open (process {2}).").format(holder.user, holder.host, holder.pid)

    def place_of(self, image_hash: str) -> int | None:
        """Where an image is in ``data.images``."""
        if self._places is None:
            self._places = {image.hash: place for place, image in enumerate(self.data.images)}
        return self._places.get(image_hash)

    def relabel(self, labels: dict[str, ImageLabels]) -> None:
        """These labels (by image hash) were saved: ``data`` has them at once, without reading all of it again."""
        self._relabelled.append(labels)
        self._is_behind = True
        if self.loaded:
            self._put(labels)
        self.changed.emit(Change.LABELS)

    def catch_up(self) -> None:
        """Read data and findings anew if labels were changed since."""
        if self._is_behind:
            self.reload(Change.DATA)

    def _put(self, labels: dict[str, ImageLabels]) -> None:
        images = self.data.images
        assert isinstance(images, list)
        for image_hash, new in labels.items():
            place = self.place_of(image_hash)
            if place is not None:
                images[place] = relabelled(images[place], new)

    def reload(self, what: Change = Change.DATA | Change.RUNS) -> None:
        """Read ``what`` again in the background; ``changed`` tells when it is there."""
        if Change.DATA in what:
            self.jobs.run("", self._read_data, done=self._take_data, lane="read", quiet=True)
        if Change.RUNS in what:
            self.jobs.run("", self._read_runs, done=self._take_runs, lane="runs", quiet=True)

    def show_run(self, run: RunFolder, start: str = "") -> LiveRun:
        """Follow ``run`` in place of the one followed now; ``start``: "launch", "resume", or empty."""
        self._leave_run()
        self.live = LiveRun(run, start=start, parent=self)
        self.live.failed.connect(self.failed)
        self.live.over.connect(self._run_over)
        self.changed.emit(Change.LIVE)
        return self.live

    def show_runs(self, runs: Sequence[RunSummary]) -> None:
        """What was just changed on disk is shown at once; a reading under way may not have seen it."""
        is_reading = any(job.lane == "runs" for job in self.jobs.jobs)
        self._take_runs(tuple(runs))
        if is_reading:
            self.reload(Change.RUNS)

    def leave_runs(self, runs: Collection[str]) -> None:
        """Follow none of these any more: they go to the trash."""
        if self.live is not None and self.live.run.id in runs:
            self._leave_run()
            self.changed.emit(Change.LIVE)

    def run_folder(self, run_id: str) -> RunFolder:
        return RunStore(self.path).get(run_id)

    @property
    def chosen_run(self) -> str:
        """The run that Results and Ship show: the one chosen, else the newest that finished, else nothing."""
        ids = [run.run for run in self.runs]
        if self._chosen_run in ids:
            return self._chosen_run
        return next((run.run for run in reversed(self.runs) if run.seconds is not None), "")

    def choose_run(self, run_id: str) -> None:
        self._chosen_run = run_id
        self.run_chosen.emit(run_id)

    def close(self) -> None:
        """End what this window began and free the project; a run goes on."""
        self._leave_run()
        if self._thumbnails is not None:
            self._thumbnails.close()
        self.jobs.close()
        for source in self.sources:
            source.close()
        self.store.close()

    def _read_data(self, progress: Progress) -> tuple[ProjectData, int]:
        known = self._relabelled_before + len(self._relabelled)
        return read_project(self.store), known

    def _take_data(self, read: tuple[ProjectData, int]) -> None:
        data, known = read
        self.data, self.loaded, self._places, self._is_behind = data, True, None, False
        del self._relabelled[: known - self._relabelled_before]
        self._relabelled_before = known
        for labels in self._relabelled:
            self._put(labels)
            self._is_behind = True
        self.changed.emit(Change.DATA)

        def check(progress: Progress) -> CheckReport:
            return check_project(self.store, images=data.images)

        self.jobs.run("", check, done=self._take_report, lane="read", quiet=True)

    def _take_report(self, report: CheckReport) -> None:
        self.report = report
        self.changed.emit(Change.FINDINGS)

    def _read_runs(self, progress: Progress) -> tuple[RunSummary, ...]:
        return summaries(RunStore(self.path))

    def _take_runs(self, runs: tuple[RunSummary, ...]) -> None:
        self.runs = runs
        self.changed.emit(Change.RUNS)

    def _run_over(self) -> None:
        self.changed.emit(Change.LIVE)
        self.reload(Change.RUNS)

    def _leave_run(self) -> None:
        if self.live is not None:
            self.live.leave()
            self.live.deleteLater()
            self.live = None
