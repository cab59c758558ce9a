"""Which model labels which pictures, from which score on; seen on a few pictures before it does."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app import edits, theme
from app.jobs import Job
from app.label_desk import LabelDesk
from app.state import Change, Session
from app.widgets.drop_zone import paths_in
from app.widgets.gallery.grid_layout import CellSize
from app.widgets.gallery.image_grid import ImageGrid
from app.widgets.gallery.overlay import ClassLook, Overlay, looks
from app.widgets.gallery.picture_dialog import PictureDialog
from app.widgets.label.propose_choices import ModelChoice, PictureChoice, ScoreChoice
from app.widgets.label.sampling import Sampling
from app.widgets.parts import Card, button, label
from app.widgets.progress_row import ProgressRow
from app.widgets.trouble import Trouble
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.task import Task

if TYPE_CHECKING:  # OpenCV and ONNX Runtime, which the window does not wait for
    from core.actions.proposing import Proposed, Proposer

LANE = "propose"  # as in ``edits.propose``: a model answers one thread at a time
NAMED = 3  # classes and unreadable pictures that are named; more are counted


class ProposeDialog(QDialog):
    """To be shown with ``open()``. ``shown``: hashes of the pictures that a filter leaves, if there is one.

    Labelling goes on in the background when the dialog is closed; ``review_wanted``: the user wants to see it.
    """

    review_wanted = Signal()

    def __init__(
        self, session: Session, desk: LabelDesk, parent: QWidget | None = None, *, shown: Sequence[str] = ()
    ) -> None:
        super().__init__(parent)
        self._session, self._desk = session, desk
        self._sampling: Sampling | None = None
        self._opened: dict[object, Proposer] = {}  # the model that was opened last, by what was chosen
        self._sample_job: Job | None = None
        self._job: Job | None = None
        self._is_open = True
        self.is_busy = False  # pictures are being labelled
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAcceptDrops(True)
        self.setWindowTitle(self.tr("Propose with a model"))
        self.model, self.pictures, self.scores = ModelChoice(session), PictureChoice(shown), ScoreChoice()
        self.progress = ProgressRow(self.tr("Pictures labelled"), self.tr("Waiting"))
        self._build()
        self.resize(QSize(1040, 680))
        self.model.chosen.connect(self._sample)
        self.pictures.chosen.connect(self._sample)
        self.model.adding_changed.connect(self._show_classes)
        self.scores.changed.connect(self._forget_outcome)
        self.scores.changed.connect(self._show_sample)
        self.finished.connect(self._close)
        session.changed.connect(self._refresh)
        self._refresh(Change.DATA | Change.RUNS)

    # What is to be done

    @property
    def images(self) -> list[Image]:
        """The pictures to label."""
        return self.pictures.images

    def start(self) -> None:
        """Label the pictures in the background."""
        sampling = self._sampling
        if not self.start_button.isEnabled() or sampling is None or sampling.proposer is None:
            return
        self._stop_sampling()
        self._forget_outcome()
        self.trouble.say(None)
        self._job = edits.propose(
            self._session,
            self._desk,
            sampling.proposer,
            self.images,
            self.scores.thresholds(),
            add_classes=self.model.adds_classes,
            done=self._if_open(self._show_result),
            failed=self._if_open(self._show_failure),
        )
        self.progress.follow(self._job)
        self._job.finished.connect(self._forget_job)
        self.is_busy = True
        self._show_standing()

    # The preview

    def _sample(self) -> None:
        """Ask the chosen model about a few of the chosen pictures, in place of what was asked before."""
        self._stop_sampling()
        self._forget_outcome()
        self.trouble.say(None)
        chosen = self.model.current
        if chosen is None:
            self._sampling = None
            self.grid.set_images([])
            self._show_classes()
            return
        model = chosen if isinstance(chosen, Path) else self._session.run_folder(chosen)
        sampling = self._sampling = Sampling(model, self.images, self._opened.get(chosen))
        self.grid.set_images(sampling.images)
        self._sample_job = self._session.jobs.run(
            self.tr("Looking at a few pictures"),
            partial(sampling.carry_out, self._session.data.info.task),
            failed=self._if_open(partial(self._fail_to_sample, sampling)),
            ended=self._if_open(partial(self._end_sampling, sampling)),
            lane=LANE,
            quiet=True,
        )
        self._sample_job.progressed.connect(self._take_sample)
        self._show_classes()

    def _stop_sampling(self) -> None:
        if self._sample_job is not None:
            self._sample_job.cancel()
            self._sample_job = None

    def _take_sample(self) -> None:
        sampling, chosen = self._sampling, self.model.current
        if sampling is None or sampling.proposer is None or chosen is None:
            return
        if self._opened.get(chosen) is not sampling.proposer:
            self._opened = {chosen: sampling.proposer}
            self.scores.suggest(sampling.proposer.model.card)
            self._show_classes()
        else:
            self._show_sample()

    def _fail_to_sample(self, sampling: Sampling, error: LensmithError) -> None:
        if sampling is self._sampling:
            self.trouble.say(error)
            self.grid.set_images([])
            self._show_standing()

    def _end_sampling(self, sampling: Sampling) -> None:
        if sampling is self._sampling:
            self._sample_job = None
            self._take_sample()
            self._show_standing()

    def _show_classes(self) -> None:
        """Those of the model: with their looks in this project, and what becomes of those that it lacks."""
        proposer = self._sampling.proposer if self._sampling else None
        if proposer is None:
            self.model.show_lacking(())
            self.scores.show_classes((), {}, Task.DETECTION)
        else:
            from core.actions import proposing  # the thread has it already

            card = proposer.model.card
            self.model.show_lacking(proposing.lacking(proposer, self._session.data.classes))
            self.scores.show_classes(card.classes, self._looks(), card.task)
        self._show_sample()

    def _looks(self) -> dict[str, ClassLook]:
        """Class name of the model -> how it appears; new classes take the looks that come after those in use."""
        proposer = self._sampling.proposer if self._sampling else None
        if proposer is None:
            return {}
        from core.actions import proposing

        known = self._session.data.classes
        by_id, found = looks(known), proposing.class_ids(proposer.classes, proposer.model.card.classes, known)
        shown = {name: ClassLook(by_id[id_].index, name) for name, id_ in found.items()}
        if self.model.adds_classes:
            free = max((one.id for one in known), default=0)
            for place, name in enumerate(self.model.lacking):
                shown[name] = ClassLook(free + place, name)
        return shown

    def _show_sample(self) -> None:
        sampling, thresholds = self._sampling, self.scores.thresholds()
        if sampling is None or sampling.proposer is None or not thresholds:
            self.figures.setText("")
        else:
            counts, shown = sampling.counts(thresholds), self._looks()
            self.scores.table.set_counts(counts)
            self.grid.set_overlay(lambda image: sampling.overlay(image, thresholds, shown, self.tr("Nothing proposed")))
            self.figures.setText(self._figures(sum(count for name, count in counts.items() if name in shown)))
        self._show_standing()

    def _figures(self, total: int) -> str:
        """What ``total`` proposals on the sample come to."""
        sampling = self._sampling
        assert sampling is not None
        assert sampling.proposer is not None
        pictures = self.tr("%n picture(s)", "", len(sampling.shown()))
        if sampling.proposer.model.card.task is Task.DETECTION:
            return self.tr("{0} on {1}").format(self.tr("%n box(es)", "", total), pictures)
        return self.tr("a class for {0} of {1}").format(f"{total:,}", pictures)

    def _overlay_of(self, image: Image) -> Overlay:
        if self._sampling is None:
            return Overlay()
        return self._sampling.overlay(image, self.scores.thresholds(), self._looks(), self.tr("Nothing proposed"))

    def _open_picture(self, index: int) -> None:
        PictureDialog(self.grid.images, index, self._overlay_of, self._session.thumbnails, self).open()

    # Progress and result

    def _forget_job(self) -> None:
        """The model is done; what it found is being saved, which cannot be cancelled and takes a moment."""
        self._job = None
        self.progress.let_go()

    def _show_result(self, done: "Proposed | None") -> None:
        self._end()
        if done is None:
            return
        self.outcome.setText(" ".join(self._told(done)))
        self.outcome.show()
        self.review_button.setVisible(done.images > 0)
        self._show_standing()
        if done.images:
            self.review_button.setFocus()

    def _told(self, done: "Proposed") -> list[str]:
        if not done.images:
            words = [self.tr("Nothing was found from these scores up. Lower them, and start again.")]
        elif self._session.data.info.task is Task.CLASSIFICATION:
            words = [self.tr("Classes of %n picture(s) wait for review.", "", done.images)]
        else:
            boxes = self.tr("%n box(es)", "", done.boxes)
            words = [self.tr("{0} on {1} wait for review.").format(boxes, self.tr("%n picture(s)", "", done.images))]
        if done.left_out:
            names = ", ".join(f"{name} {count:,}" for name, count in list(done.left_out.items())[:NAMED])
            more = self.tr("and %n more", "", len(done.left_out) - NAMED) if len(done.left_out) > NAMED else ""
            words.append(self.tr("Left out, as this project lacks the class: {}.").format(f"{names} {more}".strip()))
        if done.finished:
            words.append(self.tr("%n picture(s) were labelled meanwhile and stay so.", "", done.finished))
        if done.unread:
            words.append(self.tr("%n picture(s) could not be read.", "", len(done.unread)))
        return words

    def _show_failure(self, error: LensmithError) -> None:
        self._end()
        self.trouble.say(error)

    def _forget_outcome(self) -> None:
        """Something else is chosen now."""
        self.outcome.hide()
        self.review_button.hide()

    def _end(self) -> None:
        self.is_busy = False
        self._show_standing()

    def _show_standing(self) -> None:
        """What can be done now, and why not more."""
        busy, sampling = self.is_busy, self._sampling
        ready = sampling is not None and sampling.proposer is not None
        self.progress.setVisible(busy)
        self._form.setEnabled(not busy)
        self.scores.setVisible(self.model.current is not None)
        self.start_button.setVisible(not busy and not self.review_button.isVisibleTo(self))
        count = len(self.images)
        self.start_button.setText(self.tr("Label %n picture(s)", "", count))
        self.start_button.setEnabled(ready and count > 0 and not self._session.reading_only)
        self._hint.setText(self._why(busy))
        self._hint.setVisible(not self.outcome.isVisibleTo(self) or busy)
        if self.model.current is None:
            self.grid.set_empty(self.tr("No model yet"), self.tr("A few pictures with its proposals will be here."))
        else:
            self.grid.set_empty(self.tr("No preview"))

    def _why(self, busy: bool) -> str:
        if self._session.reading_only:
            return self._session.reading_only
        if busy:
            return self.tr("It goes on in the background when this window is closed.")
        if self.model.current is None:
            return self.tr("Choose a finished run, or drop an ONNX file here.")
        if self.trouble.text:
            return self.tr("Choose another model.")
        if not self.images:
            return self.tr("There is no such picture.")
        return self.tr("None of the proposals trains before somebody accepts it.")

    # Events

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        if paths_in(event.mimeData()) and not self.is_busy:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        event.acceptProposedAction()
        self.model.choose_file(paths_in(event.mimeData())[0])

    def _refresh(self, change: Change) -> None:
        if change & (Change.DATA | Change.LABELS):
            self.pictures.show_images(self._session.data.images)
        if change & Change.RUNS:
            self.model.show_runs(self._session.runs)
        if self._sampling is None and self.model.current is not None:
            self._sample()
        elif change & Change.DATA:
            self._show_classes()
        else:
            self._show_standing()

    def _review(self) -> None:
        self.review_wanted.emit()
        self.accept()

    def _close(self) -> None:
        self._is_open = False
        self._stop_sampling()

    def _if_open(self, call: Callable[..., object]) -> Callable[..., object]:
        """Jobs outlive the dialog."""
        return lambda *values: call(*values) if self._is_open else None

    # Building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.LARGE, theme.WIDE, theme.LARGE)
        column.setSpacing(theme.MEDIUM)
        middle = QHBoxLayout()
        middle.setSpacing(theme.LARGE)
        middle.addWidget(self._make_form(), 4)
        middle.addWidget(self._make_preview(), 7)
        column.addLayout(middle, 1)
        column.addWidget(self.progress)
        column.addLayout(self._make_foot())

    def _make_form(self) -> QWidget:
        self._form = QWidget()
        inner = QVBoxLayout(self._form)
        inner.setContentsMargins(0, 0, theme.TIGHT, 0)
        inner.setSpacing(theme.MEDIUM)
        for part in (self.model, self.pictures, self.scores):
            inner.addWidget(part)
        inner.addStretch()
        area = _Column()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidgetResizable(True)
        area.setWidget(self._form)
        return area

    def _make_preview(self) -> QWidget:
        card = Card()
        self.figures, self.trouble = label("", "muted"), Trouble()
        card.head.addWidget(label(self.tr("Preview"), "section"))
        card.head.addStretch()
        card.head.addWidget(self.figures)
        card.body.addLayout(card.head)
        self.grid = ImageGrid(self._session.thumbnails)
        self.grid.set_cell_size(CellSize.MEDIUM)
        self.grid.setAccessibleName(self.tr("Some of the pictures, with what the model proposes"))
        self.grid.opened.connect(self._open_picture)
        card.body.addWidget(self.trouble)
        card.body.addWidget(self.grid, 1)
        return card

    def _make_foot(self) -> QHBoxLayout:
        self._hint, self.outcome = label("", "muted", wrap=True), label("", wrap=True)
        theme.make_semibold(self.outcome)
        self.outcome.hide()
        self.close_button = button(self.tr("Close"))
        self.close_button.setAutoDefault(False)
        self.close_button.clicked.connect(self.reject)
        self.start_button = button("", "lightning", primary=True)
        self.start_button.clicked.connect(self.start)
        self.review_button = button(self.tr("Review them"), "arrow-right", primary=True)
        self.review_button.clicked.connect(self._review)
        self.review_button.hide()
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL)
        words = QVBoxLayout()
        words.addWidget(self.outcome)
        words.addWidget(self._hint)
        row.addLayout(words, 1)
        for one in (self.close_button, self.start_button, self.review_button):
            row.addWidget(one)
        return row


class _Column(QScrollArea):
    """Scrolls up and down, and is always as wide as what is in it."""

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        inside, bar = self.widget(), self.verticalScrollBar().sizeHint().width()
        least = super().minimumSizeHint()
        return least if inside is None else QSize(inside.minimumSizeHint().width() + bar, least.height())
