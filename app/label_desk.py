"""What is on the desk while labelling: labels as the user sees them, saved in the background as they change."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence

from PySide6.QtCore import QObject, Qt, Signal

from app.jobs import is_refused_by_disk
from app.state import Change, Session
from core.domain.errors import LensmithError
from core.domain.labels import ImageLabels
from core.domain.progress import Progress
from core.store import labels as stored
from core.store.journal import Edit, Edited

_KEPT = 500  # images whose labels stay in memory


class LabelDesk(QObject):
    """Labels of images by hash. A change is seen at once; each is one transaction, in the order in which they came.

    Where the disk refuses, what was wanted stays here and on the screen, and the window offers to try again.
    """

    changed = Signal(object)  # set of hashes whose labels are known, or known anew
    steps_changed = Signal()  # ``undo_step``, ``redo_step`` or ``is_saving``

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._known: OrderedDict[str, ImageLabels] = OrderedDict()
        self._wanted: dict[str, ImageLabels] = {}  # not saved yet
        self._asked: set[str] = set()
        self._edits = 0  # saved since the window has the project
        self._edited: dict[str, int] = {}  # image hash -> the last of them that changed it
        self.undo_step: Edit | None = None
        self.redo_step: Edit | None = None
        session.changed.connect(self._refresh_if_read_anew)
        session.jobs.unsaved_changed.connect(self._look_for_discarded, Qt.ConnectionType.QueuedConnection)
        self._run(lambda progress: None)

    @property
    def is_saving(self) -> bool:
        """Whether something on the screen is not on the disk yet."""
        return bool(self._wanted)

    def get(self, image_hash: str) -> ImageLabels | None:
        """What the user should see; ``None`` while it is being read, and then ``changed`` tells."""
        found = self._wanted.get(image_hash) or self._known.get(image_hash)
        if found is None:
            self.prepare([image_hash])
        return found

    def prepare(self, hashes: Iterable[str]) -> None:
        """Read labels that will be asked for soon."""
        asked = [one for one in hashes if one not in self._known and one not in self._asked]
        if not asked:
            return
        self._asked.update(asked)

        edits_before = self._edits

        def work(progress: Progress) -> dict[str, ImageLabels]:
            return stored.read_labels(self._session.store, asked)

        def take(labels: dict[str, ImageLabels]) -> None:
            """An image that was edited while it was read is known better already."""
            self._take({one: found for one, found in labels.items() if self._edited.get(one, 0) <= edits_before})

        def ended() -> None:
            self._asked.difference_update(asked)

        self._session.jobs.run("", work, done=take, ended=ended, lane="labels", quiet=True)

    def change(self, verb: str, detail: Sequence[str], labels: Mapping[str, ImageLabels]) -> None:
        """Give images these labels: seen now, saved as soon as the disk has them. One step of undo."""
        wanted, refused = dict(labels), False
        self._wanted.update(wanted)
        self._say_changed(wanted)

        def work(progress: Progress) -> Edited | None:
            if refused:  # later changes went on from this one, and may be saved already
                for one in list(wanted):
                    wanted[one] = self._wanted.get(one) or self._known.get(one) or wanted[one]
            return stored.edit(self._session.store, verb, detail, wanted)

        def settle(edited: Edited | None) -> None:
            for one, state in wanted.items():
                if self._wanted.get(one) == state:  # else something newer is on its way
                    self._known[one] = self._wanted.pop(one)

        def fail(error: LensmithError) -> None:
            nonlocal refused
            refused = is_refused_by_disk(error)
            if not refused:
                self._give_up(wanted)

        self._run(work, settle, fail)

    def undo(self) -> None:
        """Take the last edit back, whichever image it was of."""
        self._run(lambda progress: stored.undo(self._session.store))

    def redo(self) -> None:
        self._run(lambda progress: stored.redo(self._session.store))

    def carry_out(
        self,
        title: str,
        work: Callable[[Progress], Edited | None],
        done: Callable[[Edited | None], object] | None = None,
        failed: Callable[[LensmithError], object] | None = None,
    ) -> None:
        """Longer work that ends in one edit: proposals, merged classes. The window shows its failure in any case."""
        self._run(work, done, failed, title)

    def refresh(self) -> None:
        """Labels may have been changed by others: an import, another command."""
        known, self._known = list(self._known), OrderedDict()
        self.prepare(known)

    def _run(
        self,
        work: Callable[[Progress], Edited | None],
        done: Callable[[Edited | None], object] | None = None,
        failed: Callable[[LensmithError], object] | None = None,
        title: str = "",
    ) -> None:

        def carry_out(progress: Progress) -> tuple[Edited | None, tuple[Edit | None, Edit | None]]:
            return work(progress), stored.next_steps(self._session.store)

        def take(result: tuple[Edited | None, tuple[Edit | None, Edit | None]]) -> None:
            edited, (self.undo_step, self.redo_step) = result
            if done is not None:
                done(edited)
            if edited is not None:
                self._take_edit(edited)

        def fail(error: LensmithError) -> None:
            if failed is not None:
                failed(error)
            self._session.failed.emit(error)

        shown = title or self.tr("Saving labels")
        self._session.jobs.run(shown, carry_out, done=take, failed=fail, ended=self.steps_changed.emit, quiet=not title)

    def _take_edit(self, edited: Edited) -> None:
        self._edits += 1
        self._edited.update(dict.fromkeys(edited.labels, self._edits))
        self._take(edited.labels)
        self._session.relabel(edited.labels)
        if edited.classes:
            self._session.reload(Change.DATA)

    def _take(self, labels: Mapping[str, ImageLabels]) -> None:
        for image_hash, one in labels.items():
            self._known[image_hash] = one
            self._known.move_to_end(image_hash)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        self._say_changed(labels)

    def _refresh_if_read_anew(self, change: Change) -> None:
        if change & Change.DATA:
            self.refresh()

    def _look_for_discarded(self) -> None:
        """What the disk refused is wanted as long as the window offers to try again, or is trying."""
        jobs = self._session.jobs
        if self._wanted and not jobs.unsaved and not any(job.lane == "project" for job in jobs.jobs):
            self._give_up(list(self._wanted))
            self.steps_changed.emit()

    def _give_up(self, hashes: Iterable[str]) -> None:
        """What is stored counts again."""
        for one in hashes:
            self._wanted.pop(one, None)
        self._say_changed(hashes)

    def _say_changed(self, hashes: Iterable[str]) -> None:
        self.changed.emit(frozenset(hashes))
