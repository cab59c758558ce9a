"""Try it: pictures go in, and what the ONNX file says about them comes out."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.jobs import Job, Jobs
from app.thumbnails import Thumbnails
from app.translations import said
from app.widgets.drop_zone import paths_in
from app.widgets.elided import ElidedLabel
from app.widgets.grid_layout import CellSize
from app.widgets.image_grid import ImageGrid
from app.widgets.overlay import Overlay
from app.widgets.parts import Card, Glyph, button, duration, label
from app.widgets.picture_dialog import PictureDialog
from app.widgets.threshold_slider import ThresholdSlider
from app.widgets.tried_pictures import at_threshold, counts, latency, overlay_of
from app.widgets.trouble import Trouble, breakable
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.progress import Progress
from core.domain.task import Task

if TYPE_CHECKING:  # OpenCV and ONNX Runtime, which the window does not wait for
    from core.actions.predicting import ImageAnswer
    from core.actions.trying import Tried, Unread
    from core.inference.onnx_model import OnnxModel

MOST = 1000  # pictures at once; for whole archives there is the command line
SAMPLE = 24  # test pictures, evenly chosen
NAMED = 3  # unreadable files that are named; more are counted
PICTURES = "*.jpg *.jpeg *.png *.bmp *.tif *.tiff *.webp"


class Attempt:
    """One round. The thread adds to ``results``; what is there already may be read at any time."""

    def __init__(self, model: Path, paths: Sequence[Path]) -> None:
        self.model, self.paths = model, paths
        self.opened: OnnxModel | None = None
        self.results: list[Tried | Unread] = []
        self.left_out = 0  # pictures beyond ``MOST``

    def carry_out(self, kept: "dict[tuple[Path, int], OnnxModel]", progress: Progress) -> None:
        """In a thread, one at a time; ``kept`` holds the model that was opened last, by path and time."""
        from core.actions import predicting, trying
        from core.inference.onnx_model import OnnxModel

        progress(0, 0, "Opening the model")
        key = (self.model, _changed_at(self.model))
        if key not in kept:
            opened = OnnxModel.open(self.model)
            kept.clear()
            kept[key] = opened
        self.opened = kept[key]
        if not self.paths:
            return
        progress(0, 0, "Looking for pictures")
        found = predicting.picture_paths(self.paths)
        self.left_out = max(0, len(found) - MOST)
        for result in trying.try_pictures(self.opened, found[:MOST], progress):
            self.results.append(result)


class TryModel(Card):
    """Takes pictures, folders and ONNX files by drop; shows boxes at any threshold without predicting anew."""

    def __init__(self, jobs: Jobs, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setAcceptDrops(True)
        self._jobs, self._thumbnails = jobs, thumbnails
        self._own, self._own_title = Path(), ""
        self._other: Path | None = None
        self._test: Sequence[str] = ()
        self._paths: Sequence[Path] = ()
        self._kept: dict[tuple[Path, int], OnnxModel] = {}
        self._attempt: Attempt | None = None
        self._job: Job | None = None
        self._tried: list[Tried] = []  # those of the attempt's results that are shown
        self._unread: list[Unread] = []
        self._answers: dict[str, ImageAnswer] = {}  # by path, boxes of every score
        self.grid = ImageGrid(thumbnails)
        self.grid.set_overlay(self._overlay_of)
        self.grid.opened.connect(self._open_picture)
        self.threshold = ThresholdSlider()
        self.threshold.changed.connect(self._show_threshold)
        self.trouble, self.unread = Trouble(), Trouble("caution")
        self._stack = QStackedWidget()
        self._stack.addWidget(self._make_empty())
        self._stack.addWidget(self._make_results())
        self._make_head()
        self.body.addLayout(self._make_actions())
        self.body.addWidget(self._make_progress())
        self.body.addWidget(self.trouble)
        self.body.addWidget(self._stack, 1)

    # Which model

    def show_run(self, file: Path, title: str, test_pictures: Sequence[str]) -> None:
        """Use the file of a run, called ``title``. Pictures that are there already are tried again with it."""
        self._test = test_pictures
        count = min(SAMPLE, len(test_pictures))
        self.test_button.setText(self.tr("%n test picture(s)", "", count))
        self.test_button.setVisible(bool(count))
        if file != self._own:
            self._own, self._own_title = file, title
            self._show_source(None)
            if self._paths:
                self._start(self._paths)

    @property
    def model(self) -> Path:
        """The file that is tried."""
        return self._other or self._own

    @property
    def is_busy(self) -> bool:
        return self._job is not None

    def _show_source(self, other: Path | None) -> None:
        self._other = other
        self._source.set_whole(self.tr("with {}").format(other.name if other else self._own_title))
        self.back_button.setText(self.tr("Back to {}").format(self._own_title))
        self.back_button.setVisible(other is not None)

    def _go_back(self) -> None:
        self._show_source(None)
        self._start(self._paths)

    # Which pictures

    def try_paths(self, paths: Sequence[Path]) -> None:
        """Pictures, folders, or an ONNX file to try instead of the run's."""
        files = [path for path in paths if path.suffix.lower() == ".onnx"]
        if files:
            self._show_source(files[0])
        self._start([path for path in paths if path not in files] or self._paths)

    def cancel(self) -> None:
        """What was found so far stays."""
        if self._job is not None:
            self._job.cancel()

    def _start(self, paths: Sequence[Path]) -> None:
        self.cancel()
        self._paths = paths
        attempt = self._attempt = Attempt(self.model, paths)
        self._forget()
        self._show_progress(0, 0, "")
        self._busy.show()
        self._job = self._jobs.run(
            self.tr("Trying {}").format(self.model.name),
            partial(attempt.carry_out, self._kept),
            failed=partial(self._failed, attempt),
            ended=partial(self._ended, attempt),
            lane="try",
        )
        self._job.progressed.connect(self._progressed)

    def _progressed(self, done: int, total: int, what: str) -> None:
        self._show_progress(done, total, what)
        self._take_results()

    def _failed(self, attempt: Attempt, error: LensmithError) -> None:
        if attempt is not self._attempt:
            return
        self.trouble.say(error)
        if attempt.opened is None and self._other is not None:
            self._show_source(None)

    def _ended(self, attempt: Attempt) -> None:
        if attempt is self._attempt:
            self._job = None
            self._busy.hide()
            self._take_results()

    # Results

    def _forget(self) -> None:
        self._tried, self._unread = [], []
        self._answers.clear()
        self.grid.set_images([])
        self.trouble.say(None)
        self.unread.say(None)
        self._stack.setCurrentIndex(0)

    def _take_results(self) -> None:
        """Show what the thread has found since the last look."""
        attempt = self._attempt
        if attempt is None or attempt.opened is None:
            return
        from core.actions.trying import Tried  # the thread has it already

        first = not self._answers and not self._unread
        known = len(self._tried) + len(self._unread)
        for result in attempt.results[known:]:
            if isinstance(result, Tried):
                self._tried.append(result)
                self._answers[result.image.path] = result.answer
            else:
                self._unread.append(result)
        if known == len(self._tried) + len(self._unread):
            return
        if first:
            self.threshold.set_suggested(attempt.opened.card.threshold)
            boxes = attempt.opened.card.task is Task.DETECTION
            self.threshold.setVisible(boxes)
            self.grid.set_cell_size(CellSize.LARGE if boxes else CellSize.MEDIUM)  # room for the names of boxes
        self.grid.set_images([one.image for one in self._tried])
        self._stack.setCurrentIndex(1)
        self._show_words()

    @property
    def answers(self) -> "list[ImageAnswer]":
        """As shown now, in the order of the pictures: boxes from the threshold up."""
        return [at_threshold(one.answer, self.threshold.value) for one in self._tried]

    def _overlay_of(self, image: Image) -> Overlay:
        attempt, answer = self._attempt, self._answers.get(image.path)
        if attempt is None or attempt.opened is None or answer is None:
            return Overlay()
        return overlay_of(
            at_threshold(answer, self.threshold.value), attempt.opened.card.classes, self.tr("Nothing found")
        )

    def _show_threshold(self) -> None:
        self.grid.set_overlay(self._overlay_of)
        self._show_words()

    def _show_words(self) -> None:
        attempt = self._attempt
        if attempt is None or attempt.opened is None:
            return
        found = counts(self.answers, attempt.opened.card.classes)
        words = [self.tr("%n picture(s)", "", len(self._tried))]
        if attempt.opened.card.task is Task.DETECTION:
            words.append(self.tr("%n box(es)", "", sum(found.values())))
        self._figures.set_whole(" · ".join([*words, *(f"{name} {count}" for name, count in found.items())]))
        seconds = latency(self._tried)
        self._latency.setText(
            ""
            if seconds is None
            else self.tr(
                "{0} a picture on this machine's processor: read, made square and predicted, one at a time "
                "(median of {1})."
            ).format(milliseconds(seconds), len(self._tried))
        )
        self.save_button.setEnabled(bool(self._tried))
        self._show_unread(attempt.left_out)

    def _show_unread(self, left_out: int) -> None:
        lines = [said(one.error.cause) for one in self._unread[:NAMED]]
        if self._unread:
            lines.insert(0, self.tr("%n file(s) could not be used:", "", len(self._unread)))
        if len(self._unread) > NAMED:
            lines.append(self.tr("and %n more.", "", len(self._unread) - NAMED))
        if left_out:
            lines.append(self.tr("%n picture(s) were left out: this page takes {} at once.", "", left_out).format(MOST))
        self.unread.tell("\n".join(lines))

    @property
    def figures(self) -> str:
        """The line above the pictures."""
        return self._figures.whole

    def _open_picture(self, index: int) -> None:
        PictureDialog(self.grid.images, index, self._overlay_of, self._thumbnails, self).open()

    def _save(self) -> None:
        start = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Folder for the pictures"), start)
        if chosen:
            self.save_to(Path(chosen))

    def save_to(self, folder: Path) -> None:
        """Write drawn copies of the pictures, as shown now, into ``folder``; nothing there is replaced."""
        attempt, answers = self._attempt, self.answers
        if attempt is None or attempt.opened is None:
            return
        if any(Path(answer.path).parent == folder for answer in answers):
            self.trouble.tell(self.tr("The pictures themselves lie in that folder. Choose another one for the copies."))
            return
        card = attempt.opened.card
        self.trouble.say(None)

        def work(progress: Progress) -> int:
            from core.actions.drawing import draw_answers

            return len(draw_answers(answers, card, folder, progress))

        title = self.tr("Saving pictures")
        self._jobs.run(title, work, done=partial(self._saved, folder), failed=self.trouble.say, lane="draw")

    def _saved(self, folder: Path, count: int) -> None:
        self._latency.setText(self.tr("%n picture(s) written to {}", "", count).format(breakable(str(folder))))

    # What the user drops and chooses

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        if paths_in(event.mimeData()):
            event.acceptProposedAction()
            self._light_up(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 (Qt's name)
        self._light_up(False)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        self._light_up(False)
        event.acceptProposedAction()
        self.try_paths(paths_in(event.mimeData()))

    def _light_up(self, over: bool) -> None:
        self._empty.setProperty("over", over)
        self._empty.style().polish(self._empty)

    def _choose_pictures(self) -> None:
        kinds = self.tr("Pictures ({0});;ONNX files ({1})").format(PICTURES, "*.onnx")
        chosen, _ = QFileDialog.getOpenFileNames(self, self.tr("Pictures to try"), "", kinds)
        if chosen:
            self.try_paths([Path(one) for one in chosen])

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Folder of pictures to try"))
        if chosen:
            self.try_paths([Path(chosen)])

    def _try_test(self) -> None:
        step = max(1, len(self._test) // SAMPLE)
        self.try_paths([Path(path) for path in self._test[::step][:SAMPLE]])

    # Progress

    def _show_progress(self, done: int, total: int, what: str) -> None:
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        left = self._job.seconds_left if self._job is not None else None
        words = [self.tr("{0} of {1}").format(done, total)] if total else [self.tr("Opening the model")]
        if left is not None:
            words.append(self.tr("{} left").format(duration(left)))
        self._standing.setText(" · ".join(words))

    # Building

    def _make_head(self) -> None:
        self._source = ElidedLabel(role="muted", middle=True)
        self.back_button = button("", "arrow-left")
        self.back_button.setProperty("quiet", True)
        self.back_button.clicked.connect(self._go_back)
        self.back_button.hide()
        self.head.setSpacing(theme.SMALL)
        self.head.addWidget(label(self.tr("Try it"), "section"))
        self.head.addWidget(self._source, 1)
        self.head.addWidget(self.back_button)
        self.body.addLayout(self.head)

    def _make_actions(self) -> QHBoxLayout:
        self.pictures_button = button(self.tr("Pictures…"), "image")
        self.folder_button = button(self.tr("Folder…"), "folder-open")
        self.test_button = button("", "flask")
        self.test_button.setToolTip(self.tr("Try the file on images of the test set, which it never learnt from."))
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        for one, action in (
            (self.pictures_button, self._choose_pictures),
            (self.folder_button, self._choose_folder),
            (self.test_button, self._try_test),
        ):
            one.clicked.connect(action)
            row.addWidget(one)
        row.addStretch()
        return row

    def _make_progress(self) -> QWidget:
        self._busy, self._bar, self._standing = QWidget(), QProgressBar(), label("", "caption")
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Pictures tried"))
        self.cancel_button = button(self.tr("Cancel"), "x")
        self.cancel_button.setProperty("quiet", True)
        self.cancel_button.clicked.connect(self.cancel)
        row = QHBoxLayout(self._busy)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        row.addWidget(self._bar, 1)
        row.addWidget(self._standing)
        row.addWidget(self.cancel_button)
        self._busy.hide()
        return self._busy

    def _make_empty(self) -> QFrame:
        self._empty = QFrame()
        self._empty.setObjectName("drop")
        column = QVBoxLayout(self._empty)
        column.setContentsMargins(theme.WIDE, theme.WIDE, theme.WIDE, theme.WIDE)
        column.setSpacing(theme.SMALL)
        column.addStretch()
        column.addWidget(Glyph("images", "muted", 40), alignment=Qt.AlignmentFlag.AlignCenter)
        for text, role in (
            (self.tr("Drop pictures or a folder here"), "section"),
            (
                self.tr("The exported file looks at them as it will elsewhere. Another ONNX file can be dropped too."),
                "muted",
            ),
        ):
            words = label(text, role, wrap=True)
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(words)
        column.addStretch()
        return self._empty

    def _make_results(self) -> QWidget:
        holder = QWidget()
        self._figures = ElidedLabel()
        self._latency = label("", "caption", wrap=True)
        self.save_button = button(self.tr("Save pictures…"), "download-simple")
        self.save_button.setToolTip(self.tr("Copies of the pictures with the predictions drawn on them."))
        self.save_button.clicked.connect(self._save)
        foot = QHBoxLayout()
        foot.setSpacing(theme.LARGE)
        foot.addWidget(self._latency, 1)
        foot.addWidget(self.save_button)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL)
        column.addWidget(self.threshold)
        column.addWidget(self._figures)
        column.addWidget(self.grid, 1)
        column.addWidget(self.unread)
        column.addLayout(foot)
        return holder


def milliseconds(seconds: float) -> str:
    """``8.4 ms``, ``140 ms``: two digits or more."""
    return f"{1000 * seconds:.1f} ms" if seconds < 0.01 else f"{1000 * seconds:.0f} ms"


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0  # opening it will say what is wrong
