"""What the model says: pictures with its boxes or classes, at a threshold that can be moved, and the time it took."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.jobs import Jobs
from app.thumbnails import Thumbnails
from app.translations import said
from app.widgets.elided import ElidedLabel
from app.widgets.gallery.grid_layout import CellSize
from app.widgets.gallery.image_grid import ImageGrid
from app.widgets.gallery.overlay import Overlay
from app.widgets.gallery.picture_dialog import PictureDialog
from app.widgets.parts import button, label
from app.widgets.run.attempt import MOST, Attempt
from app.widgets.ship.threshold_slider import ThresholdSlider
from app.widgets.ship.tried_pictures import at_threshold, counts, latency, overlay_of
from app.widgets.trouble import Trouble, breakable
from core.domain.dataset import Image
from core.domain.progress import Progress
from core.domain.task import Task

if TYPE_CHECKING:  # OpenCV and ONNX Runtime, which the window does not wait for
    from core.actions.predicting import ImageAnswer
    from core.actions.trying import Tried, Unread

NAMED = 3  # unreadable files that are named; more are counted


class TriedView(QWidget):
    """Shows one ``Attempt``, also while it goes on."""

    def __init__(self, jobs: Jobs, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._thumbnails = jobs, thumbnails
        self._attempt: Attempt | None = None
        self._tried: list[Tried] = []
        self._unread: list[Unread] = []
        self._answers: dict[str, ImageAnswer] = {}  # by path, boxes of every score
        self.threshold = ThresholdSlider()
        self.grid = ImageGrid(thumbnails)
        self.unread, self.trouble = Trouble("caution"), Trouble()
        self._figures, self._latency = ElidedLabel(), label("", "caption", wrap=True)
        self.save_button = button(self.tr("Save pictures…"), "download-simple")
        self.save_button.setToolTip(self.tr("Copies of the pictures with the predictions drawn on them."))
        self.threshold.changed.connect(self._show_threshold)
        self.grid.set_overlay(self._overlay_of)
        self.grid.opened.connect(self._open_picture)
        self.save_button.clicked.connect(self._save)
        foot = QHBoxLayout()
        foot.setSpacing(theme.LARGE)
        foot.addWidget(self._latency, 1)
        foot.addWidget(self.save_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL)
        column.addWidget(self.threshold)
        column.addWidget(self._figures)
        column.addWidget(self.grid, 1)
        column.addWidget(self.unread)
        column.addWidget(self.trouble)
        column.addLayout(foot)

    def take(self, attempt: Attempt) -> bool:
        """Show what the thread has found since the last look; whether there is anything to see."""
        if attempt.opened is None:
            return self.has_any
        from core.actions.trying import Tried  # the thread has it already

        if attempt is not self._attempt:
            self._begin(attempt)
        known = len(self._tried) + len(self._unread)
        for result in attempt.results[known:]:
            if isinstance(result, Tried):
                self._tried.append(result)
                self._answers[result.image.path] = result.answer
            else:
                self._unread.append(result)
        if known < len(self._tried) + len(self._unread):
            self.grid.set_images([one.image for one in self._tried])
            self._show_words()
        return self.has_any

    @property
    def has_any(self) -> bool:
        return bool(self._tried or self._unread)

    @property
    def answers(self) -> "list[ImageAnswer]":
        """As shown now, in the order of the pictures: boxes from the threshold up."""
        return [at_threshold(one.answer, self.threshold.value) for one in self._tried]

    @property
    def figures(self) -> str:
        """The line above the pictures."""
        return self._figures.whole

    @property
    def foot(self) -> str:
        """The line below the pictures."""
        return self._latency.text()

    def save_to(self, folder: Path) -> None:
        """Write drawn copies of the pictures, as shown now, into ``folder``; nothing there is replaced."""
        attempt, answers = self._attempt, self.answers
        if attempt is None or attempt.opened is None:
            return
        self.trouble.say(None)
        if any(Path(answer.path).parent == folder for answer in answers):
            self.trouble.tell(self.tr("The pictures themselves lie in that folder. Choose another one for the copies."))
            return
        card = attempt.opened.card

        def work(progress: Progress) -> int:
            from core.actions.drawing import draw_answers

            return len(draw_answers(answers, card, folder, progress))

        title = self.tr("Saving pictures")
        self._jobs.run(title, work, done=partial(self._saved, folder), failed=self.trouble.say, lane="draw")

    def _begin(self, attempt: Attempt) -> None:
        assert attempt.opened is not None
        card = attempt.opened.card
        self._attempt, self._tried, self._unread = attempt, [], []
        self._answers.clear()
        self.trouble.say(None)
        self.unread.say(None)
        boxes = card.task is Task.DETECTION
        self.threshold.set_suggested(card.threshold)
        self.threshold.setVisible(boxes)
        self.grid.set_images([])
        self.grid.set_cell_size(CellSize.LARGE if boxes else CellSize.MEDIUM)  # room for the names of boxes

    def _overlay_of(self, image: Image) -> Overlay:
        attempt, answer = self._attempt, self._answers.get(image.path)
        if attempt is None or attempt.opened is None or answer is None:
            return Overlay()
        classes = attempt.opened.card.classes
        return overlay_of(at_threshold(answer, self.threshold.value), classes, self.tr("Nothing found"))

    def _show_threshold(self) -> None:
        self.grid.set_overlay(self._overlay_of)
        self._show_words()

    def _show_words(self) -> None:
        attempt, seconds = self._attempt, latency(self._tried)
        if attempt is None or attempt.opened is None:
            return
        found = counts(self.answers, attempt.opened.card.classes)
        words = [self.tr("%n picture(s)", "", len(self._tried))]
        if attempt.opened.card.task is Task.DETECTION:
            words.append(self.tr("%n box(es)", "", sum(found.values())))
        self._figures.set_whole(" · ".join([*words, *(f"{name} {count}" for name, count in found.items())]))
        told = self.tr(
            "{0} a picture on this machine's processor: read, made square and predicted, one at a time (median of {1})."
        )
        self._latency.setText("" if seconds is None else told.format(milliseconds(seconds), len(self._tried)))
        self.save_button.setEnabled(bool(self._tried))
        self._show_unread(attempt.left_out)

    def _show_unread(self, left_out: int) -> None:
        lines = [said(one.error.cause) for one in self._unread[:NAMED]]
        if self._unread:
            lines.insert(0, self.tr("%n file(s) could not be used:", "", len(self._unread)))
        if len(self._unread) > NAMED:
            lines.append(self.tr("and %n more.", "", len(self._unread) - NAMED))
        if left_out:
            lines.append(self.tr("%n picture(s) left out: this page takes {} at once.", "", left_out).format(MOST))
        self.unread.tell("\n".join(lines))

    def _open_picture(self, index: int) -> None:
        PictureDialog(self.grid.images, index, self._overlay_of, self._thumbnails, self).open()

    def _save(self) -> None:
        start = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Folder for the pictures"), start)
        if chosen:
            self.save_to(Path(chosen))

    def _saved(self, folder: Path, count: int) -> None:
        self._latency.setText(self.tr("%n picture(s) written to {}", "", count).format(breakable(str(folder))))


def milliseconds(seconds: float) -> str:
    """``8.4 ms``, ``140 ms``: two digits or more."""
    return f"{1000 * seconds:.1f} ms" if seconds < 0.01 else f"{1000 * seconds:.0f} ms"
