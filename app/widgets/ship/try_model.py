"""Try it: pictures go in, and what the ONNX file says about them comes out."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.jobs import Job, Jobs
from app.thumbnails import Thumbnails
from app.widgets.drop_zone import paths_in
from app.widgets.elided import ElidedLabel
from app.widgets.flow import FlowLayout
from app.widgets.parts import Card, Glyph, button, label
from app.widgets.progress_row import ProgressRow
from app.widgets.run.attempt import Attempt
from app.widgets.ship.tried_view import TriedView
from app.widgets.trouble import Trouble
from core.domain.errors import LensmithError

if TYPE_CHECKING:  # ONNX Runtime, which the window does not wait for
    from core.inference.onnx_model import OnnxModel

SAMPLE = 24  # test pictures, evenly chosen
PICTURES = "*.jpg *.jpeg *.png *.bmp *.tif *.tiff *.webp"


class TryModel(Card):
    """Takes pictures, folders and ONNX files by drop; shows boxes at any threshold without predicting anew."""

    def __init__(self, jobs: Jobs, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setAcceptDrops(True)
        self._jobs = jobs
        self._own, self._own_title = Path(), ""
        self._other: Path | None = None
        self._test: Sequence[str] = ()
        self._paths: Sequence[Path] = ()
        self._kept: dict[tuple[Path, int], OnnxModel] = {}
        self._attempt: Attempt | None = None
        self._job: Job | None = None
        self._proven: Path | None = None  # what ``_other`` was when a model was opened last
        self.view = TriedView(jobs, thumbnails)
        self.progress = ProgressRow(self.tr("Pictures tried"), self.tr("Opening the model"))
        self.progress.hide()
        self.trouble = Trouble()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._make_empty())
        self._stack.addWidget(self.view)
        self._make_head()
        self.body.addLayout(self._make_actions())
        self.body.addWidget(self.progress)
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
            self._own, self._own_title, self._proven = file, title, None
            self._show_source(None)
            if self._paths:
                self._start(self._paths)

    @property
    def model(self) -> Path:
        """The file that is tried."""
        return self._other or self._own

    @property
    def _title(self) -> str:
        return self._other.name if self._other else self._own_title

    @property
    def is_busy(self) -> bool:
        return self._job is not None

    def _show_source(self, other: Path | None) -> None:
        self._other = other
        self._source.set_whole(self.tr("with {}").format(self._title))
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
        self.trouble.say(None)
        self._job = self._jobs.run(
            self.tr("Trying {}").format(self._title),
            partial(attempt.carry_out, self._kept),
            failed=partial(self._failed, attempt),
            ended=partial(self._ended, attempt),
            lane="try",
        )
        self._job.progressed.connect(self._take_results)
        self.progress.follow(self._job)
        self.progress.show()

    def _failed(self, attempt: Attempt, error: LensmithError) -> None:
        if attempt is self._attempt:
            self.trouble.say(error)
            if attempt.opened is None:
                self._show_source(self._proven)

    def _ended(self, attempt: Attempt) -> None:
        if attempt is self._attempt:
            self._job = None
            self.progress.hide()
            self._take_results()

    def _take_results(self) -> None:
        attempt = self._attempt
        if attempt is not None and attempt.opened is not None:
            self._proven = self._other
            self._stack.setCurrentIndex(1 if self.view.take(attempt) else 0)

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

    def _make_actions(self) -> FlowLayout:
        self.pictures_button = button(self.tr("Pictures…"), "image")
        self.folder_button = button(self.tr("Folder…"), "folder-open")
        self.test_button = button("", "flask")
        self.test_button.setToolTip(self.tr("Try the file on images of the test set, which it never learnt from."))
        row = FlowLayout()
        for one, action in (
            (self.pictures_button, self._choose_pictures),
            (self.folder_button, self._choose_folder),
            (self.test_button, self._try_test),
        ):
            one.clicked.connect(action)
            row.addWidget(one)
        return row

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
