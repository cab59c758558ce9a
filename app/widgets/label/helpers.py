"""What stands behind the buttons of Help me: dialogs that propose, check, merge and keep files for other tools."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget
from shiboken6 import isValid

from app import edits
from app.label_desk import LabelDesk
from app.mirror_keeper import MirrorKeeper
from app.state import Session
from app.widgets.canvas.image_canvas import ImageCanvas
from app.widgets.data.export_menu import ExportMenu
from core.actions.checking import DEFAULT_SIZE
from core.domain.dataset import Image
from core.domain.progress import Progress
from core.domain.run import number_of
from core.domain.task import Task

if TYPE_CHECKING:  # readers of formats, which the window's start does not wait for
    from core.actions.merging import Comparison
    from core.actions.tracking import Tracked


class Helpers(QObject):
    """Each opens over ``page``; what they change goes through the desk and can be undone."""

    review_wanted = Signal()
    picture_wanted = Signal(str)  # image hash

    def __init__(self, session: Session, desk: LabelDesk, page: QWidget) -> None:
        super().__init__(page)
        self._session, self._desk, self._page = session, desk, page
        self.mirror = MirrorKeeper(session, desk)
        self.dialog: QDialog | None = None  # the one that was opened last
        self.exports = ExportMenu(session, self.tr("Export labels"), page)

    def help_with(self, name: str, image: Image | None, class_id: int | None, filtered: Sequence[Image]) -> None:
        """Open what a button of Help me names; ``filtered``: pictures that a filter leaves, if there is one."""
        verbs: dict[str, Callable[[], object]] = {
            "propose": partial(self.propose, [one.hash for one in filtered]),
            "contours": partial(self.find_contours, image, class_id),
            "check": self.check_labels,
            "import_folder": self.import_folder,
            "import_file": self.import_file,
            "mirror": self.show_mirror,
            "merge": self.choose_project,
        }
        verbs[name]()

    def import_folder(self) -> None:
        """Pictures, labels, or both; the preview is on the Data page, where every import is decided."""
        self._import(QFileDialog.getExistingDirectory(self._page, self.tr("Folder to import")))

    def import_file(self) -> None:
        """An archive, or a file of labels."""
        kinds = self.tr("Archives and label files ({})").format("*.zip *.tar *.tar.gz *.tgz *.json *.csv *.yaml *.yml")
        self._import(QFileDialog.getOpenFileName(self._page, self.tr("File to import"), "", kinds)[0])

    def _import(self, chosen: str) -> None:
        if chosen:
            self._session.page_wanted.emit("data")
            edits.import_source(self._session, Path(chosen))

    def propose(self, shown: list[str]) -> None:
        """``shown``: hashes of the pictures that a filter leaves, if there is one."""
        from app.widgets.label.propose_dialog import ProposeDialog

        dialog = ProposeDialog(self._session, self._desk, self._page, shown=shown)
        dialog.review_wanted.connect(self.review_wanted)
        self._open(dialog)

    def find_contours(self, image: Image | None, class_id: int | None) -> None:
        """Beginning with this picture and this class."""
        if image is None:
            return
        from app.widgets.label.contour_panel import ContourPanel

        self._open(ContourPanel(self._session, self._desk, image, class_id, self._page))

    def track(self, image: Image | None) -> None:
        """Find its boxes again on the picture that follows it, and show that one."""
        if image is not None and not self._session.reading_only:
            edits.track_to_next(self._session, self._desk, image.hash, self._show_tracked)

    def _show_tracked(self, tracked: "Tracked") -> None:
        if isValid(self):
            self.picture_wanted.emit(tracked.image.hash)

    def check_labels(self) -> None:
        """Beside the window, which stays usable."""
        from app.widgets.label.doubt_dialog import DoubtDialog

        dialog = DoubtDialog(self._session, self._desk, self._page)
        dialog.picture_wanted.connect(self.picture_wanted)
        self.dialog = dialog
        dialog.show()

    def show_mirror(self) -> None:
        """The folder of label files that follows the project."""
        from app.widgets.label.mirror_dialog import MirrorDialog

        keeper = self.mirror
        dialog = MirrorDialog(keeper.state, self._session.path.parent / f"{self._session.path.name}-labels", self._page)
        dialog.set_up_wanted.connect(keeper.set_up)
        dialog.give_up_wanted.connect(keeper.give_up)
        dialog.look_wanted.connect(keeper.look)
        dialog.settle_wanted.connect(keeper.settle)

        def show() -> None:
            if isValid(dialog):
                dialog.show_state(keeper.state, keeper.error)

        keeper.changed.connect(show)
        dialog.destroyed.connect(lambda: keeper.changed.disconnect(show) if isValid(keeper) else None)
        self._open(dialog)
        keeper.look()

    def choose_project(self) -> None:
        """Somebody else's project, to take its labels in; conflicts are shown side by side."""
        chosen = QFileDialog.getExistingDirectory(
            self._page, self.tr("Project to merge into this one"), str(self._session.path.parent)
        )
        if chosen:
            edits.compare_project(self._session, Path(chosen), self._show_comparison)

    def _show_comparison(self, found: "Comparison") -> None:
        if not isValid(self._page):
            return  # the project was closed meanwhile
        from app.widgets.label.merge_dialog import MergeDialog

        dialog = MergeDialog(found, self._page)
        dialog.merge_wanted.connect(partial(edits.merge_project, self._session, self._desk, found))
        self._open(dialog)

    def find_training_size(self, canvas: ImageCanvas) -> None:
        """Tell it at how many pixels the newest run trained: boxes that are tiny there are worth a word."""
        session, runs = self._session, self._session.runs

        def work(progress: Progress) -> int:
            newest = max((run.run for run in runs), key=number_of, default="")
            return session.run_folder(newest).spec().image_size if newest else DEFAULT_SIZE[Task.DETECTION]

        def take(size: int) -> None:
            if isValid(canvas):
                canvas.training_size = size

        session.jobs.run("", work, done=take, failed=lambda error: None, lane="label index", quiet=True)

    def _open(self, dialog: QDialog) -> None:
        self.dialog = dialog
        dialog.open()
