"""Two to six models on the same pictures: where they disagree, who is right, and what each of them sees."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QEvent, QSize, QSizeF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app import theme
from app.jobs import Job
from app.state import Change, Session
from app.translations import said
from app.widgets.compare.answers import ModelAnswer, answers_of, true_boxes
from app.widgets.compare.compare_tools import CompareTools
from app.widgets.compare.curtain import STEP, Curtain
from app.widgets.compare.disagreement_list import DisagreementList
from app.widgets.compare.model_pane import ModelName
from app.widgets.compare.model_picker import FEWEST, MOST
from app.widgets.compare.model_strip import ModelStrip
from app.widgets.compare.picture_pair import PicturePair
from app.widgets.elided import ElidedLabel
from app.widgets.gallery.levels import Levels
from app.widgets.gallery.notice import Notice
from app.widgets.gallery.overlay import ClassLook, OverlayBox, looks
from app.widgets.label.picture_desk import PictureDesk
from app.widgets.parts import label
from app.widgets.results.notice_card import NoticeCard
from app.widgets.run.run_words import mode_title, model_title
from core.domain.annotation import ClassLabel
from core.domain.dataset import Image
from core.domain.errors import LensmithError
from core.domain.progress import Progress
from core.domain.run import number_of
from core.domain.task import Task

if TYPE_CHECKING:  # numpy, which the window's start does not wait for
    from core.actions.disagreeing import Disagreements

_AHEAD = 2  # pictures that are made ready


class ModelsOnPictures(QWidget):
    """``show_runs`` says which. Nothing is read before somebody looks.

    Up and Down walk through the list, T shows the truth, C changes between side by side and curtain, Left and Right
    move the curtain or choose a model of the film strip, X held down swaps two. Z zooms in on the widest disagreement,
    0 fits, 1 is 100 %, + and − zoom.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.told: Disagreements | None = None
        self.image: Image | None = None
        self._offered: tuple[str, ...] = ()  # runs to choose from
        self._runs: tuple[str, ...] = ()  # those that are chosen
        self._read: tuple[str, ...] = ()  # the runs that ``told``, the error, or the job under way is about
        self._job: Job | None = None
        self._names: list[ModelName] = []
        self._looks: dict[int, ClassLook] = {}
        self._answers: tuple[ModelAnswer, ...] = ()
        self._truth: tuple[OverlayBox, ...] = ()
        self._levels: Levels | None = None  # kept alive while it is on view
        self._is_swapped = False
        self._desk = PictureDesk(self)
        self._desk.ready.connect(self._take_picture)
        self.list = DisagreementList(session.thumbnails)
        self.pair, self.curtain, self.strip = PicturePair(), Curtain(), ModelStrip()
        self.tools, self.notice = CompareTools(), NoticeCard()
        self._lay_out()
        self._connect()
        self._say_nothing()

    def show_runs(self, runs: Sequence[str]) -> None:
        """Ids of runs, in the order of their letters. Of more than six the first; the user can choose others."""
        self._offered, self._runs = tuple(runs), tuple(runs[:MOST])
        self._offer()
        if self.isVisible():
            self._read_runs()

    @property
    def arrangement(self) -> PicturePair | Curtain | ModelStrip:
        """How the models are shown now."""
        if self.told is not None and len(self.told.runs) > FEWEST:
            return self.strip
        return self.curtain if self.tools.is_curtain and self._has_boxes else self.pair

    @property
    def _has_boxes(self) -> bool:
        return self.told is not None and self.told.task is Task.DETECTION

    # Reading

    def _read_runs(self) -> None:
        if self._runs == self._read:
            return
        self._read, self.told, self.image, self._answers = self._runs, None, None, ()
        if self._job is not None:
            self._job.cancel()
            self._job = None
        if len(self._runs) < FEWEST:
            self._say_nothing()
            return
        self.notice.say("hourglass", self.tr("Reading the predictions …"))
        self._stack.setCurrentIndex(0)
        folder, ids, data = self.session.run_folder, self._runs, self.session.data
        job: Job

        def work(progress: Progress) -> "Disagreements":
            from core.actions.disagreeing import disagreements

            told = disagreements([folder(each) for each in ids], progress=progress)
            return _found_again(told, _paths(data.images, told))

        def tell(what: Any, result: Any) -> None:
            if self._job is job:
                self._job = None
                what(result)

        job = self.session.jobs.run(
            "", work, done=partial(tell, self._take), failed=partial(tell, self._fail), lane="disagreement", quiet=True
        )
        self._job = job

    def _take(self, told: "Disagreements") -> None:
        self.told = told
        self._looks = looks(told.classes) | looks(self.session.data.classes)
        self._names = [self._name_of(run) for run in told.runs]
        self._stack.setCurrentIndex(1)
        self.tools.set_choices(ways=len(told.runs) == FEWEST and self._has_boxes, places=self._has_boxes)
        self._arrange()
        self.list.show_disagreements(told, self._looks)

    def _fail(self, error: LensmithError) -> None:
        pick = self._pick if len(self._offered) > FEWEST else None
        words = self.tr("Choose other models")
        self.notice.say("warning-circle", said(error.cause), said(error.remedy), pick, "caution", words=words)
        self._stack.setCurrentIndex(0)
        self._read = ()  # asked again, it may be there again

    def _refresh(self, change: Change) -> None:
        """The project may know its pictures at other places now, and its classes by other names."""
        if change & Change.DATA and self.told is not None:
            self.told = _found_again(self.told, _paths(self.session.data.images, self.told))
            self._looks = looks(self.told.classes) | looks(self.session.data.classes)
            self.list.set_images(self.told.images, self._looks)

    def _name_of(self, run: str) -> ModelName:
        title = self.tr("Run {}").format(number_of(run))
        for each in self.session.runs:
            if each.run == run:
                return ModelName(title, f"{mode_title(each.mode)} {model_title(each.model)}")
        return ModelName(title, run)

    def _offer(self) -> None:
        names = [(run, self._name_of(run)) for run in self._offered]
        self.list.picker.offer([(run, f"{name.title}  ·  {name.about}") for run, name in names], self._runs)

    def _choose(self, runs: tuple[str, ...]) -> None:
        self._runs = runs
        self._read_runs()

    def _pick(self) -> None:
        """The list of models, where it is not in sight."""
        below = self.notice.action
        self.list.picker.list.popup(below.mapToGlobal(below.rect().bottomLeft()))

    # What is shown

    def _show_current(self) -> None:
        row = self.list.current
        if row is None or self.told is None:
            self.image = None
            self._sight.setCurrentIndex(1)
            return
        self.image = self.told.images[row.hash]
        self._answers = answers_of(row, self.image.annotation, self._looks)
        self._truth = true_boxes(self.image.annotation, self._looks)
        self._sight.setCurrentIndex(0)
        self._show_answers()
        self._expect()
        self._desk.want(self.image, self.list.around(_AHEAD))
        self._show_facts()

    def _expect(self) -> None:
        """Make room for the picture, which is there at once if it was made ready before."""
        assert self.image is not None
        found = self._desk.find(self.image)
        preview = None if isinstance(found, Levels) else self.session.thumbnails.find(self.image, QSize())[0]
        for view in self.arrangement.views:
            view.expect_picture(QSizeF(self.image.width, self.image.height), preview)
        self._levels = None  # nothing shows them any more
        if found is not None:
            self._take_picture(self.image.hash)

    def _take_picture(self, image_hash: str) -> None:
        if self.image is None or image_hash != self.image.hash:
            return
        found = self._desk.find(self.image)
        for view in self.arrangement.views:
            if isinstance(found, LensmithError):
                view.show_notice(Notice(said(found.cause), said(found.remedy)))
            elif found is not None:
                view.show_levels(found.images)
        if isinstance(found, Levels):
            self._levels = found

    def _show_answers(self) -> None:
        if self._answers:
            self.arrangement.show_answers(self._names, self._answers, self._truth, self._is_swapped)
            self.tools.set_swapped(self._is_swapped)
            for view in self.arrangement.views:
                view.show_truth(self.tools.is_truth_shown)
            for bars in self.arrangement.bars:
                bars.show_truth(self.tools.is_truth_shown)

    def _show_truth(self) -> None:
        self._show_answers()
        self._show_facts()

    def _show_facts(self) -> None:
        if self.image is None:
            return
        facts = [Path(self.image.path).name, f"{self.image.width} × {self.image.height}"]
        truth = self.image.annotation
        if isinstance(truth, ClassLabel) and truth.class_id in self._looks and self.tools.is_truth_shown:
            facts.insert(0, self.tr("Truth: {}").format(self._looks[truth.class_id].name))
        self.facts.set_whole("  ·  ".join(facts))
        self.facts.setToolTip(self.image.path)

    def _arrange(self) -> None:
        """Show the models as the tools say now, on the same part of the picture as before."""
        before, after = self._ways.currentWidget(), self.arrangement
        if before is after:
            return
        assert isinstance(before, PicturePair | Curtain | ModelStrip)
        seen = before.views[0].view
        for view in before.views:
            view.show_levels(())  # it may not keep pixels that somebody else owns
        self._ways.setCurrentWidget(after)
        after.setGeometry(self._ways.contentsRect())  # now, not with the next event: zoom depends on the size
        layout = after.layout()
        assert layout is not None
        layout.activate()
        if self.image is not None and self.told is not None:
            self._show_answers()
            self._expect()
            after.views[0].follow(seen)
            after.views[0].moved.emit()

    def _show_zoom(self) -> None:
        self.tools.show_zoom(self.arrangement.views[0].scale)

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        key, lead = Qt.Key, self.arrangement.views[0]
        acts: dict[int, Callable[[], object]] = {
            key.Key_Down: lambda: self.list.step(1),
            key.Key_Up: lambda: self.list.step(-1),
            key.Key_T: self.tools.truth.toggle,
            key.Key_C: self.tools.change_way,
            key.Key_Left: lambda: self._aside(-1),
            key.Key_Right: lambda: self._aside(1),
            key.Key_Z: self._close_up,
            key.Key_0: lead.fit,
            key.Key_1: lambda: lead.set_scale(1.0),
            key.Key_Plus: lambda: lead.zoom(1),
            key.Key_Equal: lambda: lead.zoom(1),
            key.Key_Minus: lambda: lead.zoom(-1),
        }
        plain = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        act = acts.get(event.key())
        if self.told is None or plain:
            super().keyPressEvent(event)
        elif event.key() == key.Key_X:
            if not event.isAutoRepeat():
                self._swap(True)
        elif act is not None:
            act()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() == Qt.Key.Key_X and not event.isAutoRepeat():
            self._swap(False)
        else:
            super().keyReleaseEvent(event)

    def event(self, event: QEvent) -> bool:
        """Another window came in front: nobody tells this one when the key is let go."""
        if event.type() is QEvent.Type.WindowDeactivate:
            self._swap(False)
        return bool(super().event(event))

    def _swap(self, swapped: bool) -> None:
        if swapped != self._is_swapped:
            self._is_swapped = swapped
            self._show_answers()

    def _close_up(self) -> None:
        """The widest disagreement, large."""
        row = self.list.current
        if row is not None and row.places:
            boxes = [one.box for one in row.places[0].seen if one is not None]
            start = (min(box.x_min for box in boxes), min(box.y_min for box in boxes))
            end = (max(box.x_max for box in boxes), max(box.y_max for box in boxes))
            self.arrangement.views[0].look_at(start, end)

    def _aside(self, by: int) -> None:
        way = self.arrangement
        if isinstance(way, Curtain):
            way.picture.set_share(way.picture.share + by * STEP)
        elif isinstance(way, ModelStrip):
            way.choose(way.chosen + by)

    def _say_nothing(self) -> None:
        text = self.tr("Then the pictures that they disagree about are listed here, with what each of them sees.")
        self.notice.say("images", self.tr("Choose two runs or more"), text)
        self._stack.setCurrentIndex(0)

    # Building

    def _connect(self) -> None:
        self.session.changed.connect(self._refresh)
        self.list.walked.connect(self._show_current)
        self.list.picker.picked.connect(self._choose)
        self.tools.truth.toggled.connect(self._show_truth)
        self.tools.way_changed.connect(self._arrange)
        self.tools.close_up.clicked.connect(self._close_up)
        self.tools.fit.clicked.connect(lambda: self.arrangement.views[0].fit())
        self.tools.whole.clicked.connect(lambda: self.arrangement.views[0].set_scale(1.0))
        self.tools.swap.pressed.connect(lambda: self._swap(True))
        self.tools.swap.released.connect(lambda: self._swap(False))
        self.strip.chosen_changed.connect(self._show_answers)
        for way in (self.pair, self.curtain, self.strip):
            way.views[0].zoomed.connect(self._show_zoom)

    def _lay_out(self) -> None:
        self.facts = ElidedLabel(role="muted", data=True, middle=True)
        self._ways = QStackedWidget()
        for way in (self.pair, self.curtain, self.strip):
            self._ways.addWidget(way)
        none = label(self.tr("There is no picture of this kind."), "muted")
        none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sight = QStackedWidget()
        self._sight.addWidget(self._ways)
        self._sight.addWidget(none)
        side = QVBoxLayout()
        side.setSpacing(theme.SMALL)
        side.addWidget(self.tools)
        side.addWidget(self._sight, 1)
        side.addWidget(self.facts)
        body = QWidget()
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.MEDIUM)
        row.addWidget(self.list)
        row.addLayout(side, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.notice)
        self._stack.addWidget(body)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self.setFocusProxy(self.list.view)

    def showEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        super().showEvent(event)
        self._read_runs()


def _paths(images: Sequence[Image], told: "Disagreements") -> dict[str, str]:
    return {image.hash: image.path for image in images if image.hash in told.images}


def _found_again(told: "Disagreements", paths: dict[str, str]) -> "Disagreements":
    """With the places where the project knows its pictures today: they may have moved since the run."""
    images = {
        name: image if paths.get(name, image.path) == image.path else msgspec.structs.replace(image, path=paths[name])
        for name, image in told.images.items()
    }
    return msgspec.structs.replace(told, images=images)
