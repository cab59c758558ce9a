"""The pictures that a report stands on, worst first, with what the model said beside the truth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QPushButton, QWidget

from app import theme
from app.thumbnails import Thumbnails
from app.translations import said
from app.widgets.elided import ElidedLabel
from app.widgets.gallery.grid_layout import CellSize
from app.widgets.gallery.image_grid import ImageGrid
from app.widgets.gallery.overlay import Overlay, OverlayBox
from app.widgets.gallery.picture_dialog import PictureDialog
from app.widgets.parts import Card, button
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.task import Task

if TYPE_CHECKING:  # numpy, which the window's start does not wait for
    from core.actions.reviewing import BoxReview, ClassReview, ImageReview, JudgedBox, Review

SIZES = ((800, CellSize.LARGE), (420, CellSize.MEDIUM), (0, CellSize.SMALL))  # by pixels of height


@dataclass(frozen=True)
class Wanted:
    """Pictures of one cell of the confusion matrix, or that hold a class; ``words`` says which."""

    words: str
    passes: "Callable[[ImageReview], bool]"


class ErrorGallery(Card):
    """``cleared`` tells that the chip with the chosen cell or class was closed."""

    cleared = Signal()

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.review: Review | None = None
        self.shown: Sequence[ImageReview] = ()
        self.dialog: PictureDialog | None = None
        self._thumbnails = thumbnails
        self._by_hash: dict[str, ImageReview] = {}
        self._wanted: Wanted | None = None
        self.title = ElidedLabel("", "section")
        self.chip = button("", "x")
        self.chip.setProperty("chip", True)
        self.chip.setCheckable(False)
        self.chip.setToolTip(self.tr("Show all pictures again"))
        self.chip.clicked.connect(self._clear)
        self.grid = ImageGrid(thumbnails)
        self.grid.set_cell_size(CellSize.SMALL)
        self.grid.set_overlay(self._overlay)
        self.grid.opened.connect(self._open)
        self.verdicts = self._make_verdicts()
        self.head.setSpacing(theme.TIGHT)
        self.head.addWidget(self.title, 1)
        self.head.addWidget(self.chip)
        for each in self.verdicts.values():
            self.head.addWidget(each)
        self.body.addLayout(self.head)
        self.body.addWidget(self.grid, 1)
        self.show_nothing(self.tr("Reading the pictures …"))

    def show_review(self, review: "Review") -> None:
        """All its pictures; a cell or class that was asked for is forgotten."""
        self.review = review
        self._by_hash = {one.image.hash: one for one in review.images}
        self._wanted = None
        self._show()

    def show_nothing(self, title: str, text: str = "") -> None:
        """Words in the place of pictures."""
        self.review, self._by_hash, self._wanted = None, {}, None
        self.grid.set_empty(title, text)
        self._show()

    def show_error(self, error: LensmithError) -> None:
        self.show_nothing(said(error.cause), said(error.remedy))

    def show_cell(self, truth: int, predicted: int) -> None:
        """Only the pictures behind a cell of the confusion matrix."""
        self._want(Wanted(self._cell_words(truth, predicted), lambda one: (truth, predicted) in one.cells))

    def show_class(self, index: int) -> None:
        """Only the pictures that hold a class; -1: all again."""
        if index < 0 or self.review is None:
            self._want(None)
        else:
            name = self.review.classes[index]
            self._want(
                Wanted(self.tr("with {}").format(name), lambda one: any(truth == index for truth, _ in one.cells))
            )

    def _want(self, wanted: Wanted | None) -> None:
        if self.review is not None:
            self._wanted = wanted
            self.verdicts["all"].setChecked(True)
            self._show()

    def _clear(self) -> None:
        self._want(None)
        self.cleared.emit()
        self.grid.setFocus()

    # What is shown

    def _show(self) -> None:
        images = self.review.images if self.review else ()
        of = [one for one in images if self._wanted is None or self._wanted.passes(one)]
        wrong = [one for one in of if not one.right]
        right = [one for one in of if one.right]
        chosen = next(name for name, each in self.verdicts.items() if each.isChecked())
        self.shown = {"all": of, "wrong": wrong, "right": right}[chosen]
        self.verdicts["all"].setText(self.tr("All {}").format(f"{len(of):,}"))
        self.verdicts["wrong"].setText(self.tr("Wrong {}").format(f"{len(wrong):,}"))
        self.verdicts["right"].setText(self.tr("Right {}").format(f"{len(right):,}"))
        for each in self.verdicts.values():
            each.setVisible(self.review is not None)
        self.chip.setVisible(self._wanted is not None)
        self.chip.setText(_shortened(self._wanted.words) if self._wanted else "")
        self.chip.setAccessibleName(self._wanted.words if self._wanted else "")
        self.title.set_whole(self._summary(of, len(wrong)) if self.review else self.tr("Pictures"))
        if self.review is not None:
            self.grid.set_empty(self.tr("No picture"), self.tr("There is none of this kind."))
        self.grid.set_images([one.image for one in self.shown])
        self.grid.set_overlay(self._overlay)
        if self.shown:
            self.grid.verticalScrollBar().setValue(0)

    def _summary(self, of: "Sequence[ImageReview]", wrong: int) -> str:
        assert self.review is not None
        if not of:
            return self.tr("No picture")
        pictures = self.tr("%n picture(s)", "", len(of))
        if not wrong:
            return self.tr("No mistake in {}").format(pictures)
        if self.review.task is Task.CLASSIFICATION:
            return self.tr("{0} wrong in {1}").format(f"{wrong:,}", pictures)
        counts = _mistakes(of)
        kinds = (
            (counts[0], self.tr("%n miss(es)", "", counts[0])),
            (counts[1], self.tr("%n false alarm(s)", "", counts[1])),
            (counts[2], self.tr("%n wrong class(es)", "", counts[2])),
        )
        return self.tr("{0} in {1}").format(", ".join(text for count, text in kinds if count), pictures)

    def _cell_words(self, truth: int, predicted: int) -> str:
        assert self.review is not None
        names, background = self.review.classes, len(self.review.classes)
        if truth == background:
            return self.tr("{} seen where there is none").format(names[predicted] if predicted < background else "")
        if predicted == background:
            return self.tr("{} missed").format(names[truth])
        if truth == predicted:
            return self.tr("{} recognised").format(names[truth])
        return self.tr("{0} taken for {1}").format(names[truth], names[predicted])

    # Overlays

    def _overlay(self, image: Image) -> Overlay:
        one = self._by_hash.get(image.hash)
        if one is None or self.review is None:
            return Overlay()
        mark = "good" if one.right else "bad"
        if self.review.task is Task.CLASSIFICATION:
            return Overlay(caption=self._class_caption(one), mark=mark)  # type: ignore[arg-type]
        boxes = [drawn for box in one.boxes for drawn in self._boxes(box)]  # type: ignore[union-attr]
        # The truth first: what the model found is painted over it.
        boxes.sort(key=lambda box: box.dashed)
        return Overlay(caption=self._box_caption(one), boxes=tuple(boxes), mark=mark)  # type: ignore[arg-type]

    def _class_caption(self, one: "ClassReview") -> str:
        assert self.review is not None
        truth, predicted = self.review.classes[one.truth], self.review.classes[one.predicted]
        sure = f"{100 * one.probability:.0f} %"
        if one.right:
            return f"{truth} {sure}"
        return self.tr("{predicted} {sure}, is {truth}").format(predicted=predicted, sure=sure, truth=truth)

    def _box_caption(self, one: "BoxReview") -> str:
        counts = (
            (one.misses, self.tr("%n missed", "", one.misses)),
            (one.false_alarms, self.tr("%n false alarm(s)", "", one.false_alarms)),
            (one.wrong_class, self.tr("%n wrong class(es)", "", one.wrong_class)),
        )
        hits = len(one.boxes) - one.mistakes
        told = [text for count, text in counts if count]
        return ", ".join(told) if told else self.tr("%n found", "", hits)

    def _boxes(self, judged: "JudgedBox") -> list[OverlayBox]:
        assert self.review is not None
        drawn = []
        if (box := judged.target) is not None:
            name = self.review.classes[judged.truth]
            drawn.append(OverlayBox(box.x_min, box.y_min, box.x_max, box.y_max, judged.truth, text=name))
        if (found := judged.found) is not None:
            name = f"{self.review.classes[judged.predicted]} {100 * found.score:.0f} %"
            corners = (found.x1, found.y1, found.x2, found.y2)
            drawn.append(OverlayBox(*corners, judged.predicted, dashed=True, text=name))
        return drawn

    # Building

    def _make_verdicts(self) -> dict[str, QPushButton]:
        tips = {
            "all": self.tr("Every picture, the worst first"),
            "wrong": self.tr("Pictures with a mistake"),
            "right": self.tr("Pictures without a mistake, the least sure first"),
        }
        made = {name: QPushButton() for name in tips}
        self._verdict = QButtonGroup(self)
        for name, each in made.items():
            each.setCheckable(True)
            each.setProperty("chip", True)
            each.setToolTip(tips[name])
            self._verdict.addButton(each)
        made["all"].setChecked(True)
        self._verdict.buttonClicked.connect(self._show)
        return made

    def _open(self, index: int) -> None:
        self.dialog = PictureDialog(self.grid.images, index, self._overlay, self._thumbnails, self.window())
        self.dialog.walked.connect(self.grid.set_current)
        self.dialog.open()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        size = next(size for height, size in SIZES if self.height() >= height)
        if size is not self.grid.cell_size:
            self.grid.set_cell_size(size)


def _mistakes(of: "Sequence[ImageReview]") -> list[int]:
    """Misses, false alarms, wrong classes of a detection review."""
    return [sum(getattr(one, kind) for one in of) for kind in ("misses", "false_alarms", "wrong_class")]


def _shortened(words: str, most: int = 32) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"
